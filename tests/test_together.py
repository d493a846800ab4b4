"""Channels to click on: what goes together is right, drawn, and lit where a person looks."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from course_utils import models, structure
from course_utils.lessons import together
from course_utils.lessons.plots.style import GREY, LIGHT, ORANGE


@pytest.fixture(scope="module")
def channels():
    return structure.channel_groups(models.residual_cnn())


def counts(found):
    return {name: (int(reads.sum()), int(gives.sum())) for name, (reads, gives) in found.items()}


def test_a_group_lights_what_makes_passes_and_reads_it(channels):
    found = together.goes_with(channels, "stem")
    expected = {"stem": (0, 16), "conv_b": (0, 16), "norm": (16, 16), "add": (32, 16)}
    assert counts(found) == expected | {"depth": (16, 16), "point": (16, 0), "conv_a": (16, 0)}
    assert list(found) == ["stem", "conv_a", "conv_b", "norm", "add", "depth", "point"]


@pytest.mark.parametrize("name", ["stem", "conv_a", "point", "side", "hidden"])
def test_what_lights_is_what_shrink_takes_away(channels, name):
    """Of the axis that each kernel reads with, and of the one that it makes with."""
    group, one = channels.groups[name], 3
    found = together.goes_with(channels, name, one)
    small, _ = structure.shrink(channels, masks={name: np.arange(len(group)) != one})
    for layer in channels.model.layers:
        reads, gives = found.get(layer.name, (np.zeros(1), np.zeros(1)))
        if hasattr(layer, "kernel") and layer.name != "depth":
            before, after = layer.kernel.shape, small.get_layer(layer.name).kernel.shape
            taken = np.subtract(before, after)[-2:].tolist()
            assert taken == [reads.sum(), gives.sum()], layer.name


def test_a_channel_is_found_at_every_place_behind_flatten(channels):
    reads, _ = together.goes_with(channels, "side", 2)["hidden"]
    assert np.array_equal(np.nonzero(reads)[0], 24 + 2 + 32 * np.arange(49))


def test_what_is_not_there_is_named(channels):
    with pytest.raises(KeyError, match=r"no layer 'stems' has channels; there are .*'stem'"):
        together.goes_with(channels, "stems")
    with pytest.raises(IndexError):
        together.goes_with(channels, "side", 8)


def drawn(ax, colour):
    return [p for p in ax.patches if to_hex(p.get_facecolor()).lower() == colour.lower()]


def test_it_draws_a_row_a_layer_and_lights_what_goes(channels, clean_figures):
    ax = together.draw_together(channels, "side", 2)
    texts = [text.get_text() for text in ax.texts]
    assert {"stem", "hidden", "reads", "gives", "1 of 8", "1 of 32", "49 of 1568"} <= {*texts}
    assert len(drawn(ax, ORANGE)) == 1 + 2 + 1 + 2 * 49  # side, concat, flatten, hidden
    assert len(drawn(ax, LIGHT)) == 12 + 11  # strips: the stem reads the image, which stays
    assert ax.get_title(loc="left") == "side, channel 2: all this goes"


def test_what_cannot_go_is_grey_and_says_why(channels, clean_figures):
    ax = together.draw_together(channels, "output")
    assert ax.get_title(loc="left") == "output, all channels: cannot go, an output of the model"
    assert not drawn(ax, ORANGE)
    assert len(drawn(ax, GREY)) == 1


def test_of_a_large_model_only_what_goes_is_drawn(channels, clean_figures, monkeypatch):
    monkeypatch.setattr(together, "_MOST", 5)
    ax = together.draw_together(channels, "stem")
    names = [text.get_text() for text in ax.texts if text.get_ha() == "right"]
    assert names == ["stem", "conv_a", "conv_b", "norm", "add"]
    assert ax.get_title(loc="left").endswith("(2 more layers)")


def test_a_click_lights_the_partners_and_the_slider_one_channel(channels, clean_figures):
    pytest.importorskip("ipywidgets")
    plt.switch_backend("agg")
    row, one, image = together._live_view(channels, "side", 2, b"").children
    buttons = {button.description: button for button in row.children}
    assert list(buttons) == ["stem", "conv_a", "conv_b", "point", "side", "hidden", "output"]
    assert one.value == 2
    seen = [image.value]

    def lit():
        seen.append(image.value)
        return [name for name, b in buttons.items() if b.style.button_color == ORANGE]

    assert lit() == ["side"]
    buttons["conv_b"].click()
    assert lit() == ["stem", "conv_b"]
    assert one.value == "all"
    one.value = 15
    assert lit() == ["stem", "conv_b"]
    assert len({*seen}) == 3
    assert plt.get_fignums() == []


def test_a_script_names_the_figure(capsys, clean_figures):
    together.clickable(models.lenet300())
    assert capsys.readouterr().out == "figure at layer=fc1, channel=all: it goes with fc1, fc2\n"


def test_the_live_part_is_made_only_where_a_person_looks(channels, monkeypatch, clean_figures):
    made, view = [], SimpleNamespace(model_id="1")
    monkeypatch.setattr(together, "_live_view", lambda *given: made.append(given[1:3]) or view)
    for live in ("", "1"):
        monkeypatch.setenv("COURSE_WIDGETS", live)
        together.clickable(channels, "side", 2)
    assert made == [("side", 2)]
