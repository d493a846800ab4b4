"""Which weights stay?  scores -> masks

A mask is a Boolean array of its kernel's shape: True stays, False is pruned. Where a sparsity is
asked for, weights are *ranked*, never cut at a threshold: exactly round(s · n) of them go, even
if scores are tied or half of them are zero already.
"""

from course_utils.masking.collapse import collapsed, thin
from course_utils.masking.granularity import GRANULARITIES, pool
from course_utils.masking.masks import (
    Masks,
    apply,
    by_sigma,
    by_threshold,
    checked_mask,
    checked_scores,
    compression,
    exclude,
    shuffle,
    sparsity,
)
from course_utils.masking.patterns import block_masks, n_of_m
from course_utils.masking.ranking import SCOPES, erk, make_masks

__all__ = [
    "GRANULARITIES",
    "SCOPES",
    "Masks",
    "apply",
    "block_masks",
    "by_sigma",
    "by_threshold",
    "checked_mask",
    "checked_scores",
    "collapsed",
    "compression",
    "erk",
    "exclude",
    "make_masks",
    "n_of_m",
    "pool",
    "shuffle",
    "sparsity",
    "thin",
]
