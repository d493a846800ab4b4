"""Checks for notebook 03: the article's 3x3 example, its wrong step, and both readings of θ."""

from collections.abc import Iterator

import numpy as np

from course_utils import operators
from course_utils.lessons.checks.verdict import as_array, exercise, number

THETA = 0.2


def example() -> np.ndarray:
    """Return the 3x3 weight matrix of the article's section 4.3.

    >>> example().shape
    (3, 3)
    """
    return np.array([[0.1, 0.3, 0.5], [0.6, 0.7, 0.8], [0.9, 0.1, 0.3]])


@exercise("Right: steps 1 to 3 hold, and the product of step 4 does not.")
def wrong_step(answer: object) -> Iterator[str]:
    """Check the number of the first step of the example that is wrong."""
    step = number(answer)
    if step in (1, 2):
        yield f"step {step:g} is right up to rounding: compute it and compare with two decimals."
    if step == 3:
        yield "that mask is right, if θ meets the raw W: seven entries are above 0.2."
    if step == 5:
        yield "step 5 only repeats the matrix of the step before. Look there."
    if step != 4:
        yield "give the number of a step, 1 to 5."


@exercise("Right: two weights go, seven stay as they are.")
def pruned_by_hand(answer: object) -> Iterator[str]:
    """Check W' of the example for θ = 0.2 on the raw weights."""
    W = example()
    got = as_array(answer, W.shape).astype(float)
    scaled = operators.normalize(W)
    if not got.any():
        yield "all zeros is what the article prints. Where the mask is 1, W times 1 is W."
    if np.array_equal(got, W > THETA):
        yield "that is the mask. Multiply W by it, entry by entry."
    if np.array_equal(got, W * (scaled > THETA)):
        yield "here θ met f(W). This exercise asks for the other reading: θ on W itself."
    if np.allclose(got, scaled * (W > THETA), atol=0.006):
        yield "these are normalized weights. The operator multiplies W, not f(W), by the mask."
    if np.array_equal(got, W * (W < THETA)):
        yield "the small weights stayed and the large ones went: turn it round."
    if not np.allclose(got, W * (W > THETA)):
        row, column = np.argwhere(~np.isclose(got, W * (W > THETA)))[0]
        yield f"look at row {row + 1}, column {column + 1}: is {W[row, column]} larger than 0.2?"


@exercise("Right: dividing W and θ by the same norm changes no mask.")
def same_mask_theta(answer: object) -> Iterator[str]:
    """Check the θ on f(W) that makes the mask which 0.2 makes on W."""
    W, theta = example(), number(answer)
    size = np.linalg.norm(W)
    if np.isclose(theta, THETA * size, rtol=0.01):
        yield "that is 0.2 *times* the norm, the way back. f(W) is smaller than W, so its θ is too."
    if np.isclose(theta, THETA / size**2, rtol=0.01):
        yield "you divided by Σw². Divide by the norm, its root."
    if theta == THETA:
        yield "0.2 on f(W) cuts four weights, not two: see the two masks above."
    mask = operators.normalize(W) > theta
    if not np.array_equal(mask, W > THETA):
        yield f"with that θ, {9 - mask.sum()} weights of f(W) are cut; on W, 0.2 cuts 2."
    if not np.isclose(theta, THETA / size, rtol=0.01):
        yield "it happens to cut the same two weights. Which θ does so for any entries? Units!"


@exercise("Right: the largest weight, cut because ties are cut.")
def emptying_theta(answer: object) -> Iterator[str]:
    """Check the smallest θ at which every weight of the raw example is cut."""
    W, theta = example(), number(answer)
    if theta == 1:
        yield "1 does it, but a smaller θ does it as well. Which weight is the last to go?"
    if np.isclose(theta, operators.normalize(W).max(), rtol=0.01):
        yield "that is the answer for f(W). Here θ meets W itself."
    if theta < W.max():
        yield f"at θ = {theta:g}, {np.sum(W > theta)} of 9 weights are still there."
    if theta > W.max():
        yield "all is gone, but not at the smallest such θ: an entry *equal* to θ is cut, too."
