"""From what each layer loses at each level to one level a layer, within a budget.

Losses were measured one layer at a time, and nobody knows them together. Two guesses are common:
that the layer hit hardest decides, so that all should lose alike (`evenly`), and that losses add
(`least_sum`). Both find the best choice of levels exactly, under their guess.
"""

from collections.abc import Callable, Mapping

import numpy as np

Shares = dict[str, float]  # {name: which share of it goes}
Losses = Mapping[str, Mapping[float, float]]  # {name: {share: what is lost}}
Cost = Callable[[Shares], float]


def evenly(losses: Losses, cost: Cost, target: float) -> tuple[Shares, Shares]:
    """Return the choice within the target whose largest loss is least, and the one before it.

    Each name goes to its highest level that loses no more than a tolerance, and the tolerance
    rises until the cost is within the target. Exact for every cost that falls as shares rise, also
    where it does not add up, since for one tolerance no choice costs less. The choice of the last
    tolerance before it is over the target. Raises ValueError where no choice is within it.

    >>> losses = {"a": {0.5: 0.01, 0.9: 0.2}, "b": {0.5: 0.03, 0.9: 0.1}}
    >>> evenly(losses, lambda shares: 2 - sum(shares.values()), 1.2)
    ({'a': 0.5, 'b': 0.5}, {'a': 0.5, 'b': 0.0})
    """
    curves = with_zero(losses)
    tolerances = sorted({loss for curve in curves.values() for loss in curve.values()})

    def choice(index: int) -> Shares:
        if index < 0:
            return dict.fromkeys(curves, 0.0)
        return {
            name: max(s for s, loss in curve.items() if loss <= tolerances[index])
            for name, curve in curves.items()
        }

    low, high = -1, len(tolerances) - 1  # at `high` the cost is within the target
    refuse_beyond(cost(choice(high)), target)
    while low < high:
        middle = (low + high) // 2
        if cost(choice(middle)) <= target:
            high = middle
        else:
            low = middle + 1
    return choice(high), choice(high - 1)


def least_sum(losses: Losses, cost: Cost, target: float) -> tuple[Shares, Shares]:
    """Return the choice within the target whose losses add up to the least, and one of nothing.

    Exact where the cost adds up over names: the multiple-choice knapsack problem by dynamic
    programming (Kellerer, Pferschy and Pisinger 2004, Knapsack Problems, chapter 11), over sums of
    losses in millionths. Raises ValueError where no choice is within the target.

    >>> losses = {"a": {0.5: 0.01, 0.9: 0.2}, "b": {0.5: 0.03, 0.9: 0.1}}
    >>> least_sum(losses, lambda shares: 2 - sum(shares.values()), 1.2)[0]
    {'a': 0.5, 'b': 0.5}
    """
    nothing = dict.fromkeys(losses, 0.0)
    whole = cost(nothing)
    best: list[tuple[int, float, tuple[float, ...]]] = [(0, 0.0, ())]  # lost, saved, chosen
    for name, curve in with_zero(losses).items():
        one = [(round(1e6 * v), whole - cost({**nothing, name: s}), s) for s, v in curve.items()]
        best = _undominated(
            (lost + more, saved + less, (*chosen, share))
            for lost, saved, chosen in best
            for more, less, share in one
        )
    refuse_beyond(whole - best[-1][1], target)
    chosen = next(chosen for _, saved, chosen in best if whole - saved <= target)
    return dict(zip(losses, chosen, strict=True)), nothing


def given_back(ends: tuple[Shares, Shares], cost: Cost, target: float, rounds: int = 50) -> Shares:
    """Return the shares on the way between two choices that are just within the target.

    The first choice is within it. On the straight way towards the second all shares fall alike;
    `rounds` times the way is halved.

    >>> given_back(({"a": 0.5}, {"a": 0.0}), lambda shares: 1 - shares["a"], 0.75, rounds=3)
    {'a': 0.25}
    """
    within, beyond = ends

    def between(way: float) -> Shares:
        return {n: share + way * (beyond[n] - share) for n, share in within.items()}

    if cost(beyond) <= target:
        return beyond
    low, high = 0.0, 1.0
    for _ in range(rounds):
        middle = (low + high) / 2
        low, high = (middle, high) if cost(between(middle)) <= target else (low, middle)
    return between(low)


def expected(losses: Losses, shares: Shares) -> dict[str, float]:
    """Return what each name loses by itself, between two levels on a straight line.

    >>> expected({"a": {0.5: 0.02}}, {"a": 0.25})
    {'a': 0.01}
    """
    found = {}
    for name, curve in with_zero(losses).items():
        at, lost = zip(*sorted(curve.items()), strict=True)
        found[name] = float(np.interp(shares[name], at, lost))
    return found


def with_zero(losses: Losses) -> dict[str, dict[float, float]]:
    """Return losses with that of nothing pruned, 0; what is won counts as 0, too.

    >>> with_zero({"a": {0.5: -0.01}})
    {'a': {0.0: 0.0, 0.5: 0.0}}
    """
    return {
        name: {0.0: 0.0, **{share: max(lost, 0.0) for share, lost in curve.items() if share}}
        for name, curve in losses.items()
    }


def refuse_beyond(least: float, target: float) -> None:
    """Raise ValueError unless what costs least is within the target.

    >>> refuse_beyond(1.0, 2.0)
    """
    if least > target:
        raise ValueError(
            f"a budget of {target:,.6g} cannot be met: with every layer at its highest level the "
            f"cost is {least:,.6g}. Scan higher levels, or allow more."
        )


def _undominated(states: object) -> list[tuple]:
    """Keep the states that save more than all which lose no more, the least loss first."""
    kept: list[tuple] = []
    for state in sorted(states, key=lambda state: (state[0], -state[1])):
        if not kept or state[1] > kept[-1][1]:
            kept.append(state)
    return kept
