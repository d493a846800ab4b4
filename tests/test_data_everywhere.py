"""All that looks at data takes a dataset as it takes arrays, and refuses bad data unharmed."""

import numpy as np
import pytest

from course_utils import measuring, pruning, structure
from course_utils.backend import keras, tf
from course_utils.extras import search, speed

layers = keras.layers
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(24, 5)).astype("float32"), RNG.integers(0, 3, 24)
STAYS = {"hidden": np.arange(8) < 5}


def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    x = inputs = keras.Input((5,))
    x = layers.BatchNormalization(name="norm")(layers.Dense(8, name="hidden")(x))
    model = keras.Model(inputs, layers.Dense(3, name="out")(layers.ReLU(name="relu")(x)))
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def recalibrated(model, x):
    structure.recalibrate(model, x, batch_size=6)
    return model.get_layer("norm").moving_mean.numpy()


WITH_LABELS = {
    "gradients": lambda m, x, y: pruning.gradients(m, x, y, batch_size=6)["out/kernel"],
    "sizes": lambda m, x, y: pruning.gradients(m, x, y, reduce="size")["out/kernel"],
    "curvature": lambda m, x, y: pruning.curvature(m, x, y, samples=1)["out/kernel"],
    "fresh": lambda m, x, y: pruning.fresh_gradients(m, x, y, examples=5)()["out/kernel"],
    "taylor": lambda m, x, y: structure.taylor(m, x, y, batch_size=6)["hidden"],
    "sensitivity": lambda m, x, y: search.sensitivity(m, x, y, [0.5]).baseline,
    "channels": lambda m, x, y: search.channel_sensitivity(m, x, y, [0.5]).baseline,
}
OF_INPUTS = {
    "input_norms": lambda m, x: pruning.input_norms(m, x)["out/kernel"],
    "recalibrate": recalibrated,
    "reconstruct": lambda m, x: structure.reconstruct(m, STAYS, x)[1]["out"],
    "report": lambda m, x: measuring.report(m, inputs=x).total.macs,
    "costs": lambda m, x: structure.costs(m, x).macs(STAYS),
    "keras_call": lambda m, x: speed.keras_call(m, x)().numpy(),
}
EVERY = {**WITH_LABELS, **{n: (lambda m, x, y, f=f: f(m, x)) for n, f in OF_INPUTS.items()}}


@pytest.mark.parametrize("name", EVERY)
def test_a_dataset_is_what_its_arrays_are(name):
    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(7)
    expected, found = EVERY[name](network(), X, Y), EVERY[name](network(), data, None)
    np.testing.assert_array_equal(found, expected)


def test_the_weights_of_a_dataset_weigh_the_gradients():
    model, weights = network(), RNG.uniform(0, 2, len(X))
    data = tf.data.Dataset.from_tensor_slices((X, Y, weights)).batch(7)
    found = pruning.gradients(model, data)["out/kernel"]
    each = [pruning.gradients(model, X[i : i + 1], Y[i : i + 1])["out/kernel"] for i in range(24)]
    expected = np.mean([w * g for w, g in zip(weights, each, strict=True)], axis=0)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)


HUGE = np.full_like(X, 3e38)  # finite, and its sums are not
BAD_INPUTS = {
    "NaN": (X * np.nan, "must be finite"),
    "empty": (X[:0], "at least one"),
    "too wide": (np.ones((4, 6), "float32"), r"examples of shape \(6,\)"),
    "text": (np.full((4, 5), "a"), "holds text, and input .* takes numbers"),
    "nothing": (None, "must hold data, not NoneType"),
    "a generator": ((part for part in [X]), "can be read only once"),
    "a function": (network, "must hold data, not function"),
    "two": ([X, X], "the model takes 1 inputs"),
}


@pytest.mark.parametrize("bad", BAD_INPUTS)
def test_bad_inputs_end_in_words_and_change_nothing(bad):
    model, (x, words) = network(), BAD_INPUTS[bad]
    before = model.get_weights()
    for name, function in EVERY.items():
        if x is None and name in ("report", "costs", "keras_call"):
            continue  # there it means that they make a batch themselves
        with pytest.raises((TypeError, ValueError), match=words):
            function(model, x, Y[: len(x)] if isinstance(x, np.ndarray) else Y)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (Y[:9], "same number of examples"),
        (Y.astype(str), "must be numbers, not"),
        (Y + 0.5, "whole numbers|classes from 0 to 2"),
        (Y - 1, "classes from 0 to 2, as the model has 3 outputs, not -1 to 1"),
        (Y + 1, "classes from 0 to 2, as the model has 3 outputs, not 1 to 3"),
        (np.eye(7)[Y], r"the shape \(7,\)|do not fit outputs"),
        (Y * np.nan, "y must be finite"),
        (None, "labels are missing"),
    ],
)
def test_bad_labels_end_in_words_and_change_nothing(y, words):
    model = network()
    before = model.get_weights()
    for function in WITH_LABELS.values():
        with pytest.raises((TypeError, ValueError), match=words):
            function(model, X, y)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_labels_of_several_outputs_are_looked_at_one_by_one():
    x = keras.Input((5,))
    made = {"kind": layers.Dense(3, name="kind")(x), "age": layers.Dense(1, name="age")(x)}
    model = keras.Model(x, made)
    model.compile("sgd", {"kind": "sparse_categorical_crossentropy", "age": "mse"})
    ages = RNG.normal(size=24)
    assert pruning.gradients(model, X, {"age": ages, "kind": Y})["age/kernel"].any()
    with pytest.raises(ValueError, match="the labels of 'kind' must be classes from 0 to 2"):
        pruning.gradients(model, X, {"age": ages, "kind": Y + 5})
    with pytest.raises(ValueError, match=r"the labels of 'age' have the shape \(4,\), and"):
        pruning.gradients(model, X, {"age": np.ones((24, 4)), "kind": Y})
    several = keras.Model(x, [*made.values()])
    several.compile("sgd", ["sparse_categorical_crossentropy", "mse"])
    with pytest.raises(ValueError, match="the labels of '0' must be classes"):
        pruning.gradients(several, X, [Y - 4, ages])


def test_labels_of_every_place_and_one_that_does_not_count():
    x = keras.Input((4, 5))
    model = keras.Model(x, layers.Dense(3, name="out")(x))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
    model.compile("sgd", loss)
    inputs, y = RNG.normal(size=(6, 4, 5)), RNG.integers(-1, 3, (6, 4))
    for labels in (y, y[..., None]):
        assert pruning.gradients(model, inputs, labels)["out/kernel"].any()
    with pytest.raises(ValueError, match=r"one whole number for each.*give y.argmax"):
        pruning.gradients(model, inputs, np.eye(3)[y])


@pytest.mark.parametrize("name", ["recalibrate", "reconstruct"])
def test_what_overflows_is_refused_and_changes_nothing(name):
    model = network()
    before = model.get_weights()
    with pytest.raises(ValueError, match="too large"):
        OF_INPUTS[name](model, HUGE)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_single_examples_of_a_fixed_batch_cannot_be_seen():
    x = keras.Input((5,), batch_size=4)
    model = keras.Model(x, layers.Dense(3, name="out")(x))
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    whole = pruning.gradients(model, X, Y)["out/kernel"]
    assert structure.recalibrate(model, X) is None
    half = [pruning.gradients(model, X[p], Y[p])["out/kernel"] for p in (slice(12), slice(12, 24))]
    np.testing.assert_allclose(whole, np.mean(half, axis=0), rtol=1e-4, atol=1e-7)
    with pytest.raises(ValueError, match="batches of 4 only, so the gradients of single"):
        pruning.gradients(model, X, Y, reduce="size")
