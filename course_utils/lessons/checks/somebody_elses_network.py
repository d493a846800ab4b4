"""Checks for "A network that somebody else trained": a slope, and what no error at all proves."""

import functools
from collections.abc import Callable, Iterator

import numpy as np

from course_utils.lessons.checks.verdict import as_array, call, compare, exercise, number
from course_utils.lessons.forgetting import wilson


@exercise("Right: steepest at one half, and flat where the network is sure.")
def slope(function: Callable) -> Iterator[str]:
    """Check a function from probabilities p to the slope of p by its log odds, p (1 - p)."""
    p = np.array([0.001, 0.2, 0.5, 0.9, 0.9999])
    got = as_array(call(function, p), p.shape).astype(float)
    yield from compare(
        got, p * (1 - p),
        f"for p = {p.tolist()} came {got.round(6).tolist()}. Try it by hand: move the log odds "
        "by 0.001, see by how much p moves, and divide.",
        ("this is the slope of the log odds by p; turn it over.", 1 / (p * (1 - p))),
        ("these are the log odds themselves, not a slope.", np.log(p / (1 - p))),
        ("at p = 0.5 half of it is left: multiply by the chance of the other answer, too.", p),
        ("at p = 0.5 half of it is left: multiply by p, too.", 1 - p),
        ("this is the odds: a ratio of chances, not a slope.", p / (1 - p)),
        ("twice too steep: two outputs, but one difference between them.", 2 * p * (1 - p)),
        ("this is the standard deviation of a yes with chance p; its square is asked for.",
         np.sqrt(p * (1 - p))),
        ("a slope that falls? p rises with its log odds: turn the sign.", -p * (1 - p)),
    )  # fmt: skip


@exercise("Right: and for large n it is about 3 / n, the rule of three.")
def worst(function: Callable) -> Iterator[str]:
    """Check a function from n to the error rate p at which (1 - p)^n is 0.05."""
    for n in (10, 100, 1000):
        got, right = number(call(function, n)), 1 - 0.05 ** (1 / n)
        yield from compare(
            got, right,
            f"for {n} patches came {got:.4g}. Put it in: (1 - p)^{n} should be 0.05.",
            ("no error seen is not an error rate of 0.", 0.0),
            ("this is 1 - p: the share that is right.", 0.05 ** (1 / n)),
            ("near for large n: that is the rule of three. Here solve it exactly.", 3 / n),
            ("this solves (1 - p)^n = 0.95: then no error at all would be what we expect.",
             1 - 0.95 ** (1 / n)),
            ("this is one error among n. The true rate may be higher and still show none.", 1 / n),
            ("the chance of n right answers is a product, (1 - p)^n: take the n-th root.",
             0.05 / n),
            ("this is Wilson's interval, which looks at both sides. Solve (1 - p)^n = 0.05.",
             wilson(0, n)[1]),
            ("this leaves 2.5 %: here all 5 % lie on one side.", 1 - 0.025 ** (1 / n)),
            ("in per cent? A share was asked for: divide by 100.", 100 * right),
            ("the n-th root, not the n-th power.", 1 - 0.05**n),
            same=functools.partial(np.isclose, rtol=1e-6, atol=1e-12),
        )  # fmt: skip
