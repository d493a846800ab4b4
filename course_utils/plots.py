"""One figure an idea: every function draws on `ax` (a new one if none is given) and returns it."""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

# Okabe and Ito's palette, told apart by colour-blind readers too, in a fixed order of use.
BLUE, ORANGE, GREEN, PINK, SKY, RED = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00",
)  # fmt: skip
GREY, LIGHT = "#666666", "#DDDDDD"
COLOURS = (BLUE, ORANGE, GREEN, PINK, SKY, RED)
_DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))


def use_style() -> None:
    """Set the one style of the course's figures: readable on a projector, small in git."""
    plt.rcParams.update(
        {
            "figure.figsize": (7.0, 3.6),
            "figure.dpi": 90,
            "figure.constrained_layout.use": True,
            "font.size": 12,
            "axes.titlesize": 12,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.prop_cycle": plt.cycler(color=COLOURS),
            "lines.linewidth": 2,
            "legend.frameon": False,
        }
    )


def matrix(W: np.ndarray, mask: np.ndarray | None = None, ax: Axes | None = None) -> Axes:
    """Draw a small matrix with its numbers; cells that `mask` cuts are crossed out and grey.

    Orange is positive, purple negative, white zero; colours span plus and minus the largest size.
    """
    ax = ax or plt.subplots(figsize=(3.2, 3.2))[1]
    W = np.asarray(W, float)
    mask = np.ones(W.shape, bool) if mask is None else np.asarray(mask, bool)
    limit = np.abs(W).max() or 1.0
    # Two thirds of the colour map: its dark ends would swallow the numbers.
    ax.imshow(np.where(mask, W, np.nan), cmap="PuOr_r", vmin=-1.5 * limit, vmax=1.5 * limit)
    ax.set_facecolor(LIGHT)
    for (row, column), value in np.ndenumerate(W):
        _number(ax, row, column, value, bool(mask[row, column]))
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    return ax


def histogram(W: np.ndarray, theta: float | None = None, ax: Axes | None = None) -> Axes:
    """Draw the distribution of weights, with the band [-θ, θ] that pruning cuts."""
    ax = ax or plt.subplots()[1]
    W = np.asarray(W).ravel()
    ax.hist(W, bins=int(np.clip(np.sqrt(W.size), 15, 101)), color=BLUE, alpha=0.85)
    if theta is not None:
        share = np.mean(np.abs(W) <= theta)
        label = f"|w| ≤ {theta:g}: {share:.1%} cut"
        ax.axvspan(-theta, theta, color=ORANGE, alpha=0.3, label=label)
        ax.set_ylim(top=1.25 * ax.get_ylim()[1])  # room for the legend above the peak
        ax.legend(loc="upper center", handlelength=1)
    ax.set_xlabel("weight w")
    ax.set_ylabel("number of weights")
    return ax


def curves(
    series: Mapping[str, Sequence[float]], x: Sequence[float] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw one line a name; an entry (runs, points) becomes a mean with a band of ±1 sd."""
    ax = ax or plt.subplots()[1]
    for index, (name, values) in enumerate(series.items()):
        runs = np.atleast_2d(np.asarray(values, float))
        at = np.arange(1, runs.shape[1] + 1) if x is None else np.asarray(x)
        look = {"color": COLOURS[index % 6], "linestyle": _DASHES[index % 6]}
        ax.plot(at, runs.mean(axis=0), label=name, marker="o", markersize=4, **look)
        if len(runs) > 1:
            spread = runs.std(axis=0, ddof=1)
            low, high = runs.mean(axis=0) - spread, runs.mean(axis=0) + spread
            ax.fill_between(at, low, high, color=look["color"], alpha=0.15, linewidth=0)
    ax.legend()
    return ax


def sparsity_by_step(series: Mapping[str, Mapping[int, float]], ax: Axes | None = None) -> Axes:
    """Draw sparsity against optimiser steps on a scale that shows step 1 and step 10,000 alike."""
    ax = ax or plt.subplots()[1]
    for index, (name, points) in enumerate(series.items()):
        steps, shares = zip(*sorted(points.items()), strict=True)
        look = {"color": COLOURS[index % 6], "linestyle": _DASHES[index % 6]}
        ax.plot(steps, shares, label=name, marker="o", markersize=4, **look)
    ax.set_xscale("symlog", linthresh=1)
    ax.set_xlim(left=-0.1)
    ax.set_ylim(0, 1)
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.set_xlabel("optimiser steps after pruning")
    ax.set_ylabel("zeros among the kernels")
    ax.legend()
    return ax


def shares(parts: Mapping[str, Mapping[str, float]], ax: Axes | None = None) -> Axes:
    """Draw stacked bars of 100 %, one an entry of `{"weights": {"conv": 288, …}, "MACs": {…}}`."""
    ax = ax or plt.subplots(figsize=(7, 2.4))[1]
    names = list(next(iter(parts.values())))
    totals = {bar: sum(values.values()) for bar, values in parts.items()}
    left = np.zeros(len(parts))
    for index, name in enumerate(names):
        width = np.array([values[name] / totals[bar] for bar, values in parts.items()])
        ax.barh(list(parts), width, left=left, label=name, color=COLOURS[index % 6])
        for bar, (start, share) in enumerate(zip(left, width, strict=True)):
            if share > 0.07:  # a narrower part has no room for its number
                ax.text(start + share / 2, bar, f"{share:.1%}", ha="center", va="center")
        left += width
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.invert_yaxis()
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(names))
    return ax


def filters(kernel: np.ndarray, columns: int = 16, ax: Axes | None = None) -> Axes:
    """Draw a convolution's filters (first input channel) side by side; grey is exactly zero."""
    first = np.asarray(kernel, float)[:, :, 0, :]
    height, width, count = first.shape
    rows = -(-count // columns)
    ax = ax or plt.subplots(figsize=(7, 0.5 + 7 * rows / columns))[1]
    canvas = np.full((rows * (height + 1) + 1, columns * (width + 1) + 1), np.nan)
    for index in range(count):
        top, left = (index // columns) * (height + 1) + 1, (index % columns) * (width + 1) + 1
        canvas[top : top + height, left : left + width] = first[:, :, index]
    limit = np.abs(first).max() or 1.0
    ax.imshow(np.where(canvas == 0, np.nan, canvas), cmap="PuOr_r", vmin=-limit, vmax=limit)
    ax.imshow(np.where(canvas == 0, 1.0, np.nan), cmap=ListedColormap([GREY]))
    ax.axis("off")
    return ax


def images(x: np.ndarray, titles: Sequence[object], ax: Axes | None = None) -> Axes:
    """Draw a row of grey images (n, height, width, 1) with a title above each."""
    x = np.asarray(x)[..., 0]
    ax = ax or plt.subplots(figsize=(7, 7 / len(x) + 0.4))[1]
    ax.imshow(np.concatenate([np.pad(image, 1) for image in x], axis=1), cmap="gray_r")
    width = x.shape[2] + 2
    ax.set_xticks([width * (index + 0.5) for index in range(len(x))], [str(t) for t in titles])
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    return ax


def network(weights: Sequence[np.ndarray], ax: Axes | None = None) -> Axes:
    """Draw a small dense network from its matrices (inputs, outputs); zeros are dotted lines.

    Orange is positive, purple negative, the width of a line is the size of its weight.
    """
    ax = ax or plt.subplots(figsize=(4.2, 3.2))[1]
    limit = max(np.abs(W).max() for W in weights) or 1.0
    for layer, W in enumerate(weights):
        left, right = _unit_heights(W.shape[0]), _unit_heights(W.shape[1])
        for (i, j), w in np.ndenumerate(W):
            ax.plot([layer, layer + 1], [left[i], right[j]], zorder=1, **_edge(w / limit))
        for column, at in ((layer, left), (layer + 1, right)):
            ax.scatter(np.full(len(at), column), at, s=160, color=GREY, zorder=2)
    ax.margins(0.08)
    ax.axis("off")
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


def feature_maps(
    maps: np.ndarray, titles: Sequence[object], columns: int = 8, width: float = 9.0
) -> Figure:
    """Draw maps (height, width, n), each with a title; orange is positive, purple negative.

    All share one scale, from minus to plus the largest size among them.
    """
    count = maps.shape[2]
    columns = min(columns, count)
    rows = -(-count // columns)
    size = width / columns
    fig, axes = plt.subplots(rows, columns, figsize=(width, rows * (size + 0.3)), squeeze=False)
    limit = np.abs(maps).max() or 1.0
    for ax in axes.flat:
        ax.axis("off")
    for ax, index in zip(axes.flat, range(count), strict=False):
        ax.imshow(maps[:, :, index], cmap="PuOr_r", vmin=-limit, vmax=limit)
        ax.set_title(str(titles[index]), fontsize=10)
    return fig


def regrowth(cut: np.ndarray, now: np.ndarray, ax: Axes | None = None) -> Axes:
    """Draw a kernel (inputs, units): white was kept, blue is cut and zero, orange has grown back.

    `cut` is True where pruning set a zero, `now` holds the present weights.
    """
    ax = ax or plt.subplots(figsize=(2, 5))[1]
    state = np.where(cut, np.where(now == 0, 1, 2), 0)
    ax.imshow(state, cmap=ListedColormap(["white", BLUE, ORANGE]), vmin=0, vmax=2, aspect="auto")
    ax.set_xticks([])
    ax.set_yticks([])
    return ax


def regrowth_key() -> list[Patch]:
    """Return the legend handles for the three colours of `regrowth`."""
    names = {"white": "never pruned", BLUE: "pruned, zero", ORANGE: "pruned, grown back"}
    return [Patch(facecolor=c, edgecolor=GREY, label=name) for c, name in names.items()]


def _number(ax: Axes, row: int, column: int, value: float, kept: bool) -> None:
    ax.text(
        column, row, f"{value + 0.0:.2f}", ha="center", va="center",
        color="black" if kept else GREY, fontsize=12,
    )  # fmt: skip
    if not kept:
        ax.plot([column - 0.35, column + 0.35], [row + 0.35, row - 0.35], color=GREY, linewidth=1)


def bars(series: Mapping[str, Sequence[float]], ax: Axes | None = None) -> Axes:
    """Draw groups of bars side by side: entry i of every series stands at place i."""
    ax = ax or plt.subplots()[1]
    width = 0.8 / len(series)
    for index, (name, values) in enumerate(series.items()):
        places = np.arange(len(values)) + (index - (len(series) - 1) / 2) * width
        ax.bar(places, values, width, label=name, color=COLOURS[index % 6])
    ax.set_xticks(range(len(next(iter(series.values())))))
    ax.legend()
    return ax


def _unit_heights(count: int) -> np.ndarray:
    return (count - 1) / 2 - np.arange(count)


def _edge(share: float) -> dict:
    """Style the line of a weight, given as a share of the largest."""
    if share == 0:
        return {"color": GREY, "linewidth": 1, "linestyle": ":", "alpha": 0.6}
    colour = "#b35806" if share > 0 else "#542788"
    return {"color": colour, "linewidth": 0.6 + 4 * abs(share), "alpha": 0.8}
