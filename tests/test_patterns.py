"""Fixed patterns: N of M neighbours along the inputs, and whole blocks of a matrix."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from course_utils.masking import block_masks, erk, exclude, make_masks, n_of_m

ENTRIES = st.sampled_from([0.0, 1.0]) | st.floats(-5, 10)  # many ties
# Layout, shape, and the axes of the inputs, of which there are 4 or 8.
KERNELS = {
    "Dense": ("io", (8, 3), (0,)),
    "Conv1D": ("sio", (3, 4, 2), (1,)),
    "Conv2D": ("ssio", (2, 3, 8, 2), (2,)),
    "Conv3D": ("sssio", (2, 1, 2, 4, 2), (3,)),
    "transposed": ("ssoi", (2, 3, 2, 8), (3,)),
    "attention, query": ("ioo", (8, 2, 2), (0,)),
    "attention, output": ("iio", (2, 4, 3), (0, 1)),
}
PATTERNS = [(1, 2), (2, 4), (1, 4), (3, 4), (4, 4), (1, 1)]


def highest_of_each_group(S: np.ndarray, axes: tuple[int, ...], n: int, m: int) -> np.ndarray:
    """Walk along the inputs, m at a time, and strike out the m - n lowest, the first of equals."""
    mask = np.ones(S.shape, bool)
    others = [axis for axis in range(S.ndim) if axis not in axes]
    for place in np.ndindex(*(S.shape[axis] for axis in others)):
        inputs = []
        for step in np.ndindex(*(S.shape[axis] for axis in axes)):
            index = dict(zip(others, place, strict=True)) | dict(zip(axes, step, strict=True))
            inputs.append(tuple(index[axis] for axis in range(S.ndim)))
        for start in range(0, len(inputs), m):
            group = sorted(inputs[start : start + m], key=lambda index: S[index])
            for index in group[: m - n]:
                mask[index] = False
    return mask


@pytest.mark.parametrize(("n", "m"), PATTERNS)
@pytest.mark.parametrize(("layout", "shape", "axes"), KERNELS.values(), ids=KERNELS)
@given(data=st.data())
def test_n_of_m_neighbours_stay_along_the_inputs(layout, shape, axes, n, m, data):
    S = data.draw(arrays(np.float64, shape, elements=ENTRIES))
    mask = n_of_m({"W": S}, n, m, {"W": layout})["W"]
    np.testing.assert_array_equal(mask, highest_of_each_group(S, axes, n, m))
    assert mask.sum() * m == mask.size * n


def test_two_of_four_input_channels_stay_at_every_place_of_a_filter():
    S = np.arange(2 * 2 * 4 * 3.0).reshape(2, 2, 4, 3)
    mask = n_of_m({"conv/kernel": S}, 2, 4)["conv/kernel"]
    assert (mask == np.array([0, 0, 1, 1], bool)[:, None]).all()


def test_among_equal_scores_the_first_go():
    mask = n_of_m({"fc": np.ones((4, 1))}, 2, 4)["fc"]
    assert mask.ravel().tolist() == [False, False, True, True]


@given(arrays(np.float64, (8, 3), elements=ENTRIES), arrays(np.float64, (8, 3), elements=ENTRIES))
def test_patterns_nest_when_what_is_pruned_is_excluded(one, other):
    first = n_of_m({"W": one}, 2, 4)
    assert (n_of_m(exclude({"W": other}, first), 1, 4)["W"] <= first["W"]).all()
    np.testing.assert_array_equal(n_of_m(exclude({"W": other}, first), 2, 4)["W"], first["W"])


@pytest.mark.parametrize("shape", [(6, 2), (3, 3, 1, 8), (3, 3, 6, 8), (4, 2, 3)])
def test_inputs_that_are_no_multiple_are_refused_by_name(shape):
    scores = {"fine": np.ones((8, 2)), "first/kernel": np.ones(shape)}
    with pytest.raises(ValueError, match=r"first/kernel has \d+ inputs .* not a multiple of 4"):
        n_of_m(scores, 2, 4)


def test_a_depthwise_kernel_has_one_input_for_an_output():
    scores, layouts = {"dw/kernel": np.ones((3, 3, 8, 1))}, {"dw/kernel": "ssco"}
    with pytest.raises(ValueError, match="dw/kernel has 1 inputs"):
        n_of_m(scores, 2, 4, layouts)
    mask = n_of_m(scores, 1, 1, layouts)["dw/kernel"]
    assert mask.shape == (3, 3, 8, 1)
    assert mask.all()


@pytest.mark.parametrize(("n", "m"), [(0, 4), (5, 4), (-1, 4), (2.0, 4), (2, 4.0), (True, 4)])
def test_n_and_m_are_whole_numbers_of_which_n_is_not_larger(n, m):
    with pytest.raises(
        ValueError, match=r"[nm] must be (a whole number of at least 1|at most m), not"
    ):
        n_of_m({"W": np.ones((4, 4))}, n, m)


# ------------------------------------------------------------------------------------------ blocks


def tiles(shape: tuple[int, int], block: tuple[int, int]) -> list[tuple[slice, slice]]:
    """The blocks of a matrix, row by row; those at the edges may be smaller."""
    return [
        np.s_[i : i + block[0], j : j + block[1]]
        for i in range(0, shape[0], block[0])
        for j in range(0, shape[1], block[1])
    ]


@given(
    data=st.data(),
    shape=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    block=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    share=st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0]),
)
def test_whole_blocks_go_lowest_average_first(data, shape, block, share):
    S = data.draw(arrays(np.float64, shape, elements=st.integers(0, 8).map(float)))
    mask = block_masks({"W": S}, share, block)["W"]
    parts = tiles(shape, block)
    averages = [S[part].sum() / S[part].size for part in parts]
    lowest = sorted(range(len(parts)), key=averages.__getitem__)[: round(share * len(parts))]
    expected = np.ones(shape, bool)
    for place in lowest:
        expected[parts[place]] = False
    np.testing.assert_array_equal(mask, expected)


def test_the_edges_of_a_matrix_are_blocks_of_their_own():
    S = np.array([[9.0, 9, 1], [9, 9, 1], [2, 2, 9]])
    assert block_masks({"W": S}, 0.5, (2, 2))["W"].tolist() == [
        [True, True, False],
        [True, True, False],
        [False, False, True],
    ]


@given(arrays(np.float64, (3, 2, 2, 4), elements=ENTRIES), st.sampled_from([0.25, 0.5, 0.75]))
def test_a_convolution_counts_as_the_matrix_that_it_multiplies_with(S, share):
    mask = block_masks({"conv": S}, share, (4, 2))["conv"]
    matrix = block_masks({"conv": S.reshape(12, 4)}, share, (4, 2))["conv"]
    np.testing.assert_array_equal(mask, matrix.reshape(S.shape))


@given(st.data(), st.sampled_from(["global", "layer", "erk"]))
def test_blocks_of_one_weight_are_weights(data, scope):
    scores = {
        name: data.draw(arrays(np.float64, shape, elements=ENTRIES))
        for name, shape in {"a": (3, 4), "b": (5, 2)}.items()
    }
    one, other = block_masks(scores, 0.4, (1, 1), scope), make_masks(scores, 0.4, scope)
    for name in scores:
        np.testing.assert_array_equal(one[name], other[name])


def test_erk_goes_by_the_shape_of_the_kernel_not_of_its_grid_of_blocks():
    rng = np.random.default_rng(0)
    scores = {"conv": rng.random((3, 3, 8, 16)), "fc": rng.random((64, 32))}
    masks, shares = block_masks(scores, 0.5, (8, 8), "erk"), erk(scores, 0.5)
    for name, S in scores.items():
        blocks = S.size // 64
        assert int((~masks[name]).sum()) == 64 * round(shares[name] * blocks)


@given(st.data(), st.sampled_from(["global", "layer"]))
def test_blocks_nest_when_what_is_pruned_is_excluded(data, scope):
    masks = {"a": np.ones((5, 6), bool), "b": np.ones((4, 3), bool)}
    for share in (0.2, 0.5, 0.8):
        scores = {
            name: data.draw(arrays(np.float64, mask.shape, elements=ENTRIES))
            for name, mask in masks.items()
        }
        nested = block_masks(exclude(scores, masks), share, (2, 2), scope)
        assert all((nested[name] <= masks[name]).all() for name in masks)
        masks = nested


def test_a_block_pruned_in_part_is_not_yet_gone():
    S = np.array([[9.0, 9.0, 1.0, 1.0]])
    scores = exclude({"W": S}, {"W": [[0, 1, 1, 1]]})
    assert block_masks(scores, 0.5, (1, 2))["W"].tolist() == [[True, True, False, False]]


@pytest.mark.parametrize(
    "block", [(0, 1), (1, -1), (2,), (1, 2, 3), (2.0, 2), (True, 2), "ab", 4, None, ("2", 2)]
)
def test_a_block_is_two_whole_numbers(block):
    with pytest.raises(
        ValueError,
        match=r"block(\[[01]\])? must be (a whole number of at least 1|two whole numbers)",
    ):
        block_masks({"W": np.ones((4, 4))}, 0.5, block)


@pytest.mark.parametrize(
    "function", [lambda s: n_of_m(s, 1, 2), lambda s: block_masks(s, 0.5, (2, 2))]
)
@pytest.mark.parametrize(
    ("scores", "error", "words"),
    [
        (np.ones((2, 2)), TypeError, "For a single array W write"),
        ({"fc": np.array([[1, math.nan]])}, ValueError, "scores of fc hold NaN"),
        ({"fc": np.array([[True, False]])}, TypeError, "scores of fc must be real"),
    ],
)
def test_scores_that_cannot_be_ranked_are_refused_by_name(function, scores, error, words):
    with pytest.raises(error, match=words):
        function(scores)


def test_scores_are_read_and_not_touched():
    S = np.random.default_rng(0).normal(size=(8, 4))
    S[0, 0] = -math.inf
    before = S.copy()
    S.setflags(write=False)
    for masks in (n_of_m({"W": S}, 2, 4), block_masks({"W": S}, 0.5, (3, 3))):
        masks["W"][...] = False  # a mask is the caller's own
    np.testing.assert_array_equal(S, before)
