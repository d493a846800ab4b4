"""Masks: the exact count, what is ranked together, thresholds, and masks that nest.

Scores and expected masks stand side by side where they are small; "1" stays, "0" is pruned.
"""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from course_utils import masking
from course_utils.masking import (
    apply,
    by_sigma,
    by_threshold,
    checked_mask,
    compression,
    exclude,
    make_masks,
    shuffle,
    sparsity,
)

# Scores with many ties: that is where exact counts go wrong.
ENTRIES = st.sampled_from([0.0, 0.5, 1.0]) | st.floats(0, 10)
SCORES = arrays(np.float64, array_shapes(max_dims=3, max_side=4), elements=ENTRIES)
LAYERS = st.dictionaries(st.sampled_from("abcd"), SCORES, min_size=1)
SHARES = st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0]) | st.floats(0, 1)
SCOPES = st.sampled_from(["global", "layer"])


def bits(mask: np.ndarray) -> str:
    """Write a mask as in the tables below: "0110"."""
    return "".join("1" if kept else "0" for kept in mask.ravel())


def ranked(scores: np.ndarray, share: float) -> np.ndarray:
    """The rule in its plainest form: sort (stably), and prune from the front."""
    mask = np.ones(scores.size, bool)
    mask[np.argsort(scores.ravel(), kind="stable")[: round(share * scores.size)]] = False
    return mask.reshape(scores.shape)


# ------------------------------------------------------------------------------------ by sparsity


@pytest.mark.parametrize(
    ("scores", "share", "expected"),
    [
        ([3, 1, 4, 2], 0.0, "1111"),
        ([3, 1, 4, 2], 0.25, "1011"),
        ([3, 1, 4, 2], 0.5, "1010"),
        ([3, 1, 4, 2], 1.0, "0000"),
        ([1, 2, 1, 1], 0.5, "0101"),  # tied: the first two of the three
        ([2, 1, 2, 2], 0.5, "0011"),  # one below, then the first of the tied
        ([7, 7, 7, 7], 0.25, "0111"),  # all equal
        ([7, 7, 7, 7], 0.75, "0001"),
        ([0, 5, 0, 6], 0.25, "0111"),  # half zero already, and a quarter asked for
        ([0, 5, 0, 6], 0.5, "0101"),
        ([0, 5, 0, 6], 0.75, "0001"),
        ([0, 0, 0, 0], 0.5, "0011"),
        ([1, 2, 3, 4], 0.125, "1111"),  # 0.5 entries: Python's round goes to the even 0
        ([1, 2, 3, 4], 0.375, "0011"),  # 1.5 entries: to the even 2
        ([1, 2, 3, 4], 0.9, "0000"),  # 3.6 entries
        ([5], 0.5, "1"),
        ([-1, -3, 2, 0], 0.5, "0011"),  # any real score: the lowest go
        ([0.0, -0.0, 1], 1 / 3, "011"),  # +0 and -0 are equal
        ([-math.inf, 1, math.inf, -math.inf], 0.5, "0110"),
    ],
)
def test_the_rank_rule_on_small_tables(scores, share, expected):
    scores = {"W": np.array(scores, float)}
    for scope in ("global", "layer"):
        assert bits(make_masks(scores, share, scope)["W"]) == expected


@given(LAYERS, SHARES)
def test_global_ranks_all_kernels_as_one_list(scores, share):
    masks = make_masks(scores, share, min_kept=0)
    joined = np.concatenate([S.ravel() for S in scores.values()])
    np.testing.assert_array_equal(
        np.concatenate([M.ravel() for M in masks.values()]), ranked(joined, share)
    )


@given(LAYERS, SHARES)
def test_layer_ranks_each_kernel_by_itself(scores, share):
    for name, mask in make_masks(scores, share, scope="layer").items():
        np.testing.assert_array_equal(mask, ranked(scores[name], share))


@given(LAYERS, SHARES, SCOPES)
def test_masks_are_boolean_with_the_names_order_and_shapes_of_the_scores(scores, share, scope):
    masks = make_masks(scores, share, scope)
    assert list(masks) == list(scores)
    assert [(M.dtype, M.shape) for M in masks.values()] == [
        (np.dtype(bool), S.shape) for S in scores.values()
    ]


@given(st.data(), LAYERS)
def test_a_sparsity_for_each_kernel_ranks_layer_by_layer(data, scores):
    shares = {name: data.draw(SHARES) for name in reversed(scores)}
    masks = make_masks(scores, shares)
    assert list(masks) == list(scores)
    for name, mask in masks.items():
        np.testing.assert_array_equal(mask, ranked(scores[name], shares[name]))


@given(LAYERS, SHARES, SHARES, SCOPES)
def test_a_higher_sparsity_prunes_what_a_lower_one_prunes_and_more(scores, one, other, scope):
    low, high = sorted((one, other))
    less, more = make_masks(scores, low, scope), make_masks(scores, high, scope)
    assert all((more[name] <= less[name]).all() for name in scores)


@given(LAYERS, SHARES, SCOPES, st.integers(-20, 20))
def test_only_the_order_of_the_scores_counts_not_their_scale(scores, share, scope, exponent):
    scaled = {name: 2.0**exponent * (S + 1) for name, S in scores.items()}
    same_order = {name: S + 1 for name, S in scores.items()}
    one, other = make_masks(same_order, share, scope), make_masks(scaled, share, scope)
    assert all((one[name] == other[name]).all() for name in scores)


@given(st.permutations(range(9)), SHARES)
def test_permuted_scores_give_permuted_masks_where_none_are_tied(order, share):
    scores = np.arange(9.0) ** 2
    mask = make_masks({"W": scores}, share)["W"]
    np.testing.assert_array_equal(make_masks({"W": scores[order]}, share)["W"], mask[order])


@given(arrays(np.float64, st.integers(1, 8), elements=st.floats(-10, 10)), SHARES)
def test_no_mask_of_the_same_size_comes_closer(W, share):
    """Exhaustion over all masks: ranking by magnitude is the best approximation."""
    mask = make_masks({"W": np.abs(W)}, share)["W"]
    lost = (W[~mask] ** 2).sum()
    others = itertools.combinations(W**2, int((~mask).sum()))
    assert lost <= min(sum(other) for other in others) + 1e-12


def test_the_order_of_the_dictionary_decides_between_kernels_with_equal_scores():
    one, two = np.ones(2), np.ones(2)
    assert bits(make_masks({"a": one, "b": two}, 0.5, min_kept=0)["a"]) == "00"
    assert bits(make_masks({"b": one, "a": two}, 0.5, min_kept=0)["a"]) == "11"


def test_a_global_scope_empties_a_kernel_only_when_asked():
    scores = {"small": np.array([1, 2]), "large": np.array([8, 9])}
    masks = make_masks(scores, 0.5)
    assert (bits(masks["small"]), bits(masks["large"])) == ("01", "01")
    masks = make_masks(scores, 0.5, min_kept=0)
    assert (bits(masks["small"]), bits(masks["large"])) == ("00", "11")


@pytest.mark.parametrize("dtype", ["float16", "float32", "int8", "uint8", "int64", ">f4"])
def test_any_real_type_of_scores_is_ranked(dtype):
    scores = np.array([3, 1, 2, 100], dtype)
    assert bits(make_masks({"W": scores}, 0.5)["W"]) == "1001"


def test_types_of_several_kernels_may_differ():
    scores = {"a": np.array([1, 6], np.float16), "b": np.array([5, 2], np.int64)}
    masks = make_masks(scores, 0.5)
    assert (bits(masks["a"]), bits(masks["b"])) == ("01", "10")


def test_a_million_scores_lose_exactly_as_many_as_asked():
    scores = np.random.default_rng(0).integers(0, 50, size=(1000, 1000)).astype(np.float32)
    assert np.count_nonzero(~make_masks({"W": scores}, 0.123456)["W"]) == 123456


def test_scores_are_read_and_not_touched_whatever_their_layout():
    whole = np.random.default_rng(0).normal(size=(6, 8))
    whole.setflags(write=False)
    view = whole[::2, ::-2].T
    one, other = make_masks({"W": view}, 0.5)["W"], make_masks({"W": view.copy()}, 0.5)["W"]
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("share", [-0.01, 1.01, 50, math.nan, math.inf])
@pytest.mark.parametrize("scope", ["global", "layer"])
def test_a_sparsity_outside_0_and_1_is_refused(share, scope):
    with pytest.raises(ValueError, match="sparsity must be between 0 and 1"):
        make_masks({"W": np.ones(4)}, share, scope)


@pytest.mark.parametrize("share", [True, "0.5", None, [0.5], {"W": True}, np.complex64(0.5)])
def test_a_sparsity_that_is_no_number_is_refused(share):
    with pytest.raises(TypeError, match="sparsity must be a number"):
        make_masks({"W": np.ones(4)}, share)


@pytest.mark.parametrize("share", [0.5, {"W": 0.5}])
@pytest.mark.parametrize("scope", ["local", "Global", None])
def test_an_unknown_scope_is_refused_with_the_known_ones(share, scope):
    with pytest.raises(ValueError, match="scope must be 'global' or 'layer'"):
        make_masks({"W": np.ones(4)}, share, scope)


def test_a_dictionary_of_sparsities_needs_exactly_the_names_of_the_scores():
    with pytest.raises(ValueError, match=r"missing \['a'\], unknown \['c'\]"):
        make_masks({"a": np.ones(2), "b": np.ones(2)}, {"b": 0.5, "c": 0.5})


@pytest.mark.parametrize(
    ("scores", "error", "words"),
    [
        (np.ones(3), TypeError, "For a single array W write"),
        ({}, ValueError, "empty dictionary"),
        ({"fc": np.array([1, math.nan])}, ValueError, "scores of fc hold NaN"),
        ({"fc": np.array([True])}, TypeError, "scores of fc must be real"),
        ({"fc": np.array([1j])}, TypeError, "scores of fc must be real"),
        ({"fc": np.array(["1"])}, TypeError, "scores of fc must be real"),
        ({"fc": np.ones(0)}, ValueError, "scores of fc is empty"),
        ({"fc": 3.0}, ValueError, "scores of fc must be an array"),
        ({"fc": [[1], [2, 3]]}, ValueError, "differ in length"),
    ],
)
def test_scores_that_cannot_be_ranked_are_refused_by_name(scores, error, words):
    for function in (lambda s: make_masks(s, 0.5), lambda s: by_threshold(s, 0.5)):
        with pytest.raises(error, match=words):
            function(scores)


# ------------------------------------------------------------------------ by threshold and by sigma


@given(LAYERS, ENTRIES)
def test_by_threshold_keeps_what_scores_above_theta(scores, theta):
    masks = by_threshold(scores, theta)
    for name, S in scores.items():
        np.testing.assert_array_equal(masks[name], theta < S)


def test_by_threshold_takes_a_theta_for_each_kernel():
    scores = {"a": np.array([0.1, 0.3]), "b": np.array([0.1, 0.3])}
    masks = by_threshold(scores, {"b": 0.0, "a": 0.1})
    assert (bits(masks["a"]), bits(masks["b"])) == ("01", "11")
    with pytest.raises(ValueError, match=r"missing \['b'\]"):
        by_threshold(scores, {"a": 0.1})


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_score_written_like_theta_is_a_tie_in_every_float_type(dtype):
    assert bits(by_threshold({"W": np.array([0.1, 0.2], dtype)}, 0.1)["W"]) == "01"


def test_a_theta_beyond_float16_cuts_everything_without_a_warning(recwarn):
    assert bits(by_threshold({"W": np.array([1, 65504], np.float16)}, 1e6)["W"]) == "00"
    assert not recwarn.list


@pytest.mark.parametrize("theta", [-1, math.nan, {"W": -1}])
def test_a_threshold_below_zero_or_nan_is_refused(theta):
    with pytest.raises(ValueError, match="theta must be at least 0"):
        by_threshold({"W": np.ones(2)}, theta)


@pytest.mark.parametrize("k", [0, 0.5, 1, 1.5, 2, 3])
def test_k_sigma_prunes_the_share_that_the_normal_distribution_promises(k):
    W = np.random.default_rng(0).normal(scale=0.03, size=(400, 500)).astype(np.float32)
    share = sparsity(by_sigma({"W": W}, k))
    assert share == pytest.approx(math.erf(k / math.sqrt(2)), abs=0.004)


def test_sigma_is_that_of_each_kernel_and_its_size_does_not_matter():
    W = np.random.default_rng(0).normal(size=(20, 20))
    masks = by_sigma({"W": W, "large": 1024 * W}, 1.0)
    np.testing.assert_array_equal(masks["W"], masks["large"])
    np.testing.assert_array_equal(masks["W"], np.abs(W) > W.std())


@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_sigma_of_tiny_and_huge_weights_neither_vanishes_nor_overflows(scale, recwarn):
    W = scale * np.array([-3.0, -1.0, 1.0, 3.0])
    assert bits(by_sigma({"W": W}, 1.0)["W"]) == "1001"
    assert bits(by_sigma({"W": W}, 0)["W"]) == "1111"
    assert not recwarn.list


def test_sigma_of_integers_and_float16_is_taken_in_float64():
    assert bits(by_sigma({"W": np.array([-128, 1, 1, 1], np.int8)}, 1)["W"]) == "1000"
    large = np.array([60000, -60000, 1, 1], np.float16)
    assert bits(by_sigma({"W": large}, 1)["W"]) == "1100"


@pytest.mark.parametrize("k", [-1, math.nan])
def test_a_k_below_zero_is_refused(k):
    with pytest.raises(ValueError, match="k must be at least 0"):
        by_sigma({"W": np.ones(2)}, k)


def test_sigma_of_weights_that_diverged_is_refused():
    with pytest.raises(ValueError, match="fc must be finite"):
        by_sigma({"fc": np.array([1, np.nan])}, 1)


# ------------------------------------------------------------------------------- exclude and apply


@given(st.data(), LAYERS, SHARES, SHARES, SCOPES)
def test_what_was_pruned_stays_pruned_whatever_the_new_scores_say(data, scores, one, other, scope):
    first, then = sorted((one, other))
    masks = make_masks(scores, first, scope)
    new_scores = {
        name: data.draw(arrays(np.float64, S.shape, elements=st.floats(-5, 5)))
        for name, S in scores.items()
    }
    nested = make_masks(exclude(new_scores, masks), then, scope)
    assert all((nested[name] <= masks[name]).all() for name in scores)
    size = sum(S.size for S in scores.values())
    if scope == "global":
        assert sum(int((~M).sum()) for M in nested.values()) == round(then * size)


def test_exclude_keeps_the_type_and_takes_masks_that_spread():
    scores = exclude({"W": np.ones((2, 3), np.float32)}, {"W": np.array([[1, 0, 1]])})["W"]
    assert scores.dtype == np.float32
    assert scores.tolist() == [[1, -math.inf, 1]] * 2
    assert exclude({"W": np.array([3, 4])}, {"W": [0, 1]})["W"].tolist() == [-math.inf, 4]


@given(LAYERS, SHARES)
def test_apply_sets_what_is_pruned_to_plus_zero_and_keeps_the_rest(weights, share):
    weights = {name: -W for name, W in weights.items()}
    masks = make_masks({name: np.abs(W) for name, W in weights.items()}, share)
    before = {name: W.copy() for name, W in weights.items()}
    for name, pruned in apply(weights, masks).items():
        assert pruned[masks[name]].tobytes() == weights[name][masks[name]].tobytes()
        assert not np.signbit(pruned[~masks[name]]).any()
        assert not pruned[~masks[name]].any()
        assert weights[name].tobytes() == before[name].tobytes()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8"])
def test_apply_keeps_the_type(dtype):
    pruned = apply({"W": np.array([1, 2], dtype)}, {"W": np.array([0, 1])})["W"]
    assert pruned.dtype == dtype
    assert pruned.tolist() == [0, 2]


@pytest.mark.parametrize("function", [apply, exclude])
def test_masks_need_exactly_the_names_of_the_weights(function):
    arrays = {"a": np.ones(2), "b": np.ones(2)}
    with pytest.raises(ValueError, match=r"missing \['b'\], unknown \['c'\]"):
        function(arrays, {"a": [1, 1], "c": [1, 1]})


@pytest.mark.parametrize("function", [apply, exclude])
@pytest.mark.parametrize(
    ("mask", "words"),
    [
        ([[1, 2]], "only 0 and 1"),
        ([[0.5, 1]], "only 0 and 1"),
        ([[math.nan, 1]], "only 0 and 1"),
        ([["0", "1"]], "only 0 and 1"),
        ([[None, True]], "only 0 and 1"),
        ([1, 1], r"has shape \(2,\); its weights have \(3, 2\)"),
        (np.ones((2, 3)), r"has shape \(2, 3\)"),
        (np.ones((1, 3, 2)), r"has shape \(1, 3, 2\)"),
        (np.ones((0, 2)), "empty"),
        (True, "at least one dimension"),
    ],
)
def test_a_mask_that_is_none_or_does_not_fit_is_refused_by_name(function, mask, words):
    with pytest.raises(ValueError, match=words) as caught:
        function({"fc/kernel": np.ones((3, 2))}, {"fc/kernel": mask})
    assert "fc/kernel" in str(caught.value)


@pytest.mark.parametrize("shape", [(1, 1, 1, 4), (3, 3, 2, 1), (1, 1, 2, 4), (3, 3, 2, 4)])
@pytest.mark.parametrize("dtype", [bool, int, float])
def test_a_mask_of_length_one_along_an_axis_spreads_over_it(shape, dtype):
    mask = np.random.default_rng(0).integers(0, 2, shape).astype(dtype)
    full = checked_mask(mask, (3, 3, 2, 4), "conv/kernel")
    assert full.dtype == bool
    np.testing.assert_array_equal(full, np.broadcast_to(mask == 1, (3, 3, 2, 4)))


# ------------------------------------------------------------------- shuffle, sparsity, compression


@given(LAYERS, SHARES, st.integers(0, 1000))
def test_shuffled_masks_have_as_many_zeros_in_each_kernel(scores, share, seed):
    masks = make_masks(scores, share)
    mixed, again = shuffle(masks, seed), shuffle(masks, seed)
    for name, mask in masks.items():
        assert mixed[name].shape == mask.shape
        assert mixed[name].sum() == mask.sum()
        np.testing.assert_array_equal(mixed[name], again[name])


def test_shuffled_masks_are_elsewhere_and_the_given_ones_stay():
    masks = {"W": np.arange(1000).reshape(40, 25) < 500}
    before = masks["W"].copy()
    mixed = shuffle(masks, 0)["W"]
    np.testing.assert_array_equal(masks["W"], before)
    assert mixed[:20].mean() == pytest.approx(0.5, abs=0.1)
    assert (mixed != shuffle(masks, 1)["W"]).any()


@pytest.mark.parametrize("seed", [None, -1, 0.5])
def test_a_shuffle_needs_a_seed_so_that_it_can_be_repeated(seed):
    with pytest.raises((TypeError, ValueError), match="seed"):
        shuffle({"W": np.array([True, False])}, seed)


def test_shuffling_weights_instead_of_masks_is_refused():
    with pytest.raises(ValueError, match="only 0 and 1"):
        shuffle({"W": np.array([0.5, -2.0])}, 0)


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        ({"a": np.array([0.0, 1.0])}, 0.5),
        ({"a": np.array([True, False]), "b": np.array([False, False])}, 0.75),
        ({"a": np.zeros((9, 9)), "b": np.ones((1, 9))}, 0.9),
        (np.array([-0.0, 0.0, 5e-324, np.nan]), 0.5),
        ([[0, 1], [2, 3]], 0.25),
    ],
)
def test_sparsity_counts_zeros_over_all_arrays_together(arrays, expected):
    assert sparsity(arrays) == expected


@pytest.mark.parametrize("arrays", [{}, [], 0.0, {"a": np.ones(0)}])
def test_there_is_no_sparsity_of_nothing(arrays):
    with pytest.raises(ValueError, match=r"nothing to prune|at least one dimension"):
        sparsity(arrays)


@given(LAYERS, SHARES)
def test_the_sparsity_of_masks_is_the_one_asked_for_to_the_entry(scores, share):
    size = sum(S.size for S in scores.values())
    assert sparsity(make_masks(scores, share)) == round(share * size) / size


def test_compression():
    assert compression(0) == 1
    assert compression(0.9) == pytest.approx(10)
    assert compression(1) == math.inf
    with pytest.raises(ValueError, match="between 0 and 1"):
        masking.compression(90)
