"""Every kind of layer that computes, scales or normalizes channels: what is left computes the same.

Each network says by its gates which groups there must be, and where their channels lie; see
oracles.py.
"""

import pytest
from oracles import (
    SAME,
    Gate,
    apart,
    check,
    inputs_for,
    random_masks,
    randomized,
    same_weights,
)  # fmt: skip

from course_utils.backend import keras
from course_utils.structure import channel_groups, shrink

L = keras.layers
relu = {"activation": "relu"}


def head(x, units: int = 3):
    """Read every channel of a tensor of any rank: flattened, then dense."""
    return L.Dense(units, name="head")(L.Flatten()(x) if len(x.shape) > 2 else x)


def network(shape: tuple, body, **options: object) -> keras.Model:
    x = keras.Input(shape, **options)
    return keras.Model(x, head(body(x)))


# ------------------------------------------------------------------------ layers that make channels


def dense(gate: Gate):
    def body(x):
        x = gate("a", L.Dense(6, "relu", name="a")(x))
        return gate("b", L.Dense(7, "tanh", use_bias=False, name="b")(x))

    return network((5,), body)


def dense_on_sequences(gate: Gate):
    def body(x):
        x = gate("a", L.Dense(6, "relu", name="a")(x))
        return gate("b", L.Dense(7, "gelu", name="b")(x))

    return network((4, 5), body)


def conv1d(gate: Gate):
    def body(x):
        x = gate("a", L.Conv1D(6, 3, dilation_rate=2, padding="causal", name="a", **relu)(x))
        return gate("b", L.Conv1D(5, 2, strides=2, name="b")(x))

    return network((9, 2), body)


def conv2d(gate: Gate):
    def body(x):
        x = gate("a", L.Conv2D(6, 3, strides=2, padding="same", name="a", **relu)(x))
        return gate("b", L.Conv2D(4, (1, 2), dilation_rate=(1, 2), name="b", **relu)(x))

    return network((7, 8, 2), body)


def conv3d(gate: Gate):
    def body(x):
        x = gate("a", L.Conv3D(5, 2, name="a", **relu)(x))
        return gate("b", L.Conv3D(4, 2, padding="same", name="b", **relu)(x))

    return network((3, 4, 3, 2), body)


def convolution_transposed_1d(gate: Gate):
    def body(x):
        x = gate("a", L.Conv1DTranspose(6, 3, strides=2, name="a", **relu)(x))
        return gate("b", L.Conv1DTranspose(4, 2, use_bias=False, name="b")(x))

    return network((4, 3), body)


def convolution_transposed_2d(gate: Gate):
    def body(x):
        x = gate("a", L.Conv2DTranspose(6, 3, strides=2, padding="same", name="a", **relu)(x))
        return gate("b", L.Conv2DTranspose(4, 2, name="b", **relu)(x))

    return network((3, 3, 2), body)


def convolution_transposed_3d(gate: Gate):
    def body(x):
        x = gate("a", L.Conv3DTranspose(5, 2, name="a", **relu)(x))
        return gate("b", L.Conv3DTranspose(4, 2, strides=2, name="b")(x))

    return network((2, 2, 2, 2), body)


def depthwise_1d(gate: Gate):
    def body(x):
        x = gate("a", L.Conv1D(5, 2, name="a", **relu)(x))
        x = L.DepthwiseConv1D(3, depth_multiplier=2, name="d", **relu)(x)
        return gate("a", x, each=2)

    return network((8, 2), body)


def depthwise_2d(gate: Gate):
    def body(x):
        x = gate("a", L.Conv2D(5, 2, name="a", **relu)(x))
        x = gate("a", L.DepthwiseConv2D(2, depth_multiplier=3, name="d")(x), each=3)
        return gate("b", L.Conv2D(4, 1, name="b", **relu)(x))

    return network((6, 6, 2), body)


def depthwise_first(gate: Gate):
    """The colours cannot go, nor what a depthwise convolution makes of them."""

    def body(x):
        x = L.DepthwiseConv2D(2, depth_multiplier=2, name="d", **relu)(x)
        return gate("a", L.Conv2D(4, 1, name="a", **relu)(x))

    return network((6, 6, 3), body)


def separable_1d(gate: Gate):
    def body(x):
        x = gate("a", L.Conv1D(6, 2, name="a", **relu)(x))
        return gate("b", L.SeparableConv1D(5, 2, depth_multiplier=2, name="b", **relu)(x))

    return network((8, 2), body)


def separable_2d(gate: Gate):
    def body(x):
        x = gate("a", L.SeparableConv2D(6, 3, name="a", **relu)(x))
        x = gate("b", L.SeparableConv2D(5, 2, depth_multiplier=2, strides=2, name="b")(x))
        return gate("c", L.Conv2D(4, 1, name="c", **relu)(x))

    return network((7, 7, 2), body)


def grouped(gate: Gate):
    """Four groups, two channels in and three out: whole groups go."""

    def body(x):
        x = gate("a", L.Conv2D(8, 2, name="a", **relu)(x), each=2)
        x = gate("a", L.Conv2D(12, 2, groups=4, name="g", **relu)(x), each=3)
        return gate("b", L.Conv2D(4, 1, name="b", **relu)(x))

    return network((6, 6, 2), body)


def grouped_one_by_one(gate: Gate):
    """As many groups as channels, written as a convolution."""

    def body(x):
        x = gate("a", L.Conv1D(6, 2, name="a", **relu)(x))
        return gate("a", L.Conv1D(12, 2, groups=6, name="g", **relu)(x), each=2)

    return network((8, 2), body)


def embedding(gate: Gate):
    def body(x):
        x = gate("a", L.Embedding(5, 6, mask_zero=True, name="a")(x))
        return gate("b", L.Conv1D(4, 2, name="b", **relu)(x))

    return network((6,), body, dtype="int32")


def embedding_masked_mean(gate: Gate):
    """The mask of the steps reaches the pooling."""

    def body(x):
        x = gate("a", L.Embedding(5, 6, mask_zero=True, name="a")(x))
        return L.GlobalAveragePooling1D()(x)

    return network((6,), body, dtype="int32")


def einsum_dense(gate: Gate):
    def body(x):
        x = gate("a", L.EinsumDense("...x,xy->...y", 6, bias_axes="y", name="a", **relu)(x))
        return gate("b", L.EinsumDense("abc,cd->abd", (4, 5), name="b")(x))

    return network((4, 3), body)


def einsum_into_heads(gate: Gate):
    """(steps, features) to (steps, heads, size) and back: of the new axes the first can go."""

    def body(x):
        x = gate("a", L.EinsumDense("abc,cde->abde", (4, 6, 3), bias_axes="de", name="a")(x), 2)
        return gate("b", L.EinsumDense("abde,def->abf", (4, 5), bias_axes="f", name="b")(x))

    return network((4, 3), body)


def einsum_with_a_bias_of_gaps(gate: Gate):
    """Bias axes that are not neighbours: Keras gives the bias an axis of length 1 between."""

    def body(x):
        layer = L.EinsumDense("ac,cdfe->adfe", (4, 2, 3), bias_axes="de", name="a")
        return gate("a", layer(x), 1)

    return network((3,), body)


def einsum_with_dots_on_the_right(gate: Gate):
    """Channels on the first axis, the places are the dots."""

    def body(x):
        x = gate("a", L.EinsumDense("ab...,bc->ac...", 6, bias_axes="c", name="a", **relu)(x), 1)
        return gate("b", L.EinsumDense("ab...,bc->ac...", 5, name="b")(x), 1)

    return network((3, 4, 2), body)


# ----------------------------------------------------------------------------------- normalization


def batch_norm(gate: Gate):
    def body(x):
        x = L.BatchNormalization(name="n1")(L.Conv2D(6, 2, name="a")(x))
        x = gate("a", L.ReLU()(x))
        x = L.BatchNormalization(scale=False, name="n2")(L.Conv2D(5, 2, name="b")(x))
        x = gate("b", L.Activation("relu")(x))
        x = L.BatchNormalization(center=False, name="n3")(L.Conv2D(4, 2, name="c")(x))
        return gate("c", x)

    return network((6, 6, 2), body)


def batch_norm_before(gate: Gate):
    """Normalization after the nonlinearity, and of the input itself."""

    def body(x):
        x = gate("a", L.Conv2D(6, 2, name="a", **relu)(L.BatchNormalization(name="n0")(x)))
        x = gate("a", L.BatchNormalization(name="n1")(x))
        x = gate("a", L.BatchNormalization(name="n2")(L.Flatten()(x)), tile=9)
        return gate("b", L.Dense(5, "relu", name="b")(x))

    return network((4, 4, 2), body)


def batch_norm_on_the_first_axis(gate: Gate):
    def body(x):
        x = L.BatchNormalization(axis=1, name="n")(L.Permute((2, 1))(L.Dense(6, name="a")(x)))
        return gate("a", L.ReLU()(x), axis=1)

    return network((4, 3), body)


def batch_norm_on_another_axis(gate: Gate):
    """One scale for each step: channels pass by."""

    def body(x):
        x = gate("a", L.BatchNormalization(axis=1, name="n")(L.Dense(6, name="a")(x)))
        return gate("b", L.Dense(5, "relu", name="b")(x))

    return network((4, 3), body)


def group_norm(gate: Gate):
    def body(x):
        x = L.GroupNormalization(groups=4, name="n")(L.Conv2D(8, 2, name="a")(x))
        return gate("a", L.ReLU()(x), each=2)

    return network((5, 5, 2), body)


def group_norm_by_channel(gate: Gate):
    """groups=-1: each channel by itself, instance normalization; without a scale as well."""

    def body(x):
        x = L.GroupNormalization(groups=-1, name="n1")(L.Conv2D(6, 2, name="a")(x))
        x = L.Conv2D(5, 2, name="b")(gate("a", L.ReLU()(x)))
        return gate("b", L.GroupNormalization(groups=-1, scale=False, name="n2")(x))

    return network((5, 5, 2), body)


def unit_norm(gate: Gate):
    def body(x):
        x = gate("a", L.Dense(6, "relu", name="a")(x))
        return L.UnitNormalization()(x)

    return network((5,), body)


def unit_norm_on_another_axis(gate: Gate):
    def body(x):
        x = L.UnitNormalization(axis=1)(gate("a", L.Dense(6, "sigmoid", name="a")(x)))
        return gate("a", x)

    return network((4, 5), body)


def layer_norm_on_another_axis(gate: Gate):
    def body(x):
        x = L.LayerNormalization(axis=1, name="n")(L.Dense(6, "relu", name="a")(x))
        return gate("a", x)

    return network((4, 5), body)


def normalization_of_data(gate: Gate):
    def body(x):
        x = L.Rescaling([0.1, 0.2, 0.3], [1.0, 2.0, 3.0])(x)
        x = L.Normalization(mean=[1.0, 2.0, 3.0], variance=[1.0, 4.0, 9.0])(x)
        x = gate("a", L.Dense(6, "relu", name="a")(x))
        x = L.Normalization(axis=None, mean=0.5, variance=2.0)(L.Rescaling(2.0, 1.0)(x))
        return gate("a", x)

    return network((4, 3), body)


# ------------------------------------------------------------------------------------- activations


def prelu(gate: Gate):
    """Slopes by channel, by entry, and by entry of a flattened image."""

    def body(x):
        x = gate("a", L.PReLU(shared_axes=[1, 2], name="p1")(L.Conv2D(6, 2, name="a")(x)))
        x = gate("b", L.PReLU(name="p2")(L.Conv2D(5, 2, name="b")(x)))
        x = L.Flatten()(L.Conv2D(4, 1, name="c")(x))
        return gate("c", L.PReLU(name="p3")(x), tile=9)

    return network((5, 5, 2), body)


def activations(gate: Gate):
    kinds = [
        L.LeakyReLU(0.1), L.ELU(0.7), L.ReLU(6.0, 0.1, 0.2), L.Softmax(axis=1), L.Identity(),
        L.Activation("softplus"), L.Activation("exponential"), L.Activation("mish"),
        L.Activation("sparse_plus"), L.Activation("log_sigmoid"), L.Activation("tanh_shrink"),
    ]  # fmt: skip

    def body(x):
        for number, kind in enumerate(kinds):
            name = f"a{number}"
            x = gate(name, kind(L.Dense(4, "sigmoid", name=name)(x)))
        return x

    return network((3, 5), body)


def dropouts(gate: Gate):
    def body(x):
        x = gate("a", L.Conv2D(6, 2, name="a", **relu)(x))
        x = L.GaussianNoise(0.1)(L.SpatialDropout2D(0.3)(L.Dropout(0.5)(x)))
        return L.ActivityRegularization(0.1)(L.AlphaDropout(0.1)(L.GaussianDropout(0.2)(x)))

    return network((4, 4, 2), body)


CASES = [
    dense, dense_on_sequences, conv1d, conv2d, conv3d,
    convolution_transposed_1d, convolution_transposed_2d, convolution_transposed_3d,
    depthwise_1d, depthwise_2d, depthwise_first, separable_1d, separable_2d, grouped,
    grouped_one_by_one, embedding, embedding_masked_mean, einsum_dense, einsum_into_heads,
    einsum_with_a_bias_of_gaps, einsum_with_dots_on_the_right, batch_norm, batch_norm_before,
    batch_norm_on_the_first_axis, batch_norm_on_another_axis, group_norm, group_norm_by_channel,
    unit_norm,
    unit_norm_on_another_axis, layer_norm_on_another_axis, normalization_of_data, prelu,
    activations, dropouts,
]  # fmt: skip


@pytest.mark.parametrize("build", CASES, ids=lambda build: build.__name__)
def test_what_is_left_computes_the_same(build):
    check(build)


# -------------------------------------------------------------------------------- channels_first


def either_way(gate: Gate, order: str, widths: tuple[int, ...] = (8, 5, 6, 4)) -> keras.Model:
    """One network in two orders of axes, with the same weights in the same places."""
    first = order == "channels_first"
    axis, options = (1 if first else -1), {"data_format": order}
    places = [2, 3] if first else [1, 2]
    a, b, c, d = widths
    x = inputs = keras.Input((2, 8, 9) if first else (8, 9, 2))
    x = L.BatchNormalization(axis=axis, name="n")(L.Conv2D(a, 3, name="a", **options)(x))
    x = gate("a", L.PReLU(shared_axes=places, name="p")(x), axis, each=2)
    x = L.GroupNormalization(a // 2, axis=axis, name="gn")(x)
    x = L.Conv2D(a, 2, groups=a // 2, name="g", **options)(gate("a", x, axis, each=2))
    x = L.MaxPooling2D(2, **options)(L.ZeroPadding2D(**options)(gate("a", x, axis, each=2)))
    x = gate("b", L.SeparableConv2D(b, 2, name="b", **relu, **options)(x), axis)
    x = L.DepthwiseConv2D(2, depth_multiplier=2, name="dw", **relu, **options)(x)
    x = gate("b", L.Resizing(5, 5, **options)(L.UpSampling2D(**options)(x)), axis, each=2)
    x = gate("c", L.Conv2DTranspose(c, 2, name="c", **relu, **options)(x), axis)
    x = L.Cropping2D(**options)(L.SpatialDropout2D(0.1, **options)(x))
    y = L.GlobalAveragePooling2D(**options, keepdims=True)(x)
    y = L.Activation("sigmoid")(L.Conv2D(c, 1, name="gate", **options)(y))
    x = L.Add()([L.Multiply()([x, y]), L.GlobalMaxPooling2D(**options, keepdims=True)(x)])
    x = gate("d", L.Conv2D(d, 2, name="d", **relu, **options)(x), axis)
    return keras.Model(inputs, L.Dense(3, name="head")(L.Flatten(**options)(x)))


def test_channels_may_come_first():
    """Computed with channels last, since not every processor convolves the other way."""
    model = randomized(either_way(Gate(), "channels_first"))
    channels = channel_groups(model)
    assert set(channels.groups) == {"a", "b", "c", "d"}
    masks = random_masks(channels)
    small, _ = shrink(channels, masks=masks)
    widths = [int(masks[name].sum()) * (2 if name == "a" else 1) for name in "abcd"]
    twin = same_weights(either_way(Gate(), "channels_last", widths), small)
    gated = same_weights(either_way(Gate(masks), "channels_last"), model)
    assert apart(gated, twin, inputs_for(gated)) <= SAME
    assert small.get_layer("d").data_format == "channels_first"
