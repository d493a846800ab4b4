"""Checks for notebook 17: boxes that overlap, and the skip of a U-Net."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from course_utils.lessons.checks.verdict import alike, call, compare, exercise, number

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
