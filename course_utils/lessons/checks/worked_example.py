"""Checks for notebook 03: the wrong step of a 3x3 example, both readings of θ, rescaling."""

from collections.abc import Iterator

import numpy as np

from course_utils import operators
from course_utils.lessons.checks.verdict import compare, exercise, hints, number

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
    yield from compare(
        step := number(answer), 4, "give the number of a step, 1 to 5.",
        (f"step {step:g} is right up to rounding: compute it and compare with two decimals.", 1, 2),
        ("that mask is right, if θ meets the raw W: seven entries are above 0.2.", 3),
        ("step 5 only repeats the matrix of the step before. Look there.", 5),
    )  # fmt: skip


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
        yield "it happens to cut the same two. Which θ does so for any W? f(W) is W divided by ‖W‖."


@exercise("Right: the largest weight becomes 0.2, and what equals θ is cut.")
def emptying_factor(answer: object) -> Iterator[str]:
    """Check the smallest factor c at which θ = 0.2 cuts every weight of W / c."""
    W, c = example(), number(answer)
    right = W.max() / THETA
    yield from () if np.isclose(c, right) else hints(
        c,
        ("that is the θ that empties W itself. By what must W be divided to bring it to 0.2?",
         W.max()),
        ("upside down: W / c with this c is *larger* than W.", THETA / W.max()),
        ("this brings the *smallest* weight to the border. Which one is the last to go?",
         W.min() / THETA),
        ("this is the factor for f(W). Here W itself is divided.",
         operators.normalize(W).max() / THETA),
        ("that is 1 / θ, as if the largest weight were 1. Look at W.", 1 / THETA),
    )  # fmt: skip
    if c <= 0:
        yield "ReLU lets only a *positive* factor through."
    if c < right * (1 - 1e-9):
        yield f"with c = {c:g}, {np.sum(W / c > THETA)} of 9 weights are still above θ."
    if not np.isclose(c, right):
        yield "all are cut, but a smaller c does it, too: a weight *equal* to θ is cut."
