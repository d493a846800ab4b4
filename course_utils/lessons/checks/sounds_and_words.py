"""Checks for notebook 18: what goes with a recurrent unit, attention without one of its heads."""

from collections.abc import Callable, Iterator

import numpy as np

from course_utils.lessons.checks.verdict import Mistake, Slip, as_array, call, compare, exercise

_PARTS = ("kernel", "recurrent kernel", "biases", "output's kernel")


@exercise("Right: three blocks of columns, a row that the others read, no corner counted twice.")
def unit_entries(function: Callable) -> Iterator[str]:
    """Check (inputs, units, outputs) -> entries of four arrays that go with one unit of a GRU."""
    for i, u, o in ((32, 64, 10), (24, 48, 2), (5, 7, 3)):
        answer = call(function, i, u, o)
        if np.ndim(answer) == 0:
            raise Mistake("four numbers were expected, one for each array, and not their sum")
        found = as_array(answer, (4,)).tolist()
        right = (3 * i, 6 * u - 3, 6, o)
        for part, got, wanted, mistakes in zip(
            _PARTS, found, right, _mistakes(i, u, o), strict=True
        ):
            otherwise = (
                f"for {i} inputs, {u} units and {o} outputs, {got:g} entries of the {part} came; "
                f"{wanted} were expected."
            )
            yield from compare(got, wanted, otherwise, *mistakes)


def _mistakes(i: int, u: int, o: int) -> tuple[tuple[Slip, ...], ...]:
    blocks = "a unit has its column in three blocks: two gates, and what it proposes."
    lstm = "that is an LSTM, with four blocks of columns. A GRU has three."
    whole = "this is the whole array. What goes with one unit was asked."
    return (
        ((blocks, i), (lstm, 4 * i), (whole, 3 * i * u),
         ("the inputs stay: the kernel loses columns and no row.", 3 * i + 3 * u)),
        (("where its row and its columns cross there are three entries. You have them twice.",
          6 * u),
         ("the other units read it, too: its row goes as well.", 3 * u),
         ("its own columns go as well, one in each block.", 3 * (u - 1)),
         (blocks, 2 * u - 1, u), (lstm, 8 * u - 4), (whole, 3 * u * u),
         ("the columns of the recurrent kernel are as long as there are units.", 3 * i)),
        (("Keras keeps two biases for each column of a GRU, one for the inputs and one for the "
          "recurrence.", 3),
         ("each of its columns has biases.", 0), (blocks, 2, 1), (lstm, 8, 4), (whole, 6 * u)),
        (("the layer behind reads it: its row of the output's kernel goes as well.", 0),
         ("an output's bias belongs to the output, which stays.", o + 1, 2 * o),
         ("one row of it goes, with an entry for each output.", 1), (whole, u * o)),
    )  # fmt: skip


@exercise("Right: the heads are added up, so one of them is left out, and nothing else changes.")
def without_head(function: Callable) -> Iterator[str]:
    """Check (values, W, b, gone) -> the output of attention without one of its heads."""
    rng = np.random.default_rng(18)
    for heads, gone in ((4, 1), (3, 0), (2, 1)):
        values, W = rng.normal(size=(6, heads, 5)), rng.normal(size=(heads, 5, 7))
        b = rng.normal(size=7)
        got = as_array(call(function, values, W, b, gone), (6, 7))
        parts = np.einsum("thd,hdw->htw", values, W)
        rest = parts.sum(axis=0) - parts[gone]
        token, entry = values.copy(), values.copy()
        token[gone], entry[:, :, gone] = 0, 0
        yield from compare(
            got, rest + b, f"without head {gone} of {heads} the output differs from the right one "
            f"by up to {np.abs(got - rest - b).max():.2g}. Add up what every other head "
            "contributes, and b.",
            ("all heads are still in it.", rest + parts[gone] + b),
            ("this is what goes. What is left was asked.", parts[gone] + b, parts[gone]),
            ("the bias b is added once, whatever heads there are: it stays.", rest),
            ("nothing is scaled up for the head that is gone: the heads are added up, there is no "
             "mean over them.", rest * heads / (heads - 1) + b),
            ("nothing is scaled up for the head that is gone.", (rest + b) * heads / (heads - 1)),
            ("the heads are added up, there is no mean over them.", rest / (heads - 1) + b),
            ("a different head is missing: they are counted from 0.",
             rest + parts[gone] - parts[gone - 1] + b),
            ("you left a place of the line out. The heads lie along the second axis of `values`.",
             np.einsum("thd,hdw->tw", token, W) + b),
            ("you left one entry of every head out. The heads lie along the second axis of "
             "`values`.", np.einsum("thd,hdw->tw", entry, W) + b),
        )  # fmt: skip
