"""Numbers of a few bits, the frequent ones in fewer bits: Huffman's code, as zlib writes it.

zlib's "Huffman only" leaves the search for repetitions out: what remains is the code of Huffman
(1952, A Method for the Construction of Minimum-Redundancy Codes, Proceedings of the IRE 40),
with no code longer than 15 bits, and the lengths of the codes in front of each block.
Source: Han et al. 2016, Deep Compression (arXiv 1510.00149), section 4; RFC 1951.
"""

import zlib

import numpy as np

from course_utils.extras.sparsefile.gaps import pack

BITS = 8  # of the numbers that can be coded: zlib codes bytes
_RAW = -15  # zlib's window, with a minus: no header and no checksum around the bits


def coded(numbers: np.ndarray) -> bytes:
    """Return whole numbers below 256 in Huffman's code, and what it takes to read it.

    >>> rare = np.repeat([0, 1, 2, 3], [9000, 500, 400, 100])
    >>> len(coded(rare)) < 0.6 * 10_000 * 2 / 8  # two bits each would be enough for all
    True
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, _RAW, 9, zlib.Z_HUFFMAN_ONLY)
    return packer.compress(numbers.astype(np.uint8).tobytes()) + packer.flush()


def decoded(data: bytes, count: int) -> np.ndarray:
    """Return the `count` numbers that `coded` wrote. Raises ValueError where there are not so many.

    >>> decoded(coded(np.array([3, 0, 0, 1])), 4).tolist()
    [3, 0, 0, 1]
    """
    unpacker = zlib.decompressobj(_RAW)
    try:
        # One more than there should be: no file makes us unpack without end.
        numbers = unpacker.decompress(data, count + 1)
    except zlib.error as error:
        raise ValueError("its codes cannot be read") from error
    if len(numbers) != count or not unpacker.eof or unpacker.unused_data:
        raise ValueError(f"its codes are not those of {count:,} numbers")
    return np.frombuffer(numbers, np.uint8)


def narrowest(numbers: np.ndarray, width: int, codes: bool = True) -> tuple[bytes, int]:
    """Return numbers below 2**width in the fewest bytes, and that many if they are coded, else 0.

    Without `codes` each takes `width` bits.

    >>> narrowest(np.array([0, 1, 2, 3]), width=2)
    (b'\\xe4', 0)
    """
    packed = pack(numbers, width)
    code = coded(numbers) if codes and width <= BITS else packed
    return (code, len(code)) if len(code) < len(packed) else (packed, 0)


def entropy(numbers: np.ndarray) -> float:
    """Return the entropy of what `numbers` holds, in bits a number (Shannon 1948).

    No code that writes one number after the other, each by itself, takes fewer bits on average;
    Huffman's takes less than one bit more.

    >>> entropy(np.array([0, 0, 1, 2]))
    1.5
    """
    counts = np.unique(numbers, return_counts=True)[1]
    shares = counts / counts.sum()
    return float(-(shares * np.log2(shares)).sum())
