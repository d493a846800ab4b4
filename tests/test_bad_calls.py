"""Calls that cannot be meant, of the core's functions: an error in words, never a number."""

import math

import numpy as np
import pytest

from course_utils import costs, criteria, masking, operators, regrowth, schedules

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
