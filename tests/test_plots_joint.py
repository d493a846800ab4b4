"""Figures of lesson 14: what is drawn carries the right numbers, and the axes say what they are."""

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")


from course_utils.lessons import plots

pytestmark = pytest.mark.usefixtures("clean_figures")


def texts(labels):
    return [label.get_text() for label in labels]


def test_a_codebook_has_a_line_for_each_value():
    kept = np.random.default_rng(0).normal(size=100)
    ax = plots.codebook(kept, [-1.0, 0.5])
    assert [line.get_xdata()[0] for line in ax.lines] == [-1.0, 0.5]
    assert sum(bar.get_height() for bar in ax.patches) == 100
    assert ax.get_title() == "2 shared values"
    assert ax.get_legend() is None  # it would hide lines


def test_stages_are_stacked_in_kilobytes_with_their_notes():
    parts = {"pruned": {"gaps": 2000, "values": 8000}, "shared": {"gaps": 2000, "values": 1000}}
    ax = plots.stages(parts, {"shared": ", error 1.0 %"})
    bars = [[(bar.get_x(), bar.get_width()) for bar in group] for group in ax.containers]
    assert bars == [[(0, 2), (0, 2)], [(2, 8), (2, 1)]]
    assert texts(ax.get_yticklabels()) == ["pruned", "shared"]
    assert {" 10.0 kB", " 3.0 kB, error 1.0 %"} <= set(texts(ax.texts))
    assert ax.yaxis_inverted()
    assert texts(ax.get_legend().get_texts()) == ["gaps", "values"]
