"""A compact file of arrays that are mostly zeros: values, and the gaps between them."""

from course_utils.sparsefile.container import LARGEST, decode, encode
from course_utils.sparsefile.gaps import Gaps, cheapest_width, from_gaps, to_gaps

__all__ = ["LARGEST", "Gaps", "cheapest_width", "decode", "encode", "from_gaps", "to_gaps"]
