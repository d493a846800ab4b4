"""Which channels stay?  scores -> masks, by share or until a budget is met

Everything here takes a prefix of one list: the steps in which channels would go, the first to go
first. A step takes one channel, or as many as a `multiple` asks.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from course_utils.arrays import Arrays, checked_number
from course_utils.masking import checked_scores

Masks = dict[str, np.ndarray]
SCOPES = ("layer", "global")
CLOSE = 0.98  # of a budget, where it counts as used up


@dataclass(frozen=True)
class Step:
    """Take `count` channels more from a group; `when` orders steps."""

    when: float
    group: str
    count: int


def choose(
    scores: Arrays,
    sparsity: float | Mapping[str, float],
    scope: str = "layer",
    *,
    multiple: int = 1,
) -> Masks:
    """Return masks that remove the channels with the lowest scores; of each group one stays.

    Scope "layer" takes round(sparsity · n) of the n channels of each group (a half goes up),
    "global" ranks all groups together and takes round(sparsity · n) of all; compare scores of
    different groups only if they are comparable (see `relative`). A dictionary holds a share for
    each group, by name or pattern; the others stay whole. With `multiple=8` the channels left in
    a group are a multiple of 8, or all: what the share asks, to the nearest such count.

    Raises ValueError for NaN scores, a sparsity outside [0, 1], an unknown scope, or a pattern
    that fits no group.

    >>> choose({"conv": np.array([3.0, 1.0, 2.0, 4.0])}, 0.5)["conv"].tolist()
    [True, False, False, True]
    """
    steps = removal_steps(scores, scope, multiple=multiple)
    if isinstance(sparsity, Mapping):
        shares = _shares(scores, sparsity)
        return after(scores, [s for s in steps if s.when <= shares.get(s.group, -1.0)])
    share = checked_number(sparsity, "sparsity", 0, 1)
    if scope == "layer":
        return after(scores, [step for step in steps if step.when <= share])
    wanted = round(share * sum(S.size for S in scores.values()))
    gone = np.cumsum([step.count for step in steps])
    return after(scores, steps[: int(np.searchsorted(gone, wanted, side="right"))])


def within(
    scores: Arrays,
    cost: Callable[[Masks], int],
    budget: float,
    scope: str = "global",
    *,
    multiple: int = 1,
) -> Masks:
    """Return masks that remove the lowest scores until the cost is within the budget.

    `cost` comes from `costs(channels)`: `.macs`, `.parameters` or `.bytes`. `budget` is a number
    in its unit, or at most 1 a share of what the whole model costs. Where the last channel was so
    large that more than 2 % of the budget is left over, others come back, the highest scores
    first; or, if that does not fill it, smaller channels go in its place.

    Raises ValueError, with the least that is possible, for a budget that cannot be met.

    >>> scores = {"conv": np.array([3.0, 1.0, 2.0, 4.0])}
    >>> within(scores, lambda masks: int(masks["conv"].sum()), budget=3)["conv"].tolist()
    [True, False, True, True]
    """
    steps = removal_steps(scores, scope, multiple=multiple)
    whole, least = cost(after(scores, [])), cost(after(scores, steps))
    target = budget * whole if 0 < budget <= 1 else budget
    if least > target:
        raise ValueError(
            f"a budget of {target:,.0f} cannot be met: with the fewest channels that must stay "
            f"the cost is {least:,}, of {whole:,} now."
        )
    low, high = 0, len(steps)  # a prefix of `high` steps is within the budget
    while low < high:
        middle = (low + high) // 2
        if cost(after(scores, steps[:middle])) <= target:
            high = middle
        else:
            low = middle + 1
    ways = _close_ways(scores, cost, target, (steps[:high], steps[high:]))
    return max(ways, key=cost)


def per_cost(scores: Arrays, cost: Callable[[Masks], int]) -> dict[str, np.ndarray]:
    """Return scores divided by what a channel of their group costs: least loss per unit saved.

    >>> per_cost({"a": np.array([6.0, 2.0])}, lambda masks: 2 * int(masks["a"].sum()))["a"].tolist()
    [3.0, 1.0]
    """
    whole = after(scores, [])
    saved = {name: cost(whole) - cost(whole | {name: _but_one(S)}) for name, S in scores.items()}
    return {name: np.asarray(S) / max(saved[name], 1) for name, S in scores.items()}


def removal_steps(scores: Arrays, scope: str, *, multiple: int = 1) -> list[Step]:
    """Return the steps in which channels go, the first one first; what must stay is in none.

    >>> removal_steps({"a": np.array([3.0, 1.0])}, "layer")
    [Step(when=0.25, group='a', count=1)]
    """
    if scope not in SCOPES:
        raise ValueError(f"scope must be 'layer' or 'global', not {scope!r}.")
    if not isinstance(multiple, int | np.integer) or multiple < 1:
        raise ValueError(f"multiple must be a whole number of at least 1, not {multiple!r}.")
    steps: list[Step] = []
    for name, S in checked_scores(scores).items():
        ranked, left = np.sort(S.ravel()), S.size
        latest = -np.inf
        while left > multiple:
            count = left % multiple or multiple
            gone = S.size - left
            share = (gone + count / 2) / S.size
            block = float(ranked[gone : gone + count].mean())
            latest = max(latest, block)  # within a group steps stay in order
            steps.append(Step(share if scope == "layer" else latest, name, count))
            left -= count
    return sorted(steps, key=lambda step: step.when)


def after(scores: Arrays, steps: list[Step]) -> Masks:
    """Return masks after some steps.

    >>> after({"a": np.array([3.0, 1.0])}, [Step(0.25, "a", 1)])["a"].tolist()
    [True, False]
    """
    gone = dict.fromkeys(scores, 0)
    for step in steps:
        gone[step.group] += step.count
    masks = {}
    for name, S in scores.items():
        masks[name] = np.ones(S.shape, bool)
        masks[name][np.argsort(S, kind="stable")[: gone[name]]] = False
    return masks


def _but_one(S: np.ndarray) -> np.ndarray:
    return np.arange(S.size) > 0


def _close_ways(
    scores: Arrays, cost: Callable[[Masks], int], target: float, split: tuple[list, list]
) -> Iterator[Masks]:
    """Yield masks within the target, the plain ones first, until one is close to it."""
    done, rest = split
    for steps in (done, _given_back(scores, cost, target, done)):
        yield after(scores, steps)
        if cost(after(scores, steps)) >= CLOSE * target:
            return
    steps = _by_smaller(scores, cost, target, (done[:-1], [*done[-1:], *rest]))
    if cost(after(scores, steps)) <= target:
        yield after(scores, steps)


def _given_back(
    scores: Arrays, cost: Callable[[Masks], int], target: float, steps: list[Step]
) -> list[Step]:
    """Return the steps without those, from the last one on, that the target has room for."""
    done, full = list(steps), set()
    for index in reversed(range(len(steps))):
        if cost(after(scores, done)) >= CLOSE * target or len(full) == len(scores):
            break
        step = steps[index]
        if step.group not in full:
            fewer = done[:index] + done[index + 1 :]
            if cost(after(scores, fewer)) <= target:
                done = fewer
            else:
                full.add(step.group)  # of a group the last step comes back first, or none
    return done


def _by_smaller(
    scores: Arrays, cost: Callable[[Masks], int], target: float, split: tuple[list, list]
) -> list[Step]:
    """Return the first steps and some of the others, none of which leads far below the target."""
    done, full = [*split[0]], set()
    for step in split[1]:
        price = 0 if step.group in full else cost(after(scores, [*done, step]))
        if price < CLOSE * target:
            full.add(step.group)
        else:
            done.append(step)
            if price <= target:
                break
    return done


def _shares(scores: Arrays, sparsity: Mapping[str, float]) -> dict[str, float]:
    shares: dict[str, float] = {}
    for pattern, share in sparsity.items():
        fitting = [name for name in scores if fnmatchcase(name, pattern)]
        if not fitting:
            raise ValueError(f"{pattern!r} fits no group; there are {sorted(scores)}.")
        shares.update(dict.fromkeys(fitting, checked_number(share, "sparsity", 0, 1)))
    return shares
