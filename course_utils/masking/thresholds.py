"""Masks from a threshold on scores: how much that prunes depends on the scores."""

import math
from collections.abc import Mapping

import numpy as np

from course_utils.arrays import (
    Arrays,
    checked,
    checked_dict,
    checked_number,
    rounded_to,
    same_names,
)
from course_utils.masking.masks import Masks
from course_utils.masking.scores import checked_scores


def by_threshold(scores: Arrays, theta: float | Mapping[str, float]) -> Masks:
    """Return masks that keep what scores above θ (strictly; one θ, or one for each kernel).

    How much that prunes depends on the scores: see `make_masks` for a given sparsity.
    Source: the article's section 4.1, with `scores = magnitude(weights)`.

    >>> by_threshold({"a": np.array([0.1, 0.2, 0.3])}, 0.2)
    {'a': array([False, False,  True])}
    """
    scores = checked_scores(scores)
    if not isinstance(theta, Mapping):
        theta = dict.fromkeys(scores, theta)
    same_names(scores, theta, ("scores", "theta"))
    cuts = {name: checked_number(theta[name], "theta", 0, math.inf) for name in scores}
    return {name: S > rounded_to(cuts[name], S.dtype) for name, S in scores.items()}


def by_sigma(weights: Arrays, k: float) -> Masks:
    """Return masks that keep |w| > k · σ, with σ the standard deviation of each kernel.

    The rule of Han et al. 2015 (arXiv 1506.02626, section 4): a quality parameter times the
    layer's standard deviation. On normally distributed weights it prunes erf(k / √2) of them.

    >>> by_sigma({"a": np.array([-3.0, -1.0, 1.0, 3.0])}, 1.0)["a"].tolist()
    [True, False, False, True]
    """
    k = checked_number(k, "k", 0, math.inf)
    weights = {name: checked(W, name) for name, W in checked_dict(weights, "weights").items()}
    return {name: _beyond_sigma(W.astype(np.float64), k) for name, W in weights.items()}


def _beyond_sigma(W: np.ndarray, k: float) -> np.ndarray:
    # Divided by the largest entry, so that the squares of tiny or huge weights stay in range.
    relative = np.abs(W) / (np.abs(W).max() or 1.0)
    return relative > k * (np.sign(W) * relative).std()
