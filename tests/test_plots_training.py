"""Figures of lessons 08 to 10: they carry the right numbers, and the axes say what they are."""

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")


from course_utils import schedules
from course_utils.lessons import plots

pytestmark = pytest.mark.usefixtures("clean_figures")


def test_a_schedule_is_drawn_step_by_step():
    ax = plots.schedule(schedules.one_shot(0.8, at=5), 10)
    x, y = ax.lines[0].get_data()
    assert list(x) == list(range(11))
    assert list(y) == [0.0] * 5 + [0.8] * 6
    assert ax.get_ylim() == (0, 1)


def test_losses_come_in_the_order_of_steps_with_a_line_at_each_cut():
    ax = plots.loss_by_step({20: 0.1, 0: 2.0, 10: 0.5}, [5, 15])
    assert [line.get_xdata()[0] for line in ax.lines[:2]] == [5, 15]
    assert [list(values) for values in ax.lines[2].get_data()] == [[0, 10, 20], [2.0, 0.5, 0.1]]
    assert ax.get_yscale() == "log"


def test_a_spread_shows_every_run_and_their_mean_the_first_name_on_top():
    ax = plots.spread({"a": [0.9, 0.94], "b": [0.5]})
    dots, mean = ax.lines[0].get_xdata(), ax.containers[0].lines[0].get_xdata()
    assert list(dots) == [0.9, 0.94]
    assert mean == pytest.approx([0.92])
    ends = ax.containers[0].lines[2][0].get_segments()[0][:, 0]
    assert ends == pytest.approx([0.92 - 0.028284, 0.92 + 0.028284], abs=1e-5)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["a", "b"]
    assert ax.yaxis_inverted()


def test_controls_are_grey():
    ax = plots.spread({"a": [0.9], "dense": [0.5]}, controls=["dense"])
    assert [c.lines[0].get_color() for c in ax.containers] == [plots.BLUE, plots.GREY]
    ax = plots.cost_and_worth({"a": ([1.0], [0.9]), "b": ([0.1], [0.8])}, controls=["b"])
    assert [c.lines[0].get_color() for c in ax.containers] == [plots.BLUE, plots.GREY]


def test_cost_is_on_a_logarithmic_scale_and_told_in_percent():
    ax = plots.cost_and_worth({"SET": ([0.02, 0.02], [0.9, 0.92]), "dense": ([1.0], [0.97])})
    assert ax.containers[0].lines[0].get_xydata()[0] == pytest.approx([0.02, 0.91])
    assert "2 %" in [text.get_text() for text in ax.get_xticklabels()]
    assert {text.get_text() for text in ax.texts} == {"SET", "dense"}


def test_equal_costs_stay_where_they_are_and_their_names_do_not_overlap():
    ax = plots.cost_and_worth({n: ([0.02], [0.9]) for n in "abc"} | {"d": ([0.3], [0.95])})
    assert [c.lines[0].get_xdata()[0] for c in ax.containers] == pytest.approx([0.02] * 3 + [0.3])
    heights = sorted(text.xyann[1] for text in ax.texts if text.get_text() in "abc")
    low, high = ax.get_ylim()
    assert np.diff(heights).min() > 0.05 * (high - low)


def test_a_controls_line_and_band_are_grey():
    runs = [[0.9, 0.8], [0.8, 0.7]]
    ax = plots.over_weights_left({"a": runs, "b": runs}, [1, 0.1], controls=["b"])
    assert [line.get_color() for line in ax.lines] == [plots.BLUE, plots.GREY]
    assert mpl.colors.same_color(ax.collections[1].get_facecolor()[0][:3], plots.GREY)


def test_few_weights_left_are_on_the_right():
    ax = plots.over_weights_left({"a": [0.9, 0.8, 0.7]}, [1, 0.1, 0.02])
    assert ax.xaxis_inverted()
    assert ax.get_xscale() == "log"
    assert list(ax.lines[0].get_ydata()) == [0.9, 0.8, 0.7]


def test_a_film_strip_has_a_map_for_each_frame_on_one_scale():
    frames = {f"step {i}": np.full((4, 4), i) for i in range(3)}
    fig = plots.film_strip({"SET": frames, "RigL": frames}, "connections")
    images = [image for ax in fig.axes for image in ax.get_images()]
    assert len(images) == 6
    assert len({image.get_clim() for image in images}) == 1
    assert [ax.get_ylabel() for ax in fig.axes if ax.get_ylabel()] == ["SET", "RigL", "connections"]
    np.testing.assert_array_equal(images[2].get_array(), frames["step 2"])
    fig.canvas.draw()


def test_rows_of_unequal_length_will_do():
    fig = plots.film_strip({"a": {"1": np.eye(2), "2": np.eye(2)}, "b": {"1": np.eye(2)}}, "n")
    fig.canvas.draw()
