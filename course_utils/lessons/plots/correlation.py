"""Pictures of criteria: what they predict against what is true, and the masks that they make."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from course_utils.lessons.plots.style import BLUE, GREY, LIGHT


def predicted_and_true(
    rows: Mapping[str, Mapping[str, tuple[np.ndarray, np.ndarray]]], width: float = 10.0
) -> Figure:
    """Draw ranks of scores against ranks of the truth, {"early": {"taylor": (scores, truth)}}.

    One dot a weight, black where the truth is exactly 0. On the diagonal a criterion orders the
    weights as the truth does; the correlation of the ranks stands above each.
    """
    columns = list(next(iter(rows.values())))
    size = width / len(columns)
    shape = (len(rows), len(columns))
    fig, axes = plt.subplots(*shape, figsize=(width, (size + 0.25) * len(rows)), squeeze=False)
    for row, (name, found) in zip(axes, rows.items(), strict=True):
        for ax, (criterion, (scores, truth)) in zip(row, found.items(), strict=True):
            one, other = _ranks(scores), _ranks(truth)
            for some, colour in ((truth != 0, BLUE), (truth == 0, "black")):
                dots = {"color": colour, "markersize": 2.5, "alpha": 0.5}
                ax.plot(one[some], other[some], ".", **dots)
            ax.plot([0, 1], [0, 1], color=GREY, linewidth=0.8)
            ax.set_title(f"{criterion}: {np.corrcoef(one, other)[0, 1]:.2f}", fontsize=10)
            ax.set(xticks=[], yticks=[], aspect="equal")
        row[0].set_ylabel(name)
    fig.supxlabel("rank of the score", fontsize=12)
    fig.supylabel("rank of the true change", fontsize=12)
    return fig


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks from 0 to 1; equal values share the mean of theirs."""
    from scipy.stats import rankdata  # here, since it takes a second to import

    return (rankdata(values, axis=None) - 1) / max(np.size(values) - 1, 1)


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
