"""Layers and operations that reshape, join and combine: ids stay with their channels."""

import pytest
from oracles import Gate, check
from test_layers import network, relu

from course_utils.backend import keras

L, ops = keras.layers, keras.ops


def conv(name: str, count: int, x, size: int = 2, **options: object):
    return L.Conv2D(count, size, padding="same", name=name, **{**relu, **options})(x)


# -------------------------------------------------------------------------------- shapes of tensors


def pooled(gate: Gate):
    def body(x):
        x = gate("a", conv("a", 6, L.ZeroPadding2D(1)(x)))
        x = L.AveragePooling2D(2, padding="same")(L.MaxPooling2D(2)(x))
        x = L.CenterCrop(2, 2)(L.Resizing(4, 5)(L.UpSampling2D(2)(L.Cropping2D(1)(x))))
        return L.concatenate([L.GlobalAveragePooling2D()(x), L.GlobalMaxPooling2D()(x)])

    return network((8, 8, 2), body)


def pooled_sequences(gate: Gate):
    def body(x):
        x = gate("a", L.Conv1D(6, 2, name="a", **relu)(L.ZeroPadding1D(1)(x)))
        x = L.UpSampling1D(2)(L.Cropping1D(1)(L.AveragePooling1D(2)(x)))
        return L.GlobalMaxPooling1D()(L.SpatialDropout1D(0.1)(L.MaxPooling1D(2)(x)))

    return network((12, 2), body)


def pooled_volumes(gate: Gate):
    def body(x):
        x = gate("a", L.Conv3D(6, 2, name="a", **relu)(L.ZeroPadding3D(1)(x)))
        x = L.UpSampling3D(2)(L.Cropping3D(1)(x))
        return L.GlobalAveragePooling3D()(L.SpatialDropout3D(0.1)(L.MaxPooling3D(2)(x)))

    return network((4, 4, 4, 2), body)


def reshaped_to_heads_and_back(gate: Gate):
    """(steps, 12) to (steps, 4, 3): whole heads go."""

    def body(x):
        x = L.Reshape((5, 4, 3))(L.Dense(12, "relu", name="a")(x))
        x = gate("a", L.Permute((2, 1, 3))(x), axis=1)
        return L.Reshape((5, -1))(L.Permute((2, 1, 3))(x))

    return network((5, 3), body)


def passed_by_an_equation(gate: Gate):
    """Channels on axes that a kernel does not sum over; the config says how long these are."""

    def body(x):
        x = L.Permute((3, 1, 2))(gate("a", conv("a", 6, x)))
        x = L.EinsumDense("bchw,wv->bchv", (6, 4, 5), bias_axes="v", name="e")(x)
        x = gate("a", x, axis=1)
        return L.Permute((2, 3, 1))(L.EinsumDense("bchv,hu->bcuv", (6, 3, 5), name="f")(x))

    return network((4, 4, 2), body)


def reshaped_image(gate: Gate):
    """Places in one row, channels as they were; the same with rows side by side."""

    def body(x):
        x = L.Reshape((-1, 6))(gate("a", conv("a", 6, x)))
        return L.Reshape((4, 4 * 6))(x)

    return network((4, 4, 2), body)


def permuted(gate: Gate):
    def body(x):
        x = L.Permute((3, 1, 2))(gate("a", conv("a", 6, x)))
        x = L.Reshape((6, 9))(x)
        return L.Permute((2, 1))(x)

    return network((3, 3, 2), body)


def mixer(gate: Gate):
    """Dense along the places, channels on the other axis: they pass by."""

    def body(x):
        x = L.Permute((2, 1))(gate("a", L.Dense(6, "relu", name="a")(x)))
        x = gate("a", L.Dense(5, "tanh", name="mix")(x), axis=1)
        return gate("b", L.Dense(4, "relu", name="b")(L.Permute((2, 1))(x)))

    return network((5, 3), body)


def repeated(gate: Gate):
    def body(x):
        x = L.RepeatVector(4)(gate("a", L.Dense(6, "relu", name="a")(x)))
        return gate("b", L.Conv1D(5, 2, name="b", **relu)(x))

    return network((3,), body)


def shuffled(gate: Gate):
    """A channel shuffle: whole groups of three go."""

    def body(x):
        x = L.Reshape((3, 3, 4, 3))(conv("a", 12, x))
        x = L.Reshape((3, 3, 12))(L.Permute((1, 2, 4, 3))(x))
        return gate("a", x, tile=3)

    return network((3, 3, 2), body)


def flattened_twice(gate: Gate):
    """Flatten, a scale for each entry, dense, flatten again."""

    def body(x):
        x = L.PReLU(name="p")(L.Flatten()(conv("a", 4, x)))
        return L.Flatten()(gate("b", L.Dense(5, "relu", name="b")(gate("a", x, tile=9))))

    return network((3, 3, 2), body)


# ----------------------------------------------------------------------------------- joined tensors


def residual(gate: Gate):
    def body(x):
        x = gate("a", conv("a", 6, x))
        y = gate("b", conv("b", 5, x))
        x = gate("a", L.Add()([x, conv("c", 6, y, activation=None)]))
        return gate("a", L.Subtract()([x, conv("d", 6, x)]))

    return network((4, 4, 2), body)


def averaged(gate: Gate):
    def body(x):
        parts = [conv(name, 6, x) for name in ("a", "b", "c")]
        x = L.Concatenate()([kind()(parts) for kind in (L.Average, L.Maximum, L.Minimum)])
        return gate("a", L.Concatenate()([x, L.Multiply()(parts)]), tile=4)

    return network((4, 4, 2), body)


def concatenated(gate: Gate):
    """Side by side, with the input, and one of them twice."""

    def body(x):
        a, b = gate("a", conv("a", 4, x)), gate("b", conv("b", 5, x))
        x = L.BatchNormalization(name="n")(L.Concatenate()([a, x, b, a]))
        parts = [
            gate("a", x[..., :4]),
            x[..., 4:6],
            gate("b", x[..., 6:11]),
            gate("a", x[..., 11:]),
        ]
        return gate("c", conv("c", 4, L.Concatenate()(parts)))

    return network((4, 4, 2), body)


def concatenated_before_an_addition(gate: Gate):
    """Ids are tied, not layers: the first four go with a, the others with b."""

    def body(x):
        a, b = conv("a", 4, x), conv("b", 3, x)
        x = L.Add()([L.Concatenate()([a, b]), conv("c", 7, x)])
        first = gate("a", x[..., :4])
        return L.Concatenate()([first, gate("b", x[..., 4:])])

    return network((4, 4, 2), body)


def concatenated_with_itself_before_an_addition(gate: Gate):
    def body(x):
        a = conv("a", 4, x)
        return gate("a", L.Add()([L.Concatenate()([a, a]), conv("b", 8, x)]), tile=2)

    return network((4, 4, 2), body)


def concatenated_along_places(gate: Gate):
    def body(x):
        a, b = conv("a", 6, x), conv("b", 6, x)
        return gate("a", L.Concatenate(axis=1)([a, b]))

    return network((4, 4, 2), body)


def squeezed_and_excited(gate: Gate):
    """Factors (1, 1, channels), by dense layers and by pooling that keeps the axes."""

    def body(x):
        x = conv("a", 6, x)
        y = gate("s", L.Dense(3, "relu", name="s")(L.GlobalAveragePooling2D()(gate("a", x))))
        y = L.Reshape((1, 1, 6))(L.Dense(6, "sigmoid", name="e")(y))
        x = L.Multiply()([x, y])
        z = gate("t", conv("t", 3, L.GlobalMaxPooling2D(keepdims=True)(gate("a", x)), 1))
        z = conv("f", 6, z, 1, activation="hard_sigmoid")
        return gate("a", x * z)

    return network((4, 4, 2), body)


def attended_in_space(gate: Gate):
    """One factor for each place, made by one channel, which stays."""

    def body(x):
        x = gate("a", conv("a", 6, x))
        return L.Multiply()([x, conv("map", 1, x, 3, activation="sigmoid")])

    return network((4, 4, 2), body)


def normalized_after_factors(gate: Gate):
    """A factor that spreads over channels does not silence them, nor does a nonlinearity later."""

    def body(x):
        a = L.Dense(6, "relu", name="a")(x)
        return L.UnitNormalization()(gate("a", L.Multiply()([a, L.Dense(1, name="one")(x)])))

    return network((4,), body)


# --------------------------------------------------------------------------------------- operations


def arithmetic(gate: Gate):
    def body(x):
        a, b = conv("a", 6, x), conv("b", 6, x, activation="softplus")
        x = gate("a", ops.maximum(a * 2 + 1 - b, 0.1) / 3.0 + (1 - a))
        y = gate("c", conv("c", 5, x))
        return gate(
            "c", ops.concatenate([1 / (y * y + 1), -y, 2 - y, y - 2, ops.abs(y)], -1), tile=5
        )

    return network((3, 3, 2), body)


def functions(gate: Gate):
    one_by_one = [
        ops.relu, ops.relu6, ops.silu, ops.gelu, ops.tanh, ops.elu, ops.selu, ops.leaky_relu,
        ops.sigmoid, ops.softplus, ops.exp, ops.square, ops.sin, ops.cos, ops.sign, ops.erf,
        ops.sparse_plus, ops.hard_tanh, ops.stop_gradient, ops.log1p, ops.expm1, ops.squareplus,
    ]  # fmt: skip

    def body(x):
        parts = []
        for number, function in enumerate(one_by_one):
            name = f"a{number}"
            parts.append(gate(name, function(L.Dense(3, "softplus", name=name)(x))))
        x = ops.concatenate(parts, axis=-1)
        return ops.clip(ops.cast(x, "float32"), -0.5, 0.7)

    return network((4,), body)


def logarithm(gate: Gate):
    """Of what is positive, also where a channel is zero."""

    def body(x):
        x = ops.log(L.Dense(6, "softplus", name="a")(x))
        return gate("a", ops.sqrt(ops.exp(x)))

    return network((4,), body)


def split_up(gate: Gate):
    """In equal parts, then at given places; of each part something stays."""

    def body(x):
        a, b = ops.split(conv("a", 8, x), 2, axis=-1)
        a, b = gate("a", a), gate("a (2)", b)
        c, d, e = ops.split(conv("c", 9, ops.concatenate([b, a], axis=-1)), [2, 5], axis=3)
        parts = [gate("c", c), gate("c (2)", d), gate("c (3)", e)]
        return ops.concatenate([parts[2], parts[0], parts[1]], axis=-1)

    return network((3, 3, 2), body)


def gated_units(gate: Gate):
    """Half of the channels gate the other half."""

    def body(x):
        a, b = ops.split(conv("a", 12, x, activation=None), 2, axis=-1)
        return gate("a", ops.tanh(a) * ops.sigmoid(b))

    return network((3, 3, 2), body)


def cut_out(gate: Gate):
    def body(x):
        x = conv("a", 8, x)
        first, last = gate("a", x[..., :3]), gate("a (2)", x[:, :, :, -5:])
        places = ops.concatenate([first, last], axis=-1)[:, 1:, ::2]
        row = places[:, 0]
        return gate("b", L.Dense(5, "relu", name="b")(row[:, -1]))

    return network((3, 4, 2), body)


def reshaped_by_operations(gate: Gate):
    def body(x):
        x = ops.reshape(conv("a", 8, x), (-1, 3, 3, 4, 2))
        x = gate("a", ops.transpose(x, (0, 3, 1, 2, 4)), axis=1)
        x = ops.reshape(x, (-1, 4, 18))
        x = ops.transpose(x, (0, 2, 1))
        x = ops.squeeze(ops.expand_dims(x, 1), 1)
        return gate("b", L.Dense(5, "relu", name="b")(x))

    return network((3, 3, 2), body)


def examples_and_places_in_one(gate: Gate):
    """Every place an example of its own for a while."""

    def body(x):
        x = ops.reshape(gate("a", conv("a", 6, x)), (-1, 6))
        x = gate("b", L.Dense(5, "relu", name="b")(x))
        return ops.reshape(x, (-1, 9, 5))

    return network((3, 3, 2), body)


def reduced(gate: Gate):
    def body(x):
        x = gate("a", conv("a", 6, x))
        parts = [ops.mean(x, axis=(1, 2)), ops.max(x, axis=[1, 2]), ops.sum(ops.min(x, 1), 1)]
        y = ops.sum(x, axis=(1, 2), keepdims=True)
        parts.append(ops.squeeze(y, (1, 2)))
        return ops.concatenate([*parts, ops.var(ops.std(x, axis=-3), axis=1)], axis=1)

    return network((3, 4, 2), body)


def squeezed_of_all(gate: Gate):
    """squeeze without an axis: a channel axis that is 1 long afterwards must not go as well."""

    def body(x):
        x = ops.max(gate("a", L.Dense(2, "relu", name="a")(x)), axis=1, keepdims=True)
        return ops.squeeze(x)

    return network((4, 3), body)


def padded(gate: Gate):
    """Zeros around the places, and three channels more."""

    def body(x):
        x = gate("a", conv("a", 6, x))
        x = ops.pad(x, ((0, 0), (1, 0), (0, 1), (0, 0)), mode="reflect")
        x = ops.pad(x, ((0, 0), (1, 0), (0, 1), (1, 2)))
        return gate("b", conv("b", 5, x))

    return network((3, 3, 2), body)


def padded_shortcut(gate: Gate):
    """A shortcut padded with zeros, as in the first residual networks: the added channels stay."""

    def body(x):
        x = gate("a", conv("a", 4, x))
        x = L.Add()([ops.pad(x, [(0, 0)] * 3 + [(1, 2)]), conv("b", 7, x)])
        return ops.concatenate([x[..., :1], gate("a", x[..., 1:5]), x[..., 5:]], axis=-1)

    return network((3, 3, 2), body)


def softmax_over_places(gate: Gate):
    def body(x):
        x = gate("a", L.Dense(6, "relu", name="a")(x))
        return gate("a", ops.softmax(x, axis=1) + ops.log_softmax(x, axis=-2))

    return network((4, 3), body)


CASES = [
    pooled, pooled_sequences, pooled_volumes, reshaped_to_heads_and_back,
    passed_by_an_equation, reshaped_image, permuted,
    mixer, repeated, shuffled, flattened_twice, residual, averaged, concatenated,
    concatenated_before_an_addition, concatenated_with_itself_before_an_addition,
    concatenated_along_places, squeezed_and_excited, attended_in_space, normalized_after_factors,
    arithmetic, functions, logarithm, split_up, gated_units, cut_out, reshaped_by_operations,
    examples_and_places_in_one, reduced, squeezed_of_all, padded,
    padded_shortcut, softmax_over_places,
]  # fmt: skip


@pytest.mark.parametrize("build", CASES, ids=lambda build: build.__name__)
def test_what_is_left_computes_the_same(build):
    check(build)
