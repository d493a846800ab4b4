"""Regrowth: the sparsity of every kernel stays, its places move as the papers say."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from course_utils.regrowth import Regrowth, cosine, rigl, sparse_evolution, surgery, swap

ENTRIES = st.sampled_from([0.0, 0.5, 1.0]) | st.floats(0, 10)  # many ties
FRACTIONS = st.sampled_from([0.0, 0.3, 0.5, 1.0]) | st.floats(0, 1)


@st.composite
def kernels(draw: st.DrawFn) -> tuple[dict[str, np.ndarray], ...]:
    """Masks, drop scores and grow scores of one to three kernels, empty and full ones too."""
    found: tuple[dict[str, np.ndarray], ...] = ({}, {}, {})
    for name in draw(st.sets(st.sampled_from("abc"), min_size=1).map(sorted)):
        shape = draw(array_shapes(max_dims=3, max_side=4))
        found[0][name] = draw(arrays(bool, shape))
        for scores in found[1:]:
            scores[name] = draw(arrays(np.float64, shape, elements=ENTRIES))
    return found


def top_k(values: np.ndarray, among: list[int], k: int) -> list[int]:
    """The places of the k largest, of equal ones the first."""
    return sorted(among, key=lambda place: -values[place])[:k]


def algorithm_1(
    mask: np.ndarray, theta: np.ndarray, gradient: np.ndarray, fraction: float
) -> np.ndarray:
    """RigL's update of one layer, line by line.

    I_active = ArgTopK(-|θ|, k) among the active; I_grow = ArgTopK(|∇L|, k) among all places that
    are not (active without those dropped); θ is active at the former less the dropped plus I_grow.
    """
    active = [place for place in range(mask.size) if mask.flat[place]]
    k = round(fraction * len(active))
    dropped = top_k(-np.abs(theta.ravel()), active, k)
    remaining = [place for place in active if place not in dropped]
    others = [place for place in range(mask.size) if place not in remaining]
    grown = top_k(np.abs(gradient.ravel()), others, k)
    result = np.zeros(mask.size, bool)
    result[[*remaining, *grown]] = True
    return result.reshape(mask.shape)


# -------------------------------------------------------------------------------------------- swap


@given(kernels(), FRACTIONS)
def test_swap_is_rigls_algorithm_1(found, fraction):
    masks, weights, gradients = found
    swapped = swap(masks, weights, gradients, fraction)
    assert list(swapped) == list(masks)
    for name, mask in masks.items():
        expected = algorithm_1(mask, weights[name], gradients[name], fraction)
        np.testing.assert_array_equal(swapped[name], expected)


@given(kernels(), FRACTIONS)
def test_every_kernel_keeps_its_count_exactly(found, fraction):
    for name, mask in swap(*found, fraction).items():
        assert mask.dtype == bool
        assert mask.sum() == found[0][name].sum()


@given(kernels())
def test_no_share_moves_nothing(found):
    for name, mask in swap(*found, 0.0).items():
        np.testing.assert_array_equal(mask, found[0][name])


@given(kernels())
def test_the_whole_share_leaves_the_highest_grow_scores_whatever_was_there(found):
    masks, _, grow = found
    for name, mask in swap(*found, 1.0).items():
        highest = top_k(grow[name].ravel(), list(range(mask.size)), int(masks[name].sum()))
        assert set(np.flatnonzero(mask)) == set(highest)


@given(FRACTIONS, st.sampled_from([True, False]))
def test_full_and_empty_masks_stay_as_they_are(fraction, kept):
    masks, scores = {"W": np.full((3, 4), kept)}, {"W": np.arange(12.0).reshape(3, 4)}
    np.testing.assert_array_equal(swap(masks, scores, scores, fraction)["W"], masks["W"])


def test_what_was_just_dropped_may_come_back():
    masks = {"W": np.array([True, True, False, False])}
    drop, grow = np.array([2.0, 1.0, 0.0, 0.0]), np.array([0.0, 9.0, 1.0, 2.0])
    assert swap(masks, {"W": drop}, {"W": grow}, 0.5)["W"].tolist() == [True, True, False, False]


def test_dense_masks_drop_their_whole_share_though_fewer_places_are_free():
    """Three of four kept, two thirds to move: two go, and two of the three places come back."""
    masks = {"W": np.array([True, True, True, False])}
    drop, grow = np.array([1.0, 2.0, 3.0, 0.0]), np.array([1.0, 5.0, 0.0, 4.0])
    assert swap(masks, {"W": drop}, {"W": grow}, 2 / 3)["W"].tolist() == [False, True, True, True]


def test_of_equal_scores_the_first_goes_and_the_first_comes():
    masks = {"W": np.array([False, True, True, False, True, True, False])}
    scores = {"W": np.ones(7)}
    high = {"W": np.array([2.0, 1, 1, 2, 1, 1, 2])}
    assert swap(masks, scores, high, 0.5)["W"].tolist() == [
        True,
        False,
        False,
        True,
        True,
        True,
        False,
    ]


def test_swap_reads_its_arrays_and_leaves_them_alone():
    rng = np.random.default_rng(0)
    mask, drop, grow = rng.random((5, 4)) < 0.5, rng.random((5, 4)), rng.random((5, 4))
    before = mask.copy(), drop.copy(), grow.copy()
    for array in (mask, drop, grow):
        array.setflags(write=False)
    swap({"W": mask}, {"W": drop}, {"W": grow}, 0.5)["W"][...] = False  # the caller's own
    for array, copy in zip((mask, drop, grow), before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize(
    ("masks", "drop", "grow", "error", "words"),
    [
        ({"a": [1, 0]}, {"b": [1, 2]}, {"a": [1, 2]}, ValueError, "drop_scores must have the same"),
        ({"a": [1, 0]}, {"a": [1, 2]}, {"b": [1, 2]}, ValueError, "grow_scores must have the same"),
        (
            {"a": [1, 2]},
            {"a": [1, 2]},
            {"a": [1, 2]},
            ValueError,
            "mask of a must hold only 0 and 1",
        ),
        ({"a": [1, 0, 1]}, {"a": [1, 2]}, {"a": [1, 2]}, ValueError, "mask of a has shape"),
        ({"a": [1, 0]}, {"a": [1, 2]}, {"a": [1, 2, 3]}, ValueError, "grow_scores of a has shape"),
        ({"a": [1, 0]}, {"a": [1, 2]}, {"a": [[1, 2]]}, ValueError, "grow_scores of a has shape"),
        ({"a": [1, 0]}, {"a": [1, math.nan]}, {"a": [1, 2]}, ValueError, "scores of a hold NaN"),
        ([1, 0], {"a": [1, 2]}, {"a": [1, 2]}, TypeError, "masks must be a dictionary"),
    ],
)
def test_masks_and_scores_that_do_not_fit_are_refused_by_name(masks, drop, grow, error, words):
    with pytest.raises(error, match=words):
        swap(masks, drop, grow, 0.5)


@pytest.mark.parametrize("fraction", [-0.1, 1.1, math.nan])
def test_a_share_outside_0_and_1_is_refused(fraction):
    scores = {"W": np.ones(4)}
    calls = (
        lambda: swap({"W": np.ones(4, bool)}, scores, scores, fraction),
        lambda: cosine(fraction, 0, 10),
        lambda: sparse_evolution(fraction),
        lambda: rigl(dict, fraction),
    )
    for call in calls:
        with pytest.raises(ValueError, match="fraction must be between 0 and 1"):
            call()


# ------------------------------------------------------------------------------- when and how much


@given(FRACTIONS, st.integers(1, 10**6))
def test_the_share_falls_from_all_by_half_at_half_time_to_nothing(fraction, half):
    end = 2 * half
    assert cosine(fraction, 0, end) == fraction
    assert cosine(fraction, half, end) == pytest.approx(fraction / 2, abs=1e-12)
    assert cosine(fraction, end, end) == cosine(fraction, end + 1, end) == 0


@given(FRACTIONS, st.integers(1, 300))
def test_the_share_is_the_cosines_and_never_rises(fraction, end):
    shares = [cosine(fraction, step, end) for step in range(end + 3)]
    assert shares == sorted(shares, reverse=True)
    for step, share in enumerate(shares[: end + 1]):
        expected = fraction * math.cos(math.pi * step / end / 2) ** 2  # the half-angle formula
        assert share == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("end", [0, -1, 0.5, None])
def test_the_end_of_the_cosine_is_a_step(end):
    with pytest.raises(ValueError, match="end must be a whole number of at least 1"):
        cosine(0.3, 0, end)


@given(
    every=st.integers(1, 30),
    end=st.none() | st.integers(1, 200),
    jumps=st.lists(st.integers(1, 40), min_size=1, max_size=20),
)
def test_masks_are_due_when_a_multiple_was_passed_however_far_the_steps_jump(every, end, jumps):
    rule, before = Regrowth(every, end=end), 0
    for jump in jumps:
        step = before + jump
        passed = any(s % every == 0 for s in range(before + 1, step + 1))
        assert rule.due(step, before) == (passed and (end is None or step < end))
        before = step


def test_a_hundred_steps_one_by_one_are_due_as_often_as_there_are_multiples():
    rule = sparse_evolution(every=7, end=60)
    due = [step for step in range(1, 101) if rule.due(step, step - 1)]
    assert due == [7, 14, 21, 28, 35, 42, 49, 56]


# ------------------------------------------------------------------------------------ what may come


def test_sparse_evolution_draws_anew_at_each_step_and_the_same_again():
    weights = {"a": np.zeros((30, 30)), "b": np.zeros((20, 20))}
    one, again = sparse_evolution(seed=3), sparse_evolution(seed=3)
    draws = [one.grow(weights, step) for step in (100, 200, 300)]
    for step, draw in zip((100, 200, 300), draws, strict=True):
        for name in weights:
            np.testing.assert_array_equal(draw[name], again.grow(weights, step)[name])
    for name in weights:
        distinct = {draw[name].tobytes() for draw in draws}
        distinct.add(sparse_evolution(seed=4).grow(weights, 100)[name].tobytes())
        assert len(distinct) == 4


def test_sparse_evolution_grows_everywhere_alike():
    """Of 1000 places half are kept and half of those move: the free 750 share the 250 evenly."""
    mask, weights = {"W": np.arange(1000) < 500}, {"W": np.arange(1000.0)}
    counts = np.zeros(1000)
    rule = sparse_evolution()
    for step in range(100):
        counts += swap(mask, weights, rule.grow(weights, step), 0.5)["W"]
    assert (counts[250:500] == 100).all()  # the largest of the kept never go
    assert counts[:250].mean() == pytest.approx(100 / 3, abs=2)
    assert counts[500:].mean() == pytest.approx(100 / 3, abs=2)


def test_rigl_grows_the_largest_gradients_of_the_moment():
    gradients = {"W": np.array([1.0, -5.0, 2.0])}
    rule = rigl(lambda: gradients, fraction=0.4, every=50, end=1000)
    assert (rule.fraction, rule.every, rule.end, rule.surgery) == (0.4, 50, 1000, False)
    assert rule.grow({"W": np.zeros(3)}, 50)["W"].tolist() == [1, 5, 2]
    gradients["W"] = np.array([-7.0, 0.0, 0.0])
    assert rule.grow({"W": np.zeros(3)}, 100)["W"].tolist() == [7, 0, 0]


def test_surgery_remembers_and_prefers_what_is_in_place():
    assert surgery().surgery
    assert surgery(every=10, end=500, hysteresis=1.5) == Regrowth(10, end=500, hysteresis=1.5)
    assert not sparse_evolution().surgery


@pytest.mark.parametrize("hysteresis", [0.9, -1, math.nan])
def test_a_hysteresis_that_favours_what_is_gone_is_refused(hysteresis):
    with pytest.raises(ValueError, match="hysteresis must be at least 1"):
        surgery(hysteresis=hysteresis)


@pytest.mark.parametrize("make", [sparse_evolution, surgery, lambda **k: rigl(dict, **k)])
@pytest.mark.parametrize(
    ("name", "value"), [("every", 0), ("every", 1.5), ("every", True), ("end", 0), ("end", 2.5)]
)
def test_steps_that_make_no_sense_are_refused_by_name(make, name, value):
    with pytest.raises(ValueError, match=f"{name} must be a whole number of at least 1"):
        make(**{name: value})


@pytest.mark.parametrize("seed", [-1, 0.5, None])
def test_a_seed_that_cannot_be_used_again_is_refused_at_once(seed):
    with pytest.raises(ValueError, match="seed must be a whole number"):
        sparse_evolution(seed=seed)
