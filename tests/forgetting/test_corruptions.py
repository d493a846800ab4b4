"""Corruptions: what holds for all of them, and each against SciPy or NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from course_utils.lessons import forgetting
from course_utils.lessons.data import load_digits
from course_utils.lessons.forgetting import corruptions

DIGITS = load_digits().x_test[:40]
KINDS, SEVERITIES = st.sampled_from(forgetting.KINDS), st.integers(0, 5)


def made(kind, x, how_much, seed=0):
    """What a kind of corruption makes at a step of one's own."""
    return corruptions._STEPS[kind][0](x, how_much, np.random.default_rng(seed))


def inner(x, edge=6):
    return x[:, edge:-edge, edge:-edge]


@given(KINDS, SEVERITIES, st.integers(0, 99), st.sampled_from(("float32", "float64")))
def test_what_comes_out_is_an_image_like_what_came_in(kind, severity, seed, dtype):
    x = DIGITS.astype(dtype)
    before = x.copy()
    worse = forgetting.corrupt(x, kind, severity, seed)
    assert worse.shape == x.shape
    assert worse.dtype == x.dtype
    assert 0 <= worse.min() <= worse.max() <= 1
    np.testing.assert_array_equal(x, before)
    assert not np.shares_memory(worse, x)
    np.testing.assert_array_equal(worse, forgetting.corrupt(x, kind, severity, seed))


@given(KINDS, st.integers(0, 99))
def test_severity_zero_is_the_image_and_each_step_is_further_from_it(kind, seed):
    away = [
        np.abs(forgetting.corrupt(DIGITS, kind, step, seed) - DIGITS).mean() for step in range(6)
    ]
    assert away[0] == 0
    assert (np.diff(away) > 0).all()


@pytest.mark.parametrize("kind", ["noise", "shift", "rotation"])
def test_another_seed_is_another_draw(kind):
    one, other = (forgetting.corrupt(DIGITS, kind, 3, seed) for seed in (0, 1))
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("kind", forgetting.KINDS)
def test_nothing_done_is_nothing_changed(kind):
    nothing = 1 if kind == "contrast" else 0
    np.testing.assert_allclose(made(kind, DIGITS, nothing), DIGITS, atol=1e-7)


@given(st.floats(0.3, 3))
def test_blur_is_that_of_scipy(sd):
    expected = ndimage.gaussian_filter(
        DIGITS.astype(float), (0, sd, sd, 0), mode="constant", truncate=4
    )
    np.testing.assert_allclose(made("blur", DIGITS.astype(float), sd), expected, atol=1e-12)


def test_blur_moves_ink_and_loses_none_far_from_the_edge():
    x = np.zeros((1, 41, 41, 1))
    x[0, 18:23, 20] = 1
    blurred = made("blur", x, 2.0)
    assert blurred.sum() == pytest.approx(5)
    assert blurred.max() < 0.5


@given(st.integers(0, 12), st.integers(0, 99))
def test_a_shift_is_one_of_eight_of_scipy(pixels, seed):
    x = DIGITS[:6].astype(float)
    moved = made("shift", x, pixels, seed)
    ways = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]
    for image, after in zip(x[..., 0], moved[..., 0], strict=True):
        possible = [
            ndimage.shift(image, (pixels * i, pixels * j), order=0, mode="constant")
            for i, j in ways
        ]
        assert any(np.array_equal(after, one) for one in possible)


def test_all_eight_directions_occur():
    x = np.zeros((200, 9, 9, 1))
    x[:, 4, 4] = 1
    moved = made("shift", x, 2)
    places = {tuple(place) for place in np.argwhere(moved)[:, 1:3].tolist()}
    assert places == {(4 + 2 * i, 4 + 2 * j) for i in (-1, 0, 1) for j in (-1, 0, 1)} - {(4, 4)}


def test_a_quarter_turn_is_exact_and_half_of_the_images_turn_each_way():
    turned = made("rotation", DIGITS, 90)
    left, right = (np.rot90(DIGITS, k, axes=(1, 2)) for k in (1, -1))
    went = [
        (np.allclose(t, a, atol=1e-6), np.allclose(t, b, atol=1e-6))
        for t, a, b in zip(turned, left, right, strict=True)
    ]
    assert all(any(way) for way in went)
    assert 10 < sum(way[0] for way in went) < 30
    half = made("rotation", DIGITS, 180)
    np.testing.assert_allclose(half, DIGITS[:, ::-1, ::-1], atol=1e-6)


@given(st.floats(0, 180))
def test_a_rotation_is_that_of_scipy(degrees):
    x = DIGITS[:8].astype(float)
    turned = made("rotation", x, degrees)
    ways = [
        ndimage.rotate(x, sign * degrees, axes=(1, 2), reshape=False, order=1, mode="grid-constant")
        for sign in (1, -1)
    ]
    for number, after in enumerate(turned):
        assert any(np.allclose(inner(after[None]), inner(w[number][None]), atol=1e-6) for w in ways)


def test_noise_has_its_standard_deviation_where_nothing_is_cut_off():
    grey = np.full((4, 100, 100, 1), 0.5)
    added = made("noise", grey, 0.1) - grey
    assert added.std() == pytest.approx(0.1, rel=0.02)
    assert abs(added.mean()) < 0.002


def test_contrast_shrinks_distances_from_middle_grey():
    assert made("contrast", DIGITS, 0.25).max() <= 0.625
    np.testing.assert_allclose(made("contrast", DIGITS, 0.5) - 0.5, 0.5 * (DIGITS - 0.5), atol=1e-6)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda x: forgetting.corrupt(x, "fog", 1), "must be one of"),
        (lambda x: forgetting.corrupt(x, "blur", 6), "from 0 to 5"),
        (lambda x: forgetting.corrupt(x, "blur", 0.5), "from 0 to 5"),
        (lambda x: forgetting.corrupt(x, "noise", 1, seed=0.5), "whole number"),
        (lambda x: forgetting.corrupt(255 * x, "noise", 1), "divide bytes by 255"),
        (lambda x: forgetting.corrupt(x[..., 0], "blur", 0), "height, width"),
    ],
)
def test_what_makes_no_image_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call(DIGITS)
