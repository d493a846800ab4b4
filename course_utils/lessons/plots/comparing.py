"""Pictures that compare: lines named at their ends, differences within pairs, ranks with ranks."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.lessons.plots.style import BLUE, GREY, LIGHT


def label_ends(ax: Axes, gap: float = 0.08) -> Axes:
    """Write each line's label beside its right end, in its colour, in place of a legend.

    Labels stand at least `gap` apart, as a share of the axes' height. Call it last, when scales and
    limits are set.
    """
    lines = [one for one in ax.get_lines() if not one.get_label().startswith("_")]
    ax.get_xlim(), ax.get_ylim()  # both are worked out now, if they were not
    to_axes = ax.transData + ax.transAxes.inverted()
    heights = [to_axes.transform(one.get_xydata()[-1])[1] for one in lines]
    order, free = np.argsort(heights, kind="stable"), -np.inf
    places = np.empty(len(lines))
    for one in order:
        places[one] = free = max(np.clip(heights[one], 0, 1), free + gap)
    ceiling = 1 + gap / 2
    for one in reversed(order):  # what was pushed out at the top comes down again
        places[one] = min(places[one], ceiling)
        ceiling = places[one] - gap
    for line, place in zip(lines, places, strict=True):
        colour = {"color": line.get_color(), "va": "center"}
        ax.annotate(line.get_label(), (1.015, place), xycoords="axes fraction", **colour)
    if ax.get_legend() is not None:
        ax.get_legend().remove()
    return ax


def paired(
    differences: Mapping[str, Sequence[float]], t: float = 2.78, ax: Axes | None = None
) -> Axes:
    """Draw one row a name: a dot for the difference of each pair, the mean ± t standard errors.

    With t = 2.78 that is the 95 % interval of five pairs (Student's t). The grey line is 0.
    """
    ax = ax or plt.subplots(figsize=(7, 0.8 + 0.45 * len(differences)))[1]
    ax.axvline(0, color=GREY, linewidth=1, zorder=0)
    for place, values in enumerate(differences.values()):
        error = t * np.std(values, ddof=1) / np.sqrt(len(values))
        ax.errorbar(np.mean(values), place + 0.12, xerr=error, fmt="D", color="black", capsize=4)
        ax.plot(values, np.full(len(values), place - 0.16), "o", color=GREY, alpha=0.6)
    ax.set_yticks(range(len(differences)), list(differences))
    ax.set_ylim(len(differences) - 0.5, -0.5)
    ax.grid(axis="y", color=LIGHT, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.locator_params(axis="x", nbins=6)
    return ax


def predicted_and_true(
    rows: Mapping[str, Mapping[str, tuple[np.ndarray, np.ndarray]]], width: float = 10.0
) -> Figure:
    """Draw ranks of scores against ranks of the truth, {"early": {"taylor": (scores, truth)}}.

    One dot a weight, black where the truth is exactly 0. On the diagonal a criterion orders the
    weights as the truth does; the correlation of the ranks stands above each.
    """
    from scipy.stats import rankdata  # here, since it takes a second to import

    columns = list(next(iter(rows.values())))
    size = width / len(columns)
    shape = (len(rows), len(columns))
    fig, axes = plt.subplots(*shape, figsize=(width, (size + 0.25) * len(rows)), squeeze=False)
    for row, (name, found) in zip(axes, rows.items(), strict=True):
        for ax, (criterion, (scores, truth)) in zip(row, found.items(), strict=True):
            # From 0 to 1; equal values share the mean of their ranks.
            one, other = (
                (rankdata(v, axis=None) - 1) / max(np.size(v) - 1, 1) for v in (scores, truth)
            )
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
