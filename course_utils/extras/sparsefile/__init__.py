"""A compact file of arrays that are mostly zeros: values, the gaps between them, short codes."""

from course_utils.extras.sparsefile.container import LARGEST, decode, encode, parts
from course_utils.extras.sparsefile.gaps import Gaps, cheapest_width, from_gaps, to_gaps
from course_utils.extras.sparsefile.huffman import coded, decoded, entropy

__all__ = [
    "LARGEST",
    "Gaps",
    "cheapest_width",
    "coded",
    "decode",
    "decoded",
    "encode",
    "entropy",
    "from_gaps",
    "parts",
    "to_gaps",
]
