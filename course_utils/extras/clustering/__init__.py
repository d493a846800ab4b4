"""Weight sharing: few different values in each kernel, found by k-means and kept while training."""

from course_utils.extras.clustering.attaching import attach, detach, held_codebooks
from course_utils.extras.clustering.codebooks import STARTS, cluster, codebook

__all__ = ["STARTS", "attach", "cluster", "codebook", "detach", "held_codebooks"]
