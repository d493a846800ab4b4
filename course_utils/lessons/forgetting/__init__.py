"""What one number hides: a pruned network beside the dense one, class by class, image by image.

Plain functions of arrays: `predicted` labels (n,) of one network or (networks, n) of several,
`probabilities` (n, classes), true `labels` (n,), `images` (n, height, width, channels) in [0, 1].
"""

# ruff: noqa: F401 (what is imported here is what lessons call by this folder's name)

from course_utils.lessons.forgetting.calibration import Bin, ece, ece_if_calibrated, reliability
from course_utils.lessons.forgetting.corruptions import KINDS, corrupt
from course_utils.lessons.forgetting.labels import (
    by_chance,
    class_errors,
    confusion,
    exemplars,
    modal,
    wilson,
)
