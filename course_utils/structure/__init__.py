"""Structural pruning: which channels belong together, and a model without some of them.

Channels carry ids. Layers that compute channels make new ids, others pass them on, an addition
ties two sets, and a channel is removed by removing its id everywhere. What is left computes
exactly what it did, and `shrink(..., verify=True)` makes sure of it.
"""

from course_utils.structure.batchnorm import recalibrate, slimming
from course_utils.structure.channels import Channels, Group, channel_groups
from course_utils.structure.choosing import choose, per_cost, within_budget
from course_utils.structure.costing import Costs, costs
from course_utils.structure.reconstruction import reconstruct
from course_utils.structure.scoring import (
    filter_norms,
    norm_scales,
    random,
    relative,
    taylor,
)
from course_utils.structure.shrinking import GroupRow, ShrinkReport, shrink
from course_utils.structure.zeroing import difference, zeroed

__all__ = [
    "Channels",
    "Costs",
    "Group",
    "GroupRow",
    "ShrinkReport",
    "channel_groups",
    "choose",
    "costs",
    "difference",
    "filter_norms",
    "norm_scales",
    "per_cost",
    "random",
    "recalibrate",
    "reconstruct",
    "relative",
    "shrink",
    "slimming",
    "taylor",
    "within_budget",
    "zeroed",
]
