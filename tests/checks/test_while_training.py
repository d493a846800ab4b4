"""Typical answers to the exercises of notebook 08, and the hint that each of them gets."""

import math

import numpy as np
from answers import Repeatable

from course_utils import schedules
from course_utils.lessons.checks import while_training as check


def cubic(step, final, begin, end, every):
    if step < begin:
        return 0.0
    step = min(step, end)
    t = (step - begin) // every * every / (end - begin)
    return final - final * (1 - t) ** 3


def cubic_with(shape, step, final, begin, end):
    """A cubic without `every`, of some function of the part of the way."""
    t = min(max((step - begin) / (end - begin), 0), 1)
    return final * shape(t)


def no_start(step, final, begin, end, every):
    t = min((step - begin) // every * every / (end - begin), 1)
    return final * (1 - (1 - t) ** 3)


def no_stop(step, final, begin, end, every):
    t = max((step - begin) // every * every / (end - begin), 0)
    return final * (1 - (1 - t) ** 3)


def rounded_up(step, final, begin, end, every):
    t = min(max(math.ceil((step - begin) / every) * every / (end - begin), 0), 1)
    return final * (1 - (1 - t) ** 3)


def stairs_from_zero(step, final, begin, end, every):
    if step < begin:
        return 0.0
    t = min((step // every * every - begin) / (end - begin), 1)
    return final * (1 - (1 - t) ** 3)


WRONG = {
    check.cubic: [
        (lambda s, f, b, e, every: 1 - cubic(s, f, b, e, every), "density"),
        (lambda s, f, b, e, every: cubic_with(lambda t: (1 - t) ** 3, s, f, b, e), "it falls"),
        (lambda s, f, b, e, every: cubic_with(lambda t: t**3, s, f, b, e), "starts slowly"),
        (lambda s, f, b, e, every: cubic_with(lambda t: t, s, f, b, e), "straight line"),
        (lambda s, f, b, e, every: f * (1 - (1 - min(s / e, 1)) ** 3), "starts at `begin`"),
        (no_start, "before `begin`"),
        (no_stop, "from `end` on"),
        (lambda s, f, b, e, v: cubic_with(lambda t: 1 - (1 - t) ** 3, s, f, b, e), "at every step"),
        (rounded_up, "too early"),
        (stairs_from_zero, "the stairs begin at `begin`"),
        (lambda s, f, b, e, every: 100 * cubic(s, f, b, e, every), "not a percentage"),
        (lambda s, f, b, e, every: 0.123, "was expected"),
        (lambda s, f, b, e, every: "half", "a number was expected"),
    ],
    check.rate: [
        (lambda step, steps: 1e-4, "mean rate is 1.0e-04"),
        (lambda step, steps: 1e-3 * (1 - step / steps), "mean rate is 5.0e-04"),
        (lambda step, steps: 1e-3 if step < 20 else 1e-5, "mean rate"),
        (lambda step, steps: 1e-3 * 0.98**step, "mean rate"),
        (lambda step, steps: -1e-3, "below 0"),
        (lambda step, steps: 1e-3 - 1e-3 * step / 100, "below 0"),
        (lambda step, steps: 0.1, "at 0.1 Adam moves"),
        (lambda step, steps: 0, "nothing is trained"),
        (lambda step, steps: "fast", "a number was expected"),
        (lambda step: 1e-3, "your code stops"),
    ],
}
RIGHT = {
    check.cubic: [
        cubic,
        lambda s, f, b, e, every: schedules.polynomial(f, b, e, every=every)(s),
        lambda s, f, b, e, v: f * (1 - (1 - min(max((s - b) // v * v, 0) / (e - b), 1)) ** 3),
    ],
    check.rate: [
        lambda step, steps: 3e-3,
        lambda step, steps: np.float32(1e-3),
        lambda step, steps: 3e-3 * (1 - step / steps) + 1e-5,
        lambda step, steps: 2e-3 * (1 + math.cos(math.pi * step / steps)) / 2 + 1e-6,
        lambda step, steps: 3e-3 * min(step / 10, 1) * (1 - step / steps),  # a warm-up first
    ],
}


class TestAnswers(Repeatable):
    wrong, right = WRONG, RIGHT
