"""Figures of lesson 12: every layer has its place, its arrows and the marks of its groups."""

import itertools

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.colors import to_rgba

from course_utils import models, structure
from course_utils.backend import keras
from course_utils.lessons import plots

pytestmark = pytest.mark.usefixtures("clean_figures")


SKIP = [
    ("input", "stem", np.array([0])),
    ("stem", "one", np.array([1, 2])),
    ("one", "two", np.array([3, 4])),
    ("two", "add", np.array([1, 2])),
    ("stem", "add", np.array([1, 2])),
    ("add", "concat", np.array([1, 2])),
    ("one", "concat", np.array([3, 4])),
    ("concat", "end", np.array([1, 2, 3, 4])),
]
GROUPS = {"A": [1, 2], "B": [3, 4]}


def names_and_places(ax):
    return {text.get_text(): text.get_position() for text in ax.texts if len(text.get_text()) > 1}


def boxes(ax):
    """The outlines of the boxes, as their extents."""
    drawn = [p for p in ax.patches if isinstance(p, plt.Rectangle) and p.get_linewidth() > 1.5]
    return [p.get_bbox() for p in drawn]


def arrow_ends(ax):
    return [text.xy for text in ax.texts if getattr(text, "arrow_patch", None) is not None]


def test_every_layer_stands_below_all_that_feed_it():
    places = names_and_places(plots.layer_graph(SKIP))
    assert set(places) == {"input", "stem", "one", "two", "add", "concat", "end"}
    assert all(places[start][1] < places[end][1] for start, end, _ in SKIP)


def test_every_edge_ends_in_an_arrow_at_the_layer_that_it_feeds():
    ax = plots.layer_graph(SKIP)
    places = names_and_places(ax)
    ends = sorted((round(x, 3), round(y + 0.28, 3)) for x, y in arrow_ends(ax))
    assert ends == sorted((round(places[e][0], 3), float(places[e][1])) for _, e, _ in SKIP)


@pytest.mark.parametrize("groups", [None, GROUPS])
def test_no_two_boxes_overlap_and_all_are_inside(groups):
    ax = plots.layer_graph(SKIP, groups)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes(ax), 2))
    (left, right), (low, high) = ax.get_xlim(), sorted(ax.get_ylim())
    assert all(left <= b.x0 and b.x1 <= right and low <= b.y0 and b.y1 <= high for b in boxes(ax))


def test_a_long_edge_passes_beside_the_boxes_not_through_them():
    ax = plots.layer_graph(SKIP)
    bends = [point for line in ax.lines for point in line.get_xydata()[1:]]
    assert bends
    assert not any(box.contains(*point) for point in bends for box in boxes(ax))


def test_a_layer_has_a_letter_for_each_group_that_flows_out_of_it():
    ax = plots.layer_graph(SKIP, GROUPS)
    places = names_and_places(ax)
    letters = [(t.get_text(), t.get_position()[1]) for t in ax.texts if len(t.get_text()) == 1]
    by_level = {
        name: sorted(letter for letter, y in letters if y == place[1])
        for name, place in places.items()
        if name in ("input", "stem", "add", "concat", "end")
    }
    assert by_level == {"input": [], "stem": ["A"], "add": ["A"], "concat": ["A", "B"], "end": []}


def test_groups_are_told_apart_by_letter_and_by_colour():
    ax = plots.layer_graph(SKIP, GROUPS)
    tags = {to_rgba(patch.get_facecolor()) for patch in ax.patches if patch.get_linewidth() == 0}
    assert tags == {to_rgba(plots.BLUE), to_rgba(plots.ORANGE)}


def test_the_edges_of_a_real_model_are_drawn():
    channels = structure.channel_groups(models.lenet5())
    groups = {letter: g.channels for letter, g in zip("ABC", channels.groups.values(), strict=True)}
    ax = plots.layer_graph(channels.edges, groups)
    assert [t.get_text() for t in ax.texts if len(t.get_text()) == 1] == list("AABBBC")
    ax.figure.canvas.draw()


def test_a_deep_graph_with_many_branches_is_drawn_without_overlap():
    model = keras.applications.ResNet50(weights=None, input_shape=(32, 32, 3))
    ax = plots.layer_graph(structure.channel_groups(model).edges)
    extents = np.array([[b.x0, b.y0, b.x1, b.y1] for b in boxes(ax)])
    assert len(extents) > 150
    assert len(np.unique(extents, axis=0)) == len(extents)


def test_ids_stand_in_rows_with_their_place_counted_from_0():
    ax = plots.id_rows({"a": [1, 2], "flatten": [1, 2, 1, 2]})
    texts = {t.get_position(): t.get_text() for t in ax.texts}
    assert texts == {
        (0, 0): "1", (1, 0): "2", (0, 1): "1", (1, 1): "2", (2, 1): "1", (3, 1): "2",
    }  # fmt: skip
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "flatten"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0", "1", "2", "3"]
    assert ax.yaxis_inverted()


def test_equal_ids_have_equal_colours_and_different_ones_of_six_do_not():
    ax = plots.id_rows({"a": [1, 2, 3, 4, 5, 6, 1]})
    colours = [patch.get_facecolor() for patch in ax.patches]
    assert colours[0] == colours[6]
    assert len(set(colours)) == 6


def test_with_groups_an_id_has_the_colour_that_its_group_has_in_the_graph():
    ax = plots.id_rows({"a": [1, 2], "b": [7]}, {"A": [1, 2], "B": [7]})
    first, second, third = (patch.get_facecolor() for patch in ax.patches)
    assert first == second == to_rgba(plots.COLOURS[0])
    assert third == to_rgba(plots.COLOURS[1])
