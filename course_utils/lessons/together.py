"""Channels to click on: choose a layer, and what goes with its channels lights up.

`goes_with` computes it, `draw_together` draws it; `clickable` adds a button for each layer that
makes channels where a person looks, and shows the picture alone elsewhere.
"""

import textwrap

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_utils import structure
from course_utils.backend import keras
from course_utils.lessons import widgets
from course_utils.lessons.plots.style import GREY, LIGHT, ORANGE

Lit = dict[str, tuple[np.ndarray, np.ndarray]]

_MOST = 40  # rows of a picture, and boxes in a row
_APART = 1.75  # from the left edge of what a layer reads to that of what it gives


def clickable(
    model: keras.Model | structure.Channels, layer: str = "", channel: int | None = None
) -> None:
    """Show which channels go together: with buttons in a live notebook, else as a picture.

    It begins with all channels of `layer` (the first that makes any), or with one of them.
    Buttons appear with COURSE_WIDGETS=1 (`make lab` sets it).

    >>> from course_utils import models
    >>> clickable(models.lenet300(), "fc1", 3)
    figure at layer=fc1, channel=3: it goes with fc1, fc2
    """
    channels = structure.channel_groups(model) if isinstance(model, keras.Model) else model
    layer = layer or _makers(channels)[0]
    changed = goes_with(channels, layer, channel)
    png = widgets.picture(draw_together, {"channels": channels, "layer": layer, "channel": channel})
    which = "all" if channel is None else channel
    caption = f"figure at layer={layer}, channel={which}: it goes with {', '.join(changed)}"
    widgets.show(png, caption, lambda: _live_view(channels, layer, channel, png))


def goes_with(channels: structure.Channels, layer: str, channel: int | None = None) -> Lit:
    """Return what goes with the channels that a layer gives, or with one of them.

    {layer: (reads, gives)} in the order of the graph: masks of all that comes in and all that goes
    out, True where it goes. Layers of which nothing goes are left out. Raises KeyError for an
    unknown layer, IndexError for a channel that it has not.

    >>> from course_utils import models
    >>> found = goes_with(structure.channel_groups(models.lenet5()), "conv1", 3)
    >>> {name: (int(reads.sum()), int(gives.sum())) for name, (reads, gives) in found.items()}
    {'conv1': (0, 1), 'pool1': (1, 1), 'conv2': (1, 0)}
    """
    ids = _ids(channels)
    if layer not in ids:
        raise KeyError(f"no layer {layer!r} has channels; there are {sorted(ids)}.")
    own = list(dict.fromkeys(ids[layer][1].tolist()))
    lit = np.setdiff1d(own if channel is None else own[channel], [0])
    masks = {name: tuple(np.isin(one, lit) for one in both) for name, both in ids.items()}
    return {name: both for name, both in masks.items() if any(one.any() for one in both)}


def draw_together(
    channels: structure.Channels, layer: str, channel: int | None = None, ax: Axes | None = None
) -> Axes:
    """Draw layers as rows of boxes, what they read and what they give; lit is what goes.

    It is orange, or grey where it cannot go; then the title says why. Of a large model only the
    layers of which something goes are drawn, 40 at most.
    """
    found, ids = goes_with(channels, layer, channel), _ids(channels)
    kept = [g for g in channels.left.values() if np.isin(g.channels, ids[layer][1]).any()]
    names = [*ids] if len(ids) <= _MOST else [*found][:_MOST]
    ax = ax or plt.subplots(figsize=(8, 0.9 + 0.31 * len(names)))[1]
    for row, name in enumerate(names):
        weight = "bold" if name == layer else "normal"
        ink = "black" if name in found else GREY
        ax.text(-0.04, row, name, ha="right", va="center", weight=weight, color=ink, fontsize=11)
        dark = tuple(np.zeros(len(one), bool) for one in ids[name])
        for side, lit in enumerate(found.get(name, dark)):
            _strip(ax, side * _APART, row, lit, GREY if kept else ORANGE)
    for side, word in enumerate(("reads", "gives")):
        ax.text(side * _APART, -0.8, word, va="center", color=GREY)
    which = "all channels" if channel is None else f"channel {channel}"
    goes = f"cannot go, {kept[0].reason}" if kept else "all this goes"
    more = f" ({len(found) - _MOST} more layers)" if len(names) < len(found) else ""
    ax.set_title(textwrap.fill(f"{layer}, {which}: {goes}{more}", 80), loc="left")
    ax.set(xlim=(-0.7, _APART + 1.6), ylim=(len(names) - 0.5, -1.2))
    ax.axis("off")
    return ax


def _strip(ax: Axes, left: float, row: int, lit: np.ndarray, colour: str) -> None:
    """Draw channels beside one another, and how many of them are lit."""
    if not len(lit):
        return
    ax.add_patch(plt.Rectangle((left, row - 0.32), 1, 0.64, facecolor=LIGHT, linewidth=0))
    edges = np.nonzero(np.diff(lit.astype(int), prepend=0, append=0))[0].reshape(-1, 2) / len(lit)
    for start, end in edges:
        box = (left + start, row - 0.32), max(end - start, 0.006), 0.64
        ax.add_patch(plt.Rectangle(*box, facecolor=colour, linewidth=0, snap=False))
    if len(lit) <= _MOST:
        lines = left + np.arange(1, len(lit)) / len(lit)
        ax.vlines(lines, row - 0.32, row + 0.32, color="white", linewidth=0.8)
    text = f"{lit.sum()} of {len(lit)}" if lit.any() else f"{len(lit)}"
    ax.text(left + 1.03, row, text, va="center", fontsize=10, color="black" if lit.any() else GREY)


def _ids(channels: structure.Channels) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the ids that each layer reads and gives, tied ones alike, in the graph's order."""
    found = {}
    for call in channels.walk.calls.values():
        both = [[flow.ids.ravel() for flow in flows] for flows in (call.flows, call.outputs)]
        reads, gives = (channels.roots[np.concatenate(i) if i else np.zeros(0, int)] for i in both)
        if reads.any() or gives.any():
            found[call.path] = (reads if reads.any() else reads[:0], gives)
    return found


def _makers(channels: structure.Channels) -> list[str]:
    return [call.path for call in channels.walk.calls.values() if call.makers]


def _live_view(channels: structure.Channels, layer: str, channel: int | None, png: bytes) -> object:
    """Make the buttons, a slider for one channel, and the picture that follows them."""
    from ipywidgets import Box, Button, Image, SelectionSlider, VBox

    image = Image(value=png, format="png", layout={"align_self": "flex-start", "max_width": "100%"})
    buttons = {name: Button(description=name, tooltip=name) for name in _makers(channels)}
    one = SelectionSlider(options=["all"], description="channel")
    chosen = {"layer": layer}

    def redraw(change: object = None) -> None:
        at = {"layer": chosen["layer"], "channel": None if one.value == "all" else one.value}
        found = goes_with(channels, **at)
        for name, button in buttons.items():
            lit = name in found and found[name][1].any()
            button.style.button_color = ORANGE if lit else LIGHT
            button.style.font_weight = "bold" if name == chosen["layer"] else "normal"
        image.value = widgets.picture(draw_together, {"channels": channels, **at})

    def choose(name: str, start: int | None = None) -> None:
        count = len(set(_ids(channels)[name][1].tolist()))
        chosen["layer"] = name
        one.options = ["all", *range(count)]
        one.value = "all" if start is None else start
        redraw()

    for name, button in buttons.items():
        button.on_click(lambda _, name=name: choose(name))
    choose(layer, channel)
    one.observe(redraw, names="value")
    row = Box([*buttons.values()], layout={"flex_flow": "row wrap"})
    return VBox([row, one, image])
