"""Checks for notebook 09: how many weights RigL replaces, and one swap."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from course_utils import regrowth
from course_utils.lessons.checks.verdict import as_mask, call, compare, exercise, number


@exercise("Right: many moves early, none from the end on: it settles.")
def replaced(function: Callable) -> Iterator[str]:
    """Check a function (step, kept, fraction, end) -> how many weights RigL replaces."""
    for step, kept, fraction in ((0, 1001, 0.3), (200, 5000, 0.3), (400, 999, 0.2)):
        end, share = 800, regrowth.cosine(fraction, step, 800)
        got, turn = number(call(function, step, kept, fraction, end)), math.pi * step / end
        if math.isclose(got, share):
            yield "this is the share. How many weights is that, of the `kept` ones?"
        if math.isclose(got, 1 - share) or _whole(got, (1 - share) * kept):
            yield "this is what stays. Return how many are replaced."
        yield from compare(
            got, share * kept, f"at step {step} of {end}, {got:g} came and {round(share * kept)} "
            "was expected.",
            ("twice the fraction came: half of (1 + cos) is what falls from 1 to 0.",
             fraction * (1 + math.cos(turn)) * kept),
            ("the fraction does not decay: it should follow a cosine from `fraction` to 0.",
             fraction * kept),
            ("half-way the plain cosine is 0 already. Use (1 + cos(π · step / end)) / 2.",
             fraction * math.cos(turn) * kept),
            ("math.cos takes radians, and half a turn is π: cos(π · step / end).",
             fraction / 2 * (1 + math.cos(step / end)) * kept),
            ("this is a straight line; a cosine was asked.", fraction * (1 - step / end) * kept),
            ("round down or to the nearest, not up.", math.ceil(share * kept)),
            same=_whole,
        )  # fmt: skip
    for step in (800, 1000, 1600):
        if number(call(function, step, 1000, 0.3, 800)) != 0:
            yield f"after the end nothing moves, but at step {step} of 800 something does."


def _whole(got: float, exact: float) -> bool:
    """Tell whether `got` is `exact` made whole, to the nearest or, as RigL's own code does, down.

    >>> _whole(99.0, 99.9), _whole(100.0, 99.9), _whole(99.9, 99.9)
    (True, True, False)
    """
    return got in (math.floor(exact), round(exact))


@exercise("Right: as many come as go, and the sparsity stays.")
def swap(function: Callable) -> Iterator[str]:
    """Check a function (mask, weights, gradients, count) -> mask after one swap of RigL."""
    rng = np.random.default_rng(3)
    for count in (2, 0, 3):
        mask = rng.permutation(np.arange(12) < 5)
        weights = rng.normal(size=12) * mask
        gradients = rng.normal(size=12)
        w, kept = np.abs(weights), np.flatnonzero(mask)
        least = kept[np.argsort(w[kept])]
        # The largest gradient is on a kept weight, the next on the one that is dropped first.
        gradients[least[[-1, 0]]] = 5.0, -4.0
        got, g = as_mask(call(function, mask, weights, gradients, count), (12,)), np.abs(gradients)
        dropped, later = mask.copy(), mask.copy()
        dropped[least[:count]] = later[least[:count]] = False
        later[np.flatnonzero(~mask)[np.argsort(-g[~mask])[:count]]] = True
        otherwise = (
            "drop the `count` kept weights with the smallest |w|; grow the largest |g| elsewhere."
        )
        if got.sum() != mask.sum():
            otherwise = (
                f"{mask.sum()} weights were kept before, {got.sum()} are now. Look for the "
                "smallest among the *kept* weights (the others are 0), and grow only where nothing "
                "is kept."
            )
        yield from compare(
            got, _right_swap(mask, w, g, count), otherwise,
            ("weights went, and none came: grow as many as you dropped.", dropped),
            ("what was just dropped may come back at once, if its gradient is the largest: choose "
             "among all that is not kept *after* the drop.", later),
            ("the most negative weights went. The *smallest* go: compare |w|.",
             _right_swap(mask, weights, g, count)),
            ("a large negative gradient wants a weight as much as a positive one: compare |g|.",
             _right_swap(mask, w, gradients, count)),
            ("the largest weights went. Drop those with the smallest |w| among the kept.",
             _right_swap(mask, -w, g, count)),
            ("the smallest gradients came. Grow where |g| is *largest*.",
             _right_swap(mask, w, -g, count)),
            ("the kept weights' own gradients chose what goes. Drop by |w|.",
             _right_swap(mask, g, g, count)),
            ("nothing moved: drop, then grow.", mask),
        )  # fmt: skip


def _right_swap(mask: np.ndarray, drop: np.ndarray, grow: np.ndarray, count: int) -> np.ndarray:
    return regrowth.swap({"": mask}, {"": drop}, {"": grow}, count / mask.sum())[""]
