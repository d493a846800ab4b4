"""Typical answers to the exercises of notebook 09, and the hint that each of them gets."""

import math

import numpy as np
from answers import Repeatable

from course_utils import regrowth
from course_utils.lessons.checks import regrowth as check


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


def truncated(step, kept, fraction, end):
    return int(fraction / 2 * (1 + math.cos(math.pi * min(step, end) / end)) * kept)


def by_gradient_alone(mask, weights, gradients, count):
    return swap(mask, gradients * mask, gradients, count)


WRONG = {
    check.replaced: [
        (lambda s, k, f, e: regrowth.cosine(f, s, e), "this is the share"),
        (lambda s, k, f, e: round((1 - regrowth.cosine(f, s, e)) * k), "this is what stays"),
        (lambda s, k, f, e: round(f * (1 + math.cos(math.pi * s / e)) * k), "twice the fraction"),
        (lambda s, k, f, e: int(f * (1 + math.cos(math.pi * s / e)) * k), "twice the fraction"),
        (lambda s, k, f, e: round(f * k), "does not decay"),
        (lambda s, k, f, e: int(f * k), "does not decay"),
        (lambda s, k, f, e: round(f * math.cos(math.pi * s / e) * k), "plain cosine"),
        (lambda s, k, f, e: round(f / 2 * (1 + math.cos(s / e)) * k), "radians"),
        (lambda s, k, f, e: round(f * max(1 - s / e, 0) * k), "straight line"),
        (lambda s, k, f, e: regrowth.cosine(f, s, e) * k, "was expected"),
        (lambda s, k, f, e: math.ceil(regrowth.cosine(f, s, e) * k), "not up"),
        (lambda s, k, f, e: round(f / 2 * (1 + math.cos(math.pi * s / e)) * k), "after the end"),
        (lambda s, k, f, e: 7, "was expected"),
        (lambda s, k, f, e: "many", "a number was expected"),
    ],
    check.swap: [
        (drop_only, "none came"),
        (lambda m, w, g, n: swap(m, w, g, n) * w, "True and False only"),
        (lambda m, w, g, n: np.flatnonzero(swap(m, w, g, n)), "these are places"),
        (among_all_the_zeros, "smallest among the *kept*"),
        (lambda m, w, g, n: swap(m, np.exp(w), g, n), "most negative"),
        (lambda m, w, g, n: swap(m, w, np.exp(g), n), "compare |g|"),
        (lambda m, w, g, n: swap(m, np.exp(-np.abs(w)), g, n), "largest weights went"),
        (lambda m, w, g, n: swap(m, w, np.exp(-np.abs(g)), n), "*largest*"),
        (by_gradient_alone, "Drop by |w|"),
        (never_back, "may come back at once"),
        (lambda m, w, g, n: m, "nothing moved"),
        (lambda m, w, g, n: m.astype(float)[:3], "shape"),
    ],
}
RIGHT = {
    check.replaced: [
        half_cosine,
        truncated,
        lambda s, k, f, e: round(regrowth.cosine(f, s, e) * k),
        lambda s, k, f, e: int(np.rint(f * np.cos(np.pi / 2 * min(s / e, 1)) ** 2 * k)),
        lambda s, k, f, e: np.floor(f * np.cos(np.pi / 2 * min(s / e, 1)) ** 2 * k),
    ],
    check.swap: [
        swap,
        by_lists,
        lambda m, w, g, n: swap(m, w, g, n).astype(int),
        lambda m, w, g, n: regrowth.swap({"": m}, {"": np.abs(w)}, {"": np.abs(g)}, n / m.sum())[
            ""
        ],
    ],
}


class TestAnswers(Repeatable):
    wrong, right = WRONG, RIGHT
