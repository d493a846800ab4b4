"""How an exercise's check answers: in one sentence, and never with a stack trace."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

NOT_YET = "… not yet"
RIGHT = "✓"
WRONG = "✗"
OPEN = "replace the ... above, run that cell, then this one again."


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
        return Verdict(NOT_YET, OPEN)
    try:
        hint = next(findings(answer), None)
    except Unsolved:
        return Verdict(NOT_YET, OPEN)
    except Mistake as mistake:
        return Verdict(WRONG, str(mistake))
    except Exception as error:  # whatever the reader's code raises becomes a sentence
        return Verdict(WRONG, f"your code stops with {_in_one_line(error)}")
    return Verdict(WRONG, hint) if hint else right(praise)


class Unsolved(Exception):
    """The reader's function gave back nothing: the exercise is still open."""


class Mistake(ValueError):
    """A mistake of form, whatever the exercise asks: its text is the hint."""


def call(function: Callable, *arguments: object) -> object:
    """Call the reader's function on copies of the arguments, and return what it returns.

    Raises Unsolved if that is `...` or None, and Mistake if it is no function or changes an
    array that it was given.

    >>> call(lambda W: W + 1, np.zeros(2)).tolist()
    [1.0, 1.0]
    """
    if not callable(function):
        raise Mistake(f"a function was expected, not {function!r}")
    copies = copy.deepcopy(arguments)
    result = function(*copies)
    if not all(map(_same, arguments, copies)):
        raise Mistake(
            "your function changed the array that it was given. Compute a new array instead "
            "(W * mask makes one; W[...] = 0 changes the caller's W)."
        )
    if result is ... or result is None:
        raise Unsolved
    return result


def number(answer: object) -> float:
    """Return the reader's number as a float; raises Mistake if it is none.

    >>> number(np.float32(0.5))
    0.5
    """
    if isinstance(answer, np.ndarray) and answer.ndim == 0:
        answer = answer.item()
    if isinstance(answer, bool) or not isinstance(answer, int | float | np.integer | np.floating):
        raise Mistake(f"a number was expected, not {type(answer).__name__}")
    return float(answer)


def as_array(answer: object, shape: tuple[int, ...]) -> np.ndarray:
    """Return the reader's array; raises Mistake if its shape is not `shape`.

    >>> as_array([1, 2], (2,)).tolist()
    [1, 2]
    """
    try:
        array = np.asarray(answer)
    except ValueError:
        raise Mistake("the result is no array: its rows differ in length") from None
    if array.shape != shape:
        raise Mistake(f"the result has shape {array.shape}; {shape} was expected")
    return array


def _same(given: object, after: object) -> bool:
    if isinstance(given, np.ndarray):
        return np.array_equal(given, after, equal_nan=given.dtype.kind == "f")
    if isinstance(given, dict):
        return given.keys() == after.keys() and all(_same(given[k], after[k]) for k in given)
    return True


def _in_one_line(error: Exception) -> str:
    name, text = type(error).__name__, " ".join(str(error).split())
    return f"{name}: {text}" if text else name
