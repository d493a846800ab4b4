"""Checks for notebook 04: a convolution by hand, the size of an output, and a layer's costs."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from course_utils import costs
from course_utils.lessons.checks.verdict import Verdict, call, judge, number

# (size, window, stride): windows that fit exactly, that leave a rest, that overlap, that skip.
SIZES = ((28, 3, 1), (26, 2, 2), (27, 2, 2), (13, 3, 2), (20, 5, 3), (9, 2, 3), (7, 7, 1))
# (size, kernel, channels, filters); all different, so that no two can be exchanged unnoticed.
LAYERS = ((28, 3, 1, 32), (12, 5, 20, 50), (9, 2, 4, 7), (16, 1, 8, 6))


def convolve(function: Callable) -> Verdict:
    """Check a function (image, kernel, bias) -> feature map, "valid", one channel, one filter."""
    return judge(function, _map_findings, "Right: every window, times the kernel, plus the bias.")


def output_size(function: Callable) -> Verdict:
    """Check a function (size, window, stride) -> how many windows fit along one axis."""
    return judge(function, _size_findings, "Right: only whole windows count.")


def conv_costs(function: Callable) -> Verdict:
    """Check a function (size, kernel, channels, filters) -> (parameters, MACs), "valid"."""
    praise = "Right: weights are stored once, and used at every position of the output."
    return judge(function, _cost_findings, praise)


def _map_findings(function: Callable) -> Iterator[str]:
    rng = np.random.default_rng(4)
    image, kernel, bias = rng.normal(size=(7, 9)), rng.normal(size=(3, 3)), 0.7
    got = np.asarray(call(function, image, kernel, bias))
    right = _convolution(image, kernel, bias)
    yield from _shape_findings(got.shape, image.shape, right.shape)
    for hint, wrong in _wrong_maps(image, kernel, bias).items():
        if np.allclose(got, wrong):
            yield hint
    if not np.allclose(got, right):
        yield "one number of the map is sum(window * kernel) + bias; here some are not."
    image, kernel = rng.normal(size=(6, 5)), rng.normal(size=(2, 4))
    right = _convolution(image, kernel, bias)
    try:
        got = np.asarray(call(function, image, kernel, bias))
    except (ValueError, IndexError):  # shapes that do not fit: a 3 stands in the code
        got = np.zeros(0)
    if got.shape != right.shape or not np.allclose(got, right):
        yield "it is right for a 3x3 kernel, but not for one of 2 rows and 4 columns."


def _convolution(image: np.ndarray, kernel: np.ndarray, bias: float) -> np.ndarray:
    return (sliding_window_view(image, kernel.shape) * kernel).sum(axis=(2, 3)) + bias


def _shape_findings(
    got: tuple[int, ...], image: tuple[int, ...], right: tuple[int, ...]
) -> Iterator[str]:
    if got == image:
        yield 'the map is as large as the image: that is "same" padding. Use windows that fit only.'
    if got == (image[0] - 3, image[1] - 3):
        yield "the last row and column are missing: size - kernel + 1 windows fit on an axis."
    if got == (image[0] + 2, image[1] + 2):
        yield "the map grew: you took windows that hang over the edge. Use windows that fit only."
    if got[:2] == right and len(got) == 4:
        yield "the products of each window are still apart: sum over axes (2, 3)."
    if got == right[::-1]:
        yield "rows and columns of the map are exchanged."
    if got != right:
        yield f"the map has shape {got}; a 7x9 image and a 3x3 kernel give {right}."


def _wrong_maps(image: np.ndarray, kernel: np.ndarray, bias: float) -> Mapping[str, np.ndarray]:
    right = _convolution(image, kernel, bias)
    return {
        "the bias is missing: add it to every number of the map.": right - bias,
        "the bias is added to each of the nine products. Add it once, after the sum.": (
            right + (kernel.size - 1) * bias
        ),
        "the kernel is flipped. That is the convolution of mathematics; networks do not flip.": (
            _convolution(image, kernel[::-1, ::-1], bias)
        ),
        "rows and columns of the kernel are exchanged.": _convolution(image, kernel.T, bias),
        "this is the mean of each window's products. Take the sum.": (
            (right - bias) / kernel.size + bias
        ),
        "the negative numbers are gone. ReLU comes later; give the map before it.": (
            np.maximum(right, 0)
        ),
        "the bias is subtracted. Add it.": right - 2 * bias,
    }


def _size_findings(function: Callable) -> Iterator[str]:
    got = [number(call(function, *case)) for case in SIZES]
    for hint, formula in _WRONG_SIZES.items():
        if np.allclose(got, [formula(*case) for case in SIZES]):
            yield hint
    for case, answer in zip(SIZES, got, strict=True):
        right = costs.output_size(*case)
        if answer != right:
            size, window, stride = case
            yield (
                f"for size {size}, window {window} and stride {stride} came {answer:g}. "
                "Where can the window start? Count these places."
            )


_WRONG_SIZES = {
    "one is missing: the first window, at place 0, counts too.": (
        lambda size, window, stride: (size - window) // stride
    ),
    "the stride is not used: a window starts only at every stride-th place.": (
        lambda size, window, stride: size - window + 1
    ),
    "this holds only when stride and window are equal; windows may overlap or skip.": (
        lambda size, window, stride: size // window
    ),
    "the window is not used: the last places have no room for a whole one.": (
        lambda size, window, stride: size // stride
    ),
    "a last window that hangs over the edge was counted: round down, not up.": (
        lambda size, window, stride: -((window - size) // stride) + 1
    ),
    "half a window is none: round down, with // in place of /.": (
        lambda size, window, stride: (size - window) / stride + 1
    ),
}


def _cost_findings(function: Callable) -> Iterator[str]:
    answers = [call(function, *case) for case in LAYERS]
    if not all(isinstance(a, tuple | list | np.ndarray) and len(a) == 2 for a in answers):
        yield "two numbers are asked for: return parameters, macs."
    got = np.array([[number(value) for value in answer] for answer in answers])
    right = np.array([_costs(*case) for case in LAYERS])
    if np.allclose(got, right[:, ::-1]):
        yield "the two are exchanged: return parameters first, then MACs."
    for column, wrong in ((0, _WRONG_PARAMETERS), (1, _WRONG_MACS)):
        for hint, formula in wrong.items():
            if np.allclose(got[:, column], [formula(*case) for case in LAYERS]):
                yield hint
    for case, answer, expected in zip(LAYERS, got, right, strict=True):
        for name, one, other in zip(("parameters", "MACs"), answer, expected, strict=True):
            if one != other:
                yield (
                    f"for size, kernel, channels, filters = {case} came {one:,.0f} {name}; "
                    f"{other:,} were expected."
                )


def _costs(size: int, kernel: int, channels: int, filters: int) -> tuple[int, int]:
    shape, out = (kernel, kernel, channels, filters), costs.output_size(size, kernel)
    return costs.parameters(shape), costs.macs(shape, (out, out))


_WRONG_PARAMETERS = {
    "parameters: the biases are missing, one for each filter.": lambda n, k, c, f: k * k * c * f,
    "parameters: a filter spans all input channels: kernel · kernel · channels weights.": (
        lambda n, k, c, f: k * k * f + f
    ),
    "parameters: there is one bias for each filter, not one for the layer.": (
        lambda n, k, c, f: k * k * c * f + 1
    ),
    "parameters: the kernel is square: kernel · kernel, not kernel.": (
        lambda n, k, c, f: k * c * f + f
    ),
    "parameters: the same weights serve at every position; do not multiply by positions.": (
        lambda n, k, c, f: (k * k * c * f + f) * (n - k + 1) ** 2
    ),
}

_WRONG_MACS = {
    "MACs: each weight works once at every position of the output: multiply by positions.": (
        lambda n, k, c, f: k * k * c * f
    ),
    'MACs: a "valid" output has size - kernel + 1 positions along an axis, not size.': (
        lambda n, k, c, f: k * k * c * f * n * n
    ),
    "MACs: the output has rows and columns: positions along an axis, squared.": (
        lambda n, k, c, f: k * k * c * f * (n - k + 1)
    ),
    "MACs: biases are added and not multiplied; they do not count.": (
        lambda n, k, c, f: (k * k * c + 1) * f * (n - k + 1) ** 2
    ),
    "MACs: a multiplication and its addition are one MAC, not two.": (
        lambda n, k, c, f: 2 * k * k * c * f * (n - k + 1) ** 2
    ),
    "MACs: every product runs over all input channels: multiply by channels.": (
        lambda n, k, c, f: k * k * f * (n - k + 1) ** 2
    ),
    "MACs: each filter does this work: multiply by filters.": (
        lambda n, k, c, f: k * k * c * (n - k + 1) ** 2
    ),
}
