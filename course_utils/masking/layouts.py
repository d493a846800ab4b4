"""What the axes of a kernel mean, and which of them each granularity pools.

A layout has one letter an axis: s spatial, i input, o output, c a channel that is both (as in a
depthwise convolution). Keras's kernels of Dense and convolution layers end in "io", which is what
is taken where no layout is given; `pruning.layouts(model)` knows those of all the other layers.
"""

from collections.abc import Mapping

import numpy as np

GRANULARITIES = ("weight", "kernel", "filter", "channel", "row", "column")

_KERAS = {1: "o", 2: "io", 3: "sio", 4: "ssio", 5: "sssio"}
# The letters whose axes stay apart; the others are pooled.
_KEPT = {"kernel": "ioc", "filter": "oc", "channel": "ic"}


def layout_of(name: str, array: np.ndarray, layouts: Mapping[str, str] | None) -> str:
    """Return the layout of a kernel: the given one, or Keras's own for that many axes.

    >>> layout_of("conv/kernel", np.ones((3, 3, 1, 8)), None)
    'ssio'
    """
    layout = (layouts or {}).get(name, _KERAS.get(array.ndim, ""))
    if len(layout) != array.ndim or set(layout) - set("sioc"):
        raise ValueError(
            f"the layout {layout!r} does not fit {name} of shape {array.shape}: "
            "give one letter an axis, s (spatial), i (input), o (output) or c (channel)."
        )
    return layout


def pooled_axes(layout: str, granularity: str) -> tuple[int, ...]:
    """Return the axes along which all weights of one structure lie.

    A *kernel* is all between one input and one output channel, a *filter* all that makes one
    output channel (of a Dense layer: a unit), a *channel* all that reads one input channel. The
    *rows* and *columns* are those of each two-dimensional kernel; of a Dense layer's matrix
    (inputs, outputs) a row is one input, a column one output. Raises ValueError where a kernel
    has no such structure.

    >>> pooled_axes("ssio", "filter"), pooled_axes("io", "filter"), pooled_axes("ssio", "weight")
    ((0, 1, 2), (0,), ())
    """
    if granularity not in GRANULARITIES:
        raise ValueError(f"granularity must be one of {GRANULARITIES}, not {granularity!r}.")
    if granularity == "weight":
        return ()
    if granularity in _KEPT:
        return _axes_of(layout, set("sioc") - set(_KEPT[granularity]))
    plane = _axes_of(layout, "s") or tuple(range(len(layout)))
    if len(plane) != 2:
        raise ValueError(
            f"there are no rows and columns in a kernel of the layout {layout!r}: "
            "it is neither a matrix nor made of two-dimensional kernels."
        )
    return (plane[1],) if granularity == "row" else (plane[0],)


def input_axes(layout: str) -> tuple[int, ...]:
    """Return the axes that run over inputs.

    >>> input_axes("ssio"), input_axes("iio")
    ((2,), (0, 1))
    """
    return _axes_of(layout, "i")


def _axes_of(layout: str, letters: object) -> tuple[int, ...]:
    return tuple(axis for axis, letter in enumerate(layout) if letter in letters)
