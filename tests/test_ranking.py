"""What is ranked, in every scope: the exact count, the floor under each kernel, masks that nest."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from course_utils.masking import SCOPES, erk, exclude, make_masks

# Scores with many ties: that is where exact counts go wrong.
ENTRIES = st.sampled_from([0.0, 0.5, 1.0]) | st.floats(-5, 10)
SCORES = arrays(np.float64, array_shapes(max_dims=3, max_side=4), elements=ENTRIES)
LAYERS = st.dictionaries(st.sampled_from("abcd"), SCORES, min_size=1)
SHARES = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])
FLOORS = st.integers(0, 3)

# Ten scores of which four are to go, and which ones those are.
FOUR_OF_TEN = {
    "distinct": ([3, 1, 4, 15, 9, 2, 6, 5, 35, 8], "0001101111"),
    "some tied": ([2, 1, 2, 6, 2, 2, 3, 4, 2, 5], "0001011111"),
    "all equal": ([7, 7, 7, 7, 7, 7, 7, 7, 7, 7], "0000111111"),
    "half zero": ([0, 5, 0, 6, 0, 7, 0, 8, 0, 9], "0101010111"),
    "half zero, in front": ([0, 0, 0, 0, 0, 5, 6, 7, 8, 9], "0000111111"),
    "all zero": ([0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "0000111111"),
    "half pruned already": ([-math.inf] * 5 + [1, 1, 1, 1, 1], "0000111111"),
}


def bits(mask: np.ndarray) -> str:
    return "".join("1" if kept else "0" for kept in mask.ravel())


def pruned(masks: dict[str, np.ndarray]) -> int:
    return sum(int((~mask).sum()) for mask in masks.values())


def one_by_one(scores: dict[str, np.ndarray], share: float, floor: int) -> dict[str, np.ndarray]:
    """The global rule as one would carry it out by hand, one weight after the other.

    Lowest first, and a kernel down to its floor is passed over; what is still owed then is taken
    from those. A score of -infinity says that the weight is gone: it needs no protection.
    """
    entries = [(s, name, i) for name, S in scores.items() for i, s in enumerate(S.ravel())]
    entries.sort(key=lambda entry: entry[0])  # stable
    owed = round(share * len(entries))
    masks = {name: np.ones(S.size, bool) for name, S in scores.items()}
    for protect in (True, False):
        for s, name, i in entries:
            free = not protect or s == -math.inf or masks[name].sum() > floor
            if owed and masks[name][i] and free:
                masks[name][i] = False
                owed -= 1
    return {name: mask.reshape(scores[name].shape) for name, mask in masks.items()}


# --------------------------------------------------------------------------------- the exact count


@pytest.mark.parametrize("floor", [0, 1, 2])
@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize(("scores", "expected"), FOUR_OF_TEN.values(), ids=FOUR_OF_TEN)
def test_four_of_ten_are_four_of_ten_in_every_scope(scores, expected, scope, floor):
    mask = make_masks({"W": np.array(scores, float)}, 0.4, scope, min_kept=floor)["W"]
    assert bits(mask) == expected


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize(("scores", "expected"), FOUR_OF_TEN.values(), ids=FOUR_OF_TEN)
def test_four_of_ten_are_four_when_they_lie_in_two_kernels(scores, expected, scope):
    kernels = {"a": np.array(scores[:5], float), "b": np.array(scores[5:], float)}
    masks = make_masks(kernels, 0.4, scope, min_kept=0)
    assert pruned(masks) == 4
    if scope == "global":
        assert bits(masks["a"]) + bits(masks["b"]) == expected


@given(LAYERS, SHARES)
def test_erk_prunes_in_each_kernel_its_own_share_to_the_entry(scores, share):
    shares, masks = erk(scores, share), make_masks(scores, share, scope="erk")
    for name, S in scores.items():
        assert int((~masks[name]).sum()) == round(shares[name] * S.size)
        np.testing.assert_array_equal(masks[name], make_masks({name: S}, shares[name])[name])


@pytest.mark.parametrize("granularity", ["weight", "kernel", "filter", "channel", "row", "column"])
@pytest.mark.parametrize("scope", SCOPES)
@given(data=st.data())
def test_nothing_goes_at_0_and_everything_at_1(scope, granularity, data):
    shapes = array_shapes(min_dims=2, max_dims=2, max_side=4)
    scores = {
        name: data.draw(arrays(np.float64, data.draw(shapes), elements=ENTRIES)) for name in "ab"
    }
    floor = data.draw(FLOORS)
    kept = make_masks(scores, 0.0, scope, granularity, min_kept=floor)
    gone = make_masks(scores, 1.0, scope, granularity, min_kept=floor)
    assert all(mask.all() for mask in kept.values())
    assert not any(mask.any() for mask in gone.values())


# --------------------------------------------------------------------------------------- the floor


@given(LAYERS, SHARES, FLOORS)
def test_the_floor_is_what_pruning_one_by_one_would_leave(scores, share, floor):
    masks = make_masks(scores, share, min_kept=floor)
    for name, mask in one_by_one(scores, share, floor).items():
        np.testing.assert_array_equal(masks[name], mask)


@given(LAYERS, SHARES, FLOORS)
def test_the_floor_never_changes_the_count(scores, share, floor):
    size = sum(S.size for S in scores.values())
    assert pruned(make_masks(scores, share, min_kept=floor)) == round(share * size)


@given(LAYERS, SHARES, FLOORS)
def test_no_kernel_falls_below_its_floor_unless_the_count_forces_it(scores, share, floor):
    size = sum(S.size for S in scores.values())
    floors = {name: min(floor, S.size) for name, S in scores.items()}
    masks = make_masks(scores, share, min_kept=floor)
    if round(share * size) <= size - sum(floors.values()):
        assert all(mask.sum() >= floors[name] for name, mask in masks.items())
    else:  # all that is left is what the floors protect
        assert all(mask.sum() <= floors[name] for name, mask in masks.items())


def test_the_floor_is_one_unless_said_otherwise():
    scores = {"small": np.array([1.0, 2, 3]), "large": np.arange(10.0, 20)}
    assert {bits(make_masks(scores, 9 / 13, min_kept=f)["small"]) for f in (0, 1, 2)} == {
        "000",
        "001",
        "011",
    }
    assert bits(make_masks(scores, 9 / 13)["small"]) == "001"


def test_the_floor_counts_structures_where_structures_are_pruned():
    scores = {"small": np.full((3, 2), 1.0), "large": np.full((3, 8), 2.0)}
    kept = make_masks(scores, 0.7, granularity="filter")["small"]
    assert kept.tolist() == [[False, True]] * 3


# --------------------------------------------------------------------------------- masks that nest


@pytest.mark.parametrize("scope", SCOPES)
@given(data=st.data(), scores=LAYERS, floor=FLOORS, shares=st.lists(SHARES, min_size=3, max_size=3))
def test_masks_nest_round_after_round_with_new_scores_in_each(data, scores, floor, shares, scope):
    masks = {name: np.ones(S.shape, bool) for name, S in scores.items()}
    for share in sorted(shares):
        new_scores = {
            name: data.draw(arrays(np.float64, S.shape, elements=ENTRIES))
            for name, S in scores.items()
        }
        nested = make_masks(exclude(new_scores, masks), share, scope, min_kept=floor)
        assert all((nested[name] <= masks[name]).all() for name in scores)
        masks = nested


@given(LAYERS, SHARES, SHARES, FLOORS)
def test_masks_with_a_floor_nest(scores, one, other, floor):
    low, high = sorted((one, other))
    less, more = (make_masks(scores, share, min_kept=floor) for share in (low, high))
    assert all((more[name] <= less[name]).all() for name in scores)


def test_a_kernel_that_is_wholly_pruned_stays_so_under_any_floor():
    gone = {"a": np.zeros(3, bool), "b": np.ones(9, bool)}
    scores = exclude({"a": np.full(3, 9.0), "b": np.arange(9.0)}, gone)
    for floor in (0, 1, 3):
        masks = make_masks(scores, 0.5, min_kept=floor)
        assert (bits(masks["a"]), bits(masks["b"])) == ("000", "000111111")


@given(
    st.data(),
    st.sampled_from(["kernel", "filter", "channel"]),
    st.lists(SHARES, min_size=3, max_size=4),
)
def test_structures_of_unlike_sizes_nest_too(data, granularity, shares):
    shapes = {"a": (3, 3, 1, 2), "b": (6, 3), "c": (1, 5), "d": (2, 4, 2)}
    masks = {name: np.ones(shape, bool) for name, shape in shapes.items()}
    floor = data.draw(FLOORS)
    for share in sorted(shares):
        new_scores = {
            name: data.draw(arrays(np.float64, shape, elements=ENTRIES))
            for name, shape in shapes.items()
        }
        nested = make_masks(
            exclude(new_scores, masks), share, "global", granularity, min_kept=floor
        )
        assert all((nested[name] <= masks[name]).all() for name in shapes)
        masks = nested


def test_a_structure_does_not_come_back_because_fewer_would_be_closer():
    """Units of 90, 10 and 100 weights, of which 28 %, 56 weights, are to go.

    Lowest first 10, then 90: 100 are closer to 56 than 10. When both are gone, 90 alone would be
    closer still, but the unit of 10 must not come back.
    """
    scores = {
        "large": np.full((90, 1), 2.0),
        "small": np.ones((10, 1)),
        "c": np.full((100, 1), 3.0),
    }
    masks = make_masks(scores, 0.28, granularity="filter", min_kept=0)
    assert pruned(masks) == 100
    again = make_masks(exclude(scores, masks), 0.28, granularity="filter", min_kept=0)
    assert pruned(again) == 100
    assert again["c"].all()


# --------------------------------------------------------------------------- refusals and read-only


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("floor", [-1, 0.5, True, None, "1"])
def test_a_floor_that_is_no_count_is_refused_in_every_scope(floor, scope):
    with pytest.raises(ValueError, match="min_kept must be a whole number of at least 0"):
        make_masks({"W": np.ones(4)}, 0.5, scope, min_kept=floor)


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan])
@pytest.mark.parametrize("granularity", ["weight", "filter"])
def test_a_sparsity_outside_0_and_1_is_refused_with_erk_and_for_structures(share, granularity):
    scores = {"a": np.ones((2, 3)), "b": np.ones((3, 3))}
    for scope in SCOPES:
        with pytest.raises(ValueError, match="sparsity must be between 0 and 1"):
            make_masks(scores, share, scope, granularity)


@pytest.mark.parametrize("granularity", ["weight", "filter"])
@pytest.mark.parametrize("scope", SCOPES)
def test_scores_are_read_and_not_touched(scope, granularity):
    scores = {"a": np.random.default_rng(0).normal(size=(4, 5)), "b": np.ones((3, 2))}
    before = {name: S.copy() for name, S in scores.items()}
    for S in scores.values():
        S.setflags(write=False)
    masks = make_masks(scores, 0.6, scope, granularity)
    for name, mask in masks.items():
        np.testing.assert_array_equal(scores[name], before[name])
        mask[...] = False  # a mask is the caller's own, to be written into
