"""One figure an idea: a function draws on `ax` (a new one if none is given) and returns it.

Those that need several axes return the figure: `functions`, `feature_maps`, `film_strip`, `layers`,
`by_severity`, `by_share`, `heads`, `spectra` and `spectrograms`.
"""

from course_utils.lessons.plots.choices import by_compression, decision, heat_map, layer_densities
from course_utils.lessons.plots.criteria import predicted_and_true, ranks, small_masks
from course_utils.lessons.plots.forgetting import by_class, by_severity, digit_rows, reliability
from course_utils.lessons.plots.graphs import id_rows, layer_graph
from course_utils.lessons.plots.images import feature_maps, images
from course_utils.lessons.plots.joint import codebook, stages, weight_sizes
from course_utils.lessons.plots.sensitivity import sensitivity
from course_utils.lessons.plots.series import bars, curves, functions, shares, sparsity_by_step
from course_utils.lessons.plots.speed import (
    break_even,
    in_order,
    layers,
    over_width,
    size_and_speed,
    timings,
)
from course_utils.lessons.plots.style import (
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
from course_utils.lessons.plots.tasks_pictures import (
    area_below_precision,
    boxes,
    pixel_classes,
    pixels_judged,
    scenes,
)
from course_utils.lessons.plots.tasks_sound import (
    by_share,
    formant_chart,
    heads,
    spectra,
    spectrograms,
)
from course_utils.lessons.plots.training import (
    cost_and_worth,
    film_strip,
    loss_by_step,
    over_weights_left,
    schedule,
    spread,
)
from course_utils.lessons.plots.trials import best_so_far, durations, front, rounds
from course_utils.lessons.plots.weights import (
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
    "area_below_precision",
    "bars",
    "best_so_far",
    "boxes",
    "break_even",
    "by_class",
    "by_compression",
    "by_severity",
    "by_share",
    "codebook",
    "cost_and_worth",
    "curves",
    "decision",
    "digit_rows",
    "durations",
    "feature_maps",
    "film_strip",
    "filters",
    "formant_chart",
    "front",
    "functions",
    "heads",
    "heat_map",
    "histogram",
    "id_rows",
    "images",
    "in_order",
    "layer_densities",
    "layer_graph",
    "layers",
    "loss_by_step",
    "matrix",
    "network",
    "over_weights_left",
    "over_width",
    "pixel_classes",
    "pixels_judged",
    "predicted_and_true",
    "ranks",
    "regrowth",
    "regrowth_key",
    "reliability",
    "rounds",
    "scenes",
    "schedule",
    "sensitivity",
    "shares",
    "size_and_speed",
    "small_masks",
    "sparsity_by_step",
    "spectra",
    "spectrograms",
    "spread",
    "stages",
    "timings",
    "use_style",
    "weight_sizes",
]
