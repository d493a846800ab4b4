"""Pictures of what one number hides: errors by class, calibration, corruptions."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from course_utils.lessons.plots.style import COLOURS, GREY, LIGHT, line

Interval = tuple[Sequence[float], Sequence[float], Sequence[float]]
_MARKS = "osD^vP"


def by_class(series: Mapping[str, Interval], ax: Axes | None = None) -> Axes:
    """Draw shares by class, {name: (low, middle, high)} with a number a class, as marks on bars."""
    ax = ax or plt.subplots(figsize=(8.5, 3.6))[1]
    step = 0.7 / len(series)
    for index, (name, (low, middle, high)) in enumerate(series.items()):
        places = np.arange(len(middle)) + (index - (len(series) - 1) / 2) * step
        bars = np.abs(np.array([low, high], float) - np.asarray(middle, float))
        look = {"color": COLOURS[index % 6], "fmt": _MARKS[index % 6], "markersize": 6}
        ax.errorbar(places, middle, yerr=bars, label=name, capsize=2, **look)
    ax.legend()
    return _by_digit(ax, len(middle))


def seeds_by_class(runs: Mapping[str, np.ndarray], ax: Axes | None = None) -> Axes:
    """Draw errors by class, {name: (seeds, classes)}: a dot for each seed, a dash for the mean."""
    ax = ax or plt.subplots(figsize=(8.5, 3.6))[1]
    step = 0.7 / len(runs)
    for index, (name, values) in enumerate(runs.items()):
        places = np.arange(values.shape[1]) + (index - (len(runs) - 1) / 2) * step
        look = {"color": COLOURS[index % 6]}
        ax.plot(places, values.T, ".", alpha=0.5, **look)
        ax.plot(places, values.mean(axis=0), "_", markersize=13, markeredgewidth=3, **look)
        ax.plot([], [], "s", label=name, **look)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return _by_digit(ax, values.shape[1])


def _by_digit(ax: Axes, count: int) -> Axes:
    for edge in np.arange(count - 1) + 0.5:
        ax.axvline(edge, color=LIGHT, linewidth=0.8, zorder=0)
    ax.set(xticks=range(count), xlim=(-0.5, count - 0.5), ylim=(0, None))
    ax.set(xlabel="digit", ylabel="error")
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    return ax


def reliability(bins: Mapping[str, Sequence[Sequence[float]]], ax: Axes | None = None) -> Axes:
    """Draw accuracy over confidence for the bins of `forgetting.reliability`, a line a name.

    On the diagonal a network is as often right as it says; the area of a mark is the share of
    answers in its bin.
    """
    ax = ax or plt.subplots(figsize=(4.6, 4.2))[1]
    ax.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--", label="calibrated")
    for index, (name, found) in enumerate(bins.items()):
        _, _, count, confidence, accuracy = np.array([tuple(b) for b in found], float).T
        look = line(index)
        ax.plot(confidence, accuracy, label=name, **look | {"linewidth": 1})
        area = 12 + 250 * count / count.sum()
        mark = {"color": look["color"], "marker": _MARKS[index % 6], "alpha": 0.6, "clip_on": False}
        ax.scatter(confidence, accuracy, area, **mark)
    ax.set(xlim=(0, 1.02), ylim=(0, 1.05), xlabel="confidence", ylabel="accuracy")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    ax.legend(loc="upper left")
    return ax
