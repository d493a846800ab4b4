"""Checks for notebook 05: counting zeros, a step that holds a mask, an accuracy's noise."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from course_utils import masking
from course_utils.lessons.checks.verdict import as_array, call, compare, exercise, number


@exercise("Right: zeros over weights, all kernels together.")
def sparsity(function: Callable) -> Iterator[str]:
    """Check a function from a dictionary of kernels to the share of zeros over all of them."""
    rng = np.random.default_rng(5)
    weights = {
        "a/kernel": rng.normal(size=(3, 4)) * (rng.random((3, 4)) > 0.5),
        "b/kernel": np.where(rng.random((20, 10)) > 0.9, rng.normal(size=(20, 10)), 0.0),
        "c/kernel": rng.normal(0, 1e-9, size=(5, 5)),
    }
    right = masking.sparsity(weights)
    got = number(call(function, weights))
    shares = [np.mean(W == 0) for W in weights.values()]
    yield from compare(
        got, right, f"for the weights tried, {got:.4f} came and {right:.4f} was expected.",
        ("this is the density, the share that is left. Sparsity is the share of zeros.", 1 - right),
        ("you averaged the layers' shares. A large layer must count for more: sum first.",
         float(np.mean(shares))),
        ("give a share between 0 and 1, not a percentage.", 100 * right),
        ("this is the number of zeros. Divide by the number of weights.",
         sum(int((W == 0).sum()) for W in weights.values())),
        ("0 came. Add up with += in a loop over weights.values(): `weights` gives only names.", 0),
        ("this is the first array alone. A `return` inside the loop ends it too early.", shares[0]),
        ("len(W) is the number of rows. W.size is the number of entries.",
         right * 237 / sum(map(len, weights.values()))),
        ("tiny weights were counted as zeros. A pruned weight is *exactly* 0: use W == 0.",
         np.mean([np.abs(W).max() < 1e-6 for W in weights.values()]), right + 25 / 237),
    )  # fmt: skip


@exercise("Right: whatever the velocity says, the zeros stay zero.")
def masked_step(function: Callable) -> Iterator[str]:
    """Check (W, velocity, gradient, mask) -> (W, velocity): momentum with the mask held."""
    rng = np.random.default_rng(6)
    mask = rng.random((4, 5)) > 0.5
    W = rng.normal(size=(4, 5))  # not masked before: a set_weights may have brought weights back
    velocity, gradient = rng.normal(size=(4, 5)), rng.normal(size=(4, 5))
    free = W + 0.9 * velocity - 0.1 * gradient
    answer = call(function, W, velocity, gradient, mask)
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        yield "return two arrays, the new W and the new velocity: return W, velocity."
    new, remembered = (as_array(part, W.shape) for part in answer)
    if np.allclose(new, free):
        yield "nothing holds the mask: the pruned weights moved. Multiply the new W by it."
    if np.allclose(new, W + 0.9 * velocity - 0.1 * gradient * mask):
        yield "you masked the gradient only: the old velocity still moves what was pruned."
    if np.allclose(new, W * mask + 0.9 * velocity - 0.1 * gradient):
        yield "the mask came before the step; the step then moved the zeros. Mask after it."
    if np.allclose(new, W + (free - W) * mask):
        yield "you masked the step, not the weight: what was there before stays. Mask the new W."
    if np.allclose(new, free * ~mask):
        yield "the mask is the wrong way round: True means kept."
    if np.any(new[~mask]):
        yield "some pruned weights are not zero after the step."
    if np.allclose(new, (W + velocity) * mask):
        yield "W moved by the old velocity. First make the new one, then add that."
    if not np.allclose(new[mask], free[mask]):
        yield "the kept weights should move as without a mask: W + 0.9 · velocity - 0.1 · gradient."
    if not np.allclose(remembered[mask], (0.9 * velocity - 0.1 * gradient)[mask]):
        yield "the velocity of the kept weights should be 0.9 · velocity - 0.1 · gradient."


@exercise("Right: √(p(1 - p)/n), here about a tenth of a point.")
def standard_error(function: Callable) -> Iterator[str]:
    """Check a function (accuracy, n) -> standard error of an accuracy measured on n images."""
    for p, n in ((0.98, 2_500), (0.9, 400)):
        got, one = number(call(function, p, n)), math.sqrt(p * (1 - p))
        right = one / math.sqrt(n)
        yield from compare(
            got, right, f"for accuracy {p} on {n} images, {got:.7f} came and {right:.7f} was "
            "expected.",
            ("this is the variance. The standard error is its root.", right**2),
            ("this is the spread of *one* answer. The mean of n varies less: divide by √n.", one),
            ("divide by √n, not by n.", one / n),
            ("x ** 1 / 2 is half of x. Write x ** 0.5, or np.sqrt(x).", right**2 / 2),
            ("divide by n: n - 1 is for a variance that is estimated by squared distances to the "
             "sample's own mean.", one / math.sqrt(n - 1)),
            ("1.96 standard errors are half of a 95 % interval. Give one standard error.",
             1.96 * right),
            ("the factor 1 - p is missing: at accuracy 1 there is no spread at all.",
             math.sqrt(p / n)),
            ("the factor p is missing: at accuracy 0 there is no spread at all.",
             math.sqrt((1 - p) / n)),
            ("give it as a share, not in percent.", 100 * right),
        )  # fmt: skip
