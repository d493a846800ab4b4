"""What the figures that compare show: names at the ends of lines, differences, weights in time."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_utils.lessons import plots

pytestmark = pytest.mark.usefixtures("clean_figures")


def labels(ax):
    return {note.get_text(): note for note in ax.texts}


def test_labels_stand_at_the_ends_in_the_colours_of_their_lines_and_no_legend_is_left():
    ax = plots.label_ends(plots.curves({"low": [3, 1], "high": [2, 9]}))
    colours = {line.get_label(): line.get_color() for line in ax.get_lines()}
    assert {name: note.get_color() for name, note in labels(ax).items()} == colours
    assert labels(ax)["low"].xy[1] < labels(ax)["high"].xy[1]
    assert ax.get_legend() is None


@pytest.mark.parametrize("ends", [[5, 5, 5, 5], [9, 9, 9, 0], [0, 0, 1, 9]])
def test_labels_of_lines_that_end_together_stand_apart_inside_the_axes(ends):
    ax = plots.curves({str(place): [0, end] for place, end in enumerate(ends)})
    heights = sorted(note.xy[1] for note in labels(plots.label_ends(ax, gap=0.1)).values())
    assert np.diff(heights).min() >= 0.1 - 1e-9
    assert heights[0] >= -0.05
    assert heights[-1] <= 1.05


def test_a_line_that_has_no_name_gets_none():
    ax = plt.subplots()[1]
    ax.plot([1, 2], label="named")
    ax.plot([2, 1], label="_")
    assert set(labels(plots.label_ends(ax))) == {"named"}


def test_pairs_are_dots_around_a_mean_with_t_standard_errors():
    ax = plots.paired({"a": [1.0, 2.0, 3.0]}, t=4.3)
    (bar,) = ax.containers
    assert bar.lines[0].get_xdata() == pytest.approx([2.0])
    (segment,) = bar.lines[2][0].get_segments()
    assert segment[:, 0] == pytest.approx([2 - 4.3 / np.sqrt(3), 2 + 4.3 / np.sqrt(3)])
    assert any(list(line.get_xdata()) == [1.0, 2.0, 3.0] for line in ax.get_lines())
