"""Pictures of numbers side by side: curves over epochs or steps, bars, shares, functions."""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from course_utils.lessons.plots.style import COLOURS, GREY, LIGHT, RED, ink, line


def curves(
    series: Mapping[str, Sequence[float]], x: Sequence[float] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw one line a name; an entry (runs, points) becomes a mean with a band of ±1 sd."""
    ax = ax or plt.subplots()[1]
    for index, (name, values) in enumerate(series.items()):
        runs = np.atleast_2d(np.asarray(values, float))
        at = np.arange(1, runs.shape[1] + 1) if x is None else np.asarray(x)
        look = line(index)
        ax.plot(at, runs.mean(axis=0), label=name, marker="o", markersize=4, **look)
        if len(runs) > 1:
            spread = runs.std(axis=0, ddof=1)
            low, high = runs.mean(axis=0) - spread, runs.mean(axis=0) + spread
            ax.fill_between(at, low, high, color=look["color"], alpha=0.15, linewidth=0)
    ax.legend()
    return ax


def sparsity_by_step(series: Mapping[str, Mapping[int, float]], ax: Axes | None = None) -> Axes:
    """Draw sparsity against optimizer steps on a scale that shows step 1 and step 10,000 alike."""
    ax = ax or plt.subplots()[1]
    for index, (name, points) in enumerate(series.items()):
        steps, shares = zip(*sorted(points.items()), strict=True)
        look = line(index)
        ax.plot(steps, shares, label=name, marker="o", markersize=4, **look)
    ax.set_xscale("symlog", linthresh=1)
    ax.set(xlim=(-0.1, None), ylim=(0, 1))
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.set(xlabel="optimizer steps after pruning", ylabel="zeros among the kernels")
    ax.legend()
    return ax


def shares(parts: Mapping[str, Mapping[str, float]], ax: Axes | None = None) -> Axes:
    """Draw stacked bars of 100 %, one an entry of `{"weights": {"conv": 288, …}, "MACs": {…}}`."""
    ax = ax or plt.subplots(figsize=(7, 2.4))[1]
    whole = {bar: sum(values.values()) for bar, values in parts.items()}
    part = {bar: {n: v / whole[bar] for n, v in values.items()} for bar, values in parts.items()}
    _stacked(part, "{:.1%}", ax)
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(next(iter(parts.values()))))
    return ax


def stages(
    parts: Mapping[str, Mapping[str, float]], notes: Mapping[str, str], ax: Axes | None = None
) -> Axes:
    """Draw one stacked bar a stage, {"shared": {"gaps": bytes, …}}, in kilobytes, with a note.

    Parts have the order of the first stage; a note, such as the error, stands behind its bar.
    """
    ax = ax or plt.subplots(figsize=(8, 0.6 + 0.5 * len(parts)))[1]
    kilo = {s: {kind: size / 1000 for kind, size in part.items()} for s, part in parts.items()}
    left = _stacked(kilo, "{:.1f}", ax)
    for place, stage in enumerate(parts):
        text = f" {left[place]:.1f} kB{notes.get(stage, '')}"
        ax.text(left[place], place, text, va="center", color=GREY, fontsize=11)
    ax.set(xlabel="kilobytes", xlim=(0, 1.45 * max(left)))
    ax.legend(loc="lower right")
    return ax


def _stacked(parts: Mapping[str, Mapping[str, float]], text: str, ax: Axes) -> np.ndarray:
    """Draw stacked bars from the first on top, `text` the form of their numbers; return the ends.

    A part that is narrower than 7 % of the longest bar has no room for its number.
    """
    left, room = np.zeros(len(parts)), 0.07 * max(sum(part.values()) for part in parts.values())
    for index, kind in enumerate(next(iter(parts.values()))):
        width, colour = np.array([part[kind] for part in parts.values()]), COLOURS[index % 6]
        ax.barh(list(parts), width, left=left, label=kind, color=colour, edgecolor="white")
        for bar in np.flatnonzero(width > room):
            at = {"x": left[bar] + width[bar] / 2, "y": bar, "color": ink(colour)}
            ax.text(**at, s=text.format(width[bar]), ha="center", va="center")
        left += width
    ax.invert_yaxis()
    return left


def bars(series: Mapping[str, Sequence[float]], ax: Axes | None = None) -> Axes:
    """Draw groups of bars side by side: entry i of every series stands at place i."""
    ax = ax or plt.subplots()[1]
    width = 0.8 / len(series)
    for index, (name, values) in enumerate(series.items()):
        places = np.arange(len(values)) + (index - (len(series) - 1) / 2) * width
        ax.bar(places, values, width, label=name, color=COLOURS[index % 6], edgecolor="white")
    ax.set_xticks(range(len(next(iter(series.values())))))
    ax.legend()
    return ax


def functions(
    curves: Mapping[str, Callable[[np.ndarray], np.ndarray]], low: float, high: float
) -> Figure:
    """Draw functions of one number side by side; the stretch where one is exactly 0 is red."""
    fig, axes = plt.subplots(1, len(curves), figsize=(3 * len(curves), 2.6), squeeze=False)
    x = np.linspace(low, high, 401)
    for ax, (name, function) in zip(axes[0], curves.items(), strict=True):
        y = np.asarray(function(x), float)
        ax.axhline(0, color=LIGHT, linewidth=1)
        ax.axvline(0, color=LIGHT, linewidth=1)
        ax.plot(x, y)
        ax.plot(x, np.where(y == 0, 0, np.nan), color=RED, linewidth=4, solid_capstyle="butt")
        ax.plot(x[y == 0][-1:], y[y == 0][-1:], "o", color=RED)
        ax.set(title=name, xlabel="z")
    return fig
