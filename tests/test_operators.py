"""Norms, normalization and the prune operator: the article's section 4.

First its example, number by number; then what must hold for every array; then what is refused.
"""

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from course_utils.operators import (
    energy_lost,
    norm,
    normalize,
    prune,
    relative_error,
)

ORDERS = (1, 1.5, 2, 3, 7.5, math.inf, "fro")
PARTS = ("tensor", "filter", "channel")
FLOATS = ("float16", "float32", "float64")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")

# Many ties with the thresholds below, and everything between them.
ENTRIES = st.sampled_from([-1.0, -0.5, -0.0, 0.0, 0.25, 0.5]) | st.floats(-10, 10)
THETAS = st.sampled_from([0.0, 0.25, 0.5, 1.0]) | st.floats(0, 12)
KERNELS = arrays(np.float64, array_shapes(min_dims=1, max_dims=4, max_side=4), elements=ENTRIES)
MATRICES = arrays(np.float64, array_shapes(min_dims=2, max_dims=4, max_side=4), elements=ENTRIES)


def to_the_bit(got: np.ndarray, expected: np.ndarray) -> bool:
    """Tell whether two arrays agree in type, shape and every bit: +0 and -0 differ."""
    same = got.dtype == expected.dtype and got.shape == expected.shape
    return same and got.tobytes() == expected.tobytes()


# ------------------------------------------------------------------ the article's example (E1)

W = np.array([[0.1, 0.3, 0.5], [0.6, 0.7, 0.8], [0.9, 0.1, 0.3]])
THETA = 0.2


def test_the_norm_is_frobenius_and_is_the_root_of_eleven_quarters():
    assert norm(W).item() == pytest.approx(math.sqrt(11) / 2, rel=1e-15)
    assert norm(W).item() == pytest.approx(1.6583123952, abs=5e-11)
    assert round(norm(W).item(), 2) == 1.66  # as printed in the article


def test_the_normalized_matrix():
    expected = [
        [0.060302, 0.180907, 0.301511],
        [0.361814, 0.422116, 0.482418],
        [0.542720, 0.060302, 0.180907],
    ]
    np.testing.assert_allclose(normalize(W), expected, atol=5e-7)
    assert norm(normalize(W)).item() == pytest.approx(1, rel=1e-15)


def test_rounding_the_norm_or_the_entries_first_loses_norm_one():
    assert norm(W / 1.66).item() == pytest.approx(0.99898, abs=5e-6)
    assert norm(normalize(W).round(2)).item() == pytest.approx(0.99499, abs=5e-6)


def test_theta_read_against_the_raw_weights():
    mask = prune(W, THETA) != 0
    np.testing.assert_array_equal(mask, [[0, 1, 1], [1, 1, 1], [1, 0, 1]])
    pruned = prune(W, THETA)
    np.testing.assert_array_equal(pruned, [[0, 0.3, 0.5], [0.6, 0.7, 0.8], [0.9, 0, 0.3]])
    assert norm(pruned).item() == pytest.approx(1.652271, abs=5e-7)
    assert relative_error(W, pruned) == pytest.approx(0.08528, abs=5e-6)
    assert energy_lost(W, pruned) == pytest.approx(0.02 / 2.75, rel=1e-12)
    assert 1 - mask.mean() == pytest.approx(0.222, abs=5e-4)


def test_theta_read_against_the_normalized_weights():
    mask = prune(normalize(W), THETA) != 0
    np.testing.assert_array_equal(mask, [[0, 0, 1], [1, 1, 1], [1, 0, 0]])
    np.testing.assert_array_equal(W * mask, [[0, 0, 0.5], [0.6, 0.7, 0.8], [0.9, 0, 0]])
    np.testing.assert_allclose(
        prune(normalize(W), THETA),
        [[0, 0, 0.3015], [0.3618, 0.4221, 0.4824], [0.5427, 0, 0]],
        atol=5e-5,
    )
    assert relative_error(W, W * mask) == pytest.approx(0.26968, abs=5e-6)
    assert energy_lost(W, W * mask) == pytest.approx(0.07273, abs=5e-6)
    assert 1 - mask.mean() == pytest.approx(0.444, abs=5e-4)


def test_the_second_reading_is_the_first_with_theta_times_the_norm():
    raw = THETA * norm(W).item()
    assert raw == pytest.approx(0.33166, abs=5e-6)
    np.testing.assert_array_equal(prune(W, raw) != 0, prune(normalize(W), THETA) != 0)


@pytest.mark.parametrize(("matrix", "limit"), [(W, 0.9), (normalize(W), normalize(W).max())])
def test_the_zero_matrix_that_the_article_prints_needs_a_much_larger_theta(matrix, limit):
    assert prune(matrix, np.nextafter(limit, 0)).any()
    assert not prune(matrix, limit).any()


def test_on_signed_weights_the_rule_without_the_absolute_value_keeps_fewer():
    signed = W * [[1, -1, 1], [-1, 1, -1], [1, -1, 1]]
    assert (signed > THETA).sum() == 4
    assert (prune(signed, THETA) != 0).sum() == 7


# ---------------------------------------------------------------- the prune operator, for any W


@given(KERNELS, THETAS)
def test_pruning_twice_is_pruning_once(W, theta):
    assert to_the_bit(prune(prune(W, theta), theta), prune(W, theta))


@given(KERNELS, THETAS)
def test_an_entry_is_kept_as_it_is_or_becomes_plus_zero(W, theta):
    pruned = prune(W, theta)
    kept = np.abs(W) > theta
    assert to_the_bit(pruned[kept], W[kept])
    assert to_the_bit(pruned[~kept], np.zeros((~kept).sum()))


@given(KERNELS, THETAS, THETAS)
def test_a_larger_theta_keeps_a_subset(W, one, other):
    low, high = sorted((one, other))
    assert ((prune(W, high) != 0) <= (prune(W, low) != 0)).all()
    assert to_the_bit(prune(prune(W, low), high), prune(W, high))


@given(KERNELS, THETAS, st.integers(-20, 20))
def test_scaling_weights_and_theta_scales_the_result(W, theta, exponent):
    assume(theta == 0 or theta > 1e-100)  # scaling by a power of two is exact, short of underflow
    scale = 2.0**exponent
    np.testing.assert_array_equal(prune(scale * W, scale * theta), scale * prune(W, theta))


@given(KERNELS, THETAS)
def test_signs_do_not_decide(W, theta):
    np.testing.assert_array_equal(prune(-W, theta), -prune(W, theta))


@given(KERNELS, THETAS, st.randoms(use_true_random=False))
def test_the_order_of_the_entries_does_not_decide(W, theta, random):
    order = list(range(W.size))
    random.shuffle(order)
    assert to_the_bit(prune(W.ravel()[order], theta), prune(W, theta).ravel()[order])
    assert to_the_bit(prune(W.T, theta), prune(W, theta).T)


@given(KERNELS)
def test_theta_zero_changes_nothing_and_the_largest_size_cuts_everything(W):
    np.testing.assert_array_equal(prune(W, 0), W)
    assert not prune(W, np.abs(W).max()).any()
    assert not prune(W, math.inf).any()


@given(arrays(np.float64, st.integers(1, 7), elements=ENTRIES), THETAS)
def test_no_mask_of_the_same_size_comes_closer(W, theta):
    """Exhaustion over all masks: keeping the largest is the best approximation."""
    kept = int((prune(W, theta) != 0).sum())
    squares = W**2
    best = min(
        squares.sum() - squares[list(chosen)].sum()
        for chosen in itertools.combinations(range(W.size), kept)
    )
    ours = ((W - prune(W, theta)) ** 2).sum()
    assert ours == pytest.approx(best, abs=1e-12)


# ------------------------------------------------------------------------------- norms, for any W


@given(MATRICES, st.sampled_from(ORDERS), st.sampled_from(PARTS), st.floats(-5, 5))
def test_a_norm_scales_with_its_argument(W, ord, per, factor):
    np.testing.assert_allclose(
        norm(factor * W, ord, per), abs(factor) * norm(W, ord, per), rtol=1e-12, atol=1e-290
    )


@given(st.data(), st.sampled_from(ORDERS), st.sampled_from(PARTS))
def test_a_norm_obeys_the_triangle_inequality(data, ord, per):
    V = data.draw(MATRICES)
    U = data.draw(arrays(np.float64, V.shape, elements=ENTRIES))
    assert (norm(U + V, ord, per) <= norm(U, ord, per) + norm(V, ord, per) + 1e-12).all()


@given(MATRICES, st.sampled_from(ORDERS), st.sampled_from(PARTS))
def test_a_norm_is_zero_for_zeros_only_and_broadcasts_over_its_array(W, ord, per):
    size = norm(W, ord, per)
    assert size.dtype == np.float64
    assert size.ndim == W.ndim
    assert np.broadcast_shapes(size.shape, W.shape) == W.shape
    summed = tuple(axis for axis in range(W.ndim) if size.shape[axis] == 1)
    np.testing.assert_array_equal(size > 0, np.any(W, axis=summed, keepdims=True))


@given(KERNELS, st.sampled_from([1, 1.5, 2, 3, 7.5, math.inf]))
def test_a_norm_of_the_entries_is_the_vector_norm_of_numpy(W, p):
    assert norm(W, p).item() == pytest.approx(np.linalg.norm(W.ravel(), p), rel=1e-12)


@given(KERNELS)
def test_norms_fall_as_p_rises(W):
    sizes = [norm(W, p).item() for p in (1, 1.5, 2, 3, 7.5, math.inf)]
    assert all(large >= small * (1 - 1e-12) for large, small in itertools.pairwise(sizes))


@pytest.mark.parametrize(
    ("per", "shape", "expected"),
    [
        ("tensor", (3, 3, 2, 4), (1, 1, 1, 1)),
        ("filter", (3, 3, 2, 4), (1, 1, 1, 4)),
        ("channel", (3, 3, 2, 4), (1, 1, 2, 1)),
        ("filter", (5, 7), (1, 7)),
        ("channel", (5, 7), (5, 1)),
        ("tensor", (5,), (1,)),
    ],
)
def test_keras_kernels_end_in_inputs_and_filters(per, shape, expected):
    assert norm(np.ones(shape), granularity=per).shape == expected


@given(MATRICES, st.sampled_from(ORDERS), st.sampled_from(PARTS))
def test_normalize_gives_every_part_norm_one_and_keeps_signs(W, ord, per):
    assume(norm(W, ord, per).min() > 1e-100)
    result = normalize(W, ord, per)
    np.testing.assert_allclose(norm(result, ord, per), 1, rtol=1e-12)
    assert (np.sign(result) * np.sign(W) >= 0).all()
    assert np.abs(result).max() <= 1 + 1e-12


@given(MATRICES, st.integers(-20, 20))
def test_normalize_forgets_the_scale(W, exponent):
    assume(np.abs(W).max() > 1e-100)
    np.testing.assert_allclose(normalize(2.0**exponent * W), normalize(W), rtol=1e-14)


@given(KERNELS, THETAS)
def test_the_energy_lost_is_the_squared_relative_error_and_lies_between_0_and_1(W, theta):
    assume(np.abs(W).max() > 1e-100)
    error = relative_error(W, prune(W, theta))
    assert 0 <= error <= 1
    assert energy_lost(W, prune(W, theta)) == error**2
    direct = ((W - prune(W, theta)) ** 2).sum() / (W**2).sum()
    assert error**2 == pytest.approx(direct, rel=1e-9, abs=1e-12)


# --------------------------------------------------------------------- number types and layouts


@pytest.mark.parametrize("dtype", FLOATS + INTEGERS)
def test_prune_returns_the_type_that_it_was_given(dtype):
    W = np.array([[1, 2], [3, 4]], dtype)
    pruned = prune(W, 2)
    assert to_the_bit(pruned, np.array([[0, 0], [3, 4]], dtype))


@pytest.mark.parametrize("dtype", FLOATS)
def test_normalize_returns_the_float_type_that_it_was_given(dtype):
    result = normalize(np.array([3, -4], dtype))
    assert result.dtype == dtype
    np.testing.assert_allclose(result, [0.6, -0.8], rtol=1e-3)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_normalize_returns_float64_for_integers(dtype):
    assert to_the_bit(normalize(np.array([3, 4], dtype)), np.array([0.6, 0.8]))


def test_the_size_of_the_smallest_int8_is_128_not_minus_128():
    W = np.array([-128, 127, -1], np.int8)
    assert prune(W, 127).tolist() == [-128, 0, 0]
    assert norm(W, math.inf).item() == 128
    assert normalize(np.array([-128, 0], np.int8)).tolist() == [-1, 0]


def test_uint8_does_not_wrap_around():
    W = np.array([200, 100, 255], np.uint8)
    assert norm(W).item() == pytest.approx(math.sqrt(200**2 + 100**2 + 255**2))
    assert relative_error(W, prune(W, 150)) == pytest.approx(100 / norm(W).item())
    # The larger array as the pruned one: a difference in uint8 would wrap.
    assert relative_error(np.array([1], np.uint8), np.array([2], np.uint8)) == 1


def test_float16_sums_neither_overflow_nor_lose_digits():
    assert norm(np.full(1000, 60000, np.float16)).item() == pytest.approx(60000 * math.sqrt(1000))
    assert norm(np.full(10**6, 1, np.float16), 1).item() == 1e6
    assert (normalize(np.full(4, 60000, np.float16)) == 0.5).all()


@pytest.mark.parametrize("theta", [7e4, 1e300, math.inf])
def test_a_theta_beyond_float16_cuts_everything_without_a_warning(theta, recwarn):
    assert not prune(np.array([1, 65504], np.float16), theta).any()
    assert not recwarn.list


@pytest.mark.parametrize("dtype", FLOATS)
def test_an_entry_written_like_theta_is_a_tie_in_every_float_type(dtype):
    W = np.array([0.1, 0.2, -0.1], dtype)
    assert (prune(W, 0.1) != 0).tolist() == [False, True, False]


def test_the_smallest_number_of_all_is_not_zero():
    smallest = np.nextafter(0, 1)
    assert prune([smallest, 0], 0).tolist() == [smallest, 0]
    assert normalize([smallest, 0]).tolist() == [1, 0]


@pytest.mark.parametrize("size", [1e-310, 1e-160, 1e160, 1e300])
@pytest.mark.parametrize("ord", ORDERS)
def test_tiny_and_huge_numbers_have_a_norm(size, ord):
    W = size * np.array([[3.0, 0.0], [0.0, -4.0]])
    assert norm(W, math.inf).item() == 4 * size
    if size > 1e-300:
        assert norm(W, ord).item() / size == pytest.approx(norm(W / size, ord).item(), rel=1e-12)
    np.testing.assert_allclose(normalize(W, ord)[0, 1], 0)
    assert norm(normalize(W, ord), ord).item() == pytest.approx(1, rel=1e-9)
    assert 0 < relative_error(W, prune(W, 3 * size)) < 1


@pytest.mark.parametrize("dtype", [">f4", ">f8", ">i2"])
def test_the_byte_order_of_another_machine_makes_no_difference(dtype):
    W = np.array([[1, -2], [3, 4]], dtype)
    np.testing.assert_array_equal(prune(W, 2), [[0, 0], [3, 4]])
    assert norm(W).item() == pytest.approx(math.sqrt(30))
    assert prune(W, 2).dtype == W.dtype


OPERATIONS = {
    "norm": norm,
    "normalize": normalize,
    "prune": lambda W: prune(W, 0.3),
    "relative_error": lambda W: relative_error(W, W / 2),
}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_nothing_is_changed_in_place_and_views_and_read_only_arrays_are_welcome(operation):
    whole = np.random.default_rng(0).normal(size=(6, 8))
    view = whole[::2, ::-2].T
    expected = operation(view.copy())
    before = whole.copy()
    whole.setflags(write=False)
    np.testing.assert_allclose(operation(view), expected, rtol=1e-15)
    assert to_the_bit(whole, before)


@pytest.mark.parametrize("theta", [0, 0.3, 100])
def test_the_result_is_a_new_array_also_where_nothing_is_cut(theta):
    W = np.ones((2, 2))
    assert not np.shares_memory(prune(W, theta), W)
    assert not np.shares_memory(normalize(normalize(W)), W)


def test_lists_and_numpy_numbers_are_welcome():
    assert prune([[1, -5]], np.float32(2)).tolist() == [[0, -5]]
    assert norm([[3, 4]], np.int64(2)).item() == 5


# ---------------------------------------------------------------------------------- what is refused

REFUSED = {
    "NaN": ([1, math.nan], ValueError, "1 of 2 entries are NaN or infinite"),
    "infinity": ([1, -math.inf, math.inf], ValueError, "2 of 3 entries"),
    "complex": ([1 + 1j], TypeError, "real"),
    "mask": ([True, False], TypeError, "mask"),
    "objects": ([1, None], TypeError, "object"),
    "text": (["1.0"], TypeError, "Convert"),
    "dates": (np.array(["2020-01-01"], "datetime64[D]"), TypeError, "real numbers"),
    "empty": ([], ValueError, "empty"),
    "empty row": (np.zeros((3, 0)), ValueError, r"\(3, 0\)"),
    "single number": (3.0, ValueError, "at least one dimension"),
    "nothing": (None, ValueError, "at least one dimension"),
    "dictionary": ({"W": [1]}, ValueError, "at least one dimension"),
    "ragged": ([[1, 2], [3]], ValueError, "differ in length"),
}


@pytest.mark.parametrize(("value", "error", "words"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_what_is_no_array_of_finite_real_numbers_is_refused(operation, value, error, words):
    if operation is OPERATIONS["relative_error"]:
        with pytest.raises(error, match=words):
            relative_error(np.ones(2), value)
        return
    with pytest.raises(error, match=words):
        operation(value)


@pytest.mark.parametrize("theta", [-0.1, -math.inf, math.nan, np.float32("nan")])
def test_theta_below_zero_or_nan_is_refused(theta):
    with pytest.raises(ValueError, match="theta must be at least 0"):
        prune([1.0], theta)


@pytest.mark.parametrize(
    "theta", [None, "0.1", [0.1], np.array(0.1), True, np.True_, 1j, np.complex64(1 + 1j)]
)
def test_theta_that_is_no_real_number_is_refused(theta):
    with pytest.raises(TypeError, match="theta must be a number"):
        prune([1.0], theta)


@pytest.mark.parametrize("ord", [0.5, 0, -1, math.nan, -math.inf])
def test_an_order_below_one_is_no_norm(ord):
    with pytest.raises(ValueError, match="below 1 is no norm"):
        norm([1.0], ord)


def test_an_unknown_order_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"math\.inf or 'fro', not 'l2'"):
        norm([1.0], "l2")
    with pytest.raises(TypeError, match="ord"):
        norm([1.0], None)


@pytest.mark.parametrize("per", ["layer", "Filter", None, 3])
def test_an_unknown_part_is_refused_with_the_known_ones(per):
    with pytest.raises(ValueError, match=r"\['channel', 'filter', 'tensor'\]"):
        norm([[1.0]], granularity=per)


@pytest.mark.parametrize("per", ["filter", "channel"])
def test_a_vector_has_no_filters(per):
    with pytest.raises(ValueError, match=r"\(inputs, outputs\)"):
        normalize([1.0, 2.0], granularity=per)


@pytest.mark.parametrize("ord", ORDERS)
def test_normalizing_zeros_is_refused(ord):
    with pytest.raises(ValueError, match="W is all zeros"):
        normalize(np.zeros((2, 3)), ord)


def test_a_single_zero_filter_or_channel_is_named():
    W = np.ones((3, 3, 2, 5))
    W[..., 3] = 0
    with pytest.raises(ValueError, match=r"filter \[3\] of W is all zeros"):
        normalize(W, granularity="filter")
    W[:, :, 1, :] = 0
    with pytest.raises(ValueError, match=r"channel \[1\] of W is all zeros"):
        normalize(W, granularity="channel")


def test_no_share_of_zeros_can_be_lost():
    with pytest.raises(ValueError, match="all zeros"):
        relative_error([0.0], [0.0])


def test_arrays_of_different_shape_have_no_difference():
    with pytest.raises(ValueError, match=r"\(2, 1\).*\(2,\)"):
        energy_lost([[1.0], [2.0]], [1.0, 2.0])


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("granularity", ["tensor", "filter"])
def test_a_norm_beyond_the_largest_float_is_no_reason_not_to_divide_by_it(granularity):
    W = np.full((4, 4), 1.7e308)  # the norm of the whole is 6.8e308, of a column 3.4e308
    expected = {"tensor": 0.25, "filter": 0.5}[granularity]
    np.testing.assert_allclose(normalize(W, granularity=granularity), expected)
