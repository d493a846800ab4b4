"""What masks and scores are, and what is done with them: apply, count, shuffle, cut, exclude."""

import math
from collections.abc import Mapping

import numpy as np

from course_utils.arrays import (
    Arrays,
    Masks,
    Scores,
    as_array,
    by_name,
    checked,
    checked_dict,
    checked_number,
    rounded_to,
    same_names,
    spreads,
    whole,
    zeroed,
)


def apply(weights: Arrays, masks: Arrays) -> dict[str, np.ndarray]:
    """Return weights with everything pruned set to exactly +0; the arrays given stay as they are.

    >>> apply({"a": np.array([-3.0, 1.0])}, {"a": np.array([False, True])})["a"].tolist()
    [0.0, 1.0]
    """
    same_names(weights, masks, ("weights", "masks"))
    weights = {name: checked(W, name) for name, W in weights.items()}
    return {n: zeroed(W, checked_mask(masks[n], W.shape, n)) for n, W in weights.items()}


def shuffle(masks: Arrays, seed: int = 0) -> Masks:
    """Return masks with the same number of zeros in each kernel, at random places.

    The control that tells what a criterion's choice *within* layers is worth, apart from how
    much it prunes in each (Frankle et al. 2020, arXiv 2009.08576).

    >>> shuffle({"a": np.array([True, False, False])}, seed=1)["a"].sum()
    np.int64(1)
    """
    rng = np.random.default_rng(whole(seed, "seed"))
    masks = {name: as_array(mask, name) for name, mask in checked_dict(masks, "masks").items()}
    masks = {name: checked_mask(mask, mask.shape, name) for name, mask in masks.items()}
    return {name: rng.permutation(m.ravel()).reshape(m.shape) for name, m in masks.items()}


def sparsity(arrays: Arrays | np.ndarray) -> float:
    """Return the share of zeros, in weights or in masks, over all arrays together.

    >>> sparsity({"a": np.array([0.0, 2.0]), "b": np.array([0.0, 0.0])})
    0.75
    """
    if not isinstance(arrays, Mapping):
        arrays = {"W": arrays}
    parts = [as_array(A, name) for name, A in checked_dict(arrays, "arrays").items()]
    for A in parts:
        if A.dtype.kind not in "biufc":
            raise TypeError(f"arrays must hold numbers, or False and True, not {A.dtype}.")
    zeros = sum(A.size - int(np.count_nonzero(A)) for A in parts)
    return zeros / sum(A.size for A in parts)


def compression(sparsity: float) -> float:
    """Return the compression 1 / (1 - s): how many times fewer weights stay. Infinite at s = 1.

    >>> compression(0.75)
    4.0
    """
    kept = 1 - checked_number(sparsity, "sparsity", 0, 1)
    return math.inf if kept == 0 else 1 / kept


def by_threshold(scores: Arrays, theta: float | Mapping[str, float]) -> Masks:
    """Return masks that keep what scores above θ (strictly; one θ, or one for each kernel).

    How much that prunes depends on the scores: see `make_masks` for a given sparsity.
    Source: the article's section 4.1, with `scores = magnitude(weights)`.

    >>> by_threshold({"a": np.array([0.1, 0.2, 0.3])}, 0.2)
    {'a': array([False, False,  True])}
    """
    scores = checked_scores(scores)
    cuts = by_name(theta, scores, "theta", math.inf)
    return {name: S > rounded_to(cuts[name], S.dtype) for name, S in scores.items()}


def by_sigma(weights: Arrays, k: float) -> Masks:
    """Return masks that keep |w| > k · σ, with σ the standard deviation of each kernel.

    The rule of Han et al. 2015 (arXiv 1506.02626, section 4): a quality parameter times the
    layer's standard deviation. On normally distributed weights it prunes erf(k / √2) of them.

    >>> by_sigma({"a": np.array([-3.0, -1.0, 1.0, 3.0])}, 1.0)["a"].tolist()
    [True, False, False, True]
    """
    k, masks = checked_number(k, "k", 0, math.inf), {}
    for name, W in checked_dict(weights, "weights").items():
        W = checked(W, name).astype(np.float64)
        # Divided by the largest entry, so that the squares of tiny or huge weights stay in range.
        W = W / (np.abs(W).max() or 1.0)
        masks[name] = np.abs(W) > k * W.std()
    return masks


def checked_scores(scores: object) -> Scores:
    """Return scores, after making sure that they are real numbers and none is NaN.

    Infinities are allowed: what scores -infinity is ranked last. Integers become float64.

    >>> checked_scores({"fc/kernel": [3, 1]})["fc/kernel"].dtype
    dtype('float64')
    """
    checked_ones = {}
    for name, S in checked_dict(scores, "scores").items():
        array = as_array(S, f"the scores of {name}")
        if array.dtype.kind not in "iuf":
            raise TypeError(f"the scores of {name} must be real numbers, not {array.dtype}.")
        if np.isnan(array).any():
            raise ValueError(f"the scores of {name} hold NaN, which cannot be ranked.")
        checked_ones[name] = array if array.dtype.kind == "f" else array.astype(np.float64)
    return checked_ones


def exclude(scores: Arrays, masks: Arrays) -> Scores:
    """Return scores in which everything already pruned ranks last (as -infinity).

    Masks made from them at the same or a higher sparsity, in the same scope and granularity,
    nest: what was pruned stays pruned, whatever the criterion.

    >>> exclude({"a": np.array([3.0, 1.0])}, {"a": np.array([False, True])})["a"].tolist()
    [-inf, 1.0]
    """
    same_names(scores, masks, ("scores", "masks"))
    return {
        name: np.where(checked_mask(masks[name], S.shape, name), S, S.dtype.type(-np.inf))
        for name, S in checked_scores(scores).items()
    }


def checked_mask(mask: object, shape: tuple[int, ...], name: str) -> np.ndarray:
    """Return `mask` as a Boolean array of `shape`; length 1 along an axis spreads over it.

    Raises ValueError if an entry is neither 0 nor 1, or if the shape does not fit.

    >>> checked_mask([[1, 0]], (2, 2), "fc/kernel").tolist()
    [[True, False], [True, False]]
    """
    array = as_array(mask, f"the mask of {name}")
    if array.dtype != bool and not np.isin(array, (0, 1)).all():
        raise ValueError(f"the mask of {name} must hold only 0 and 1 (or False and True).")
    if not spreads(array.shape, shape):
        raise ValueError(f"the mask of {name} has shape {array.shape}; its weights have {shape}.")
    return np.broadcast_to(array.astype(bool), shape)
