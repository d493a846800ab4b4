"""Scores of structures: a granularity is a reduction that keeps its axes, so that it broadcasts."""

from collections.abc import Mapping

import numpy as np

from course_utils.arrays import Arrays
from course_utils.masking.layouts import layout_of, pooled_axes
from course_utils.masking.scores import Scores, checked_scores


def pool(scores: Arrays, granularity: str, layouts: Mapping[str, str] | None = None) -> Scores:
    """Return the average score of every structure: weight, kernel, filter, channel, row, column.

    A pooled axis stays, with length 1: the filters of a kernel (3, 3, 1, 32) have scores of shape
    (1, 1, 1, 32), which broadcast over it. The average, not the sum, so that in a global scope a
    filter does not matter more because it has more inputs. What is pruned already (-infinity)
    counts as 0; a structure of nothing else stays at -infinity. `layouts` says what the axes mean
    where they are not Keras's usual ones. Source of the words: Mao et al. 2017 (arXiv 1705.08922).

    >>> pool({"conv/kernel": np.ones((3, 3, 1, 32))}, "filter")["conv/kernel"].shape
    (1, 1, 1, 32)
    """
    return {
        name: _average(S, pooled_axes(layout_of(name, S, layouts), granularity))
        for name, S in checked_scores(scores).items()
    }


def _average(S: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    if not axes:
        return S
    gone = np.isneginf(S)
    # float64: the mean of many float16 scores would overflow.
    mean = np.where(gone, 0, S).mean(axis=axes, keepdims=True, dtype=np.float64)
    return np.where(gone.all(axis=axes, keepdims=True), -np.inf, mean)
