"""Criteria: weights in, scores of the same names and shapes out."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from course_utils import criteria, masking, operators

KERNELS = arrays(
    np.float64, array_shapes(max_dims=4, max_side=4), elements=st.floats(-1e300, 1e300)
)
CRITERIA = {
    "magnitude": criteria.magnitude,
    "lamp": criteria.lamp,
    "random": lambda W: criteria.random(W, seed=0),
}
# Criteria that look at something measured, and what their messages call it.
PAIRED = {
    "taylor": (criteria.taylor, "gradients"),
    "first_order": (criteria.first_order, "gradients"),
    "obd": (criteria.obd, "curvature"),
    "wanda": (criteria.wanda, "input_norms"),
}
SMALL = st.integers(-50, 50).map(float) | st.floats(-10, 10).filter(lambda w: abs(w) > 1e-3)


@pytest.mark.parametrize("criterion", CRITERIA.values(), ids=CRITERIA)
@given(one=KERNELS, other=KERNELS)
def test_scores_have_the_names_order_and_shapes_of_the_weights(criterion, one, other):
    weights = {"b/kernel": one, "a/kernel": other}
    scores = criterion(weights)
    assert list(scores) == ["b/kernel", "a/kernel"]
    assert [S.shape for S in scores.values()] == [one.shape, other.shape]


@pytest.mark.parametrize("criterion", CRITERIA.values(), ids=CRITERIA)
def test_the_weights_are_read_and_not_touched(criterion):
    W = np.array([[1.0, -2.0]])
    W.setflags(write=False)
    scores = criterion({"W": W})["W"]
    assert W.tolist() == [[1, -2]]
    assert not np.shares_memory(scores, W)


@given(KERNELS, st.floats(0, 1e300))
def test_the_article_is_magnitude_with_a_threshold(W, theta):
    by_criterion = masking.by_threshold(criteria.magnitude({"W": W}), theta)["W"]
    np.testing.assert_array_equal(by_criterion, operators.prune(W, theta) != 0)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_magnitude_keeps_the_float_type(dtype):
    scores = criteria.magnitude({"W": np.array([-0.5, 2], dtype)})["W"]
    assert scores.dtype == dtype
    assert scores.tolist() == [0.5, 2]


def test_magnitude_of_integers_is_float64_and_right_at_their_lower_end():
    scores = criteria.magnitude({"W": np.array([-128, 127], np.int8)})["W"]
    assert scores.dtype == np.float64
    assert scores.tolist() == [128, 127]


def test_random_scores_are_uniform_and_repeat_with_their_seed():
    W = {"a": np.zeros((100, 100)), "b": np.zeros((100, 100))}
    scores = criteria.random(W, seed=3)
    again, other = criteria.random(W, seed=3), criteria.random(W, seed=4)
    np.testing.assert_array_equal(scores["a"], again["a"])
    assert not np.isclose(scores["a"], other["a"]).all()
    assert not np.isclose(scores["a"], scores["b"]).all()
    assert 0 <= scores["a"].min() < 0.01
    assert 0.99 < scores["a"].max() < 1
    assert scores["a"].mean() == pytest.approx(0.5, abs=0.02)


def test_random_scores_of_a_kernel_do_not_depend_on_the_other_kernels_or_on_its_values():
    rng = np.random.default_rng(0)
    alone = criteria.random({"b": np.zeros((3, 2))}, seed=1)["b"]
    among = criteria.random({"a": rng.normal(size=9), "b": rng.normal(size=(3, 2))}, seed=1)["b"]
    np.testing.assert_array_equal(alone, among)


def test_random_scores_are_the_same_in_another_process():
    """Python salts `hash` anew in every process; a seed must not depend on it."""
    code = (
        "import numpy as np; from course_utils.criteria import random;"
        "print(random({'fc/kernel': np.zeros(3)}, 5)['fc/kernel'].tolist())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    here = criteria.random({"fc/kernel": np.zeros(3)}, 5)["fc/kernel"].tolist()
    assert run.stdout.strip() == str(here)


@pytest.mark.parametrize("criterion", CRITERIA.values(), ids=CRITERIA)
@pytest.mark.parametrize(
    ("weights", "error", "words"),
    [
        (np.ones(3), TypeError, "must be a dictionary such as"),
        ([np.ones(3)], TypeError, "must be a dictionary such as"),
        ({}, ValueError, "weights is an empty dictionary"),
        ({"fc/kernel": np.array([np.nan])}, ValueError, "fc/kernel must be finite"),
        ({"fc/kernel": np.array([1j])}, TypeError, "fc/kernel must hold real numbers"),
        ({"fc/kernel": np.array([True])}, TypeError, "looks like a mask"),
        ({"fc/kernel": 3.0}, ValueError, "fc/kernel must be an array"),
        ({"fc/kernel": np.ones((2, 0))}, ValueError, "fc/kernel is empty"),
    ],
)
def test_what_holds_no_weights_is_refused_by_the_name_of_its_kernel(
    criterion, weights, error, words
):
    with pytest.raises(error, match=words):
        criterion(weights)


@pytest.mark.parametrize("seed", [-1, 1.5, None, "0"])
def test_a_seed_is_a_whole_number_and_the_message_says_so(seed):
    with pytest.raises((TypeError, ValueError), match="seed"):
        criteria.random({"W": np.ones(2)}, seed)


# -------------------------------------------------------------------------------------------- LAMP


def lamp_one_by_one(W: np.ndarray) -> np.ndarray:
    """The paper's score: w² over the sum of the squares of all that stand no earlier in order.

    Written as a double loop: of two weights of one size the first stands earlier.
    """
    flat = W.ravel().tolist()
    scores = []
    for u, w in enumerate(flat):
        later = [x for v, x in enumerate(flat) if (abs(x), v) >= (abs(w), u)]
        total = sum(x * x for x in later)
        scores.append(w * w / total if total else 0.0)
    return np.array(scores).reshape(W.shape)


@given(arrays(np.float64, array_shapes(max_dims=3, max_side=5), elements=SMALL))
def test_lamp_is_the_formula_of_its_paper(W):
    np.testing.assert_allclose(criteria.lamp({"W": W})["W"], lamp_one_by_one(W), rtol=1e-12)


def test_lamp_by_hand():
    weights = {"a": np.array([1.0, 2.0, -2.0, 4.0]), "b": np.array([[0.0], [-3.0]])}
    scores = criteria.lamp(weights)
    assert scores["a"].tolist() == [1 / 25, 4 / 24, 4 / 20, 1]
    assert scores["b"].tolist() == [[0], [1]]


@given(arrays(np.float64, st.integers(1, 20), elements=SMALL))
def test_lamp_orders_a_kernel_by_magnitude(W):
    by_lamp, by_size = (
        criterion({"W": W})["W"] for criterion in (criteria.lamp, criteria.magnitude)
    )
    assert (
        np.argsort(by_lamp, kind="stable").tolist() == np.argsort(by_size, kind="stable").tolist()
    )


@given(KERNELS)
def test_lamp_scores_lie_in_0_to_1_and_the_largest_weight_of_a_kernel_scores_1(W):
    scores = criteria.lamp({"W": W})["W"]
    assert scores.dtype == np.float64
    assert 0 <= scores.min()
    assert scores.max() == (1 if W.any() else 0)
    assert scores[np.abs(W) == np.abs(W).max()].max() == scores.max()
    order = np.argsort(np.abs(W), axis=None, kind="stable")
    assert (np.diff(scores.ravel()[order]) >= 0).all()


@given(arrays(np.float64, st.integers(1, 20), elements=SMALL), st.integers(-200, 200))
def test_the_scale_of_a_kernel_does_not_matter_to_lamp(W, exponent):
    one, other = criteria.lamp({"W": W}), criteria.lamp({"W": 2.0**exponent * W})
    np.testing.assert_array_equal(one["W"], other["W"])


@given(
    st.lists(arrays(np.float64, st.integers(1, 6), elements=st.floats(0.01, 100)), min_size=2),
    st.floats(0, 1),
)
def test_lamp_starves_no_kernel_even_without_a_floor(kernels, share):
    weights = {str(place): W for place, W in enumerate(kernels)}
    size = sum(W.size for W in kernels)
    masks = masking.make_masks(criteria.lamp(weights), share, min_kept=0)
    if round(share * size) <= size - len(weights):
        assert all(mask.any() for mask in masks.values())


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_squares_of_tiny_and_huge_weights_neither_vanish_nor_overflow(scale):
    with np.errstate(all="raise"):
        scores = criteria.lamp({"W": scale * np.array([3.0, -4.0])})["W"]
    np.testing.assert_allclose(scores, [0.36, 1])


@pytest.mark.parametrize(
    ("values", "dtype"), [([45000, -60000], "float16"), ([-96, 127 + 1 - 256], "int8")]
)
def test_lamp_of_narrow_types_is_taken_in_float64(values, dtype):
    with np.errstate(all="raise"):
        scores = criteria.lamp({"W": np.array(values, dtype)})["W"]
    np.testing.assert_allclose(scores, [0.36, 1], rtol=1e-3)


# ---------------------------------------------------------- gradients, curvature, inputs: oracles


@given(arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 4)), elements=SMALL))
def test_gradient_is_the_size_of_what_was_measured(G):
    np.testing.assert_array_equal(criteria.gradient({"W": G})["W"], np.abs(G))


def without(W: np.ndarray, index: tuple[int, ...]) -> np.ndarray:
    W = W.copy()
    W[index] = 0
    return W


def single_changes(W: np.ndarray, each: np.ndarray) -> np.ndarray:
    """Changes of the losses of single examples, each linear in W, without one weight at a time."""
    changes = np.empty(each.shape)
    for index in np.ndindex(W.shape):
        less = without(W, index)
        changes[(slice(None), *index)] = [(G * less).sum() - (G * W).sum() for G in each]
    return changes


def test_scores_are_true_changes_where_the_loss_of_every_example_is_linear():
    """Taylor averages the changes' sizes, the first order their values, Fisher their squares."""
    rng = np.random.default_rng(0)
    W, each = rng.normal(size=(3, 4)), rng.normal(size=(5, 3, 4))
    changes = single_changes(W, each)
    for scores, expected in (
        (criteria.taylor({"W": W}, {"W": np.abs(each).mean(axis=0)}), np.abs(changes).mean(axis=0)),
        (criteria.first_order({"W": W}, {"W": each.mean(axis=0)}), np.abs(changes.mean(axis=0))),
        (criteria.obd({"W": W}, {"W": (each**2).mean(axis=0)}), 0.5 * (changes**2).mean(axis=0)),
    ):
        np.testing.assert_allclose(scores["W"], expected, rtol=1e-12)


def test_taylor_does_not_take_the_gradients_of_the_mean_loss():
    G = {"fc": np.array([0.5, 0.0]), "out": np.array([0.2, -1e-9])}
    with pytest.raises(ValueError, match=r"gradients of out .* reduce=\"size\".*first_order"):
        criteria.taylor({"fc": np.ones(2), "out": np.ones(2)}, G)


def test_obd_is_the_true_change_of_a_quadratic_loss_at_its_minimum():
    rng = np.random.default_rng(0)
    W, H = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))  # a saddle: some changes are gains

    def loss(V: np.ndarray) -> float:
        return 2 + 0.5 * (H * (V - W) ** 2).sum()

    scores = criteria.obd({"W": W}, {"W": H})["W"]
    for index in np.ndindex(W.shape):
        assert scores[index] == pytest.approx(loss(without(W, index)) - loss(W))


def test_a_negative_curvature_goes_first():
    scores = criteria.obd({"W": np.array([0.1, 9.0, 1.0])}, {"W": np.array([1.0, -1.0, 1.0])})
    assert masking.make_masks(scores, 1 / 3)["W"].tolist() == [True, False, True]


def test_first_order_is_the_gradient_with_respect_to_gates_as_snip_has_it():
    """A gate c on every weight of a small network, moved a little up and down."""
    rng = np.random.default_rng(0)
    x, W = rng.normal(size=(5, 3)), {"a": rng.normal(size=(3, 4)), "b": rng.normal(size=(4, 2))}

    def loss(gates: dict[str, np.ndarray]) -> float:
        return (np.tanh(x @ (gates["a"] * W["a"])) @ (gates["b"] * W["b"])).sum()

    slopes = {name: np.empty(V.shape) for name, V in W.items()}
    for name, V in W.items():
        for index in np.ndindex(V.shape):
            up, down = ({key: np.ones(A.shape) for key, A in W.items()} for _ in range(2))
            up[name][index], down[name][index] = 1 + 1e-5, 1 - 1e-5
            slopes[name][index] = (loss(up) - loss(down)) / 2e-5

    hidden = np.tanh(x @ W["a"])
    backwards = (1 - hidden**2) * W["b"].sum(axis=1)
    gradients = {"a": x.T @ backwards, "b": np.repeat(hidden.sum(axis=0)[:, None], 2, axis=1)}
    for name, scores in criteria.first_order(W, gradients).items():
        np.testing.assert_allclose(scores, np.abs(slopes[name]), rtol=1e-6, atol=1e-9)


def test_wanda_is_how_far_a_layers_output_moves_without_the_weight():
    rng = np.random.default_rng(0)
    x, W = rng.normal(size=(20, 3)), rng.normal(size=(3, 4))
    norms = np.linalg.norm(x, axis=0)[:, None]
    scores = criteria.wanda({"fc": W}, {"fc": norms})["fc"]
    for index in np.ndindex(W.shape):
        moved = np.linalg.norm(x @ W - x @ without(W, index))
        assert scores[index] == pytest.approx(moved)


@pytest.mark.parametrize("shape", [(1, 1, 4, 1), (3, 3, 4, 1), (1, 1, 1, 1), (3, 3, 4, 2)])
def test_norms_spread_over_a_convolutions_kernel(shape):
    rng = np.random.default_rng(0)
    W, norms = rng.normal(size=(3, 3, 4, 2)), rng.random(shape)
    scores = criteria.wanda({"conv": W}, {"conv": norms})["conv"]
    assert scores.shape == W.shape
    for index in np.ndindex(W.shape):
        place = tuple(i if length > 1 else 0 for i, length in zip(index, shape, strict=True))
        assert scores[index] == abs(W[index]) * norms[place]


@pytest.mark.parametrize(("criterion", "name"), PAIRED.values(), ids=PAIRED)
def test_products_of_float16_neither_overflow_nor_vanish(criterion, name):
    """A loss scaled for half precision has large gradients, one that is averaged small ones."""
    for w, m in ((1000.0, 1000.0), (0.0005, 0.0005)):
        arrays = [{"W": np.array([value, 0], np.float16)} for value in (w, m)]
        with np.errstate(over="raise"):
            scores = criterion(*arrays)["W"]
        assert np.isfinite(scores).all()
        assert scores[0] > 0


@pytest.mark.parametrize(("criterion", "name"), PAIRED.values(), ids=PAIRED)
def test_what_was_measured_may_come_in_another_order_and_is_not_touched(criterion, name):
    rng = np.random.default_rng(0)
    weights = {"a": rng.normal(size=(2, 3)), "b": rng.normal(size=(3, 2))}
    measured = {"b": rng.random((3, 2)), "a": rng.random((2, 3))}
    for A in (*weights.values(), *measured.values()):
        A.setflags(write=False)
    scores = criterion(weights, measured)
    assert list(scores) == ["a", "b"]
    same_order = criterion(weights, {"a": measured["a"], "b": measured["b"]})
    for key, S in scores.items():
        S[...] = S + 0.0  # an array of its own, to be written into
        np.testing.assert_allclose(S, same_order[key], rtol=1e-12)


@pytest.mark.parametrize(("criterion", "name"), PAIRED.values(), ids=PAIRED)
@pytest.mark.parametrize(
    ("measured", "error", "words"),
    [
        (np.ones((2, 3)), TypeError, "{name} must be a dictionary"),
        ({}, ValueError, "{name} is an empty dictionary"),
        ({"other": np.ones((2, 3))}, ValueError, "{name} must have the same names as weights"),
        ({"fc": np.ones(3)}, ValueError, r"{name} of fc has shape \(3,\); its weights have"),
        ({"fc": np.ones((3, 2))}, ValueError, r"{name} of fc has shape \(3, 2\)"),
        ({"fc": np.array([[np.nan]])}, ValueError, "{name} of fc must be finite"),
        ({"fc": np.array([[True]])}, TypeError, "{name} of fc must hold real numbers"),
    ],
)
def test_what_was_measured_of_other_weights_is_refused_by_name(
    criterion, name, measured, error, words
):
    with pytest.raises(error, match=words.format(name=name)):
        criterion({"fc": np.ones((2, 3))}, measured)


def test_gradients_that_are_no_dictionary_are_called_gradients():
    with pytest.raises(TypeError, match="gradients must be a dictionary"):
        criteria.gradient(np.ones(3))
    with pytest.raises(ValueError, match="gradients is an empty dictionary"):
        criteria.gradient({})
