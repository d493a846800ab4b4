"""Checks for notebook 05: counting zeros, a step that holds a mask, an accuracy's noise."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from course_utils import masking
from course_utils.lessons.checks.verdict import Verdict, as_array, call, judge, number


def sparsity(function: Callable) -> Verdict:
    """Check a function from a dictionary of kernels to the share of zeros over all of them."""
    return judge(function, _sparsity_findings, "Right: zeros over weights, all kernels together.")


def masked_step(function: Callable) -> Verdict:
    """Check (W, velocity, gradient, mask) -> (W, velocity): momentum with the mask held."""
    return judge(
        function, _step_findings, "Right: whatever the velocity says, the zeros stay zero."
    )


def standard_error(function: Callable) -> Verdict:
    """Check a function (accuracy, n) -> standard error of an accuracy measured on n images."""
    return judge(function, _error_findings, "Right: √(p(1 - p)/n), here about a tenth of a point.")


def _sparsity_findings(function: Callable) -> Iterator[str]:
    rng = np.random.default_rng(5)
    weights = {
        "a/kernel": masking.apply({"a": rng.normal(size=(3, 4))}, {"a": rng.random((3, 4)) > 0.5})[
            "a"
        ],
        "b/kernel": np.where(rng.random((20, 10)) > 0.9, rng.normal(size=(20, 10)), 0.0),
        "c/kernel": rng.normal(0, 1e-9, size=(5, 5)),
    }
    right = masking.sparsity(weights)
    got = number(call(function, weights))
    shares = [np.mean(W == 0) for W in weights.values()]
    if math.isclose(got, 1 - right):
        yield "this is the density, the share that is left. Sparsity is the share of zeros."
    if math.isclose(got, float(np.mean(shares))):
        yield "you averaged the layers' shares. A large layer must count for more: sum first."
    if math.isclose(got, 100 * right):
        yield "give a share between 0 and 1, not a percentage."
    if math.isclose(got, sum(int((W == 0).sum()) for W in weights.values())):
        yield "this is the number of zeros. Divide by the number of weights."
    if math.isclose(got, np.mean([np.abs(W).max() < 1e-6 for W in weights.values()])) or (
        got > right and math.isclose(got, right + 25 / 237)
    ):
        yield "tiny weights were counted as zeros. A pruned weight is *exactly* 0: use W == 0."
    if not math.isclose(got, right):
        yield f"for the weights tried, {got:.4f} came and {right:.4f} was expected."


def _step_findings(function: Callable) -> Iterator[str]:
    rng = np.random.default_rng(6)
    mask = rng.random((4, 5)) > 0.5
    W = rng.normal(size=(4, 5)) * mask
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
    if np.allclose(new, free * ~mask):
        yield "the mask is the wrong way round: True means kept."
    if np.any(new[~mask]):
        yield "some pruned weights are not zero after the step."
    if not np.allclose(new[mask], free[mask]):
        yield "the kept weights should move as without a mask: W + 0.9 · velocity - 0.1 · gradient."
    if not np.allclose(remembered[mask], (0.9 * velocity - 0.1 * gradient)[mask]):
        yield "the velocity of the kept weights should be 0.9 · velocity - 0.1 · gradient."


def _error_findings(function: Callable) -> Iterator[str]:
    for p, n in ((0.98, 2_500), (0.9, 400)):
        right = math.sqrt(p * (1 - p) / n)
        got = number(call(function, p, n))
        if math.isclose(got, right**2, rel_tol=1e-6):
            yield "this is the variance. The standard error is its root."
        if math.isclose(got, math.sqrt(p * (1 - p)), rel_tol=1e-6):
            yield "this is the spread of *one* answer. The mean of n varies less: divide by √n."
        if math.isclose(got, math.sqrt(p * (1 - p)) / n, rel_tol=1e-6):
            yield "divide by √n, not by n."
        if math.isclose(got, math.sqrt(p / n), rel_tol=1e-6):
            yield "the factor 1 - p is missing: at accuracy 1 there is no spread at all."
        if math.isclose(got, 100 * right, rel_tol=1e-6):
            yield "give it as a share, not in percent."
        if not math.isclose(got, right, rel_tol=1e-6):
            yield f"for accuracy {p} on {n} images, {got:.7f} came and {right:.7f} was expected."
