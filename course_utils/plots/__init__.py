"""One figure an idea: a function draws on `ax` (a new one if none is given) and returns it.

The two that need several axes, `functions` and `feature_maps`, return the figure.
"""

from course_utils.plots.images import feature_maps, images
from course_utils.plots.series import bars, curves, functions, shares, sparsity_by_step
from course_utils.plots.style import (
    BLUE,
    COLOURS,
    GREEN,
    GREY,
    LIGHT,
    ORANGE,
    PINK,
    RED,
    SKY,
    use_style,
)
from course_utils.plots.weights import (
    filters,
    histogram,
    matrix,
    network,
    regrowth,
    regrowth_key,
)

__all__ = [
    "BLUE",
    "COLOURS",
    "GREEN",
    "GREY",
    "LIGHT",
    "ORANGE",
    "PINK",
    "RED",
    "SKY",
    "bars",
    "curves",
    "feature_maps",
    "filters",
    "functions",
    "histogram",
    "images",
    "matrix",
    "network",
    "regrowth",
    "regrowth_key",
    "shares",
    "sparsity_by_step",
    "use_style",
]
