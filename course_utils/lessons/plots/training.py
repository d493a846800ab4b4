"""Pictures of pruning while a network trains: schedules, what the loss does, where masks go."""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator, PercentFormatter

from course_utils.lessons.plots.series import curves
from course_utils.lessons.plots.style import BLUE, COLOURS, GREY, LIGHT, RED


def schedule(function: Callable[[int], float], steps: int, ax: Axes | None = None) -> Axes:
    """Draw a schedule from step 0 to `steps`: what is pruned is blue, what is left is white."""
    ax = ax or plt.subplots()[1]
    at = np.arange(steps + 1)
    pruned = [function(int(step)) for step in at]
    ax.fill_between(at, pruned, step="post", color=BLUE, alpha=0.25, linewidth=0)
    ax.step(at, pruned, where="post", color=BLUE)
    ax.set(xlim=(0, steps), ylim=(0, 1))
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    return ax


def loss_by_step(
    losses: Mapping[int, float], cuts: Sequence[int] = (), ax: Axes | None = None
) -> Axes:
    """Draw a loss against optimizer steps on a logarithmic scale, with a line at each cut."""
    ax = ax or plt.subplots()[1]
    for index, cut in enumerate(cuts):
        label = "a cut" if index == 0 else None
        ax.axvline(cut, color=LIGHT, linewidth=1, zorder=0, label=label)
    steps, values = zip(*sorted(losses.items()), strict=True)
    ax.plot(steps, values, color=RED, linewidth=1.5, label="loss")
    ax.set(yscale="log", xlabel="optimizer steps", ylabel="validation loss")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    ax.yaxis.set_minor_formatter(FuncFormatter(lambda y, _: ""))
    return ax


def spread(runs: Mapping[str, Sequence[float]], ax: Axes | None = None) -> Axes:
    """Draw one row a name: a dot for each run, and the mean with a bar of ±1 sd."""
    ax = ax or plt.subplots(figsize=(7, 0.6 + 0.36 * len(runs)))[1]
    for place, values in enumerate(runs.values()):
        mean, sd = np.mean(values), np.std(values, ddof=1) if len(values) > 1 else 0.0
        ax.plot(values, np.full(len(values), place), "o", color=GREY, alpha=0.5, markersize=4)
        ax.errorbar(mean, place, xerr=sd, fmt="D", color=BLUE, markersize=7, capsize=4)
    ax.set_yticks(range(len(runs)), list(runs))
    ax.set_ylim(len(runs) - 0.5, -0.5)
    ax.grid(axis="y", color=LIGHT, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.xaxis.set_major_formatter(PercentFormatter(1))  # as many decimals as tell ticks apart
    return ax


def cost_and_worth(
    points: Mapping[str, tuple[Sequence[float], Sequence[float]]], ax: Axes | None = None
) -> Axes:
    """Draw accuracy over the weights that were there while training, a cross of ±1 sd a name.

    `points` holds (densities, accuracies) of all runs; densities are drawn on a logarithmic scale,
    and equal ones side by side.
    """
    ax = ax or plt.subplots()[1]
    places = _side_by_side([np.mean(density) for density, _ in points.values()])
    for index, (name, (_, accuracy)) in enumerate(points.items()):
        sd = np.std(accuracy, ddof=1) if len(accuracy) > 1 else 0.0
        at, colour = (places[index], np.mean(accuracy)), COLOURS[index % 6]
        mark = "osD^vP"[(index + index // 6) % 6]
        ax.errorbar(*at, yerr=sd, fmt=mark, color=colour, markersize=8, capsize=3, label=name)
    ax.set_xscale("log")
    _percent_ticks(ax, (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1))
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
    ax.set_xlabel("weights there while training, on average")
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return ax


def over_weights_left(
    series: Mapping[str, Sequence[float]], left: Sequence[float], ax: Axes | None = None
) -> Axes:
    """Draw `curves` over the share of weights left, from all of them on the left to few."""
    ax = curves(series, left, ax)
    ax.set_xscale("log")
    _percent_ticks(ax, (1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01))
    ax.set_xlim(1.1 * max(left), 0.9 * min(left))
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.set_xlabel("weights left")
    return ax


def film_strip(
    rows: Mapping[str, Mapping[str, np.ndarray]], label: str, width: float = 9.0
) -> Figure:
    """Draw rows of small maps, {"RigL": {"step 0": map, …}}, dark where much is, on one scale."""
    columns = max(len(frames) for frames in rows.values())
    size = (width, len(rows) * (width / columns + 0.25))
    fig, axes = plt.subplots(len(rows), columns, figsize=size, squeeze=False)
    # The very largest counts of a few pixels would leave all others pale.
    top = np.percentile([frame for frames in rows.values() for frame in frames.values()], 99.5)
    for ax in axes.flat:
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    for line, (name, frames) in zip(axes, rows.items(), strict=True):
        line[0].set_ylabel(name)
        for ax, (title, frame) in zip(line, frames.items(), strict=False):
            image = ax.imshow(frame, cmap="Blues", vmin=0, vmax=top)
            ax.set_title(title, fontsize=10)
    bar = fig.colorbar(image, ax=axes, fraction=0.02, pad=0.01, extend="max")
    bar.set_label(label, fontsize=10)
    return fig


def _side_by_side(values: Sequence[float], step: float = 1.2) -> list[float]:
    """Move equal values apart by a factor, around where they are.

    >>> [round(value, 3) for value in _side_by_side([0.02, 1.0, 0.02])]
    [0.018, 1.0, 0.022]
    """
    near = [[i for i, other in enumerate(values) if np.isclose(other, v)] for v in values]
    return [
        float(value * step ** (group.index(i) - (len(group) - 1) / 2))
        for i, (value, group) in enumerate(zip(values, near, strict=True))
    ]


def _percent_ticks(ax: Axes, ticks: Sequence[float]) -> None:
    ax.set_xticks(ticks, [f"{100 * tick:g} %" for tick in ticks])
    ax.xaxis.set_minor_locator(NullLocator())
