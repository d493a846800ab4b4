"""Typical answers to the exercises of notebook 11, and the hint that each of them gets."""

import math

import numpy as np
from answers import OfFunctions

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


def crossing(densities, sparse, dense):
    return np.interp(0, sparse - dense, densities)


def by_loop(densities, sparse, dense):
    for i in range(1, len(densities)):
        before, after = sparse[i - 1] - dense[i - 1], sparse[i] - dense[i]
        if before < 0 <= after:
            way = before / (before - after)
            return densities[i - 1] + way * (densities[i] - densities[i - 1])
    return float("nan")


def last_faster(densities, sparse, dense):
    return densities[sparse < dense][-1]


def nearest(densities, sparse, dense):
    return densities[np.argmin(np.abs(sparse - dense))]


def middle(densities, sparse, dense):
    i = np.argmax(sparse > dense)
    return (densities[i - 1] + densities[i]) / 2


def a_time(densities, sparse, dense):
    return np.interp(crossing(densities, sparse, dense), densities, dense)


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
    check.break_even: [
        (lambda d, s, b: 1 - crossing(d, s, b), "sparsity"),
        (last_faster, "was measured"),
        (nearest, "was measured"),
        (middle, "is a guess"),
        (lambda d, s, b: int(np.argmax(s > b)), "place in the list"),
        (a_time, "this is a time"),
        (lambda d, s, b: np.interp(b[0], s, d), "one time for the dense"),
        (lambda d, s, b: 0.42, "was expected"),
        (lambda d, s, b: "never", "a number was expected"),
    ],
    check.quantized: [
        (symmetric, "longer than it needs to be"),
        (lambda x: int8(x, steps=256 / 2), "longer than it needs to be"),
        (lambda x: int8(x, first=0, last=255), "-128 to 127"),
        (without_zero_in_it, "Let the range hold 0"),
        (overrun, "run over"),
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
    check.break_even: [
        crossing,
        by_loop,
        lambda d, s, b: float(np.interp(1, s / b, d)),
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
