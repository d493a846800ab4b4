"""Typical answers to the exercises of notebook 13, and the hint that each of them gets."""

from bisect import bisect_left

import numpy as np
from answers import Repeatable

from course_utils.lessons.checks import automatic_pruning as check


def work(macs, levels):
    return sum(macs) + levels * sum(sum(macs[i:]) for i in range(len(macs)))


def ways(losses, tolerance, levels):
    return np.where(losses <= tolerance, levels, 0).max(axis=1)


def plan(losses, levels, sizes, budget):
    for tolerance in np.unique(losses):
        chosen = ways(losses, tolerance, levels)
        if ((1 - chosen) * sizes).sum() <= budget:
            return chosen
    return None


def by_bisection(losses, levels, sizes, budget):
    steps = sorted({float(loss) for loss in losses.ravel()})
    at = bisect_left(
        steps, True, key=lambda t: ((1 - ways(losses, t, levels)) * sizes).sum() <= budget
    )
    return list(ways(losses, steps[at], levels))


def one_too_early(losses, levels, sizes, budget):
    before = np.zeros(len(sizes))
    for tolerance in np.unique(losses):
        chosen = ways(losses, tolerance, levels)
        if ((1 - chosen) * sizes).sum() <= budget:
            return before
        before = chosen
    return before


def uniform(losses, levels, sizes, budget):
    return [min(level for level in levels if (1 - level) * sizes.sum() <= budget)] * len(sizes)


def up_to_the_first(losses, levels, sizes, budget):
    for tolerance in np.unique(losses):
        good = np.cumprod(losses <= tolerance, axis=1).astype(bool)
        chosen = np.where(good, levels, 0).max(axis=1)
        if ((1 - chosen) * sizes).sum() <= budget:
            return chosen
    return None


def strictly_less(losses, levels, sizes, budget):
    for tolerance in np.unique(losses):
        chosen = np.where(losses < tolerance, levels, 0).max(axis=1)
        if ((1 - chosen) * sizes).sum() <= budget:
            return chosen
    return chosen


def largest_alone(losses, levels, sizes, budget):
    chosen = np.zeros(len(sizes))
    chosen[np.argmax(sizes)] = levels[-1]
    return chosen


def last_good(accuracy, dense, tolerance, levels):
    last = 0.0
    for level in levels:
        if accuracy(level) < dense - tolerance:
            break
        last = level
    return last


def recursive(accuracy, dense, tolerance, levels, last=0):
    if not levels or not accuracy(levels[0]) >= dense - tolerance:
        return last
    return recursive(accuracy, dense, tolerance, levels[1:], levels[0])


def before_that(accuracy, dense, tolerance, levels):
    last, known = 0.0, dense
    for level in levels:
        now = accuracy(level)
        if now < known - tolerance:
            break
        last, known = level, now
    return last


def highest(accuracy, dense, tolerance, levels):
    return max((s for s in levels if accuracy(s) >= dense - tolerance), default=0)


def first_failing(accuracy, dense, tolerance, levels):
    return next((s for s in levels if accuracy(s) < dense - tolerance), levels[-1])


def all_of_them(accuracy, dense, tolerance, levels):
    good = [accuracy(s) >= dense - tolerance for s in levels]
    return ([0, *levels])[int(np.cumprod(good).sum())]


def asked_twice(accuracy, dense, tolerance, levels):
    last = 0.0
    while True:
        left = [s for s in levels if s > last]
        if not left or accuracy(left[0]) < dense - tolerance:
            return last
        last = left[0] if accuracy(left[0]) >= dense - tolerance else last


def tolerating(bound):
    def answer(accuracy, dense, tolerance, levels):
        last = 0.0
        for level in levels:
            if not bound(accuracy(level), dense, tolerance):
                break
            last = level
        return last

    return answer


WRONG = {
    check.work: [
        (lambda m, n: (1 + n * len(m)) * sum(m), "begins at the image every time"),
        (lambda m, n: n * len(m) * sum(m), "begins at the image every time"),
        (lambda m, n: work(m, n) - sum(m), "once more"),
        (lambda m, n: sum(m) + n * int(np.cumsum(m).sum()), "That part is kept"),
        (lambda m, n: work(m, n) - n * sum(m), "its weights have changed"),
        (lambda m, n: (1 + n) * sum(m), "only the touched layer"),
        (lambda m, n: work(m, 1), "runs `levels` times"),
        (lambda m, n: (1 + n * len(m)) * sum(m) / work(m, n), "a ratio"),
        (lambda m, n: 17, "was expected"),
        (lambda m, n: m, "a number was expected"),
    ],
    check.plan: [
        (one_too_early, "*exceeded* for the last time"),
        (uniform, "Where less is lost"),
        (lambda a, b, c, d: 1 - plan(a, b, c, d), "shares that go"),
        (lambda a, b, c, d: plan(a, b, np.full(len(c), c.mean()), d), "differ in size"),
        (lambda a, b, c, d: plan(a, b, c, c.sum() - d), "may stay, not how many go"),
        (up_to_the_first, "take the highest"),
        (strictly_less, "equal to the tolerance"),
        (lambda a, b, c, d: np.full(len(c), b[-1]), "Where less is lost"),
        (lambda a, b, c, d: np.searchsorted(b, plan(a, b, c, d)), "places in `levels`"),
        (lambda a, b, c, d: plan(a, b, c, d)[:1], "one level for each"),
        (lambda a, b, c, d: plan(a, b, c, d) * 0.9, "not tried"),
        (largest_alone, "every layer as far"),
        (lambda a, b, c, d: plan(a, b, c, d / 2), "can be kept with"),
    ],
    check.last_good: [
        (before_that, "held against the one before"),
        (first_failing, "The last one *before* it"),
        (highest, "luck"),
        (tolerating(lambda a, d, t: a >= d), "a loss is tolerated"),
        (tolerating(lambda a, d, t: a >= d * (1 - t)), "not a share"),
        (all_of_them, "goes on after the first failure"),
        (asked_twice, "more than once"),
        (lambda a, d, t, s: max(last_good(a, d, t, s), s[0]), "return 0"),
        (lambda a, d, t, s: a(0.6), "the levels are"),
        (lambda a, d, t, s: None if a(s[0]) > 2 else "0.9", "a number was expected"),
    ],
}
RIGHT = {
    check.work: [
        work,
        lambda m, n: sum(m) + n * sum((i + 1) * one for i, one in enumerate(m)),
        lambda m, n: int(sum(m) + n * np.cumsum(m[::-1]).sum()),
    ],
    check.plan: [plan, by_bisection, lambda *given: dict(enumerate(plan(*given)))],
    check.last_good: [
        last_good,
        recursive,
        tolerating(lambda a, d, t: not d - a > t),
    ],
}


class TestAnswers(Repeatable):
    wrong, right = WRONG, RIGHT
    some_answer = staticmethod(lambda *given: 3)
