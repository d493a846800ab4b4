"""Typical answers to the exercises of "A network that somebody else trained", and their hints."""

import math

import numpy as np
from answers import OfFunctions

from course_utils.lessons.checks import somebody_elses_network as check
from course_utils.lessons.forgetting import wilson


def stepped(p):
    odds = np.log(p / (1 - p))
    up, down = (1 / (1 + np.exp(-(odds + step))) for step in (1e-5, -1e-5))
    return (up - down) / 2e-5


def halved(n):
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if (1 - middle) ** n > 0.05 else (low, middle)
    return high


WRONG = {
    check.slope: [
        (lambda p: p, "chance of the other"),
        (lambda p: 1 - p, "multiply by p, too"),
        (lambda p: 1 / (p * (1 - p)), "turn it over"),
        (lambda p: np.log(p / (1 - p)), "not a slope"),
        (lambda p: np.log(p) - np.log(1 - p), "not a slope"),
        (lambda p: p / (1 - p), "ratio of chances"),
        (lambda p: 2 * p * (1 - p), "twice too steep"),
        (lambda p: (p * (1 - p)) ** 0.5, "square"),
        (lambda p: p * (p - 1), "turn the sign"),
        (lambda p: p**2, "by hand"),
        (lambda p: (p * (1 - p)).mean(), "shape"),
        (lambda p: np.exp(-p) / (1 + np.exp(-p)) ** 2, "by hand"),  # p taken for the log odds
    ],
    check.worst: [
        (lambda n: 0, "not an error rate of 0"),
        (lambda n: 0.05 ** (1 / n), "share that is right"),
        (lambda n: 3 / n, "rule of three"),
        (lambda n: 1 - 0.95 ** (1 / n), "0.95"),
        (lambda n: 1 / n, "one error"),
        (lambda n: 0.05 / n, "product"),
        (lambda n: wilson(0, n)[1], "Wilson"),
        (lambda n: 1 - 0.025 ** (1 / n), "one side"),
        (lambda n: 100 * (1 - 0.05 ** (1 / n)), "per cent"),
        (lambda n: 1 - 0.05**n, "n-th root"),
        (lambda n: 0.05, "Put it in"),
        (lambda n: f"{1 - 0.05 ** (1 / n):.1%}", "number was expected"),
    ],
}
RIGHT = {
    check.slope: [lambda p: p * (1 - p), lambda p: p - p**2, stepped],
    check.worst: [
        lambda n: 1 - 0.05 ** (1 / n),
        lambda n: 1 - math.exp(math.log(0.05) / n),
        lambda n: -math.expm1(math.log(0.05) / n),
        halved,
    ],
}


class TestAnswers(OfFunctions):
    wrong, right = WRONG, RIGHT
