"""Checks for notebook 16: from a scan to a plan, and a budget met by given ratios."""

import functools
from collections.abc import Callable, Iterator

import numpy as np

from course_utils.lessons.checks.verdict import as_array, call, compare, exercise, hints

# Losses by layer and level, sizes, and a budget of weights left; level 0 is always there.
LEVELS = np.array([0.0, 0.5, 0.75, 0.9])
_CASES = (
    ([[0, 0.02, 0.06, 0.2], [0, 0.0, 0.01, 0.03], [0, 0.04, 0.05, 0.3]], [100, 10_000, 500], 3000),
    ([[0, 0.02, 0.06, 0.2], [0, 0.0, 0.01, 0.03], [0, 0.04, 0.05, 0.3]], [100, 10_000, 500], 1300),
    # The measured loss of the first layer falls again: no reason to stop before it.
    ([[0, 0.05, 0.01, 0.2], [0, 0.01, 0.02, 0.04]], [1000, 1000], 500),
    ([[0, 0.1, 0.2, 0.3], [0, 0.1, 0.2, 0.3]], [10, 10], 2),
    ([[0, 0.1, 0.2, 0.3], [0, 0.1, 0.2, 0.3]], [10, 10], 20),
    # Losses on no grid, two of them close together: a fixed step of the tolerance misses one.
    ([[0, 0.00437, 0.0128, 0.09], [0, 0.0044213, 0.00442139, 0.0537]], [800, 1000], 650),
    ([[0, 0.00437, 0.0128, 0.09], [0, 0.0044213, 0.00442139, 0.0537]], [800, 1000], 900),
)


@exercise("Right: one tolerance for all layers, and each goes its own way.")
def plan(function: Callable) -> Iterator[str]:
    """Check (losses, levels, sizes, budget) -> level of each layer: one tolerance for all."""
    for losses, sizes, budget in ((np.array(a, float), np.array(b), c) for a, b, c in _CASES):
        answer = call(function, losses, LEVELS, sizes, budget)
        got = np.asarray(list(answer.values()) if isinstance(answer, dict) else answer)
        if got.shape != sizes.shape:
            yield f"one level for each of the {len(sizes)} layers was expected"
        if got.dtype.kind in "iu" and got.max() >= 1:
            yield "these are places in `levels`. Return the levels themselves"
        got, exact = got.astype(float)[:, None], np.append(LEVELS, 1 - LEVELS)
        if not np.isclose(got, exact).any(axis=1).all():
            yield "a layer has a level that was not tried: choose among `levels`"
        got = exact[np.abs(got - exact).argmin(axis=1)]
        if not np.allclose(got, _planned(losses, sizes, budget)[0]):
            yield from _plan_hints(got, losses, sizes, budget)


def _plan_hints(
    got: np.ndarray, losses: np.ndarray, sizes: np.ndarray, budget: float
) -> Iterator[str]:
    right, before = _planned(losses, sizes, budget)
    if np.allclose(got, 1 - right):
        yield "these are the shares that stay. Return levels: the shares that go."
    left = float(((1 - got) * sizes).sum())
    yield from hints(
        got,
        ("here the budget is *exceeded* for the last time, and the next tolerance keeps it (a loss "
         "equal to the tolerance is tolerated).", before),
        ("the layers differ in size: count the weights that are left, not the mean of the levels.",
         _planned(losses, np.full(len(sizes), sizes.mean()), budget)[0]),
        ("`budget` is how many weights may stay, not how many go.",
         _planned(losses, sizes, sizes.sum() - budget)[0]),
        ("a layer stops at the first level that loses too much; take the highest that does not. "
         "(Or do you ask for less than the budget? As much as the budget is allowed.)",
         _planned(np.maximum.accumulate(losses, axis=1), sizes, budget)[0]),
    )  # fmt: skip
    if len(set(got)) == 1:
        yield "all layers get the same level. Where less is lost, more can go."
    if left > budget:
        yield f"{left:,.0f} weights are left, and the budget is {budget:,}."
    top, least = (losses[LEVELS == levels[:, None]].max() for levels in (got, right))
    if top > least + 1e-12:
        yield f"a layer loses {top:.2f}; the budget can be kept with {least:.2f} in each."
    yield (
        f"for a budget of {budget:,} {got.tolist()} came, and {right.tolist()} was expected: every "
        "layer as far as the tolerance allows."
    )


def _planned(losses: np.ndarray, sizes: np.ndarray, budget: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the plan, and the choice of the last tolerance before it."""
    chosen = np.zeros(len(sizes))
    for tolerance in np.unique(losses):
        last, chosen = chosen, np.where(losses <= tolerance, LEVELS, 0).max(axis=1)
        if ((1 - chosen) * sizes).sum() <= budget:
            break
    return chosen, last


# Factors by layer, sizes, and a budget of weights left.
_RATIOS = (
    ([4.0, 2.0, 1.0], [500, 25_000, 400_000], 8_510),
    ([1.0, 1.0], [100, 900], 200),
    ([100.0, 2.0, 1.0], [100, 1_000, 10_000], 1_000),  # the first keeps all of its weights
    ([10.0, 4.0, 1.0], [100, 200, 1_000], 700),  # so does the second, but only then
    ([3.0, 1.0], [10, 30], 40),
)


@exercise("Right: in the ratio asked for, as far as there are weights to keep.")
def densities(function: Callable) -> Iterator[str]:
    """Check (factors, sizes, budget) -> min(1, c · factor) of each layer, the budget met."""
    for case in _RATIOS:
        factors, sizes, budget = np.array(case[0]), np.array(case[1]), case[2]
        answer = call(function, factors, sizes, budget)
        answer = list(answer.values()) if isinstance(answer, dict) else answer
        got = as_array(answer, sizes.shape).astype(float)
        looks = (1, 2, len(sizes) + 1)
        plain, once, right = (_within(factors, sizes, budget, often) for often in looks)
        left, close = float(got @ sizes), functools.partial(np.allclose, rtol=2e-3, atol=0)
        yield from compare(
            got, right, f"for factors {case[0]}, sizes {case[1]} and a budget of {budget:,} "
            f"{right.round(4).tolist()} was expected; {got.round(4).tolist()} came.",
            ("these are numbers of weights. Return shares: divide by the sizes.", right * sizes),
            ("these are the shares that go. Return those that stay.", 1 - right),
            ("a layer cannot keep more than all of its weights: nothing above 1.", plain),
            (f"{left:,.0f} weights stay, and {budget:,} may: what a full layer cannot take, the "
             "others get. Find c anew.", np.minimum(plain, 1)),
            (f"{left:,.0f} weights stay, and {budget:,} may: when the first layer is full, c "
             "grows, and with it another may fill up.", np.minimum(once, 1)),
            ("a second layer is fuller than full. After each change look at all layers again.",
             once),
            ("all layers got the same share; the factors have no part in it.",
             np.full(len(sizes), budget / sizes.sum())),
            ("here the *numbers* of weights are in the ratio of the factors; the shares should be.",
             budget * factors / factors.sum() / sizes),
            ("sizes count: c · Σ factor · size is what stays.",
             np.minimum(budget * factors / factors.sum() / sizes.sum(), 1)),
            same=lambda a, b, close=close: np.shape(a) == np.shape(b) and close(a, b),
        )  # fmt: skip


def _within(factors: np.ndarray, sizes: np.ndarray, budget: float, often: int) -> np.ndarray:
    """Return the shares after setting c so often, each time for the layers that are not full."""
    full = np.zeros(len(sizes), bool)
    for _ in range(often):
        part = (factors * sizes)[~full].sum()
        found = np.where(full, 1.0, factors * ((budget - sizes[full].sum()) / part if part else 0))
        full |= found > 1 + 1e-12
    return found
