"""Checks for notebook 00: is this machine ready, and two small exercises to learn the form."""

import contextlib
import importlib
import platform
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from course_utils.lessons.checks.verdict import IN_THE_LOOP, call, compare, exercise, number
from course_utils.masking import sparsity as share_of_zeros

# The oldest versions that the course runs on; a test holds them against pyproject.toml.
OLDEST = {"Python": "3.11", "NumPy": "1.26", "TensorFlow": "2.18", "Keras": "3.10"}
MISSING = "missing"
WAY_OUT = (
    "In the course's folder, `make lab` makes an environment with the right versions; "
    "in a hosted notebook, install the missing one and restart the kernel."
)


def versions() -> dict[str, str]:
    """Return the version of Python and of each package that the course needs, or "missing".

    >>> list(versions())
    ['Python', 'NumPy', 'TensorFlow', 'Keras']
    """
    found = {"Python": platform.python_version(), "NumPy": np.__version__}
    # First, so that TensorFlow comes without its start-up chatter; what is missing shows below.
    with contextlib.suppress(ImportError):
        importlib.import_module("course_utils.backend")
    for name in ("TensorFlow", "Keras"):
        try:
            found[name] = importlib.import_module(name.lower()).__version__
        except ImportError:
            found[name] = MISSING
    return found


@exercise("This machine is ready for every notebook.", noted=False)
def machine(found: Mapping[str, str]) -> Iterator[str]:
    """Say whether the versions that `versions` found will do, and if not, what to do.

    >>> machine({"Python": "3.7.16"}).text.split(". ")[0]
    'Python is 3.7.16, and the course needs 3.11 or newer'
    """
    for name, oldest in OLDEST.items():
        if (have := found.get(name, MISSING)) == MISSING:
            yield f"{name} is missing. {WAY_OUT}"
        if _numbers(have) < _numbers(oldest):
            yield f"{name} is {have}, and the course needs {oldest} or newer. {WAY_OUT}"


def _numbers(version: str) -> tuple[int, ...]:
    # "2.22.0rc1" has to count as 2.22, as "2.22.0.dev1" does.
    return tuple(int(part) for part in version.split(".")[:2])


@exercise("Right: that many weights are exactly zero, and zero is what pruned means.")
def count_zeros(answer: object, W: np.ndarray) -> Iterator[str]:
    """Check the number of entries of W that are exactly zero."""
    got, W = number(answer), np.asarray(W)
    zeros = int(np.sum(W == 0))
    otherwise = f"{got:g} is not it. Count the crossed-out cells, or compare every entry with 0."
    yield from compare(
        got, zeros, "a share was given; a count is asked for." if 0 < got < 1 else otherwise,
        ("these are the entries that are not zero. Count the others.", W.size - zeros),
        ("this is the number of all entries. How many of them are 0?", W.size),
        ("you counted the negative entries too. Negative is not zero.", np.sum(W <= 0)),
        ("this is the share of zeros. How many are there?", zeros / W.size),
        ("nearly: one is missing. Some zeros were 0 before, and what equals the border goes, too.",
         zeros - 1),
        ("nearly: that is one too many. Small is not zero; count what is exactly 0.", zeros + 1),
    )  # fmt: skip


@exercise("Right: zeros over all entries, for any shape.")
def sparsity(function: Callable) -> Iterator[str]:
    """Check a function W -> share of entries that are exactly zero, on random matrices."""
    rng = np.random.default_rng(9)  # one that gives each mistake below another result
    for shape in ((4, 6), (10,), (3, 3, 2, 5)):
        W = rng.normal(size=shape) * (rng.random(shape) < 0.7)
        W.flat[:2] = 0, 1e-9  # at least one zero, and a weight that is small and not zero
        got, right, zeros = number(call(function, W)), share_of_zeros(W), np.sum(W == 0)
        yield from compare(
            got, right, f"for a random array of shape {W.shape} {got:.3f} came; {right:.3f} was "
            "expected.",
            ("this is the density, the share that is left. Sparsity is the share of zeros.",
             1 - right),
            ("this is how many zeros there are. Divide by the number of entries, W.size.", zeros),
            ("this is in percent. Leave it a share, between 0 and 1.", 100 * right),
            ("this is the number of weights left. Sparsity is the share of zeros.", W.size - zeros),
            (f"one entry alone was counted{IN_THE_LOOP}", 1 / W.size),
            ("len(W) is the number of rows. W.size is the number of entries.", zeros / len(W)),
            ("the negative weights were counted as well. Compare with ==, not <=.",
             np.mean(W <= 0)),
            ("a weight of 1e-9 was counted. It is small, and it is there: compare with exactly 0.",
             np.mean(np.abs(W) < 1e-6)),
            ("this is rounded. Return all digits; a print can round.",
             got if abs(got - right) < 0.006 else np.nan),
            ("this is zeros over non-zeros. Divide by the number of *all* entries, W.size.",
             zeros / (W.size - zeros)),
        )  # fmt: skip
    if not np.isclose(number(call(function, np.ones((2, 2)))), 0):
        yield "a matrix without zeros has sparsity 0; try np.ones((2, 2))."
    if not np.isclose(number(call(function, np.zeros((2, 3)))), 1):
        yield "a matrix of zeros has sparsity 1; try np.zeros((2, 3))."
