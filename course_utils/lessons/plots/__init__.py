"""One figure an idea: a function draws on `ax` (a new one if none is given) and returns it.

Those that need several axes return the figure: `functions`, `feature_maps`, `film_strip`, `layers`,
`by_share`, `heads`, `spectra`, `spectrograms` and `through_time`.
"""

# ruff: noqa: F401 (what is imported here is what lessons call by this folder's name)

from course_utils.lessons.plots.choices import (
    by_compression,
    heat_map,
    layer_densities,
    sensitivity,
)
from course_utils.lessons.plots.comparing import label_ends, paired, predicted_and_true
from course_utils.lessons.plots.graphs import id_rows, layer_graph
from course_utils.lessons.plots.images import digit_rows, feature_maps, images
from course_utils.lessons.plots.pixels import (
    area_below_precision,
    boxes,
    pixel_classes,
    pixels_judged,
    scenes,
)
from course_utils.lessons.plots.reliability import by_class, reliability, seeds_by_class
from course_utils.lessons.plots.series import (
    bars,
    curves,
    functions,
    shares,
    sparsity_by_step,
    stages,
)
from course_utils.lessons.plots.sounds import by_share, formant_chart, heads, spectra, spectrograms
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
from course_utils.lessons.plots.sweeps import best_so_far, durations, rounds
from course_utils.lessons.plots.timings import (
    break_even,
    in_order,
    layers,
    over_width,
    size_and_speed,
)
from course_utils.lessons.plots.training import (
    cost_and_worth,
    film_strip,
    loss_by_step,
    over_weights_left,
    schedule,
    spread,
)
from course_utils.lessons.plots.weights import (
    codebook,
    filters,
    histogram,
    matrix,
    network,
    regrowth,
    regrowth_key,
    small_masks,
    through_time,
)
