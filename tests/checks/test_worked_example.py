"""Typical answers to the exercises of notebook 03, and the hint that each of them gets."""

import numpy as np
from answers import Answers

from course_utils.lessons.checks import worked_example as check

W = check.example()
NORM = np.sqrt(2.75)

WRONG = {
    check.wrong_step: [
        (1, "right up to rounding"),
        (2, "right up to rounding"),
        (3, "that mask is right"),
        (5, "only repeats"),
        (9, "1 to 5"),
        ("4", "number was expected"),
        (0, "1 to 5"),
        ([4], "number was expected"),
        (4.5, "1 to 5"),
    ],
    check.same_mask_theta: [
        (0.2, "cuts four weights"),
        (0.2 * NORM, "the way back"),
        (0.2 / 2.75, "Divide by the norm"),
        (0.5, "on W, 0.2 cuts 2"),
        (NORM, "9 weights"),
        (0.0, "0 weights"),
        (0.1, "happens to cut"),
        (W / 5, "number was expected"),
    ],
    check.emptying_factor: [
        (0.9, "empties W itself"),
        (0.2 / 0.9, "upside down"),
        (0.5, "smallest"),
        (0.9 / NORM / 0.2, "factor for f(W)"),
        (5, "1 / θ"),
        (10, "a smaller c"),
        (4, "1 of 9"),
        (1, "7 of 9"),
        (-4.5, "*positive*"),
        ("4.5", "a number was expected"),
    ],
}
RIGHT_ANSWERS = {
    check.wrong_step: [4, 4.0, np.int64(4)],
    check.same_mask_theta: [0.2 / NORM, 0.1206, np.array(0.2 / NORM)],
    check.emptying_factor: [4.5, W.max() / 0.2, 0.9 * 5, np.float32(4.5)],
}


class TestAnswers(Answers):
    wrong, right = WRONG, RIGHT_ANSWERS


def test_the_hints_of_an_exercise_differ():
    for exercise, pairs in WRONG.items():
        hints = {repr(exercise(answer)) for answer, _ in pairs}
        assert len(hints) >= 4


def test_a_theta_that_fits_by_chance_is_told_from_the_exact_one():
    assert "happens to cut" in repr(check.same_mask_theta(0.1))
