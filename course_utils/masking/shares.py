"""How sparse each layer is: the same everywhere, or after its shape (ERK)."""

from collections.abc import Mapping

import numpy as np

from course_utils.arrays import Arrays, as_array, checked_dict, checked_number


def erk(arrays: Arrays, sparsity: float) -> dict[str, float]:
    """Return a sparsity for each kernel, lower for smaller ones, that makes `sparsity` of them all.

    The Erdős-Rényi-Kernel rule: the density of a kernel is ε times the sum of its axes' lengths
    over their product, at most 1, with the one ε that keeps (1 - s) of all weights. Only shapes
    count. Source: Evci et al. 2020 (arXiv 1911.11134).

    >>> shapes = {"conv": np.ones((3, 3, 1, 32)), "fc": np.ones((5408, 64))}
    >>> {name: round(s, 4) for name, s in erk(shapes, 0.9).items()}
    {'conv': 0.1488, 'fc': 0.9006}
    """
    arrays = {name: as_array(A, name) for name, A in checked_dict(arrays, "arrays").items()}
    kept = 1 - checked_number(sparsity, "sparsity", 0, 1)
    sizes = np.array([A.size for A in arrays.values()], float)
    ratio = np.array([sum(A.shape) for A in arrays.values()]) / sizes
    return dict(zip(arrays, (1 - _densities(ratio, sizes, kept)).tolist(), strict=True))


def _densities(ratio: np.ndarray, sizes: np.ndarray, kept: float) -> np.ndarray:
    """Return min(1, ε · ratio) with `kept` of all weights, filling the smallest kernels first."""
    if kept == 1:
        return np.ones_like(ratio)
    dense = np.zeros(len(ratio), bool)
    while True:
        budget = kept * sizes.sum() - sizes[dense].sum()
        epsilon = budget / (ratio * sizes)[~dense].sum()
        full = ~dense & (epsilon * ratio > 1)
        if not full.any():
            return np.where(dense, 1.0, epsilon * ratio)
        dense |= full


def by_layer(arrays: Arrays, sparsity: float | Mapping[str, float], scope: str) -> dict[str, float]:
    """Return the sparsity of each kernel in the scopes that rank layer by layer.

    >>> by_layer({"a": np.ones(4), "b": np.ones(2)}, 0.5, "layer")
    {'a': 0.5, 'b': 0.5}
    """
    if isinstance(sparsity, Mapping):
        return dict(sparsity)
    return erk(arrays, sparsity) if scope == "erk" else dict.fromkeys(arrays, sparsity)
