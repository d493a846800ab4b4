"""Checks for notebook 10: rounds, one ticket, and what the recorded runs support."""

from collections.abc import Callable, Iterator

import numpy as np

from course_utils import masking
from course_utils.lessons.checks.verdict import as_array, call, compare, exercise, number


@exercise("Right: shares of the *rest* multiply what is left.")
def rounds(function: Callable) -> Iterator[str]:
    """Check a function (n, share) -> sparsity after n rounds that take a share of the rest."""
    for n, share in ((3, 0.2), (10, 0.2), (2, 0.3)):
        got, right = number(call(function, n, share)), 1 - (1 - share) ** n
        yield from compare(
            got, right, f"after {n} rounds of {share:.0%}, {got:.4f} came and {right:.4f} was "
            "expected.",
            ("this is the density, what is left. The sparsity is 1 minus that.", 1 - right),
            ("the share is of what is *left*, not of all: round 2 takes from less.",
             n * share, min(n * share, 1.0)),
            ("in each round 1 - share *stays*: multiply these, not the shares that go.", share**n),
            ("in each round 1 - share *stays*: raise that to the power n.", 1 - share**n),
            ("one round is missing: after round 1 the sparsity is `share`, not 0.",
             1 - (1 - share) ** (n - 1)),
            ("give a share between 0 and 1, not a percentage.", 100 * right),
        )  # fmt: skip
    if number(call(function, 0, 0.2)) != 0:
        yield "after 0 rounds nothing is pruned: the sparsity is 0."


@exercise("Right: training chose the places, the draw before it gave the values.")
def ticket(function: Callable) -> Iterator[str]:
    """Check a function (initial, trained, keep) -> the initial weights that a ticket has."""
    rng = np.random.default_rng(10)
    for keep in (7, 1, 0):
        initial, trained = rng.normal(size=(2, 4, 5))
        got = as_array(call(function, initial, trained, keep), (4, 5))
        mask, other = _largest(np.abs(trained), keep), _largest(np.abs(initial), keep)
        otherwise = (
            f"{np.count_nonzero(got)} weights are left, {keep} were asked for: rank all entries of "
            "|trained| together, and keep that many."
        )
        if np.count_nonzero(got) == keep:
            otherwise = (
                "keep initial[i, j] where |trained[i, j]| is among the largest; 0 elsewhere."
            )
        yield from compare(
            got, initial * mask, otherwise,
            ("these are trained weights. A ticket is *rewound*: the mask times `initial`.",
             trained * mask),
            ("the initial weights chose. Rank |trained|, and multiply `initial` by that mask.",
             initial * other),
            ("the initial weights chose, and these are trained ones. It is the other way round.",
             trained * other),
            ("every large negative weight is gone: rank |trained|, not trained.",
             initial * _largest(trained, keep)),
            ("the smallest of |trained| are left; keep the largest.",
             initial * _largest(-np.abs(trained), keep)),
            ("nothing is pruned: multiply `initial` by the mask.", initial),
            ("these are the kept ones gone, and the rest left: turn the mask round.",
             initial * ~mask),
            ("this is the mask. Multiply `initial` by it.", mask),
        )  # fmt: skip
    initial, trained = np.arange(1.0, 5).reshape(2, 2), np.array([[1.0, -1], [-1, 1]])
    got = as_array(call(function, initial, trained, 2), (2, 2))
    if np.count_nonzero(got) != 2:
        yield f"four equal weights, two to keep, and {np.count_nonzero(got)} stayed: cut by rank."


def _largest(scores: np.ndarray, keep: int) -> np.ndarray:
    return masking.make_masks({"": scores}, 1 - keep / scores.size)[""]


WHY = {
    "A": "A holds: look at the assert on `ahead`, with every seed.",
    "B": "B is false: the dense network was trained first, then what was left, in each round.",
    "C": "C is false: the line of those trained on lies above the tickets.",
    "D": "D holds: with new weights, the ticket's mask still beats a shuffled one.",
    "E": "E was not measured: one small network, on MNIST.",
}


@exercise("Right: A and D, and no more.")
def claims(answer: object) -> Iterator[str]:
    """Check the letters of the claims that the recorded runs support."""
    letters = {c for c in str(answer).upper().replace("AND", "") if c.isalpha()}
    if unknown := sorted(letters - set(WHY)):
        yield f"there is no claim {unknown[0]}: give letters from A to E, such as 'AB'."
    for letter in WHY:
        if (letter in letters) != (letter in "AD"):
            yield WHY[letter]
