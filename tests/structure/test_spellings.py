"""Networks in the words that people use: what is left computes the same, and what stays says why.

Gates are those of `oracles`: they multiply by 0 and 1 where the test says that channels lie.
"""

from functools import partial

import numpy as np
import pytest
import tensorflow as tf
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
from test_layers import network
from test_sequences import gated

from course_utils.backend import keras
from course_utils.structure import channel_groups, shrink, zeroed
from course_utils.structure.functions import tried, tried_layer

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


def queries_before_examples(gate: Gate):
    """As most published transformers of images: the axis of three is moved to the front."""

    def body(x):
        x = gate("qkv", L.Dense(24, name="qkv")(x), each=4, tile=3)
        x = ops.transpose(ops.reshape(x, (-1, 5, 3, 2, 4)), (2, 0, 3, 1, 4))
        x = ops.matmul(ops.softmax(ops.matmul(x[0], ops.swapaxes(x[1], -1, -2))), x[2])
        return gate("qkv", ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (-1, 5, 8)), each=4)

    return network((5, 3), body)


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
        x = gate(
            "b", L.Attention(use_scale=True, name="t")([a, b, gate("a", L.Dense(6, name="c")(x))])
        )
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
        y = L.GlobalAveragePooling2D()(x) / (1 + ops.cast(ops.count_nonzero(x, (1, 2)), "float32"))
        y = L.Dense(6, "sigmoid", name="s")(y)
        x = L.SpectralNormalization(SameConv(4, 1, name="c"), name="n")(x * y[:, None, None, :])
        return gate("n/c", x)

    return network((4, 4, 2), body)


@keras.saving.register_keras_serializable("tests")
class SameConv(L.Conv2D):
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
    *(decoder, pixel_shuffle, one_dense_for_attention, queries_before_examples),
    *(attention_by_equations,),
    *(attention_without_weights, functions, along_channels, places, cells),
]


@pytest.mark.parametrize("build", CASES, ids=lambda build: build.__name__)
def test_what_is_left_computes_the_same(build):
    check(build)


def recurrent_filters(x):
    return L.GlobalAveragePooling2D()(L.ConvLSTM2D(5, 2, name="a")(x))


def grouped_heads(x):
    y = L.Dense(6, name="b")(x)
    return y + L.GroupQueryAttention(4, 4, 2, use_gate=True, name="a")(y, y)


def additive_heads_of_three_axes(x):
    """Nobody settles on an axis: of the longest some go."""
    y = L.Reshape((5, 2, 6))(L.Dense(12, name="a")(x))
    return L.Reshape((5, 12))(ops.moveaxis(ops.tanh(y), 2, 3))


def reversed_embedding(x, *, tied=True):
    embedding = L.ReversibleEmbedding(7, 6, name="a", tie_weights=tied)
    y = L.Dense(6, "relu", name="b")(embedding(ops.cast(ops.abs(x[..., 0]), "int32")))
    return embedding(y, reverse=True)


@pytest.mark.parametrize(
    ("build", "shape", "groups"),
    [
        (recurrent_filters, (3, 4, 4, 2), {"a": 5}),
        (grouped_heads, (5, 3), {"a/heads": 2, "b": 6}),
        (additive_heads_of_three_axes, (5, 3), {"a": 6}),
        (reversed_embedding, (5, 3), {"a": 6}),
        (partial(reversed_embedding, tied=False), (5, 3), {"a": 6}),
    ],
    ids=["convolutional", "grouped", "over three axes", "reversed", "reversed, not tied"],
)
def test_what_no_gate_reaches(tmp_path, build, shape, groups):
    """Against the zeroed network; and the small one is saved and comes back."""
    model = randomized(network(shape, build))
    channels, x = channel_groups(model), inputs_for(model)
    assert {name: len(group) for name, group in channels.groups.items()} == groups
    small, report = shrink(channels, 0.5, verify=True)
    assert report.parameters[1] < report.parameters[0]
    small.save(tmp_path / "small.keras")
    again = keras.models.load_model(tmp_path / "small.keras")
    assert apart(small, again, x) == 0


OTHER = L.Dense(4, name="other")
OTHER.build((None, 6))


def altered(how):
    """A Dense layer of which something is not as its class says."""

    def call(x):
        layer = L.Dense(6, name="odd")
        made = layer(x)
        how(layer)
        return made

    return call


def patched(layer):
    layer.call = lambda x: ops.matmul(x, layer.kernel - ops.mean(layer.kernel))


def penalize(layer, x):
    layer.add_loss(ops.mean(x))


class Penalized(L.Layer):
    """It adds a loss that depends on how many channels there are, not in its class itself."""

    def call(self, x):
        penalize(self, x)
        return x


class Balanced(L.Layer):
    """In training alone it divides by the mean of all channels."""

    def call(self, x, training=False):
        return x / (ops.mean(ops.abs(x), -1, keepdims=True) + 1) if training else x


class PenalizedInTraining(Penalized):
    def call(self, x, training=False):
        return super().call(x) if training else x


class Noisy(L.Layer):
    """It has a number of its own for each channel, in training alone."""

    def call(self, x, training=False):
        return x + keras.random.normal((6,)) if training else x


class BalancedMeans(Balanced):
    def call(self, x, training=False):
        return super().call(x - ops.mean(x, 1, keepdims=True), training)


class Around(L.Layer):
    """It is not told of training, but the layer inside it is."""

    def __init__(self):
        super().__init__()
        self.inside = BalancedMeans()

    def call(self, x):
        return self.inside(x)


class NoisyMeans(Noisy):
    def call(self, x, training=False):
        return super().call(ops.mean(x, 1), training)


class Shuffled(L.Layer):
    """Channels in another order, as in ShuffleNet."""

    def call(self, x):
        parts = ops.reshape(x, (-1, x.shape[1], 2, x.shape[2] // 2))
        return ops.reshape(ops.swapaxes(parts, 2, 3), (-1, *x.shape[1:]))


def within_a_ball(x):
    """What is large is scaled down, all channels by one number."""
    return x / ops.maximum(1.0, ops.norm(x, axis=-1, keepdims=True) / 20)


class Rooted(L.Layer):
    """It divides by the root of how many channels there were when it was built."""

    def build(self, shape):
        self.factor = shape[-1] ** -0.5

    def call(self, x):
        return x * self.factor


class Limited(Rooted):
    """As many as it has, but no more than 6: a larger one has the number that it has."""

    def build(self, shape):
        self.factor = 1 / min(shape[-1], 6)


def centred_if_large(x):
    return ops.where(ops.max(x) > 500, x - ops.mean(x, -1, keepdims=True), x)


WHY = {
    "LoRA": ("has LoRA", altered(lambda layer: layer.enable_lora(1))),
    "whole numbers": ("is quantized", altered(lambda layer: layer.quantize("int8"))),
    "a method of one layer": ("not known", altered(patched)),
    "a loss": ("adds a loss", lambda x: Penalized()(x)),
    "a loss in training": ("adds a loss", lambda x: PenalizedInTraining()(x)),
    "as many in training": ("in training, could not be tried", lambda x: Noisy()(x)),
    "mixed in training": ("in training, depends on more", lambda x: Balanced()(x)),
    "a mean of examples": ("axis of examples", lambda x: x - ops.mean(x, 0, keepdims=True)),
    "softmax": ("depends on more", lambda x: L.Activation("softmax")(x)),
    "centred": ("depends on more", lambda x: L.Lambda(lambda x: x - ops.max(x, -1, True))(x)),
    "reversed": ("depends on more", lambda x: L.Lambda(lambda x: x[..., ::-1])(x)),
    "noise": ("another result", lambda x: L.Lambda(lambda x: x + keras.random.normal((1,)))(x)),
    "weights of another layer": ("reads other/kernel", lambda x: L.Lambda(lambda x: OTHER(x))(x)),
    "numbers for each": ("could not be tried", lambda x: L.Lambda(lambda x: x * np.ones(6))(x)),
    "a layer with weights": ("not built", lambda x: L.Dense(4, L.PReLU(), name="p")(x)),
    "no value at 0": ("no value at 0", lambda x: L.Activation(ops.log)(x)),
    "shuffled": ("depends on more", lambda x: Shuffled()(x)),
    "clipped by their norm": ("depends on more", lambda x: L.Lambda(within_a_ball)(x)),
    "twice": ("another shape", lambda x: L.Lambda(lambda x: ops.concatenate([x, x], -1))(x)),
    "a mean that is told": (
        "another shape",
        lambda x: L.Lambda(lambda x: ops.mean(x, 1), output_shape=(6,))(x),
    ),
    "means, mixed in training": ("depends on more", lambda x: BalancedMeans()(x)),
    "one inside, mixed in training": ("depends on more", lambda x: Around()(x)),
    "means, as many in training": ("another shape", lambda x: NoisyMeans()(x)),
    "rolled": ("depends on more", lambda x: ops.roll(x, 1, axis=-1)),
    "single ones": ("another shape", lambda x: ops.take(x, [0, 2], axis=-1)),
    "a sum": ("would not be 0", lambda x: ops.einsum("bnc,bmc->bnm", ops.cos(x), ops.cos(x))),
    "examples moved": (
        "first axis is not that of examples",
        lambda x: ops.transpose(ops.transpose(x, (1, 0, 2)) * 2, (1, 0, 2)),
    ),
    "a vector that may be as long": ("on another axis", lambda x: x + np.ones((1, 4, 1))),
    "a number of parts": (
        "told where to split",
        lambda x: L.Concatenate()(ops.array_split(x, 4, axis=-1)[::-1]),
    ),
    "noise for each": ("noise_shape", lambda x: L.Dropout(0.5, noise_shape=(None, 1, 6))(x)),
    "a shape that is told": (
        "by numbers of its own",
        lambda x: L.Lambda(lambda x: -x, output_shape=(4, 6))(x),
    ),
    "as many as 6": ("the size that it is built for", lambda x: Limited()(x)),
    "what is large": ("depends on more", lambda x: L.Lambda(centred_if_large)(x)),
    "how many there were": ("the size that it is built for", lambda x: Rooted()(x)),
    "their number": (
        "root of their number",
        lambda x: ops.dot_product_attention(*3 * [x[:, :, None]]),
    ),
}


@pytest.mark.parametrize("kind", list(WHY))
def test_what_stays_says_why(kind):
    """Nothing goes, with the reason that is so; nothing that was given changes by being tried."""
    why, body = WHY[kind]
    x = keras.Input((4, 3))
    y = L.Flatten()(body(L.Dense(6, name="a")(x)))
    left = reasons(keras.Model(x, L.Dense(1, name="head")(y)))
    assert why in left["p" if "p" in left else "a"], left


def test_functions_that_are_tried():
    """Positions, sizes, shapes and weights matter; a scalar of one's own does not."""
    two = 2.0
    assert tried(lambda x: x * two).zero_stays
    assert tried(lambda x: ops.cos(x)).at_zero == 1
    assert (
        "where they stand" in tried(lambda x: x * ops.arange(ops.shape(x)[-1], dtype=x.dtype)).why
    )
    assert "size" in tried(lambda x: x / ops.shape(x)[-1]).why
    assert "size" in tried(lambda x: x / ops.shape(x)[1], 3).why  # channels may lie there
    assert "another shape" in tried(lambda x: ops.max(x, axis=-1)).why
    assert "a weight" in tried(lambda x: x * OTHER.kernel[0, 0]).why
    assert "size" in tried(lambda x: ops.roll(x, 20, axis=-1)).why


@pytest.mark.parametrize("along", [False, True])
def test_layers_are_tried_with_the_sizes_they_have(along):
    """Small tensors are not enough: one group of them, say, may be each that is not wide."""
    for call in (lambda x: ops.roll(x, 4 * 129, -1), lambda x: x * max(1, x.shape[-1] // 150)):
        layer = L.Lambda(call)
        layer.build((None, 5, 300))
        assert "place of the axis" in tried_layer(layer, (5, 300), (1,), along).why


def test_sums_of_many_places_are_only_nearly_the_same():
    assert not tried_layer(keras.src.ops.numpy.Sum((1, 2)), (112, 112, 64), (2,), True).why


class Reflected(L.Layer):
    """Pads by what lies inside the border, as CycleGAN does."""

    def call(self, x):
        return ops.pad(x, [[0, 0], [2, 1], [0, 0]], mode="reflect")


class Generalized(L.Layer):
    """Between the mean and the largest of the places, by one number that is trained."""

    def build(self, shape):
        self.power = self.add_weight(shape=(), initializer="ones")

    def call(self, x):
        return ops.mean(ops.maximum(x, 1e-3) ** self.power, 1) ** (1 / self.power)


ALIKE = {
    "reflected": Reflected(),
    "mean and largest": Generalized(),
    "the last step": L.Lambda(lambda x: x[:, -1]),
    "centred over places": L.Lambda(lambda x: x - tf.reduce_mean(x, 1, keepdims=True)),
    "a mean, which is not 0": L.Lambda(lambda x: tf.reduce_mean(tf.cos(x), 1)),
    "resized": L.Lambda(lambda x: tf.image.resize(x[:, None], (2, 7))),
    "softmax over places": L.Lambda(lambda x: tf.nn.softmax(x, 1)),
    "a sum over examples": L.Lambda(lambda x: x + ops.sum(x, 0)),
    "sums so far": lambda x: ops.cumsum(ops.roll(ops.cumprod(x, 1), 1, 1), 1),
}


@pytest.mark.parametrize("kind", list(ALIKE))
def test_what_treats_all_channels_alike_is_tried(kind):
    """Whatever it does on the other axes, and how many of these it leaves."""
    x = keras.Input((5, 3))
    y = L.Flatten()(L.Dense(4, name="b")(ALIKE[kind](L.Dense(6, "relu", name="a")(x))))
    channels = channel_groups(randomized(keras.Model(x, L.Dense(2, name="head")(y))))
    assert set(channels.groups) == {"a", "b"}
    small = check_zeroed(channels, random_masks(channels), inputs_for(channels.model))
    small.compile("sgd", "mse")
    small.fit(np.ones((2, 5, 3)), np.ones((2, 2)), verbose=0)


def test_a_layer_in_several_forms():
    """A subclass that changes nothing is its base; one that changes anything may do so."""

    class Other(L.Dense):
        def compute_output_spec(self, *args, **options):
            return super().compute_output_spec(*args, **options)

    x = keras.Input((3,))
    y = Other(4, name="b")(keras.layers.Dense(5, name="a")(x))
    left = reasons(keras.Model(x, L.Dense(1, name="head")(y)))
    assert "not known" in left["a"]


def test_zeroed_statistics_stay():
    """The vector of a spectral normalization is cut, not zeroed."""
    x = keras.Input((3,))
    y = L.SpectralNormalization(L.Dense(4, name="a"), name="n")(x)
    model = randomized(keras.Model(x, L.Dense(1, name="head")(y)))
    mask = {"n/a": np.array([True, False, True, True])}
    small, _ = shrink(model, masks=mask)
    vector = model.get_layer("n").vector_u
    np.testing.assert_array_equal(small.get_layer("n").vector_u, vector.numpy()[:, mask["n/a"]])
    np.testing.assert_array_equal(zeroed(model, mask).get_layer("n").vector_u, vector)


class Affine(L.Layer):
    """A number times its input, plus a number, both trained."""

    def build(self, shape):
        self.factor, self.shift = (self.add_weight(shape=(), initializer="ones") for _ in "ab")

    def call(self, x):
        return self.factor * x + self.shift


def test_single_numbers_that_are_trained_treat_all_channels_alike():
    x = keras.Input((5,))
    y = L.Dense(3, name="head")(Affine(name="affine")(L.Dense(8, "relu", name="a")(x)))
    channels = channel_groups(randomized(keras.Model(x, y)))
    assert set(channels.groups) == {"a"}
    check_zeroed(channels, random_masks(channels), np.eye(5))


class Path(L.Layer):
    """A block that is left out now and then in training; it counts its calls."""

    def build(self, shape):
        self.seeds = keras.random.SeedGenerator(1)
        self.calls = self.add_weight(shape=(), trainable=False, initializer="zeros")

    def call(self, x, training=False):
        self.calls.assign_add(1.0)
        draw = keras.random.uniform((ops.shape(x)[0], 1), seed=self.seeds)
        return x * ops.cast(draw < 0.5, x.dtype) if training else x


def test_seeds_and_counters_are_no_weights_of_channels_and_stay_as_they_are():
    x = keras.Input((5,))
    path = Path(name="path")
    model = randomized(keras.Model(x, L.Dense(3)(path(L.Dense(8, "relu", name="a")(x)))))
    before = [np.array(v) for v in path.variables]
    small, _ = shrink(model, 0.5, verify=True)
    assert small.get_layer("a").units == 4
    for one in (path, small.get_layer("path")):
        for variable, value in zip(one.variables, before, strict=True):
            np.testing.assert_array_equal(variable, value)
    assert small.get_layer("path").seeds is not path.seeds


class Orthogonal(keras.regularizers.Regularizer):
    """As in Keras's example of PointNet: outputs are square matrices of one size."""

    def __init__(self, size):
        self.eye = np.eye(size)

    def __call__(self, y):
        y = ops.reshape(y, (-1, *self.eye.shape))
        return ops.sum((y @ ops.swapaxes(y, 1, 2) - self.eye) ** 2)

    def get_config(self):
        return {"size": len(self.eye)}


class OfOneSize(Orthogonal):
    eye = property(lambda self: np.eye(self.size))

    def __init__(self, size):
        self.size = size


@pytest.mark.parametrize("kind", [Orthogonal, OfOneSize])
def test_outputs_that_are_regularized_at_one_size_stay(kind):
    x = keras.Input((5,))
    y = L.Dense(9, name="a", activity_regularizer=kind(3))(L.Dense(4, name="b")(x))
    y = L.Dense(6, name="c", activity_regularizer=keras.regularizers.L2(0.1))(y)
    model = randomized(keras.Model(x, L.Dense(2, name="head")(y)))
    assert "has an activity regularizer that holds arrays" in reasons(model)["a"]
    small, _ = shrink(model, 0.5, verify=True)
    assert [small.get_layer(name).units for name in "bac"] == [2, 9, 3]


def test_a_mask_for_each_head_keeps_the_heads_of_grouped_attention():
    x, mask = keras.Input((6, 8)), keras.Input((8, 6, 6), dtype="bool")
    attention = L.GroupQueryAttention(3, 8, 4, name="a")
    y = attention(L.Dense(12)(x), L.Dense(12)(x), attention_mask=mask)
    model = keras.Model([x, mask], L.Dense(2)(y))
    assert "a/heads" not in channel_groups(model).groups
    assert shrink(model, 0.5, verify=True)[1].difference == 0
