"""How sparse at which step?  step -> sparsity

A schedule is a function from the number of optimizer steps made so far to the sparsity that the
next step trains with: the share of *all* prunable weights, so that it never compounds. Each is a
plain value: print it, plot it, call it.
"""

import math
from collections.abc import Callable

from course_utils.arrays import checked_number, whole

Schedule = Callable[[int], float]


def constant(sparsity: float) -> Schedule:
    """Return the schedule that asks for the same sparsity at every step.

    >>> constant(0.8)(0), constant(0.8)(1000)
    (0.8, 0.8)
    """
    return one_shot(sparsity, at=0)


def one_shot(sparsity: float, at: int) -> Schedule:
    """Return the schedule that prunes once, before step number `at` (counted from 0).

    >>> schedule = one_shot(0.8, at=100)
    >>> schedule(99), schedule(100)
    (0.0, 0.8)
    """
    sparsity, at = checked_number(sparsity, "sparsity", 0, 1), whole(at, "at")
    return lambda step: sparsity if _step(step) >= at else 0.0


def polynomial(
    final: float, begin: int, end: int, *, initial: float = 0.0, power: float = 3.0, every: int = 1
) -> Schedule:
    """Return the schedule that rises fast at first and slowly at last, from `initial` to `final`.

    s(t) = final + (initial - final) · (1 - (t - begin) / (end - begin))^power between `begin` and
    `end`, 0 before, `final` after. With `every` = Δt it moves in steps of that many only, as a
    callback should: ranking all weights costs about as much as a training step. `end` should then
    be a whole number of Δt after `begin`. With power 3 this is the formula of Zhu and Gupta 2017
    (arXiv 1710.01878), with power 1 a straight line.

    >>> schedule = polynomial(0.8, begin=0, end=1000)
    >>> [round(schedule(step), 3) for step in (0, 250, 500, 1000)]
    [0.0, 0.463, 0.7, 0.8]
    """
    final = checked_number(final, "final", 0, 1)
    initial = checked_number(initial, "initial", 0, final)
    power = checked_number(power, "power", 0, math.inf)
    return _between(
        lambda p: final + (initial - final) * (1 - p) ** power, final, begin, end, every
    )


def exponential(
    final: float, begin: int, end: int, *, rate: float = 5.0, every: int = 1
) -> Schedule:
    """Return the schedule s(t) = final · (1 - exp(-rate · p)) / (1 - exp(-rate)), p from 0 to 1.

    p is the part of the way from `begin` to `end`. The higher the rate, the earlier most is
    pruned; near rate 0 it is a straight line.

    >>> schedule = exponential(0.8, begin=0, end=1000)
    >>> [round(schedule(step), 3) for step in (0, 250, 500, 1000)]
    [0.0, 0.575, 0.739, 0.8]
    """
    final = checked_number(final, "final", 0, 1)
    rate = checked_number(rate, "rate", 1e-6, 700)
    bottom = math.expm1(-rate)
    return _between(lambda p: final * math.expm1(-rate * p) / bottom, final, begin, end, every)


def one_cycle(
    final: float, begin: int, end: int, *, steepness: float = 14.0, every: int = 1
) -> Schedule:
    """Return the schedule that starts and ends slowly and prunes most in between, an S.

    A logistic curve in p, the part of the way from `begin` to `end`: with the steepness a it is
    steepest at p = 5/14, and it is stretched to start at exactly 0 and to end at `final`. After
    One-Cycle Pruning, Hubens et al. 2021 (arXiv 2107.02086), whose curve jumps at the start.

    >>> schedule = one_cycle(0.8, begin=0, end=1000)
    >>> [round(schedule(step), 3) for step in (0, 250, 500, 1000)]
    [0.0, 0.142, 0.704, 0.8]
    """
    final = checked_number(final, "final", 0, 1)
    a = checked_number(steepness, "steepness", 1, 700)

    def logistic(p: float) -> float:
        return 1 / (1 + math.exp(a * (5 / 14 - p)))

    low, high = logistic(0), logistic(1)
    return _between(lambda p: final * (logistic(p) - low) / (high - low), final, begin, end, every)


def iterative(final: float, begin: int, every: int, rounds: int) -> Schedule:
    """Return the schedule of `rounds` cuts, `every` steps apart, each of an equal share.

    It is a share of the weights that are still there: after round r the sparsity is
    1 - (1 - final)^(r / rounds). Train, prune, train on, prune.
    Source: Han et al. 2015 (arXiv 1506.02626, section 3.4); Frankle and Carbin 2019 (arXiv
    1803.03635) take 20 % of the rest, `iterative(1 - 0.8**n, begin, every, rounds=n)`.

    >>> schedule = iterative(1 - 0.8**3, begin=100, every=100, rounds=3)
    >>> [round(schedule(step), 3) for step in (0, 99, 100, 200, 300, 400)]
    [0.0, 0.0, 0.2, 0.36, 0.488, 0.488]
    """
    final = checked_number(final, "final", 0, 1)
    begin, every = whole(begin, "begin"), whole(every, "every", least=1)
    rounds = whole(rounds, "rounds", least=1)

    def schedule(step: int) -> float:
        if _step(step) < begin:
            return 0.0
        done = rounds if step == math.inf else min((step - begin) // every + 1, rounds)
        return final if done == rounds else min(1 - (1 - final) ** (done / rounds), final)

    return schedule


def _step(step: float) -> float:
    """Return a step, after making sure that it is a number: NaN is neither before nor after any."""
    return checked_number(step, "step", -math.inf, math.inf)


def _between(
    rise: Callable[[float], float], final: float, begin: int, end: int, every: int
) -> Schedule:
    """Make a schedule of a function of the part of the way, from 0 to 1.

    It ends at exactly `final`, and never exceeds it, however the function rounds.
    """
    begin, end, every = whole(begin, "begin"), whole(end, "end"), whole(every, "every", least=1)
    if end <= begin:
        raise ValueError(f"end must be greater than begin, not {end} after {begin}.")

    def schedule(step: int) -> float:
        if _step(step) < begin:
            return 0.0
        if step >= end:
            return final
        moved = (step - begin) // every * every
        return min(max(rise(moved / (end - begin)), 0.0), final)

    return schedule
