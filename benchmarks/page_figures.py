"""The figures of benchmarks/README.md, in the course's colours."""

from collections.abc import Callable, Iterable

import matplotlib

matplotlib.use("svg")

import matplotlib.pyplot as plt
import numpy as np
from comparing import COPY, GLOBAL, RULE, SCORED, Table, cost, slope
from frontier import PANELS, Point
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from matplotlib.transforms import Bbox
from parts import OURS, PRUNING, TFMOT, TORCH

from course_utils.lessons import plots

COLOUR = {OURS: plots.BLUE, TFMOT: plots.ORANGE, TORCH: plots.RED, PRUNING: plots.RED}
Bar = tuple[str, str, np.ndarray]  # label, library, one number a repetition


def training(table: Table) -> plt.Figure:
    """Draw the cost of pruning while training, a dot a repetition."""
    bars = [
        (f"{way}, {case}\n{library}", library, cost(table, case, library, way))
        for case in table.cases
        for way in ("held", "scheduled")
        for library in (OURS, TFMOT)
    ]
    return dots(bars, "time of training, as a multiple of plain training", at=1)


def masks(table: Table) -> plt.Figure:
    """Draw seconds over the number of weights, on logarithmic axes, with the slopes."""
    fig, ax = plt.subplots(figsize=(7, 4.2))
    weights = [float(case) for case in table.cases]
    lines = {
        "tfmot's rule": (TFMOT, RULE, plots.ORANGE, "s-"),
        "torch": (TORCH, GLOBAL, plots.RED, "^-"),
        "course_utils": (OURS, SCORED, plots.BLUE, "o-"),
        "a copy": (OURS, COPY, plots.GREY, "--"),
    }
    for name, (library, way, colour, style) in lines.items():
        seconds = [np.median(table.column(case, (library, way))) for case in table.cases]
        grows = f": n to the {slope(weights, seconds):.2f}" if len(weights) > 1 else ""
        ax.loglog(weights, seconds, style, color=colour, label=name + grows)
    ax.set(xlabel="weights", ylabel="seconds", title="Global masks by magnitude")
    ax.legend()
    return fig


def scan(table: Table) -> plt.Figure:
    """Draw the seconds of three ways to scan."""
    names = {"scan": "search.sensitivity", "loop": "compiled loop", "evaluate": "evaluate"}
    bars = [
        (f"{names[way]}\n{case}", OURS if way == "scan" else "", table.column(case, (OURS, way)))
        for case in table.cases
        for way in names
    ]
    return dots(bars, "seconds", at=None)


def halving(table: Table) -> plt.Figure:
    """Draw the seconds of halving each network, both libraries."""
    bars = [
        (f"{case}\n{library}", library, table.column(case, (library, case)))
        for case in table.cases
        for library in (OURS, PRUNING)
    ]
    return dots(bars, "seconds to halve all widths", at=None)


def course(table: Table) -> plt.Figure:
    """Draw the seconds from nothing to a lab that answers."""
    names = list(dict.fromkeys(row["way"] for row in table.rows))
    bars = [(name, OURS, table.column(table.cases[0], (OURS, name))) for name in names]
    return dots(bars, "seconds", at=None)


def dots(bars: Iterable[Bar], label: str, at: float | None) -> plt.Figure:
    """Draw a dot a repetition, and lines from quartile to quartile with the medians."""
    bars = list(bars)
    fig, ax = plt.subplots(figsize=(8, 0.9 + 0.52 * len(bars)))
    for place, (_, library, numbers) in enumerate(bars):
        colour = COLOUR.get(library, plots.GREY)
        low, median, high = np.quantile(numbers, (0.25, 0.5, 0.75))
        ax.plot(numbers, np.full(len(numbers), place), "o", color=colour, alpha=0.35, ms=5)
        ax.plot([low, high], [place, place], color=colour, linewidth=5, alpha=0.6)
        ax.plot(median, place, "|", color="black", ms=14)
    if at is not None:
        ax.axvline(at, color=plots.LIGHT, zorder=0)
    else:
        ax.set_xlim(left=0)
    ax.set(yticks=range(len(bars)), yticklabels=[name for name, *_ in bars], xlabel=label)
    ax.tick_params(axis="y", labelsize=10)
    ax.set_ylim(len(bars) - 0.5, -0.5)
    return fig


def frontier(published: list[Point], ours: list[Point]) -> plt.Figure:
    """Draw error over size in four panels: published points, and the course's with their sd."""
    fig, axes = plt.subplots(2, 2, figsize=(10, 8))
    for ax, (record, (title, _, label)) in zip(axes.flat, PANELS.items(), strict=True):
        for point in (point for point in ours if point.record == record):
            ax.errorbar(
                point.size, point.error, point.sd, fmt="s", color=plots.BLUE, capsize=4, zorder=3
            )
        for point in (point for point in published if point.record == record):
            ax.plot(point.size, point.error, "o", color=plots.GREY, ms=5)
        ax.set(xscale="log", yscale="log", title=title, xlabel=label, ylabel="test error, %")
        ax.margins(x=0.18, y=0.15)
        for axis, steps in ((ax.xaxis, (1, 2, 5)), (ax.yaxis, (1, 1.5, 2, 3, 5, 6, 7, 8, 9))):
            axis.set_major_locator(LogLocator(subs=steps))
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
            axis.set_minor_locator(NullLocator())
    axes.flat[0].plot(
        [], [], "s", color=plots.BLUE, label="this course: mean, sd of seeds, or one run"
    )
    axes.flat[0].plot([], [], "o", color=plots.GREY, ms=5, label="published")
    axes.flat[0].legend(fontsize=10, loc="upper left")
    fig.draw_without_rendering()  # places are known from here on
    for ax, record in zip(axes.flat, PANELS, strict=True):
        named(ax, [point for point in published if point.record == record])
    return fig


def named(ax: plt.Axes, points: list[Point]) -> None:
    """Write the names of points, each where it covers neither another name nor a point."""
    # A square around every point, in pixels; what a later name must not cover.
    taken = [
        Bbox.from_bounds(x - 4, y - 4, 8, 8)
        for x, y in ax.transData.transform([(point.size, point.error) for point in points])
    ]
    for point in sorted(points, key=lambda point: (point.error, point.size)):
        for x, y, side in PLACES:
            text = ax.annotate(
                point.label, (point.size, point.error), (x, y), textcoords="offset points",
                fontsize=9, color=plots.GREY, ha=side, va="center", annotation_clip=False,
            )  # fmt: skip
            box = text.get_window_extent()
            if not any(box.overlaps(other) for other in taken):
                break
            text.remove()
        else:
            ax.add_artist(text)
        taken.append(box)


# Right of its point, left of it, below, above, then further away.
PLACES = (
    (6, 0, "left"), (-6, 0, "right"),
    *((x, y, side) for y in (-11, 11, -21, 21, -31, 31)
      for x, side in ((0, "center"), (6, "left"), (-6, "right"))),
)  # fmt: skip


FIGURES: dict[str, Callable[[Table], plt.Figure]] = {
    each.__name__: each for each in (training, masks, scan, halving, course)
}
