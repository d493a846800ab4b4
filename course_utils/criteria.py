"""How much does each weight matter?  weights -> scores

A criterion is a function from a dictionary of kernels to a dictionary of scores with the same
names and shapes; what scores lowest is pruned first. Each takes plain arrays and changes none.
"""

import numpy as np

from course_utils.arrays import Arrays, checked, checked_dict, checked_seed

Scores = dict[str, np.ndarray]


def magnitude(weights: Arrays) -> Scores:
    """Score every weight by its size, |w|.

    The heuristic of the article's section 3.2 and of Han et al. 2015 (arXiv 1506.02626). It
    ignores the scale of a weight's input and the curvature of the loss. Floats keep their type,
    integers become float64.

    >>> magnitude({"fc/kernel": np.array([[0.5, -2.0]])})["fc/kernel"].tolist()
    [[0.5, 2.0]]
    """
    return {
        name: np.abs(_as_float(W, name)) for name, W in checked_dict(weights, "weights").items()
    }


def random(weights: Arrays, seed: int) -> Scores:
    """Score every weight by chance: the control that any criterion has to beat.

    Scores are uniform in [0, 1), the same for the same seed, names and shapes. A kernel's scores
    do not depend on which other kernels are there.

    >>> random({"fc/kernel": np.ones((2, 3))}, seed=0)["fc/kernel"].shape
    (2, 3)
    """
    weights = checked_dict(weights, "weights")
    return {name: _stream(seed, name).random(checked(W, name).shape) for name, W in weights.items()}


def _as_float(W: np.ndarray, name: str) -> np.ndarray:
    W = checked(W, name)
    return W if W.dtype.kind == "f" else W.astype(np.float64)


def _stream(seed: int, name: str) -> np.random.Generator:
    # The name's bytes, not hash(name): Python salts the hash anew in every process.
    return np.random.default_rng([checked_seed(seed), *name.encode()])
