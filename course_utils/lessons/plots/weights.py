"""Pictures of weights: a matrix with its numbers, a distribution, filters, a small network."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from course_utils.lessons.plots.style import BLUE, GREY, LIGHT, ORANGE, ink


def matrix(W: np.ndarray, mask: np.ndarray | None = None, ax: Axes | None = None) -> Axes:
    """Draw a small matrix with its numbers; cells that `mask` cuts are crossed out and grey.

    Orange is positive, purple negative, white zero; colours span plus and minus the largest size.
    """
    ax = ax or plt.subplots(figsize=(3.2, 3.2))[1]
    W = np.asarray(W, float)
    mask = np.ones(W.shape, bool) if mask is None else np.asarray(mask, bool)
    limit = np.abs(W).max() or 1.0
    # Two thirds of the colour map: its dark ends would swallow the numbers.
    kept = np.ma.masked_array(W, ~mask)
    image = ax.imshow(kept, cmap="PuOr_r", vmin=-1.5 * limit, vmax=1.5 * limit)
    ax.set_facecolor(LIGHT)
    colours = image.cmap(image.norm(W))
    for (row, column), value in np.ndenumerate(W):
        colour = ink(colours[row, column]) if mask[row, column] else GREY
        ax.text(column, row, f"{value + 0.0:.2f}", ha="center", va="center", color=colour)
        if not mask[row, column]:
            strike = [column - 0.35, column + 0.35], [row + 0.35, row - 0.35]
            ax.plot(*strike, color=GREY, linewidth=1)
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


def through_time(
    rows: Mapping[str, Mapping[str, np.ndarray]], limit: float, width: float = 10.0
) -> Figure:
    """Draw rows of histograms, {"mask held": {"after 1 step": W, …}}, with bins common to all.

    What is exactly 0 is no part of a bar: a blue line, with its share, stands for it. Counts are on
    a logarithmic scale; weights beyond ±`limit` are counted in the outermost bars.
    """
    stages = max(len(row) for row in rows.values())
    fig, axes = plt.subplots(
        len(rows), stages, figsize=(width, 2.1 * len(rows) + 0.4), squeeze=False, sharex=True,
        sharey=True,
    )  # fmt: skip
    for line, (name, row) in zip(axes, rows.items(), strict=True):
        line[0].set_ylabel(f"{name}\nweights")
        for ax, (stage, W) in zip(line, row.items(), strict=True):
            zeros = int((W == 0).sum())
            ax.hist(np.clip(W[W != 0], -limit, limit), np.linspace(-limit, limit, 62), color=GREY)
            ax.vlines(0, 0.5, max(zeros, 0.5), color=BLUE, linewidth=3)
            ax.set(yscale="log", xlim=(-limit, limit))
            ax.set_title(f"{stage}\n{zeros / W.size:.0%} exactly 0", fontsize=11)
    for ax in axes[-1]:
        ax.set_xlabel("weight")
    return fig


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


def _unit_heights(count: int) -> np.ndarray:
    return (count - 1) / 2 - np.arange(count)


def _edge(share: float) -> dict:
    """Style the line of a weight, given as a share of the largest."""
    if share == 0:
        return {"color": GREY, "linewidth": 1, "linestyle": ":", "alpha": 0.6}
    colour = "#b35806" if share > 0 else "#542788"
    return {"color": colour, "linewidth": 0.6 + 4 * abs(share), "alpha": 0.8}
