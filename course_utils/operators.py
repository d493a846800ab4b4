"""The article's section 4: norms, normalization and the prune operator.

Integers and every float type are accepted. `prune` returns the type that it was given;
`normalize` returns the float type that it was given, and float64 for integers. All sums are
taken in float64, whatever the input, so that float16 weights neither overflow nor lose digits.
"""

import math

import numpy as np

from course_utils.arrays import checked, checked_number, rounded_to, zeroed

Order = float | str  # a number p >= 1, math.inf, or "fro"

# Which axes of a kernel are *kept apart*. Keras kernels end in (inputs, outputs), for Dense
# and Conv2D alike, so a filter is one slice of the last axis, a channel one of the axis before.
_KEPT_AXIS = {"tensor": None, "filter": -1, "channel": -2}


def norm(W: np.ndarray, ord: Order = "fro", granularity: str = "tensor") -> np.ndarray:
    """Return ‖W‖ for the whole tensor, or for each filter or input channel by itself.

    `ord` is p >= 1 or infinity for (Σ|w|^p)^(1/p) over the entries, and "fro" for p = 2. What
    NumPy calls `np.linalg.norm(W, 2)` of a matrix is its largest singular value, another norm. The
    result is float64 and keeps W's dimensions (length 1 where summed), so that `W / norm(W)`
    broadcasts.
    Raises ValueError for p < 1, which is no norm. Source: the article's section 4.2.

    >>> norm([[3.0, 4.0]]).item()
    5.0
    >>> norm([[3.0, 4.0], [0.0, 5.0]], granularity="filter").round(3).tolist()
    [[3.0, 6.403]]
    """
    W = checked(W).astype(np.float64)
    axes = _summed_axes(W, granularity)
    p = 2.0
    if not isinstance(ord, str):
        p = checked_number(ord, "ord (an order below 1 is no norm)", 1, math.inf)
    elif ord != "fro":
        raise ValueError(f"ord must be a p >= 1, math.inf or 'fro', not {ord!r}.")
    size = np.abs(W)
    largest = size.max(axis=axes, keepdims=True)
    if math.isinf(p):
        return largest
    # Dividing by the largest entry first keeps |w|^p from overflowing or vanishing.
    relative = np.divide(size, largest, out=np.zeros_like(size), where=largest > 0)
    return largest * (relative**p).sum(axis=axes, keepdims=True) ** (1 / p)


def normalize(W: np.ndarray, ord: Order = "fro", granularity: str = "tensor") -> np.ndarray:
    """Divide W by its norm: f(W) = W / ‖W‖. Signs stay, so entries lie in [-1, 1].

    The *tensor* (or each filter, or channel) gets norm 1, not each weight. Takes the arguments
    of `norm`; the shape is W's. Raises ValueError where the norm is zero.
    Source: the article's section 4.1, which says [0, 1].

    >>> normalize([[3.0, -4.0]]).tolist()
    [[0.6, -0.8]]
    """
    W = checked(W)
    size = norm(W, ord, granularity)
    if not size.all():
        where = np.flatnonzero(size == 0).tolist()
        what = "W is" if granularity == "tensor" else f"{granularity} {where} of W is"
        raise ValueError(
            f"{what} all zeros, so its norm is 0 and W / ‖W‖ is undefined. "
            "Leave it out: an all-zero part has nothing left to rank or to prune."
        )
    largest = np.abs(W.astype(np.float64)).max()  # first, for norms beyond the largest float
    result = (W / largest) / norm(W / largest, ord, granularity)
    return result.astype(W.dtype) if W.dtype.kind == "f" else result


def prune(W: np.ndarray, theta: float) -> np.ndarray:
    """Return prune(W, θ) = W ⊙ (|W| > θ), a new array of W's shape and dtype.

    Cut entries are exactly +0. The inequality is strict, as in the article: an entry whose size
    *equals* θ is cut. θ is rounded to W's own float type first, so that a float32 weight of 0.1 is
    equal to θ = 0.1. Raises ValueError for θ < 0 or NaN. Source: the article's sections 4.1, 4.2.

    >>> prune([[0.1, -0.3, 0.5]], 0.2).tolist()
    [[0.0, -0.3, 0.5]]
    """
    W = checked(W)
    theta = checked_number(theta, "theta", 0, math.inf)
    if W.dtype.kind == "f":
        return zeroed(W, np.abs(W) > rounded_to(theta, W.dtype))
    # Integers go through float64: the size of int8's -128 does not fit into int8.
    return zeroed(W, np.abs(W.astype(np.float64)) > theta)


def relative_error(W: np.ndarray, pruned: np.ndarray) -> float:
    """Return ‖W - W'‖ / ‖W‖ (Frobenius), between 0 (nothing lost) and 1 (all cut).

    It exceeds 1 only if W' is not a pruned W: some entries have moved away from W's.

    Raises ValueError if the shapes differ or W is all zeros.

    >>> relative_error([3.0, 4.0], [0.0, 4.0])
    0.6
    """
    W, pruned = checked(W).astype(np.float64), checked(pruned, "pruned").astype(np.float64)
    if W.shape != pruned.shape:
        raise ValueError(f"W has shape {W.shape}, but the pruned array has {pruned.shape}.")
    whole = norm(W).item()
    if whole == 0:
        raise ValueError("W is all zeros, so no share of it can be lost.")
    return norm(W - pruned).item() / whole


def energy_lost(W: np.ndarray, pruned: np.ndarray) -> float:
    """Return the share of Σw² that pruning removed: the square of `relative_error`.

    Between 0 and 1. Raises ValueError above 1: then `pruned` is not W with some entries cut.

    >>> round(energy_lost([3.0, 4.0], [0.0, 4.0]), 2)
    0.36
    """
    lost = relative_error(W, pruned) ** 2
    if lost > 1 + 1e-9:  # what rounding may add
        raise ValueError(
            f"pruned differs from W by {lost:.1f} times the energy of W, so it is not W with some "
            "entries cut, and no share was lost. Give W ⊙ mask; relative_error compares any two."
        )
    return min(lost, 1.0)


def _summed_axes(W: np.ndarray, granularity: str) -> tuple[int, ...]:
    if granularity not in list(_KEPT_AXIS):  # a list: for unhashable values, too
        raise ValueError(f"granularity must be one of {sorted(_KEPT_AXIS)}, not {granularity!r}.")
    kept = _KEPT_AXIS[granularity]
    if kept is None:
        return tuple(range(W.ndim))
    if W.ndim < 2:
        raise ValueError(
            f"granularity={granularity!r} needs last axes (inputs, outputs), but W is {W.shape}."
        )
    return tuple(axis for axis in range(W.ndim) if axis != W.ndim + kept)
