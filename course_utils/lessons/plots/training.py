"""Pictures of pruning while a network trains: schedules, what the loss does, where masks go."""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator, PercentFormatter

from course_utils.lessons.plots.series import curves
from course_utils.lessons.plots.style import BLUE, GREY, LIGHT, RED


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
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    ax.yaxis.set_minor_formatter(FuncFormatter(lambda y, _: ""))
    return ax


def spread(
    runs: Mapping[str, Sequence[float]], ax: Axes | None = None, controls: Sequence[str] = ()
) -> Axes:
    """Draw one row a name: a dot for each run, and the mean with a bar of ±1 sd; controls grey."""
    ax = ax or plt.subplots(figsize=(7, 0.6 + 0.36 * len(runs)))[1]
    for place, (name, values) in enumerate(runs.items()):
        mean, sd = np.mean(values), np.std(values, ddof=1) if len(values) > 1 else 0.0
        colour = GREY if name in controls else BLUE
        ax.plot(values, np.full(len(values), place), "o", color=GREY, alpha=0.5, markersize=4)
        ax.errorbar(mean, place, xerr=sd, fmt="D", color=colour, markersize=7, capsize=4)
    ax.set_yticks(range(len(runs)), list(runs))
    ax.set_ylim(len(runs) - 0.5, -0.5)
    ax.grid(axis="y", color=LIGHT, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.xaxis.set_major_formatter(PercentFormatter(1))  # as many decimals as tell ticks apart
    return ax


def cost_and_worth(
    points: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    ax: Axes | None = None,
    controls: Sequence[str] = (),
) -> Axes:
    """Draw accuracy over the weights that were there while training, ±1 sd; controls are grey.

    `points` holds (densities, accuracies) of all runs. Each name stands at the right of its point,
    at a distance from the next one that lets it be read.
    """
    ax = ax or plt.subplots()[1]
    means = {name: (np.mean(cost), np.mean(worth)) for name, (cost, worth) in points.items()}
    for name, (_, worth) in points.items():
        sd = np.std(worth, ddof=1) if len(worth) > 1 else 0.0
        colour = GREY if name in controls else BLUE
        ax.errorbar(*means[name], yerr=sd, fmt="o", color=colour, capsize=3, markersize=6)
    ax.set_xscale("log")
    _percent_ticks(ax, (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1))
    ax.set_xlim(0.015, 3)
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
    ax.set_xlabel("weights there while training, on average")
    low, high = ax.get_ylim()
    taken: list[tuple[float, float]] = []
    for name, (x, y) in sorted(means.items(), key=lambda one: one[1][1]):
        near = [at + 0.06 * (high - low) for other, at in taken if 0.4 < other / x < 2.5]
        at = max([y, *near])
        taken.append((x, at))
        colour = {"color": GREY if name in controls else BLUE, "va": "center"}
        arrow = {"arrowstyle": "-", "color": LIGHT}
        ax.annotate(name, (x, y), (1.15 * x, at), arrowprops=arrow, **colour)
    return ax


def over_weights_left(
    series: Mapping[str, Sequence[float]],
    left: Sequence[float],
    ax: Axes | None = None,
    controls: Sequence[str] = (),
) -> Axes:
    """Draw `curves` over the share of weights left, from all of them to few; controls are grey."""
    ax = curves(series, left, ax)
    for line in ax.lines:
        if line.get_label() in controls:
            line.set_color(GREY)
    for line, band in zip(ax.lines, ax.collections, strict=False):  # single runs have no band
        band.set_color(line.get_color())
    ax.set_xscale("log")
    _percent_ticks(ax, (1, 0.3, 0.1, 0.03, 0.01))
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


def _percent_ticks(ax: Axes, ticks: Sequence[float]) -> None:
    ax.set_xticks(ticks, [f"{100 * tick:g} %" for tick in ticks])
    ax.xaxis.set_minor_locator(NullLocator())
