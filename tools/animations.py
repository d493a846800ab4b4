"""Draw the pictures that move: SVGs that play in README, lessons and site, and rest on a still.

python tools/animations.py        writes notebooks/figures/moving_*.svg

What needs training was recorded by benchmarks/in_motion.py; the rest is computed here, by the
package, from small networks.
"""

import pathlib
from collections.abc import Callable, Iterable

import matplotlib

matplotlib.use("svg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import PercentFormatter
from moving_ids import through_flatten, through_graph
from moving_svg import Drawn, headings, moving, shown

from course_utils.lessons import plots, recorded

FOLDER = pathlib.Path(__file__).parents[1] / "notebooks" / "figures"
STAGES = (
    "a trained network",
    "the smallest 90 % are cut",
    "one training step later",
    "after one pass over 5,000 images",
)


def main(folder: pathlib.Path = FOLDER) -> None:
    """Write all of them; the same results give the same bytes."""
    plots.use_style()
    plt.rcParams["svg.hashsalt"] = "moving"  # ids that do not change from run to run
    for name, draw in PICTURES.items():
        fig, seconds, title = draw()
        path = pathlib.Path(folder) / f"moving_{name}.svg"
        path.write_text(moving(fig, seconds, title), encoding="utf-8")
        plt.close(fig)


def through_time() -> Drawn:
    """Draw one layer's weights at four stages, with nothing held and with the mask held."""
    found = recorded.arrays("in_motion")
    shares = found["zeros"] / found["counts"].sum(axis=-1)
    fig, axes = plt.subplots(2, 2, figsize=(6.2, 5.8), sharex="col", width_ratios=[3, 1.7])
    headings(fig, [f"{step + 1}. {stage}" for step, stage in enumerate(STAGES)])
    for run, (left, right) in enumerate(axes):
        left.set_title(("nothing held", "mask held")[run], loc="left", weight="bold")
        for step in range(4):
            _histogram(left, found["edges"], found["counts"][run, step], found["zeros"][run, step])
            for drawn in left.patches[-2:]:
                shown(drawn, [step])
            text = f"accuracy {found['accuracy'][run, step]:.0%}"
            said = left.text(1, 1.03, text, transform=left.transAxes, ha="right", va="bottom")
            shown(said, [step])
            _share(right, step, shares[run, step], range(step, 4))
        left.set(yscale="log", ylim=(0.5, 1e6), ylabel="weights in a bin", xlim=(-0.2, 0.2))
        right.set(ylim=(0, 1.12), xlim=(0.4, 4.6), yticks=[], xticks=range(1, 5))
        right.set_title("exactly zero", color=plots.RED)
    axes[1, 0].set_xlabel("weight w")
    axes[1, 1].set_xlabel("moment")
    return fig, (2.5, 2.5, 3.5, 5), "One layer's weights through time, and how many are zero"


def _histogram(ax: Axes, edges: np.ndarray, counts: np.ndarray, zeros: int) -> None:
    ax.stairs(counts, edges, fill=True, color=plots.BLUE)
    middle = len(counts) // 2
    ax.stairs([max(zeros, 0.1)], edges[middle : middle + 2], fill=True, color=plots.RED)


def _share(ax: Axes, step: int, share: float, steps: Iterable[int]) -> None:
    steps = list(steps)
    text = f"{share:.0%}" if share > 0.01 or not share else f"{share:.1%}"
    (bar,) = ax.bar(step + 1, share, color=plots.RED, width=0.75)
    shown(bar, steps)
    shown(ax.text(step + 1, share + 0.02, text, ha="center", va="bottom"), steps)


def on_schedule() -> Drawn:
    """Draw the masks of a network whose sparsity rises while it trains."""
    found = recorded.arrays("in_motion")
    steps, asked = found["steps"], found["asked"]
    fig = plt.figure(figsize=(6.2, 6.4))
    grid = fig.add_gridspec(2, 2, height_ratios=[1, 2], width_ratios=[1.5, 1])
    top, left, right = (fig.add_subplot(g) for g in (grid[0, :], grid[1, 0], grid[1, 1]))
    headings(fig, [f"step {at} of {steps[-1]}: {asked[at]:.0%} are cut" for at in steps])
    stairs = [0, *(np.nonzero(np.diff(asked))[0] + 1), steps[-1]]  # no point for each step
    top.fill_between(stairs, asked[stairs], step="post", color=plots.BLUE, alpha=0.25, linewidth=0)
    top.step(stairs, asked[stairs], where="post", color=plots.BLUE)
    top.set(xlabel="optimizer steps", ylabel="sparsity", ylim=(0, 1.05), xlim=(0, steps[-1]))
    top.yaxis.set_major_formatter(PercentFormatter(1))
    for frame, at in enumerate(steps):
        look = {"color": plots.RED, "clip_on": False}
        shown(top.plot([at, at], [0, asked[at]], "o-", **look)[0], [frame])
        for unit, mask in enumerate(found["units"][frame].reshape(4, 28, 28)):
            corner = 31 * (unit % 2), 31 * (unit // 2)
            shown(left.add_patch(_cells(mask, corner, plots.BLUE)), [frame])
        for layer, share in enumerate(found["kept"][frame]):
            shown(right.barh(layer, share, color=plots.BLUE, height=0.6)[0], [frame])
            text = f"{share:.0%}" if share > 0.1 else f"{share:.1%}"
            shown(right.text(share + 0.03, layer, text, va="center"), [frame])
    for unit in range(4):
        look = {"fill": False, "edgecolor": plots.GREY, "linewidth": 0.8}
        left.add_patch(plt.Rectangle((31 * (unit % 2), 31 * (unit // 2)), 28, 28, **look))
    left.set(xlim=(-0.3, 59.3), ylim=(59.3, -0.3), xticks=[], yticks=[], aspect="equal")
    left.spines[:].set_visible(False)
    left.set_title("masks of four units of fc1")
    left.set_xlabel("blue: this pixel is still read")
    right.set(xlim=(0, 1.4), ylim=(2.5, -0.5), xticks=[0, 0.5, 1], xlabel="weights in place")
    right.set_yticks(range(3), ["fc1", "fc2", "fc3"])
    right.xaxis.set_major_formatter(PercentFormatter(1))
    right.set_title("each layer")
    return fig, (2, 1.2, 1.2, 1.2, 1.2, 1.2, 1.2, 1.5, 5), "Masks under a cubic schedule"


def _cells(mask: np.ndarray, corner: tuple[int, int], colour: str) -> PathPatch:
    """Draw what is True as one path, a rectangle for each run in a row: small at any size."""
    points = []
    for row, line in enumerate(mask):
        edges = np.nonzero(np.diff(line.astype(int), prepend=0, append=0))[0]
        for start, end in edges.reshape(-1, 2):
            box = [(start, row), (end, row), (end, row + 1), (start, row + 1), (start, row)]
            points += [(x + corner[0], y + corner[1]) for x, y in box]
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
    return PathPatch(Path(points, codes * (len(points) // 5)), facecolor=colour, linewidth=0)


PICTURES: dict[str, Callable[[], Drawn]] = {
    "through_time": through_time,
    "on_schedule": on_schedule,
    "through_flatten": through_flatten,
    "through_graph": through_graph,
}


if __name__ == "__main__":
    main()
