"""How an exercise's check answers: in one sentence, and never with a stack trace."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

NOT_YET = "… not yet"
RIGHT = "✓"
WRONG = "✗"


@dataclass(frozen=True)
class Verdict:
    """The answer of a check: `mark` is "✓", "✗" or "… not yet", `text` says why."""

    mark: str
    text: str

    def __bool__(self) -> bool:
        return self.mark == RIGHT

    def __repr__(self) -> str:
        return f"{self.mark} {self.text}" if self.mark != NOT_YET else f"{self.mark}: {self.text}"


def right(text: str) -> Verdict:
    """Return the verdict for a right answer; `text` says what it means.

    >>> right("Right. Signs survive.")
    ✓ Right. Signs survive.
    """
    return Verdict(RIGHT, text)


def judge(answer: object, findings: Callable[[object], Iterator[str]], praise: str) -> Verdict:
    """Return the first finding against `answer` as a hint, `praise` if there is none.

    An unsolved exercise leaves `...` (or a function that returns `...` or None): that is
    "not yet", not wrong. An answer that raises is wrong, and the hint tells what it raised.

    >>> judge(..., lambda answer: iter(()), "Right.")
    … not yet: replace the ... above, run that cell, then this one again.
    """
    if answer is ... or answer is None:
        return Verdict(NOT_YET, "replace the ... above, run that cell, then this one again.")
    try:
        hint = next(findings(answer), None)
    except Unsolved:
        return Verdict(NOT_YET, "replace the ... above, run that cell, then this one again.")
    except Exception as error:  # whatever the reader's code raises becomes a sentence
        return Verdict(WRONG, f"your code stops with {type(error).__name__}: {error}")
    return Verdict(WRONG, hint) if hint else right(praise)


class Unsolved(Exception):
    """The reader's function gave back nothing: the exercise is still open."""


def call(function: Callable, *arguments: object) -> object:
    """Call the reader's function on copies, and report a changed argument as a mistake.

    Raises Unsolved if it returns `...` or None, TypeError if it is no function, and
    ValueError if it changed an array that it was given.

    >>> call(lambda W: W + 1, np.zeros(2)).tolist()
    [1.0, 1.0]
    """
    if not callable(function):
        raise TypeError(f"a function was expected, not {function!r}")
    copies = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
    result = function(*copies)
    for given, copy in zip(arguments, copies, strict=True):
        if isinstance(given, np.ndarray) and not np.array_equal(given, copy, equal_nan=True):
            raise ChangedInPlace
    if result is ... or result is None:
        raise Unsolved
    return result


class ChangedInPlace(ValueError):
    """The reader's function changed its argument."""

    def __str__(self) -> str:
        return (
            "your function changed the array that it was given. Compute a new array instead "
            "(W * mask makes one; W[...] = 0 changes the caller's W)."
        )


def number(answer: object) -> float:
    """Return the reader's number as a float; raises TypeError in words otherwise.

    >>> number(np.float32(0.5))
    0.5
    """
    if isinstance(answer, bool) or not isinstance(answer, int | float | np.number):
        raise TypeError(f"a number was expected, not {type(answer).__name__}")
    return float(answer)


def as_array(answer: object, shape: tuple[int, ...]) -> np.ndarray:
    """Return the reader's array; raises ValueError in words if its shape is not `shape`.

    >>> as_array([1, 2], (2,)).tolist()
    [1, 2]
    """
    array = np.asarray(answer)
    if array.shape != shape:
        raise ValueError(f"the result has shape {array.shape}; {shape} was expected")
    return array
