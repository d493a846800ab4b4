"""Typical answers to the exercises of notebook 16, and the hint that each of them gets."""

from bisect import bisect_left

import numpy as np
from answers import Repeatable

from course_utils.lessons.checks import automatic_pruning as check


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


def below_the_budget(losses, levels, sizes, budget):
    for tolerance in np.unique(losses):
        chosen = ways(losses, tolerance, levels)
        if ((1 - chosen) * sizes).sum() < budget:
            return chosen
    return chosen


def largest_alone(losses, levels, sizes, budget):
    chosen = np.zeros(len(sizes))
    chosen[np.argmax(sizes)] = levels[-1]
    return chosen


def on_a_grid(step):
    def answer(losses, levels, sizes, budget):
        for tolerance in np.arange(0, 0.5, step):
            chosen = ways(losses, tolerance + 1e-12, levels)
            if ((1 - chosen) * sizes).sum() <= budget:
                return chosen
        return chosen

    return answer


def by_mean_loss(losses, levels, sizes, budget):
    """The first level at which everything fits, for all alike, but sparing the most sensitive."""
    chosen = np.full(len(sizes), levels[-1])
    chosen[losses.mean(axis=1).argmax()] = levels[-2]
    return chosen


def shares(factors, sizes, budget):
    """Bisection on the scale."""
    low, high = 0.0, 1e6
    for _ in range(200):
        c = (low + high) / 2
        low, high = (c, high) if np.minimum(1, c * factors) @ sizes < budget else (low, c)
    return np.minimum(1, high * factors)


def by_ranking(factors, sizes, budget):
    """Layers are filled from the largest factor on."""
    order, found = np.argsort(-factors), np.ones(len(sizes))
    for place in range(len(order)):
        rest = order[place:]
        c = (budget - sizes[order[:place]].sum()) / (factors[rest] @ sizes[rest])
        if c * factors[order[place]] <= 1:
            found[rest] = c * factors[rest]
            break
    return found


def by_small_steps(factors, sizes, budget):
    c = 0.99 * budget / (factors @ sizes)  # a little less than if no layer were full
    while np.minimum(1, c * factors) @ sizes < budget:
        c *= 1.0001
    return np.minimum(1, c * factors).tolist()


def plain(factors, sizes, budget):
    return budget * factors / (factors @ sizes)


def once(factors, sizes, budget):
    full = plain(factors, sizes, budget) > 1
    if full.all():
        return np.ones(len(sizes))
    rest = ~full
    c = (budget - sizes[full].sum()) / (factors[rest] @ sizes[rest])
    return np.where(full, 1, c * factors)


WRONG = {
    check.plan: [
        (one_too_early, "*exceeded* for the last time"),
        (uniform, "Where less is lost"),
        (lambda a, b, c, d: 1 - plan(a, b, c, d), "shares that go"),
        (lambda a, b, c, d: plan(a, b, np.full(len(c), c.mean()), d), "differ in size"),
        (lambda a, b, c, d: plan(a, b, c, c.sum() - d), "may stay, not how many go"),
        (up_to_the_first, "take the highest"),
        (strictly_less, "equal to the tolerance"),
        (below_the_budget, "As much as the budget is allowed"),
        (lambda a, b, c, d: np.full(len(c), b[-1]), "Where less is lost"),
        (lambda a, b, c, d: np.searchsorted(b, plan(a, b, c, d)), "places in `levels`"),
        (lambda a, b, c, d: plan(a, b, c, d)[:1], "one level for each"),
        (lambda a, b, c, d: plan(a, b, c, d) * 0.9, "not tried"),
        (largest_alone, "every layer as far"),
        (lambda a, b, c, d: plan(a, b, c, d / 2), "can be kept with"),
        (on_a_grid(0.01), "can be kept with"),
        (on_a_grid(0.001), "can be kept with"),
        (by_mean_loss, "can be kept with"),
    ],
    check.densities: [
        (lambda f, n, b: shares(f, n, b) * n, "divide by the sizes"),
        (lambda f, n, b: 1 - shares(f, n, b), "those that stay"),
        (plain, "nothing above 1"),
        (lambda f, n, b: np.minimum(1, plain(f, n, b)), "Find c anew"),
        (once, "look at all layers again"),
        (lambda f, n, b: np.minimum(1, once(f, n, b)), "another may fill up"),
        (lambda f, n, b: np.full(len(n), b / n.sum()), "no part in it"),
        (lambda f, n, b: b * f / f.sum() / n, "the shares should be"),
        (lambda f, n, b: b / n.sum() * f / f.sum(), "sizes count"),
        (lambda f, n, b: f / f.max(), "was expected"),
        (lambda f, n, b: np.minimum(1, f * b / n.sum()), "was expected"),
        (lambda f, n, b: b / (f @ n), "shape"),
        (lambda f, n, b: np.exp(f) / np.exp(f).sum(), "was expected"),
        (lambda f, n, b: shares(f, n, b).round(2), "was expected"),
    ],
}
RIGHT = {
    check.plan: [plan, by_bisection, lambda *given: dict(enumerate(plan(*given)))],
    check.densities: [shares, by_ranking, by_small_steps],
}


class TestAnswers(Repeatable):
    wrong, right = WRONG, RIGHT
    some_answer = staticmethod(lambda *given: 3)
