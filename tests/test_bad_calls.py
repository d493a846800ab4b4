"""Calls that cannot be meant, of the core's functions: an error in words, never a number."""

import math

import numpy as np
import pytest

from course_utils import costs, criteria, masking, models, operators, pruning, regrowth, schedules
from course_utils.backend import keras
from course_utils.extras import search

W = {"a": np.ones((2, 3))}

CALLS = {
    "text where numbers are": (lambda: masking.sparsity(["a", "b"]), "must hold numbers"),
    "no pruned W": (lambda: operators.energy_lost([1, 1], [50, 50]), "not W with some entries"),
    "names that are none": (lambda: criteria.random({1: np.ones(2)}), "must be names.*not 1"),
    "beyond all floats": (lambda: operators.prune([1.0], 10**400), "theta must fit into a float"),
    "a list of a word": (lambda: operators.norm([1.0], granularity=["filter"]), "granularity"),
    "no kernel": (lambda: costs.parameters(None), "kernel must be a shape"),
    "a number for a shape": (lambda: costs.macs((3, 3), 5), "positions must be a shape"),
    "a text for a shape": (lambda: costs.macs("33"), "kernel must be a shape"),
    "no layouts": (lambda: masking.pool(W, "filter", layouts="io"), "layouts must be a dictionary"),
    "no arrays": (lambda: masking.thin(None), "arrays must be a dictionary"),
    "a number for an array": (lambda: masking.collapsed({"a": 3}), "a must be an array"),
    "an empty regrowth": (lambda: regrowth.rigl({}), "gradients must be a function"),
    "no function": (lambda: regrowth.Regrowth(1, 0.5, grow=3), "grow must be a function"),
    "a function of nothing": (lambda: regrowth.Regrowth(1, grow=lambda: W), "grow must be a func"),
    "gradients of a model": (lambda: regrowth.rigl(pruning.gradients), "without arguments"),
    "a share above 1": (lambda: regrowth.Regrowth(1, fraction=5), "fraction must be between 0 and"),
    "every none": (lambda: regrowth.Regrowth(0), "every must be a whole number"),
    "a step that is none": (lambda: regrowth.cosine(0.3, math.nan, 10), "step must be"),
}


@pytest.mark.parametrize("case", CALLS)
def test_what_cannot_be_meant_is_refused_in_words(case):
    call, words = CALLS[case]
    with pytest.raises((TypeError, ValueError), match=words):
        call()


SCHEDULES = {
    "constant": schedules.constant(0.5),
    "one shot": schedules.one_shot(0.5, 3),
    "polynomial": schedules.polynomial(0.5, 0, 10),
    "iterative": schedules.iterative(0.5, 0, 1, 2),
}


@pytest.mark.parametrize("step", [math.nan, None, "3"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_is_asked_for_a_step(name, step):
    with pytest.raises((TypeError, ValueError), match="step must be"):
        SCHEDULES[name](step)


SHORT = {
    "of some": lambda weights: {"fc1/kernel": np.abs(weights["fc1/kernel"])},
    "of others": lambda weights: {**weights, "fc4/kernel": np.ones(2)},
    "of units": lambda weights: {
        n: np.abs(W).mean(axis=0, keepdims=True) for n, W in weights.items()
    },
}


@pytest.mark.parametrize("scores", SHORT)
def test_scores_that_do_not_fit_are_refused_by_all_that_ask_a_criterion(scores):
    model, criterion = models.lenet300(), SHORT[scores]
    x, y = np.zeros((2, 28, 28, 1)), np.zeros(2)
    pruner = pruning.PruneOnSchedule(schedules.constant(0.5), criterion, regrow=regrowth.surgery())
    for ask in (
        lambda: pruning.prune(model, 0.5, criterion),
        lambda: model.fit(x, y, verbose=0, callbacks=[pruner]),
        lambda: search.sensitivity(model, x, y, [0.5], criterion),
        lambda: search.adaptive(model, len, lambda model: 1.0, 0.1, criterion=criterion),
    ):
        with pytest.raises(ValueError, match="the scores of the criterion"):
            ask()
    assert masking.sparsity(pruning.weights(model)) < 0.01


def test_what_regrows_is_known_for_every_kernel_and_looked_at_early():
    model = models.lenet300()
    x, y = np.zeros((4, 28, 28, 1)), np.zeros(4)
    some = regrowth.rigl(pruning.fresh_gradients(model, x, y, include="fc1"), every=1)
    for rule, words in (
        (some, "grow_scores must have the same names as masks: missing .'fc2/kernel'"),
        (regrowth.Regrowth(1, 0.3, grow=lambda W, step: None), "what regrow grows by must be"),
    ):
        pruner = pruning.PruneOnSchedule(schedules.constant(0.5), regrow=rule)
        with pytest.raises((TypeError, ValueError), match=words):
            model.fit(x, y, batch_size=1, verbose=0, callbacks=[pruner])
    with pytest.raises(ValueError, match="'fc9' matches no weight"):
        pruning.fresh_gradients(model, x, y, include="fc9")


@pytest.mark.parametrize("labels", [[0, 9], [-1, 1]])
def test_labels_of_a_probability_lie_between_0_and_1(labels):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, "sigmoid")])
    model.compile("sgd", "binary_crossentropy")
    with pytest.raises(ValueError, match=f"must be from 0 to 1, not {labels[0]} to {labels[1]}"):
        pruning.gradients(model, np.ones((2, 2)), labels)
    assert pruning.gradients(model, np.ones((2, 2)), [0.1, 1])


def test_weights_to_rewind_to_are_a_list():
    for earlier in (None, {0: []}, "early.h5"):
        with pytest.raises(ValueError, match="take them from this model, with model"):
            pruning.rewind(models.lenet300(), earlier, {"fc1/kernel": np.ones((1, 1))})


def test_sizes_of_a_narrow_type_do_not_run_over():
    assert costs.macs(np.array([65536, 65536], "int32")) == 2**32


def test_other_weights_to_rewind_to():
    model, mask = models.lenet300(), {"fc1/kernel": np.zeros((1, 1))}
    start = model.get_weights()
    with pytest.raises(ValueError, match="NaN or infinity"):
        pruning.rewind(model, [W * np.nan for W in start], mask)
    assert not pruning.held_masks(model)
    pruning.rewind(model, [W.tolist() for W in start], {"fc3/kernel": np.ones((1, 1))})
    assert all(map(np.array_equal, start, model.get_weights()))
    with pytest.raises(ValueError, match="not built"):
        pruning.reinitialized(keras.Sequential([keras.layers.Dense(1)]))


@pytest.mark.parametrize(("loss", "most"), [("kl_divergence", 2), ("poisson", None)])
def test_labels_that_a_divergence_cannot_take(loss, most):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, "sigmoid")])
    model.compile("sgd", loss)
    x = np.ones((4, 2))
    for wrong in {-1, most or -2}:
        with pytest.raises(ValueError, match="labels must be"):
            pruning.gradients(model, x, np.full((4, 1), wrong))
    pruning.gradients(model, x, np.full((4, 1), 1 if most else 7))
