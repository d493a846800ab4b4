"""Pictures of scenes: every box, class and kind of mistake is drawn where it is."""

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.colors import to_rgb, to_rgba

from course_utils.lessons import plots
from course_utils.lessons.plots.pixels import TEN
from course_utils.lessons.tasks.boxes import Objects

IMAGES = np.zeros((2, 8, 8, 1))
PIXELS = np.array([[[0, 3], [3, 10]], [[0, 0], [1, 0]]])
THERE = Objects(
    np.array([0, 1, 5]), np.array([3, 7, 9]),
    np.array([[1, 2, 4, 6], [0, 0, 8, 8], [0, 0, 1, 1]], float), np.ones(3),
)  # fmt: skip


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def test_boxes_stand_around_their_pixels_and_beyond_the_row_there_are_none():
    ax = plots.boxes(IMAGES, {"there": THERE})
    drawn = {p.get_bbox().bounds for p in ax.patches if p.get_edgecolor() == to_rgba(plots.ORANGE)}
    # The second scene starts 8 pixels and a gap of 2 to the right; pixel 0 reaches from -0.5 on.
    assert drawn == {(1.5, 0.5, 4.0, 3.0), (9.5, -0.5, 8.0, 8.0)}
    assert [text.get_text() for text in ax.texts] == ["3", "7"]


def test_there_and_found_differ_in_more_than_colour():
    ax = plots.boxes(IMAGES, {"there": THERE, "found": THERE})
    keys = {t.get_text(): line for t, line in zip(
        ax.get_legend().get_texts(), ax.get_legend().get_lines(), strict=True
    )}  # fmt: skip
    assert keys["there"].get_linestyle() != keys["found"].get_linestyle()
    assert [text.get_text() for text in ax.texts] == ["3", "7", "3", "7"]
    # Above the same box one label stands at the left corner, the other at the right.
    assert [text.get_position() for text in ax.texts[::2]] == [(1.5, 0), (5.5, 0)]


def test_four_networks_stand_in_two_rows():
    runs = {"magnitude": np.ones((5, 2)), "chance": np.zeros((5, 2))}
    panels = {name: ([0, 0.5], runs) for name in "abcd"}
    for count, rows in ((1, 1), (2, 1), (3, 1), (4, 2)):
        fig = plots.by_share(dict([*panels.items()][:count]), "accuracy")
        assert len({ax.get_position().y0 for ax in fig.axes}) == rows
        assert [ax.get_title() for ax in fig.axes] == [*panels][:count]


def test_ten_digits_have_ten_colours_and_a_key():
    assert len(set(TEN)) == 10
    ax = plots.pixel_classes(PIXELS)
    image = ax.images[0]
    shown = image.cmap(image.norm(image.get_array()))[..., :3]
    np.testing.assert_allclose(shown[0, 1], to_rgb(TEN[2]))
    np.testing.assert_allclose(shown[1, 1], to_rgb(TEN[9]))
    np.testing.assert_allclose(shown[0, 0], 1)
    assert [t.get_text() for t in ax.get_legend().get_texts()] == [str(d) for d in range(10)]


def test_each_kind_of_mistake_has_its_colour():
    true, given = np.array([[[0, 3], [3, 3]]]), np.array([[[5, 3], [4, 0]]])
    ax = plots.pixels_judged(true, given)
    assert ax.images[0].get_array()[:, :2].tolist() == [[4, 1], [2, 3]]
    names = [t.get_text() for t in ax.get_legend().get_texts()]
    assert names == ["right digit", "wrong digit", "digit missed", "digit on background"]


def test_the_area_drawn_is_average_precision():
    """Right, wrong, right: the area worked by hand in test_average_precision is 5/6."""
    ax = plots.area_below_precision(np.array([1, 0.5, 2 / 3]), np.array([0.5, 0.5, 1.0]))
    values, edges, _ = ax.patches[0].get_data()
    assert np.sum(values * np.diff(edges)) == pytest.approx(5 / 6)
