"""Structures: what lies in one, what it scores, and that it stands or falls as a whole."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from course_utils.masking import GRANULARITIES, erk, exclude, make_masks, pool

# For each kind of kernel: its layout, a shape, and the axes that tell one structure from another.
KERNELS = {
    "Dense": ("io", (4, 3), {"kernel": (0, 1), "filter": (1,), "channel": (0,)}),
    "Dense, a matrix": ("io", (4, 3), {"row": (0,), "column": (1,)}),
    "Conv1D": ("sio", (3, 2, 4), {"kernel": (1, 2), "filter": (2,), "channel": (1,)}),
    "Conv2D": ("ssio", (3, 2, 2, 4), {"kernel": (2, 3), "filter": (3,), "channel": (2,)}),
    "Conv2D, in its planes": ("ssio", (3, 2, 2, 4), {"row": (0, 2, 3), "column": (1, 2, 3)}),
    "Conv3D": ("sssio", (2, 2, 3, 2, 4), {"kernel": (3, 4), "filter": (4,), "channel": (3,)}),
    "depthwise": ("ssco", (3, 2, 4, 2), {"kernel": (2, 3), "filter": (2, 3), "channel": (2,)}),
    "depthwise, in its planes": ("ssco", (3, 2, 4, 2), {"row": (0, 2, 3), "column": (1, 2, 3)}),
    "transposed": ("ssoi", (3, 2, 4, 3), {"kernel": (2, 3), "filter": (2,), "channel": (3,)}),
    "attention, query": (
        "ioo",
        (4, 2, 3),
        {"kernel": (0, 1, 2), "filter": (1, 2), "channel": (0,)},
    ),
    "attention, output": (
        "iio",
        (2, 3, 4),
        {"kernel": (0, 1, 2), "filter": (2,), "channel": (0, 1)},
    ),
}
CASES = [
    pytest.param(layout, shape, granularity, axes, id=f"{kind}-{granularity}")
    for kind, (layout, shape, structures) in KERNELS.items()
    for granularity, axes in structures.items()
]
ENTRIES = st.sampled_from([-math.inf, 0.0, 1.0]) | st.floats(-5, 10)


def structures(scores: np.ndarray, axes: tuple[int, ...]) -> dict[tuple[int, ...], list[float]]:
    """All entries of every structure, gathered one by one."""
    found: dict[tuple[int, ...], list[float]] = {}
    for index, value in np.ndenumerate(scores):
        found.setdefault(tuple(index[axis] for axis in axes), []).append(float(value))
    return found


def average(values: list[float]) -> float:
    left = [value for value in values if value != -math.inf]
    return sum(left) / len(values) if left else -math.inf


@pytest.mark.parametrize(("layout", "shape", "granularity", "axes"), CASES)
@given(data=st.data())
def test_a_structure_scores_the_average_of_what_lies_in_it(layout, shape, granularity, axes, data):
    S = data.draw(arrays(np.float64, shape, elements=ENTRIES))
    pooled = pool({"W": S}, granularity, {"W": layout})["W"]
    assert pooled.shape == tuple(n if a in axes else 1 for a, n in enumerate(shape))
    spread = np.broadcast_to(pooled, shape)
    expected = {key: average(values) for key, values in structures(S, axes).items()}
    for index in np.ndindex(shape):
        key = tuple(index[axis] for axis in axes)
        assert spread[index] == pytest.approx(expected[key], rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("granularity", ["kernel", "filter", "channel"])
@pytest.mark.parametrize("layout", ["io", "sio", "ssio", "sssio"])
def test_the_layouts_of_dense_layers_and_convolutions_need_not_be_named(layout, granularity):
    S = np.random.default_rng(0).random((2, 3, 4, 5, 6)[-len(layout) :])
    unnamed, named = pool({"W": S}, granularity, {"other": "i"}), {"W": layout}
    np.testing.assert_array_equal(unnamed["W"], pool({"W": S}, granularity, named)["W"])


@pytest.mark.parametrize("scope", ["global", "layer", "erk"])
@pytest.mark.parametrize(("layout", "shape", "granularity", "axes"), CASES)
@given(data=st.data(), share=st.sampled_from([0.0, 0.25, 0.4, 0.5, 0.9, 1.0]))
def test_whole_structures_stand_or_fall_lowest_first(
    layout, shape, granularity, axes, scope, data, share
):
    S = data.draw(arrays(np.float64, shape, elements=ENTRIES))
    mask = make_masks({"W": S}, share, scope, granularity, layouts={"W": layout})["W"]
    fates = structures(mask, axes)
    assert all(len(set(fate)) == 1 for fate in fates.values())
    gone = {key for key, fate in fates.items() if not fate[0]}
    share = erk({"W": S}, share)["W"] if scope == "erk" else share  # ERK's may differ by rounding
    assert len(gone) == round(share * len(fates))
    # Compared in the pooled scores themselves: a sum in another order may round another way.
    pooled = pool({"W": S}, granularity, {"W": layout})["W"].ravel().tolist()
    lowest = sorted(range(len(fates)), key=pooled.__getitem__)[: len(gone)]
    assert gone == {sorted(fates)[place] for place in lowest}


@pytest.mark.parametrize("floor", [0, 1])
@given(data=st.data(), share=st.floats(0, 1), granularity=st.sampled_from(["filter", "channel"]))
def test_no_other_count_of_lowest_first_comes_closer_to_the_share(data, share, granularity, floor):
    """Structures of unlike sizes in one list: the share is one of weights, not of structures."""
    shapes = {"a": (3, 3, 1, 2), "b": (6, 3), "c": (1, 5), "d": (2, 4, 2)}
    kept = {"filter": -1, "channel": -2}[granularity]
    scores = {
        name: data.draw(arrays(np.float64, shape, elements=st.floats(0, 10)))
        for name, shape in shapes.items()
    }
    masks = make_masks(scores, share, "global", granularity, min_kept=floor)

    pooled = pool(scores, granularity)
    entries = []  # (the best of its kernel, its score, its weights), in the order of pruning
    for name, shape in shapes.items():
        values = pooled[name].ravel().tolist()
        order = sorted(range(len(values)), key=values.__getitem__)  # stable: of equals the last
        best = set(order[len(order) - floor :])
        weights = math.prod(shape) // shape[kept]
        entries += [(i in best, value, weights) for i, value in enumerate(values)]
    entries.sort(key=lambda entry: entry[:2])
    counts = [sum(weights for _, _, weights in entries[:n]) for n in range(len(entries) + 1)]

    pruned = sum(int((~mask).sum()) for mask in masks.values())
    wanted = share * counts[-1]
    assert pruned in counts
    assert abs(pruned - wanted) == min(abs(count - wanted) for count in counts)


@given(st.data(), st.integers(2, 5), st.floats(0, 1))
def test_structures_of_one_size_lose_exactly_the_share_of_their_number(data, inputs, share):
    scores = {
        name: data.draw(arrays(np.float64, (inputs, units), elements=st.floats(0, 10)))
        for name, units in {"a": 3, "b": 4, "c": 6}.items()
    }
    masks = make_masks(scores, share, "global", "filter")
    assert sum(int((~mask[0]).sum()) for mask in masks.values()) == round(share * 13)


def test_weights_are_their_own_structures():
    S = np.random.default_rng(0).normal(size=(3, 3, 2, 4))
    np.testing.assert_array_equal(pool({"W": S}, "weight")["W"], S)
    np.testing.assert_array_equal(
        make_masks({"W": S}, 0.3, granularity="weight")["W"], make_masks({"W": S}, 0.3)["W"]
    )


def test_a_structure_pruned_in_part_counts_its_zeros_and_one_pruned_in_full_ranks_last():
    scores = {"W": np.array([[6.0, 1.0, 5.0], [2.0, 1.0, 5.0]])}
    pruned = exclude(scores, {"W": np.array([[0, 1, 0], [1, 1, 0]])})
    assert pool(pruned, "filter")["W"].tolist() == [[1.0, 1.0, -math.inf]]


def test_the_average_of_many_float16_scores_does_not_overflow():
    S = np.full((100, 2), 60000, np.float16)
    assert pool({"W": S}, "filter")["W"].tolist() == [[60000, 60000]]


@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_pooling_reads_its_scores_and_leaves_them_alone(granularity):
    S = np.random.default_rng(0).normal(size=(3, 3, 2, 4))
    S[0, 0, 0, 0] = -math.inf
    before = S.copy()
    S.setflags(write=False)
    pool({"W": S}, granularity)
    np.testing.assert_array_equal(S, before)


@pytest.mark.parametrize("granularity", ["row", "column"])
@pytest.mark.parametrize("layout", ["o", "sio", "sssio", "ioo", "iio", "sco"])
def test_rows_and_columns_are_refused_where_there_are_none(granularity, layout):
    scores = {"W": np.ones((2,) * len(layout))}
    with pytest.raises(
        ValueError, match=f"no rows and columns in a kernel of the layout '{layout}'"
    ):
        make_masks(scores, 0.5, granularity=granularity, layouts={"W": layout})


@pytest.mark.parametrize("granularity", ["filters", "Filter", None, ""])
def test_an_unknown_granularity_is_refused_with_the_known_ones(granularity):
    with pytest.raises(ValueError, match=r"granularity must be one of \('weight', 'kernel'"):
        make_masks({"W": np.ones((2, 2))}, 0.5, granularity=granularity)


@pytest.mark.parametrize("layout", ["i", "ioo", "ix", "IO", ""])
def test_a_layout_that_does_not_fit_is_refused_by_the_name_of_its_kernel(layout):
    with pytest.raises(ValueError, match=r"does not fit fc/kernel of shape \(2, 3\)"):
        pool({"fc/kernel": np.ones((2, 3))}, "filter", {"fc/kernel": layout})


@given(array_shapes(min_dims=6, max_dims=7, max_side=2))
def test_a_kernel_of_more_axes_than_any_of_keras_needs_a_layout(shape):
    with pytest.raises(ValueError, match="give one letter an axis"):
        pool({"W": np.ones(shape)}, "filter")
    layout = "s" * (len(shape) - 2) + "io"
    assert pool({"W": np.ones(shape)}, "filter", {"W": layout})["W"].size == shape[-1]
