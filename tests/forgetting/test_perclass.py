"""Errors by class against scikit-learn, their intervals against the formula and against chance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, recall_score

from course_utils.lessons import forgetting

PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60)


@given(PAIRS)
def test_the_counts_are_those_of_scikit_learn(pairs):
    labels, predicted = np.array(pairs).T
    counts = forgetting.confusion(predicted, labels, classes=5)
    np.testing.assert_array_equal(counts, confusion_matrix(labels, predicted, labels=range(5)))
    assert counts.sum() == len(pairs)


@given(PAIRS)
def test_an_error_is_one_less_recall_and_unknown_where_a_class_has_no_image(pairs):
    labels, predicted = np.array(pairs).T
    errors = forgetting.class_errors(predicted, labels, classes=5)
    recall = recall_score(labels, predicted, labels=range(5), average=None, zero_division=np.nan)
    there = np.bincount(labels, minlength=5) > 0
    np.testing.assert_allclose(errors[there], 1 - recall[there])
    assert np.isnan(errors[~there]).all()


@given(PAIRS)
def test_errors_weighted_by_class_are_the_whole_error(pairs):
    labels, predicted = np.array(pairs).T
    errors = forgetting.class_errors(predicted, labels, classes=5)
    weights = np.bincount(labels, minlength=5) / len(labels)
    assert np.nansum(weights * errors) == pytest.approx(np.mean(predicted != labels))


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_that_of_wilson(pair):
    count, total = pair
    p, weight = count / total, 1.959963984540054**2 / total
    middle = (p + weight / 2) / (1 + weight)
    half = np.sqrt(p * (1 - p) * weight + weight**2 / 4) / (1 + weight)
    low, high = forgetting.wilson(count, total)
    assert (low, high) == pytest.approx((middle - half, middle + half), abs=1e-9)
    assert 0 <= low <= count / total <= high <= 1


def test_intervals_come_for_all_classes_at_once():
    low, high = forgetting.wilson([0, 5, 10], [10, 10, 10])
    assert low.shape == high.shape == (3,)
    assert low[1] + high[1] == pytest.approx(1)


@pytest.mark.parametrize("share", [0.02, 0.3])
def test_the_interval_holds_the_truth_about_95_times_in_100(share):
    seen = np.random.default_rng(0).binomial(400, share, 4000)
    counts, times = np.unique(seen, return_counts=True)
    low, high = forgetting.wilson(counts, 400)
    held = np.average((low <= share) & (share <= high), weights=times)
    assert held == pytest.approx(0.95, abs=0.02)


def test_what_cannot_be_counted_is_refused():
    with pytest.raises(ValueError, match="classes is 2"):
        forgetting.confusion([0, 2], [0, 1], classes=2)
    with pytest.raises(ValueError, match="was expected"):
        forgetting.class_errors([0, 1], [0], classes=2)
    with pytest.raises(TypeError, match="argmax"):
        forgetting.class_errors([0.5], [0])
    with pytest.raises(ValueError, match="greater than n"):
        forgetting.wilson(3, 2)
