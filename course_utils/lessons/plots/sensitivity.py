"""The picture of a scan: how each layer bears being pruned alone, and what a plan takes of it."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from course_utils.lessons.plots.style import GREY, line


def sensitivity(
    results: Mapping[str, Mapping[float, float]],
    baseline: float,
    chosen: Mapping[str, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw one curve a layer, {layer: {level: accuracy}}, from the baseline at level 0.

    A ring on a curve shows what a plan chose for that layer, {layer: level}.
    """
    ax = ax or plt.subplots()[1]
    ax.axhline(baseline, color=GREY, linewidth=1, zorder=1)
    for index, (name, curve) in enumerate(results.items()):
        points = sorted({0.0: baseline, **curve}.items())
        levels, values = zip(*points, strict=True)
        ax.plot(levels, values, label=name, marker="o", markersize=4, **line(index))
        if chosen is not None and name in chosen:
            height = np.interp(chosen[name], levels, values)
            look = {"color": line(index)["color"], "markersize": 13, "markeredgewidth": 2.5}
            ax.plot(chosen[name], height, "o", fillstyle="none", zorder=3, **look)
    ax.set(xlabel="pruned in this layer alone", ylabel="validation accuracy")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return ax
