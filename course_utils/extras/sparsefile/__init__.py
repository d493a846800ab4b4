"""A compact file of arrays that are mostly zeros, and of a network that they are the weights of."""

from course_utils.extras.sparsefile.architecture import LAYERS, OPERATIONS, plain_config
from course_utils.extras.sparsefile.container import LARGEST, decode, encode, parts
from course_utils.extras.sparsefile.gaps import to_gaps
from course_utils.extras.sparsefile.huffman import coded, entropy

__all__ = [
    "LARGEST",
    "LAYERS",
    "OPERATIONS",
    "coded",
    "decode",
    "encode",
    "entropy",
    "parts",
    "plain_config",
    "to_gaps",
]
