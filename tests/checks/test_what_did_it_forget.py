"""Typical answers to the exercises of notebook 15, and the hint that each of them gets."""

from collections import Counter
from itertools import pairwise

import numpy as np
from answers import Repeatable

from course_utils.lessons import forgetting
from course_utils.lessons.checks import what_did_it_forget as check


def counts(predicted, labels):
    return np.array([np.sum((predicted != labels) & (labels == c)) for c in range(10)])


def sizes(labels):
    return np.array([np.sum(labels == c) for c in range(10)])


def votes(predicted):
    return np.array([Counter(column.tolist()).most_common(1)[0][0] for column in predicted.T])


def binned(confidence, right, bins):
    """The shares and gaps of the bins that hold answers."""
    edges = np.linspace(0, 1, bins + 1)
    inside = [(a < confidence) & (confidence <= b) for a, b in pairwise(edges)]
    found = [(i.mean(), right[i].mean() - confidence[i].mean()) for i in inside if i.any()]
    return np.array(found).T


def answer(formula):
    return lambda c, r, b: float(formula(*binned(c, r, b)))


def with_empty_bins(c, r, bins):
    place = np.minimum((c * bins).astype(int), bins - 1)
    with np.errstate(invalid="ignore"):
        n, sure, hits = (np.bincount(place, w, bins) for w in (None, c, r))
        return float((n / len(c) * np.abs(hits / n - sure / n)).sum())


WRONG = {
    check.errors_by_class: [
        (lambda p, y: 1 - counts(p, y) / sizes(y), "shares of right answers"),
        (counts, "these are counts"),
        (lambda p, y: counts(p, y) / len(y), "divides by all images"),
        (lambda p, y: counts(p, y) / counts(p, y).sum(), "what the errors consist of"),
        (lambda p, y: [np.mean(y[p == c] != c) for c in range(10)], "sorts by what the network"),
        (lambda p, y: np.array([np.sum((p == c) & (y != c)) for c in range(10)]) / sizes(y),
         "counts what wrong answers said"),
        (lambda p, y: 100 * counts(p, y) / sizes(y), "percent"),
        (lambda p, y: np.full(10, np.mean(p != y)), "error of all images"),
        (lambda p, y: np.mean(p != y), "shape"),
        (lambda p, y: np.roll(counts(p, y) / sizes(y), 1), "yours says"),
    ],
    check.lost_images: [
        (lambda d, p: votes(d) == votes(p), "wrong way round"),
        (lambda d, p: d[0] != p[0], "One network is one draw"),
        (lambda d, p: d.mean(axis=0) != p.mean(axis=0), "a mean of labels"),
        (lambda d, p: d.mean(axis=0).round() != p.mean(axis=0).round(), "a mean of labels"),
        (lambda d, p: np.median(d, axis=0) != np.median(p, axis=0), "a median"),
        (lambda d, p: (np.concatenate([d, p]) != d[0]).any(axis=0), "a single network"),
        (lambda d, p: [not set(a) & set(b) for a, b in zip(d.T, p.T, strict=True)],
         "share no answer"),
        (lambda d, p: np.flatnonzero(votes(d) != votes(p)), "these are places"),
        (lambda d, p: votes(p), "for each image"),
        (lambda d, p: votes(d) != np.roll(votes(p), 1), "judged otherwise"),
        (lambda d, p: (votes(d) != votes(p)).sum() > 0, "shape"),
    ],
    check.calibration_error: [
        (answer(lambda share, gap: np.abs(gap).mean()), "every bin counts the same"),
        (answer(lambda share, gap: np.abs(gap).sum()), "summed, not weighted"),
        (lambda c, r, b: float(len(c) * answer(lambda s, g: s @ np.abs(g))(c, r, b)),
         "not by their number"),
        (answer(lambda share, gap: share @ gap), "cancel out"),
        (answer(lambda share, gap: abs(share @ gap)), "cancel out"),
        (lambda c, r, b: abs(c.mean() - r.mean()), "cancel out"),
        (lambda c, r, b: np.abs(r - c).mean(), "right or wrong"),
        (answer(lambda share, gap: np.abs(gap).max()), "maximum"),
        (answer(lambda share, gap: share @ gap**2), "squared"),
        (answer(lambda share, gap: 100 * share @ np.abs(gap)), "percent"),
        (with_empty_bins, "NaN"),
        (lambda c, r, b: 0.5, "was expected"),
        (lambda c, r, b: c, "a number was expected"),
    ],
}  # fmt: skip
RIGHT = {
    check.errors_by_class: [
        lambda p, y: counts(p, y) / sizes(y),
        lambda p, y: [np.mean(p[y == c] != c) for c in range(10)],
        forgetting.class_errors,
        lambda p, y: 1 - np.bincount(y[p == y], minlength=10) / np.bincount(y, minlength=10),
    ],
    check.lost_images: [
        lambda d, p: votes(d) != votes(p),
        forgetting.exemplars,
        lambda d, p: [int(a != b) for a, b in zip(votes(d), votes(p), strict=True)],
    ],
    check.calibration_error: [
        answer(lambda share, gap: share @ np.abs(gap)),
        lambda c, r, b: sum(
            abs(np.sum(r[np.ceil(c * b) == m]) - np.sum(c[np.ceil(c * b) == m]))
            for m in range(1, b + 1)
        ) / len(c),
        # Bins that take in their lower edge, as np.histogram's do: the same but on an edge.
        lambda c, r, b: np.abs(np.histogram(c, b, (0, 1), weights=r - c)[0]).sum() / len(c),
    ],
}  # fmt: skip


class TestAnswers(Repeatable):
    wrong, right = WRONG, RIGHT
