"""Typical answers to the exercises of notebook 05, and the hint that each of them gets."""

import math

import numpy as np
from answers import OfFunctions

from course_utils.lessons.checks import prune_and_retrain as check


def zeros(weights, tolerance=0.0):
    return sum(int((np.abs(W) <= tolerance).sum()) for W in weights.values())


def size(weights):
    return sum(W.size for W in weights.values())


def step(W, v, g):
    v = 0.9 * v - 0.1 * g
    return W + v, v


def in_place(W, v, g, mask):
    W += 0.9 * v - 0.1 * g
    W *= mask
    return W, v


WRONG = {
    check.sparsity: [
        (lambda w: 1 - zeros(w) / size(w), "density"),
        (lambda w: np.mean([np.mean(W == 0) for W in w.values()]), "averaged"),
        (lambda w: 100 * zeros(w) / size(w), "percentage"),
        (lambda w: zeros(w), "Divide by the number"),
        (lambda w: zeros(w, 1e-6) / size(w), "tiny weights"),
        (lambda w: 0.4, "was expected"),
        (lambda w: np.mean([np.mean(W == 0) for W in w]), "weights.values()"),
        (lambda w: next(zeros({"a": W}) / W.size for W in w.values()), "inside the loop"),
        (lambda w: zeros(w) / sum(map(len, w.values())), "number of rows"),
        (lambda w: "half", "number was expected"),
        (lambda w: sum(np.mean(W == 0) for W in w.values()), "was expected"),
        (lambda w: zeros(w) / len(w), "was expected"),
        (lambda w: print(zeros(w) / size(w)), "Return the value"),
    ],
    check.masked_step: [
        (lambda W, v, g, m: ((W + v) * m, step(W, v, g)[1]), "by the old velocity"),
        (lambda W, v, g, m: step(W, v, g), "nothing holds the mask"),
        (lambda W, v, g, m: step(W, v, g * m), "gradient only"),
        (lambda W, v, g, m: (step(W, v, g)[0] * ~m, v), "wrong way round"),
        (lambda W, v, g, m: step(W, v, g)[0] * m, "two arrays"),
        (lambda W, v, g, m: ((W - 0.1 * g) * m, v), "move as without a mask"),
        (in_place, "changed the array"),
        (lambda W, v, g, m: (W + step(W * 0, v, g)[0] * m, step(W, v, g)[1]), "Mask the new W"),
        (lambda W, v, g, m: step(W, v * m, g * m), "masked the step"),
        (lambda W, v, g, m: step(W * m, v, g), "mask came before"),
        (lambda W, v, g, m: (step(W, v, g)[0] * m, g), "velocity of the kept"),
        (lambda W, v, g, m: (step(W, v, -g)[0] * m, v), "move as without a mask"),
        (lambda W, v, g, m: print(step(W, v, g)), "Return the value"),
    ],
    check.standard_error: [
        (lambda p, n: p * (1 - p) / n, "variance"),
        (lambda p, n: math.sqrt(p * (1 - p)), "*one* answer"),
        (lambda p, n: math.sqrt(p * (1 - p)) / n, "not by n"),
        (lambda p, n: (p * (1 - p) / n) ** 1 / 2, "x ** 0.5"),
        (lambda p, n: math.sqrt(p / n), "1 - p is missing"),
        (lambda p, n: math.sqrt((1 - p) / n), "factor p is missing"),
        (lambda p, n: 100 * math.sqrt(p * (1 - p) / n), "not in percent"),
        (lambda p, n: 1 / n, "was expected"),
        (lambda p, n: math.sqrt(p * (1 - p) / (n - 1)), "n - 1 is for"),
        (lambda p, n: 1.96 * math.sqrt(p * (1 - p) / n), "95 % interval"),
        (lambda p, n: print(math.sqrt(p * (1 - p) / n)), "Return the value"),
    ],
}
RIGHT = {
    check.sparsity: [
        lambda w: zeros(w) / size(w),
        lambda w: np.mean(np.concatenate([W.ravel() for W in w.values()]) == 0),
        lambda w: 1 - sum(np.count_nonzero(W) for W in w.values()) / size(w),
    ],
    check.masked_step: [
        lambda W, v, g, m: (step(W, v, g)[0] * m, step(W, v, g)[1]),
        lambda W, v, g, m: (np.where(m, step(W, v, g)[0], 0), m * step(W, v, g)[1]),
        lambda W, v, g, m: (m * (W + 0.9 * v - 0.1 * g), 0.9 * v - 0.1 * g),
    ],
    check.standard_error: [
        lambda p, n: math.sqrt(p * (1 - p) / n),
        lambda p, n: (p * (1 - p)) ** 0.5 * n**-0.5,
        lambda p, n: np.sqrt((p - p**2) / n),
    ],
}


class TestAnswers(OfFunctions):
    wrong, right = WRONG, RIGHT


def test_a_velocity_that_is_no_velocity_is_noticed():
    verdict = check.masked_step(lambda W, v, g, m: (step(W, v, g)[0] * m, 99 * v))
    assert "velocity of the kept weights" in repr(verdict)


def test_two_arrays_in_a_list_will_do():
    assert check.masked_step(lambda W, v, g, m: [step(W, v, g)[0] * m, step(W, v, g)[1]])
