"""How much does each weight matter?  weights -> scores

A criterion is a function from a dictionary of kernels to a dictionary of scores with the same
names and shapes; what scores lowest is pruned first. Each takes plain arrays and changes none.
Some look at more than the weights: gradients, curvatures, the inputs' norms, under the same names
(`pruning.gradients`, `pruning.curvature` and `pruning.input_norms` measure them).
"""

from collections.abc import Callable

import numpy as np

from course_utils import arrays
from course_utils.arrays import Arrays, Scores, checked, checked_dict, same_names, spreads, whole


def magnitude(weights: Arrays) -> Scores:
    """Score every weight by its size, |w|.

    The heuristic of the article's section 3.2 and of Han et al. 2015 (arXiv 1506.02626). It
    ignores the scale of a weight's input and the curvature of the loss. Floats keep their type,
    integers become float64.

    >>> magnitude({"fc/kernel": np.array([[0.5, -2.0]])})["fc/kernel"].tolist()
    [[0.5, 2.0]]
    """
    weights = checked_dict(weights, "weights")
    return {name: np.abs(_as_float(W, name)) for name, W in weights.items()}


def lamp(weights: Arrays) -> Scores:
    """Score every weight by w² over the sum of the squares of all that are not smaller.

    Within a kernel that is the order of magnitude (of equal sizes the first scores lower). Between
    kernels it is the loss in the kernel's own energy, so that a global scope starves no layer: the
    largest weight of every kernel scores 1. Scores are float64. Source: Lee et al. 2021 (arXiv
    2010.07611).

    >>> lamp({"fc/kernel": np.array([3.0, -4.0])})["fc/kernel"].tolist()
    [0.36, 1.0]
    """
    found = {}
    for name, W in checked_dict(weights, "weights").items():
        # Divided by the largest entry, so that the squares of tiny or huge weights stay in range.
        sizes = np.abs(checked(W, name).astype(np.float64)).ravel()
        squares = (sizes / (sizes.max() or 1.0)) ** 2
        order = np.argsort(squares, kind="stable")
        not_smaller = np.cumsum(squares[order][::-1])[::-1]
        scores = np.empty_like(squares)
        scores[order] = squares[order] / np.where(not_smaller == 0, 1, not_smaller)
        found[name] = scores.reshape(np.shape(W))
    return found


def gradient(gradients: Arrays) -> Scores:
    """Score every weight by the size of its gradient, |g|, as measured.

    The article's section 3.2 calls weights of small gradient unimportant. At a minimum every
    gradient is 0, of important weights too: a criterion to know, not to use. Take the mean size
    over examples, `pruning.gradients(model, x, y, reduce="size")`.

    >>> gradient({"fc/kernel": np.array([0.5, -2.0])})["fc/kernel"].tolist()
    [0.5, 2.0]
    """
    return magnitude(checked_dict(gradients, "gradients"))


def taylor(weights: Arrays, gradients: Arrays) -> Scores:
    """Score every weight by the mean of |g · w| over single examples.

    To first order |g · w| is how far the loss of one example moves if w becomes 0. `gradients` are
    the mean sizes |g| of single examples, `pruning.gradients(model, x, y, reduce="size")`: w is the
    same for all of them, so the mean of |g · w| is |w| times that. Source: Molchanov et al. 2017
    (arXiv 1611.06440, eq. 8 and the text below it), there for feature maps. Raises ValueError for
    gradients below 0: those of the mean loss belong to `first_order`.

    >>> taylor({"fc": np.array([3.0, -1.0])}, {"fc": np.array([0.5, 4.0])})["fc"].tolist()
    [1.5, 4.0]
    """
    pairs = _paired(weights, gradients, "gradients")
    if below := [name for name, (_, G) in pairs.items() if G.min() < 0]:
        raise ValueError(
            f"gradients of {below[0]} must be sizes, and some are below 0: give those of single "
            'examples, pruning.gradients(model, x, y, reduce="size"). The score of the mean '
            "gradient is criteria.first_order."
        )
    return {name: np.abs(W) * G for name, (W, G) in pairs.items()}


def first_order(weights: Arrays, gradients: Arrays) -> Scores:
    """Score every weight by |g · w|, the change in the mean loss, to first order, if w were 0.

    g is the gradient of the mean loss, `pruning.gradients(model, x, y)`. At a minimum it is 0, of
    important weights too, so a trained network is better scored by `taylor`. Of a network not yet
    trained it is SNIP, whose scores are the shares of all |g · w|, in the same order. Source: Lee
    et al. 2019 (arXiv 1810.02340).

    >>> first_order({"fc": np.array([3.0, -1.0])}, {"fc": np.array([0.5, -4.0])})["fc"].tolist()
    [1.5, 4.0]
    """
    pairs = _paired(weights, gradients, "gradients")
    return {name: np.abs(W * G) for name, (W, G) in pairs.items()}


def obd(weights: Arrays, curvature: Arrays) -> Scores:
    """Score every weight by h · w² / 2, the change in the loss, to second order, at a minimum.

    h is the diagonal of the Hessian, by Hutchinson's estimate (`pruning.curvature`) or as the
    empirical Fisher information (`pruning.gradients(model, x, y, reduce="square")`). A negative h
    gives a negative score, which goes first. In the Fisher form this is half the mean of (g · w)²
    over single examples: `taylor` with squares in the place of sizes. Sources: LeCun et al. 1989,
    Optimal Brain Damage; for the Fisher form, Theis et al. 2018 (arXiv 1801.05787).

    >>> obd({"fc": np.array([3.0, -1.0])}, {"fc": np.array([2.0, 4.0])})["fc"].tolist()
    [9.0, 2.0]
    """
    pairs = _paired(weights, curvature, "curvature")
    return {name: 0.5 * H * W**2 for name, (W, H) in pairs.items()}


def wanda(weights: Arrays, input_norms: Arrays) -> Scores:
    """Score every weight by |w| times the norm of the input that it multiplies.

    `input_norms` are those of `pruning.input_norms`: they broadcast over their kernel. The paper
    ranks within each output; scope "layer" ranks within each kernel. Source: Sun et al. 2024
    (arXiv 2306.11695).

    >>> wanda({"fc": np.array([[3.0], [-4.0]])}, {"fc": np.array([[2.0], [0.5]])})["fc"].tolist()
    [[6.0], [2.0]]
    """
    pairs = _paired(weights, input_norms, "input_norms")
    return {name: np.abs(W) * N for name, (W, N) in pairs.items()}


def random(weights: Arrays, seed: int = 0) -> Scores:
    """Score every weight by chance: the control that any criterion has to beat.

    Scores are uniform in [0, 1), the same for the same seed, names and shapes. A kernel's scores
    do not depend on which other kernels are there.

    >>> random({"fc/kernel": np.ones((2, 3))}, seed=0)["fc/kernel"].shape
    (2, 3)
    """
    seed = whole(seed, "seed")
    return {  # from the name's bytes, not hash(name): Python salts the hash anew in every process
        name: np.random.default_rng([seed, *name.encode()]).random(checked(W, name).shape)
        for name, W in checked_dict(weights, "weights").items()
    }


def scored(criterion: Callable[[Arrays], Arrays], weights: Arrays) -> Scores:
    """Return what a criterion says of weights, after making sure that it scores each of them.

    >>> scored(magnitude, {"fc": np.array([-2.0])})
    {'fc': array([2.])}
    """
    refuse_unfit(criterion)
    scores, what = criterion(weights), "the scores of the criterion"
    same_names(weights, scores, ("weights", what))
    for name, W in weights.items():
        if np.shape(scores[name]) != np.shape(W):
            shapes = f"{np.shape(scores[name])}; its weights have {np.shape(W)}"
            raise ValueError(f"{what} for {name} have shape {shapes}: give one for each weight.")
    return dict(scores)


def refuse_unfit(criterion: object) -> None:
    """Raise TypeError for what cannot be called with the weights alone, as a criterion is.

    >>> refuse_unfit(magnitude)
    """
    if criterion is gradient or not arrays.can_take(criterion, 1):
        raise TypeError(
            "criterion must be a function of weights (in a scan of channels: of these) alone, such "
            f"as criteria.magnitude, not {criterion!r}. Give it the rest from around it: lambda w: "
            "criteria.taylor(w, pruning.gradients(model, x, y, reduce='size'))."
        )


def _as_float(W: np.ndarray, name: str) -> np.ndarray:
    W = checked(W, name)
    return W if W.dtype.kind == "f" else W.astype(np.float64)


def _wide(A: np.ndarray) -> np.ndarray:
    # The product of two float16 overflows soon, and soon is 0.
    return A.astype(np.promote_types(A.dtype, np.float32), copy=False)


def _paired(weights: Arrays, other: Arrays, name: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return weights beside what was measured of them; a length of 1 spreads over an axis."""
    same_names(weights, other, ("weights", name))
    pairs = {
        key: (_wide(_as_float(W, key)), _wide(_as_float(other[key], f"{name} of {key}")))
        for key, W in weights.items()
    }
    for key, (W, M) in pairs.items():
        if not spreads(M.shape, W.shape):
            raise ValueError(f"{name} of {key} has shape {M.shape}; its weights have {W.shape}.")
    return pairs
