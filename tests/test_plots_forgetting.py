"""Figures of lesson 19: what is drawn carries the right numbers, and the axes say what they are."""

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")


from course_utils.lessons import forgetting, plots

pytestmark = pytest.mark.usefixtures("clean_figures")


def test_each_class_has_a_mark_with_its_interval_for_each_network():
    ax = plots.by_class({"dense": ([0.0, 0.1], [0.1, 0.2], [0.3, 0.3]), "pruned": ([0.1] * 2,) * 3})
    dense, pruned = ax.containers
    assert dense.lines[0].get_ydata().tolist() == [0.1, 0.2]
    ends = [segment[:, 1].tolist() for segment in dense.lines[2][0].get_segments()]
    assert np.array(ends) == pytest.approx(np.array([[0, 0.3], [0.1, 0.3]]))
    assert (dense.lines[0].get_xdata() < pruned.lines[0].get_xdata()).all()
    assert np.round(dense.lines[0].get_xdata()).tolist() == [0, 1]
    assert ax.get_ylim()[0] == 0


def test_reliability_is_accuracy_over_confidence_beside_the_diagonal():
    p = np.array([[0.9, 0.1]] * 9 + [[0.6, 0.4]])
    found = forgetting.reliability(p, np.zeros(10, int), bins=2)
    found += forgetting.reliability(np.array([[0.4, 0.3, 0.3]]), [1], bins=2)
    ax = plots.reliability({"net": found})
    diagonal, drawn = ax.lines
    assert diagonal.get_xydata().tolist() == [[0, 0], [1, 1]]
    np.testing.assert_allclose(drawn.get_xydata(), [[0.87, 1.0], [0.4, 0.0]])
    many, one = ax.collections[0].get_sizes()
    assert many > 3 * one


def test_rows_of_digits_lie_one_below_the_other_under_their_names():
    x = np.random.default_rng(0).random((3, 4, 4, 1))
    ax = plots.digit_rows({"clean": x, "worse": x[:2]})
    drawn = np.asarray(ax.images[0].get_array())
    assert drawn.shape == (2 * 6, 3 * 6)
    np.testing.assert_array_equal(drawn[1:5, 7:11], x[1, ..., 0])
    np.testing.assert_array_equal(drawn[7:11, 1:5], x[0, ..., 0])
    assert (drawn[6:, 12:] == 0).all()
    assert [t.get_text() for t in ax.get_yticklabels()] == ["clean", "worse"]
