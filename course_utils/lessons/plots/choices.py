"""Pictures for choosing: how each layer bears pruning, what a scope gives each, where to stop."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator, PercentFormatter

from course_utils.lessons.plots.style import COLOURS, GREY, LIGHT, ink, line
from course_utils.lessons.plots.timings import plain_decades


def heat_map(
    rows: Mapping[str, Sequence[float]], columns: Sequence[str], ax: Axes | None = None
) -> Axes:
    """Draw shares as a table of coloured cells with their numbers, light where much is lost."""
    ax = ax or plt.subplots(figsize=(0.85 * len(columns) + 1.5, 0.5 * len(rows) + 0.9))[1]
    values = np.array(list(rows.values()), float)
    image = ax.imshow(values, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        colour = ink(image.cmap(image.norm(value)))
        ax.text(column, row, f"{value:.0%}", ha="center", va="center", color=colour, fontsize=11)
    ax.set_xticks(range(len(columns)), columns)
    ax.set_yticks(range(len(rows)), list(rows))
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def layer_densities(
    ways: Mapping[str, Mapping[str, float]],
    ax: Axes | None = None,
    colours: Mapping[str, str] | None = None,
) -> Axes:
    """Draw what each way leaves of each layer, {way: {layer: sparsity}}, as dots on a log scale.

    A layer of which nothing is left stands at the left edge, as an empty mark. `colours` may give
    ways their own colours.
    """
    ax = ax or plt.subplots(figsize=(7, 0.5 * len(next(iter(ways.values()))) + 1.2))[1]
    edge = min(1 - s for layers in ways.values() for s in layers.values() if s < 1) / 2
    for index, (way, layers) in enumerate(ways.items()):
        places = np.arange(len(layers)) + min(0.22, 0.7 / len(ways)) * (index - (len(ways) - 1) / 2)
        density = np.array([1 - share for share in layers.values()])
        gone = density <= 0
        look = {"color": COLOURS[index % 6], "marker": "osD^vP"[index % 6], "linestyle": ""}
        look["color"] = (colours or {}).get(way, look["color"])
        ax.plot(density[~gone], places[~gone], label=way, markersize=8, **look)
        ax.plot(np.full(gone.sum(), edge), places[gone], markersize=8, fillstyle="none", **look)
    ax.set_yticks(range(len(layers)), list(layers))
    ax.invert_yaxis()
    ax.grid(axis="y", color=LIGHT, linewidth=0.8)
    ax.set(xscale="log", xlabel="weights left in the layer")
    plain_decades(ax.xaxis, 100, " %")
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return ax


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


def by_compression(sparsities: Sequence[float], ax: Axes) -> Axes:
    """Give an axis that runs over sparsity the scale on which one step halves what is left."""
    ax.set_xscale("function", functions=(_compressed, lambda u: 1 - 2.0**-u))
    ends = _compressed([min(sparsities), max(sparsities)]) + np.array([-0.2, 0.2])
    ax.set_xlim(*(1 - 2.0**-ends))  # or a span over the whole width would stretch the axis
    ax.set_xticks(list(sparsities), [f"{100 * s:g} %" for s in sparsities])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set_xlabel("sparsity")
    return ax


def _compressed(s: np.ndarray) -> np.ndarray:
    # Beyond 1 there is no compression; Matplotlib asks for margins there.
    return -np.log2(np.maximum(1 - np.asarray(s, float), 1e-6))
