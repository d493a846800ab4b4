"""A compact file of arrays that are mostly zeros, and of a network that they are the weights of."""

from course_utils.extras.sparsefile.architecture import LAYERS, OPERATIONS, plain_config
from course_utils.extras.sparsefile.container import LARGEST, decode, encode, parts
from course_utils.extras.sparsefile.gaps import Gaps, cheapest_width, from_gaps, to_gaps
from course_utils.extras.sparsefile.huffman import coded, decoded, entropy

__all__ = [
    "LARGEST",
    "LAYERS",
    "OPERATIONS",
    "Gaps",
    "cheapest_width",
    "coded",
    "decode",
    "decoded",
    "encode",
    "entropy",
    "from_gaps",
    "parts",
    "plain_config",
    "to_gaps",
]
