"""Two pictures that move: what goes with a filter through Flatten, and ids that flow in a graph."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from moving_svg import Drawn, headings, shown

from course_utils import structure
from course_utils.backend import keras
from course_utils.lessons import plots
from course_utils.lessons.plots.style import ink


def through_flatten() -> Drawn:
    """Draw what goes with one filter: its slice, its map, its rows behind Flatten; and the rest."""
    full = _flattened()
    small, _ = structure.shrink(full, masks={"conv": np.arange(5) != 2}, verify=True)
    fig, ax = plt.subplots(figsize=(6.2, 5.6))
    texts = (
        "5 filters, 4 places: 20 rows behind Flatten.",
        "Filter 2 is to go: its slice, its bias,",
        "with them its map,",
        "and its row of Dense at each place.",
        "All that is cut: 4 filters, 16 rows.",
    )
    headings(fig, texts)
    _arrays(ax, 0, np.arange(5))
    _arrays(ax, 10.3, _owners(full, small))
    ax.set(xlim=(-4, 21.3), ylim=(19, -0.1), aspect="equal")
    ax.axis("off")
    return fig, (2.5, 2.5, 2.5, 3.5, 5), "What goes with a filter, through Flatten"


def _flattened() -> keras.Model:
    keras.utils.set_random_seed(0)
    layers = [
        keras.Input((6, 6, 1)),
        keras.layers.Conv2D(5, 3, activation="relu", name="conv"),
        keras.layers.MaxPooling2D(2),
        keras.layers.Flatten(),
        keras.layers.Dense(4, name="dense"),
    ]
    return keras.Sequential(layers)


def _owners(full: keras.Model, small: keras.Model) -> np.ndarray:
    """Find each filter of the small network in the full one; their rows behind Flatten, too."""
    K, _, D, _ = full.get_weights()
    k, _, d, _ = small.get_weights()
    owners = np.array([np.abs(K - k[..., [i]]).sum(axis=(0, 1, 2)).argmin() for i in range(4)])
    rows = [np.abs(D - row).sum(axis=1).argmin() for row in d]
    assert (np.mod(rows, 5) == np.tile(owners, 4)).all()
    return owners


def _arrays(ax: Axes, top: float, filters: np.ndarray) -> None:
    """Draw the arrays of a convolution and of Dense; those further down are of the last step."""
    count, last = len(filters), [4]
    for place, number in enumerate(filters):
        x = 4 * place
        for size, y, lit in ((3, 0, 1), (1, 3.3, 1), (2, 4.8, 2)):
            looks = [(True, last)] if top else _looks(number, lit)
            _tile(ax, (x + (3 - size) / 2, top + y), size, number, looks)
    for row, number in enumerate(np.tile(filters, 4)):
        at = (row + 0.4 * (row // count), top + 7.4)
        _tile(ax, at, 1, number, [(True, last)] if top else _looks(number, 3))
        if not top and number == 2:
            said = ax.text(at[0] + 0.5, 8.5, row, ha="center", va="top", fontsize=11)
            shown(said, [3, 4])
    for word, y in {"kernel": 1.5, "bias": 3.8, "maps": 5.8, "rows of\nDense": 7.9}.items():
        said = ax.text(-0.6, top + y, word, ha="right", va="center")
        shown(said, last if top else range(5))


def _looks(number: int, lit: int) -> list[tuple[bool, Sequence[int]]]:
    """Say when a filter's cells have their colour: filter 2 from step `lit` on, the others first"""
    if number != 2:
        return [(True, [0]), (False, [1, 2, 3, 4])]
    return [(True, [0, *range(lit, 5)]), (False, range(1, lit))]


def _tile(ax: Axes, at: tuple[float, float], size: int, number: int, looks: list) -> None:
    """Draw the size x size cells of a filter, in its colour or pale."""
    for coloured, steps in looks:
        if not steps:
            continue
        colour = plots.COLOURS[number] if coloured else plots.LIGHT
        text = {"ha": "center", "va": "center", "color": ink(colour) if coloured else plots.GREY}
        for row, column in np.ndindex(size, size):
            x, y = at[0] + column, at[1] + row
            look = {"facecolor": colour, "edgecolor": "white", "linewidth": 1}
            shown(ax.add_patch(plt.Rectangle((x, y), 1, 1, **look)), steps)
            if size < 3 or (row, column) == (1, 1):
                shown(ax.text(x + 0.5, y + 0.5, number, fontsize=10, **text), steps)


def through_graph() -> Drawn:
    """Draw the ids of a small residual network, as the package makes and ties them."""
    channels = structure.channel_groups(_residual())
    made = {start: flow.ids.ravel() for start, _, flow in channels.walk.edges}
    made["output"] = channels.left["output"].channels
    first, other = made["stem"], made["conv_b"]
    assert (channels.roots[other] == first).all()
    fig, ax = plt.subplots(figsize=(6.2, 4.6))
    texts = (
        "stem makes three channels: three ids.",
        "conv_a reads them all, and makes its own.",
        "conv_b makes new ones, too.",
        "add needs them in pairs: each pair is tied,",
        "and what is tied has one name from now on.",
        "Flatten repeats the ids, once for each place.",
        "So with id 2 goes all this:",
    )
    headings(fig, texts)
    for line, (name, step) in enumerate(FIRST_SEEN.items()):
        _box(ax, name, line)
        ids, later = made[name], range(step, 6)
        if name in ("conv_b", "add"):  # until they are tied
            _chips(ax, line, ids, [step, 3] if step < 3 else [])
            later = range(4, 6)
        if name == "add":
            pairs = [f"{a}={b}" for a, b in zip(ids, first, strict=True)]
            _chips(ax, line, ids, [3], pairs)
        _chips(ax, line, channels.roots[ids], later)
        _chips(ax, line, channels.roots[ids], [6], lit=2)
        shown(ax.text(3.3 + len(ids), line, _goes(channels, name, 2), va="center"), [6])
    arrow = {"arrowstyle": "-|>", "color": plots.GREY, "linewidth": 1.4, "shrinkA": 0}
    for line in range(5):
        ax.annotate("", (1.2, line + 0.7), (1.2, line + 0.3), arrowprops=arrow)
    bend = {**arrow, "connectionstyle": "arc3,rad=0.35"}
    ax.annotate("", (0, 3), (0, 0), arrowprops=bend)
    ax.set(xlim=(-1.1, 15.2), ylim=(5.5, -0.5))
    ax.axis("off")
    return fig, (2, 2, 2, 2.5, 2.5, 2.5, 6), "Ids that flow through a residual network"


FIRST_SEEN = {"stem": 0, "conv_a": 1, "conv_b": 2, "add": 3, "flatten": 5, "output": 5}


def _residual() -> keras.Model:
    layers = keras.layers
    image = keras.Input((2, 2, 1))
    stem = layers.Conv2D(3, 3, padding="same", name="stem")(image)
    x = layers.Conv2D(2, 3, padding="same", name="conv_a")(stem)
    x = layers.Conv2D(3, 3, padding="same", name="conv_b")(x)
    x = layers.Flatten(name="flatten")(layers.Add(name="add")([x, stem]))
    return keras.Model(image, layers.Dense(2, name="output")(x))


def _goes(channels: structure.Channels, layer: str, one: int) -> str:
    """Say what of a layer goes with an id, as its kernel's slices have it."""
    kernels = [s for s in channels.slices if s.layer == layer and len(s.variable.shape) > 1]
    counts = {s.role: int(np.sum(s.ids == one)) for s in kernels}
    makes, reads = counts.get("makes", 0), counts.get("reads", 0)
    if makes:
        return f"{makes} filter"
    return f"{reads} {'rows' if reads > 1 else 'slice'} of its kernel" if reads else ""


def _box(ax: Axes, name: str, line: int) -> None:
    look = {"facecolor": "white", "edgecolor": plots.GREY, "linewidth": 1.4}
    ax.add_patch(plt.Rectangle((0, line - 0.3), 2.4, 0.6, **look))
    ax.text(1.2, line, name, ha="center", va="center")


def _chips(
    ax: Axes, line: int, ids: np.ndarray, steps: Sequence[int], words: Sequence = (), lit: int = 0
) -> None:
    """Draw numbered chips at some steps; where one is `lit`, all others are pale."""
    for place, number in enumerate(ids if len(steps) else []):
        known = number <= 5 and lit in (0, number)
        colour = plots.COLOURS[number - 1] if known else plots.LIGHT
        look = {"facecolor": colour, "edgecolor": "white", "linewidth": 1.5}
        box = plt.Rectangle((3 + place, line - 0.3), 1, 0.6, **look)
        shown(ax.add_patch(box), steps)
        text = {"ha": "center", "va": "center", "color": ink(colour) if known else plots.GREY}
        word = words[place] if len(words) else number
        shown(ax.text(3.5 + place, line, word, fontsize=11, **text), steps)
