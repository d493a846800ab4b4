"""Draw what five seeds show from the recorded results, and the two of docs/prerequisites.md.

python tools/figures.py        writes held_or_not.svg, slope_and_parabola.svg and pairs.svg
"""

from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("svg")

import matplotlib.pyplot as plt
from matplotlib.ticker import PercentFormatter

from course_utils.lessons import plots, recorded

PATH = Path(__file__).parents[1] / "notebooks" / "figures" / "held_or_not.svg"
LABELS = {"article": "the article's script", "masked": "mask held", "dense, longer": "not pruned"}


def main(path: Path = PATH) -> None:
    """Write the pictures; the same results give the same bytes."""
    plots.use_style()
    plt.rcParams["svg.hashsalt"] = "held or not"  # ids that do not change from run to run
    pictures = {Path(path).name: held_or_not} | PREREQUISITES
    for name, draw in pictures.items():
        fig = draw()
        fig.savefig(Path(path).with_name(name), metadata={"Date": None}, facecolor="white")
        plt.close(fig)


def held_or_not() -> plt.Figure:
    """Draw zeros and test accuracy, epoch by epoch after pruning, for three ways of going on."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6))
    _panel(left, "sparsity", ("article", "masked"))
    left.set(ylim=(0, 1), ylabel="zeros among the weights", title="Is the pruned network pruned?")
    left.yaxis.set_major_formatter(PercentFormatter(1))
    _panel(right, "test_accuracy", ("article", "masked", "dense, longer"))
    right.set(ylim=(0.96, 0.99), ylabel="test accuracy", title="Would its accuracy tell?")
    right.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
    for ax in (left, right):
        ax.set_xlabel("epochs of training after pruning")
    return fig


def _panel(ax: plt.Axes, value: str, names: tuple[str, ...]) -> None:
    runs = recorded.by_run("mnist_retrain", value)
    epochs = np.arange(len(runs[names[0]][0]))
    plots.curves({LABELS[name]: runs[name] for name in names}, epochs, ax)
    ax.legend(loc="center right" if value == "sparsity" else "lower right")


def slope_and_parabola() -> plt.Figure:
    """Draw a loss over one weight, and what a line and a parabola say of it at 0."""
    w, gradient, curvature = 0.8, 0.5, 1.2

    def near(at: np.ndarray, bend: float) -> np.ndarray:
        return 1 + gradient * (at - w) + bend / 2 * (at - w) ** 2

    at = np.linspace(-0.3, 1.6, 100)
    true = near(at, curvature) - 0.35 * (at - w) ** 3
    fig, ax = plt.subplots(figsize=(6.4, 3.6))
    lines = {
        "the loss": (true, "-", plots.GREY),
        "slope g alone": (near(at, 0), "--", plots.ORANGE),
        "slope g and curvature h": (near(at, curvature), "-.", plots.BLUE),
    }
    for name, (values, style, colour) in lines.items():
        ax.plot(at, values, style, color=colour)
        ax.text(-0.34, values[0], name, color=colour, ha="right", va="center")
    ax.plot([w, 0, 0, 0], [1, *(values[16] for values, *_ in lines.values())], "o", color="black")
    ax.annotate("now: the weight is w", (w, 1), (8, -16), textcoords="offset points")
    ax.axvline(0, color=plots.LIGHT, zorder=0)
    ax.set(xlim=(-1.5, 1.75), ylim=(0.2, 2.1), xticks=[0, w], xticklabels=["0: cut", "w"])
    ax.set(yticks=[], ylabel="loss")
    return fig


def pairs() -> plt.Figure:
    """Draw five pairs of accuracies, a pair a seed, and their differences."""
    first = np.array([97.1, 97.9, 97.4, 98.2, 97.6])
    second = first + np.array([0.22, 0.3, 0.18, 0.27, 0.24])
    fig, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.2), width_ratios=[3, 2])
    left.plot([0, 1], [first, second], "o-", color=plots.GREY, linewidth=1)
    left.set(xticks=[0, 1], xticklabels=["method A", "method B"], xlim=(-0.4, 1.4))
    left.set(ylabel="accuracy, %", title="each line is one seed")
    right.axhline(0, color=plots.LIGHT)
    right.plot(np.zeros(5), second - first, "o", color=plots.BLUE)
    right.errorbar(0.3, *_mean_and_sd(second - first), fmt="s", color=plots.BLUE, capsize=4)
    right.text(0.38, np.mean(second - first), "mean, sd", color=plots.BLUE, va="center")
    right.set(xticks=[], xlim=(-0.3, 1), ylim=(-0.05, 0.45), title="B minus A, points")
    return fig


def _mean_and_sd(values: np.ndarray) -> tuple[float, float]:
    return np.mean(values), np.std(values, ddof=1)


PREREQUISITES = {"slope_and_parabola.svg": slope_and_parabola, "pairs.svg": pairs}


if __name__ == "__main__":
    main()
