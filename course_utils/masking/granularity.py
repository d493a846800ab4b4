"""What goes together: what the axes of a kernel mean, and which of them a granularity pools.

A layout has one letter an axis: s spatial, i input, o output, c a channel that is both (as in a
depthwise convolution). Keras's kernels of Dense and convolution layers end in "io", which is
assumed where no layout is given; `pruning.layouts(model)` knows those of all the other layers.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from course_utils.arrays import Arrays, Scores
from course_utils.masking.masks import checked_scores

GRANULARITIES = ("weight", "kernel", "filter", "channel", "row", "column")

LAYOUTS = {1: "o", 2: "io", 3: "sio", 4: "ssio", 5: "sssio"}
# The letters whose axes stay apart; the others are pooled.
_KEPT = {"weight": "sioc", "kernel": "ioc", "filter": "oc", "channel": "ic"}


def pool(scores: Arrays, granularity: str, layouts: Mapping[str, str] | None = None) -> Scores:
    """Return the average score of every structure: weight, kernel, filter, channel, row, column.

    A pooled axis stays, with length 1: the filters of a kernel (3, 3, 1, 32) have scores of shape
    (1, 1, 1, 32), which broadcast over it. The average, not the sum, so that in a global scope a
    filter does not matter more because it has more inputs. What is pruned already (-infinity)
    counts as 0; a structure of nothing else stays at -infinity. `layouts` says what the axes mean
    where they are not Keras's usual ones. Source of the words: Mao et al. 2017 (arXiv 1705.08922).

    >>> pool({"conv/kernel": np.ones((3, 3, 1, 32))}, "filter")["conv/kernel"].shape
    (1, 1, 1, 32)
    """
    pooled = checked_scores(scores)
    for name, S in pooled.items():
        if axes := pooled_axes(layout_of(name, S, layouts), granularity):
            gone = np.isneginf(S)
            # float64: the mean of many float16 scores would overflow.
            mean = np.where(gone, 0, S).mean(axis=axes, keepdims=True, dtype=np.float64)
            pooled[name] = np.where(gone.all(axis=axes, keepdims=True), -np.inf, mean)
    return pooled


def layout_of(name: str, array: np.ndarray, layouts: Mapping[str, str] | None) -> str:
    """Return the layout of a kernel: the given one, or Keras's own for that many axes.

    >>> layout_of("conv/kernel", np.ones((3, 3, 1, 8)), None)
    'ssio'
    """
    if not isinstance(layouts, Mapping | None):
        raise TypeError(f"layouts must be a dictionary, as pruning.layouts gives, not {layouts!r}.")
    layout = str((layouts or {}).get(name, LAYOUTS.get(array.ndim, "")))
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
    if granularity in _KEPT:
        return axes_of(layout, set("sioc") - set(_KEPT[granularity]))
    plane = axes_of(layout, "s") or tuple(range(len(layout)))
    if len(plane) != 2:
        raise ValueError(
            f"there are no rows and columns in a kernel of the layout {layout!r}: "
            "it is neither a matrix nor made of two-dimensional kernels."
        )
    return (plane[1],) if granularity == "row" else (plane[0],)


def axes_of(layout: str, letters: Iterable[str]) -> tuple[int, ...]:
    """Return the axes that have one of some letters.

    >>> axes_of("ssio", "i"), axes_of("iio", "i")
    ((2,), (0, 1))
    """
    return tuple(axis for axis, letter in enumerate(layout) if letter in letters)
