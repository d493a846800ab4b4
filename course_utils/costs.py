"""What does a layer cost?  Parameters and multiply-accumulates (MACs), from shapes alone."""

import math
from collections.abc import Sequence

from course_utils.arrays import whole

Shape = Sequence[int]


def output_size(size: int, kernel: int, stride: int = 1) -> int:
    """Return the length of a convolution's or pooling's output along one axis, without padding.

    Only windows that fit are kept. Source: Dumoulin and Visin 2016 (arXiv 1603.07285),
    relationship 5.

    >>> output_size(28, kernel=3), output_size(26, kernel=2, stride=2)
    (26, 13)
    """
    for name, length in (("size", size), ("kernel", kernel), ("stride", stride)):
        whole(length, name, least=1)
    if kernel > size:
        raise ValueError(f"a window of {kernel} does not fit into {size} without padding.")
    return (size - kernel) // stride + 1


def parameters(kernel: Shape, bias: bool = True) -> int:
    """Return how many numbers a layer learns: its kernel's entries, and a bias for each output.

    `kernel` is Keras's shape: (inputs, outputs), or (height, width, inputs, filters).

    >>> parameters((3, 3, 1, 32)), parameters((5408, 64))
    (320, 346176)
    """
    _checked_shape(kernel, "kernel")
    if not len(kernel):
        raise ValueError("kernel must have at least one axis: (inputs, outputs) for a Dense layer.")
    return math.prod(map(int, kernel)) + (int(kernel[-1]) if bias else 0)


def macs(kernel: Shape, positions: Shape = ()) -> int:
    """Return a layer's multiply-accumulates for one input: kernel entries times output positions.

    `positions` is the spatial shape of the output, such as (26, 26); a Dense layer has none.
    Two of the operations that some papers count as FLOPs make one MAC; biases are left out.

    >>> macs((3, 3, 1, 32), positions=(26, 26)), macs((5408, 64))
    (194688, 346112)
    """
    _checked_shape(positions, "positions")
    return parameters(kernel, bias=False) * math.prod(map(int, positions))


def _checked_shape(shape: Shape, name: str) -> None:
    if isinstance(shape, str) or not hasattr(shape, "__len__"):
        raise TypeError(f"{name} must be a shape such as (3, 3, 1, 32), not {shape!r}.")
    for axis, length in enumerate(shape):
        whole(length, f"{name}[{axis}]", least=1)
