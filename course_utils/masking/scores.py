"""Scores that can be ranked: checked at the door, and with what is pruned already put last."""

import numpy as np

from course_utils.arrays import Arrays, as_array, checked_dict, same_names
from course_utils.masking.masks import checked_mask

Scores = dict[str, np.ndarray]


def checked_scores(scores: object) -> Scores:
    """Return scores, after making sure that they are real numbers of which none is NaN.

    Infinities may come: what scores -infinity is ranked last. Integers become float64.

    >>> checked_scores({"fc/kernel": [3, 1]})["fc/kernel"].dtype
    dtype('float64')
    """
    return {name: _checked(S, name) for name, S in checked_dict(scores, "scores").items()}


def exclude(scores: Arrays, masks: Arrays) -> Scores:
    """Return scores in which everything already pruned ranks last (as -infinity).

    Masks made from them at the same or a higher sparsity, in the same scope and granularity,
    nest: what was pruned stays pruned, whatever the criterion.

    >>> exclude({"a": np.array([3.0, 1.0])}, {"a": np.array([False, True])})["a"].tolist()
    [-inf, 1.0]
    """
    same_names(checked_dict(scores, "scores"), checked_dict(masks, "masks"), ("scores", "masks"))
    scores = checked_scores(scores)
    masks = {name: checked_mask(masks[name], S.shape, name) for name, S in scores.items()}
    return {name: np.where(masks[name], S, S.dtype.type(-np.inf)) for name, S in scores.items()}


def _checked(scores: object, name: str) -> np.ndarray:
    array = as_array(scores, f"the scores of {name}")
    if array.dtype.kind not in "iuf":
        raise TypeError(f"the scores of {name} must be real numbers, not {array.dtype}.")
    if np.isnan(array).any():
        raise ValueError(f"the scores of {name} hold NaN, which cannot be ranked.")
    return array if array.dtype.kind == "f" else array.astype(np.float64)
