"""How an exercise's check answers: in one sentence, and never with a stack trace.

A check is a function that yields what is wrong with an answer, the most telling first; `exercise`
makes it return a Verdict.
"""

import copy
import dis
import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from course_utils.lessons import logbook
from course_utils.lessons.checks.in_words import ALL_OF_IT, borrowed, in_one_line

NOT_YET = "… not yet"
RIGHT = "✓"
WRONG = "✗"
OPEN = "replace the ... above, run that cell, then this one again."
NOTHING = (
    "your function gave back nothing. Return the value, in every case: print only shows it, and "
    "code that does not reach a return gives None."
)
IN_THE_LOOP = ". Does `return` stand inside the loop? It ends the function at once."
_IDLE = {"RESUME", "NOP", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST"}

Findings = Callable[..., Iterator[str]]  # (answer, ...) -> what is wrong with it
Same = Callable[[object, object], bool]
Slip = tuple[str, *tuple[object, ...]]  # a hint, and the results of the mistakes that it is for


@dataclass(frozen=True)
class Verdict:
    """The answer of a check: `mark` is "✓", "✗" or "… not yet", `text` says why."""

    mark: str
    text: str

    def __bool__(self) -> bool:
        return self.mark == RIGHT

    def __repr__(self) -> str:
        return f"{self.mark} {self.text}" if self.mark != NOT_YET else f"{self.mark}: {self.text}"


def exercise(praise: str, noted: bool = True) -> Callable[[Findings], Callable[..., Verdict]]:
    """Make a check of a function that yields findings; `praise` is the text of a right answer.

    What is not `noted` does not count in the logbook.

    >>> @exercise("Right. Signs survive.")
    ... def negative(answer):
    ...     if number(answer) >= 0:
    ...         yield "the sign is lost."
    >>> negative(-1), negative(1)
    (✓ Right. Signs survive., ✗ the sign is lost.)
    """

    def check_of(findings: Findings) -> Callable[..., Verdict]:
        @functools.wraps(findings)
        def check(answer: object, *given: object) -> Verdict:
            said = judge(answer, findings, praise, *given)
            if said and noted and Path.cwd().name != "solutions":  # there nobody solves anything
                lesson = findings.__module__.rpartition(".")[2]
                logbook.note("exercises", f"{lesson}: {findings.__name__}", {})
            return said

        # What help() shows.
        check.__signature__ = inspect.signature(findings).replace(return_annotation=Verdict)
        return check

    return check_of


def judge(answer: object, findings: Findings, praise: str, *given: object) -> Verdict:
    """Return the first finding against `answer` as a hint, `praise` if there is none.

    `given` goes to `findings` behind the answer. An unsolved exercise leaves `...` (or a function
    without a body): that is "not yet", not wrong. An answer that raises is wrong, and the hint
    tells what it raised.

    >>> judge(..., lambda answer: iter(()), "Right.")
    … not yet: replace the ... above, run that cell, then this one again.
    """
    if answer is ... or answer is None:
        return Verdict(NOT_YET, OPEN)
    try:
        with np.errstate(all="ignore"):  # a warning of NumPy's is no hint
            hint = next(findings(answer, *given), None)
    except Unsolved:
        return Verdict(NOT_YET, OPEN)
    except Mistake as mistake:
        hint = str(mistake)
    except (Exception, SystemExit) as error:  # whatever the reader's code raises becomes a sentence
        hint = f"your code stops with {in_one_line(error)}"
    return Verdict(WRONG, hint + borrowed(answer)) if hint else Verdict(RIGHT, praise)


class Unsolved(Exception):
    """The reader's function gave back nothing: the exercise is still open."""


class Mistake(ValueError):
    """A mistake of form, whatever the exercise asks: its text is the hint."""


def call(function: Callable, *arguments: object) -> object:
    """Call the reader's function on copies of the arguments, and return what it returns.

    Raises Unsolved where it was not written yet, and Mistake if it is no function, gives back
    nothing, or changes an array that it was given.

    >>> call(lambda W: W + 1, np.zeros(2)).tolist()
    [1.0, 1.0]
    """
    if not callable(function):
        raise Mistake(f"a function was expected, not {function!r}")
    copies = copy.deepcopy(arguments)
    try:
        result = function(*copies)
    except Exception as error:
        for given in copies:
            if isinstance(given, np.ndarray) and given.ndim != 2:  # a matrix is what all think of
                error.add_note(f"It was given an array of shape {given.shape}")
        raise
    if not all(map(_unchanged, arguments, copies)):
        raise Mistake(
            "your function changed the array that it was given. Compute a new array instead "
            "(W * mask makes one; W[...] = 0 and W /= 2 change the caller's W)."
        )
    if result is ... or (result is None and unwritten(function)):
        raise Unsolved
    if result is None:
        raise Mistake(NOTHING)
    return result


def number(answer: object) -> float:
    """Return the reader's number as a float; raises Mistake if it is none.

    >>> number(np.float32(0.5))
    0.5
    """
    if isinstance(answer, np.ndarray) and answer.ndim == 0:
        answer = answer.item()
    if isinstance(answer, np.ndarray):
        raise Mistake(f"a number was expected, not an array of shape {answer.shape}. {ALL_OF_IT}")
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
        raise Mistake("the result is not an array: its rows differ in length") from None
    if array.shape != shape:
        early = IN_THE_LOOP * (array.shape in ((1,), shape[1:]))
        raise Mistake(f"the result has shape {array.shape}; {shape} was expected{early}")
    return array


def as_mask(answer: object, shape: tuple[int, ...], each: str = "weight") -> np.ndarray:
    """Return the reader's mask of `shape` as bool; `each` says what an entry is for.

    Raises Mistake where places came in place of a mask, where it holds something else than True
    and False (or 1 and 0), and if its shape is not `shape`.

    >>> as_mask([1, 0], (2,))
    array([ True, False])
    """
    array = np.asarray(answer)
    if array.dtype.kind in "iu" and array.shape != shape:
        raise Mistake(f"these are places. Return a mask: True or False for each {each}.")
    array = as_array(answer, shape)
    if not np.isin(array, (0, 1)).all():
        raise Mistake(f"a mask holds True and False only (or 1 and 0), one for each {each}.")
    return array.astype(bool)


def alike(got: object, other: object) -> bool:
    """Tell whether two numbers or arrays of one shape differ by rounding alone.

    >>> alike([1.0, 2.0], np.array([1, 2])), alike([1.0, 1.0], 1.0)
    (True, False)
    """
    return np.shape(got) == np.shape(other) and bool(np.allclose(got, other))


def hints(got: object, *mistakes: Slip, same: Same = alike) -> Iterator[str]:
    """Yield the hint of each typical mistake, (hint, its result, ...), that `got` is.

    `same` tells whether two results count as equal.

    >>> list(hints(5, ("multiply, do not add.", 5, 6), ("it is 0.", 0)))
    ['multiply, do not add.']
    """
    yield from (hint for hint, *wrong in mistakes if any(same(got, one) for one in wrong))


def compare(
    got: object, right: object, otherwise: str, *mistakes: Slip, same: Same = alike
) -> Iterator[str]:
    """Yield nothing if `got` is right; else the `hints` of what it is, and at last `otherwise`.

    >>> list(compare(5, 6, "6 was expected.", ("multiply, do not add.", 5), ("it is 0.", 0)))
    ['multiply, do not add.', '6 was expected.']
    """
    if not same(got, right):
        yield from hints(got, *mistakes, same=same)
        yield otherwise


def unwritten(function: Callable) -> bool:
    """Tell whether a function has no body but `...`, as an exercise is handed out.

    >>> unwritten(lambda W: ...), unwritten(lambda W: print(W))
    (True, False)
    """
    code = getattr(function, "__code__", None)
    return code is None or {step.opname for step in dis.get_instructions(code)} <= _IDLE


def _unchanged(given: object, after: object) -> bool:
    if isinstance(given, np.ndarray):
        return np.array_equal(given, after, equal_nan=given.dtype.kind == "f")
    if isinstance(given, dict):
        return given.keys() == after.keys() and all(_unchanged(given[k], after[k]) for k in given)
    return True
