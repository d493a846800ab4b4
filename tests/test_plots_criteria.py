"""Pictures of criteria: the correlation above each, ranks with ties, masks as they are."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_utils.lessons import plots


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_the_correlation_of_the_ranks_stands_above_each_panel():
    truth = np.array([1.0, 2, 3, 4])
    rows = {"early": {"same": (truth**3, truth), "reversed": (-truth, truth)}}
    fig = plots.predicted_and_true(rows)
    assert [ax.get_title() for ax in fig.axes] == ["same: 1.00", "reversed: -1.00"]
    assert fig.axes[0].get_ylabel() == "early"


def test_weights_that_do_nothing_are_black():
    fig = plots.predicted_and_true({"late": {"any": (np.arange(3.0), np.array([0.0, 2, 1]))}})
    blue, black = fig.axes[0].get_lines()[:2]
    assert (len(blue.get_xdata()), black.get_xydata().tolist()) == (2, [[0, 0]])
    assert black.get_color() == "black"


def test_ranks_are_those_of_a_loop_ties_included():
    values = np.random.default_rng(0).integers(0, 5, 40).astype(float)
    by_hand = [
        ((values < v).sum() + ((values == v).sum() - 1) / 2) / (len(values) - 1) for v in values
    ]
    fig = plots.predicted_and_true({"any": {"any": (values, values + 1)}})
    np.testing.assert_allclose(fig.axes[0].get_lines()[0].get_xdata(), by_hand)


def test_a_mask_is_drawn_as_it_is():
    mask = np.array([[True, False, True], [False, True, False]])
    fig = plots.small_masks({"one": mask, "other": ~mask})
    shown = [ax.images[0].get_array() for ax in fig.axes]
    np.testing.assert_array_equal(shown[0], mask)
    np.testing.assert_array_equal(shown[1], ~mask)
    assert [ax.get_title() for ax in fig.axes] == ["one", "other"]
