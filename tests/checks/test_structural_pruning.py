"""Typical answers to the exercises of notebook 11, and the hint that each of them gets."""

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


def smallest_stays(norms, share):
    mask = by_rank(norms, share)
    return mask if mask.sum() > 1 else norms == norms.min()


def both(mean, variance):
    return lambda maps: (mean(maps), variance(maps))


def mean(maps):
    return maps.mean(axis=(0, 1, 2))


def var(maps):
    return maps.var(axis=(0, 1, 2))


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
        (smallest_stays, "the largest norm"),
        (lambda n, s: n > np.quantile(n, s), "quantile or"),
        (lambda n, s: n >= np.quantile(n, s), "quantile or"),
        (lambda n, s: n > s * n.max() * 0.1, "share is of the *number*"),
        (lambda n, s: np.flatnonzero(by_rank(n, s)), "these are places"),
        (lambda n, s: n * by_rank(n, s), "True and False"),
        (lambda n, s: by_rank(n, s)[:3], "shape"),
        (lambda n, s: by_rank(n, min(s, 0.5)), "all but one"),
        (lambda n, s: by_rank(n, max(s, 0.1)), "all should stay"),
        (lambda n, s: np.roll(by_rank(n, s), 1), "goes has a larger norm"),
        (lambda n, s: np.argsort(n) >= round(s * len(n)), "not the filters' ranks"),
    ],
    check.statistics: [
        (lambda maps: (maps.mean(0), maps.var(0)), "places count as well"),
        (lambda maps: (maps.mean(-1), maps.var(-1)), "goes over the channels"),
        (lambda maps: (maps.mean((1, 2)), maps.var((1, 2))), "go over the images, too"),
        (lambda maps: (maps.mean(), maps.var()), "one number for everything"),
        (lambda maps: (maps.mean((1, 2, 3)), maps.var((1, 2, 3))), "one number an image"),
        (both(mean, lambda maps: maps.std((0, 1, 2))), "standard deviation"),
        (both(mean, lambda maps: maps.var((0, 1, 2), ddof=1)), "divides by n - 1"),
        (both(mean, lambda maps: (maps**2).mean((0, 1, 2))), "take the mean off"),
        (both(mean, lambda maps: maps.var((1, 2)).mean(0)), "images differ"),
        (both(mean, lambda maps: maps.var(0).mean((0, 1))), "places differ"),
        (both(lambda maps: np.median(maps, (0, 1, 2)), var), "the median"),
        (both(var, mean), "the mean comes first"),
        (both(lambda maps: maps.sum((0, 1, 2)), var), "the sum"),
        (mean, "two things"),
        (both(lambda maps: mean(maps) + 1, var), "the means are not"),
        (both(mean, lambda maps: var(maps) / 2), "the variances are not"),
    ],
}
RIGHT = {
    check.rows_of: [
        lambda f, p, n: f + n * np.arange(p),
        lambda f, p, n: [i for i in range(p * n) if i % n == f],
        lambda f, p, n: np.arange(p * n).reshape(p, n)[:, f],
        lambda f, p, n: set(range(f, p * n, n)),
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
    check.statistics: [
        both(mean, var),
        lambda maps: [(f := maps.reshape(-1, maps.shape[-1])).mean(0), f.var(0)],
        lambda maps: np.array([mean(maps), (maps**2).mean((0, 1, 2)) - mean(maps) ** 2]),
        lambda maps: (maps.mean((0, 1, 2), keepdims=True), maps.var((0, 1, 2), keepdims=True)),
    ],
}


class TestAnswers(Repeatable):
    wrong, right = WRONG, RIGHT
