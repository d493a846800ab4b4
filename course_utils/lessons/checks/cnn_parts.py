"""Checks for notebook 04: a convolution by hand, the size of an output, and a layer's costs."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from course_utils import costs
from course_utils.lessons.checks.verdict import alike, call, compare, exercise, hints, number

# (size, window, stride): windows that fit exactly, that leave a rest, that overlap, that skip.
SIZES = (
    (28, 3, 1), (26, 2, 2), (27, 2, 2), (13, 3, 2), (20, 5, 3), (9, 2, 3), (7, 7, 1), (10, 2, 3),
)  # fmt: skip
# (size, kernel, channels, filters); all different, so that no two can be exchanged unnoticed.
LAYERS = ((28, 3, 1, 32), (12, 5, 20, 50), (9, 2, 4, 7), (16, 1, 8, 6))


@exercise("Right: every window, times the kernel, plus the bias.")
def convolve(function: Callable) -> Iterator[str]:
    """Check a function (image, kernel, bias) -> feature map, "valid", one channel, one filter."""
    rng = np.random.default_rng(4)
    image, kernel, bias = rng.normal(size=(7, 9)), rng.normal(size=(3, 3)), 0.7
    got = np.asarray(call(function, image, kernel, bias))
    right = _convolution(image, kernel, bias)
    yield from compare(
        got.shape, right.shape,
        f"the map has shape {got.shape}; a 7x9 image and a 3x3 kernel give {right.shape}.",
        ('the map is as large as the image: that is "same" padding. Use windows that fit only.',
         (7, 9)),
        ("the last row and column are missing: size - kernel + 1 windows fit on an axis.", (4, 6)),
        ("the map grew: you took windows that hang over the edge. Use windows that fit only.",
         (9, 11)),
        ("the products of each window are still apart: sum over axes (2, 3).", (5, 7, 3, 3)),
        ("rows and columns of the map are exchanged.", (7, 5)),
    )  # fmt: skip
    yield from compare(
        got, right, "one number of the map is sum(window * kernel) + bias; here some are not.",
        ("the bias is missing: add it to every number of the map.", right - bias),
        ("the bias is added to each of the nine products. Add it once, after the sum.",
         right + (kernel.size - 1) * bias),
        ("the kernel is flipped. That is the convolution of mathematics; networks do not flip.",
         _convolution(image, kernel[::-1, ::-1], bias)),
        ("rows and columns of the kernel are exchanged.", _convolution(image, kernel.T, bias)),
        ("this is the mean of each window's products. Take the sum.",
         (right - bias) / kernel.size + bias),
        ("the negative numbers are gone. ReLU comes later; give the map before it.",
         np.maximum(right, 0)),
        ("the bias is subtracted. Add it.", right - 2 * bias),
        ("places of the map were left out. Do the loops reach the end, or is `return` inside them?",
         np.where(np.isin(got, (0, bias)), got, right)),
    )  # fmt: skip
    image, kernel = rng.normal(size=(6, 5)), rng.normal(size=(2, 4))
    right = _convolution(image, kernel, bias)
    try:
        got = np.asarray(call(function, image, kernel, bias))
    except (ValueError, IndexError):  # shapes that do not fit: a 3 stands in the code
        got = np.zeros(0)
    if not alike(got, right):
        yield "it is right for a 3x3 kernel, but not for one of 2 rows and 4 columns."


def _convolution(image: np.ndarray, kernel: np.ndarray, bias: float) -> np.ndarray:
    return (sliding_window_view(image, kernel.shape) * kernel).sum(axis=(2, 3)) + bias


@exercise("Right: only whole windows count.")
def output_size(function: Callable) -> Iterator[str]:
    """Check a function (size, window, stride) -> how many windows fit along one axis."""
    got = np.array([number(call(function, *case)) for case in SIZES])
    size, window, stride = np.array(SIZES).T
    yield from hints(
        got,
        ("one is missing: the first window, at place 0, counts too.", (size - window) // stride),
        ("the stride is not used: a window starts only at every stride-th place.",
         size - window + 1),
        ("this holds only when stride and window are equal; windows may overlap or skip.",
         size // window),
        ("the window is not used: the last places have no room for a whole one.", size // stride),
        ("a last window that hangs over the edge was counted: round down, not up.",
         -((window - size) // stride) + 1),
        ("half a window is none: round down, with // in place of /.",
         (size - window) / stride + 1),
        ("a window of which only a part fits was counted: round down, not to the nearest.",
         np.round((size - window) / stride) + 1),
        ("nearly: this falls short when the last window ends exactly at the edge. "
         "Add 1 after the division.", (size - window + 1) // stride),
        ("this is where the last window may start. How many starts are there up to it?",
         size - window),
    )  # fmt: skip
    for case, answer in zip(SIZES, got, strict=True):
        if answer != costs.output_size(*case):
            yield (
                "for size {}, window {} and stride {} you give {:g}. Where can the window start? "
                "Count these places."
            ).format(*case, answer)


@exercise("Right: weights are stored once, and used at every position of the output.")
def conv_costs(function: Callable) -> Iterator[str]:
    """Check a function (size, kernel, channels, filters) -> (parameters, MACs), "valid"."""
    answers = [call(function, *case) for case in LAYERS]
    if not all(isinstance(a, tuple | list | np.ndarray) and len(a) == 2 for a in answers):
        yield "two numbers are asked for: return parameters, macs."
    got = np.array([[number(value) for value in answer] for answer in answers])
    shapes = [((k, k, c, f), costs.output_size(n, k)) for n, k, c, f in LAYERS]
    right = np.array([(costs.parameters(s), costs.macs(s, (out, out))) for s, out in shapes])
    if np.allclose(got, right[:, ::-1]):
        yield "the two are exchanged: return parameters first, then MACs."
    n, k, c, f = np.array(LAYERS).T
    yield from hints(
        got[:, 0],
        ("parameters: the biases are missing, one for each filter.", k * k * c * f),
        ("parameters: a filter spans all input channels: kernel · kernel · channels weights.",
         k * k * f + f),
        ("parameters: there is one bias for each filter, not one for the layer.",
         k * k * c * f + 1),
        ("parameters: there is one bias for each filter, not one for each channel.",
         k * k * c * f + c),
        ("parameters: the kernel is square: kernel · kernel, not kernel.", k * c * f + f),
        ("parameters: the same weights serve at every position; do not multiply by positions.",
         (k * k * c * f + f) * (n - k + 1) ** 2),
    )  # fmt: skip
    along = n - k + 1  # positions along an axis
    yield from hints(
        got[:, 1],
        ("MACs: each weight works once at every position of the output: multiply by positions.",
         k * k * c * f),
        ('MACs: a "valid" output has size - kernel + 1 positions along an axis, not size.',
         k * k * c * f * n * n),
        ("MACs: one position is missing along an axis: there are size - kernel + 1.",
         k * k * c * f * (n - k) ** 2),
        ("MACs: each number of the output sums kernel · kernel · channels products.",
         f * along**2),
        ("MACs: the output has rows and columns: positions along an axis, squared.",
         k * k * c * f * along),
        ("MACs: biases are added and not multiplied; they do not count.",
         (k * k * c + 1) * f * along**2),
        ("MACs: a multiplication and its addition are one MAC, not two.",
         2 * k * k * c * f * along**2),
        ("MACs: every product runs over all input channels: multiply by channels.",
         k * k * f * along**2),
        ("MACs: each filter does this work: multiply by filters.", k * k * c * along**2),
    )  # fmt: skip
    for case, answer, expected in zip(LAYERS, got, right, strict=True):
        for name, one, other in zip(("parameters", "MACs"), answer, expected, strict=True):
            if one != other:
                yield (
                    f"for size, kernel, channels, filters = {case} you give {one:,.0f} {name}, "
                    f"but {other:,} were expected."
                )
