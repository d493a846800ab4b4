"""What one number hides: a pruned network beside the dense one, class by class, image by image.

Plain functions of arrays: `predicted` labels (n,) of one network or (networks, n) of several,
`probabilities` (n, classes), true `labels` (n,), `images` (n, height, width, channels) in [0, 1].
"""

from course_utils.lessons.forgetting.calibration import (
    Bin,
    at_temperature,
    best_temperature,
    ece,
    ece_if_calibrated,
    nll,
    reliability,
)
from course_utils.lessons.forgetting.corruptions import (
    KINDS,
    blur,
    contrast,
    corrupt,
    noise,
    rotation,
    shift,
)
from course_utils.lessons.forgetting.exemplars import by_chance, exemplars, modal
from course_utils.lessons.forgetting.looking import agreement, paths, reached, saliency, selectivity
from course_utils.lessons.forgetting.perclass import class_errors, confusion, wilson

__all__ = [
    "KINDS",
    "Bin",
    "agreement",
    "at_temperature",
    "best_temperature",
    "blur",
    "by_chance",
    "class_errors",
    "confusion",
    "contrast",
    "corrupt",
    "ece",
    "ece_if_calibrated",
    "exemplars",
    "modal",
    "nll",
    "noise",
    "paths",
    "reached",
    "reliability",
    "rotation",
    "saliency",
    "selectivity",
    "shift",
    "wilson",
]
