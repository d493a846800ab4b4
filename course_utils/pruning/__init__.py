"""Prune a Keras model: find its kernels, measure them, hold masks, follow a schedule, rewind."""

from course_utils.pruning.attaching import (
    attach,
    detach,
    held_masks,
    masks_from_zeros,
    regrown,
    remembered,
)
from course_utils.pruning.callback import PruneOnSchedule
from course_utils.pruning.derivatives import curvature, fresh_gradients, gradients
from course_utils.pruning.hooks import input_norms
from course_utils.pruning.kernels import kernels, layouts, skipped, weights
from course_utils.pruning.oneshot import prune
from course_utils.pruning.tickets import Snapshots, reinitialized, rewind

__all__ = [
    "PruneOnSchedule",
    "Snapshots",
    "attach",
    "curvature",
    "detach",
    "fresh_gradients",
    "gradients",
    "held_masks",
    "input_norms",
    "kernels",
    "layouts",
    "masks_from_zeros",
    "prune",
    "regrown",
    "reinitialized",
    "remembered",
    "rewind",
    "skipped",
    "weights",
]
