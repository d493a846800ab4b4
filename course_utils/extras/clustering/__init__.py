"""Weight sharing: few different values in each kernel, found by k-means and kept while training."""

from course_utils.extras.clustering.codebook_constraint import hold_codebooks
from course_utils.extras.clustering.codebooks import STARTS, cluster, codebook

__all__ = ["STARTS", "cluster", "codebook", "hold_codebooks"]
