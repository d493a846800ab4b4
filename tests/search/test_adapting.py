"""Adaptive pruning goes as far as the tolerance allows, and leaves the last round that stayed."""

import numpy as np
import pytest

from course_utils import criteria, masking, pruning
from course_utils.backend import build_optimizer, keras
from course_utils.extras import search

L = keras.layers


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 600)
    x = rng.normal(0, 0.8, (600, 12)).astype("float32")
    x[np.arange(600), y] += 2
    return x[:300], y[:300], x[300:], y[300:]


def network(units=32):
    keras.utils.set_random_seed(2)
    layers = [keras.Input((12,)), L.Dense(units, "relu", name="hidden"), L.Dense(4, name="end")]
    model = keras.Sequential(layers)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss)
    build_optimizer(model)
    return model


@pytest.fixture(scope="module")
def learned(data):
    x, y, _, _ = data
    model = network()
    model.fit(x, y, epochs=8, verbose=0)
    return model.get_weights()


@pytest.fixture
def trained(learned):
    model = network()
    model.set_weights(learned)
    return model


@pytest.fixture
def work(data):
    x, y, x_val, y_val = data

    def retrain(model):
        model.fit(x, y, epochs=2, verbose=0)

    def accuracy(model):
        return float(search.right_answers(model(x_val), y_val).mean())

    return retrain, accuracy


def zeros(model):
    return masking.sparsity(pruning.weights(model))


def density(model):
    """As accurate as it is dense: where to stop is known exactly."""
    return 1 - zeros(model)


def nothing(model):
    pass


def test_it_goes_far_and_loses_no_more_than_it_may(trained, work, data):
    retrain, accuracy = work
    before = accuracy(trained)
    found = search.adaptive(trained, retrain, accuracy, 0.01, step=0.4, min_step=0.1)
    assert found.baseline == before > 0.85
    assert accuracy(trained) == found.accuracy >= before - 0.01
    assert zeros(trained) == pytest.approx(found.sparsity)
    assert found.sparsity > 0.4
    assert not found.rounds[-1].accepted
    assert found.sparsity == max(one.sparsity for one in found.rounds if one.accepted)
    assert masking.sparsity(pruning.held_masks(trained)) == found.sparsity
    retrain(trained)  # and the masks hold
    assert zeros(trained) == pytest.approx(found.sparsity)


def test_it_ends_within_one_smallest_step_of_the_tolerance():
    found = search.adaptive(network(), nothing, density, 0.5, step=0.3, min_step=0.01)
    assert 0.5 - 0.5 * 0.02 <= found.sparsity <= 0.5
    assert found.accuracy == 1 - found.sparsity


def test_steps_are_shares_of_what_is_left_and_are_halved_by_a_failure():
    found = search.adaptive(network(), nothing, density, 0.6, step=0.5, min_step=0.125)
    assert [one.step for one in found.rounds] == [0.5, 0.5, 0.25, 0.125, 0.125]
    assert [one.accepted for one in found.rounds] == [True, False, False, True, False]
    sparsities = [one.sparsity for one in found.rounds]
    assert sparsities == pytest.approx([0.5, 0.75, 0.625, 0.5625, 0.617], abs=0.005)


def test_a_round_that_is_taken_back_leaves_no_trace(trained, work):
    """Weights, masks and the optimizer are those of the last round that stayed, to the bit."""
    retrain, _ = work
    kept = []

    def accuracy(model):
        state = [np.array(v) for v in (*model.variables, *model.optimizer.variables)]
        kept.append((state, pruning.held_masks(model)))
        return 1.0 if len(kept) <= 3 else 0.0  # before, and after two rounds

    found = search.adaptive(trained, retrain, accuracy, 0.5, step=0.2, min_step=0.1)
    assert [one.accepted for one in found.rounds] == [True, True, False, False]
    state, masks = kept[2]
    now = [np.array(v) for v in (*trained.variables, *trained.optimizer.variables)]
    for one, other in zip(state, now, strict=True):
        np.testing.assert_array_equal(one, other)
    for name, mask in pruning.held_masks(trained).items():
        np.testing.assert_array_equal(mask, masks[name])


def test_after_an_error_the_model_is_as_after_the_last_round(trained, work):
    retrain, accuracy = work
    states = []

    def breaks(model):
        if len(states) == 1:
            retrain(model)
            raise RuntimeError("out of memory")
        retrain(model)
        states.append(model.get_weights())

    with pytest.raises(RuntimeError, match="out of memory"):
        search.adaptive(trained, breaks, accuracy, 1.0)
    for one, other in zip(states[0], trained.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert masking.sparsity(pruning.held_masks(trained)) == pytest.approx(0.2, abs=0.01)


def test_it_goes_on_from_what_is_pruned_already(trained):
    masks = masking.make_masks(pruning.weights(trained), 0.5)
    pruning.attach(trained, masks)
    found = search.adaptive(trained, nothing, lambda model: 1.0, 0.0, step=0.5, max_rounds=1)
    assert found.sparsity == pytest.approx(0.75, abs=0.005)
    for name, mask in pruning.held_masks(trained).items():
        assert not (mask & ~masks[name]).any()


def test_kernels_scope_and_granularity_can_be_chosen():
    model = network()
    search.adaptive(
        model, nothing, density, 1.0, step=0.5, max_rounds=1,
        scope="layer", granularity="channel", exclude="end/*",
    )  # fmt: skip
    rows = pruning.held_masks(model)["hidden/kernel"]
    assert list(pruning.held_masks(model)) == ["hidden/kernel"]
    assert (rows.all(axis=1) | ~rows.any(axis=1)).all()
    assert rows.all(axis=1).sum() == 6


def test_it_ends_where_nothing_more_can_go():
    """One weight of each kernel stays; a tolerance of everything is never used up."""
    found = search.adaptive(network(4), nothing, lambda model: 1.0, 1.0, step=0.9, min_step=0.5)
    assert len(found.rounds) < 50
    assert all(one.accepted for one in found.rounds)
    assert found.sparsity > 0.9


def test_an_accuracy_that_is_no_number_is_never_accepted():
    answers = iter([0.9, *[float("nan")] * 9])
    model = network()
    found = search.adaptive(model, nothing, lambda model: next(answers), 0.5, min_step=0.1)
    assert found.sparsity == 0
    assert found.accuracy == 0.9
    assert zeros(model) == 0


def test_it_prints_as_a_table():
    found = search.adaptive(network(), nothing, density, 0.3, step=0.2, min_step=0.1)
    for text in (str(found), found._repr_html_()):
        for word in ("round", "goes on", "taken back", "20.00%", "30.00 points less"):
            assert word in text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tolerance": -0.1}, "tolerance must be at least 0"),
        ({"step": 1.5}, "step must be between 0 and 1"),
        ({"min_step": 0}, "min_step must be more than 0"),
        ({"step": 0.01}, "and at most step"),
        ({"accuracy": lambda model: {"accuracy": 1}}, "must return one number, not {"),
        ({"accuracy": lambda model: np.inf}, "inf before anything is pruned"),
        ({"max_rounds": np.nan}, "max_rounds must be a whole number of at least 1"),
        ({"max_rounds": -3}, "max_rounds must be a whole number of at least 1"),
        ({"accuracy": lambda model: np.nan}, "nan before anything is pruned"),
        ({"accuracy": lambda model: [0.3, 0.9]}, r"must return one number, not \[0.3, 0.9\]: of"),
        ({"accuracy": lambda model: None}, "must return one number, not None"),
        ({"accuracy": 0.9}, "accuracy must be a function, not 0.9"),
        ({"retrain": None}, "retrain must be a function, not None"),
        ({"retrain": lambda: None}, "retrain must be a function, .*: it gets the model"),
        ({"criterion": criteria.gradient}, "criterion must be a function of weights"),
        ({"criterion": "magnitude"}, "criterion must be a function .* not 'magnitude'"),
    ],
)
def test_mistakes_are_said_in_words_and_change_nothing(options, words):
    model = network()
    given = {"retrain": nothing, "accuracy": density, "tolerance": 0.1, **options}
    with pytest.raises((TypeError, ValueError), match=words):
        search.adaptive(model, **given)
    assert not pruning.held_masks(model)


def test_a_criterion_that_returns_no_scores_is_refused(trained):
    with pytest.raises(TypeError, match="scores of the criterion must be a dictionary"):
        search.adaptive(trained, nothing, density, 0.1, criterion=lambda W: None)
