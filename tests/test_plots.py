"""Figures: what is drawn carries the right numbers, on any axes, readable without colour."""

import inspect
import itertools
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb, to_rgba

from course_utils import operators, schedules
from course_utils.lessons import plots

W = np.array([[0.1, -0.3, 0.5], [0.6, 0.7, -0.8]])
KERNEL = np.random.default_rng(0).normal(size=(3, 3, 2, 5))
KERNEL[:, :, 0, 1] = 0

SCENES = np.zeros((2, 4, 4, 1))

# One ordinary call of every function that draws on axes.
CALLS = {
    "scenes": lambda ax: plots.scenes(SCENES, ax=ax),
    "boxes": lambda ax: plots.boxes(SCENES, {}, ax=ax),
    "pixel_classes": lambda ax: plots.pixel_classes(SCENES[..., 0], ax=ax),
    "pixels_judged": lambda ax: plots.pixels_judged(SCENES[..., 0], SCENES[..., 0], ax=ax),
    "area_below_precision": lambda ax: plots.area_below_precision(
        np.array([1.0, 0.5]), np.array([0.5, 0.5]), ax=ax
    ),
    "matrix": lambda ax: plots.matrix(W, np.abs(W) > 0.2, ax=ax),
    "histogram": lambda ax: plots.histogram(W, 0.2, ax=ax),
    "curves": lambda ax: plots.curves({"a": [1, 2], "b": [3, 4]}, ax=ax),
    "sparsity_by_step": lambda ax: plots.sparsity_by_step({"a": {0: 0.5, 1: 0.2}}, ax=ax),
    "shares": lambda ax: plots.shares({"weights": {"conv": 1, "fc": 3}}, ax=ax),
    "filters": lambda ax: plots.filters(KERNEL, ax=ax),
    "images": lambda ax: plots.images(np.ones((3, 5, 5, 1)), [1, 2, 3], ax=ax),
    "network": lambda ax: plots.network([W, W.T], ax=ax),
    "regrowth": lambda ax: plots.regrowth(W > 0, W, ax=ax),
    "label_ends": lambda ax: plots.label_ends(plots.curves({"a": [1, 2], "b": [3, 4]}, ax=ax)),
    "paired": lambda ax: plots.paired({"a": [0.1, 0.3], "b": [0.2, -0.1]}, ax=ax),
    "bars": lambda ax: plots.bars({"a": [1, 2], "b": [3, 4]}, ax=ax),
    "heat_map": lambda ax: plots.heat_map({"conv": [0.9, 0.1]}, ["50 %", "90 %"], ax=ax),
    "layer_densities": lambda ax: plots.layer_densities({"one": {"a": 0.5, "b": 1.0}}, ax=ax),
    "by_compression": lambda ax: plots.by_compression(
        [0.5, 0.9], plots.curves({"a": [1, 0.5]}, [0.5, 0.9], ax=ax)
    ),
    "schedule": lambda ax: plots.schedule(schedules.one_shot(0.8, at=5), 10, ax=ax),
    "loss_by_step": lambda ax: plots.loss_by_step({0: 2.0, 10: 0.1}, [5], ax=ax),
    "spread": lambda ax: plots.spread({"SET": [0.9, 0.92], "RigL": [0.95]}, ax=ax),
    "cost_and_worth": lambda ax: plots.cost_and_worth({"SET": ([0.02], [0.9])}, ax=ax),
    "over_weights_left": lambda ax: plots.over_weights_left({"a": [0.9, 0.8]}, [1, 0.1], ax=ax),
    "layer_graph": lambda ax: plots.layer_graph([("a", "b", np.array([1]))], ax=ax),
    "id_rows": lambda ax: plots.id_rows({"a": [1, 2], "b": [2]}, ax=ax),
    "in_order": lambda ax: plots.in_order(["A", "B"], [0.1, 0.2], ax=ax),
    "break_even": lambda ax: plots.break_even([0.1, 0.5], {"batch 1": [0.5, 2]}, ax=ax),
    "over_width": lambda ax: plots.over_width([8, 16], [1, 2], ax=ax),
    "by_class": lambda ax: plots.by_class({"a": ([0.1, 0], [0.2, 0.1], [0.3, 0.2])}, ax=ax),
    "seeds_by_class": lambda ax: plots.seeds_by_class({"a": np.array([[0.1, 0.2]] * 3)}, ax=ax),
    "reliability": lambda ax: plots.reliability({"a": [(0, 1, 5, 0.8, 0.7)]}, ax=ax),
    "digit_rows": lambda ax: plots.digit_rows({"a": np.ones((2, 5, 5, 1))}, ax=ax),
    "formant_chart": lambda ax: plots.formant_chart({"men": [[300, 2200]]}, ["heed"], ax=ax),
    "stages": lambda ax: plots.stages(
        {"dense": {"values": 9e3}, "coded": {"values": 1e3}}, {}, ax=ax
    ),
    "codebook": lambda ax: plots.codebook(W.ravel(), [-0.5, 0.5], ax=ax),
    "durations": lambda ax: plots.durations({"scores": 0.1, "retraining": 60.0}, ax=ax),
    "best_so_far": lambda ax: plots.best_so_far({"by lot": [0.5, 0.9, 0.7]}, ax=ax),
    "rounds": lambda ax: plots.rounds([(0.5, 0.9, True), (0.7, 0.8, False)], (0.85, 0.9), ax=ax),
    "sensitivity": lambda ax: plots.sensitivity({"conv": {0.5: 0.9, 0.9: 0.4}}, 0.95, ax=ax),
    "size_and_speed": lambda ax: plots.size_and_speed({"A": (9, 1)}, {"A": "A: 9 %"}, ax=ax),
}


pytestmark = pytest.mark.usefixtures("clean_figures")


def luminance(colour: object) -> float:
    """The relative luminance of WCAG 2, from 0 (black) to 1 (white): what is left in greyscale."""
    channels = np.array(to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def contrast(one: object, other: object) -> float:
    """The contrast ratio of WCAG 2: 4.5 is asked of text, 3 of large shapes."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def painted(image) -> np.ndarray:
    """The colours that an image shows, cell by cell."""
    return image.cmap(image.norm(image.get_array()))


# ---------------------------------------------------------------------------------- all functions


def test_every_function_that_takes_axes_is_called_here():
    taking = {
        name
        for name, function in inspect.getmembers(plots, inspect.isfunction)
        if function.__module__.startswith(plots.__name__)
        and not name.startswith("_")
        and "ax" in inspect.signature(function).parameters
    }
    assert taking == set(CALLS), "add an ordinary call of the new function to CALLS above"


@pytest.mark.parametrize("draw", CALLS.values(), ids=CALLS)
def test_a_figure_is_drawn_on_the_axes_given_and_returned(draw):
    fig, (left, right) = plt.subplots(1, 2)
    assert draw(right) is right
    assert right.has_data()
    assert not left.has_data()
    assert plt.get_fignums() == [fig.number], "no second figure"
    fig.canvas.draw()


@pytest.mark.parametrize("draw", CALLS.values(), ids=CALLS)
def test_without_axes_a_new_figure_is_made(draw):
    assert isinstance(draw(None), Axes)
    assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize("draw", CALLS.values(), ids=CALLS)
def test_drawing_changes_no_data_and_no_settings(draw):
    before, settings = (W.copy(), KERNEL.copy()), dict(mpl.rcParams)
    draw(None)
    np.testing.assert_array_equal(W, before[0])
    np.testing.assert_array_equal(KERNEL, before[1])
    assert dict(mpl.rcParams) == settings


def test_the_style_is_set_and_figures_stay_small_in_git(tmp_path):
    plots.use_style()
    CALLS["curves"](None).figure.savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size < 40_000
    assert mpl.rcParams["font.size"] >= 12
    cycle = [entry["color"] for entry in mpl.rcParams["axes.prop_cycle"]]
    assert cycle == list(plots.COLOURS)


def test_the_palette_is_seen_on_white_and_told_apart():
    assert len(set(plots.COLOURS)) == 6
    assert all(contrast(colour, "white") > 1.9 for colour in plots.COLOURS)
    assert contrast(plots.GREY, "white") > 4.5


# ------------------------------------------------------------------------------------- each figure


def test_a_matrix_shows_every_number_in_its_place():
    ax = plots.matrix(W)
    texts = {tuple(map(round, t.get_position()[::-1])): t.get_text() for t in ax.texts}
    assert texts == {place: f"{value:.2f}" for place, value in np.ndenumerate(W)}


def test_a_matrix_crosses_out_what_is_cut():
    mask = np.abs(W) > 0.4
    ax = plots.matrix(W, mask)
    crossed = {
        (round(cross.get_ydata().mean()), round(cross.get_xdata().mean())) for cross in ax.lines
    }
    assert crossed == set(zip(*np.nonzero(~mask), strict=True))
    assert np.isnan(np.asarray(ax.images[0].get_array().filled(np.nan))[~mask]).all()


def test_in_a_matrix_sign_is_colour_and_zero_is_white():
    ax = plots.matrix(np.array([[-1.0, 0.0, 1.0]]))
    negative, zero, positive = painted(ax.images[0])[0]
    assert contrast(zero, "white") < 1.1
    assert positive[0] > positive[2], "orange is more red than blue"
    assert negative[2] > negative[0], "purple is more blue than red"


@pytest.mark.parametrize("share", np.linspace(-1, 1, 9))
def test_the_numbers_in_a_matrix_can_be_read_on_every_colour(share):
    ax = plots.matrix(np.array([[share, 1.0]]))
    assert contrast(ax.texts[0].get_color(), painted(ax.images[0])[0, 0]) > 4.5


def test_the_numbers_that_are_cut_can_still_be_read():
    ax = plots.matrix(W, np.zeros(W.shape))
    assert contrast(ax.texts[0].get_color(), ax.get_facecolor()) > 4.5


@pytest.mark.parametrize(
    "W", [np.zeros((2, 2)), np.array([[-0.0]]), [[1, 2]], np.eye(2, dtype=int)]
)
def test_a_matrix_of_zeros_or_integers_is_drawn_too(W):
    ax = plots.matrix(W)
    ax.figure.canvas.draw()
    assert not any(text.get_text().startswith("-") for text in ax.texts)


def test_a_histogram_counts_every_weight_and_says_the_share_that_the_operator_cuts():
    weights = np.random.default_rng(0).normal(size=(30, 20)).astype(np.float32)
    ax = plots.histogram(weights, 0.5)
    bars = [p for p in ax.patches if p.get_width() < 0.9]
    assert sum(bar.get_height() for bar in bars) == 600
    share = 1 - (operators.prune(weights, 0.5) != 0).mean()
    assert ax.get_legend().get_texts()[0].get_text() == f"|w| ≤ 0.5: {share:.1%} cut"
    band = next(p for p in ax.patches if p not in bars)
    assert (band.get_x(), band.get_width()) == (-0.5, 1)


def test_a_histogram_counts_ties_with_theta_as_cut_in_float32():
    ax = plots.histogram(np.array([0.1, -0.1, 0.2, 0.3], np.float32), 0.1)
    assert "50.0% cut" in ax.get_legend().get_texts()[0].get_text()


def test_a_histogram_without_theta_has_no_band():
    assert plots.histogram(W).get_legend() is None


def test_curves_carry_their_points():
    ax = plots.curves({"one": [0.5, 0.7], "two": [0.6, 0.6]}, x=[0, 10])
    assert [line.get_label() for line in ax.lines] == ["one", "two"]
    assert ax.lines[0].get_xydata().tolist() == [[0, 0.5], [10, 0.7]]
    assert not ax.collections


def test_curves_count_from_epoch_one():
    assert plots.curves({"one": [5, 6, 7]}).lines[0].get_xdata().tolist() == [1, 2, 3]


def test_several_runs_become_their_mean_with_a_band_of_one_standard_deviation():
    runs = np.array([[1.0, 2.0], [3.0, 2.0], [5.0, 2.0]])
    ax = plots.curves({"runs": runs})
    assert ax.lines[0].get_ydata().tolist() == [3, 2]
    band = ax.collections[0].get_datalim(ax.transData)
    assert (band.y0, band.y1) == (1, 5)  # 3 - 2 and 3 + 2, with n - 1


@pytest.mark.parametrize("draw", [plots.curves, plots.sparsity_by_step])
@pytest.mark.parametrize("count", [6, 9])
def test_lines_are_told_apart_by_dashes_where_colour_is_lost_and_no_two_look_the_same(draw, count):
    points = [0.1, 0.2] if draw is plots.curves else {0: 0.1, 1: 0.2}
    ax = draw({str(index): points for index in range(count)})
    looks = [(line.get_color(), line.get_linestyle(), str(line._dash_pattern)) for line in ax.lines]
    assert len(set(looks)) == count
    assert len({dashes for _, _, dashes in looks}) == 6, "six patterns in a greyscale print"


def test_sparsity_by_step_sorts_its_steps_and_shows_the_first_ones():
    ax = plots.sparsity_by_step({"article": {100: 0.2, 0: 0.9, 1: 0.4}})
    assert ax.lines[0].get_xydata().tolist() == [[0, 0.9], [1, 0.4], [100, 0.2]]
    ax.set_xlim(right=10_000)
    places = ax.transData.transform([(step, 0) for step in (0, 1, 10, 10_000)])[:, 0]
    width = places[-1] - places[0]
    assert (np.diff(places) > width / 10).all(), "steps 0, 1 and 10 are apart"
    assert ax.get_ylim() == (0, 1)


def test_sparsity_is_written_in_percent():
    ax = plots.sparsity_by_step({"a": {0: 0.5, 10: 0.2}})
    ax.figure.canvas.draw()
    assert "100%" in [label.get_text() for label in ax.get_yticklabels()]


PARTS = {
    "weights": {"conv": 288, "dense": 346_112, "output": 640},
    "MACs": {"conv": 194_688, "dense": 346_112, "output": 640},
}


def test_shares_fill_each_bar_and_are_written_where_there_is_room():
    ax = plots.shares(PARTS)
    widths = np.array([[bar.get_width() for bar in bars] for bars in ax.containers])
    np.testing.assert_allclose(widths.sum(axis=0), 1)
    np.testing.assert_allclose(widths[:, 1], np.array([194_688, 346_112, 640]) / 541_440)
    assert [t.get_text() for t in ax.texts] == ["36.0%", "99.7%", "63.9%"]


def test_the_numbers_in_bars_can_be_read_on_all_six_colours():
    ax = plots.shares({"bar": dict.fromkeys("abcdef", 1)})
    for text, bars in zip(ax.texts, ax.containers, strict=True):
        assert contrast(text.get_color(), bars[0].get_facecolor()) > 4.5


@pytest.mark.parametrize(
    ("draw", "data"),
    [(plots.shares, {"bar": dict.fromkeys("abcdef", 1)}), (plots.bars, {n: [1] for n in "abcdef"})],
)
def test_neighbouring_bars_are_told_apart_in_greyscale(draw, data):
    """By their greys, by a hatch, or by a light edge between them."""
    bars = [container[0] for container in draw(data).containers]
    for one, other in itertools.pairwise(bars):
        edged = one.get_linewidth() > 0 and to_rgba(one.get_edgecolor())[3] > 0
        apart = one.get_x() + one.get_width() < other.get_x() - 1e-9
        greys = contrast(one.get_facecolor(), other.get_facecolor()) > 1.3
        assert greys or apart or one.get_hatch() != other.get_hatch() or edged


def test_bars_stand_side_by_side_at_their_places():
    ax = plots.bars({"a": [1, 2], "b": [3, 4]})
    heights = [[bar.get_height() for bar in bars] for bars in ax.containers]
    centres = [[bar.get_x() + bar.get_width() / 2 for bar in bars] for bars in ax.containers]
    assert heights == [[1, 2], [3, 4]]
    np.testing.assert_allclose(np.mean(centres, axis=0), [0, 1], atol=1e-12)


def test_filters_are_drawn_side_by_side_and_grey_is_exactly_zero():
    kernel = KERNEL.copy()
    kernel[0, 0, 0, 3] = 1e-30  # small, and not zero
    ax = plots.filters(kernel, columns=3)
    values, zeros = (np.ma.filled(image.get_array(), np.nan) for image in ax.images)
    assert values.shape == (2 * 4 + 1, 3 * 4 + 1)
    np.testing.assert_array_equal(values[1:4, 1:4], kernel[:, :, 0, 0])
    np.testing.assert_array_equal(values[5:8, 5:8], kernel[:, :, 0, 4])
    assert np.isfinite(values).sum() == np.count_nonzero(kernel[:, :, 0])
    assert np.isfinite(zeros).sum() == 9
    assert np.isfinite(zeros[1:4, 5:8]).all()


def test_images_stand_in_a_row_with_their_titles_above():
    x = np.random.default_rng(0).random((3, 4, 4, 1))
    ax = plots.images(x, [7, "two", 1])
    shown = np.asarray(ax.images[0].get_array())
    np.testing.assert_array_equal(shown[1:5, 7:11], x[1, :, :, 0])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["7", "two", "1"]
    np.testing.assert_allclose(ax.get_xticks(), [3, 9, 15], atol=0.51)


def test_a_network_has_a_line_a_weight_and_dots_for_zeros():
    weights = [np.array([[1.0, 0.0, -0.5], [0.2, 0.3, 0.4]]), np.array([[1.0], [0.0], [-1.0]])]
    ax = plots.network(weights)
    assert len(ax.lines) == 9
    assert [line.get_linestyle() for line in ax.lines].count(":") == 2
    widths = {round(line.get_linewidth(), 6) for line in ax.lines[:3]}
    assert len(widths) == 3, "width is size"
    assert ax.lines[0].get_color() != ax.lines[2].get_color()
    assert sum(len(points.get_offsets()) for points in ax.collections) >= 2 + 3 + 1


def test_functions_are_drawn_side_by_side_and_their_zero_stretch_is_marked():
    fig = plots.functions({"relu": lambda z: np.maximum(z, 0), "id": lambda z: z}, -2, 2)
    assert [ax.get_title() for ax in fig.axes] == ["relu", "id"]
    marked = next(line for line in fig.axes[0].lines if line.get_color() == plots.RED)
    inside = np.isfinite(marked.get_ydata())
    assert marked.get_xdata()[inside].max() == pytest.approx(0)
    assert inside.mean() == pytest.approx(0.5, abs=0.01)


def test_feature_maps_share_one_scale():
    maps = np.random.default_rng(0).normal(size=(4, 4, 5)) * [1, 2, 3, 4, 5]
    fig = plots.feature_maps(maps, "abcde", columns=3)
    drawn = [ax for ax in fig.axes if ax.images]
    assert [ax.get_title() for ax in drawn] == list("abcde")
    assert {ax.images[0].get_clim() for ax in drawn} == {(-np.abs(maps).max(), np.abs(maps).max())}


REGROWTH = SimpleNamespace(
    cut=np.array([[True, True, False]]), now=np.array([[0.0, 0.5, 0.0]]), expected=[[1, 2, 0]]
)


def test_regrowth_tells_kept_from_cut_from_grown_back():
    ax = plots.regrowth(REGROWTH.cut, REGROWTH.now)
    assert ax.images[0].get_array().tolist() == REGROWTH.expected


def test_regrowth_can_be_read_in_greyscale_and_its_key_names_the_same_colours():
    zero, grown, kept = painted(plots.regrowth(REGROWTH.cut, REGROWTH.now).images[0])[0]
    assert min(contrast(a, b) for a, b in itertools.combinations((zero, grown, kept), 2)) > 2
    key = {patch.get_label(): patch.get_facecolor() for patch in plots.regrowth_key()}
    assert key == {
        "never pruned": tuple(kept), "pruned, zero": tuple(zero), "pruned, grown back": tuple(grown)
    }  # fmt: skip


def test_a_layer_through_time_shows_its_zeros_in_shared_bins():
    layer = np.array([-1.0, -0.5, 0.5, 1.0])
    cut = np.where(np.abs(layer) < 1, 0, layer)
    fig = plots.through_time({"free": {"trained": layer, "cut": cut}})
    assert [ax.get_title() for ax in fig.axes] == ["trained: 0% zeros", "cut: 50% zeros"]
    (counts, edges, _), (zeros, *_) = (patch.get_data() for patch in fig.axes[1].patches)
    assert (counts.sum(), zeros.sum(), zeros[40]) == (4, 2, 2)
    assert edges[40] < 0 < edges[41]
    assert all(np.array_equal(edges, ax.patches[0].get_data().edges) for ax in fig.axes)
    first = plots.through_time({"free": {"trained": layer, "cut": cut}}, moments=1)
    assert [ax.get_title() for ax in first.axes] == ["trained: 0% zeros", "cut: ?"]
    assert not first.axes[1].patches
    assert first.axes[0].get_xlim() == fig.axes[0].get_xlim()
