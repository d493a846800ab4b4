"""Checks for notebook 06: a threshold from a sparsity, an exact count, a choice on validation."""

from collections.abc import Callable, Iterator

import numpy as np

from course_utils.lessons.checks.verdict import as_mask, call, compare, exercise, hints, number


@exercise("Right: the sparsity decides, and θ follows.")
def threshold(function: Callable) -> Iterator[str]:
    """Check a function (W, sparsity) -> θ, so that |W| > θ keeps what the sparsity leaves."""
    rng = np.random.default_rng(1)
    W = rng.normal(size=(8, 25))
    sizes = np.sort(np.abs(W).ravel())
    for share in (0.25, 0.5, 0.8, 0.9, 0.333, 0.332):
        count = round(share * W.size)
        theta = number(call(function, W, share))
        pruned = int((np.abs(W) <= theta).sum())
        if np.isclose(theta, np.quantile(sizes, share)) and pruned != count:
            yield "np.quantile works with n - 1 steps, so its count is sometimes off by one. Sort."
        if pruned == int((np.abs(W) <= np.quantile(W, share)).sum()) != count:
            yield "this is a quantile of the weights, signs and all. Rank their sizes, np.abs(W)."
        if pruned == round((1 - share) * W.size) != count:
            yield "so many should be left; you prune them. Sparsity is the share that goes."
        yield from hints(
            theta,
            ("a share of the largest weight is no share of the weights. Sort, and count.",
             share * sizes[-1]),
            ("this is the sparsity itself. θ is a size: that of the last one to go.", share),
        )  # fmt: skip
        if share == 0.333 and pruned == count - 1:
            yield "int cuts 66.6 off to 66. How many go is round(sparsity * W.size), here 67."
        if pruned == count - 1:
            yield "one too few goes: a weight at θ is cut, so θ is the last one that should go."
        if pruned == count + 1:
            yield "one too many goes: Python counts from 0, the n-th smallest is at n - 1."
        if pruned != count:
            yield f"at a sparsity of {share} your θ prunes {pruned} of {W.size}, not {count}."
    W[0, 0] = 0
    least = number(call(function, W, 0.0))
    if least == 0:
        yield "at a sparsity of 0, θ = 0 still cuts a weight that is exactly 0. Return -1 there."
    if least > 0:
        yield "at a sparsity of 0 nothing may go, but your θ cuts something. Return -1 there."


@exercise("Right: exactly that many, whatever the scores are.")
def prune_lowest(function: Callable) -> Iterator[str]:
    """Check a function (scores, count) -> mask with exactly `count` False, ties or none."""
    cases = {
        "distinct scores": np.array([3.0, 1, 4, 2, 9, 5, 8, 6, 7, 0]),
        "scores of which some are negative": np.array([-3.0, 1, -4, 2, 9, -5, 8, 6, 7, 0]),
        "some ties": np.array([4.0, 1, 4, 2, 4, 3, 4, 9, 8, 7]),
        "scores that are all equal": np.ones(10),
        "scores of which half are zero": np.array([0.0, 5, 0, 4, 0, 3, 0, 2, 0, 1]),
    }
    for name, scores in cases.items():
        sizes = np.argsort(np.argsort(np.abs(scores))) >= 4  # the mask of who ranks sizes
        ranks = np.argsort(scores) >= 4  # the mask of who takes places for ranks
        for count in (4, 0, 10):
            mask = as_mask(call(function, scores, count), scores.shape, "score")
            gone, low = int((~mask).sum()), np.sort(scores)
            if count == 4 and np.array_equal(~mask, scores > low[3]) and len(set(scores)) == 10:
                yield "the mask is the wrong way round: True is what stays."
            if count == 4 and np.array_equal(mask, sizes) and low[0] < 0:
                yield "you ranked sizes. Scores may be negative: rank them as they are."
            if (name, count) == ("distinct scores", 4) and np.array_equal(mask, ranks):
                yield "argsort lists *places*, lowest score first: set the mask there to False."
            if (name, count, gone) == ("distinct scores", 4, 6):
                yield "yours lets 4 stay. `count` says how many go: those are False."
            if gone == 10 and count == 0:
                yield (
                    "asked to prune 0, yours prunes all 10: sorted[0 - 1] is the largest. Count "
                    "places (np.argsort) instead of looking for a threshold."
                )
            if gone != count:
                ties = "A threshold cannot tell equal scores apart: np.argsort gives places."
                places_from_0 = (
                    "Take the first `count` places of np.argsort; mind that [-0:] is all."
                )
                why = places_from_0 if name == "distinct scores" else ties
                yield f"asked to prune {count} of {name}, yours prunes {gone}. {why}"
            if count and scores[~mask].max() > low[count - 1]:
                yield f"of {name}, something goes that scores higher than what stays."


@exercise("Right: as far as every step before it held, too.")
def choose(function: Callable) -> Iterator[str]:
    """Check a function (sparsities, accuracies, floor) -> the sparsity to choose."""
    levels = [0.5, 0.8, 0.9, 0.95, 0.97]
    falls, dips = [0.99, 0.985, 0.98, 0.91, 0.6], [0.99, 0.97, 0.985, 0.96, 0.6]
    yield from compare(
        number(call(function, levels, falls, 0.98)), 0.9,
        f"for accuracies {falls} and a floor of 0.98, 0.9 was expected.",
        ("an accuracy equal to the floor is within it: use >=.", 0.8),
        ("that is the first, with the best accuracy. Go on while it is good enough.", 0.5),
        ("the floor was not looked at: accuracy is far below it there.", 0.97),
        ("this is the first that fails. The one before it still holds.", 0.95),
        ("give the sparsity, not its place in the list.", 2),
        ("give the sparsity, not the accuracy.", *falls),
    )  # fmt: skip
    if number(call(function, levels, dips, 0.98)) == 0.9:
        yield "below the floor and back: that is luck. Stop at the first sparsity that fails."
    if number(call(function, levels, dips, 0.98)) != 0.5:
        yield f"for accuracies {dips} and a floor of 0.98 the answer is 0.5: 0.8 fails already."
    if number(call(function, levels, falls, 0.5)) != 0.97:
        yield "if all of them hold, the answer is the last one, here 0.97."
    if call(function, levels, falls, 0.995) != 0:
        yield "if nothing holds the floor, the answer is 0.0: do not prune."
