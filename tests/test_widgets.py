"""The slider helper: a picture everywhere, a live slider where a person looks."""

import base64
import re
import subprocess
import sys

import matplotlib.pyplot as plt
import nbformat
import pytest
from notebook_run import execute

from course_utils.lessons import widgets

VIEW = "application/vnd.jupyter.widget-view+json"
DRAW = """
import os
os.environ["COURSE_WIDGETS"] = "{live}"
import matplotlib.pyplot as plt
from course_utils.lessons.widgets import slider

def draw(theta, k=1):
    if theta > 0.9:
        raise ValueError("theta > 0.9")
    figure, ax = plt.subplots(figsize=(2, 1))
    ax.set_title(f"{{theta}} {{k}}")
    ax.axhline(theta)
    return figure
"""
SLIDER = "slider(draw, theta=(0.0, 1.0, 0.1, 0.2), k=(1, 5, 1, 3))"
MOVE = """
from ipywidgets.widgets.widget import _instances
named = {type(widget).__name__: widget for widget in _instances.values()}
image, theta, message = named["Image"], named["FloatSlider"], named["HTML"]
seen = [image.value]
for theta.value in (0.1 + 0.2, 0.6):
    seen.append(image.value)
print(len(set(seen)), message.value == "")
theta.value = 1.0
print(message.value, image.value == seen[-1])
"""


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """One kernel for all: live, then without ipywidgets, then as where nobody looks."""
    hide = 'import sys; sys.modules["ipywidgets"] = None'
    alone = 'os.environ["COURSE_WIDGETS"] = ""'
    codes = [DRAW.format(live="1"), SLIDER, MOVE, hide, SLIDER, alone, SLIDER]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in codes])
    assert execute(notebook, tmp_path_factory.mktemp("notebook")) == ""
    return notebook.cells


def test_headless_notebook_shows_the_picture_alone(cells):
    [shown] = cells[6].outputs
    assert set(shown.data) == {"image/png", "text/plain"}
    assert shown.data["text/plain"] == "figure at theta=0.2, k=3"
    assert base64.b64decode(shown.data["image/png"]).startswith(b"\x89PNG")


def test_live_notebook_adds_a_slider_that_the_picture_follows(cells):
    [shown] = cells[1].outputs
    assert set(shown.data) == {"image/png", "text/plain", VIEW}
    assert cells[2].outputs[0].text == "3 True\nValueError: theta &gt; 0.9 True\n"


def test_without_ipywidgets_a_sentence_stands_beside_the_picture(cells):
    sentence, shown = cells[4].outputs
    assert sentence.name == "stdout"
    assert "sliders need ipywidgets" in sentence.text
    assert set(shown.data) == {"image/png", "text/plain"}


@pytest.fixture
def given():
    """Collect what `draw` was called with, and leave no figure open."""
    plt.switch_backend("agg")
    yield []
    assert plt.get_fignums() == []


def drawer(given):
    def draw(**values):
        given.append(values)
        return plt.subplots(figsize=(1, 1))[1]

    return draw


def test_script_names_the_figure_and_draws_with_the_starts(given, capsys):
    widgets.slider(drawer(given), k=(1, 5, 1, 3), theta=(0.0, 1.0, 0.05, 0.2))
    assert given == [{"k": 3, "theta": 0.2}]
    assert capsys.readouterr() == ("figure at k=3, theta=0.2\n", "")


def test_moving_gives_plain_rounded_values(given):
    ipywidgets = pytest.importorskip("ipywidgets")
    ranges = {"k": (1, 5, 1, 3), "theta": (0.0, 1.0, 0.05, 0.2)}
    k, theta = widgets._live_view(drawer(given), ranges, b"").children[:2]
    assert isinstance(k, ipywidgets.IntSlider)
    k.value, theta.value = 4, 0.1 + 0.2
    assert given[-1] == {"k": 4, "theta": 0.3}
    assert type(given[-1]["k"]) is int


@pytest.mark.parametrize(
    "bad", [(0, 1), (1, 0, 1, 0), (0, 1, 0, 0), (0, 1, 0.1, 2), [], {"low": 0}, 3]
)
def test_bad_range_is_refused_with_its_name(bad):
    message = "theta needs (low, high, step, start)"
    with pytest.raises(ValueError, match=re.escape(message) + ".*" + re.escape(repr(bad))):
        widgets.slider(drawer([]), theta=bad)


def test_no_range_is_refused():
    with pytest.raises(ValueError, match="at least one range"):
        widgets.slider(drawer([]))


def test_draw_that_returns_no_figure_is_refused():
    with pytest.raises(TypeError, match="must return a Matplotlib figure or axes; got None"):
        widgets.slider(lambda theta: None, theta=(0, 5, 1, 1))


def test_import_needs_no_tensorflow():
    code = "import sys, course_utils.lessons.widgets; sys.exit('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
