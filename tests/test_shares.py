"""How sparse each layer is under ERK: against bisection, and against published costs."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from course_utils.masking import erk

KERNELS = st.dictionaries(
    st.sampled_from("abcdef"), array_shapes(max_dims=4, max_side=12).map(np.empty), min_size=1
)
SHARES = st.sampled_from([0.0, 0.5, 0.9, 1.0]) | st.floats(0, 1)


def by_bisection(arrays: dict[str, np.ndarray], sparsity: float) -> dict[str, float]:
    """The rule as the paper puts it: densities min(1, ε · ratio), the ε found by halving."""
    ratio = {name: sum(A.shape) / math.prod(A.shape) for name, A in arrays.items()}
    size = {name: math.prod(A.shape) for name, A in arrays.items()}
    wanted = (1 - sparsity) * sum(size.values())
    low, high = 0.0, 1 / min(ratio.values())  # at the upper end every kernel is dense
    for _ in range(200):
        epsilon = (low + high) / 2
        kept = sum(min(1, epsilon * ratio[name]) * size[name] for name in arrays)
        low, high = (epsilon, high) if kept < wanted else (low, epsilon)
    return {name: 1 - min(1, high * ratio[name]) for name in arrays}


@given(KERNELS, SHARES)
def test_erk_is_what_bisection_finds(arrays, sparsity):
    shares = erk(arrays, sparsity)
    assert list(shares) == list(arrays)
    assert shares == pytest.approx(by_bisection(arrays, sparsity), abs=1e-9)


@given(KERNELS, SHARES)
def test_the_shares_lie_in_0_to_1_and_their_weighted_mean_is_the_one_asked_for(arrays, sparsity):
    shares = erk(arrays, sparsity)
    assert all(0 <= share <= 1 for share in shares.values())
    pruned = sum(shares[name] * A.size for name, A in arrays.items())
    assert pruned / sum(A.size for A in arrays.values()) == pytest.approx(sparsity, abs=1e-12)


@given(KERNELS, SHARES, SHARES)
def test_more_sparsity_leaves_no_kernel_denser(arrays, one, other):
    low, high = (erk(arrays, sparsity) for sparsity in sorted((one, other)))
    assert all(low[name] <= high[name] + 1e-12 for name in arrays)


@given(KERNELS, SHARES)
def test_kernels_of_one_shape_are_equally_sparse_and_small_ones_are_denser(arrays, sparsity):
    shares = erk({**arrays, "twin": next(iter(arrays.values())) + 1}, sparsity)
    assert shares["twin"] == shares[next(iter(arrays))]
    ratio = {name: sum(A.shape) / A.size for name, A in arrays.items()}
    order = sorted(arrays, key=ratio.get)
    assert all(shares[b] <= shares[a] for a, b in itertools.pairwise(order))


def test_what_a_full_kernel_cannot_keep_goes_to_the_others():
    """By hand: the axes sum to 4, 20 and 110, and half of 1104 weights, 552, stay.

    552 are ε = 4.1 times 134, so the first kernel would keep 16 of its 4 weights. It keeps 4, and
    of the other 548 the next two keep 20 and 110 parts in 130.
    """
    shares = erk({"a": np.empty((2, 2)), "b": np.empty((10, 10)), "c": np.empty((10, 100))}, 0.5)
    kept = {"a": 4, "b": 548 * 20 / 130, "c": 548 * 110 / 130}
    assert shares == pytest.approx(
        {"a": 1 - kept["a"] / 4, "b": 1 - kept["b"] / 100, "c": 1 - kept["c"] / 1000}
    )


def test_without_a_cap_the_densities_stand_in_the_ratio_of_the_shapes():
    shares = erk({"a": np.empty((10, 10)), "b": np.empty((100, 100))}, 0.95)
    assert (1 - shares["a"]) / (1 - shares["b"]) == pytest.approx((20 / 100) / (200 / 10000))


def resnet50() -> dict[str, tuple[tuple[int, ...], int]]:
    """Shape of every kernel of ResNet-50, and the side of the picture that it computes."""
    layers, inputs = {"first": ((7, 7, 3, 64), 112)}, 64
    for width, blocks, side in ((64, 3, 56), (128, 4, 28), (256, 6, 14), (512, 3, 7)):
        for block in range(blocks):
            name = f"{width}/{block}"
            before = 2 * side if block == 0 and width > 64 else side
            layers[f"{name}/1"] = ((1, 1, inputs, width), before)
            layers[f"{name}/2"] = ((3, 3, width, width), side)
            layers[f"{name}/3"] = ((1, 1, width, 4 * width), side)
            if block == 0:
                layers[f"{name}/shortcut"] = ((1, 1, inputs, 4 * width), side)
            inputs = 4 * width
    return {**layers, "last": ((2048, 1000), 1)}


@pytest.mark.parametrize(("sparsity", "published"), [(0.8, 0.42), (0.9, 0.24)])
def test_resnet50_costs_what_the_authors_of_erk_publish(sparsity, published):
    """Inference cost against the dense network's: the table in github.com/google-research/rigl."""
    layers = resnet50()
    macs = {name: math.prod(shape) * side**2 for name, (shape, side) in layers.items()}
    assert sum(macs.values()) == pytest.approx(4.1e9, rel=0.01)  # 8.2e9 operations, as published
    shares = erk({name: np.empty(shape) for name, (shape, _) in layers.items()}, sparsity)
    cost = sum((1 - shares[name]) * macs[name] for name in layers) / sum(macs.values())
    assert cost == pytest.approx(published, abs=0.01)


@pytest.mark.parametrize("sparsity", [-0.1, 1.1, math.nan])
def test_a_sparsity_outside_0_and_1_is_refused(sparsity):
    with pytest.raises(ValueError, match="sparsity must be between 0 and 1"):
        erk({"a": np.ones(3)}, sparsity)


@pytest.mark.parametrize(
    ("arrays", "error", "words"),
    [
        (np.ones(3), TypeError, "For a single array W write"),
        ({}, ValueError, "empty dictionary"),
        ({"fc": 3.0}, ValueError, "fc must be an array"),
        ({"fc": np.ones((2, 0))}, ValueError, "fc is empty"),
    ],
)
def test_what_has_no_shape_is_refused_by_name(arrays, error, words):
    with pytest.raises(error, match=words):
        erk(arrays, 0.5)
