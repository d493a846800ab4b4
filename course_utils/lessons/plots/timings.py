"""Pictures of time: single calls, medians with quartiles, break-evens, layers, bytes and speed."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from course_utils.lessons.plots.style import BLUE, COLOURS, GREEN, GREY, SKY, line


def in_order(
    names: Sequence[str], seconds: Sequence[float], ax: Axes | None = None, *, log: bool = False
) -> Axes:
    """Draw every call's time in the order of the calls, and a line at the median of each name."""
    ax = ax or plt.subplots()[1]
    names, ms = np.asarray(names), 1e3 * np.asarray(seconds, float)
    for index, name in enumerate(dict.fromkeys(names.tolist())):
        mine = np.flatnonzero(names == name)
        look = {"color": COLOURS[index % 6], "marker": "osD^vP"[index % 6]}
        ax.plot(mine + 1, ms[mine], linestyle="", markersize=5, label=name, **look)
        if len(mine) > 1:
            ax.axhline(np.median(ms[mine]), **line(index) | {"linewidth": 1})
    ax.set(xlabel="call", ylabel="milliseconds")
    if log:
        ax.set_yscale("log")
        plain_decades(ax.yaxis)
    else:
        ax.set_ylim(0, max(ax.get_ylim()[1], 1.05 * ms.max()))  # it may be shared
    ax.legend(loc="upper right" if log else "lower right", ncols=2)  # where no call is
    return ax


def break_even(
    densities: Sequence[float], ratios: Mapping[str, Sequence[float]], ax: Axes | None = None
) -> Axes:
    """Draw sparse over dense, by density, both axes logarithmic; where it is below 1 is green."""
    ax = ax or plt.subplots(figsize=(8.5, 3.8))[1]
    for index, (name, values) in enumerate(ratios.items()):
        ax.plot(densities, values, label=name, marker="osD^vP"[index % 6], **line(index))
    ax.set(xscale="log", yscale="log", xlabel="density: weights that are not zero")
    plain_decades(ax.yaxis)
    low, high = ax.get_ylim()
    ax.axhspan(min(low, 0.5), 1, color=GREEN, alpha=0.1, linewidth=0, zorder=0)
    ax.axhline(1, color=GREY, linewidth=1)
    ax.set_ylim(min(low, 0.5), max(high, 2))
    ax.set_xticks(densities, [f"{100 * d:g} %" for d in densities])
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return ax


def layers(costs: Mapping[str, Mapping[str, Sequence[float]]], sizes: Sequence[str]) -> Figure:
    """Draw a panel for each cost, {"milliseconds": {"conv": (full, half), …}}: bars by layer."""
    names = list(next(iter(costs.values())))
    size = (9, 0.9 + 0.5 * len(names))
    fig, axes = plt.subplots(1, len(costs), figsize=size, sharey=True, squeeze=False)
    for ax, (cost, by_layer) in zip(axes[0], costs.items(), strict=True):
        values = np.array([by_layer[name] for name in names], float)
        for index, label in enumerate(sizes):
            places = np.arange(len(names)) + 0.36 * (index - (len(sizes) - 1) / 2)
            ax.barh(places, values[:, index], 0.34, color=(SKY, BLUE, GREEN)[index], label=label)
        ax.set_xlabel(cost)
        ax.xaxis.set_major_locator(MaxNLocator(5))
    axes[0, 0].set_yticks(range(len(names)), names)
    axes[0, 0].invert_yaxis()
    axes[0, -1].legend(loc="lower right")
    return fig


def over_width(widths: Sequence[int], ms: Sequence[float], ax: Axes | None = None) -> Axes:
    """Draw time over the number of filters, and the line on which it would follow the MACs."""
    ax = ax or plt.subplots()[1]
    ax.plot([0, widths[-1]], [0, ms[-1]], color=GREY, linestyle="--", label="as the MACs")
    ax.plot(widths, ms, color=BLUE, marker="o", label="measured")
    ax.set(xlim=(0, None), ylim=(0, None), xlabel="filters", ylabel="milliseconds")
    ax.set_xticks(widths)
    ax.legend()
    return ax


def size_and_speed(
    points: Mapping[str, tuple[float, float]], labels: Mapping[str, str], ax: Axes | None = None
) -> Axes:
    """Draw {name: (bytes, ms)} on logarithmic axes: small is left, fast is low.

    What stands before a comma in a name gives the colour, what stands after it the mark. The
    legend holds the labels, the slowest on top.
    """
    ax = ax or plt.subplots(figsize=(9.5, 1.2 + 0.32 * len(points)))[1]
    parts = {name: name.partition(",")[::2] for name in points}
    colours, marks = (list(dict.fromkeys(p[i] for p in parts.values())) for i in (0, 1))
    for name in sorted(points, key=lambda name: -points[name][1]):
        colour, mark = colours.index(parts[name][0]), marks.index(parts[name][1])
        look = {"color": COLOURS[colour % 6], "marker": "osD^vP"[mark % 6], "linestyle": ""}
        ax.plot(points[name][0] / 1e3, points[name][1], markersize=9, label=labels[name], **look)
    ax.set(xscale="log", yscale="log", xlabel="kilobytes to download", ylabel="milliseconds")
    plain_decades(ax.xaxis)
    plain_decades(ax.yaxis)
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=11)
    return ax


def plain_decades(axis: Axis, scale: float = 1, unit: str = "") -> None:
    """Write 1, 2, 5, 10, 20 … on a logarithmic axis, with some room at both ends."""
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda tick, _: f"{scale * tick:,g}{unit}"))
    axis.set_minor_formatter(NullFormatter())
    axis.set_view_interval(low / 1.1, high * 1.1, ignore=True)
