"""How much of each layer goes, so that a budget is met and little is lost?  scan -> plan"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from course_utils.arrays import checked_number
from course_utils.backend import keras
from course_utils.extras.search.allocation import Shares, evenly, expected, given_back, spared
from course_utils.extras.search.budgets import budgeting
from course_utils.extras.search.scanning import Scan
from course_utils.structure.channels import Channels
from course_utils.tables import Printed

_WORDS = {"macs": "MACs"}


@dataclass(frozen=True)
class Plan(Printed):
    """Which share of each kernel, or of each group of channels, goes; prints as a table.

    `losses` are those of each alone, as the scan measured them; together they may lose more.
    """

    sparsity: Shares
    losses: dict[str, float]
    of: str
    whole: float
    budget: float
    cost: float

    @property
    def loss(self) -> float:
        """What the plan made least: the largest loss of one name alone."""
        return max(self.losses.values())

    def table(self) -> list[tuple[str, ...]]:
        """Return headings and rows as text."""
        rows = [
            (name, f"{share:.1%}", f"{100 * self.losses[name]:.2f}")
            for name, share in self.sparsity.items()
        ]
        return [("", "goes", "points lost alone"), *rows]

    def summary(self) -> list[str]:
        """Return the lines below the table."""
        return [
            f"{self.whole:,.0f} -> {self.cost:,.0f} {_WORDS.get(self.of, self.of)} "
            f"({self.cost / self.whole:.1%}), of {self.budget:,.0f} allowed",
            f"the largest of these losses: {100 * self.loss:.2f} points",
        ]


def plan(
    scan: Scan | Mapping[str, Mapping[float, float]],
    model: keras.Model | Channels,
    budget: float,
    of: str = "parameters",
    *,
    inputs: object = None,
) -> Plan:
    """Return which share of each layer goes, so that what is left costs no more than the budget.

    `scan` is what `sensitivity` or `channel_sensitivity` found, or losses {name: {level: loss}};
    what it does not name stays whole. `budget` is a number, or at most 1 a share of what the whole
    model costs. The largest loss of a layer alone becomes as small as it can be: the levels are
    chosen exactly (`allocation`). What they leave over of the budget is given back: levels are
    lowered first where much is lost for little, then all shares together, towards the last choice
    that was over the budget, until it is used up.

    `of` "parameters" or "macs". Of kernels: parameters that are not zero; MACs without those by
    zeros, which hardware must know how to leave out. Of channels: those of the smaller model
    (`structure.costs`). `inputs`, a batch, say what the model leaves open of its inputs.

    `sparsity` of the plan is what `masking.make_masks(scores, …)` takes, and of channels
    `structure.choose(scores, …)`; a coarser granularity rounds to whole structures. Raises
    ValueError for budgets that cannot be met, unknown units, names that are not the model's,
    levels that are no shares, and losses that are not finite.

    >>> from course_utils.models import lenet300
    >>> losses = {"fc1/kernel": {0.5: 0, 0.9: 0.01}, "fc2/kernel": {0.5: 0.01, 0.9: 0.02}}
    >>> found = plan(losses, lenet300(), 0.5)
    >>> {name: round(share, 3) for name, share in found.sparsity.items()}, found.cost
    ({'fc1/kernel': 0.567, 'fc2/kernel': 0.0}, 133305)
    """
    losses = _checked(scan.losses if isinstance(scan, Scan) else scan)
    cost, settled = budgeting(losses, model, of, inputs)
    whole = cost({})
    target = checked_number(budget, "budget", 0, float("inf"))
    target = target * whole if target <= 1 else target
    within, beyond = evenly(losses, cost, target)
    within = spared(losses, within, cost, target)
    shares = settled(given_back((within, beyond), cost, target))
    return Plan(shares, expected(losses, shares), of, whole, target, cost(shares))


def _checked(losses: object) -> dict[str, dict[float, float]]:
    """Return losses by name and level, after making sure that they are numbers of shares.

    That of nothing pruned is 0 among them; what is won counts as 0, too.
    """
    if not isinstance(losses, Mapping) or not all(isinstance(c, Mapping) for c in losses.values()):
        raise TypeError(
            f"scan must be a Scan, or losses such as {{'fc/kernel': {{0.5: 0.01}}}}, not "
            f"{losses!r:.80}."
        )
    if not losses or not all(losses.values()):
        raise ValueError("the scan names nothing, or no level, so there is nothing to plan.")
    curves: dict[str, dict[float, float]] = {}
    for name, curve in losses.items():
        curves[name] = {0.0: 0.0}
        for at, loss in curve.items():
            level = checked_number(at, f"a level of {name!r}", 0, 1)
            lost = checked_number(loss, f"the loss of {name!r} at {at}", -math.inf, math.inf)
            if math.isinf(lost):
                raise ValueError(f"the losses of {name!r} are not all finite: {curve}.")
            curves[name][level] = max(lost, 0.0) if level else 0.0
    return curves
