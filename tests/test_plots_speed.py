"""Figures of lesson 13: what is drawn carries the right numbers, and the axes say what they are."""

import matplotlib as mpl
import pytest

mpl.use("Agg")


from course_utils.lessons import plots

pytestmark = pytest.mark.usefixtures("clean_figures")


def texts(labels):
    return [label.get_text() for label in labels]


def test_calls_are_drawn_in_order_with_the_median_of_each_name():
    ax = plots.in_order(["A", "B", "A", "B", "A"], [0.001, 0.005, 0.003, 0.007, 0.002])
    dots = [line.get_xydata().tolist() for line in ax.lines[::2]]
    assert dots == [[[1, 1], [3, 3], [5, 2]], [[2, 5], [4, 7]]]
    assert [line.get_ydata()[0] for line in ax.lines[1::2]] == [2, 6]
    assert ax.get_ylabel() == "milliseconds"
    assert ax.get_ylim()[0] == 0


def test_a_first_call_far_from_the_others_is_drawn_on_a_logarithmic_scale():
    ax = plots.in_order(["first", "others", "others"], [0.2, 0.011, 0.012], log=True)
    assert ax.get_yscale() == "log"
    low, high = ax.get_ylim()
    assert 5 < low < 11 < 200 < high < 400
    assert "100" in texts(ax.get_yticklabels())


def test_where_sparse_pays_is_below_one():
    ax = plots.break_even([0.01, 0.1, 0.5], {"small": [0.2, 0.9, 4], "large": [0.1, 0.6, 3]})
    assert [list(line.get_ydata()) for line in ax.lines[:2]] == [[0.2, 0.9, 4], [0.1, 0.6, 3]]
    assert ax.get_xscale() == ax.get_yscale() == "log"
    assert texts(ax.get_xticklabels()) == ["1 %", "10 %", "50 %"]
    assert ax.get_ylim()[0] <= 0.1
    assert {"0.1", "0.2", "0.5", "1", "2", "5"} <= {*texts(ax.get_yticklabels())}


def test_every_layer_has_a_bar_for_each_size_in_each_panel():
    costs = {"MACs": {"conv": (8, 2), "pool": (0, 0)}, "ms": {"conv": (3, 1), "pool": (1, 1)}}
    fig = plots.layers(costs, ["full", "half"])
    assert [ax.get_xlabel() for ax in fig.axes] == ["MACs", "ms"]
    widths = [[bar.get_width() for bar in ax.patches] for ax in fig.axes]
    assert widths == [[8, 0, 2, 0], [3, 1, 1, 1]]
    assert texts(fig.axes[0].get_yticklabels()) == ["conv", "pool"]
    assert texts(fig.axes[1].get_legend().get_texts()) == ["full", "half"]
    fig.canvas.draw()


def test_time_over_width_has_the_line_of_the_macs_to_its_last_point():
    ax = plots.over_width([8, 16, 32], [2, 3, 4])
    assert ax.lines[0].get_xydata().tolist() == [[0, 0], [32, 4]]
    assert list(ax.lines[1].get_ydata()) == [2, 3, 4]
    assert ax.get_xlim()[0] == ax.get_ylim()[0] == 0


def test_the_fast_and_the_small_have_colours_by_network_and_marks_by_precision():
    points = {"half, int8": (90_000, 2.0), "dense": (1_400_000, 12.0), "dense, int8": (350_000, 6)}
    ax = plots.size_and_speed(points, {name: f"{name}: 98 %" for name in points})
    dense, dense_int8, half = ax.lines  # the slowest first, as in the legend
    assert [list(line.get_xydata()[0]) for line in ax.lines] == [[1400, 12], [350, 6], [90, 2]]
    assert dense.get_color() == dense_int8.get_color() != half.get_color()
    assert dense.get_marker() != dense_int8.get_marker() == half.get_marker()
    entries = ["dense: 98 %", "dense, int8: 98 %", "half, int8: 98 %"]
    assert texts(ax.get_legend().get_texts()) == entries
    assert ax.get_xscale() == ax.get_yscale() == "log"
    assert "1,000" in texts(ax.get_xticklabels())
