"""What does a layer cost?  Parameters, multiply-accumulates (MACs) and bytes, from shapes alone."""

import math
from collections.abc import Sequence

from course_utils.arrays import checked_number, count, whole

Shape = Sequence[int]


def output_size(size: int, kernel: int, stride: int = 1, padding: str = "valid") -> int:
    """Return the length of a convolution's or pooling's output along one axis.

    "valid" keeps only windows that fit; "same" pads, so that only the stride shortens.
    Source: Dumoulin and Visin 2016 (arXiv 1603.07285), relationships 5 and 6.

    >>> output_size(28, kernel=3), output_size(26, kernel=2, stride=2)
    (26, 13)
    """
    if padding not in ("valid", "same"):
        raise ValueError(f"padding must be 'valid' or 'same', not {padding!r}.")
    _positive(size=size, kernel=kernel, stride=stride)
    result = math.ceil(size / stride) if padding == "same" else (size - kernel) // stride + 1
    if result < 1:
        raise ValueError(f"a window of {kernel} does not fit into {size} with 'valid' padding.")
    return result


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


def sparse_bytes(parameters: int, sparsity: float, bits: int = 32, index_bits: int = 16) -> int:
    """Return the bytes of values and indices when only non-zeros are stored.

    A zero costs nothing, a non-zero `bits + index_bits`. So a sparse format pays only above the
    sparsity index_bits / (bits + index_bits). Row pointers, a small remainder, are left out.

    >>> sparse_bytes(1000, sparsity=0.9)
    600
    """
    _positive(parameters=parameters, bits=bits, index_bits=index_bits)
    kept = parameters - count(checked_number(sparsity, "sparsity", 0, 1), parameters)
    return math.ceil(kept * (bits + index_bits) / 8)


def _positive(**lengths: int) -> None:
    for name, value in lengths.items():
        whole(value, name, least=1)


def _checked_shape(shape: Shape, name: str) -> None:
    if isinstance(shape, str) or not hasattr(shape, "__len__"):
        raise TypeError(f"{name} must be a shape such as (3, 3, 1, 32), not {shape!r}.")
    _positive(**{f"{name}[{axis}]": length for axis, length in enumerate(shape)})
