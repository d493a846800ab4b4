"""Pictures of graphs: which layer feeds which, and the channel ids that ride on the arrows."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_utils.lessons.plots.style import COLOURS, GREY, ink

Edges = Sequence[tuple[str, str, np.ndarray]]  # from, to, the ids between
Places = dict[str, tuple[float, int]]

_TAG = 0.24  # the width of a group's mark
_BOX = (1.5, 0.56)  # width without marks, height


def layer_graph(
    edges: Edges, groups: Mapping[str, Sequence[int]] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw layers as boxes from the input down, with an arrow for each edge (from, to, ids).

    `groups`, {"A": ids}, puts a mark on each box for every group whose ids flow out of it: a
    letter and a colour. Edges are those of `structure.channel_groups`.
    """
    places, ways = _layout(edges)
    xs, levels = zip(*places.values(), strict=True)
    left, right, depth = min(xs), max(xs), max(levels)
    ax = ax or plt.subplots(figsize=(2.3 + 2.1 * (right - left), 0.62 * (depth + 1)))[1]
    for way in ways:
        _arrow(ax, [places[name] for name in way])
    for name in dict.fromkeys(name for edge in edges for name in edge[:2]):
        out = [ids for start, _, ids in edges if start == name]
        marks = [m for m, own in (groups or {}).items() if any(np.isin(i, own).any() for i in out)]
        _box(ax, name, places[name], {m: COLOURS[list(groups).index(m) % 6] for m in marks})
    ax.set(xlim=(2.1 * left - 1.2, 2.1 * right + 1.2), ylim=(depth + 0.45, -0.45))
    ax.axis("off")
    return ax


def id_rows(
    rows: Mapping[str, Sequence[int]],
    groups: Mapping[str, Sequence[int]] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw rows of numbered boxes, {"conv": [1, 2, 3]}; equal numbers have equal colours.

    With `groups`, {"A": ids}, a number has the colour of its group, as in `layer_graph`. The place
    of a box in its row, counted from 0, stands below the last row.
    """
    colours = {int(i): n for n, ids in enumerate((groups or {}).values()) for i in ids}
    longest = max(len(ids) for ids in rows.values())
    size = (0.36 * longest + 1.6, 0.46 * len(rows) + 0.6)
    ax = ax or plt.subplots(figsize=size)[1]
    for line, ids in enumerate(rows.values()):
        for place, number in enumerate(ids):
            colour = COLOURS[colours.get(int(number), int(number)) % len(COLOURS)]
            box = {"facecolor": colour, "edgecolor": "white", "linewidth": 1.5}
            ax.add_patch(plt.Rectangle((place - 0.5, line - 0.4), 1, 0.8, **box))
            at = {"ha": "center", "va": "center", "color": ink(colour)}
            ax.text(place, line, str(number), fontsize=11, **at)
    ax.set(xlim=(-0.5, longest - 0.5), ylim=(len(rows) - 0.5, -0.5))
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set_xticks(range(longest))
    ax.tick_params(length=0, labelsize=9, axis="x", labelcolor=GREY)
    ax.tick_params(length=0, axis="y")
    ax.spines[:].set_visible(False)
    return ax


def _layout(edges: Edges) -> tuple[Places, list[list[str]]]:
    """Give each name a place (x, level), and each edge the names it passes on its way.

    A long edge gets a name of its own at each level between its ends, so that it has room there.
    """
    # How many steps each name is from the start, by the longest way.
    levels = dict.fromkeys((name for edge in edges for name in edge[:2]), 0)
    for _ in range(len(levels)):
        for start, end, _ids in edges:
            levels[end] = max(levels[end], levels[start] + 1)
    ways = []
    for number, (start, end, _) in enumerate(edges):
        between = range(levels[start] + 1, levels[end])
        passed = [f"{start} {end} {number} {level}" for level in between]
        levels.update(zip(passed, between, strict=True))
        ways.append([start, *passed, end])
    x: dict[str, float] = {}
    for level in range(max(levels.values()) + 1):
        here = [name for name in levels if levels[name] == level]
        above = {n: [x[way[way.index(n) - 1]] for way in ways if n in way[1:]] for n in here}
        # What passes by goes to the right of what is computed.
        order = sorted(here, key=lambda n: (np.mean(above[n]) if above[n] else 0, " " in n))
        x.update({name: place - (len(order) - 1) / 2 for place, name in enumerate(order)})
    return {name: (x[name], levels[name]) for name in levels}, ways


def _arrow(ax: Axes, places: list[tuple[float, int]]) -> None:
    points = [(2.1 * x, level) for x, level in places]
    for start, end in pairwise(points[:-1]):
        ax.plot(*zip(start, end, strict=True), color=GREY, linewidth=1.2, zorder=1)
    end = (points[-1][0], points[-1][1] - _BOX[1] / 2)
    look = {"arrowstyle": "-|>", "color": GREY, "linewidth": 1.2, "shrinkA": 0, "shrinkB": 1}
    ax.annotate("", end, points[-2], arrowprops=look, zorder=1)


def _box(ax: Axes, name: str, place: tuple[float, int], marks: Mapping[str, str]) -> None:
    (width, height), (x, y) = _BOX, (2.1 * place[0], place[1])
    whole = width + _TAG * len(marks)
    left, edge = x - whole / 2, next(iter(marks.values())) if len(marks) == 1 else GREY
    at, box = (left, y - height / 2), {"edgecolor": edge, "linewidth": 1.6, "zorder": 2}
    ax.add_patch(plt.Rectangle(at, whole, height, facecolor="white", **box))
    if len(marks) == 1:
        ax.add_patch(plt.Rectangle(at, whole, height, facecolor=edge, alpha=0.15, zorder=2))
    ax.text(left + width / 2, y, name, ha="center", va="center", fontsize=10, zorder=3)
    for index, (mark, colour) in enumerate(marks.items()):
        start, tag = left + width + index * _TAG, {"facecolor": colour, "linewidth": 0, "zorder": 3}
        ax.add_patch(plt.Rectangle((start, y - height / 2), _TAG, height, **tag))
        centre = {"ha": "center", "va": "center", "color": ink(colour), "zorder": 4}
        ax.text(start + _TAG / 2, y, mark, fontsize=10, weight="bold", **centre)
