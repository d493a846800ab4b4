"""How a check answers: one sentence, one line, never a stack trace."""

import inspect
import math
from collections.abc import Iterator

import numpy as np
import pytest

from course_utils.lessons.checks.verdict import (
    Mistake,
    as_array,
    as_mask,
    call,
    compare,
    exercise,
    judge,
    number,
)


@exercise("Twice.")
def check(function) -> Iterator[str]:
    """An exercise: a function (W) -> 2 W."""
    W = np.array([1.0, 2.0])
    got = as_array(call(function, W), W.shape)
    if np.array_equal(got, W + 2):
        yield "add is not multiply."
        yield "a second finding, which nobody sees."
    if not np.array_equal(got, 2 * W):
        yield "this is not twice W."


def in_place(W):
    W *= 2
    return W


def in_place_without_return(W):
    W *= 2


def puts_an_array_into_one_place(W):
    new = np.zeros(2)
    new[0] = sum(np.ones((2, 2)))
    return new


def counts_from_nothing(W):
    for w in W:
        n += w  # noqa: F821
    return n


NOTEBOOKS = np.ones(2)


def uses_the_notebooks(W):
    return W * NOTEBOOKS


def stops(W):
    raise RuntimeError("first line\nsecond line")


ANSWERS = {
    "right": (lambda W: 2 * W, "✓ Twice."),
    "a list is right too": (lambda W: [2, 4], "✓ Twice."),
    "the first finding": (lambda W: W + 2, "✗ add is not multiply."),
    "the general finding": (lambda W: W, "✗ this is not twice W."),
    "nothing there": (..., "… not yet: replace the ... above, run that cell"),
    "None": (None, "… not yet: replace the ..."),
    "an open function": (lambda W: ..., "… not yet: replace the ..."),
    "a function without a body": (lambda W: None, "… not yet: replace the ..."),
    "a function that prints": (lambda W: print(end=""), "✗ your function gave back nothing"),
    "it raises": (lambda W: 1 / 0, "✗ your code stops with ZeroDivisionError: division by zero"),
    "it raises in lines": (stops, "✗ your code stops with RuntimeError: first line"),
    "a wrong name": (lambda W: undefined_name, "✗ your code stops with NameError"),  # noqa: F821
    "too few arguments": (lambda: 1, "✗ your code stops with TypeError"),
    "no function": (3.0, "✗ a function was expected, not 3.0"),
    "a wrong shape": (lambda W: 4.0, "✗ the result has shape (); (2,) was expected"),
    "an if for an array": (
        lambda W: W if W > 0 else -W,
        "✗ your code stops with ValueError: The tr",
    ),
    "a return in the loop": (
        lambda W: [2 * W[0]],
        "✗ the result has shape (1,); (2,) was expected. D",
    ),
    "changed in place": (in_place, "✗ your function changed the array that it was given."),
    "changed, nothing returned": (in_place_without_return, "✗ your function changed the array"),
}


@pytest.mark.parametrize(("answer", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_each_kind_of_answer_gets_its_sentence(answer, expected):
    assert repr(check(answer)).startswith(expected)


def test_what_numpy_says_in_its_own_words_is_explained():
    assert "for arrays there are masks" in repr(check(lambda W: W if W > 0 else -W))
    assert "where one number belongs" in repr(check(puts_an_array_into_one_place))
    assert "is written **" in repr(check(lambda W: W ^ 2.0))
    assert "where one number belongs" in repr(check(lambda W: math.sqrt(W)))
    assert "np.zeros((rows, columns))" in repr(check(lambda W: np.zeros(3, 4)))
    assert "makes one row of any" in repr(check(lambda W: [w for row in W for w in row]))
    assert "a value before the loop" in repr(check(counts_from_nothing))
    with pytest.raises(Mistake, match=r"not an array of shape \(3,\). np.sum"):
        number(sum(np.ones((2, 3))))


def test_an_array_of_the_notebook_in_place_of_an_argument_is_named():
    told = "(Your function uses the notebook's `NOTEBOOKS`, not an argument.)"
    assert repr(check(uses_the_notebooks)) == f"✗ this is not twice W. {told}"
    assert repr(check(lambda W: W[:, None] @ NOTEBOOKS)).endswith(told)
    assert repr(check(lambda W: 2 * W + 0 * NOTEBOOKS)) == "✓ Twice.", "what is right is right"


def test_an_error_on_what_is_no_matrix_tells_the_shape():
    said = repr(check(lambda W: W.shape[1]))
    assert said.endswith(
        "IndexError: tuple index out of range. It was given an array of shape (2,)"
    )


def test_numpys_warnings_are_no_output(recwarn):
    assert repr(check(lambda W: W / np.zeros(2))) == "✗ this is not twice W."
    assert not recwarn.list


@pytest.mark.parametrize("answer", [answer for answer, _ in ANSWERS.values()], ids=ANSWERS)
def test_every_verdict_is_one_line_and_starts_with_its_mark(answer):
    lines = repr(check(answer)).splitlines()
    assert len(lines) == 1
    assert lines[0][0] in "✓✗…"
    assert not lines[0].rstrip().endswith(":")


def test_only_the_right_answer_is_true():
    for name, (answer, _) in ANSWERS.items():
        assert bool(check(answer)) == ("right" in name)


def test_an_error_without_words_is_told_by_its_name():
    def fails(W):
        raise AssertionError

    assert repr(check(fails)).startswith("✗ your code stops with AssertionError. It was")


def test_an_interruption_stops_the_check_too():
    def interrupted(W):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(interrupted)


def test_the_readers_function_gets_copies():
    W = np.array([1.0, np.nan])
    assert call(lambda W: W + 1, W)[0] == 2
    with pytest.raises(ValueError, match="changed the array"):
        call(in_place, W)
    assert W[0] == 1


def test_arrays_in_a_dictionary_are_copies_too():
    """Weights and masks come as dictionaries."""
    weights = {"fc/kernel": np.ones(2)}

    def changes(weights):
        weights["fc/kernel"][:] = 0
        return weights

    with pytest.raises(ValueError, match="changed"):
        call(changes, weights)
    assert weights["fc/kernel"].tolist() == [1, 1]


@pytest.mark.parametrize("answer", [1, 0.5, np.float32(0.5), np.int64(3)])
def test_a_number_is_any_real_number(answer):
    assert number(answer) == answer


@pytest.mark.parametrize("answer", ["0.5", [0.5], True, 1j])
def test_what_is_no_number_is_told_in_words(answer):
    assert "a number was expected, not" in repr(judge(answer, lambda a: iter([number(a)]), ""))


def test_a_check_is_known_by_the_name_and_the_parameters_of_its_exercise():
    @exercise("Right.")
    def counted(answer, W) -> Iterator[str]:
        """Check the number of entries."""
        if answer != W.size:
            yield "count again."

    assert (counted.__name__, counted.__doc__) == ("counted", "Check the number of entries.")
    assert str(inspect.signature(counted)).startswith("(answer, W) -> ")
    assert repr(counted(2, np.ones(2))) == "✓ Right."
    assert repr(counted(3, np.ones(2))) == "✗ count again."


def test_what_is_right_gets_no_hint_of_a_mistake_that_looks_the_same():
    assert list(compare(4, 2 + 2, "no.", ("add, do not multiply.", 2 * 2))) == []
    assert list(compare([1.0], 1.0, "one number was expected.", ("", [2.0]))) == [
        "one number was expected."
    ]


@pytest.mark.parametrize(
    ("answer", "text"), [([1], "are places"), ([True, 2], "True and False"), ([True], "has shape")]
)
def test_what_is_no_mask_is_told_in_words(answer, text):
    with pytest.raises(Mistake, match=text):
        as_mask(answer, (2,))
