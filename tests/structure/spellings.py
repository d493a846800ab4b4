"""Steps of random networks in the words that people use: operations, own functions, own attention.

Each takes choices by chance and a tensor (batch, ..., channels), and returns one of that kind.
"""

import numpy as np

from course_utils.backend import keras

L, ops, F = keras.layers, keras.ops, keras.activations

ACTIVATIONS = (
    ops.silu, ops.relu6, F.gelu, F.hard_silu, F.mish, L.LeakyReLU(0.3), L.ReLU(max_value=1),
)  # fmt: skip


@keras.saving.register_keras_serializable("tests")
def swish(x):
    """A function of one's own that acts on each entry alone."""
    return x * ops.sigmoid(1.5 * x)


@keras.saving.register_keras_serializable("tests")
class Same(L.Dense):
    """A subclass that changes nothing."""


def functions(pick, x):
    """A function of each entry, as an operation, as a layer's activation, or as a layer."""
    kinds = [
        lambda x: F.relu(x, negative_slope=0.1),
        lambda x: F.elu(F.relu(x)),
        lambda x: L.Dense(pick.between(2, 6), activation=pick(ACTIVATIONS))(x),
        lambda x: Same(pick.between(2, 6), activation=swish)(x),
        lambda x: L.Activation(swish)(x),
        lambda x: ops.where(x > 0, x, 0.1 * x),
        lambda x: ops.where(x > 0.5, x, 0.2),
        lambda x: ops.threshold(x, 0.1, 0.0) + ops.fabs(x),
        lambda x: L.Identity()(x, training=False),
    ]
    return pick(kinds)(x)


def channels(pick, x):
    """Something along the axis of channels, or beside it."""
    width, axis = x.shape[-1], len(x.shape) - 1
    kinds = [
        lambda x: ops.flip(x, axis=-1),
        lambda x: ops.normalize(x, axis=-1),
        lambda x: x * ops.sum(ops.square(x), axis=-1, keepdims=True),
        lambda x: ops.mean(ops.stack([x, L.Dense(width)(x)], axis=1), axis=1),
        lambda x: ops.max(ops.stack([x, x * x], axis=-1), axis=-1),
        lambda x: ops.add(*ops.unstack(ops.stack([x, L.Dense(width)(x)], axis=axis), axis=axis)),
        lambda x: ops.take(ops.expand_dims(x, 1), 0, axis=1),
        lambda x: x[..., ::-1],
        lambda x: ops.concatenate([x, x[..., :1] * 0 + 1], axis=-1),
    ]
    if width % 2 == 0:
        kinds.append(lambda x: F.glu(x))
    if width < 8:
        kinds += [
            lambda x: ops.repeat(x, 2, axis=-1),
            lambda x: ops.tile(x, [2] if pick.coin() else [1] * axis + [2]),
        ]
    return pick(kinds)(x)


def heads(pick, x):
    """Channels over two or three axes, and what settles on one of them, or on none."""
    *places, width = x.shape[1:]
    x = L.Dense(12)(x) if width % 4 else x
    parts = x.shape[-1] // 2
    y = ops.reshape(x, (-1, *places, 2, parts))
    kinds = [
        lambda y: L.LayerNormalization()(y),
        lambda y: ops.softmax(y, axis=-2),
        lambda y: L.Activation("tanh")(y) + y,
        lambda y: y * L.Dense(parts)(y),
        lambda y: _nested(pick, y),
        lambda y: ops.concatenate([y, ops.cos(y)], axis=pick([-1, -2])),
        lambda y: ops.swapaxes(y, -1, -2),
        lambda y: ops.moveaxis(ops.moveaxis(y, -1, 1), 1, -1),
        lambda y: y[..., ::-1, :] * y[..., 1:, :],
        lambda y: ops.concatenate([y[..., 1:], y[..., :1]], axis=-1),
        lambda y: ops.concatenate([ops.split(y, 2, axis=-1)[1], y], axis=-1),
        lambda y: ops.expand_dims(y[..., 0, :] - y[..., 1, :], -2),
        lambda y: ops.cumsum(y, axis=-2),
        lambda y: ops.mean(y, axis=-1, keepdims=True),
        lambda y: ops.reshape(y, (-1, *places, 2, 2, parts // 2)),
        lambda y: L.EinsumDense("...hc,cd->...hd", (2, 3))(y) if len(y.shape) == 4 else y,
    ]
    for _ in range(pick.between(1, 2)):
        if len(y.shape) == len(x.shape) + 1 and y.shape[-1] == parts and y.shape[-2] == 2:
            y = pick(kinds)(y)
    size = int(np.prod(y.shape[len(x.shape) - 1 :]))
    return ops.reshape(y, (-1, *places, size)) if pick.coin() else L.Reshape((*places, size))(y)


def _nested(pick, x):
    """A model of its own on a tensor that nobody has settled yet, perhaps twice."""
    inner = keras.Input(x.shape[1:])
    y = pick([ops.tanh, L.Reshape(x.shape[1:]), L.LayerNormalization(), lambda x: x * x])(inner)
    model = keras.Model(inner, y + inner)
    return model(model(x)) if pick.coin() else model(x)


def decoded(pick, x):
    """A vector to an image, whose channels its reader finds."""
    width = pick.between(2, 4)
    y = L.Reshape((4, 4, width))(L.Dense(16 * width, activation="relu")(x))
    kinds = [
        lambda y: y,
        lambda y: L.BatchNormalization()(y),
        lambda y: L.PReLU()(y),
        lambda y: L.Conv2DTranspose(3, 2, padding="same")(y),
        lambda y: ops.tanh(y) + y,
        lambda y: ops.transpose(y, (0, 2, 1, 3)),
    ]
    return pick(kinds)(pick(kinds)(y))


def image(pick, x):
    """Places of an image; the size stays."""
    width = x.shape[-1]
    kinds = [
        lambda x: ops.max_pool(x, 2, 1, padding="same"),
        lambda x: ops.average_pool(x, 3, 1, padding="same"),
        lambda x: ops.image.resize(ops.image.resize(x, (6, 6)), (4, 4)),
        lambda x: L.AdaptiveAveragePooling2D(4)(ops.tile(x, (1, 2, 1, 1))),
        lambda x: L.AdaptiveMaxPooling2D(4)(ops.repeat(x, 2, axis=1)),
        lambda x: ops.roll(ops.flip(x, axis=(1, 2)), 1, axis=1),
        lambda x: ops.matmul(np.tri(4, dtype="float32"), x),
        lambda x: ops.einsum("bijc,jk->bikc", x, np.ones((4, 4), "float32")),
        lambda x: x * L.Dense(width, "sigmoid")(L.GlobalAveragePooling2D()(x))[:, None, None, :],
        lambda x: ops.space_to_depth(x, 2),
        lambda x: ops.depth_to_space(L.Conv2D(4 * pick.between(2, 3), 1)(x), 2),
        lambda x: _shuffled(L.Conv2D(8, 1)(x)),
        lambda x: L.SpectralNormalization(L.Conv2D(pick.between(2, 5), 2, padding="same"))(x),
        lambda x: _of_blocks(L.DepthwiseConv2D(2, padding="same"), x) if width == 8 else x,
    ]
    y = pick(kinds)(x)
    if y.shape[1] == 8:
        y = L.MaxPooling2D()(y)
    return L.UpSampling2D()(y) if y.shape[1] == 2 else y


def _shuffled(x):
    """Pixel shuffle by hand."""
    y = L.Permute((1, 3, 2, 4, 5))(L.Reshape((4, 4, 2, 2, 2))(x))
    return L.Reshape((8, 8, 2))(y)


def _of_blocks(layer, x):
    """A channel shuffle, then a layer."""
    y = L.Permute((1, 2, 4, 3))(L.Reshape((4, 4, 2, 4))(x))
    return layer(L.Reshape((4, 4, 8))(y))


def steps(pick, x):
    """Attention in all its spellings, and recurrence."""
    width = x.shape[-1]
    kinds = [
        _one_dense,
        _einsum,
        _dot_product,
        lambda pick, x: L.Attention(use_scale=pick.coin())([x, x]),
        lambda pick, x: L.Attention(score_mode="concat")([x, L.Dense(width, use_bias=False)(x)]),
        lambda pick, x: L.AdditiveAttention()([L.Dense(width)(x), x, L.Dense(width)(x)]),
        lambda pick, x: L.GroupQueryAttention(4, 4, 2, use_bias=pick.coin())(x, x),
        lambda pick, x: L.Dot(axes=(1, 2), normalize=pick.coin())([L.Dense(6)(x), L.Dense(6)(x)]),
        lambda pick, x: L.RNN(pick([L.LSTMCell, L.GRUCell])(pick.between(2, 5)))(x),
        lambda pick, x: L.RNN([L.GRUCell(3), L.LSTMCell(4)], return_sequences=True)(x),
        lambda pick, x: L.Bidirectional(L.RNN(L.SimpleRNNCell(4)))(x),
        lambda pick, x: ops.matmul(np.tri(6, dtype="float32"), x),
    ]
    y = pick(kinds)(pick, x)
    return L.RepeatVector(6)(L.Flatten()(y)) if y.shape[1] != 6 else y


def _one_dense(pick, x):
    """One dense layer for queries, keys and values, and heads by reshape."""
    places, (count, size) = x.shape[1], (pick.between(2, 3), 2)
    y = ops.reshape(L.Dense(3 * count * size)(x), (-1, places, 3, count, size))
    kind = pick(["beside", "before", "moved", "apart"])
    if kind == "beside":
        y = ops.transpose(y, (0, 3, 1, 2, 4))
        q, k, v = (y[:, :, :, n] for n in range(3))
    elif kind == "before":
        y = ops.transpose(y, (2, 0, 3, 1, 4))
        q, k, v = y[0], y[1], y[2]
    elif kind == "moved":
        q, k, v = ops.unstack(ops.transpose(ops.moveaxis(y, 2, 0), (0, 1, 3, 2, 4)), axis=0)
    else:
        q, k, v = (ops.swapaxes(part, 1, 2) for part in ops.unstack(y, axis=2))
    scores = ops.softmax(ops.matmul(q, ops.transpose(k, (0, 1, 3, 2))) * 0.7, axis=-1)
    y = ops.transpose(ops.matmul(scores, v), (0, 2, 1, 3))
    return L.Dense(4)(ops.reshape(y, (-1, places, count * size)))


def _einsum(pick, x):
    """Queries and keys of heads by EinsumDense or by reshape, the products by equations."""
    places, (count, size) = x.shape[1], (pick.between(2, 3), 2)
    if pick.coin():
        parts = [L.EinsumDense("abc,cde->abde", (places, count, size))(x) for _ in range(3)]
    else:
        parts = [L.Reshape((places, count, size))(L.Dense(count * size)(x)) for _ in range(3)]
    scores = ops.einsum("aecd,abcd->acbe", parts[0], parts[1])
    mask = ops.cast(np.tri(places, dtype="float32"), "float32")
    scores = L.Softmax()(ops.where(mask > 0, scores, -1e9))
    y = ops.einsum("acbe,aecd->abcd", scores, parts[2])
    return L.EinsumDense("abcd,cde->abe", (places, 4), bias_axes="e")(y)


def _dot_product(pick, x):
    places, (count, size) = x.shape[1], (pick.between(2, 3), 2)
    parts = [L.Reshape((places, count, size))(L.Dense(count * size)(x)) for _ in range(3)]
    y = ops.dot_product_attention(*parts, scale=pick([None, 0.5]))
    return ops.reshape(y, (-1, places, count * size))
