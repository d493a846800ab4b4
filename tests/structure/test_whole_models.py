"""Models in models, shared layers, several inputs and outputs, types, frozen and unknown layers."""

import numpy as np
import pytest
from oracles import (
    Gate,
    apart,
    check,
    check_zeroed,
    inputs_for,
    random_masks,
    randomized,
    reasons,
)
from test_layers import network, relu

from course_utils.backend import keras
from course_utils.structure import channel_groups, shrink

L, ops = keras.layers, keras.ops


def dense(name: str, units: int = 6, **options: object) -> keras.layers.Layer:
    return L.Dense(units, name=name, **{**relu, **options})


def functional(name: str, shape: tuple, body) -> keras.Model:
    x = keras.Input(shape, name=f"{name}_input")
    return keras.Model(x, body(x), name=name)


# -------------------------------------------------------------------------------- models in models


def nested(gate: Gate):
    """A Functional in a Sequential in a Functional; channels go in and come out."""

    def block(x):
        y = gate("outer/inner/b", dense("b", 5)(x))
        return gate("a", L.Add()([x, dense("c")(y)]))

    def body(x):
        inner = functional("inner", (6,), block)
        outer = keras.Sequential([keras.Input((6,)), inner, L.ReLU()], name="outer")
        return gate("d", dense("d", 4)(outer(gate("a", dense("a")(x)))))

    return network((5,), body)


def siamese(gate: Gate):
    """The same tower on two images; their features are compared channel by channel."""

    def tower(x):
        x = gate("tower/a", L.Conv2D(5, 2, name="a", **relu)(x))
        x = L.GlobalAveragePooling2D()(L.BatchNormalization(name="n")(x))
        x = gate("tower/a", x)
        return gate("tower/b", dense("b")(x))

    left, right = keras.Input((5, 5, 2), name="left"), keras.Input((5, 5, 2), name="right")
    shared = functional("tower", (5, 5, 2), tower)
    x = ops.absolute(L.Subtract()([shared(left), shared(right)]))
    return keras.Model([left, right], dense("head", 2)(x))


def siamese_twice_deep(gate: Gate):
    """A model that calls another twice, called twice, on features of two layers."""

    def pair(x):
        small = functional("small", (6,), lambda y: gate("y", dense("s")(y)))
        return gate("y", small(small(x)))

    left, right = keras.Input((4,), name="left"), keras.Input((3,), name="right")
    twice = functional("twice", (6,), pair)
    a, b = gate("y", dense("x")(left)), gate("y", dense("y")(right))
    return keras.Model([left, right], dense("head", 2)(L.Concatenate()([twice(a), twice(b)])))


def two_in_two_out(gate: Gate):
    """A nested model with two inputs and two outputs, one of which ends there."""
    x = keras.Input((4,), name="x")
    u, v = keras.Input((6,), name="v"), keras.Input((5,), name="u")
    p = gate("inner/p", dense("p", 4)(L.Concatenate()([u, v])))
    q = gate("inner/q", dense("q", 3)(v))
    inner = keras.Model([u, v], {"p": p, "q": q}, name="inner")
    made = inner([gate("a", dense("a")(x)), gate("b", dense("b", 5)(x))])
    return keras.Model(x, {"one": dense("one", 2)(made["p"]), "two": dense("two", 2)(made["q"])})


def inputs_by_name(gate: Gate):
    """A nested model that lists its inputs, called with a dictionary in another order."""
    x = keras.Input((4,), name="x")
    z, y = keras.Input((6,), name="z"), keras.Input((5,), name="y")
    inner = keras.Model([z, y], L.Concatenate()([dense("p", 4)(z), dense("q", 3)(y)]), name="inner")
    gate("inner/p", z[:, :4]), gate("inner/q", z[:, :3])
    a, b = gate("a", dense("a")(x)), gate("b", dense("b", 5)(x))
    made = inner({"z": a, "y": b})
    made = ops.concatenate([gate("inner/p", made[:, :4]), gate("inner/q", made[:, 4:])], -1)
    return keras.Model(x, dense("head", 2)(made))


def dictionaries(gate: Gate):
    inputs = {"b": keras.Input((4,), name="b"), "a": keras.Input((3,), name="a")}
    x = L.Add()([dense("x")(inputs["a"]), dense("y")(inputs["b"])])
    x = gate("x", x)
    return keras.Model(inputs, {"second": dense("s", 2)(x), "first": dense("f", 3)(x)})


# ------------------------------------------------------------------------------------ shared layers


def shared_dense(gate: Gate):
    """One layer on two tensors: what it reads goes together, and so does what it makes."""

    def body(x):
        shared = dense("s", 5)
        a, b = shared(gate("b", dense("a")(x))), shared(gate("b", dense("b")(x)))
        return L.Concatenate()([gate("s", a), gate("s", b)])

    return network((4,), body)


def shared_convolution_and_norm(gate: Gate):
    """Also on images of two sizes."""

    def body(x):
        conv, norm = L.Conv2D(6, 2, name="c"), L.BatchNormalization(name="n")
        parts = [gate("c", L.ReLU()(norm(conv(y)))) for y in (x, L.MaxPooling2D(2)(x))]
        return L.Concatenate()([L.GlobalMaxPooling2D()(part) for part in parts])

    return network((6, 6, 2), body)


def shared_on_two_ranks(gate: Gate):
    """A dense layer on a sequence, and on the mean of it."""

    def body(x):
        shared = dense("s", 5)
        x = gate("a", dense("a")(x))
        steps, mean = shared(x), shared(L.GlobalAveragePooling1D()(x))
        return L.Concatenate()([L.GlobalMaxPooling1D()(gate("s", steps)), gate("s", mean)])

    return network((4, 3), body)


def shared_without_weights(gate: Gate):
    """A pooling on different tensors ties nothing."""

    def body(x):
        pool = L.GlobalMaxPooling1D()
        return L.Concatenate()([pool(gate(n, dense(n, u)(x))) for n, u in (("a", 6), ("b", 5))])

    return network((4, 3), body)


def recurrent_in_itself(gate: Gate):
    """A layer on its own output."""

    def body(x):
        shared = dense("s")
        x = gate("a", dense("a")(x))
        return gate("a", shared(gate("a", shared(x))))

    return network((4,), body)


CASES = [
    nested, siamese, siamese_twice_deep, two_in_two_out, inputs_by_name, dictionaries,
    shared_dense, shared_convolution_and_norm, shared_on_two_ranks, shared_without_weights,
    recurrent_in_itself,
]  # fmt: skip


@pytest.mark.parametrize("build", CASES, ids=lambda build: build.__name__)
def test_what_is_left_computes_the_same(build):
    check(build)


def test_shared_first_where_nothing_can_go():
    """A layer that is first called on the input, then on channels: these stay as they are."""
    x = keras.Input((12,))
    reshape, slopes = L.Reshape((3, 4)), L.PReLU(name="p")
    for shared, name in ((reshape, "a"), (slopes, "b")):
        hidden = dense(name, 12)(x)
        parts = [L.Flatten()(shared(x)), L.Flatten()(shared(hidden))]
        model = randomized(keras.Model(x, dense("head", 2)(L.Concatenate()(parts))))
        assert "called again" in reasons(model)[name]
        assert apart(shrink(model, 0.5)[0], model, inputs_for(model)) == 0


def test_a_norm_shared_by_different_axes_keeps_what_it_scales():
    x = keras.Input((6, 6))
    norm = L.BatchNormalization(axis=1, name="n")
    hidden, steps = dense("a")(x), L.Permute((2, 1))(dense("b")(x))
    y = L.Concatenate()([L.Flatten()(norm(hidden)), L.Flatten()(norm(steps))])
    model = randomized(keras.Model(x, dense("head", 2)(y)))
    channels = channel_groups(model)
    check_zeroed(channels, random_masks(channels), inputs_for(model))


def state_given_later(x):
    """A recurrent layer that starts from nothing first, then from what another layer made."""
    layer = L.GRU(6, name="g")
    first = layer(x)
    return L.Add()([first, layer(x, initial_state=dense("s")(first))])


def state_of_the_input_later(x):
    layer, state = L.LSTM(4, name="g"), L.Flatten()(x[:, :1])
    return L.Add()([layer(x), layer(x, initial_state=[state, state])])


def keys_given_later(x):
    query, key, layer = dense("q")(x), dense("k")(x), L.MultiHeadAttention(2, 3, name="m")
    return L.Flatten()(layer(query, query) + layer(query, query, key))


def not_known_at_first(x):
    """A mask that channels make is not known; the call after it is, and shares the weights."""
    a, mask, layer = dense("a")(x), dense("w", 5)(x) > 0.5, L.MultiHeadAttention(2, 3, name="m")
    return L.Flatten()(layer(a, a, attention_mask=mask) + layer(a, a))


def in_reverse_first(x):
    layer, tokens = L.ReversibleEmbedding(7, 4, name="e"), ops.cast(x[..., 0] > 0, "int32")
    return L.Concatenate()([L.Flatten()(layer(x, reverse=True)), L.Flatten()(layer(tokens))])


def zero_at_first(x):
    """What the layer hands on is 0 where a channel is removed in its first call alone."""
    layer = L.Reshape((5, 2, 3))
    a, b = layer(dense("a")(x)), layer(dense("b", activation="sigmoid")(x))
    return L.Concatenate()([ops.sum(a, (2, 3)), ops.sum(b, (2, 3))])


AGAIN = {
    state_given_later: {"g": 6},
    state_of_the_input_later: {},
    keys_given_later: {"q": 6, "m/heads": 2, "m": 6},
    not_known_at_first: {},
    in_reverse_first: {},
    zero_at_first: {},
}


@pytest.mark.parametrize("body", list(AGAIN), ids=lambda body: body.__name__)
def test_a_layer_that_is_called_again_in_another_way(body):
    x = keras.Input((5, 4))
    model = randomized(keras.Model(x, dense("head", 2, activation=None)(body(x))))
    channels = channel_groups(model)
    assert {name: len(group) for name, group in channels.groups.items()} == AGAIN[body]
    check_zeroed(channels, random_masks(channels), inputs_for(model))


def test_weights_in_a_wrapper_and_outside():
    """TimeDistributed holds a layer that is used by itself as well: its weights cannot be cut."""
    x = keras.Input((4, 3))
    inner = dense("d", 5)
    parts = [L.TimeDistributed(inner, name="t")(x), inner(x)]
    model = randomized(keras.Model(x, dense("head", 2)(L.Concatenate()(parts))))
    assert "the same weights" in reasons(model)["d"]
    channels = channel_groups(model)
    assert not channels.groups
    assert apart(shrink(model, 0.5)[0], model, inputs_for(model)) == 0


# ----------------------------------------------------------------------------- inputs and outputs


def test_what_is_an_output_stays_although_it_is_read():
    def build():
        x = keras.Input((5, 5, 2))
        features = L.Conv2D(6, 2, name="a", **relu)(x)
        y = L.Conv2D(4, 2, name="b", **relu)(features)
        return keras.Model(x, [features, dense("head", 2)(L.Flatten()(y))])

    model = randomized(build())
    assert reasons(model) == dict.fromkeys(("a", "head"), "an output of the model")
    channels = channel_groups(model)
    small = check_zeroed(channels, random_masks(channels), inputs_for(model))
    x = inputs_for(model)
    np.testing.assert_array_equal(small(x)[0], model(x)[0])
    assert small.output_names == model.output_names


def test_a_model_that_is_called_by_names():
    """In any order: `training` may be the first of them."""
    base = functional("base", (5,), lambda x: dense("b")(dense("a")(x)))
    x = keras.Input((5,))
    model = randomized(keras.Model(x, dense("head", 2)(base(training=False, inputs=x))))
    channels = channel_groups(model)
    assert set(channels.groups) == {"base/a", "base/b"}
    check_zeroed(channels, random_masks(channels), inputs_for(model))


def test_an_input_that_is_an_output():
    x = keras.Input((4,), name="x")
    model = randomized(keras.Model(x, [x, dense("head", 2)(dense("a")(x))]))
    small, _ = shrink(model, 0.5)
    np.testing.assert_array_equal(small(np.ones((2, 4)))[0], np.ones((2, 4)))
    assert small.get_layer("a").units == 3


def test_a_part_of_another_model_is_a_model_of_its_own():
    """Made from inner tensors of a base, which stays as it is, and may be used elsewhere."""
    whole = randomized(network((6, 6, 2), lambda x: L.Conv2D(4, 2, name="b", **relu)(
        L.Conv2D(6, 2, name="a", **relu)(x))))  # fmt: skip
    x = inputs_for(whole)
    before = whole(x).numpy()
    cut = keras.Model(whole.input, whole.get_layer("b").output, name="cut")
    later = keras.Model(whole.get_layer("b").input, whole.output, name="later")
    assert set(channel_groups(cut).groups) == {"a"}
    assert set(channel_groups(later).groups) == {"b"}
    for model in (cut, later):
        channels = channel_groups(model)
        small = check_zeroed(channels, random_masks(channels), inputs_for(model))
        assert small.count_params() < model.count_params()
    np.testing.assert_array_equal(whole(x), before)


def test_no_channel_and_no_weight():
    """Models from which nothing can go come back as they are."""
    x = keras.Input((4,))
    for y in (L.Rescaling(2.0)(x), dense("a")(x), x + 1):
        model = keras.Model(x, y)
        small, report = shrink(model, 0.5)
        assert apart(model, small, np.ones((2, 4))) == 0
        assert not report.rows


def test_sizes_that_are_open():
    """Images of any size, sequences of any length."""

    image, steps = keras.Input((None, None, 2)), keras.Input((None, 3))
    y = L.Conv2DTranspose(5, 2, name="b", **relu)(L.Conv2D(6, 2, name="a", **relu)(image))
    y = ops.reshape(y, (-1, 36, 5))
    z = L.Reshape((-1, 4))(L.LSTM(4, return_sequences=True, name="c")(steps))
    parts = [L.GlobalAveragePooling1D()(part) for part in (y, z)]
    model = randomized(keras.Model([image, steps], dense("head", 2)(L.Concatenate()(parts))))
    channels = channel_groups(model)
    assert set(channels.groups) == {"a", "b", "c"}
    check_zeroed(channels, random_masks(channels), inputs_for(model))


# ---------------------------------------------------------------------------- what cannot be known


class Scaled(L.Layer):
    """A layer of one's own, with a weight for each channel."""

    def build(self, shape: tuple) -> None:
        self.gain = self.add_weight(shape=(shape[-1],), name="gain")

    def call(self, x):
        return x * self.gain


class OwnDense(L.Dense):
    """May do anything with its input."""

    def call(self, x):
        return super().call(x[..., ::-1])


class OwnModel(keras.Model):
    """A model with a call of its own, that uses a layer's weights without the layer."""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self.inner = dense("inner", 3)

    def build(self, shape: tuple) -> None:
        self.inner.build(shape)

    def call(self, x):
        return ops.matmul(x, self.inner.kernel)


def lora(name: str) -> L.Layer:
    layer = dense(name)
    layer.build((None, 6))
    layer.enable_lora(2)
    return layer


def quantized(name: str) -> L.Layer:
    layer = dense(name)
    layer.build((None, 6))
    layer.quantize("int8")
    return layer


UNKNOWN = {
    "own layer": lambda: Scaled(name="u"),
    "own Dense": lambda: OwnDense(6, name="u"),
    "own model": lambda: OwnModel(name="u"),
    "LoRA": lambda: lora("u"),
    "quantized": lambda: quantized("u"),
}


@pytest.mark.parametrize("kind", list(UNKNOWN))
def test_what_is_not_known_keeps_what_it_reads(kind):
    """With a reason that names it; what others read may still go."""
    x = keras.Input((3, 5))
    y = dense("c", 4)(UNKNOWN[kind]()(dense("b")(dense("a")(x))))
    model = randomized(keras.Model(x, dense("head", 2)(y)))
    said = {"own model": "inner/kernel itself", "LoRA": "has LoRA", "quantized": "is quantized"}
    assert said.get(kind, "not known") in reasons(model)["b"]
    channels = channel_groups(model)
    assert set(channels.groups) == {"a", "c"}
    check_zeroed(channels, random_masks(channels), inputs_for(model))


class Sized(L.Layer):
    def build(self, shape):
        self.input_spec = L.InputSpec(axes={-1: shape[-1]})

    def call(self, x):
        return ops.tanh(x)


MIXING = {
    "softmax": lambda x: L.Softmax()(x),
    "softmax over two axes": lambda x: L.Softmax(axis=(1, 2))(x),
    "softmax of an operation": lambda x: ops.softmax(x),
    "glu": lambda x: ops.glu(x),
    "a function of one's own": lambda x: L.Activation(lambda y: y[..., ::-1])(x),
    "layer normalization": lambda x: L.LayerNormalization()(x),
    "layer normalization over all": lambda x: L.LayerNormalization(axis=[1, 2])(x),
    "root mean square": lambda x: L.RMSNormalization()(x),
    "a norm of what is not zero": lambda x: L.UnitNormalization()(ops.sigmoid(x)),
    "a norm after a cut": lambda x: L.UnitNormalization()(ops.clip(x, 0.1, 1)),
    "a norm after a sum": lambda x: L.UnitNormalization()(x + 1),
    "a norm after a sum with one channel": lambda x: L.UnitNormalization()(x + x[..., :1] * 0 + 1),
    "a norm after a factor": lambda x: L.UnitNormalization()(ops.sigmoid(x) * 2),
    "a norm after relu of sigmoid": lambda x: L.UnitNormalization()(
        L.Activation("relu")(ops.sigmoid(x))
    ),
    "a norm after another norm": lambda x: L.UnitNormalization()(L.LayerNormalization(axis=1)(x)),
    "a norm after batch norm": lambda x: L.UnitNormalization()(L.BatchNormalization(axis=1)(x)),
    "a norm after sparse_plus": lambda x: L.UnitNormalization()(L.Activation("sparse_plus")(x)),
    "a norm after rescaling": lambda x: L.UnitNormalization()(L.Rescaling(1.0, 0.5)(x)),
    "a norm after softmax": lambda x: L.UnitNormalization()(L.Softmax(axis=1)(x)),
    "one over": lambda x: 1 / x,
    "a logarithm": lambda x: ops.log(x + 0 * x),
    "sorting": lambda x: ops.sort(x, axis=-1),
    "a sum of what is not zero": lambda x: ops.sum(ops.sigmoid(x), axis=-1, keepdims=True),
    "a norm of logarithms": lambda x: L.UnitNormalization()(ops.logsumexp(x, 1, keepdims=True)),
    "a sum of logarithms": lambda x: ops.sum(ops.logsumexp(x, 1, True), axis=-1, keepdims=True),
    "a mask of what is not zero": lambda x: L.Masking(mask_value=1.0)(x),
    "the largest of all": lambda x: x - ops.max(x),
    "every second": lambda x: x[..., ::2],
    "one alone": lambda x: x[..., 0],
    "numbers for each": lambda x: x * np.arange(6.0),
    "limits for each": lambda x: ops.clip(x, -np.arange(6.0), np.arange(6.0)),
    "rescaling each": lambda x: L.Rescaling(np.arange(6.0))(x),
    "statistics for each": lambda x: L.Normalization(mean=np.arange(6.0), variance=np.ones(6))(x),
    "other ranks": lambda x: ops.add(x, ops.max(x, axis=1)),
    "examples in a row": lambda x: L.Concatenate(axis=0)([x, x]),
    "examples as steps": lambda x: ops.transpose(ops.transpose(x, (1, 0, 2)), (1, 0, 2)),
    "cropped channels": lambda x: L.Cropping1D(1)(L.Permute((2, 1))(x)),
    "attention to what is not zero": lambda x: L.Attention()([ops.cos(x), ops.cos(x)]),
    "a product of what is not zero": lambda x: L.Dot(axes=2)([ops.cos(x), ops.cos(x)]),
    "a logarithm of a sum of what was zero": lambda x: ops.sum(ops.logsumexp(x, 1), -1)[:, None],
    "a shape that is declared": lambda x: L.Lambda(ops.tanh, output_shape=(4, 6), name="t")(x),
    "a shape that is expected": lambda x: Sized()(x),
    "a shape of noise": lambda x: L.Dropout(0.5, noise_shape=(None, 1, 6))(x),
    "a mask that is made": lambda x: L.Softmax(axis=1)(x, mask=ops.greater(x, 0)),
}


@pytest.mark.parametrize("kind", list(MIXING))
def test_what_mixes_channels_keeps_them(kind):
    """Nothing goes from the layer before, and the model comes back as it is."""
    x = keras.Input((4, 5))
    y = MIXING[kind](dense("a", activation="tanh")(x))
    model = randomized(keras.Model(x, L.Lambda(lambda y: y, output_shape=lambda shape: shape)(y)))
    left = reasons(model)
    assert left["a"], left
    assert not left["a"].startswith("lambda")
