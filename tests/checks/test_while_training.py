"""Typical answers to the exercises of notebook 08, and the hint that each of them gets."""

import math

import numpy as np
from answers import Repeatable

from course_utils import regrowth, schedules
from course_utils.lessons.checks import while_training as check


def cubic(step, final, begin, end, every):
    if step < begin:
        return 0.0
    step = min(step, end)
    t = (step - begin) // every * every / (end - begin)
    return final - final * (1 - t) ** 3


def cubic_with(shape, step, final, begin, end):
    """A cubic without `every`, of some function of the part of the way."""
    t = min(max((step - begin) / (end - begin), 0), 1)
    return final * shape(t)


def no_start(step, final, begin, end, every):
    t = min((step - begin) // every * every / (end - begin), 1)
    return final * (1 - (1 - t) ** 3)


def no_stop(step, final, begin, end, every):
    t = max((step - begin) // every * every / (end - begin), 0)
    return final * (1 - (1 - t) ** 3)


def rounded_up(step, final, begin, end, every):
    t = min(max(math.ceil((step - begin) / every) * every / (end - begin), 0), 1)
    return final * (1 - (1 - t) ** 3)


def half_cosine(step, kept, fraction, end):
    if step >= end:
        return 0
    return round(fraction / 2 * (1 + math.cos(math.pi * step / end)) * kept)


def swap(mask, weights, gradients, count):
    kept = np.flatnonzero(mask)
    new = mask.copy()
    new[kept[np.argsort(np.abs(weights[kept]))[:count]]] = False
    free = np.flatnonzero(~new)
    new[free[np.argsort(-np.abs(gradients[free]))[:count]]] = True
    return new


def drop_only(mask, weights, gradients, count):
    kept = np.flatnonzero(mask)
    new = mask.copy()
    new[kept[np.argsort(np.abs(weights[kept]))[:count]]] = False
    return new


def among_all_the_zeros(mask, weights, gradients, count):
    new = mask.copy()
    new[np.argsort(np.abs(weights))[:count]] = False  # these are pruned already
    free = np.flatnonzero(~new)
    new[free[np.argsort(-np.abs(gradients[free]))[:count]]] = True
    return new


def never_back(mask, weights, gradients, count):
    free = np.flatnonzero(~mask)
    new = drop_only(mask, weights, gradients, count)
    new[free[np.argsort(-np.abs(gradients[free]))[:count]]] = True
    return new


def by_lists(mask, weights, gradients, count):
    size = [abs(w) if m else math.inf for m, w in zip(mask, weights, strict=True)]
    gone = sorted(range(len(mask)), key=size.__getitem__)[:count]
    new = [bool(m) and i not in gone for i, m in enumerate(mask)]
    free = [i for i, m in enumerate(new) if not m]
    for i in sorted(free, key=lambda i: -abs(gradients[i]))[:count]:
        new[i] = True
    return new


WRONG = {
    check.cubic: [
        (lambda s, f, b, e, every: 1 - cubic(s, f, b, e, every), "density"),
        (lambda s, f, b, e, every: cubic_with(lambda t: (1 - t) ** 3, s, f, b, e), "it falls"),
        (lambda s, f, b, e, every: cubic_with(lambda t: t**3, s, f, b, e), "starts slowly"),
        (lambda s, f, b, e, every: cubic_with(lambda t: t, s, f, b, e), "straight line"),
        (lambda s, f, b, e, every: f * (1 - (1 - min(s / e, 1)) ** 3), "starts at `begin`"),
        (no_start, "before `begin`"),
        (no_stop, "from `end` on"),
        (lambda s, f, b, e, v: cubic_with(lambda t: 1 - (1 - t) ** 3, s, f, b, e), "at every step"),
        (rounded_up, "too early"),
        (lambda s, f, b, e, every: 0.123, "was expected"),
        (lambda s, f, b, e, every: "half", "a number was expected"),
    ],
    check.replaced: [
        (lambda s, k, f, e: regrowth.cosine(f, s, e), "this is the share"),
        (lambda s, k, f, e: round(f * (1 + math.cos(math.pi * s / e)) * k), "twice the fraction"),
        (lambda s, k, f, e: round(f * k), "does not decay"),
        (lambda s, k, f, e: round(f * math.cos(math.pi * s / e) * k), "plain cosine"),
        (lambda s, k, f, e: round(f / 2 * (1 + math.cos(math.radians(s / e))) * k), "decay"),
        (lambda s, k, f, e: round(f * max(1 - s / e, 0) * k), "straight line"),
        (lambda s, k, f, e: regrowth.cosine(f, s, e) * k, "whole number"),
        (lambda s, k, f, e: round(f / 2 * (1 + math.cos(math.pi * s / e)) * k), "after the end"),
        (lambda s, k, f, e: 7, "was expected"),
    ],
    check.swap: [
        (drop_only, "none came"),
        (lambda m, w, g, n: swap(m, w, g, n) * w, "True and False only"),
        (among_all_the_zeros, "smallest among the *kept*"),
        (lambda m, w, g, n: swap(m, np.exp(w), g, n), "most negative"),
        (lambda m, w, g, n: swap(m, w, np.exp(g), n), "compare |g|"),
        (lambda m, w, g, n: swap(m, np.exp(-np.abs(w)), g, n), "largest weights went"),
        (never_back, "may come back at once"),
        (lambda m, w, g, n: m, "drop the `count`"),
        (lambda m, w, g, n: m[:3], "shape"),
    ],
    check.rounds: [
        (lambda n, share: (1 - share) ** n, "density"),
        (lambda n, share: n * share, "what is *left*"),
        (lambda n, share: min(1, n * share), "what is *left*"),
        (lambda n, share: share**n, "multiply these"),
        (lambda n, share: 1 - share**n, "raise that"),
        (lambda n, share: 1 - (1 - share) ** (n - 1), "one round is missing"),
        (lambda n, share: 100 * (1 - (1 - share) ** n), "not a percentage"),
        (lambda n, share: 0.5, "was expected"),
        (lambda n, share: 1 - (1 - share) ** max(n, 1), "after 0 rounds"),
    ],
}
RIGHT = {
    check.cubic: [
        cubic,
        lambda s, f, b, e, every: schedules.polynomial(f, b, e, every=every)(s),
        lambda s, f, b, e, v: f * (1 - (1 - min(max((s - b) // v * v, 0) / (e - b), 1)) ** 3),
    ],
    check.replaced: [
        half_cosine,
        lambda s, k, f, e: round(regrowth.cosine(f, s, e) * k),
        lambda s, k, f, e: int(np.rint(f * np.cos(np.pi / 2 * min(s / e, 1)) ** 2 * k)),
    ],
    check.swap: [
        swap,
        by_lists,
        lambda m, w, g, n: regrowth.swap({"": m}, {"": np.abs(w)}, {"": np.abs(g)}, n / m.sum())[
            ""
        ],
    ],
    check.rounds: [
        lambda n, share: 1 - (1 - share) ** n,
        lambda n, share: sum(share * (1 - share) ** k for k in range(n)),
        lambda n, share: -np.expm1(n * np.log1p(-share)),
    ],
}


class TestAnswers(Repeatable):
    wrong, right = WRONG, RIGHT
