"""Draw the README's picture from the recorded results.

python tools/figures.py        writes notebooks/figures/held_or_not.svg
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
    """Write the picture; the same results give the same bytes."""
    plots.use_style()
    plt.rcParams["svg.hashsalt"] = "held or not"  # ids that do not change from run to run
    fig = held_or_not()
    fig.savefig(path, metadata={"Date": None}, facecolor="white")
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


if __name__ == "__main__":
    main()
