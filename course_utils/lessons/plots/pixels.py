"""Pictures of scenes: boxes drawn on them, pixels by class, and which pixels are right."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import withStroke

from course_utils.lessons.plots.style import BLUE, GREY, LIGHT, ORANGE, PINK, SKY

if TYPE_CHECKING:  # at run time it would bring Keras along, which the first lessons do without
    from course_utils.lessons.tasks.boxes import Objects

# Paul Tol's muted scheme, told apart by colour-blind readers too, and black as the tenth.
TEN = (
    "#332288", "#88CCEE", "#44AA99", "#117733", "#999933",
    "#DDCC77", "#CC6677", "#882255", "#AA4499", "#000000",
)  # fmt: skip
_GAP = 2  # white pixels between scenes
_LINES = ((ORANGE, "--", 2.4), (BLUE, "-", 1.4))
_JUDGED = {
    "right digit": BLUE, "wrong digit": ORANGE, "digit missed": PINK, "digit on background": GREY,
}  # fmt: skip


def scenes(images: np.ndarray, ax: Axes | None = None) -> Axes:
    """Draw a row of scenes (n, side, side, 1), dark where there is ink, each in a thin frame."""
    images = np.asarray(images)[..., 0]
    ax = _row(images, ax)
    ax.imshow(_beside(images), cmap="gray_r", vmin=0, vmax=1)
    return ax


def boxes(images: np.ndarray, marked: Mapping[str, "Objects"], ax: Axes | None = None) -> Axes:
    """Draw a row of scenes with boxes: {"there": objects, "found": objects}, two at most.

    The label of a box stands above its left corner for the first, above the right for the second.
    """
    ax = scenes(images, ax)
    side = images.shape[1]
    for turn, ((colour, dashes, width), objects) in enumerate(
        zip(_LINES, marked.values(), strict=False)
    ):
        for scene, label, (top, left, bottom, right) in zip(
            objects.scene, objects.label, objects.box, strict=True
        ):
            if scene < len(images):
                start = scene * (side + _GAP) - 0.5
                look = {"edgecolor": colour, "linestyle": dashes, "linewidth": width}
                at = (start + left, top - 0.5), right - left, bottom - top
                ax.add_patch(Rectangle(*at, facecolor="none", **look))
                place = start + (right if turn else left), top - 1
                how = {"ha": "right" if turn else "left", "va": "bottom", "weight": "bold"}
                text = ax.text(*place, label, color=colour, fontsize=11, **how)
                text.set_path_effects([withStroke(linewidth=3, foreground="white")])
    names = zip(marked, _LINES, strict=False)
    _legend(ax, [plt.Line2D([], [], color=c, ls=d, lw=w, label=name) for name, (c, d, w) in names])
    return ax


def pixel_classes(pixels: np.ndarray, ax: Axes | None = None) -> Axes:
    """Draw a row of scenes (n, side, side) by class: white for 0, background, a colour a digit."""
    ax = _row(pixels, ax)
    ax.imshow(_beside(pixels), cmap=ListedColormap(["white", *TEN]), vmin=-0.5, vmax=10.5)
    _legend(ax, [Patch(color=colour, label=str(digit)) for digit, colour in enumerate(TEN)])
    return ax


def pixels_judged(true: np.ndarray, given: np.ndarray, ax: Axes | None = None) -> Axes:
    """Draw which pixels of a row of scenes a network got right, and how the others are wrong."""
    ax = _row(true, ax)
    kinds = ((true > 0) & (true == given), (true > 0) & (given > 0) & (true != given),
             (true > 0) & (given == 0), (true == 0) & (given > 0))  # fmt: skip
    judged = sum(number * kind for number, kind in enumerate(kinds, 1))
    colours = ListedColormap(["white", *_JUDGED.values()])
    ax.imshow(_beside(judged), cmap=colours, vmin=-0.5, vmax=4.5)
    _legend(ax, [Patch(color=colour, label=name) for name, colour in _JUDGED.items()])
    return ax


def area_below_precision(precision: np.ndarray, recall: np.ndarray, ax: Axes | None = None) -> Axes:
    """Draw precision over recall as found, and the area below it once it is made to fall."""
    ax = ax or plt.subplots(figsize=(5, 3))[1]
    falling = np.maximum.accumulate(precision[::-1])[::-1]
    edges = np.concatenate([[0], recall])
    ax.stairs(falling, edges, fill=True, color=SKY, alpha=0.4, label="area: average precision")
    ax.plot(recall, precision, color=BLUE, marker="o", markersize=3, linewidth=1, label="as found")
    ax.set(xlim=(0, 1.02), ylim=(0, 1.05), xlabel="recall", ylabel="precision")
    ax.legend(loc="lower left")
    return ax


def _row(scenes: np.ndarray, ax: Axes | None) -> Axes:
    """Prepare axes without ticks, with a frame around each scene."""
    count, side = scenes.shape[:2]
    ax = ax or plt.subplots(figsize=(9, 9 / count + 0.8))[1]
    for scene in range(count):
        at = (scene * (side + _GAP) - 0.5, -0.5)
        look = {"edgecolor": LIGHT, "zorder": 0.5, "clip_on": False}
        ax.add_patch(Rectangle(at, side, side, facecolor="none", **look))
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return ax


def _beside(scenes: np.ndarray) -> np.ndarray:
    return np.concatenate([np.pad(one, ((0, 0), (0, _GAP))) for one in scenes], axis=1)


def _legend(ax: Axes, handles: list) -> None:
    look = {"fontsize": 10, "handlelength": 1.4, "columnspacing": 1.0}
    ax.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=10, **look)
