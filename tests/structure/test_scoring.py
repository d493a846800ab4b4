"""How much a channel matters: against computations by other means."""

import numpy as np
import pytest

from course_utils import structure
from course_utils.backend import keras, tf

layers = keras.layers


def randomized(model: keras.Model, seed: int = 0) -> keras.Model:
    """Give biases and statistics values, too."""
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        variable.assign(
            rng.normal(0.2, 0.5, variable.shape) ** (2 if "var" in variable.path else 1)
        )
    return model


@pytest.fixture
def coupled() -> keras.Model:
    """Two convolutions that an addition ties, and a normalization on top."""
    x = inputs = keras.Input((6, 6, 2))
    a = layers.Conv2D(5, 3, name="a")(x)
    b = layers.Conv2D(5, 3, name="b")(x)
    x = layers.BatchNormalization(name="norm")(layers.Add(name="add")([a, b]))
    x = layers.Flatten(name="flatten")(layers.ReLU(name="relu")(x))
    model = keras.Model(inputs, layers.Dense(3, name="head")(x))
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return randomized(model)


@pytest.mark.parametrize("order", [1, 2])
def test_norms_are_summed_over_all_that_make_a_channel(coupled, order):
    found = structure.channel_groups(coupled)
    assert list(found.groups) == ["a"]
    expected = sum(
        np.linalg.norm(coupled.get_layer(name).kernel.numpy().reshape(-1, 5), order, axis=0)
        for name in "ab"
    )
    np.testing.assert_allclose(structure.filter_norms(found, order)["a"], expected, rtol=1e-6)


def test_scales_are_those_of_the_normalization(coupled):
    found = structure.channel_groups(coupled)
    gamma = coupled.get_layer("norm").gamma.numpy()
    np.testing.assert_allclose(structure.norm_scales(found)["a"], np.abs(gamma), rtol=1e-6)


def test_taylor_is_the_derivative_of_the_loss_with_respect_to_a_gate(coupled):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(16, 6, 6, 2)).astype("float32"), rng.integers(0, 3, 16)
    gates = tf.Variable(tf.ones(5))
    layer = {name: coupled.get_layer(name) for name in ("a", "b", "norm", "flatten", "head")}
    with tf.GradientTape() as tape:
        hidden = tf.nn.relu(layer["norm"](layer["a"](x) + layer["b"](x), training=False))
        loss = coupled.loss(y, layer["head"](layer["flatten"](hidden * gates)))
    expected = tape.gradient(loss, gates).numpy() ** 2
    found = structure.taylor(structure.channel_groups(coupled), x, y)
    np.testing.assert_allclose(found["a"], expected, rtol=1e-4)


def test_taylor_averages_over_batches(coupled):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(20, 6, 6, 2)).astype("float32"), rng.integers(0, 3, 20)
    channels = structure.channel_groups(coupled)
    parts = [structure.taylor(channels, x[i : i + 10], y[i : i + 10])["a"] for i in (0, 10)]
    whole = structure.taylor(channels, x, y, batch_size=10)["a"]
    np.testing.assert_allclose(whole, np.mean(parts, axis=0), rtol=1e-5)


def test_taylor_adds_up_with_signs_where_a_layer_reads_some_channels_more_often_than_others():
    image, number = keras.Input((4, 4, 2)), keras.Input((3,))
    a, b = layers.Conv2D(3, 3, name="a"), layers.Dense(5, name="b")
    joined = layers.Concatenate()([layers.Flatten()(a(image)), b(number)])
    model = keras.Model([image, number], layers.Dense(3, name="head")(joined))
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    randomized(model)
    rng = np.random.default_rng(1)
    x = [rng.normal(size=(16, *shape)).astype("float32") for shape in ((4, 4, 2), (3,))]
    y, gates = rng.integers(0, 3, 16), tf.Variable(tf.ones(3))
    with tf.GradientTape() as tape:
        flat = tf.reshape(a(x[0]) * gates, (16, -1))
        outputs = model.get_layer("head")(tf.concat([flat, b(x[1])], axis=1))
        loss = model.loss(y, outputs)
    expected = tape.gradient(loss, gates).numpy() ** 2
    np.testing.assert_allclose(structure.taylor(model, x, y)["a"], expected, rtol=1e-4)


def test_all_gates_of_a_recurrent_unit_count_together():
    model = keras.Sequential(
        [keras.Input((4, 3)), layers.LSTM(5, name="lstm"), layers.Dense(1, name="out")]
    )
    randomized(model)
    cell = model.get_layer("lstm").cell
    expected = sum(
        np.linalg.norm(W.numpy().reshape(-1, 4, 5), axis=(0, 1))
        for W in (cell.kernel, cell.recurrent_kernel)
    )
    found = structure.filter_norms(structure.channel_groups(model))
    np.testing.assert_allclose(found["lstm"], expected, rtol=1e-6)


def test_random_scores_repeat_with_the_seed():
    model = keras.Sequential([keras.Input((3,)), layers.Dense(6), layers.Dense(2)])
    found = structure.channel_groups(model)
    one, same, other = (structure.random(found, seed) for seed in (1, 1, 2))
    (name,) = found.groups
    assert (one[name] == same[name]).all()
    assert (one[name] != other[name]).any()


def test_relative_scores_have_mean_one():
    found = structure.relative({"a": np.array([1.0, 3.0]), "b": np.zeros(2)})
    assert found["a"].mean() == 1
    assert (found["b"] == 0).all()
