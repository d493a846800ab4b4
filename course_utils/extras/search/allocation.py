"""From what each layer loses at each level to one level a layer, within a budget.

Losses were measured one layer at a time, and nobody knows them together. The guess here is that
the layer hit hardest decides, so that all should lose alike; under it the best choice of levels is
found exactly.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping

import numpy as np

Shares = dict[str, float]  # {name: which share of it goes}
Losses = Mapping[str, Mapping[float, float]]  # {name: {share: what is lost}}, with that of 0
Cost = Callable[[Shares], float]


def evenly(losses: Losses, cost: Cost, target: float) -> tuple[Shares, Shares]:
    """Return the choice within the target whose largest loss is least, and the one before it.

    Each name goes to its highest level that loses no more than a tolerance, and the tolerance
    rises until the cost is within the target. Exact for every cost that falls as shares rise, also
    where it does not add up, since for one tolerance no choice costs less. The choice of the last
    tolerance before it is over the target. Raises ValueError where no choice is within it.

    >>> losses = {"a": {0.0: 0.0, 0.5: 0.01, 0.9: 0.2}, "b": {0.0: 0.0, 0.5: 0.03, 0.9: 0.1}}
    >>> evenly(losses, lambda shares: 2 - sum(shares.values()), 1.2)
    ({'a': 0.5, 'b': 0.5}, {'a': 0.5, 'b': 0.0})
    """
    tolerances = sorted({loss for curve in losses.values() for loss in curve.values()})

    def choice(index: int) -> Shares:
        if index < 0:
            return dict.fromkeys(losses, 0.0)
        return {
            name: max(s for s, loss in curve.items() if loss <= tolerances[index])
            for name, curve in losses.items()
        }

    least = cost(choice(len(tolerances) - 1))
    if least > target:
        raise ValueError(
            f"a budget of {target:,.0f} cannot be met: with every layer at its highest level the "
            f"cost is {least:,.0f}. Scan higher levels, or allow more."
        )
    within = range(-1, len(tolerances))
    first = within[bisect_left(within, True, key=lambda index: cost(choice(index)) <= target)]
    return choice(first), choice(first - 1)


def spared(losses: Losses, shares: Shares, cost: Cost, target: float) -> Shares:
    """Return a choice with levels lowered where the target has room for it, and nothing lost more.

    Where most is lost for what is saved comes first, and goes to the lowest level that fits.

    >>> losses = {"small": {0.0: 0.0, 0.9: 0.02}, "large": {0.0: 0.0, 0.9: 0.02}}
    >>> cost = lambda shares: 11 - shares["small"] - 10 * shares["large"]
    >>> spared(losses, {"small": 0.9, "large": 0.9}, cost, 2.0)
    {'small': 0.0, 'large': 0.9}
    """
    shares = dict(shares)

    def lost_for_one(name: str) -> float:
        saved = cost({**shares, name: 0.0}) - cost(shares)
        return losses[name][shares[name]] / saved if saved > 0 else float("inf")

    for name in sorted(shares, key=lost_for_one, reverse=True):
        for level, lost in sorted(losses[name].items()):
            lower = level < shares[name] and lost <= losses[name][shares[name]]
            if lower and cost({**shares, name: level}) <= target:
                shares[name] = level
                break
    return shares


def given_back(ends: tuple[Shares, Shares], cost: Cost, target: float, rounds: int = 50) -> Shares:
    """Return the shares on the way between two choices that are just within the target.

    The first choice is within it. On the straight way towards the second shares fall together, and
    none rises; its last place within the target is found among 2**rounds.

    >>> given_back(({"a": 0.5}, {"a": 0.0}), lambda shares: 1 - shares["a"], 0.75, rounds=3)
    {'a': 0.25}
    """
    within, beyond = ends

    def between(place: int) -> Shares:
        way = place / 2**rounds
        return {n: s + way * (min(beyond[n], s) - s) for n, s in within.items()}

    over = bisect_left(range(1, 2**rounds + 1), True, key=lambda at: cost(between(at)) > target)
    return between(over)


def expected(losses: Losses, shares: Shares) -> dict[str, float]:
    """Return what each name loses by itself, between two levels on a straight line.

    >>> expected({"a": {0.0: 0.0, 0.5: 0.02}}, {"a": 0.25})
    {'a': 0.01}
    """
    found = {}
    for name, curve in losses.items():
        at, lost = zip(*sorted(curve.items()), strict=True)
        found[name] = float(np.interp(shares[name], at, lost))
    return found
