"""What a mask is, and what one does with masks: apply, shuffle, count."""

import math
from collections.abc import Mapping

import numpy as np

from course_utils.arrays import (
    Arrays,
    as_array,
    checked,
    checked_dict,
    checked_number,
    same_names,
    whole,
    zeroed,
)

Masks = dict[str, np.ndarray]


def apply(weights: Arrays, masks: Arrays) -> dict[str, np.ndarray]:
    """Return weights with everything pruned set to exactly +0; the arrays given stay as they are.

    >>> apply({"a": np.array([-3.0, 1.0])}, {"a": np.array([False, True])})["a"].tolist()
    [0.0, 1.0]
    """
    same_names(checked_dict(weights, "weights"), checked_dict(masks, "masks"), ("weights", "masks"))
    weights = {name: checked(W, name) for name, W in weights.items()}
    masks = {name: checked_mask(masks[name], W.shape, name) for name, W in weights.items()}
    return {name: zeroed(W, masks[name]) for name, W in weights.items()}


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
    zeros = sum(A.size - int(np.count_nonzero(A)) for A in parts)
    return zeros / sum(A.size for A in parts)


def compression(sparsity: float) -> float:
    """Return the compression 1 / (1 - s): how many times fewer weights stay. Infinite at s = 1.

    >>> compression(0.75)
    4.0
    """
    kept = 1 - checked_number(sparsity, "sparsity", 0, 1)
    return math.inf if kept == 0 else 1 / kept


def checked_mask(mask: object, shape: tuple[int, ...], name: str) -> np.ndarray:
    """Return `mask` as a Boolean array of `shape`; length 1 along an axis spreads over it.

    Raises ValueError if an entry is neither 0 nor 1, or if the shape does not fit.

    >>> checked_mask([[1, 0]], (2, 2), "fc/kernel").tolist()
    [[True, False], [True, False]]
    """
    array = as_array(mask, f"the mask of {name}")
    if array.dtype != bool and not np.isin(array, (0, 1)).all():
        raise ValueError(f"the mask of {name} must hold only 0 and 1 (or False and True).")
    fits = array.ndim == len(shape) and all(
        m in (1, s) for m, s in zip(array.shape, shape, strict=True)
    )
    if not fits:
        raise ValueError(f"the mask of {name} has shape {array.shape}; its weights have {shape}.")
    return np.broadcast_to(array.astype(bool), shape)
