"""Typical answers to the exercises of notebook 09, and the hint that each of them gets."""

import numpy as np
from answers import Repeatable

from course_utils import structure
from course_utils.lessons.checks import structural_pruning as check


def work(macs, share, powers=None):
    powers = powers or [1, *[2] * (len(macs) - 2), 1]
    return sum(m * (1 - share) ** p for m, p in zip(macs, powers, strict=True))


def by_rank(norms, share):
    mask = np.ones(len(norms), bool)
    mask[np.argsort(norms, kind="stable")[: min(round(share * len(norms)), len(norms) - 1)]] = False
    return mask


def all_may_go(norms, share):
    mask = np.ones(len(norms), bool)
    mask[np.argsort(norms)[: round(share * len(norms))]] = False
    return mask


def by_threshold(norms, share):
    count = min(round(share * len(norms)), len(norms) - 1)
    return norms > np.sort(norms)[count - 1] if count else np.ones(len(norms), bool)


def rounded(how):
    def answer(norms, share):
        mask = np.ones(len(norms), bool)
        mask[np.argsort(norms)[: min(int(how(share * len(norms))), len(norms) - 1)]] = False
        return mask

    return answer


WRONG = {
    check.rows_of: [
        (lambda f, p, n: f * p + np.arange(p), "side by side"),
        (lambda f, p, n: f + p * np.arange(p), "after all *filters*"),
        (lambda f, p, n: [f], "first place only"),
        (lambda f, p, n: f * n + np.arange(n), "rows of one place"),
        (lambda f, p, n: [i for i in range(p * n) if i % n != f], "rows that stay"),
        (lambda f, p, n: f + 1 + n * np.arange(p), "counted from 0"),
        (lambda f, p, n: f - 1 + n * np.arange(p), "counted from 0"),
        (lambda f, p, n: np.arange(p * n) % n == f, "not a mask"),
        (lambda f, p, n: f + n * np.arange(p) / 1, "whole numbers"),
        (lambda f, p, n: f + n * np.arange(p - 1), "one row at each"),
        (lambda f, p, n: np.arange(p), "first rows should be"),
    ],
    check.work_left: [
        (lambda m, s: sum(m) - work(m, s), "the work that goes"),
        (lambda m, s: work(m, s) / sum(m), "this is a share"),
        (lambda m, s: work(m, 1 - s), "take 1 - share"),
        (lambda m, s: sum(m) * (1 - s), "loses twice"),
        (lambda m, s: sum(m) * (1 - s) ** 2, "one side only"),
        (lambda m, s: work(m, s, [*[2] * (len(m) - 1), 1]), "reads the image"),
        (lambda m, s: work(m, s, [1, *[2] * (len(m) - 1)]), "makes the classes"),
        (lambda m, s: work(m, s, [1, *[2] * (len(m) - 2), 0]), "reads fewer"),
        (lambda m, s: 12345, "was expected"),
        (lambda m, s: [work(m, s)], "a number was expected"),
    ],
    check.stays: [
        (lambda n, s: ~by_rank(n, s), "wrong way round"),
        (by_threshold, "cannot split equal norms"),
        (lambda n, s: by_rank(-n, s), "largest norms went"),
        (rounded(np.ceil), "round"),
        (rounded(np.floor), "round"),
        (all_may_go, "keep one at least"),
        (lambda n, s: n > s * n.max() * 0.1, "share is of the *number*"),
        (lambda n, s: np.flatnonzero(by_rank(n, s)), "not their numbers"),
        (lambda n, s: n * by_rank(n, s), "True and False"),
        (lambda n, s: by_rank(n, s)[:3], "shape"),
        (lambda n, s: by_rank(n, min(s, 0.5)), "all but one"),
        (lambda n, s: by_rank(n, max(s, 0.1)), "all should stay"),
        (lambda n, s: np.roll(by_rank(n, s), 1), "goes has a larger norm"),
    ],
}
RIGHT = {
    check.rows_of: [
        lambda f, p, n: f + n * np.arange(p),
        lambda f, p, n: [i for i in range(p * n) if i % n == f],
        lambda f, p, n: np.arange(p * n).reshape(p, n)[:, f],
    ],
    check.work_left: [
        work,
        lambda m, s: (1 - s) * (m[0] + m[-1]) + (1 - s) ** 2 * sum(m[1:-1]),
        lambda m, s: round(work(m, s)),
    ],
    check.stays: [
        by_rank,
        lambda n, s: structure.choose({"": n}, s, "layer")[""],
        lambda n, s: np.argsort(np.argsort(n, kind="stable")) >= min(round(s * len(n)), len(n) - 1),
    ],
}


class TestAnswers(Repeatable):
    wrong, right = WRONG, RIGHT
