"""One array as bytes, in whichever of several ways takes the fewest; and back, bit for bit."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from course_utils.extras.sparsefile.gaps import WIDTHS, cheapest_width, from_gaps, to_gaps, unpack
from course_utils.extras.sparsefile.huffman import BITS, decoded, narrowest

DTYPES = (
    "float16", "float32", "float64",
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
)  # fmt: skip
LARGEST_TABLE = 1 << 16  # different values; beyond it a table saves nothing worth having


@dataclass(frozen=True)
class Head:
    """What must be known of an array to read its bytes."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    entries: int  # values in the file: all, or the non-zeros and fillers
    gap: int = 0  # bits of a gap; 0: every value is there, zeros included
    shared: int = 0  # values in the table that entries point into; 0: each stands for itself
    coded_gaps: int = 0  # bytes of the gaps in Huffman's code; 0: `gap` bits each
    coded_entries: int = 0  # bytes of the places in the table in Huffman's code

    @property
    def size(self) -> int:
        """How many values the array has."""
        return math.prod(self.shape)

    @property
    def code_bits(self) -> int:
        """The bits of a place in the table."""
        return max(1, (self.shared - 1).bit_length())

    def parts(self) -> tuple[int, int, int]:
        """Return the bytes of the gaps, of the table, and of the entries."""
        itemsize = np.dtype(self.dtype).itemsize
        gaps, places = (-(-bits * self.entries // 8) for bits in (self.gap, self.code_bits))
        return (
            self.coded_gaps or gaps,
            self.shared * itemsize,
            (self.coded_entries or places) if self.shared else self.entries * itemsize,
        )


def store(name: str, array: np.ndarray, codes: bool = True) -> tuple[Head, bytes]:
    """Return the head and the fewest bytes of an array: with or without gaps, a table, codes.

    Without `codes` gaps and places in the table are numbers of as many bits each.

    Zero is what has no bit set: -0.0 is stored. Raises TypeError for other dtypes than DTYPES.

    >>> head, data = store("fc/kernel", np.array([0, 0, 0, 0, 0, 0, 0, 0.5], "float32"))
    >>> head.entries, head.gap, len(data)
    (1, 3, 5)
    """
    if array.dtype.name not in DTYPES:
        raise TypeError(f"{name} holds {array.dtype}; a sparse file holds {', '.join(DTYPES)}.")
    head = Head(name, array.dtype.name, array.shape, array.size)
    # The bit patterns, the lowest byte first, as whole numbers in a row.
    flat = np.ascontiguousarray(array).reshape(-1)
    bits = flat.astype(flat.dtype.newbyteorder("<")).view(_unsigned(array.dtype.name))
    ordered = np.sort(bits)  # much faster than np.unique, where most differ
    different = int(np.count_nonzero(ordered[1:] != ordered[:-1])) + bool(bits.size)
    shared = (0, different) if different < LARGEST_TABLE else (0,)
    ways = itertools.product(("no gaps", "cheapest", "a byte"), shared)
    stored = (_stored(head, bits, gap, values, codes) for gap, values in ways)
    return min(stored, key=lambda pair: len(pair[1]))


def restore(head: Head, data: bytes) -> np.ndarray:
    """Return the array that `store` was given. Raises ValueError where head and data disagree.

    >>> head, data = store("W", np.array([[0, 3], [0, 3]]))
    >>> restore(head, data).tolist()
    [[0, 3], [0, 3]]
    """
    gaps, table, values = split(data, head.parts())
    bits = _unsigned(head.dtype)
    if head.shared:
        codes = _numbers(values, head.code_bits, head.entries, head.coded_entries)
        if (codes >= head.shared).any():
            raise ValueError(f"the array {head.name!r} points beyond its table")
        entries = np.frombuffer(table, bits)[codes]
    else:
        entries = np.frombuffer(values, bits)
    whole = entries
    if head.gap:
        positions = from_gaps(_numbers(gaps, head.gap, head.entries, head.coded_gaps))
        if len(positions) and positions[-1] >= head.size:
            raise ValueError(f"the array {head.name!r} has values beyond its end")
        whole = np.zeros(head.size, bits)
        whole[positions] = entries
    return whole.view(np.dtype(head.dtype).newbyteorder("<")).astype(head.dtype).reshape(head.shape)


def checked_head(fields: object) -> Head:
    """Return a head from what a file says, after making sure that it can be one.

    >>> checked_head(["W", "float32", [2, 2], 1, 4, 0, 0, 0]).size
    4
    """
    try:
        name, dtype, shape, *numbers = fields
        whole = all(type(n) is int and 0 <= n < 1 << 40 for n in (*shape, *numbers))
        sound = isinstance(name, str) and dtype in DTYPES and whole and len(shape) < 32
        head = Head(name, dtype, tuple(shape), *numbers) if sound and len(numbers) == 5 else None
    except (TypeError, ValueError):
        head = None
    if head is None or not _fits(head):
        raise ValueError("the description of an array is none that this package writes")
    return head


def split(data: bytes, lengths: Sequence[int]) -> list[bytes]:
    """Return the parts of `data`, one after another. Raises ValueError unless they are all of it.

    >>> split(b"abc", [1, 2])
    [b'a', b'bc']
    """
    ends = list(itertools.accumulate(lengths, initial=0))
    if ends[-1] != len(data):
        raise ValueError(f"its arrays take {ends[-1]:,} bytes, but {len(data):,} are there")
    return [data[start:end] for start, end in itertools.pairwise(ends)]


def _fits(head: Head) -> bool:
    complete = head.entries == head.size if not head.gap else head.entries <= head.size
    sound = not head.coded_gaps or 0 < head.gap <= BITS
    sound &= not head.coded_entries or 0 < head.shared <= 1 << BITS
    return complete and sound and head.gap in (0, *WIDTHS) and head.shared <= LARGEST_TABLE


def _unsigned(dtype: str) -> np.dtype:
    return np.dtype(f"<u{np.dtype(dtype).itemsize}")


def _stored(head: Head, bits: np.ndarray, gap: str, shared: int, codes: bool) -> tuple[Head, bytes]:
    """Return one of the ways; `shared` different values are in a table, 0: there is none."""
    gaps, entries = b"", bits
    if gap != "no gaps":
        value_bits = shared.bit_length() or 8 * bits.itemsize
        # Gaps of a byte may take fewest when they are coded: then long ones cost only themselves.
        positions = np.flatnonzero(bits)
        width = BITS if gap == "a byte" else cheapest_width(positions, value_bits)
        found = to_gaps(positions, width)
        gaps, length = narrowest(found.codes, width, codes)
        entries = np.zeros(len(found.codes), bits.dtype)
        entries[~found.fillers] = bits[positions]
        head = replace(head, entries=len(entries), gap=width, coded_gaps=length)
    if not shared:
        return head, gaps + entries.tobytes()
    table, places = np.unique(entries, return_inverse=True)
    head = replace(head, shared=len(table))
    data, length = narrowest(places, head.code_bits, codes)
    return replace(head, coded_entries=length), gaps + table.tobytes() + data


def _numbers(data: bytes, width: int, count: int, coded: int) -> np.ndarray:
    """Return what `narrowest` wrote."""
    return decoded(data, count) if coded else unpack(data, width, count)
