"""Weight sharing: few different values in each kernel, found by k-means and kept while training."""

from course_utils.sharing.codebooks import STARTS, codebook, share
from course_utils.sharing.holding import attach, detach, held_codebooks

__all__ = ["STARTS", "attach", "codebook", "detach", "held_codebooks", "share"]
