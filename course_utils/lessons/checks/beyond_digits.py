"""Checks for notebook 14: boxes that overlap, a U-Net's skip, a recurrent unit, a head."""

import math
import operator
from collections.abc import Callable, Iterator

import numpy as np

from course_utils.lessons.checks.verdict import alike, as_array, call, compare, exercise, number

_PAIRS = (
    ((2, 3, 12, 9), (4, 1, 10, 20)),
    ((0, 0, 10, 10), (0, 5, 10, 15)),
    ((0, 0, 8, 8), (2, 2, 4, 6)),
    ((1, 2, 7, 9), (1, 2, 7, 9)),
    ((0, 0, 4, 4), (0, 10, 4, 14)),
    ((0, 0, 4, 4), (10, 10, 14, 14)),
)


@exercise("Right: shared area over the area of both together.")
def overlap(function: Callable) -> Iterator[str]:
    """Check (a, b) -> intersection over union of two boxes (top, left, bottom, right)."""
    for a, b in _PAIRS:
        got, turned = (
            number(call(function, *(np.array(box, float) for box in pair)))
            for pair in ((a, b), (b, a))
        )
        height, width, shared, areas = _measured(a, b)
        right = shared / (sum(areas) - shared)
        *_, more, longer = _measured(*((*one[:2], one[2] + 1, one[3] + 1) for one in (a, b)))
        if not alike(got, turned):
            yield "two boxes overlap alike in either order: (a, b) and (b, a) must give the same."
        yield from compare(
            got, right, f"for {a} and {b}, {got:.4g} came and {right:.4g} was expected.",
            ("both areas together hold the shared part twice: take it off once.",
             shared / sum(areas)),
            ("the union is what either of them covers, not the smaller one: a small box within a "
             "large one would be a perfect hit.", shared / min(areas)),
            ("the union is what either of them covers, not the larger one.", shared / max(areas)),
            ("this is the shared area, in pixels. Divide it by the union.", shared),
            ("this is the union, in pixels. The shared part stands above it.", sum(areas) - shared),
            ("this is 1 - IoU. How much they agree was asked.", 1 - right),
            ("a box that starts at 0 and ends at 10 is 10 long: its edges lie between pixels, so "
             "nothing is added.", more / (sum(longer) - more)),
            (f"{a} and {b} do not meet, and {got:.3g} came. A shared side may come out negative, "
             "and two negative ones multiply to something positive: cut each off at 0.",
             height * width / (sum(areas) - height * width)),
        )  # fmt: skip


def _measured(a: tuple, b: tuple) -> tuple[float, float, float, tuple[float, float]]:
    """Return the shared sides, negative where boxes are apart, the shared area, both areas."""
    height, width = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    areas = tuple((one[2] - one[0]) * (one[3] - one[1]) for one in (a, b))
    return height, width, max(height, 0) * max(width, 0), areas


@exercise("Right: one for each weight that reads the skip, at every place.")
def skip_cost(function: Callable) -> Iterator[str]:
    """Check (side, skip, below, width) -> the MACs of a 3x3 convolution that read the skip."""
    for side, skip, below, width in ((32, 5, 7, 11), (16, 5, 3, 7), (10, 4, 12, 6)):
        got, places = number(call(function, side, skip, below, width)), side**2
        right = places * 9 * skip * width
        given = f"side {side}, skip {skip}, below {below}, width {width}"
        yield from compare(
            got, right, f"for {given}, {got:,g} came and {right:,} was expected.",
            ("this is the whole convolution. Only the part that reads the skip was asked.",
             places * 9 * (skip + below) * width),
            ("this is the part that reads what comes from below. The skip was asked.",
             places * 9 * below * width),
            ("these are weights. Each of them works at every place of the map.", right // places),
            ("a kernel has 3 x 3 weights for each pair of channels.", right // 9),
            ("3 x 3 is nine weights, not three.", right // 3),
            ("a map has side x side places.", right // side),
            ("each channel that comes in is read once for every channel that goes out.",
             places * 9 * skip),
            ("this is a share. Count the MACs.", skip / (skip + below)),
            ("a MAC is one multiplication and one addition together: count it once.", 2 * right),
            ("the skip goes in, and `width` comes out; what comes from below is not in it.",
             places * 9 * skip * below),
            same=math.isclose,
        )  # fmt: skip


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
