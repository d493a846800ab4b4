"""Figures of lesson 16: the best so far, the front, and how long things took."""

import math

import matplotlib as mpl
import pytest

mpl.use("Agg")


from course_utils.lessons import plots

pytestmark = pytest.mark.usefixtures("clean_figures")


def test_the_best_so_far_never_falls_and_skips_nan():
    ax = plots.best_so_far({"search": [0.5, math.nan, 0.3, 0.9], "random": [0.2]})
    dots, stairs = ax.lines[:2]
    assert list(stairs.get_data()[1]) == [0.5, 0.5, 0.5, 0.9]
    assert list(dots.get_data()[0]) == [1, 2, 3, 4]
    assert [text.get_text() for text in ax.get_legend().texts] == ["search", "random"]


def test_durations_stand_in_their_order_with_their_numbers():
    ax = plots.durations({"sort": 0.012, "scan": 1.5, "retrain": 83})
    assert [bar.get_width() for bar in ax.patches] == [0.012, 1.5, 83]
    assert [text.get_text() for text in ax.texts] == ["12.0 ms", "1.5 s", "83.0 s"]
    assert ax.get_xscale() == "log"
    assert ax.yaxis_inverted()
    assert ax.get_xlim()[0] == pytest.approx(0.01)


def test_rounds_that_stayed_are_joined_and_the_others_crossed():
    points = [(0.5, 0.98, True), (0.9, 0.9, False), (0.8, 0.975, True)]
    ax = plots.rounds(points, (0.975, 0.98))
    stayed, back = ax.lines
    assert [tuple(map(float, p)) for p in zip(*stayed.get_data(), strict=True)] == [
        (0.5, 0.98),
        (0.8, 0.975),
    ]
    assert list(back.get_data()[0]) == [0.9]
    assert ax.get_xlim()[1] > 0.9
