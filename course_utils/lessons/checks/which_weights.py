"""Checks for notebook 07: Taylor's scores, LAMP's, and a shuffled mask as a control."""

from collections.abc import Callable, Iterator

import numpy as np

from course_utils import criteria
from course_utils.lessons.checks.verdict import as_array, call, compare, exercise


@exercise("Right: what the loss would change by, to first order.")
def taylor(function: Callable) -> Iterator[str]:
    """Check a function (W, G) -> scores |g · w|."""
    rng = np.random.default_rng(1)
    W, G = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    got, w, g = as_array(call(function, W, G), W.shape), np.abs(W), np.abs(G)
    squares = "no squares here: to first order the change is slope times step."
    yield from compare(
        got, w * g, "for the weights and gradients tried, something else than |g · w| came.",
        ("a change for the worse and one for the better both matter: take the size, np.abs.",
         W * G),
        ("this is the gradient alone: it does not know how far a weight is from zero.", g),
        ("this is magnitude: it does not know what the loss thinks of the weight.", w),
        ("setting w to 0 is a step of -w along the slope g: multiply, do not add.", w + g),
        (squares, w**2 * g),
        (squares, w * g**2),
    )  # fmt: skip


@exercise("Right: and the largest weight always scores 1.")
def lamp(function: Callable) -> Iterator[str]:
    """Check a function from a vector of weights to its LAMP scores."""
    for w in (np.array([3.0, -4.0, 1.0]), np.array([-2.0, 0.5, 1.0, -0.1, 7.0])):
        got = as_array(call(function, w), w.shape).astype(float)
        right, size, squares = criteria.lamp({"w": w})["w"], np.abs(w), w**2
        strictly = np.array([squares[squares > s].sum() for s in squares])
        yield from compare(
            got, right,
            f"of {w.tolist()} came {got.round(3).tolist()}, not {right.round(3).tolist()}.",
            ("only the weights that are not smaller are summed, not all of them.",
             squares / squares.sum()),
            ("the scores are right, but sorted: each belongs at its weight's place.",
             np.sort(right)),
            ("this sums the weights that are not *larger*. Those that would stay are larger.",
             squares / [squares[squares <= s].sum() for s in squares]),
            ("the weight itself is among those that are not smaller: the largest scores 1.",
             squares / np.where(strictly == 0, 1, strictly)),
            ("squares, not sizes: LAMP is about the energy that a layer loses.",
             size / [size[size >= s].sum() for s in size]),
        )  # fmt: skip


@exercise("Right: the same budget, and no choice at all.")
def control(function: Callable) -> Iterator[str]:
    """Check a function (mask, rng) -> a mask with as many zeros, at random places."""
    mask = np.zeros((20, 30), bool)
    mask[:6] = True
    one, again, other = (
        as_array(call(function, mask, np.random.default_rng(seed)), mask.shape)
        for seed in (0, 0, 1)
    )
    if one.dtype != bool:
        yield f"a mask holds True and False; yours holds {one.dtype}."
    if np.array_equal(one, mask):
        yield "nothing has moved."
    if one.sum() == mask.size - mask.sum():
        yield "the mask is the wrong way round: as many should stay as before."
    if one.sum() != mask.sum():
        yield (
            f"{int(one.sum())} stay, and before it were {int(mask.sum())}. A control must prune "
            "exactly as many, or it compares two things at once: permute, do not draw anew."
        )
    if not np.array_equal(one, again) or np.array_equal(one, other):
        yield "use the generator that is given, so that a seed repeats the control."
    if all(row.all() or not row.any() for row in one):
        yield "whole rows have moved. Shuffle the single entries: flatten the mask first."
    if all(row.sum() == 6 for row in one.T) or all(row.sum() == 9 for row in one):
        yield "each row or column was shuffled by itself, so something of the choice is left."
