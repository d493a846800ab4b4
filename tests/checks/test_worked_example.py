"""Typical answers to the exercises of notebook 03, and the hint that each of them gets."""

import numpy as np
from answers import Answers

from course_utils.lessons.checks import worked_example as check

W = check.example()
NORM = np.sqrt(2.75)
RIGHT = [[0, 0.3, 0.5], [0.6, 0.7, 0.8], [0.9, 0, 0.3]]
READ_AS_NORMALIZED = [[0, 0, 0.5], [0.6, 0.7, 0.8], [0.9, 0, 0]]

WRONG = {
    check.wrong_step: [
        (1, "right up to rounding"),
        (2, "right up to rounding"),
        (3, "that mask is right"),
        (5, "only repeats"),
        (9, "1 to 5"),
        ("4", "number was expected"),
    ],
    check.pruned_by_hand: [
        (np.zeros((3, 3)), "what the article prints"),
        (W > 0.2, "that is the mask"),
        (READ_AS_NORMALIZED, "θ met f(W)"),
        ([[0, 0.18, 0.3], [0.36, 0.42, 0.48], [0.54, 0, 0.18]], "normalized weights"),
        ([[0.1, 0, 0], [0, 0, 0], [0, 0.1, 0]], "turn it round"),
        ([[0, 0.3, 0.5], [0.6, 0.7, 0.8], [0.9, 0, 0]], "row 3, column 3"),
        ([0, 0.3, 0.5], "shape (3,)"),
    ],
    check.same_mask_theta: [
        (0.2, "cuts four weights"),
        (0.2 * NORM, "the way back"),
        (0.2 / 2.75, "Divide by the norm"),
        (0.5, "on W, 0.2 cuts 2"),
    ],
    check.emptying_theta: [
        (1, "smaller θ does it"),
        (0.9 / NORM, "answer for f(W)"),
        (0.8, "1 of 9"),
        (0.91, "*equal* to θ"),
    ],
}
RIGHT_ANSWERS = {
    check.wrong_step: [4, 4.0, np.int64(4)],
    check.pruned_by_hand: [RIGHT, tuple(map(tuple, RIGHT)), W * (W > 0.2)],
    check.same_mask_theta: [0.2 / NORM, 0.1206, np.array(0.2 / NORM)],
    check.emptying_theta: [0.9, W.max(), np.array(0.9)],
}


class TestAnswers(Answers):
    wrong, right = WRONG, RIGHT_ANSWERS


def test_the_hints_of_an_exercise_differ():
    for exercise, pairs in WRONG.items():
        hints = {repr(exercise(answer)) for answer, _ in pairs}
        assert len(hints) >= 4


def test_a_theta_that_fits_by_chance_is_told_from_the_exact_one():
    assert "happens to cut" in repr(check.same_mask_theta(0.1))
