"""Checks of arguments that all functions of the core share, and how a share is counted."""

import inspect
import math
from collections.abc import Mapping, Sequence

import numpy as np

Arrays = Mapping[str, np.ndarray]  # {"conv1/kernel": array}: the form of weights, scores and masks
Weights = dict[str, np.ndarray]
Scores = dict[str, np.ndarray]
Masks = dict[str, np.ndarray]

_HINTS = {
    "b": "This looks like a mask: give the weights instead.",
    "c": "Take its real part, or np.abs of it, first.",
}


def checked(values: object, name: str = "W") -> np.ndarray:
    """Return `values` as an array, after making sure that it holds real, finite numbers.

    Integers of any width and float16, float32, float64 pass unchanged; nothing is copied.
    Raises TypeError for complex, boolean, text or object arrays, ValueError for an empty
    array, a single number, NaN or infinity.

    >>> checked([[1, -2]]).shape
    (1, 2)
    """
    array = as_array(values, name)
    if array.dtype.kind not in "iuf":
        hint = _HINTS.get(array.dtype.kind, "Convert it first: np.asarray(W, dtype='float32').")
        raise TypeError(
            f"{name} must hold real numbers (integers or floats), not {array.dtype}. {hint}"
        )
    if not np.isfinite(array).all():
        bad = int(array.size - np.isfinite(array).sum())
        raise ValueError(
            f"{name} must be finite, but {bad} of {array.size} entries are NaN or infinite. "
            "Such weights mean that training diverged: lower the learning rate and train again."
        )
    return array


def as_array(values: object, name: str) -> np.ndarray:
    """Return `values` as a non-empty array of at least one dimension, of any dtype.

    >>> as_array([True, False], "mask").dtype
    dtype('bool')
    """
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(
            f"{name} is not a rectangular array: its rows differ in length."
        ) from error
    if array.ndim == 0:
        raise ValueError(f"{name} must be an array with at least one dimension, not {values!r}.")
    if array.size == 0:
        raise ValueError(f"{name} is empty (shape {array.shape}); there is nothing to prune.")
    return array


def checked_number(value: float, name: str, low: float, high: float) -> float:
    """Return `value` as a float, after making sure that it lies in [low, high].

    >>> checked_number(0.5, "sparsity", 0, 1)
    0.5
    """
    real = isinstance(value, int | float | np.integer | np.floating)
    if not real or isinstance(value, bool):
        raise TypeError(f"{name} must be a number, not {value!r}.")
    if not low <= value <= high:  # False for NaN, too; before float, which huge integers overflow
        range_ = f"at least {low}" if math.isinf(high) else f"between {low} and {high}"
        raise ValueError(f"{name} must be {range_}, not {value!r}.")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{name} must fit into a float, at most about 1.8e308.") from None


def whole(value: int, name: str, least: int = 0) -> int:
    """Return `value` as an int, after making sure that it is a whole number, at least `least`.

    Raises ValueError for anything else: fractions, True, numbers given as text.

    >>> whole(np.int64(3), "rounds", least=1)
    3
    """
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, not {value!r}.")
    return int(value)


def can_take(function: object, arguments: int) -> bool:
    """Tell whether something can be called with so many arguments; where nobody knows, it can.

    >>> can_take(len, 1), can_take(lambda: 0, 1), can_take(0.5, 1)
    (True, False, False)
    """
    try:
        inspect.signature(function, follow_wrapped=False).bind(*range(arguments))
    except (TypeError, ValueError) as error:  # a ValueError: of some nobody knows what they take
        return callable(function) and isinstance(error, ValueError)
    return True


def count(share: float, n: int) -> int:
    """Return how many of n a share of them is: Python's round(share * n), which halves to even.

    Everything counts this way: weights, blocks, channels, regrown weights.

    >>> count(0.5, 5), count(0.5, 7), count(0.8, 10)
    (2, 4, 8)
    """
    return round(share * n)


def rounded_to(theta: float, dtype: np.dtype) -> np.floating:
    """Return θ in the float type of the weights; beyond its range that is infinity.

    >>> rounded_to(1e6, np.dtype("float16"))
    np.float16(inf)
    """
    with np.errstate(over="ignore"):
        return dtype.type(theta)


def zeroed(W: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return a copy of W, dtype and byte order kept, with +0 wherever `mask` is False.

    >>> zeroed(np.array([-3.0, 1.0]), np.array([False, True])).tolist()
    [0.0, 1.0]
    """
    result = W.copy()
    result[~mask] = 0
    return result


def checked_dict(arrays: object, name: str) -> Arrays:
    """Return `arrays` after making sure that it is a non-empty dictionary by kernel name.

    >>> list(checked_dict({"fc/kernel": np.ones(2)}, "scores"))
    ['fc/kernel']
    """
    if not isinstance(arrays, Mapping):
        raise TypeError(
            f"{name} must be a dictionary such as {{'conv1/kernel': array}}, "
            f"not {type(arrays).__name__}. For a single array W write {{'W': W}}."
        )
    if not arrays:
        raise ValueError(f"{name} is an empty dictionary; there is nothing to prune.")
    for key in arrays:
        if not isinstance(key, str):
            raise TypeError(
                f"the keys of {name} must be names of kernels, such as 'conv1/kernel', not {key!r}."
            )
    return arrays


def by_name(value: float | Mapping, arrays: Arrays, name: str, high: float) -> dict[str, float]:
    """Return a number from 0 to `high` for each array: the same for all, or the one given for it.

    >>> by_name(0.5, {"a": 1, "b": 2}, "sparsity", high=1)
    {'a': 0.5, 'b': 0.5}
    """
    each = value if isinstance(value, Mapping) else dict.fromkeys(arrays, value)
    same_names(arrays, each, ("scores", name))
    return {key: checked_number(each[key], name, 0, high) for key in arrays}


def spreads(shape: Sequence[int], over: Sequence[int]) -> bool:
    """Tell whether an array fits another entry by entry; a length of 1 spreads over an axis.

    >>> spreads((1, 3), (2, 3)), spreads((3,), (2, 3))
    (True, False)
    """
    return len(shape) == len(over) and all(n in (1, m) for n, m in zip(shape, over, strict=True))


def same_names(one: Arrays, other: Mapping, names: tuple[str, str]) -> None:
    """Raise an error, naming both sides, unless these are two dictionaries of the same keys.

    >>> same_names({"a": 1}, {"a": 2}, ("scores", "masks"))
    """
    one, other = checked_dict(one, names[0]), checked_dict(other, names[1])
    missing, extra = (sorted(a.keys() - b.keys(), key=str) for a, b in ((one, other), (other, one)))
    if missing or extra:
        raise ValueError(
            f"{names[1]} must have the same names as {names[0]}: "
            f"missing {missing or 'none'}, unknown {extra or 'none'}."
        )
