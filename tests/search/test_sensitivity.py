"""Sensitivity is what pruning one layer and evaluating gives; of channels, what shrinking does."""

import numpy as np
import pytest

from course_utils import criteria, masking, pruning, structure
from course_utils.backend import build_optimizer, keras
from course_utils.extras import search

L = keras.layers
LEVELS = (0.25, 0.5, 0.9)


@pytest.fixture(scope="module")
def network():
    """A trained residual network with BatchNorm, and the images that it was not trained on."""
    keras.utils.set_random_seed(0)
    x = keras.Input((6, 6, 1))
    stem = L.Conv2D(8, 3, padding="same", name="stem")(x)
    h = L.Activation("sigmoid")(L.BatchNormalization(name="norm")(stem))
    h = L.Add()([L.Conv2D(8, 3, padding="same", name="one")(h), stem])
    h = L.Dense(10, "relu", name="fc")(L.Flatten()(L.MaxPooling2D()(h)))
    model = keras.Model(x, L.Dense(3, "softmax", name="end")(h))
    model.compile("adam", "sparse_categorical_crossentropy")
    build_optimizer(model)
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 400)
    images = rng.normal(0, 0.6, (400, 6, 6, 1)).astype("float32")
    images[np.arange(400), y] += 1  # a bright row says which class
    model.fit(images[:200], y[:200], epochs=8, verbose=0)
    return model, images[200:], y[200:]


def accuracy(model, x, y):
    return float(search.right_answers(model(x, training=False), y).mean())


def test_it_is_what_evaluating_with_one_kernel_pruned_gives(network):
    model, x, y = network
    found = search.sensitivity(model, x, y, LEVELS, batch_size=50)
    kernels, before = pruning.kernels(model), pruning.weights(model)
    assert list(found.results) == list(kernels)
    assert found.baseline == pytest.approx(accuracy(model, x, y))
    assert found.baseline > 0.8
    for name, W in before.items():
        for level in LEVELS:
            masks = masking.make_masks(criteria.magnitude({name: W}), level, "layer")
            kernels[name].assign(masking.apply({name: W}, masks)[name])
            assert found.results[name][level] == pytest.approx(accuracy(model, x, y))
            assert found.losses[name][level] == found.baseline - found.results[name][level]
        kernels[name].assign(W)
    assert min(min(levels.values()) for levels in found.results.values()) < found.baseline - 0.1


def test_the_criterion_the_granularity_and_the_kernels_can_be_chosen(network):
    model, x, y = network
    found = search.sensitivity(
        model, x, y, [0.5], lambda weights: criteria.random(weights, seed=3),
        granularity="filter", include=["stem/*", "fc/*"], exclude="fc/*",
    )  # fmt: skip
    kernel = pruning.kernels(model)["stem/kernel"]
    W = np.array(kernel)
    scores = criteria.random({"stem/kernel": W}, seed=3)
    mask = masking.make_masks(scores, 0.5, "layer", "filter")["stem/kernel"]
    kernel.assign(W * mask)
    expected = accuracy(model, x, y)
    kernel.assign(W)
    assert found.results == {"stem/kernel": {0.5: pytest.approx(expected)}}


def test_of_channels_it_is_what_the_smaller_network_gives(network):
    """Across the residual sum, BatchNorm, and a sigmoid, at which a channel of zeros is not 0."""
    model, x, y = network
    channels = structure.channel_groups(model)
    scores = structure.filter_norms(channels)
    found = search.channel_sensitivity(channels, x, y, LEVELS)
    assert list(found.results) == list(channels.groups) == ["stem", "fc"]
    for name in found.results:
        for level in LEVELS:
            masks = structure.choose({name: scores[name]}, level, "layer")
            small, _ = structure.shrink(channels, masks=masks)
            assert found.results[name][level] == pytest.approx(accuracy(small, x, y))
    assert search.channel_sensitivity(model, x, y, LEVELS).results == found.results
    assert min(min(levels.values()) for levels in found.results.values()) < found.baseline - 0.1


def test_the_criterion_of_channels_says_which_groups_are_scanned(network):
    model, x, y = network
    found = search.channel_sensitivity(model, x, y, [0.5], structure.norm_scales)
    assert list(found.results) == ["stem"]  # no other has a BatchNorm behind it


def test_weights_are_as_before(network):
    model, x, y = network
    before = model.get_weights()
    search.sensitivity(model, x[:20], y[:20], [0.5])
    search.channel_sensitivity(model, x[:20], y[:20], [0.5])
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("scan", [search.sensitivity, search.channel_sensitivity])
def test_levels_are_shares_and_each_counts_once(network, scan):
    model, x, y = network
    with pytest.raises(ValueError, match="a level must be between 0 and 1"):
        scan(model, x, y, [0.5, 50])
    found = scan(model, x[:9], y[:9], [0.5, 0.0, 0.5])
    assert all(list(levels) == [0.5, 0.0] for levels in found.results.values())
    assert all(levels[0.0] == found.baseline for levels in found.results.values())


# ----------------------------------------------------------------- what outputs are, the loss says


X = np.random.default_rng(2).normal(size=(64, 6)).astype("float32")
YES = (X.sum(axis=1) > 0).astype(int)


def judged(units, loss, *metrics):
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((6,)), L.Dense(8, "relu"), L.Dense(units)])
    model.compile("sgd", loss, metrics=metrics)
    return model


@pytest.mark.parametrize(
    ("units", "loss", "metric", "y"),
    [
        (1, keras.losses.BinaryCrossentropy(True), keras.metrics.BinaryAccuracy(threshold=0), YES),
        (1, "binary_crossentropy", "accuracy", YES[:, None]),
        (3, keras.losses.SparseCategoricalCrossentropy(from_logits=True), "accuracy", YES + 1),
        (3, "categorical_crossentropy", "accuracy", np.eye(3)[YES]),
        (2, "binary_crossentropy", "categorical_accuracy", np.eye(2)[YES]),
        (2, "mse", "categorical_accuracy", np.eye(2)[YES]),
    ],
)  # fmt: skip
def test_the_baseline_is_what_evaluate_calls_accuracy(units, loss, metric, y):
    model = judged(units, loss, metric)
    expected = model.evaluate(X, y, verbose=0)[1]
    assert 0.1 < expected < 0.9
    assert search.sensitivity(model, X, y, [0.5]).baseline == pytest.approx(expected)


@pytest.mark.parametrize(
    ("units", "loss", "y", "words"),
    [
        (1, "mse", X.sum(axis=1), "the loss 'mse' does not say what .*: give measure=f"),
        (1, "mae", YES, "does not say what a right answer is: give measure=f"),
        (2, keras.losses.Huber(), X[:, :2], "'huber_loss' does not say .* give measure=f"),
        (2, "binary_crossentropy", np.ones((64, 2)), "must be one-hot rows, else give measure=f"),
        (1, "binary_crossentropy", YES + 1, "the labels must be 0 and 1"),
        (3, "categorical_crossentropy", np.eye(4)[YES], "one-hot rows of the same width"),
        (3, "sparse_categorical_crossentropy", YES - 1, "classes from 0 to 2, as .* not -1 to 0"),
        (3, "sparse_categorical_crossentropy", YES + 2, "classes from 0 to 2, as .* not 2 to 3"),
        (3, "sparse_categorical_crossentropy", YES + 0.5, "classes from 0 to 2"),
        (3, "sparse_categorical_crossentropy", YES.astype(str), "labels must be numbers, not <U"),
    ],
)  # fmt: skip
def test_what_is_no_answer_or_no_label_is_refused(units, loss, y, words):
    model = judged(units, loss)
    before = model.get_weights()
    with pytest.raises((TypeError, ValueError), match=words):
        search.sensitivity(model, X, y, [0.5])
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"x": X * np.nan}, "x must be finite"),
        ({"x": X[:0], "y": YES[:0]}, "at least one"),
        ({"x": X[:, :5]}, r"examples of shape \(5,\)"),
        ({"levels": 0.5}, r"levels must be several shares, such as \(0.5, 0.9\), not 0.5"),
        ({"levels": []}, "levels is empty"),
        ({"criterion": "magnitude"}, "criterion must be a function"),
        ({"measure": 3}, "measure must be a function"),
        ({"model": None}, "must be a Keras model"),
    ],
)
def test_bad_calls_end_in_words(change, words):
    given = {"model": judged(3, None), "x": X, "y": YES, "levels": [0.5]} | change
    with pytest.raises((TypeError, ValueError), match=words):
        search.sensitivity(**given)


def test_a_kernel_that_is_a_sum_is_not_scanned_by_a_part_of_it():
    """With LoRA a mask on the stored kernel would leave the product that is added to it."""
    model = judged(3, None)
    model.layers[-1].enable_lora(1)
    with pytest.raises(ValueError, match="LoRA"):
        search.sensitivity(model, X, YES, [0.5])


def test_what_a_model_that_is_not_compiled_means_is_guessed_with_a_warning():
    model = judged(1, "mse")
    plain = keras.Model(model.inputs, model.outputs)
    with pytest.warns(UserWarning, match="no probabilities, .* compile the model with its loss"):
        found = search.sensitivity(plain, X, YES, [0.5])
    assert found.baseline == ((np.asarray(model(X))[:, 0] > 0.5) == YES).mean()


def test_outputs_that_are_nan_are_no_answers():
    model = judged(3, None)
    model.layers[-1].bias.assign([np.nan] * 3)
    with pytest.raises(ValueError, match="outputs are NaN"):
        search.sensitivity(model, X, YES, [0.5])


def test_a_dictionary_of_outputs_reaches_the_measure_as_the_model_returns_it():
    x = keras.Input((6,))
    model = keras.Model(x, {"kind": L.Dense(3, name="kind")(x), "age": L.Dense(1, name="age")(x)})
    y = {"kind": YES, "age": X[:, 0]}

    def right(outputs, labels):
        return (outputs["kind"].argmax(axis=-1) == labels["kind"]).astype(float)

    found = search.sensitivity(model, X, y, [0.5], measure=right)
    assert found.baseline == right({"kind": np.asarray(model(X)["kind"])}, y).mean()


def test_a_state_is_as_before_every_trial():
    """Batches of one size, in which a recurrent layer remembers: each trial begins alike."""
    steps = keras.Input((2, 3), batch_size=16)
    memory = L.GRU(4, stateful=True, name="memory")
    model = keras.Model(steps, L.Dense(2)(memory(steps)))
    found = search.sensitivity(model, X.reshape(64, 2, 3), YES, [0.0, 0.5])
    assert all(levels[0.0] == found.baseline for levels in found.results.values())
    assert not np.any(memory.states[0])


def test_no_answers_are_neither_right_nor_wrong():
    with pytest.raises(ValueError, match="at least one"):
        search.right_answers(np.zeros((0, 3)), np.zeros(0))
