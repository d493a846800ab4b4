"""Checks for notebook 14, its second half: what goes with a recurrent unit, and with a head."""

import operator
from collections.abc import Callable, Iterator

import numpy as np

from course_utils.lessons.checks.verdict import as_array, call, compare, exercise, number


@exercise(
    "Right: three blocks of columns, a row that the others read, and no corner counted twice."
)
def unit_entries(function: Callable) -> Iterator[str]:
    """Check (inputs, units, outputs) -> the parameters that go with one unit of a GRU."""
    for i, u, o in ((32, 64, 10), (24, 48, 2), (5, 7, 3)):
        got, right = number(call(function, i, u, o)), 3 * i + 6 * u + 3 + o
        yield from compare(
            got, right, f"for {i} inputs, {u} units and {o} outputs, {got:g} came; {right} was "
            "expected.",
            ("a unit has its column in three blocks: two gates, and what it proposes.",
             i + 2 * u - 1 + 2 + o),
            ("that is an LSTM, with four blocks of columns. A GRU has three.", 4 * i + 8 * u + o),
            ("the other units read it, too: its row of the recurrent kernel goes as well.",
             3 * i + 3 * u + 6 + o),
            ("where its row and its columns cross there are three entries. You have them twice.",
             right + 3),
            ("count the biases as well: it has one for each column.", right - 6),
            ("Keras keeps two biases for each column of a GRU, one for the inputs and one for the "
             "recurrence.", right - 3),
            ("the layer behind reads it: its row of the output's kernel goes as well.", right - o),
            ("an output's bias belongs to the output, which stays.", right + o),
            ("the columns of the recurrent kernel are as long as there are units.",
             3 * i + 6 + o),
            ("this is the whole layer. One unit of it was asked.", 3 * u * (i + u + 2)),
            ("this is what is left of the layer. What goes was asked.",
             3 * (u - 1) * (i + u - 1 + 2)),
            same=operator.eq,
        )  # fmt: skip


@exercise("Right: the heads are added up, so one of them is left out, and nothing else changes.")
def without_head(function: Callable) -> Iterator[str]:
    """Check (values, W, b, gone) -> the output of attention without one of its heads."""
    rng = np.random.default_rng(14)
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
            ("this is what goes. What is left was asked.", parts[gone] + b),
            ("this is what goes. What is left was asked.", parts[gone]),
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
