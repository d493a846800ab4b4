"""Networks in the words that people use: what is left computes the same, and what stays says why.

Gates are those of `oracles`: they multiply a tensor by 0 and 1 where the test says that channels lie.
"""

import numpy as np
import pytest
import tensorflow as tf
from oracles import Gate, apart, check, inputs_for, randomized, reasons
from test_layers import network
from test_sequences import gated

from course_utils.backend import keras
from course_utils.structure import channel_groups, shrink, zeroed
from course_utils.structure.functions import tried

L, ops, F = keras.layers, keras.ops, keras.activations
relu = {"activation": "relu"}


def decoder(gate: Gate):
    """Units laid out as an image: of each channel all 16 places go, which the reader decides."""

    def body(x):
        x = gate("a", L.Dense(4 * 4 * 6, "relu", name="a")(x), tile=16)
        x = L.BatchNormalization(name="n")(L.Reshape((4, 4, 6))(x))
        return gate("b", L.Conv2DTranspose(3, 2, name="b", **relu)(L.LeakyReLU()(gate("a", x))))

    return network((5,), body)


def pixel_shuffle(gate: Gate):
    """By hand and by an operation, up and down."""

    def body(x):
        x = gate("a", L.Conv2D(12, 3, padding="same", name="a", **relu)(x), tile=4)
        x = L.Permute((1, 3, 2, 4, 5))(L.Reshape((4, 4, 2, 2, 3))(x))
        x = gate("b", L.Conv2D(16, 1, name="b", **relu)(L.Reshape((8, 8, 3))(x)), tile=4)
        x = gate("b", ops.depth_to_space(x, 2))
        return gate("c", L.Conv2D(3, 1, name="c", **relu)(ops.space_to_depth(x, 4)))

    return network((4, 4, 2), body)


def one_dense_for_attention(gate: Gate):
    """Queries, keys and values of one layer, normalized within heads; whole heads go."""
    places, heads, size = 5, 3, 4

    def body(x):
        x = L.Dense(3 * heads * size, name="qkv")(x)
        x = gate("qkv", x, each=size, tile=3)
        x = ops.transpose(ops.reshape(x, (-1, places, 3, heads, size)), (0, 3, 1, 2, 4))
        q, k, v = x[:, :, :, 0], x[:, :, :, 1], ops.squeeze(x[:, :, :, 2:], 3)
        scores = ops.matmul(L.LayerNormalization(name="n")(q), ops.swapaxes(k, -1, -2)) * 0.5
        x = ops.matmul(ops.softmax(scores), v)
        x = ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (-1, places, heads * size))
        return gate("o", L.Dense(4, "tanh", name="o")(gate("qkv", x, each=size)))

    return network((places, 3), body)


def attention_by_equations(gate: Gate):
    """EinsumDense and einsum, with turned positions, in the words of most published models."""
    angles = np.random.default_rng(0).normal(size=(1, 5, 1, 4)).astype("float32")

    def turned(x):
        one, other = ops.split(x, 2, axis=-1)
        return x * angles + ops.reshape(ops.stack([-other, one], axis=-2), (-1, 5, 6, 4)) * angles

    def body(x):
        query = L.EinsumDense("bqm,muh->bquh", (5, 6, 4), name="q")(x)
        key, value = (L.EinsumDense("bqm,muh->bquh", (5, 3, 4), name=name)(x) for name in "kv")
        query = turned(gate("k", query, axis=2, each=2))
        key, value = (ops.repeat(part, 2, axis=2) for part in (key, value))
        scores = ops.einsum("bquh,bkuh->buqk", query, turned(key))
        scores = ops.softmax(scores + ops.triu(-9 * ops.ones((5, 5)), 1), axis=-1)
        x = gate("k", ops.einsum("buqk,bkuh->bquh", scores, value), axis=2, each=2)
        x = ops.dot_product_attention(x, x, x) + x
        x = L.EinsumDense("bquh,uhm->bqm", (5, 4), name="o")(gate("k", x, axis=2, each=2))
        return gate("o", x)

    return network((5, 3), body)


def attention_without_weights(gate: Gate):
    def body(x):
        a, b = gate("a", L.Dense(6, name="a")(x)), gate("b", L.Dense(5, "relu", name="b")(x))
        x = gate("b", L.Attention(use_scale=True, name="t")([a, b, gate("a", L.Dense(6, name="c")(x))]))
        y = L.AdditiveAttention(name="s")([a, b, gate("a", L.Dense(6, name="d")(x))])
        z = L.Dot(axes=2, normalize=True)([b, x])
        return ops.concatenate([gate("b", x + y), z], axis=-1)

    return network((4, 3), body)


def functions(gate: Gate):
    """As people write them: operations, functions of TensorFlow's and of their own, layers."""
    given = [
        tf.nn.relu, tf.nn.gelu, ops.silu, L.LeakyReLU(), lambda x: F.gelu(x, approximate=True),
        lambda x: x * ops.relu6(x + 3) / 6, L.ReLU(max_value=1.0),
    ]  # fmt: skip
    called = [F.relu, F.elu, L.Activation(tf.nn.swish), L.Lambda(lambda x: x * x), ops.fabs]

    def body(x):
        parts = [gate(f"a{n}", L.Dense(3, one, name=f"a{n}")(x)) for n, one in enumerate(given)]
        parts += [gate(f"b{n}", one(L.Dense(3, name=f"b{n}")(x))) for n, one in enumerate(called)]
        x = L.Identity()(ops.concatenate(parts, axis=-1), training=False)
        return ops.where(x > 0, x, 0.1 * x)

    return network((4,), body)


def along_channels(gate: Gate):
    """Turned round, repeated, gated by its other half, normalized, summed."""

    def body(x):
        x = gate("a", F.glu(gate("a", L.Dense(12, name="a")(x), tile=2)))
        y = ops.normalize(x, axis=-1) * ops.sum(ops.square(x), -1, keepdims=True)
        x = ops.concatenate([ops.flip(y[..., ::-1], axis=-1), ops.tile(x, 2)[..., :6]], axis=-1)
        y = ops.repeat(gate("b", L.Dense(6, "tanh", name="b")(ops.flip(x, -1))), 2, axis=-1)
        z = L.Dense(6, name="c")(y)
        return gate("c", ops.mean(ops.stack([z, ops.cos(z)], axis=1), axis=1))

    return network((4,), body)


def places(gate: Gate):
    def body(x):
        x = gate("a", L.Conv2D(6, 3, padding="same", name="a", **relu)(x))
        x = ops.image.resize(ops.max_pool(ops.roll(x, 1, axis=1), 2), (4, 4))
        x = ops.einsum("bijc,jk->bikc", ops.matmul(np.tri(4, dtype="float32"), x), np.eye(4))
        x = L.AdaptiveAveragePooling2D(2)(ops.swapaxes(ops.moveaxis(x, 1, 2), 1, 2))
        y = L.Dense(6, "sigmoid", name="s")(L.GlobalAveragePooling2D()(x))
        x = L.SpectralNormalization(Same(4, 1, name="c"), name="n")(x * y[:, None, None, :])
        return gate("n/c", x)

    return network((4, 4, 2), body)


@keras.saving.register_keras_serializable("tests")
class Same(L.Conv2D):
    """A subclass that changes nothing."""


def cells(gate: Gate):
    """Recurrent layers of cells, one on another."""
    kinds = (L.LSTMCell, L.GRUCell)

    def body(x):
        masks = gate.of("a/0", 4), gate.of("a/1", 5)
        made = [
            (kind if gate.masks is None else gated(kind, mask))(len(mask))
            for kind, mask in zip(kinds, masks, strict=True)
        ]
        mask = gate.of("b", 3)
        last = (L.SimpleRNNCell if gate.masks is None else gated(L.SimpleRNNCell, mask))(3)
        return L.RNN(last, name="b")(L.RNN(made, return_sequences=True, name="a")(x))

    return network((5, 2), body)


CASES = [
    *(decoder, pixel_shuffle, one_dense_for_attention, attention_by_equations),
    *(attention_without_weights, functions, along_channels, places, cells),
]


@pytest.mark.parametrize("build", CASES, ids=lambda build: build.__name__)
def test_what_is_left_computes_the_same(build):
    check(build)
