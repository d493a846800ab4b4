"""The picture of a scan: every layer has its curve from the baseline on, and its ring."""

import matplotlib as mpl
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt

from course_utils.lessons import plots

RESULTS = {"conv": {0.9: 0.5, 0.5: 0.9}, "fc": {0.5: 0.97, 0.9: 0.96}}


pytestmark = pytest.mark.usefixtures("clean_figures")


def test_curves_start_at_the_baseline_and_run_in_the_order_of_levels():
    ax = plots.sensitivity(RESULTS, baseline=0.98)
    curves = {line.get_label(): line.get_xydata().tolist() for line in ax.lines[1:]}
    assert curves == {
        "conv": [[0, 0.98], [0.5, 0.9], [0.9, 0.5]],
        "fc": [[0, 0.98], [0.5, 0.97], [0.9, 0.96]],
    }
    assert set(ax.lines[0].get_ydata()) == {0.98}
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["conv", "fc"]
    ax.figure.canvas.draw()


def test_a_ring_lies_on_its_curve_in_its_colour():
    ax = plots.sensitivity(RESULTS, 0.98, chosen={"conv": 0.7}, ax=plt.subplots()[1])
    _, conv, ring, fc = ax.lines
    assert ring.get_xydata().tolist() == [[0.7, pytest.approx(0.7)]]  # between 0.9 and 0.5
    assert ring.get_color() == conv.get_color() != fc.get_color()
    assert ring.get_fillstyle() == "none"


def test_layers_beyond_the_six_colours_still_differ():
    many = {f"layer{i}": {0.5: 0.9} for i in range(12)}
    ax = plots.sensitivity(many, 0.95)
    looks = {(line.get_color(), str(line._dash_pattern)) for line in ax.lines[1:]}
    assert len(looks) == 12
