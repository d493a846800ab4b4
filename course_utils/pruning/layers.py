"""The layers of a model: walked through, and what each has that can be pruned."""

import itertools
from collections.abc import Iterable, Iterator

import numpy as np

from course_utils.backend import kept_under, keras, layers_inside, tf, trained_by, value_of

_L = keras.layers

# What has weights worth pruning: under which attribute, and what their axes mean (see
# masking.granularity). Biases and normalization parameters stay: there are few of them, and they
# shift or scale rather than connect. None: the layer's equation tells.
_KERNELS = (
    (_L.SeparableConv1D, {"depthwise_kernel": "sco", "pointwise_kernel": "sio"}),
    (_L.SeparableConv2D, {"depthwise_kernel": "ssco", "pointwise_kernel": "ssio"}),
    (_L.DepthwiseConv1D, {"kernel": "sco"}),
    (_L.DepthwiseConv2D, {"kernel": "ssco"}),
    (_L.Conv1DTranspose, {"kernel": "soi"}),
    (_L.Conv2DTranspose, {"kernel": "ssoi"}),
    (_L.Conv3DTranspose, {"kernel": "sssoi"}),
    (_L.Conv1D, {"kernel": "sio"}),
    (_L.Conv2D, {"kernel": "ssio"}),
    (_L.Conv3D, {"kernel": "sssio"}),
    (_L.Dense, {"kernel": "io"}),
    (_L.EinsumDense, {"kernel": None}),
    (
        (_L.LSTM, _L.GRU, _L.SimpleRNN, _L.LSTMCell, _L.GRUCell, _L.SimpleRNNCell),
        {"kernel": "io", "recurrent_kernel": "io"},
    ),
    (_L.ConvLSTM1D, {"kernel": "sio", "recurrent_kernel": "sio"}),
    (_L.ConvLSTM2D, {"kernel": "ssio", "recurrent_kernel": "ssio"}),
    (_L.ConvLSTM3D, {"kernel": "sssio", "recurrent_kernel": "sssio"}),
)
# Their weights belong to a cell inside, which is not named: its name changes from run to run.
_WITH_CELL = (_L.LSTM, _L.GRU, _L.SimpleRNN, _L.ConvLSTM1D, _L.ConvLSTM2D, _L.ConvLSTM3D)


def walk(
    layer: keras.Layer, prefix: str = "", owners: tuple[keras.Layer, ...] = ()
) -> Iterator[tuple[str, tuple[keras.Layer, ...]]]:
    """Yield every layer inside a model: the prefix of its weights' names, and what it lies in.

    The layer itself is the last of its owners.
    """
    for inner in inner_layers(layer):
        chain = (*owners, inner)
        yield f"{prefix}{inner.name}/", chain
        yield from walk(inner, f"{prefix}{inner.name}/", chain)


def inner_layers(layer: keras.Layer) -> list[keras.Layer]:
    """Return the layers directly inside a model, a wrapper, or a layer of layers."""
    if isinstance(layer, keras.Model):
        return layer.layers
    if isinstance(layer, _WITH_CELL):
        return []
    inside = layers_inside(layer)
    # RNN makes this one itself, and its name changes from run to run.
    stacks = [one.cells if isinstance(one, _L.StackedRNNCells) else [one] for one in inside]
    return list(itertools.chain(*stacks))


def of_keras(kind: type) -> bool:
    """Tell whether a class is Keras's own.

    >>> of_keras(keras.layers.Dense), of_keras(dict)
    (True, False)
    """
    return kind.__module__.startswith("keras.") or kind is object


def holder_of(layer: keras.Layer) -> keras.Layer:
    """Return the layer that has a layer's variables: itself, or the cell of a recurrent one."""
    return layer.cell if isinstance(layer, _WITH_CELL) else layer


def own_weights(layer: keras.Layer) -> list[keras.Variable]:
    """Return a layer's weights without those of the layers inside it."""
    inside = {id(variable) for inner in inner_layers(layer) for variable in inner.weights}
    return [variable for variable in holder_of(layer).weights if id(variable) not in inside]


def seen(variable: keras.Variable) -> np.ndarray:
    """Return a variable's value without copying it; it cannot be written to."""
    value = tf.convert_to_tensor(variable)
    return np.asarray(value if value.ndim else value.numpy())  # of bfloat16, no array


def read(variable: keras.Variable) -> np.ndarray:
    """Return a copy of a variable's value; bfloat16, which NumPy lacks, as exact float32."""
    return np.array(seen(variable), dtype_of(variable))


def numbers_in(layer: keras.Layer, attribute: str) -> np.ndarray | None:
    """Return a copy of what a layer computes with: of a quantized one the whole numbers.

    With LoRA that is the sum. None where it cannot be read, or where a weight of 0 is not stored
    as 0: calibrated (GPTQ, AWQ), or quantized and with LoRA.
    """
    value = value_of(layer, attribute)
    if isinstance(value, keras.Variable):
        return read(value)
    mode, lora = layer.quantization_mode, getattr(layer, "lora_enabled", False)
    if not keras.ops.is_tensor(value) or (mode and (lora or mode != "int4")):
        return None
    numbers = np.array(keras.ops.convert_to_numpy(keras.ops.cast(value, "float32")))
    point = value_of(layer, f"{attribute}_zero")  # what stands for 0, in each group of rows
    if point is None:
        return numbers
    rows = read(layer.g_idx).astype(int)
    return numbers - read(point)[rows] if numbers.shape[:1] == rows.shape else None


def dtype_of(variable: keras.Variable) -> str:
    """Return the type in which `read` gives a variable."""
    name = keras.backend.standardize_dtype(variable.dtype)
    return "float32" if name == "bfloat16" else name


def prunable(layer: keras.Layer) -> Iterator[tuple[str, str, str]]:
    """Yield the attribute and layout of what can be pruned, and why on request only, if so.

    >>> list(prunable(keras.layers.Conv2D(8, 3)))
    [('kernel', 'ssio', '')]
    """
    for kind, attributes in _KERNELS:
        if isinstance(layer, kind) and not _without(layer, attributes):
            for name, layout in attributes.items():
                yield name, _layout(layer, name, layout or _einsum_layout(layer.equation)), ""
            return
    if isinstance(layer, _L.Embedding):
        yield "embeddings", "io", "an embedding: pruned on request, with `include`"
    elif not of_keras(type(layer)):
        owner = f"a weight of {type(layer).__name__}, a layer of your own"
        for name, value in vars(layer).items():
            if isinstance(value, keras.Variable) and value.ndim > 1 and trained_by(layer, value):
                yield name, _layout(layer, name), f"{owner}: on request, by `include`"


def _layout(layer: keras.Layer, name: str, usual: str = "") -> str:
    """Return the usual layout, unless a class of one's own has a kernel of other axes."""
    own = None if of_keras(type(layer)) else kept_under(holder_of(layer), name)
    axes = len(usual) if own is None else len(own.shape)
    return usual if len(usual) == axes else "io".rjust(axes, "s")[-axes:]


def _without(layer: keras.Layer, attributes: Iterable[str]) -> bool:
    """Tell whether a built layer of a custom class has made other weights than its kind."""
    holder = holder_of(layer)
    return holder.built and all(kept_under(holder, name) is None for name in attributes)


def _einsum_layout(equation: str) -> str:
    """Tell inputs from outputs by the equation of an EinsumDense layer.

    >>> _einsum_layout("abc,cde->abde"), _einsum_layout("...x,xy->...y")
    ('ioo', 'io')
    """
    inputs, rest = equation.split(",")
    kernel, outputs = rest.split("->")
    kinds = {(True, False): "i", (False, True): "o", (True, True): "c"}
    return "".join(kinds[letter in inputs, letter in outputs] for letter in kernel)
