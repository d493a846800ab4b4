"""Typical answers to the exercises of notebook 10, and the hint that each of them gets."""

import numpy as np
import pytest
from answers import Answers, Repeatable

from course_utils.lessons.checks import lottery_tickets as check


def ticket(initial, trained, keep, chooser=np.abs):
    """The largest of `chooser(trained)`, at their initial values."""
    mask = np.zeros(trained.size)
    mask[np.argsort(-chooser(trained), axis=None)[:keep]] = 1
    return initial * mask.reshape(trained.shape)


def by_sorting(initial, trained, keep):
    order = sorted(np.ndindex(trained.shape), key=lambda at: -abs(trained[at]))
    new = np.zeros_like(initial)
    for at in order[:keep]:
        new[at] = initial[at]
    return new


def by_threshold(initial, trained, keep):
    level = np.sort(np.abs(trained), axis=None)[-max(keep, 1)]
    return initial * (np.abs(trained) >= level) * (keep > 0)


def by_row(initial, trained, keep):
    rows = [ticket(i, w, keep // len(initial)) for i, w in zip(initial, trained, strict=True)]
    return np.array(rows)


def none_is_all(initial, trained, keep):
    mask = np.zeros(trained.size)
    mask[np.argsort(np.abs(trained), axis=None)[-keep:]] = 1
    return initial * mask.reshape(trained.shape)


WRONG = {
    check.rounds: [
        (lambda n, share: (1 - share) ** n, "density"),
        (lambda n, share: n * share, "what is *left*"),
        (lambda n, share: min(1, n * share), "what is *left*"),
        (lambda n, share: share**n, "multiply these"),
        (lambda n, share: 1 - share**n, "raise that"),
        (lambda n, share: 1 - (1 - share) ** (n - 1), "one round is missing"),
        (lambda n, share: 100 * (1 - (1 - share) ** n), "not a percentage"),
        (lambda n, share: 0.5, "was expected"),
        (lambda n, share: 1 - (1 - share) ** max(n, 1), "after 0 rounds"),
    ],
    check.ticket: [
        (lambda i, w, k: ticket(w, w, k), "*rewound*"),
        (lambda i, w, k: ticket(i, i, k), "the initial weights chose. Rank"),
        (lambda i, w, k: ticket(w, i, k), "the other way round"),
        (lambda i, w, k: ticket(i, w, k, np.exp), "large negative"),
        (lambda i, w, k: ticket(i, w, k, lambda w: -np.abs(w)), "the smallest"),
        (lambda i, w, k: i - ticket(i, w, k), "turn the mask round"),
        (lambda i, w, k: ticket(np.ones_like(i), w, k), "this is the mask"),
        (lambda i, w, k: i, "nothing is pruned"),
        (lambda i, w, k: ticket(i, w, k + 1), "8 weights are left, 7"),
        (lambda i, w, k: ticket(i, w, k).ravel(), "shape"),
        (by_row, "rank all entries"),
        (by_threshold, "cut by rank"),
        (none_is_all, "nothing is pruned"),
        (lambda i, w, k: ticket(i + 1, w, k), "keep initial[i, j]"),
    ],
}
CLAIMS = {
    check.claims: [
        ("", "A holds"),
        ("D", "A holds"),
        ("A", "D holds"),
        ("ABD", "B is false"),
        ("ACD", "C is false"),
        ("ADE", "not measured"),
        ("ABCDE", "B is false"),
        ("AX", "no claim X"),
    ],
}
RIGHT = {
    check.rounds: [
        lambda n, share: 1 - (1 - share) ** n,
        lambda n, share: sum(share * (1 - share) ** k for k in range(n)),
        lambda n, share: -np.expm1(n * np.log1p(-share)),
    ],
    check.ticket: [ticket, by_sorting, lambda i, w, k: ticket(i, w**2, k) + 0.0],
}


TRUE = {check.claims: ["AD", "d, a", ["A", "D"], {"D", "A"}]}


class TestAnswers(Repeatable):
    wrong, right = WRONG, RIGHT


class TestClaims(Answers):
    wrong, right = CLAIMS, TRUE


@pytest.mark.parametrize("letter", "ABCDE")
def test_each_claim_has_its_reason(letter):
    assert check.WHY[letter].startswith(letter)
