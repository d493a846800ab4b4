"""Costs from shapes alone, against networks that papers report and against counting by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils import costs

LENGTHS = st.integers(1, 40)


@given(LENGTHS, st.integers(1, 9), st.integers(1, 5))
def test_valid_padding_counts_the_windows_that_fit(size, kernel, stride):
    windows = [start for start in range(0, size, stride) if start + kernel <= size]
    if windows:
        assert costs.output_size(size, kernel, stride) == len(windows)
    else:
        with pytest.raises(ValueError, match="does not fit"):
            costs.output_size(size, kernel, stride)


# (kernel, output positions) of each layer, and what papers say of the whole
NETWORKS = {
    "the article's CNN": (
        [((3, 3, 1, 32), (26, 26)), ((13 * 13 * 32, 64), ()), ((64, 10), ())],
        347_146,
        541_440,
    ),
    "LeNet-5": (
        [((5, 5, 1, 20), (24, 24)), ((5, 5, 20, 50), (8, 8)), ((800, 500), ()), ((500, 10), ())],
        431_080,
        2_293_000,
    ),
    "LeNet-300-100": ([((784, 300), ()), ((300, 100), ()), ((100, 10), ())], 266_610, 266_200),
}


@pytest.mark.parametrize(("layers", "parameters", "macs"), NETWORKS.values(), ids=NETWORKS)
def test_the_networks_of_the_papers(layers, parameters, macs):
    assert sum(costs.parameters(kernel) for kernel, _ in layers) == parameters
    assert sum(costs.macs(kernel, positions) for kernel, positions in layers) == macs


def test_macs_are_the_multiplications_of_a_convolution_by_hand():
    image, kernel = np.ones((5, 6, 2)), np.ones((3, 2, 2, 4))
    multiplications = 0
    for row in range(5 - 3 + 1):
        for column in range(6 - 2 + 1):
            multiplications += image[row : row + 3, column : column + 2, :].size * 4
    assert costs.macs(kernel.shape, (3, 5)) == multiplications


def test_a_bias_for_each_output():
    assert costs.parameters((5, 7)) - costs.parameters((5, 7), bias=False) == 7


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: costs.output_size(5, 7), "window of 7 does not fit into 5"),
        (lambda: costs.output_size(0, 1), "size must be .*at least 1"),
        (lambda: costs.output_size(5, 0), "kernel must be .*at least 1"),
        (lambda: costs.output_size(5, 3, stride=0), "stride must be .*at least 1"),
        (lambda: costs.parameters((3, 0, 1, 8)), r"kernel\[1\] must be .*at least 1"),
        (lambda: costs.macs((3, 3, -1, 8)), r"kernel\[2\] must be .*at least 1"),
        (lambda: costs.parameters(()), "kernel"),
        (lambda: costs.macs((3, 3, 1, 8), (-1, 4)), r"positions\[0\] must be .*at least 1"),
        (lambda: costs.macs((3, 3, 1, 8), (26, None)), r"positions\[1\].*None"),
    ],
)
def test_shapes_that_cannot_be_are_refused_in_words(call, words):
    with pytest.raises(ValueError, match=words):
        call()
