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
CRITERIA = {"magnitude": criteria.magnitude, "random": lambda W: criteria.random(W, seed=0)}


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
    np.testing.assert_array_equal(by_criterion, operators.threshold_mask(W, theta))


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
