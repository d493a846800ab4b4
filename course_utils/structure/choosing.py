"""Which channels stay?  scores -> masks, by share or until a budget is met

What ranks all groups together takes a prefix of one list: the steps in which channels would go,
the first to go first. A step takes one channel, or as many as a `multiple` asks.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise

import numpy as np

from course_utils.arrays import Arrays, can_take, checked_number, count, whole
from course_utils.masking import Masks, checked_scores

SCOPES = ("global", "layer")
CLOSE = 0.98  # of a budget, where it counts as used up

Shares = float | Mapping[str, float]  # of all groups alike, or {name or pattern: share}
Price = Callable[[list["Step"]], int]  # what the model costs after some steps


@dataclass(frozen=True)
class Step:
    """Take `count` channels more from a group; `when` orders steps."""

    when: float
    group: str
    count: int


def choose(scores: Arrays, sparsity: Shares, scope: str = "global", *, multiple: int = 1) -> Masks:
    """Return masks that remove the channels with the lowest scores; of each group one stays.

    Scope "global" ranks all groups together and takes round(sparsity · n) of all n channels;
    compare scores of different groups only if they are comparable (see `relative`). "layer" takes
    round(sparsity · n) of the n channels of each group. So does a dictionary, which holds a share
    for each group, by name or pattern; the others stay whole. Python's `round` decides halves (to
    even). With `multiple=8` the channels left in a group are a multiple of 8, or all: in a group
    the count nearest to the share (the smaller of two), globally no fewer than it leaves.

    Raises ValueError for NaN scores, a sparsity outside [0, 1], an unknown scope, or a pattern
    that fits no group.

    >>> scores = {"conv": np.array([3.0, 1.0, 2.0, 4.0]), "fc": np.array([5.0, 6.0])}
    >>> {name: mask.tolist() for name, mask in choose(scores, 0.5).items()}
    {'conv': [False, False, False, True], 'fc': [True, True]}
    >>> {name: mask.tolist() for name, mask in choose(scores, 0.5, "layer").items()}
    {'conv': [True, False, False, True], 'fc': [False, True]}
    """
    scores, multiple = _of_channels(scores), _checked_order(scope, multiple)
    if scope == "layer" or isinstance(sparsity, Mapping):
        shares = shares_of(scores, sparsity)
        return _without(scores, {n: _gone(scores[n].size, s, multiple) for n, s in shares.items()})
    share = checked_number(sparsity, "sparsity", 0, 1)
    wanted = count(share, sum(S.size for S in scores.values()))
    steps = removal_steps(scores, scope, multiple=multiple)
    gone = np.cumsum([step.count for step in steps])
    return _after(scores, steps[: int(np.searchsorted(gone, wanted, side="right"))])


def within_budget(
    scores: Arrays,
    cost: Callable[[Masks], int],
    budget: float,
    scope: str = "global",
    *,
    multiple: int = 1,
) -> Masks:
    """Return masks that remove the lowest scores until the cost is within the budget.

    `cost` comes from `costs(model)`: `.macs` or `.parameters`. `budget` is a number
    in its unit, or at most 1 a share of what the whole model costs. Where the last channel was so
    large that more than 2 % of the budget is left over, others come back, the highest scores
    first; or, if that does not fill it, smaller channels go in its place.

    Raises ValueError, with the least that is possible, for a budget that cannot be met, and for
    one that is NaN or negative; TypeError for what is no number.

    >>> scores = {"conv": np.array([3.0, 1.0, 2.0, 4.0])}
    >>> within_budget(scores, lambda masks: int(masks["conv"].sum()), budget=3)["conv"].tolist()
    [True, False, True, True]
    """
    scores = _of_channels(scores)
    steps = removal_steps(scores, scope, multiple=multiple)

    budget, cost = checked_number(budget, "budget", 0, np.inf), _checked_cost(cost)

    def price(steps: list[Step]) -> int:
        return cost(_after(scores, steps))

    full, least = price([]), price(steps)
    target = budget * full if 0 < budget <= 1 else budget
    if least > target:
        raise ValueError(
            f"a budget of {target:,.0f} cannot be met: with the fewest channels that must stay "
            f"the cost is {least:,.0f}, of {full:,.0f} now."
        )
    enough = bisect_left(range(len(steps)), True, key=lambda end: price(steps[:end]) <= target)
    close = _close_steps(price, target, steps[:enough], steps[enough:])
    return _after(scores, max(close, key=price))


def per_cost(scores: Arrays, cost: Callable[[Masks], int]) -> dict[str, np.ndarray]:
    """Return scores divided by what a channel of their group costs: least loss per unit saved.

    >>> per_cost({"a": np.array([6.0, 2.0])}, lambda masks: 2 * int(masks["a"].sum()))["a"].tolist()
    [3.0, 1.0]
    """
    scores = _of_channels(scores)
    cost, stay = _checked_cost(cost), _without(scores, {})
    one_less = {name: {**stay, name: np.arange(S.size) > 0} for name, S in scores.items()}
    least = 1e-9 * cost(stay) or 1.0  # where nothing is saved; a cost may be in seconds
    return {n: S / max(cost(stay) - cost(one_less[n]), least) for n, S in scores.items()}


def removal_steps(scores: Arrays, scope: str, *, multiple: int = 1) -> list[Step]:
    """Return the steps in which channels go, the first one first; what must stay is in none.

    >>> removal_steps({"a": np.array([3.0, 1.0])}, "layer")
    [Step(when=0.25, group='a', count=1)]
    """
    multiple = _checked_order(scope, multiple)
    steps: list[Step] = []
    for name, S in scores.items():
        ranked, latest = np.sort(S), -np.inf
        for fewer, left in pairwise(reversed(_left(S.size, multiple))):
            gone = S.size - fewer
            share = (gone + (fewer - left) / 2) / S.size
            latest = max(latest, float(ranked[gone : S.size - left].mean()))  # in order in a group
            steps.append(Step(share if scope == "layer" else latest, name, fewer - left))
    return sorted(steps, key=lambda step: step.when)


def shares_of(groups: Iterable[str], sparsity: Shares) -> dict[str, float]:
    """Return the share of each group that a sparsity names; a number names them all.

    >>> shares_of(["block1/a", "block1/b", "head"], {"block1/*": 0.5})
    {'block1/a': 0.5, 'block1/b': 0.5}
    """
    if not isinstance(sparsity, Mapping):
        return dict.fromkeys(groups, checked_number(sparsity, "sparsity", 0, 1))
    shares: dict[str, float] = {}
    for pattern, share in sparsity.items():
        fitting = [name for name in groups if fnmatchcase(name, str(pattern))]
        if not fitting:
            raise ValueError(f"{pattern!r} fits no group; there are {sorted(groups)}.")
        shares.update(dict.fromkeys(fitting, checked_number(share, "sparsity", 0, 1)))
    return shares


def _of_channels(scores: Arrays) -> dict[str, np.ndarray]:
    """Return scores after making sure that they are one number a channel."""
    checked = checked_scores(scores)
    for name, S in checked.items():
        if S.ndim != 1:
            raise ValueError(
                f"the scores of {name!r} have shape {S.shape}, where each channel needs one: "
                "structure.filter_norms(model) and its like give them; scores of single weights "
                "go to masking.make_masks."
            )
    return checked


def _checked_order(scope: str, multiple: int) -> int:
    if scope not in SCOPES:
        raise ValueError(f"scope must be 'global' or 'layer', not {scope!r}.")
    return whole(multiple, "multiple", least=1)


def _checked_cost(cost: object) -> Callable[[Masks], int]:
    if not can_take(cost, 1):
        raise TypeError(f"cost must be a function, such as costs(model).macs, not {cost!r:.80}.")
    return lambda masks: checked_number(cost(masks), "what cost(masks) returns", 0, np.inf)


def _left(size: int, multiple: int) -> list[int]:
    """Return how many channels of a group may be left, the fewest first."""
    return [*range(multiple, size, multiple), size]


def _gone(size: int, share: float, multiple: int) -> int:
    """Return how many channels of a group go, so that the share is met as nearly as may be."""
    wanted = count(share, size) if multiple == 1 else share * size
    return size - min(_left(size, multiple), key=lambda left: abs(size - wanted - left))


def _without(scores: Arrays, gone: Mapping[str, int]) -> Masks:
    """Return masks without so many channels of each group, those of the lowest scores."""
    masks = {name: np.ones(S.shape, bool) for name, S in scores.items()}
    for name, number in gone.items():
        masks[name][np.argsort(scores[name], kind="stable")[:number]] = False
    return masks


def _after(scores: Arrays, steps: list[Step]) -> Masks:
    gone: Counter[str] = Counter()
    for step in steps:
        gone[step.group] += step.count
    return _without(scores, gone)


def _close_steps(
    price: Price, target: float, done: list[Step], rest: list[Step]
) -> Iterator[list[Step]]:
    """Yield steps within the target, the plain ones first, until some are close to it."""
    yield done
    if price(done) < CLOSE * target:
        some = _given_back(price, target, done)
        yield some
        if price(some) < CLOSE * target:
            others = _by_smaller(price, target, done[:-1], [*done[-1:], *rest])
            if price(others) <= target:
                yield others


def _given_back(price: Callable[[list[Step]], int], target: float, steps: list[Step]) -> list[Step]:
    """Return the steps without those, from the last one on, that the target has room for."""
    done, full = list(steps), set()
    for index, step in reversed([*enumerate(steps)]):
        fewer = done[:index] + done[index + 1 :]
        if step.group in full:
            continue
        if price(fewer) > target:
            full.add(step.group)  # of a group the last step comes back first, or none
            continue
        done = fewer
        if price(done) >= CLOSE * target:
            break
    return done


def _by_smaller(price: Price, target: float, done: list[Step], rest: list[Step]) -> list[Step]:
    """Return the first steps and some of the others, none of which leads far below the target."""
    done, full = list(done), set()
    for step in rest:
        after = 0 if step.group in full else price([*done, step])
        if after < CLOSE * target:
            full.add(step.group)
        else:
            done.append(step)
            if after <= target:
                break
    return done
