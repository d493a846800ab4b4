"""Notebook 04's checks: each typical mistake has a hint of its own, right answers pass."""

import math

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from course_utils.lessons.checks import cnn_parts as check


def loops(image, kernel, bias):
    height, width = kernel.shape
    rows, columns = image.shape[0] - height + 1, image.shape[1] - width + 1
    result = np.zeros((rows, columns))
    for r in range(rows):
        for c in range(columns):
            result[r, c] = np.sum(image[r : r + height, c : c + width] * kernel) + bias
    return result


def windows(image, kernel, bias):
    return (sliding_window_view(image, kernel.shape) * kernel).sum((2, 3)) + bias


def shifted_images(image, kernel, bias):
    """One shifted copy of the image for each weight: the kernel's loop outside."""
    rows, columns = (image.shape[axis] - kernel.shape[axis] + 1 for axis in (0, 1))
    total = np.full((rows, columns), bias)
    for (r, c), weight in np.ndenumerate(kernel):
        total = total + weight * image[r : r + rows, c : c + columns]
    return total


def padded(image, kernel, bias, by):
    return windows(np.pad(image, by), kernel, bias)


def in_place(image, kernel, bias):
    result = windows(image, kernel, bias)
    image[:] = 0
    return result


WRONG_MAPS = {
    '"same" padding': lambda i, k, b: padded(i, k, b, by=1),
    "hang over the edge": lambda i, k, b: padded(i, k, b, by=2),
    "last row and column": lambda i, k, b: windows(i, k, b)[:-1, :-1],
    "bias is missing": lambda i, k, b: windows(i, k, 0),
    "nine products": lambda i, k, b: (sliding_window_view(i, k.shape) * k + b).sum((2, 3)),
    "is `return` inside them": lambda i, k, b: windows(i, k, b) * (np.arange(5)[:, None] == 0),
    "flipped": lambda i, k, b: windows(i, k[::-1, ::-1], b),
    "columns of the kernel": lambda i, k, b: windows(i, k.T, b),
    "mean": lambda i, k, b: (sliding_window_view(i, k.shape) * k).mean((2, 3)) + b,
    "ReLU comes later": lambda i, k, b: np.maximum(windows(i, k, b), 0),
    "subtracted": lambda i, k, b: windows(i, k, -b),
    "still apart": lambda i, k, b: sliding_window_view(i, k.shape) * k + b,
    "columns of the map": lambda i, k, b: windows(i, k, b).T,
    "a 7x9 image": lambda i, k, b: windows(i, k, b).ravel(),
    "sum(window * kernel)": lambda i, k, b: windows(np.abs(i), k, b),
    "2 rows and 4 columns": lambda i, k, b: windows(i, np.resize(k, (3, 3)), b),
    "changed the array": in_place,
    "IndexError": lambda i, k, b: i[99],
}

RIGHT_MAPS = (windows, loops, shifted_images, lambda i, k, b: loops(i, k, b).tolist())

WRONG_SIZES = {
    "first window": lambda s, w, t: (s - w) // t,
    "stride is not used": lambda s, w, t: s - w + 1,
    "overlap or skip": lambda s, w, t: s // w,
    "window is not used": lambda s, w, t: s // t,
    "round down, not up": lambda s, w, t: math.ceil((s - w) / t) + 1,
    "not to the nearest": lambda s, w, t: round((s - w) / t) + 1,
    "falls short": lambda s, w, t: (s - w + 1) // t,
    "where the last window": lambda s, w, t: s - w,
    "half a window": lambda s, w, t: (s - w) / t + 1,
    "Count these places": lambda s, w, t: 13,
    "a number was expected": lambda s, w, t: (s, w),
}

RIGHT_SIZES = (
    lambda s, w, t: (s - w) // t + 1,
    lambda s, w, t: len(range(0, s - w + 1, t)),
    lambda s, w, t: math.floor((s - w + t) / t),
    lambda s, w, t: math.ceil((s - w + 1) / t),
    lambda s, w, t: np.floor((s - w) / t) + 1,
    lambda s, w, t: sum(start % t == 0 for start in range(s - w + 1)),
)


def parameters(n, k, c, f):
    return k * k * c * f + f


def macs(n, k, c, f):
    return k * k * c * f * (n - k + 1) ** 2


WRONG_COSTS = {
    "two numbers": lambda *case: parameters(*case),
    "exchanged": lambda *case: (macs(*case), parameters(*case)),
    "biases are missing": lambda n, k, c, f: (k * k * c * f, macs(n, k, c, f)),
    "a filter spans": lambda n, k, c, f: (k * k * f + f, macs(n, k, c, f)),
    "not one for the layer": lambda n, k, c, f: (k * k * c * f + 1, macs(n, k, c, f)),
    "not one for each channel": lambda n, k, c, f: (k * k * c * f + c, macs(n, k, c, f)),
    "one position is missing": lambda n, k, c, f: (
        parameters(n, k, c, f),
        k * k * c * f * (n - k) ** 2,
    ),
    "channels products": lambda n, k, c, f: (parameters(n, k, c, f), f * (n - k + 1) ** 2),
    "the kernel is square": lambda n, k, c, f: (k * c * f + f, macs(n, k, c, f)),
    "do not multiply": lambda *case: (parameters(*case) * (case[0] - case[1] + 1) ** 2, 0),
    "multiply by positions": lambda n, k, c, f: (parameters(n, k, c, f), k * k * c * f),
    "not size": lambda n, k, c, f: (parameters(n, k, c, f), k * k * c * f * n**2),
    "rows and columns": lambda n, k, c, f: (parameters(n, k, c, f), k * k * c * f * (n - k + 1)),
    "do not count": lambda n, k, c, f: (
        parameters(n, k, c, f),
        (k * k * c + 1) * f * (n - k + 1) ** 2,
    ),
    "not two": lambda *case: (parameters(*case), 2 * macs(*case)),
    "multiply by channels": lambda *case: (parameters(*case), macs(*case) // case[2]),
    "multiply by filters": lambda *case: (parameters(*case), macs(*case) // case[3]),
    "were expected": lambda *case: (parameters(*case), macs(*case) + 1),
}

RIGHT_COSTS = (
    lambda *case: (parameters(*case), macs(*case)),
    lambda n, k, c, f: [f * (k**2 * c + 1), f * k**2 * c * len(range(n - k + 1)) ** 2],
    lambda *case: np.array([parameters(*case), macs(*case)]),
)

WRONG = [
    *((check.convolve, *pair) for pair in WRONG_MAPS.items()),
    *((check.output_size, *pair) for pair in WRONG_SIZES.items()),
    *((check.conv_costs, *pair) for pair in WRONG_COSTS.items()),
]
RIGHT = [
    *((check.convolve, function) for function in RIGHT_MAPS),
    *((check.output_size, function) for function in RIGHT_SIZES),
    *((check.conv_costs, function) for function in RIGHT_COSTS),
]


@pytest.mark.parametrize(("judged", "hint", "function"), WRONG)
def test_each_mistake_has_its_hint(judged, hint, function):
    verdict = judged(function)
    assert verdict.mark == "✗"
    assert hint in verdict.text


@pytest.mark.parametrize(("judged", "function"), RIGHT)
def test_right_answers_pass(judged, function):
    assert judged(function)


def test_a_return_in_the_loop_is_seen_where_the_bias_comes_last():
    said = check.convolve(lambda i, k, b: windows(i, k, 0) * np.eye(5, 7) + b)
    assert "is `return` inside them" in said.text


def test_hints_differ():
    hints = [judged(function).text for judged, _, function in WRONG]
    assert len(set(hints)) == len(hints)


@pytest.mark.parametrize("judged", [check.convolve, check.output_size, check.conv_costs])
@pytest.mark.parametrize("answer", [..., None, lambda *arguments: ..., lambda *arguments: None])
def test_an_open_exercise_is_not_wrong(judged, answer):
    assert repr(judged(answer)).startswith("… not yet")
