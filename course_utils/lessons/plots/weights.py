"""Pictures of weights: matrices, masks, distributions, filters, networks, ranks of scores."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from course_utils.lessons.plots.style import BLUE, GREY, LIGHT, ORANGE, RED, ink, line


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


def weight_sizes(series: Mapping[str, np.ndarray], ax: Axes | None = None) -> Axes:
    """Draw how many weights have which size |w|, on a log scale; zeros are in the legend.

    What is smaller than 1/100,000 of the largest stands at the left edge.
    """
    ax = ax or plt.subplots()[1]
    sizes = {name: np.abs(np.ravel(W)) for name, W in series.items()}
    largest = max(s.max() for s in sizes.values())
    edges = np.geomspace(1e-5 * largest, largest, 80)
    for index, (name, values) in enumerate(sizes.items()):
        counts, _ = np.histogram(np.clip(values[values > 0], edges[0], None), edges)
        label = f"{name}: {np.mean(values == 0):.1%} zeros"
        ax.step(edges[:-1], counts, where="post", label=label, **line(index))
    ax.set(xscale="log", xlabel="size of a weight, |w|", ylabel="number of weights")
    ax.set_ylim(bottom=0)
    ax.legend(loc="upper left")
    return ax


def codebook(kept: np.ndarray, values: Sequence[float], ax: Axes | None = None) -> Axes:
    """Draw the weights that are left, and the values that they will share, as red lines."""
    ax = ax or plt.subplots()[1]
    ax.hist(np.ravel(kept), bins=80, color=BLUE, alpha=0.85)
    for index, value in enumerate(values):
        label = f"{len(values)} shared values" if index == 0 else None
        ax.axvline(value, color=RED, linewidth=1.2, label=label)
    ax.set(xlabel="weight w", ylabel="number of weights")
    ax.set_ylim(top=1.3 * ax.get_ylim()[1])  # room for the legend, which hides the lines there
    ax.legend(loc="upper left", frameon=True, framealpha=1, edgecolor="white")
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


def predicted_and_true(
    rows: Mapping[str, Mapping[str, tuple[np.ndarray, np.ndarray]]], width: float = 10.0
) -> Figure:
    """Draw ranks of scores against ranks of the truth, {"early": {"taylor": (scores, truth)}}.

    One dot a weight. On the diagonal a criterion orders the weights as the truth does; the
    correlation of the ranks stands above each.
    """
    columns = list(next(iter(rows.values())))
    size = width / len(columns)
    shape = (len(rows), len(columns))
    fig, axes = plt.subplots(*shape, figsize=(width, (size + 0.25) * len(rows)), squeeze=False)
    for row, (name, found) in zip(axes, rows.items(), strict=True):
        for ax, (criterion, (scores, truth)) in zip(row, found.items(), strict=True):
            one, other = ranks(scores), ranks(truth)
            ax.plot(one, other, ".", color=BLUE, markersize=2.5, alpha=0.5)
            ax.plot([0, 1], [0, 1], color=GREY, linewidth=0.8)
            ax.set_title(f"{criterion}: {np.corrcoef(one, other)[0, 1]:.2f}", fontsize=11)
            ax.set(xticks=[], yticks=[], aspect="equal")
        row[0].set_ylabel(name)
    fig.supxlabel("rank of the score", fontsize=12)
    fig.supylabel("rank of the true change", fontsize=12)
    return fig


def ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks from 0 to 1; equal values share the mean of theirs.

    >>> ranks(np.array([30.0, 10.0, 10.0])).tolist()
    [1.0, 0.25, 0.25]
    """
    flat = np.asarray(values).ravel()
    _, inverse, counts = np.unique(flat, return_inverse=True, return_counts=True)
    last = np.cumsum(counts) - 1
    return (last - (counts - 1) / 2)[inverse] / max(len(flat) - 1, 1)


def _unit_heights(count: int) -> np.ndarray:
    return (count - 1) / 2 - np.arange(count)


def _edge(share: float) -> dict:
    """Style the line of a weight, given as a share of the largest."""
    if share == 0:
        return {"color": GREY, "linewidth": 1, "linestyle": ":", "alpha": 0.6}
    colour = "#b35806" if share > 0 else "#542788"
    return {"color": colour, "linewidth": 0.6 + 4 * abs(share), "alpha": 0.8}
