"""Typical answers to the exercises of notebook 16, and the hint that each of them gets."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from answers import OfFunctions

from course_utils.lessons.checks import capstone as check
from course_utils.lessons.data import load_digits
from course_utils.lessons.scoreboard import Budget


def kept(accuracies, floor):
    count = 0
    for accuracy in accuracies:
        if accuracy < floor:
            break
        count += 1
    return count


def smallest(candidates, budget, split="validation"):
    passing = [c for c in candidates if c[split] >= budget.accuracy and c["bytes"] <= budget.bytes]
    return min(passing, key=lambda c: c["bytes"])["name"]


def by_sorting(candidates, budget):
    for candidate in sorted(candidates, key=lambda c: c["bytes"]):
        if candidate["validation"] >= budget.accuracy:
            return candidate["name"]
    return None


def one_by_one(candidates, budget):
    chosen = None
    for one in candidates:
        fits = one["validation"] >= budget.accuracy and one["bytes"] <= budget.bytes
        if fits and (chosen is None or one["bytes"] < chosen["bytes"]):
            chosen = one
    return chosen["name"]


def best(candidates, budget, most=float("inf")):
    return max((c for c in candidates if c["bytes"] <= most), key=lambda c: c["validation"])["name"]


def last_passing(accuracies, floor):
    return max((i + 1 for i, a in enumerate(accuracies) if a >= floor), default=0)


WRONG = {
    check.stop_rule: [
        (last_passing, "you went on after"),
        (lambda a, f: sum(x >= f for x in a), "never existed"),
        (lambda a, f: kept(a, f) + 1, "one too many"),
        (lambda a, f: kept(a, np.nextafter(f, 1)), "exactly at the floor"),
        (lambda a, f: max(kept(a, f) - 1, 0), "the place of the last"),
        (lambda a, f: int(np.argmax(a)) if a else 0, "pruned least"),
        (lambda a, f: a[: kept(a, f)], "a number was expected"),
        (lambda a, f: 99, "was expected"),
    ],
    check.choice: [
        (lambda c, b: smallest(c, b, "test"), "by the test images"),
        (lambda c, b: min(c, key=lambda one: one["bytes"])["name"], "stays below"),
        (best, "more bytes than the budget"),
        (lambda c, b: best(c, b, b.bytes), "with fewer bytes"),
        (lambda c, b: c[0], "the name alone"),
        (lambda c, b: 0, "name of no candidate"),
        (lambda c, b: "mine", "name of no candidate"),
    ],
}
RIGHT = {
    check.stop_rule: [
        kept,
        lambda a, f: len(list(itertools.takewhile(lambda x: x >= f, a))),
        lambda a, f: int(np.argmin([*(np.array(a) >= f), False])),
    ],
    check.choice: [smallest, by_sorting, one_by_one],
}


class TestAnswers(OfFunctions):
    wrong, right = WRONG, RIGHT


# ---------------------------------------------------- the open exercise, whose check is the judge


@pytest.fixture(scope="module")
def data():
    digits = load_digits()
    return replace(digits, x_val=digits.x_val[:50], y_val=digits.y_val[:50])


@pytest.fixture(scope="module")
def fresh():
    from course_utils.backend import keras

    layers = keras.layers
    return keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(10)])


def test_any_network_within_the_budget_is_right(fresh, data):
    """One network, and a budget that it meets."""
    assert check.network(fresh, Budget(0.0, 100_000, 10_000), data)


def test_the_open_network_is_not_yet_wrong(data):
    assert repr(check.network(..., Budget(), data)).startswith("… not yet")


@pytest.mark.parametrize("other", ["a.sparse", 3, [1]])
def test_what_is_no_model_gets_a_hint(other, data):
    assert "Keras model was expected" in repr(check.network(other, Budget(), data))


def test_a_refused_network_gets_the_judges_reason(data):
    from course_utils.backend import keras

    images = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.ReLU()])
    assert "the judge refuses it: it makes (None, 28, 28, 1)" in repr(
        check.network(images, Budget(), data)
    )


@pytest.mark.parametrize(
    ("entry", "hint"),
    [
        ({"accuracy": 0.99, "bytes": 30_000, "missed": ("x",)}, "largest part of them"),
        ({"accuracy": 0.97, "bytes": 10_000, "missed": ("x",)}, "more training"),
        ({"accuracy": 0.99, "bytes": 10, "missed": ("9 of 1 ms",)}, "9 of 1 ms"),
    ],
)
def test_what_falls_short_is_said(entry, hint):
    found = check._falls_short(check.Entry("yours", **entry), Budget(0.98, 20_000))
    assert hint in next(found).lower()
