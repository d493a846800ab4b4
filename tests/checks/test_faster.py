"""Typical answers to the exercises of notebook 13, and the hint that each of them gets."""

import math

import numpy as np
from answers import OfFunctions

from course_utils import masking
from course_utils.lessons.checks import faster as check


def quartiles(times):
    return tuple(np.quantile(times, [0.5, 0.25, 0.75]))


def by_hand(times, warmup):
    rest = sorted(times[warmup:])

    def at(share):
        place = share * (len(rest) - 1)
        low = math.floor(place)
        high = min(low + 1, len(rest) - 1)
        return rest[low] + (place - low) * (rest[high] - rest[low])

    return [at(0.5), at(0.25), at(0.75)]


def extremes(times, warmup):
    return np.median(times[warmup:]), times[warmup:].min(), times[warmup:].max()


def distances(times, warmup):
    median, low, high = quartiles(times[warmup:])
    return median, low - median, high - median


def int8(x, low=None, high=None, steps=255, first=-128, last=127):
    low = min(x.min(), 0) if low is None else low
    high = max(x.max(), 0) if high is None else high
    scale = (high - low) / steps
    zero = round(first - low / scale)
    return np.clip(np.round(x / scale) + zero, first, last).astype(np.int64), scale, zero


def symmetric(x):
    scale = np.abs(x).max() / 127
    return np.round(x / scale).astype(int), scale, 0


def without_zero_in_it(x):
    return int8(x, x.min(), x.max())


def overrun(x):
    low, high = min(x.min(), 0), max(x.max(), 0)
    scale = (high - low) / 255
    zero = round(-127 - low / scale)  # one too far up
    return (np.round(x / scale) + zero).astype(int).astype(np.int8), scale, zero


def cut_off(x):
    _, scale, zero = int8(x)
    return np.clip(np.floor(x / scale) + zero, -128, 127).astype(np.int8), scale, zero


def not_rounded(x):
    _, scale, zero = int8(x)
    return x / scale + zero, scale, zero


def numbers_again(x):
    q, scale, zero = int8(x)
    return scale * (q - zero), scale, zero


def zero_between(x):
    q, scale, _ = int8(x)
    return q, scale, -128 - min(x.min(), 0) / scale + 0.25


def other_sign(x):
    q, scale, zero = int8(x)
    return q, scale, -zero


def by_affine_map(x):
    low, high = min(0.0, *x), max(0.0, *x)
    scale = (high - low) / 255
    zero = int(np.clip(np.rint(-128 - low / scale), -128, 127))
    return np.array([max(-128, min(127, round(v / scale) + zero)) for v in x]), scale, zero


def without_clip(x):
    _, scale, zero = int8(x)
    return (np.round(x / scale) + zero).astype(np.int64), scale, zero


def two(scores):
    groups = scores.reshape(-1, 4, scores.shape[1])
    return (groups.argsort(axis=1).argsort(axis=1) >= 2).reshape(scores.shape)


def by_loop_two(W):
    mask = np.zeros(W.shape, int)
    for start in range(0, len(W), 4):
        for j in range(W.shape[1]):
            mask[start + np.argsort(abs(W[start : start + 4, j]))[2:], j] = 1
    return mask


def by_threshold(W):
    groups = np.abs(W).reshape(-1, 4, W.shape[1])
    return (groups >= np.sort(groups, axis=1)[:, 2:3]).reshape(W.shape)


def first_too_slow(table, budget):
    last = 0
    for width, ms in table.items():
        if ms > budget:
            break
        last = width
    return last


def sorted_first_too_slow(table, budget):
    return first_too_slow(dict(sorted(table.items())), budget)


def last_that_fits(table, budget):
    return ([width for width, ms in table.items() if ms <= budget] or [0])[-1]


def widest(table, budget):
    return max((width for width, ms in table.items() if ms <= budget), default=0)


WRONG = {
    check.summary: [
        (lambda t, w: quartiles(t), "warm-up is still in it"),
        (lambda t, w: quartiles(np.sort(t)[w:]), "do not sort before"),
        (lambda t, w: quartiles(t[: len(t) - w]), "the warm-up comes first"),
        (lambda t, w: quartiles(t[:w]), "these are the warm-up calls"),
        (lambda t, w: (t[w:].mean(), *quartiles(t[w:])[1:]), "this is the mean"),
        (lambda t, w: (t[w:].min(), *quartiles(t[w:])[1:]), "nobody gets twice"),
        (lambda t, w: np.quantile(t[w:], [0.25, 0.5, 0.75]), "another order"),
        (lambda t, w: np.median(t[w:]), "three numbers"),
        (extremes, "extremes"),
        (lambda t, w: np.quantile(t[w:], [0.5, 0.75, 0.25]), "wrong way round"),
        (distances, "quartiles themselves"),
        (lambda t, w: (np.median(t[w:]), np.median(t[w:]), 1.0), "were expected"),
        (lambda t, w: (0.1, 0.1, 0.1), "was expected"),
    ],
    check.two_of_four: [
        (lambda W: ~two(np.abs(W)), "wrong way round"),
        (two, "the sign counts for nothing"),
        (
            lambda W: (np.abs(W).reshape(-1, 4, W.shape[1]).argsort(1) >= 2).reshape(W.shape),
            "apply it twice",
        ),
        (lambda W: two(np.abs(W).T).T if W.shape[1] % 4 == 0 else W > 0, "along the outputs"),
        (lambda W: np.abs(W).argsort(0).argsort(0) >= len(W) // 2, "*every four*"),
        (lambda W: np.abs(W) > np.median(np.abs(W)), "*every four*"),
        (lambda W: two(np.abs(W).reshape(-1, 1)).reshape(W.shape), "along the outputs"),
        (lambda W: W * two(np.abs(W)), "True and False only"),
        (lambda W: np.arange(len(W))[:, None] % 4 < np.full(W.shape, 2), "first two"),
        (lambda W: np.roll(two(np.abs(np.roll(W, -2, 0))), 2, 0), "do not overlap"),
        (by_threshold, "a threshold cannot tell"),
        (lambda W: two(np.abs(W))[:, :1], "shape"),
        (lambda W: np.abs(W) > 0.5, "every four stay"),
    ],
    check.widest: [
        (lambda t, b: t[widest(t, b)], "not their time"),
        (lambda t, b: max(t), "the widest of all"),
        (lambda t, b: max((n for n in t if t[n] < b), default=0), "exactly the budget"),
        (first_too_slow, "do not stop"),
        (sorted_first_too_slow, "do not stop"),
        (last_that_fits, "need not be sorted"),
        (lambda t, b: min(t, key=t.get), "this is the fastest"),
        (lambda t, b: max((n for n in t if t[n] <= b), key=t.get, default=0), "a wider one"),
        (lambda t, b: widest(t, b) + 1, "was expected"),
        (lambda t, b: max(n for n in t if t[n] <= b), "return 0"),
        (lambda t, b: widest(t, b) or None, "return 0"),
        (lambda t, b: widest(t, b) or 8, "0 was expected"),
        (lambda t, b: [widest(t, b)], "a number was expected"),
    ],
    check.quantized: [
        (symmetric, "longer than it needs to be"),
        (lambda x: int8(x, steps=256 / 2), "longer than it needs to be"),
        (lambda x: int8(x, first=0, last=255), "-128 to 127"),
        (without_zero_in_it, "Let the range hold 0"),
        (overrun, "run over"),
        (without_clip, "clip"),
        (lambda x: (without_clip(x)[0].astype(np.int8), *without_clip(x)[1:]), "clip"),
        (cut_off, "do not cut off"),
        (not_rounded, "whole numbers: round"),
        (numbers_again, "Return q itself"),
        (zero_between, "zero point is itself an int8"),
        (other_sign, "sign of the zero point"),
        (lambda x: int8(x)[0], "three things"),
        (lambda x: (int8(x)[0][:5], 1.0, 0), "shape"),
        (lambda x: (int8(x)[0], 0.0, 0), "must be positive"),
    ],
}
RIGHT = {
    check.summary: [lambda t, w: quartiles(t[w:]), by_hand],
    check.two_of_four: [
        lambda W: two(np.abs(W)),
        by_loop_two,
        lambda W: masking.n_of_m({"": np.abs(W)}, 2, 4)[""],
    ],
    check.widest: [
        widest,
        lambda t, b: next((n for n in sorted(t, reverse=True) if t[n] <= b), 0),
        lambda t, b: float(max([n for n in t if t[n] <= b] + [0])),
    ],
    check.quantized: [
        int8,
        by_affine_map,
        lambda x: (int8(x)[0].astype(np.int8), *int8(x)[1:]),
        lambda x: (int8(x)[0].astype(float), np.float32(int8(x)[1]), np.int8(int8(x)[2])),
    ],
}


class TestAnswers(OfFunctions):
    wrong, right = WRONG, RIGHT


def test_quartiles_by_another_definition_will_do():
    def python(times, warmup):
        rest = sorted(times[warmup:])
        return np.median(rest), np.quantile(rest, 0.25, method="hazen"), np.quantile(rest, 0.75)

    assert check.summary(python)
