"""Where the non-zeros are, as gaps of a few bits; numbers of a few bits, as bytes.

Source: Han et al. 2016, Deep Compression (arXiv 1510.00149), section 2 and figure 2.
"""

from dataclasses import dataclass

import numpy as np

WIDTHS = range(1, 17)  # bits of a gap; the paper has 8 for convolutions, 5 for dense layers


@dataclass(frozen=True)
class Gaps:
    """Gaps, one an entry; `fillers` tells which entries stand for a zero."""

    codes: np.ndarray
    fillers: np.ndarray


def to_gaps(positions: np.ndarray, width: int) -> Gaps:
    """Return rising `positions` as the numbers of zeros before each, in `width` bits.

    Where 2**width or more zeros lie in a row, filler entries are added: the largest code and the
    value 0, which together step over 2**width places.

    >>> to_gaps(np.array([1, 4, 15]), width=3).codes.tolist()  # figure 2 of the paper
    [1, 2, 7, 2]
    """
    gaps = np.diff(positions, prepend=-1) - 1
    skips = gaps >> width
    ends = np.cumsum(skips + 1) - 1  # where the true entries come, after their fillers
    total = int(ends[-1]) + 1 if len(ends) else 0
    codes = np.full(total, (1 << width) - 1, np.uint32)
    codes[ends] = gaps & ((1 << width) - 1)
    fillers = np.ones(total, bool)
    fillers[ends] = False
    return Gaps(codes, fillers)


def from_gaps(codes: np.ndarray) -> np.ndarray:
    """Return the positions of all entries, fillers included.

    >>> from_gaps(np.array([1, 2, 7, 2])).tolist()
    [1, 4, 12, 15]
    """
    return np.cumsum(codes.astype(np.int64) + 1) - 1


def cheapest_width(positions: np.ndarray, value_bits: int) -> int:
    """Return the bits of a gap with which all entries, fillers included, take the fewest bits.

    >>> cheapest_width(np.array([0, 1, 2, 900]), value_bits=32)
    10
    """
    gaps = np.diff(positions, prepend=-1) - 1
    costs = [(len(gaps) + int((gaps >> w).sum())) * (w + value_bits) for w in WIDTHS]
    return WIDTHS[int(np.argmin(costs))]


def pack(numbers: np.ndarray, width: int) -> bytes:
    """Return whole numbers below 2**width as bytes, `width` bits each, the lowest bit first.

    >>> pack(np.array([1, 2, 3]), width=2)
    b'9'
    """
    bits = (numbers.astype(np.uint32)[:, None] >> np.arange(width, dtype=np.uint32)) & 1
    return np.packbits(bits.astype(np.uint8).ravel(), bitorder="little").tobytes()


def unpack(data: bytes, width: int, count: int) -> np.ndarray:
    """Return the `count` numbers of `width` bits that `pack` wrote.

    >>> unpack(b"9", width=2, count=3).tolist()
    [1, 2, 3]
    """
    bits = np.unpackbits(np.frombuffer(data, np.uint8), count=count * width, bitorder="little")
    powers = np.uint32(1) << np.arange(width, dtype=np.uint32)
    return bits.reshape(count, width) @ powers
