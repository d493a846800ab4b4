"""Checks for notebook 07: the Taylor criterion, LAMP, and a shuffled mask as a control."""

from collections.abc import Callable, Iterator

import numpy as np

from course_utils import criteria
from course_utils.lessons.checks.verdict import as_array, as_mask, call, compare, exercise


@exercise("Right: how far a weight moves the loss of an example, to first order, on average.")
def taylor(function: Callable) -> Iterator[str]:
    """Check a function (W, gradients of single examples) -> mean of |g · w|."""
    rng = np.random.default_rng(1)
    W, G = rng.normal(size=(4, 3)), rng.normal(size=(6, 4, 3))
    answer, w = call(function, W, G), np.abs(W)
    if np.shape(answer) == G.shape:
        yield "these are the scores of every example. Average over the examples: axis 0."
    if np.shape(answer) == () or np.shape(answer) == (len(G),):
        yield "every weight needs a score of its own: average over the examples alone, axis 0."
    got = as_array(answer, W.shape)
    product, squares = (G * W).mean(axis=0), ((G * W) ** 2).mean(axis=0)
    yield from compare(
        got, np.abs(G * W).mean(axis=0),
        "for the weights and gradients tried, something else than the mean of |g · w| came.",
        ("examples cancel here: take the size of each example's change before you average.",
         np.abs(product), product, -product, product**2),
        ("only one example counts here. A `return` inside the loop ends it too early.",
         np.abs(G[0] * W), np.abs(G[0] * W) / len(G)),
        ("these are squares: the form of 2019, and Fisher's order. Asked for is the size, np.abs.",
         squares, squares / 2, np.sqrt(squares)),
        ("the order is right; but take the mean, so that the number of examples does not matter.",
         np.abs(G * W).sum(axis=0)),
        ("this keeps the worst example alone: take the mean over the examples.",
         np.abs(G * W).max(axis=0)),
        ("of the weight, too, take the size: a score below 0 would go first.",
         np.abs(G).mean(axis=0) * W),
        ("this is the gradient alone: it does not know how far a weight is from 0.",
         np.abs(G).mean(axis=0), np.abs(G.mean(axis=0))),
        ("this is magnitude: it does not know what the loss thinks of the weight.", w),
        ("setting w to 0 is a step of -w along the slope g: multiply, do not add.",
         np.abs(G).mean(axis=0) + w),
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
             np.where(np.isinf(got), got, squares / np.where(strictly == 0, 1, strictly))),
            ("this is upside down: the weight's own square stands above, the sum below.",
             1 / right),
            ("signs do not count: compare the squares, or sizes, to find which are not smaller.",
             squares / [squares[w >= v].sum() for v in w]),
            ("squares, not sizes: LAMP is about the energy that a layer loses.",
             size / [size[size >= s].sum() for s in size]),
        )  # fmt: skip


@exercise("Right: the same budget, and no choice at all.")
def control(function: Callable) -> Iterator[str]:
    """Check a function (mask, rng) -> a mask with as many zeros, at random places."""
    mask = np.zeros((20, 30), bool)
    mask[:6] = True
    one, again, other = (
        as_mask(call(function, mask, np.random.default_rng(seed)), mask.shape) for seed in (0, 0, 1)
    )
    if np.array_equal(one, mask):
        yield "nothing has moved: a row is all True or all False. Mix all entries, not row by row."
    if one.sum() == mask.size - mask.sum():
        yield "the mask is the wrong way round: as many should stay as before."
    if one.sum() != mask.sum():
        yield (
            f"{int(one.sum())} weights stay; the mask kept {int(mask.sum())}. A control must prune "
            "exactly as many, or two things differ at once: permute, do not draw anew."
        )
    if not np.array_equal(one, again) or np.array_equal(one, other):
        yield "use the generator that is given, so that a seed repeats the control."
    if all(row.all() or not row.any() for row in one):
        yield "whole rows have moved. Shuffle the single entries: flatten the mask first."
    if all(row.sum() == 6 for row in one.T) or all(row.sum() == 9 for row in one):
        yield "each row or column was shuffled by itself, so something of the choice is left."
