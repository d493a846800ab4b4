"""Checks for notebook 08: the cubic schedule, how many weights to replace, one swap, rounds."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from course_utils import regrowth, schedules
from course_utils.lessons.checks.verdict import as_array, call, compare, exercise, number


@exercise("Right: fast at first, slow at last, in even steps.")
def cubic(function: Callable) -> Iterator[str]:
    """Check a function (step, final, begin, end, every) -> sparsity, Zhu and Gupta's cubic."""
    final, begin, end, every = 0.9, 100, 500, 100

    def come(step: int) -> float:
        return number(call(function, step, final, begin, end, every))

    inside, t = come(200), 0.25
    right = schedules.polynomial(final, begin, end)(200)
    yield from compare(
        inside, right, f"a quarter of the way {inside:.4f} came, {right:.4f} was expected.",
        ("this is the density, the share that is left. Return the sparsity.", 1 - right),
        ("it falls from `final` to 0. Sparsity rises: final minus what is still missing.",
         final * (1 - t) ** 3),
        ("it starts slowly and ends fast. The cube is of the part of the way *left*, 1 - t.",
         final * t**3),
        ("this is a straight line. Raise the part of the way that is left to the power 3.",
         final * t),
        ("the way starts at `begin`, not at step 0: its length is end - begin.",
         final * (1 - (1 - 200 / 500) ** 3)),
        same=math.isclose,
    )  # fmt: skip
    yield from _edges_of_cubic(come, final)


def _edges_of_cubic(come: Callable[[int], float], final: float) -> Iterator[str]:
    if come(40) != 0:
        yield "before `begin` nothing is pruned: the sparsity there is 0."
    if not math.isclose(come(500), final) or not math.isclose(come(900), final):
        yield "from `end` on the sparsity is `final`, and stays there."
    smooth = schedules.polynomial(final, 100, 500)
    if math.isclose(come(299), smooth(299)):
        yield "it moves at every step. Round the steps since `begin` down to a multiple of `every`."
    right = schedules.polynomial(final, 100, 500, every=100)
    if math.isclose(come(299), right(300)):
        yield "it moves too early: round the steps since `begin` *down* (// in Python)."
    for step in (100, 199, 200, 299, 300, 499):
        got = come(step)
        if not math.isclose(got, right(step), abs_tol=1e-12):
            yield f"at step {step}, {got:.4f} came and {right(step):.4f} was expected."


@exercise("Right: many moves early, none from the end on: it settles.")
def replaced(function: Callable) -> Iterator[str]:
    """Check a function (step, kept, fraction, end) -> how many weights RigL replaces."""
    for step, kept, fraction, end in (
        (0, 1000, 0.3, 800),
        (200, 5000, 0.3, 800),
        (400, 999, 0.2, 800),
    ):
        right = round(regrowth.cosine(fraction, step, end) * kept)
        got = number(call(function, step, kept, fraction, end))
        turn = math.cos(math.pi * step / end)
        if right and math.isclose(got, regrowth.cosine(fraction, step, end)):
            yield "this is the share. How many weights is that, of the `kept` ones?"
        if step == 0 and got == round(2 * fraction * kept):
            yield "at step 0 twice the fraction came: half of (1 + cos) is what falls from 1 to 0."
        if step and got == round(fraction * kept):
            yield "the fraction does not decay: it should follow a cosine from `fraction` to 0."
        if step and got == round(fraction * turn * kept):
            yield "half-way the plain cosine is 0 already. Use (1 + cos(π · step / end)) / 2."
        if step and got == round(fraction / 2 * (1 + math.cos(math.radians(step / end))) * kept):
            yield "math.cos takes radians: half a turn is π."
        if step and got == round(fraction * (1 - step / end) * kept) != right:
            yield "this is a straight line; a cosine was asked."
        if abs(got - right) < 1 and got != right:
            yield f"{got} weights cannot be replaced: round to a whole number."
        if got != right:
            yield f"at step {step} of {end}, {got:g} came and {right} was expected."
    for step in (800, 1000, 1600):
        if number(call(function, step, 1000, 0.3, 800)) != 0:
            yield f"after the end nothing moves, but at step {step} of 800 something does."


@exercise("Right: as many come as go, and the sparsity stays.")
def swap(function: Callable) -> Iterator[str]:
    """Check a function (mask, weights, gradients, count) -> mask after one swap of RigL."""
    yield from _dropped_may_return(function)
    rng = np.random.default_rng(8)
    for count in (2, 0, 3):
        mask = rng.permutation(np.arange(12) < 5)
        weights = rng.normal(size=12) * mask
        gradients = rng.normal(size=12)
        # Among what is not kept the largest gradient, and a larger one still on a kept weight.
        gradients[np.flatnonzero(mask)[0]] = 5.0
        got = as_array(call(function, mask, weights, gradients, count), (12,))
        if not np.isin(got, (0, 1)).all():
            yield "a mask holds True and False only: return the mask, not the weights."
        got, w, g = got.astype(bool), np.abs(weights), np.abs(gradients)
        kept, dropped = np.flatnonzero(mask), mask.copy()
        dropped[kept[np.argsort(w[kept])[:count]]] = False
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
            ("the most negative weights went. The *smallest* go: compare |w|.",
             _right_swap(mask, weights, g, count)),
            ("a large negative gradient wants a weight as much as a positive one: compare |g|.",
             _right_swap(mask, w, gradients, count)),
            ("the largest weights went. Drop those with the smallest |w| among the kept.",
             _right_swap(mask, -w, g, count)),
            same=np.array_equal,
        )  # fmt: skip


def _dropped_may_return(function: Callable) -> Iterator[str]:
    """The largest gradient lies on the weight that was just dropped."""
    mask = np.array([True, True, False, False])
    weights, gradients = np.array([0.1, 2.0, 0.0, 0.0]), np.array([9.0, 0.0, 1.0, 2.0])
    got = as_array(call(function, mask, weights, gradients, 1), (4,)).astype(bool)
    if np.array_equal(got, [False, True, False, True]):
        yield (
            "what was just dropped may come back at once, if its gradient is the largest: choose "
            "among all that is not kept *after* the drop."
        )


def _right_swap(mask: np.ndarray, drop: np.ndarray, grow: np.ndarray, count: int) -> np.ndarray:
    kept = np.flatnonzero(mask)
    new = mask.copy()
    new[kept[np.argsort(drop[kept], kind="stable")[:count]]] = False
    free = np.flatnonzero(~new)
    new[free[np.argsort(-grow[free], kind="stable")[:count]]] = True
    return new


@exercise("Right: shares of the *rest* multiply what is left.")
def rounds(function: Callable) -> Iterator[str]:
    """Check a function (n, share) -> sparsity after n rounds that take a share of the rest."""
    for n, share in ((3, 0.2), (10, 0.2), (2, 0.3)):
        got, right = number(call(function, n, share)), 1 - (1 - share) ** n
        of_all = "the share is of what is *left*, not of all: round 2 takes from less."
        yield from compare(
            got, right, f"after {n} rounds of {share:.0%}, {got:.4f} came and {right:.4f} was "
            "expected.",
            ("this is the density, what is left. The sparsity is 1 minus that.", 1 - right),
            (of_all, min(n * share, 1.0)),
            (of_all, n * share),
            ("in each round 1 - share *stays*: multiply these, not the shares that go.", share**n),
            ("in each round 1 - share *stays*: raise that to the power n.", 1 - share**n),
            ("one round is missing: after round 1 the sparsity is `share`, not 0.",
             1 - (1 - share) ** (n - 1)),
            ("give a share between 0 and 1, not a percentage.", 100 * right),
            same=math.isclose,
        )  # fmt: skip
    if number(call(function, 0, 0.2)) != 0:
        yield "after 0 rounds nothing is pruned: the sparsity is 0."
