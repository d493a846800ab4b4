"""Calibration against scikit-learn, against a plain loop, and against what must always hold."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sizes import few
from sklearn.calibration import calibration_curve

from course_utils.lessons import forgetting

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import what_it_forgot


def answers(seed, n=400, classes=5, sharp=2.0):
    """Probabilities from random logits, and labels drawn from a blurred version of them."""
    rng = np.random.default_rng(seed)
    logits = sharp * rng.normal(size=(n, classes))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    drawn = [rng.choice(classes, p=0.7 * row + 0.3 / classes) for row in p]
    return p, np.array(drawn)


SEEDS, BINS = st.integers(0, 10_000), st.integers(1, 20)


def loop_ece(p, labels, bins):
    """Guo et al.'s equation 3, one bin after the other."""
    total, confidence, right = 0.0, p.max(axis=1), p.argmax(axis=1) == labels
    for m in range(1, bins + 1):
        inside = [i for i, c in enumerate(confidence) if (m - 1) / bins < c <= m / bins]
        if inside:
            gap = abs(np.mean(right[inside]) - np.mean(confidence[inside]))
            total += len(inside) / len(p) * gap
    return total


def test_a_certain_and_wrong_answer_is_dear_but_not_infinite():
    p = np.array([[1.0, 0.0]], np.float32)
    assert what_it_forgot.nll(p, [1]) == pytest.approx(-np.log(np.finfo(np.float32).eps))


@pytest.mark.parametrize("bins", [5, 10, 15])
def test_the_bins_are_those_of_scikit_learn(bins):
    p, labels = answers(1, n=398)
    right = (p.argmax(axis=1) == labels).astype(int)
    accuracy, confidence = calibration_curve(right, p.max(axis=1), n_bins=bins)
    found = forgetting.reliability(p, labels, bins)
    np.testing.assert_allclose([b.accuracy for b in found], accuracy)
    np.testing.assert_allclose([b.confidence for b in found], confidence)
    assert sum(b.count for b in found) == len(p)


@given(SEEDS, BINS)
def test_the_error_is_that_of_a_plain_loop(seed, bins):
    p, labels = answers(seed, n=60)
    assert forgetting.ece(p, labels, bins) == pytest.approx(loop_ece(p, labels, bins))


@given(SEEDS, BINS)
def test_the_error_lies_between_the_one_bin_gap_and_one_whatever_the_order(seed, bins):
    p, labels = answers(seed, n=60)
    found = forgetting.ece(p, labels, bins)
    gap = abs(p.max(axis=1).mean() - np.mean(p.argmax(axis=1) == labels))
    assert gap - 1e-12 <= found <= 1
    order = np.random.default_rng(seed).permutation(60)
    assert forgetting.ece(p[order], labels[order], bins) == pytest.approx(found)


@given(SEEDS, BINS)
def test_every_answer_is_in_one_bin_and_within_its_edges(seed, bins):
    p, labels = answers(seed, n=60)
    found = forgetting.reliability(p, labels, bins)
    assert sum(b.count for b in found) == 60
    assert len(found) <= bins
    assert all(b.low - 1e-12 <= b.confidence <= b.high + 1e-12 for b in found)
    assert [b.low for b in found] == sorted(b.low for b in found)


def test_a_network_that_says_how_often_it_is_right_has_no_error():
    p = np.tile([0.75, 0.25], (8, 1))
    assert forgetting.ece(p, np.array([0, 0, 0, 1] * 2)) == pytest.approx(0)
    assert forgetting.ece(p, np.zeros(8, int)) == pytest.approx(0.25)


def test_chance_alone_makes_an_error_that_falls_with_the_root_of_the_answers():
    few, many = (
        forgetting.ece_if_calibrated(answers(3, n=n)[0], draws=40).mean() for n in (200, 3200)
    )
    assert 0 < many < few
    assert 2.5 < few / many < 6  # the root of 16


def test_what_was_drawn_from_the_probabilities_has_the_error_of_chance():
    rng = np.random.default_rng(0)
    p, _ = answers(4, n=3000)
    labels = np.array([rng.choice(5, p=row) for row in p])
    chance = forgetting.ece_if_calibrated(p, draws=100)
    assert chance.min() <= forgetting.ece(p, labels) <= chance.max()
    wrong = answers(4, n=3000)[1]
    assert forgetting.ece(p, wrong) > chance.max()


@given(SEEDS, st.floats(0.25, 4))
def test_a_temperature_changes_no_answer_and_is_undone_by_its_inverse(seed, temperature):
    p, _ = answers(seed, n=20)
    warm = what_it_forgot.at_temperature(p, temperature)
    np.testing.assert_allclose(warm.sum(axis=1), 1)
    assert (warm.argmax(axis=1) == p.argmax(axis=1)).all()
    np.testing.assert_allclose(what_it_forgot.at_temperature(warm, 1 / temperature), p, rtol=1e-6)
    lower, higher = sorted((warm.max(), p.max()))
    assert (warm.max() == lower) == (temperature >= 1) or np.isclose(lower, higher)


@pytest.mark.parametrize("true", few([0.4, 1.0, 1.7, 3.0], 0.4, 3.0))
def test_the_best_temperature_finds_the_one_that_was_put_in(true):
    rng = np.random.default_rng(5)
    p, _ = answers(5, n=20_000, classes=3)
    labels = (rng.random((len(p), 1)) > np.cumsum(p, axis=1)).sum(axis=1).clip(0, 2)
    warm = what_it_forgot.at_temperature(p, 1 / true)
    assert what_it_forgot.best_temperature(warm, labels) == pytest.approx(true, rel=0.05)


def test_the_best_temperature_is_never_worse_than_none():
    p, labels = answers(6)
    T = what_it_forgot.best_temperature(p, labels)
    best = what_it_forgot.nll(what_it_forgot.at_temperature(p, T), labels)
    assert best <= what_it_forgot.nll(p, labels)
    for near in (0.97 * T, 1.03 * T):
        assert best <= what_it_forgot.nll(what_it_forgot.at_temperature(p, near), labels)


def test_probabilities_that_underflowed_to_zero_survive_a_temperature():
    p = np.array([[1.0, 0.0, 0.0]], np.float32)
    assert np.isfinite(what_it_forgot.at_temperature(p, 2.0)).all()


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (([[2.0, -1.0]], [0]), ValueError, "softmax"),
        (([[0.5, 0.4]], [0]), ValueError, "sum to 1"),
        (([0.5, 0.5], [0]), ValueError, "images, classes"),
        (([[0.5, 0.5]], [0, 1]), ValueError, "was expected"),
        (([[0.5, 0.5]], [2]), ValueError, "up to 2"),
        (([[0.5, 0.5]], [-1]), ValueError, "at least 0"),
        (([[0.5, 0.5]], [0.0]), TypeError, "whole numbers"),
        (([[np.nan, 0.5]], [0]), ValueError, "finite"),
    ],
)
def test_what_is_no_answer_is_refused(arguments, error, said):
    for function in (forgetting.ece, forgetting.reliability):
        with pytest.raises(error, match=said):
            function(*arguments)


def test_unknown_bins_are_refused():
    p, labels = answers(0, n=10)
    with pytest.raises(ValueError, match="at least 1"):
        forgetting.ece(p, labels, bins=0)


def test_a_confidence_on_an_edge_belongs_to_the_bin_below():
    p = np.array([[0.75, 0.25, 0.0], [0.5, 0.25, 0.25]])
    found = forgetting.reliability(p, [0, 0], bins=4)
    assert [(one.low, one.high, one.count) for one in found] == [(0.25, 0.5, 1), (0.5, 0.75, 1)]
