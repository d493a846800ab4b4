"""Every layer of the list is written to a sparse file and read back to the same outputs."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from sizes import few

from course_utils.backend import keras
from course_utils.extras import export, sparsefile

L = keras.layers
ops = keras.ops
X = np.random.default_rng(0)


def rows(x):
    noise = (L.AlphaDropout, L.Dropout, L.GaussianDropout, L.GaussianNoise)
    penalty = {"kernel_regularizer": keras.regularizers.L1L2(0.1, 0.1)}
    penalty |= {"kernel_constraint": keras.constraints.MaxNorm(3), "kernel_initializer": "Identity"}
    yield from (layer(0.1)(x) for layer in noise)
    yield from (layer()(x) for layer in (L.ELU, L.LeakyReLU, L.PReLU, L.ReLU, L.Softmax, L.Flatten))
    yield from (layer()(x) for layer in (L.LayerNormalization, L.RMSNormalization, L.Identity))
    yield from (layer()(x) for layer in (L.BatchNormalization, L.UnitNormalization, L.Masking))
    yield from [L.ActivityRegularization(0.1)(x), L.Activation("gelu")(x), L.Rescaling(2.0)(x)]
    yield from [L.GroupNormalization(2)(x), L.Normalization(mean=1.0, variance=2.0)(x)]
    yield from [L.Dense(4, **penalty)(x), L.EinsumDense("ab,bc->ac", 4)(x), L.Reshape((3, 2))(x)]
    yield from [L.SpectralNormalization(L.Dense(3))(x), L.Discretization([0.0, 1.0])(x)]
    pair = [x, L.RepeatVector(1)(x)[:, 0]]
    for layer in (L.Add, L.Average, L.Concatenate, L.Maximum, L.Minimum, L.Multiply, L.Subtract):
        yield layer()(pair)
    yield L.Dot(1)(pair)


def sequences(x):
    cells = [L.LSTMCell(3), L.GRUCell(4), L.SimpleRNNCell(2)]
    yield from (layer(3)(x) for layer in (L.GRU, L.LSTM, L.SimpleRNN))
    yield from (L.RNN(cells)(x), L.Bidirectional(L.GRU(3))(x), L.TimeDistributed(L.Dense(3))(x))
    yield from (L.Attention()([x, x]), L.AdditiveAttention()([x, x]), L.Permute((2, 1))(x))
    yield from (L.MultiHeadAttention(2, 4)(x, x), L.GroupQueryAttention(4, 2, 1)(x, x))
    yield from (layer(4, 3)(x) for layer in (L.Conv1D, L.Conv1DTranspose, L.SeparableConv1D))
    yield from (layer(2)(x) for layer in (L.AveragePooling1D, L.MaxPooling1D, L.DepthwiseConv1D))
    yield from (layer(2)(x) for layer in (L.AdaptiveAveragePooling1D, L.AdaptiveMaxPooling1D))
    yield from (layer()(x) for layer in (L.GlobalAveragePooling1D, L.GlobalMaxPooling1D))
    yield from (layer()(x) for layer in (L.Cropping1D, L.UpSampling1D, L.ZeroPadding1D))
    yield L.SpatialDropout1D(0.1)(x)
    yield L.STFTSpectrogram(frame_length=4, frame_step=2, fft_length=4)(x[..., :1])
    yield L.MelSpectrogram(fft_length=4, sequence_stride=2, num_mel_bins=3)(x[..., 0])


def images(x):
    yield from (layer(4, 3)(x) for layer in (L.Conv2D, L.Conv2DTranspose, L.SeparableConv2D))
    yield from (layer(2)(x) for layer in (L.AveragePooling2D, L.MaxPooling2D, L.DepthwiseConv2D))
    yield from (layer(2)(x) for layer in (L.AdaptiveAveragePooling2D, L.AdaptiveMaxPooling2D))
    yield from (layer()(x) for layer in (L.GlobalAveragePooling2D, L.GlobalMaxPooling2D))
    yield from (layer()(x) for layer in (L.Cropping2D, L.UpSampling2D, L.ZeroPadding2D))
    yield from (layer(4, 4)(x) for layer in (L.CenterCrop, L.RandomCrop, L.Resizing))
    yield from (layer(0.1)(x) for layer in (L.RandomBrightness, L.RandomContrast, L.RandomZoom))
    yield from (L.RandomRotation(0.1)(x), L.RandomTranslation(0.1, 0.1)(x), L.RandomFlip()(x))
    yield from (L.SpatialDropout2D(0.1)(x), L.ConvLSTM1D(2, 3)(x))


def volumes(x):
    yield from (layer(4, 3)(x) for layer in (L.Conv3D, L.Conv3DTranspose))
    yield from (layer(2)(x) for layer in (L.AveragePooling3D, L.MaxPooling3D))
    yield from (layer(2)(x) for layer in (L.AdaptiveAveragePooling3D, L.AdaptiveMaxPooling3D))
    yield from (layer()(x) for layer in (L.GlobalAveragePooling3D, L.GlobalMaxPooling3D))
    yield from (layer()(x) for layer in (L.Cropping3D, L.UpSampling3D, L.ZeroPadding3D))
    yield from (L.SpatialDropout3D(0.1)(x), L.ConvLSTM2D(2, 3)(x), L.ConvLSTM3D(2, 1)(x[:, None]))


def tokens(x):
    yield from (L.Embedding(9, 4)(x), L.ReversibleEmbedding(9, 4)(x), L.Hashing(5)(x))
    yield L.CategoryEncoding(9)(x)


def operations(x):
    left, right = ops.split(x[:, 1:5] * 2.0 + 1.0, 2, axis=-1)
    y = ops.concatenate([ops.relu(left), ops.exp(right)], axis=-1)
    yield from (ops.mean(y, axis=-1), ops.reshape(y, (-1, 2, 2)), ops.transpose(y), ops.tanh(y))
    yield from (
        ops.where(y > 0.5, y, -y),
        ops.matmul(y, np.ones((4, 2), "float32")),
        ops.pad(y, ((0, 0), (1, 1))),
    )
    yield ops.stack([ops.maximum(y, 0.5), ops.clip(y, 0, 1) ** 2, y[..., ::-1]], axis=1)


FAMILIES: dict[Callable, tuple] = {
    rows: (6,), sequences: (5, 6), images: (6, 6, 3), volumes: (5, 5, 5, 2), tokens: (5,),
    operations: (6,),
}  # fmt: skip
seen: set[str] = set()


def names(config: object) -> set[str]:
    """Every class that a config names."""
    if isinstance(config, dict):
        own = {config["class_name"]} if "class_name" in config else set()
        return own.union(*map(names, config.values()))
    return set().union(*map(names, config)) if isinstance(config, list) else set()


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_layers_are_read_back_to_the_same_outputs(family):
    shape, kind = FAMILIES[family], "int32" if family is tokens else "float32"
    image = keras.Input(shape, dtype=kind)
    model = keras.Model(image, list(family(image)))
    model.set_weights([X.uniform(0.1, 1, w.shape).astype(w.dtype) for w in model.get_weights()])
    data = export.sparse_file(model)
    loaded = export.read_sparse(data)
    x = X.integers(0, 9, (2, *shape)) if kind == "int32" else X.random((2, *shape), "float32")
    for one, other in zip(loaded(x, training=False), model(x, training=False), strict=True):
        np.testing.assert_array_equal(one, other)
    seen.update(names(json.loads(sparsefile.decode(data)[1])))


def test_no_layer_of_the_list_was_left_out():
    if len(seen) > 100:  # where all of the above ran in this process
        assert sparsefile.LAYERS - seen == set()


def test_an_adapted_normalization_still_normalizes():
    """Keras sets such weights and computes from them: a file that set them alone lost the step."""
    x = X.normal(50, 20, (200, 6)).astype("float32")
    layer = L.Normalization()
    layer.adapt(x)
    inner = keras.Sequential([keras.Input((6,)), layer])
    for model in (inner, keras.Sequential([keras.Input((6,)), inner, L.Dense(2)])):
        loaded = export.read_sparse(export.sparse_file(model))
        np.testing.assert_array_equal(loaded(x), model(x))


@pytest.mark.parametrize("mode", few(["int8", "int4"], "int4"))
def test_quantized_layers_are_read_back_to_the_same_outputs(mode):
    model = keras.Sequential([keras.Input((8,)), L.Dense(6, name="fc")])
    model.quantize(mode)
    loaded = export.read_sparse(export.sparse_file(model))
    x = X.random((3, 8), "float32")
    np.testing.assert_array_equal(loaded(x), model(x))


def test_a_state_between_batches_is_refused_before_it_is_written():
    model = keras.Sequential([keras.Input((7, 3), batch_size=2), L.LSTM(2, stateful=True)])
    with pytest.raises(ValueError, match=r"'LSTM' keeps a state .*save the model as \.keras"):
        export.sparse_file(model)
