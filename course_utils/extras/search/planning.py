"""How much of each layer goes, so that a budget is met and little is lost?  scan -> plan"""

from collections.abc import Mapping
from dataclasses import dataclass

from course_utils.arrays import checked_number
from course_utils.backend import keras
from course_utils.extras.search.allocation import (
    Shares,
    evenly,
    expected,
    given_back,
    least_sum,
    number,
    spared,
)
from course_utils.extras.search.budgets import Budgeting, budgeting, channels_of, first_channels
from course_utils.extras.search.scanning import Scan
from course_utils.extras.speed.calls import keras_call
from course_utils.extras.speed.latency import latency
from course_utils.structure.channels import Channels
from course_utils.structure.shrinking import shrink
from course_utils.tables import as_html, as_text

_WAYS = {"max": evenly, "sum": least_sum}
_WORDS = {"macs": "MACs"}
_FOUND = {"max": "the largest of these losses", "sum": "the sum of these losses"}


@dataclass(frozen=True)
class Plan:
    """Which share of each kernel, or of each group of channels, goes; prints as a table.

    `losses` are those of each alone, as the scan measured them; together they may lose more.
    `tries` are the costs that were measured on the way, where cost is time.
    """

    sparsity: Shares
    losses: dict[str, float]
    of: str
    whole: float
    budget: float
    cost: float
    objective: str = "max"
    tries: tuple[float, ...] = ()

    @property
    def loss(self) -> float:
        """What the plan made least: the largest loss of one name alone, or the sum of all."""
        return (max if self.objective == "max" else sum)(self.losses.values())

    def table(self) -> list[tuple[str, ...]]:
        """Return headings and rows as text."""
        rows = [
            (name, f"{share:.1%}", f"{100 * self.losses[name]:.2f}")
            for name, share in self.sparsity.items()
        ]
        return [("", "goes", "points lost alone"), *rows]

    def summary(self) -> list[str]:
        """Return the lines below the table."""
        lines = [
            f"{number(self.whole)} -> {number(self.cost)} {_WORDS.get(self.of, self.of)} "
            f"({self.cost / self.whole:.1%}), of {number(self.budget)} allowed",
            f"{_FOUND[self.objective]}: {100 * self.loss:.2f} points",
        ]
        return [*lines, f"{len(self.tries)} models built and timed"] if self.tries else lines

    def __str__(self) -> str:
        return as_text(self.table(), self.summary())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return as_html(self.table(), self.summary())


def plan(
    scan: Scan | Mapping[str, Mapping[float, float]],
    model: keras.Model | Channels,
    budget: float,
    of: str = "parameters",
    *,
    objective: str = "max",
    inputs: object = None,
) -> Plan:
    """Return which share of each layer goes, so that what is left costs no more than the budget.

    `scan` is what `sensitivity` or `channel_sensitivity` found, or losses {name: {level: loss}};
    what it does not name stays whole. `budget` is a number, or at most 1 a share of what the whole
    model costs. `objective` "max" makes the largest loss of a layer alone as small as it can be,
    "sum" the sum of them all (of kernels only: what a channel costs depends on its neighbours).
    The levels are chosen exactly (`allotting`). What they leave over of the budget is given back:
    levels are lowered first where much is lost for little, then all shares together, towards the
    last choice that was over the budget, until it is used up.

    `of` "parameters", "macs" or "bytes". Of kernels: parameters that are not zero; MACs without
    those by zeros, which hardware must know how to leave out; bytes stored dense, or as values of
    the kernel's type with 16-bit indices, whichever is less (`costs.sparse_bytes`). Of channels:
    those of the smaller model (`structure.costs`). `inputs`, a batch, is needed for MACs where the
    model leaves its inputs' size open.

    `sparsity` of the plan is what `masking.make_masks(scores, …)` takes, and of channels
    `structure.choose(scores, …)`; a coarser granularity rounds to whole structures. Raises
    ValueError for budgets that cannot be met, unknown units and objectives, and names that are not
    the model's.

    >>> from course_utils.models import lenet300
    >>> losses = {"fc1/kernel": {0.5: 0, 0.9: 0.01}, "fc2/kernel": {0.5: 0.01, 0.9: 0.02}}
    >>> found = plan(losses, lenet300(), 0.5)
    >>> {name: round(share, 3) for name, share in found.sparsity.items()}, found.cost
    ({'fc1/kernel': 0.567, 'fc2/kernel': 0.0}, 133305)
    """
    losses = _losses(scan)
    priced = budgeting(losses, model, of, inputs)
    _refuse_unknown(objective, priced)
    whole = priced.cost({})
    target = _target(budget, whole)
    within, beyond = _WAYS[objective](losses, priced.cost, target)
    within = spared(losses, within, priced.cost, target)
    shares = priced.settled(given_back((within, beyond), priced.cost, target))
    cost = priced.cost(shares)
    return Plan(shares, expected(losses, shares), of, whole, target, cost, objective)


def plan_latency(
    scan: Scan | Mapping[str, Mapping[float, float]],
    model: keras.Model | Channels,
    seconds: float,
    x: object,
    *,
    repeats: int = 50,
    rounds: int = 4,
) -> Plan:
    """Return which share of each group of channels goes, so that a call takes so many seconds.

    As `plan` with objective "max", but every candidate is built with `structure.shrink` and timed
    in turns with the whole model: `repeats` calls each of `speed.keras_call(model, x)` after a
    warm-up, with the threads that TensorFlow has. Its time is the ratio of the medians, times the
    whole model's at the start, so that what disturbs hits both alike. The search halves the list
    of tolerances, then `rounds` times the way between the last two choices; that times about ten
    models. The nearer two candidates are, the more chance decides between them.

    Raises ValueError for a scan of kernels (zeros make no dense product faster), and where the
    fastest candidate takes longer.

    >>> import numpy as np
    >>> from course_utils.models import lenet5
    >>> x = np.zeros((8, 28, 28, 1), "float32")
    >>> losses = {"conv1": {0.5: 0.0, 0.9: 0.1}, "conv2": {0.5: 0.0, 0.9: 0.1}}
    >>> plan_latency(losses, lenet5(), 10.0, x, repeats=1).sparsity  # ten seconds: all may stay
    {'conv1': 0.0, 'conv2': 0.0}
    """
    losses = _losses(scan)
    channels = channels_of(losses, model)
    if channels is None:
        raise ValueError(
            "zeros make no dense product faster, so no sparsity of kernels meets a budget in "
            "seconds. Scan channels (channel_sensitivity), or plan for another unit."
        )
    settled = budgeting(losses, channels, "parameters").settled
    target = checked_number(seconds, "seconds", 0, float("inf"))
    clock = _Clock(channels, x, repeats)

    def timed(shares: Shares) -> float:
        return clock.seconds(settled(shares))

    ends = evenly(losses, timed, target)
    shares = settled(given_back(ends, timed, target, rounds))
    found, cost = expected(losses, shares), timed(shares)
    tries = tuple(clock.times.values())
    return Plan(shares, found, "seconds", clock.whole, target, cost, tries=tries)


class _Clock:
    """How long models without some channels take; each is built and timed once."""

    def __init__(self, channels: Channels, x: object, repeats: int) -> None:
        self.channels, self.x, self.repeats = channels, x, repeats
        self.call = keras_call(channels.model, x)
        self.whole = latency({"whole": self.call}, repeats)["whole"].median
        self.times: dict[tuple, float] = {}

    def seconds(self, shares: Shares) -> float:
        """Return the time of one model, in the whole one's seconds at the start."""
        key = tuple(shares.items())
        if not any(shares.values()):
            return self.whole
        if key not in self.times:
            small, _ = shrink(self.channels, first_channels(self.channels, shares))
            calls = {"whole": self.call, "small": keras_call(small, self.x)}
            found = latency(calls, self.repeats)
            self.times[key] = self.whole * found["small"].median / found["whole"].median
        return self.times[key]


def _losses(scan: Scan | Mapping[str, Mapping[float, float]]) -> Mapping:
    losses = scan.losses if isinstance(scan, Scan) else scan
    if not losses:
        raise ValueError("the scan names nothing, so there is nothing to plan.")
    return losses


def _target(budget: float, whole: float) -> float:
    budget = checked_number(budget, "budget", 0, float("inf"))
    return budget * whole if budget <= 1 else budget


def _refuse_unknown(objective: str, priced: Budgeting) -> None:
    if objective not in _WAYS:
        raise ValueError(f"objective must be 'max' or 'sum', not {objective!r}.")
    if objective == "sum" and priced.channels is not None:
        raise ValueError(
            "what channels cost does not add up over groups, so the least sum of losses cannot be "
            "found exactly. Take objective='max'."
        )
