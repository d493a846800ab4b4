"""Pictures of weights: a matrix, a distribution, a codebook, filters, a small network."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from course_utils.lessons.plots.style import BLUE, GREY, LIGHT, ORANGE, RED, ink


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
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return ax


def histogram(
    W: np.ndarray,
    theta: float | None = None,
    ax: Axes | None = None,
    bins: Sequence[float] | None = None,
) -> Axes:
    """Draw the distribution of weights, with the grey band [-θ, θ] that pruning cuts.

    Give histograms that are to be compared the same `bins`, the edges of their bars.
    """
    ax = ax or plt.subplots()[1]
    W = np.asarray(W).ravel()
    edges = int(np.clip(np.sqrt(W.size), 15, 101)) if bins is None else bins
    ax.hist(W, bins=edges, color=BLUE, alpha=0.85)
    if theta is not None:
        label = f"|w| ≤ {theta:g}: {np.mean(np.abs(W) <= theta):.1%} cut"
        ax.axvspan(-theta, theta, color=GREY, alpha=0.25, label=label)
        ax.margins(y=0.25)  # room for the legend above the peak
        ax.legend(loc="upper center", handlelength=1, frameon=True, framealpha=1, edgecolor="none")
    ax.set(xlabel="weight w", ylabel="number of weights")
    return ax


def codebook(kept: np.ndarray, values: Sequence[float], ax: Axes | None = None) -> Axes:
    """Draw the weights that are left, grey, and the values that they will share, as red lines."""
    ax = ax or plt.subplots()[1]
    ax.hist(np.ravel(kept), bins=80, color=GREY, alpha=0.5)
    for value in values:
        ax.axvline(value, color=RED, linewidth=1.2)
    ax.set(xlabel="weight w", ylabel="number of weights")
    ax.set_title(f"{len(values)} shared values")
    return ax


def through_time(
    rows: Mapping[str, Mapping[str, np.ndarray]], zero: str = RED, moments: int | None = None
) -> Figure:
    """Draw one layer's weights at each stage, a row a network: blue not zero, `zero` exactly zero.

    All panels share their bins, and the axis that counts, which is logarithmic. Of `moments` only
    that many stages are shown; the others are yet to come.
    """
    stages = list(next(iter(rows.values())))
    fig, axes = plt.subplots(len(rows), len(stages), figsize=(11, 4.6), sharex=True, sharey=True)
    limit = max(np.abs(W).max() for row in rows.values() for W in row.values())
    for (name, row), line in zip(rows.items(), np.atleast_2d(axes), strict=True):
        line[0].set_ylabel(f"{name}\nweights in a bin")
        for number, ((stage, W), ax) in enumerate(zip(row.items(), line, strict=True)):
            ax.set(title=f"{stage}: ?", yscale="log", ylim=(0.5, 2 * W.size))
            if moments is not None and number >= moments:
                continue
            counts, edges = np.histogram(W, 81, (-limit, limit))  # 0 is in the middle of a bin
            zeros = np.where(np.arange(81) == 40, np.sum(W == 0), 0)
            ax.stairs(counts, edges, fill=True, color=BLUE)
            ax.stairs(zeros, edges, fill=True, color=zero)
            ax.set_title(f"{stage}: {np.mean(W == 0):.0%} zeros")
    for ax in np.atleast_2d(axes)[-1]:
        ax.set_xlabel("weight w")
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


def small_masks(masks: Mapping[str, np.ndarray]) -> Figure:
    """Draw small masks (inputs, outputs) side by side: blue stays, white is pruned."""
    fig, axes = plt.subplots(1, len(masks), figsize=(9, 9 / len(masks) + 0.4), squeeze=False)
    for ax, (name, mask) in zip(axes[0], masks.items(), strict=True):
        ax.imshow(np.asarray(mask), cmap=ListedColormap(["white", BLUE]), vmin=0, vmax=1)
        ax.set_xticks(np.arange(-0.5, mask.shape[1]), minor=True)
        ax.set_yticks(np.arange(-0.5, mask.shape[0]), minor=True)
        ax.grid(which="minor", color=LIGHT, linewidth=0.6)
        ax.tick_params(which="both", length=0)
        ax.set(xticks=[], yticks=[], title=name)
    axes[0, 0].set(xlabel="outputs", ylabel="inputs")
    return fig


def network(weights: Sequence[np.ndarray], ax: Axes | None = None) -> Axes:
    """Draw a small dense network from its matrices (inputs, outputs); zeros are dotted lines.

    Orange is positive, purple negative, the width of a line is the size of its weight.
    """
    ax = ax or plt.subplots(figsize=(4.2, 3.2))[1]
    limit = max(np.abs(W).max() for W in weights) or 1.0
    for layer, W in enumerate(weights):
        left, right = ((count - 1) / 2 - np.arange(count) for count in W.shape)
        for (i, j), w in np.ndenumerate(W):
            colour, size = "#b35806" if w > 0 else "#542788", 0.6 + 4 * abs(w / limit)
            look = {"color": colour, "linewidth": size, "alpha": 0.8}
            if w == 0:
                look = {"color": GREY, "linewidth": 1, "linestyle": ":", "alpha": 0.6}
            ax.plot([layer, layer + 1], [left[i], right[j]], zorder=1, **look)
        for column, at in ((layer, left), (layer + 1, right)):
            ax.scatter(np.full(len(at), column), at, s=160, color=GREY, zorder=2)
    ax.margins(0.08)
    ax.axis("off")
    return ax


def regrowth(cut: np.ndarray, now: np.ndarray, ax: Axes | None = None) -> Axes:
    """Draw a kernel (inputs, units): white was kept, orange is cut and zero, blue has grown back.

    `cut` is True where pruning set a zero, `now` holds the present weights.
    """
    ax = ax or plt.subplots(figsize=(2, 5))[1]
    state = np.where(cut, np.where(now == 0, 1, 2), 0)
    ax.imshow(state, cmap=ListedColormap(["white", ORANGE, BLUE]), vmin=0, vmax=2, aspect="auto")
    ax.set(xticks=[], yticks=[])
    return ax


def regrowth_key() -> list[Patch]:
    """Return the legend handles for the three colours of `regrowth`."""
    names = {"white": "never pruned", ORANGE: "pruned, zero", BLUE: "pruned, grown back"}
    return [Patch(facecolor=c, edgecolor=GREY, label=name) for c, name in names.items()]
