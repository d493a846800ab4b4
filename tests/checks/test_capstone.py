"""Typical answers to the exercises of notebook 20, and the hint that each of them gets."""

from dataclasses import replace

import numpy as np
import pytest
from answers import OfFunctions

from course_utils.lessons.checks import capstone as check
from course_utils.lessons.data import load_digits
from course_utils.lessons.scoreboard import Budget


def errors(right, name, best, paired=True):
    """By how many standard errors a network is worse than another."""
    difference = right[best].astype(float) - right[name]
    variance = difference.var(ddof=1)
    if not paired:
        variance = right[best].var(ddof=1) + right[name].var(ddof=1)
    return difference.mean() / max(np.sqrt(variance / len(difference)), 1e-12)


def decided(right, size, worse=lambda right, name, best: errors(right, name, best) > 2):
    best = max(right, key=lambda name: right[name].mean())
    return min((name for name in right if not worse(right, name, best)), key=size.get)


def by_order(right, size):
    best = min(right, key=lambda name: -right[name].sum())
    for name in sorted(size, key=size.get):
        lost, won = (right[best] & ~right[name]).sum(), (~right[best] & right[name]).sum()
        n = len(right[name])
        mean = (lost - won) / n
        if mean <= 2 * np.sqrt(((lost + won) / n - mean**2) / n):
            return name
    return best


def by_loop(right, size):
    chosen = best = max(size, key=lambda name: np.mean(right[name]))
    for name, bytes_ in size.items():
        if bytes_ < size[chosen] and errors(right, name, best) <= 2:
            chosen = name
    return chosen


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


def _both(candidates, budget):
    passing = [c for c in candidates if min(c["validation"], c["test"]) >= budget.accuracy]
    return min(passing, key=lambda c: c["bytes"] if c["bytes"] <= budget.bytes else 1e9)["name"]


def best(candidates, budget, most=float("inf")):
    return max((c for c in candidates if c["bytes"] <= most), key=lambda c: c["validation"])["name"]


WRONG = {
    check.decision: [
        (lambda r, s: max(r, key=lambda name: r[name].mean()), "the most accurate"),
        (lambda r, s: min(s, key=s.get), "it is clearly worse"),
        (lambda r, s: decided(r, s, lambda *g: errors(*g, paired=False) > 2), "image by image"),
        (lambda r, s: decided(r, s, lambda *g: errors(*g) > 1), "less than two standard errors"),
        (
            lambda r, s: decided(r, s, lambda *g: errors(*g) > 2 * len(r["A"]) ** 0.5),
            "lack the root",
        ),
        (lambda r, s: decided(r, s, lambda r, a, b: r[b].mean() - r[a].mean() > 0.005), ""),
        (lambda r, s: decided(r, s, lambda r, a, b: r[b].mean() - r[a].mean() > 0.02), ""),
        (lambda r, s: max(s, key=s.get), "the most accurate"),
        (lambda r, s: 0, "the name of no network"),
        (lambda r, s: list(s), "the name of no network"),
        (lambda r, s: "A", ""),
    ],
    check.choice: [
        (lambda c, b: smallest(c, b, "test"), "by the test images"),
        (lambda c, b: min(c, key=lambda one: one["bytes"])["name"], "stays below"),
        (best, "more bytes than the budget"),
        (_both, "as well"),
        (lambda c, b: "elm", ""),
        (lambda c, b: best(c, b, b.bytes), "with fewer bytes"),
        (lambda c, b: c[0], "the name alone"),
        (lambda c, b: 0, "name of no candidate"),
        (lambda c, b: "mine", "name of no candidate"),
    ],
}
RIGHT = {
    check.decision: [decided, by_order, by_loop],
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
