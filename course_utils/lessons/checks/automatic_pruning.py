"""Checks for notebook 13: the work of a scan, from a scan to a plan, how far a tolerance goes."""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from course_utils.lessons.checks.verdict import Mistake, call, compare, exercise, hints, number


@exercise("Right: the whole once, and then tails. Late layers are cheap.")
def work(function: Callable) -> Iterator[str]:
    """Check (macs, levels) -> MACs an image of a scan that computes nothing twice."""
    for macs, levels in (([288, 1600, 400, 5], 7), ([30, 500, 20], 4), ([10, 20], 1)):
        got, loop = number(call(function, macs, levels)), (1 + levels * len(macs)) * sum(macs)
        heads = [sum(macs[: i + 1]) for i in range(len(macs))]
        later = [sum(macs[i + 1 :]) for i in range(len(macs))]
        tails = [sum(macs[i:]) for i in range(len(macs))]
        right = sum(macs) + levels * sum(tails)
        yield from compare(
            got, right, f"for {macs} and {levels} levels {got:g} came, and {right:g} was expected.",
            ("this is the plain loop, which begins at the image every time.", loop),
            ("this is the plain loop, which begins at the image every time.", loop - sum(macs)),
            ("the whole network runs once more: for the accuracy with nothing pruned, and for what "
             "is kept on the way.", levels * sum(tails)),
            ("you count up to the touched layer. That part is kept; from it *on* is computed.",
             sum(macs) + levels * sum(heads)),
            ("the touched layer itself is computed again, too: its weights have changed.",
             sum(macs) + levels * sum(later)),
            ("only the touched layer is counted. All behind it gets other inputs.",
             (1 + levels) * sum(macs)),
            ("each layer is pruned to each of the levels, so its tail runs `levels` times.",
             sum(macs) + sum(tails)),
            ("this is a ratio. The MACs of the scan were asked.", loop / right),
            same=math.isclose,
        )  # fmt: skip


# Losses by layer and level, sizes, and a budget of weights left; level 0 is always there.
LEVELS = np.array([0.0, 0.5, 0.75, 0.9])
_CASES = (
    ([[0, 0.02, 0.06, 0.2], [0, 0.0, 0.01, 0.03], [0, 0.04, 0.05, 0.3]], [100, 10_000, 500], 3000),
    ([[0, 0.02, 0.06, 0.2], [0, 0.0, 0.01, 0.03], [0, 0.04, 0.05, 0.3]], [100, 10_000, 500], 1300),
    # The measured loss of the first layer falls again: no reason to stop before it.
    ([[0, 0.05, 0.01, 0.2], [0, 0.01, 0.02, 0.04]], [1000, 1000], 500),
    ([[0, 0.1, 0.2, 0.3], [0, 0.1, 0.2, 0.3]], [10, 10], 2),
    ([[0, 0.1, 0.2, 0.3], [0, 0.1, 0.2, 0.3]], [10, 10], 20),
)


@exercise("Right: one tolerance for all layers, and each goes its own way.")
def plan(function: Callable) -> Iterator[str]:
    """Check (losses, levels, sizes, budget) -> level of each layer: one tolerance for all."""
    for losses, sizes, budget in ((np.array(a, float), np.array(b), c) for a, b, c in _CASES):
        given = (losses, LEVELS, sizes, budget)
        got = _levels_of(call(function, *given), losses)
        right = _planned(*given)
        if not np.allclose(got, right):
            yield from _plan_hints(got, right, given)


def _plan_hints(got: np.ndarray, right: np.ndarray, given: tuple) -> Iterator[str]:
    losses, levels, sizes, budget = given
    if np.allclose(got, 1 - right):
        yield "these are the shares that stay. Return levels: the shares that go."
    left = float(((1 - got) * sizes).sum())
    yield from hints(
        got,
        ("here the budget is *exceeded* for the last time, and the next tolerance keeps it (a loss "
         "equal to the tolerance is tolerated).",
         _planned(*given, before=True)),
        ("the layers differ in size: count the weights that are left, not the mean of the levels.",
         _planned(losses, levels, np.full(len(sizes), sizes.mean()), budget)),
        ("`budget` is how many weights may stay, not how many go.",
         _planned(losses, levels, sizes, sizes.sum() - budget)),
        ("a layer stops at the first level that loses too much; take the highest that does not.",
         _planned(*given, first=True)),
    )  # fmt: skip
    if len(set(got)) == 1:
        yield "all layers get the same level. Where less is lost, more can go."
    if left > budget:
        yield f"{left:,.0f} weights are left, and the budget is {budget:,}."
    top = max(losses[i, list(levels).index(level)] for i, level in enumerate(got))
    least = max(losses[i, list(levels).index(level)] for i, level in enumerate(right))
    if top > least + 1e-12:
        yield f"a layer loses {top:.2f}; the budget can be kept with {least:.2f} in each."
    yield (
        f"for a budget of {budget:,} {got.tolist()} came, and {right.tolist()} was expected: every "
        "layer as far as the tolerance allows."
    )


def _planned(
    losses: np.ndarray,
    levels: np.ndarray,
    sizes: np.ndarray,
    budget: float,
    *,
    before: bool = False,
    first: bool = False,
) -> np.ndarray:
    """Return the plan; the switches make the typical mistakes."""
    chosen = np.zeros(len(sizes))
    for tolerance in np.unique(losses):
        good = losses <= tolerance
        good = np.cumprod(good, axis=1).astype(bool) if first else good
        last, chosen = chosen, np.where(good, levels, 0).max(axis=1)
        if ((1 - chosen) * sizes).sum() <= budget:
            return last if before else chosen
    return chosen


def _levels_of(answer: object, losses: np.ndarray) -> np.ndarray:
    if isinstance(answer, dict):
        answer = list(answer.values())
    array = np.asarray(answer)
    if array.shape != (len(losses),):
        raise Mistake(f"one level for each of the {len(losses)} layers was expected")
    if array.dtype.kind in "iu" and array.max() >= 1:
        raise Mistake("these are places in `levels`. Return the levels themselves")
    array, exact = array.astype(float), np.append(LEVELS, 1 - LEVELS)
    if not np.isclose(array[:, None], exact).any(axis=1).all():
        raise Mistake("a layer has a level that was not tried: choose among `levels`")
    return exact[np.abs(array[:, None] - exact).argmin(axis=1)]


# Accuracies at the levels tried, of the dense network, and the tolerance.
_WALKS = (
    ([0.981, 0.979, 0.970, 0.979, 0.96, 0.95], 0.98, 0.005),  # one fails, then a lucky one
    ([0.98, 0.978, 0.976, 0.974, 0.972, 0.95], 0.98, 0.005),  # small steps add up
    ([0.875, 0.8125, 0.76, 0.75, 0.7, 0.7], 0.875, 0.125),  # exactly the tolerance
    ([0.99, 0.99, 0.99, 0.99, 0.99, 0.99], 0.99, 0.0),
    ([0.9, 0.98, 0.98, 0.97, 0.96, 0.95], 0.98, 0.005),
)
_TRIED = (0.5, 0.75, 0.9, 0.95, 0.98, 0.99)


@exercise("Right: held against the dense network, and stopped in time.")
def last_good(function: Callable) -> Iterator[str]:
    """Check (accuracy, dense, tolerance, levels) -> the last level before the first that fails."""
    for accuracies, dense, tolerance in _WALKS:
        asked: list[float] = []

        def accuracy(level: float, table: Sequence = accuracies, asked: list = asked) -> float:
            if level not in _TRIED:
                raise Mistake(f"accuracy({level!r}) was called; the levels are {_TRIED}")
            asked.append(level)
            return table[_TRIED.index(level)]

        got = number(call(function, accuracy, dense, tolerance, list(_TRIED)))
        yield from _last_hints(got, asked, (accuracies, dense, tolerance))


def _last_hints(got: float, asked: list[float], given: tuple) -> Iterator[str]:
    accuracies, dense, tolerance = given
    good = [value >= dense - tolerance for value in accuracies]
    right, failing = _before_first(good), _TRIED[good.index(False)] if False in good else None
    steps = [b >= a - tolerance for a, b in zip([dense, *accuracies], accuracies, strict=False)]
    relative = [value >= dense * (1 - tolerance) for value in accuracies]
    at_least_dense = [value >= dense for value in accuracies]
    above = [value > dense - tolerance for value in accuracies]
    if right == 0 != got:
        yield "where the first level fails, nothing may be pruned: return 0."
    yield from compare(
        got, right, f"for accuracies {accuracies} {got:g} came, and {right:g} was expected.",
        ("each network is held against the one before it. Small losses add up: hold all of them "
         "against the dense one.", _before_first(steps)),
        ("this level fails. The last one *before* it was asked.", failing or math.nan),
        ("this is the highest level that passes; one below it failed. Stop there: a lucky number "
         "after a failure is luck.", max(itertools.compress(_TRIED, good), default=0.0)),
        ("a loss is tolerated: `dense - tolerance` is where it ends.",
         _before_first(at_least_dense)),
        ("the tolerance is in points of accuracy, not a share of it.", _before_first(relative)),
        ("an accuracy of exactly dense - tolerance is still within it.", _before_first(above)),
        same=math.isclose,
    )  # fmt: skip
    needed = _TRIED[: good.index(False) + 1] if failing else _TRIED
    if len(asked) > len(set(asked)):
        yield "a level is retrained more than once. Keep what accuracy(level) gave."
    if len(asked) > len(needed):
        yield "it goes on after the first failure. Each level costs a retraining: stop there."


def _before_first(good: Sequence[bool]) -> float:
    held = int(np.cumprod(good).sum())
    return _TRIED[held - 1] if held else 0.0
