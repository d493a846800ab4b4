"""What a file may say that a network is: Keras's own parts, from a list; no code, no other files.

Keras builds whatever a config describes, by any name that it can find. So its words are not handed
on: a config is written anew, of parts that are known to be harmless. Not on the list is what runs
code (Lambda), reads files (StringLookup, TFSMLayer), or calls functions (map, scan).
"""

import json

from course_utils.extras.sparsefile.tensors import DTYPES

_LAYERS = """
    InputLayer Activation ActivityRegularization Add Average Concatenate Dot Maximum Minimum
    Multiply Subtract Dense EinsumDense Embedding ReversibleEmbedding Identity Masking Flatten
    Permute RepeatVector Reshape Attention AdditiveAttention MultiHeadAttention
    GroupQueryAttention Conv1D Conv2D Conv3D Conv1DTranspose Conv2DTranspose Conv3DTranspose
    SeparableConv1D SeparableConv2D DepthwiseConv1D DepthwiseConv2D AveragePooling1D
    AveragePooling2D AveragePooling3D MaxPooling1D MaxPooling2D MaxPooling3D
    GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalMaxPooling1D
    GlobalMaxPooling2D GlobalMaxPooling3D AdaptiveAveragePooling1D AdaptiveAveragePooling2D
    AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D
    UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D Cropping1D
    Cropping2D Cropping3D BatchNormalization LayerNormalization GroupNormalization
    UnitNormalization RMSNormalization SpectralNormalization Normalization Rescaling Resizing
    CenterCrop CategoryEncoding Discretization Hashing ReLU LeakyReLU PReLU ELU Softmax Dropout
    AlphaDropout GaussianDropout GaussianNoise SpatialDropout1D SpatialDropout2D
    SpatialDropout3D RandomBrightness RandomContrast RandomCrop RandomFlip RandomRotation
    RandomTranslation RandomZoom RNN StackedRNNCells SimpleRNN SimpleRNNCell LSTM LSTMCell GRU
    GRUCell ConvLSTM1D ConvLSTM2D ConvLSTM3D Bidirectional TimeDistributed STFTSpectrogram
    MelSpectrogram
"""
_OPERATIONS = """
    Abs Absolute Add Amax Amin Arccos Arccosh Arcsin Arcsinh Arctan Arctan2 Arctanh Argmax
    Argmin AveragePool BroadcastTo Cast Ceil Celu Clip Concatenate Conv Copy Cos Cosh Cumsum
    DepthToSpace DepthwiseConv Divide Dot DotProductAttention Einsum Elu Equal Erf Exp Exp2
    ExpandDims Expm1 Flip Floor FloorDivide FullLike Gelu GetItem Glu Greater GreaterEqual
    HardShrink HardSigmoid HardSilu HardTanh LayerNorm LeakyRelu Less LessEqual Log Log10 Log1p
    Log2 LogSigmoid LogSoftmax LogicalAnd LogicalNot LogicalOr Logsumexp Matmul Max MaxPool
    Maximum Mean Min Minimum Mod Moveaxis Multiply Negative Norm Normalize NotEqual OneHot
    OnesLike Pad Power Prod RMSNorm Ravel Rearrange Reciprocal Relu Relu6 Repeat Reshape Resize
    Roll Round Rsqrt Selu Sigmoid Sign Silu Sin Sinh SoftShrink Softmax Softplus Softsign
    SpaceToDepth SparsePlus SparseSigmoid Split Sqrt Square Squareplus Squeeze Stack Std
    StopGradient Subtract Sum Swapaxes Take TakeAlongAxis Tan Tanh TanhShrink Tensordot
    Threshold Tile Transpose Tril Triu TrueDivide Trunc Var Where ZerosLike
"""
LAYERS, OPERATIONS = frozenset(_LAYERS.split()), frozenset(_OPERATIONS.split())
# By the places that Keras writes into a config; what a layer is made with holds no weights.
_KNOWN = {
    "keras": ("Sequential", "DTypePolicy"),
    "keras.src.models.functional": ("Functional",),
    "keras.layers": LAYERS,
    "keras.dtype_policies": ("QuantizedDTypePolicy", "Int4DTypePolicy"),
    "keras.quantizers": ("AbsMaxQuantizer", "Int4QuantizationConfig", "Int8QuantizationConfig"),
    "keras.regularizers": ("L1", "L1L2", "L2", "OrthogonalRegularizer"),
    "keras.constraints": ("MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"),
    "keras.initializers": (
        "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity",
        "LecunNormal", "LecunUniform", "Ones", "Orthogonal", "RandomNormal", "RandomUniform",
        "STFT", "TruncatedNormal", "VarianceScaling", "Zeros",
    ),
}  # fmt: skip
_PLACE_OF_OPERATIONS = "keras.src.ops."
_CALLED = ("keras", "keras.layers", "keras.src.models.functional")
_WITH_FILES = ("StringLookup", "IntegerLookup", "TextVectorization")
_AXES = ("input_axes", "output_axes")
_VALUES = ("__keras_tensor__", "__slice__", "__ellipsis__")
_ARRAYS = ("__numpy__", "__tensor__")
_TENSORS = 2_000  # that calls of layers make; a ResNet152 makes 520
_LIST, _TEXT = 5_000, 200  # entries and letters; both are copied for every layer


def plain_config(text: str) -> dict:
    """Return the config of a network, read from JSON and written anew from known parts.

    Left out is what training and building need: loss, optimizer, and the shapes that each layer
    finds out by itself. Raises ValueError for all that is not on the lists (what is Keras's own
    but runs code, functions, layers of one's own), and for more layers, longer lists or longer
    texts than any network has.

    >>> plain_config('{"module": "os", "class_name": "system", "config": {}}')
    Traceback (most recent call last):
    ValueError: 'system' of 'os' is none of Keras's own layers that can be stored without code
    """
    try:
        config = json.loads(text)
        plain = _plain(config)
        tensors = _tensors(plain)
    except RecursionError as error:
        raise ValueError("its parts lie in one another without end") from error
    if tensors > _TENSORS:
        raise ValueError(f"its layers are called {tensors:,} times; at most {_TENSORS:,} are read")
    if not isinstance(plain, dict) or "class_name" not in plain:
        raise ValueError("what it describes is no whole model")
    return plain


def _plain(value: object) -> object:
    if isinstance(value, dict):
        described = "class_name" in value
        return _object(value) if described else {key: _plain(v) for key, v in value.items()}
    if isinstance(value, list | str):
        most, unit = (_LIST, "entries") if isinstance(value, list) else (_TEXT, "letters")
        if len(value) > most:
            raise ValueError(f"a setting has {len(value):,} {unit}; at most {most:,} are read")
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _object(described: dict) -> dict:
    """Return what a config describes anew; ValueError if it is none of the known."""
    name, place, config = (described.get(key) for key in ("class_name", "module", "config"))
    if name in _VALUES:
        return {"class_name": name, "config": _plain(config)}
    if name in _ARRAYS:  # of numbers: another dtype, such as a text's, may take any memory
        if not isinstance(config, dict) or config.get("dtype") not in (*DTYPES, "bool", "bfloat16"):
            raise ValueError("it holds an array of something else than numbers")
        array = {"value": config.get("value"), "dtype": config["dtype"]}
        return {"class_name": name, "config": array}
    known = isinstance(name, str) and isinstance(place, str) and isinstance(config, dict)
    ours = known and place.startswith(_PLACE_OF_OPERATIONS)
    known = known and name in (OPERATIONS if ours else _KNOWN.get(place, ()))
    if place == "keras.layers" and name in _WITH_FILES:
        raise ValueError(f"{name!r} keeps its vocabulary in a file, and no sparse file holds files")
    if not known or described.get("registered_name") not in (None, name):
        raise ValueError(
            f"{name!r} of {place!r} is none of Keras's own layers that can be stored without code"
        )
    if config.get("stateful"):
        raise ValueError(f"{name!r} keeps a state between batches, which no file holds")
    kept = {key: _plain(described[key]) for key in ("name", "inbound_nodes") if key in described}
    if not isinstance(kept.get("inbound_nodes", []), list):
        raise ValueError(f"{name!r} is called in a way that no file of this package says")
    if place == "keras.initializers":  # whose axes an older Keras does not know
        config = {k: v for k, v in config.items() if k not in _AXES or v is not None}
    return {"module": place, "class_name": name, "config": _plain(config), **kept}


def _tensors(value: object) -> int:
    """Return how many tensors Keras makes to build what a config describes: one for each call.

    A model in a model is called with all its layers, each time: a few letters can ask for more
    calls than any machine makes.
    """
    if isinstance(value, list):
        return sum(map(_tensors, value))
    if not isinstance(value, dict) or value.get("class_name") in _ARRAYS:
        return 0
    if "class_name" not in value or "module" not in value:
        return sum(map(_tensors, value.values()))
    place, config = value["module"], value["config"]
    made = _pieces(config) if place in _CALLED or place.startswith(_PLACE_OF_OPERATIONS) else 0
    return max(1, len(value.get("inbound_nodes", []))) * (made + _tensors(config))


def _pieces(config: dict) -> int:
    """Return how many tensors a layer makes: one, unless it splits one, at places or into equal."""
    pieces = config.get("indices_or_sections", 1)
    if not isinstance(pieces, int | list):
        raise ValueError("it splits a tensor in a way that no file of this package says")
    return max(1, pieces) if isinstance(pieces, int) else len(pieces) + 1
