"""Scenes of digits: what their boxes and pixels must say, and that no digit is in two splits."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.lessons.data import load_digits
from course_utils.lessons.tasks import Canvas, box_iou, load_scenes, make_scenes
from course_utils.lessons.tasks.scenes import INK, ink_boxes

DATA = load_digits()
CANVASES = (Canvas(), Canvas(32, (20, 14), 3), Canvas(28, (28,), 1), Canvas(64, (28, 14), 5))


def scenes(canvas=CANVASES[0], count=40, seed=0):
    return make_scenes(DATA.x_train, DATA.y_train, count, canvas, seed)


@settings(max_examples=12)
@given(st.sampled_from(CANVASES), st.integers(0, 2**31))
def test_every_box_is_tight_around_ink_of_its_digit_and_meets_no_other(canvas, seed):
    made = scenes(canvas, 8, seed)
    for scene, pixels in enumerate(made.pixels):
        here = made.objects.where(made.objects.scene == scene)
        assert 1 <= len(here) <= canvas.most
        covered = np.zeros(pixels.shape, bool)
        for label, box in zip(here.label, here.box.astype(int), strict=True):
            top, left, bottom, right = box
            inside = pixels[top:bottom, left:right] == label + 1
            assert ink_boxes(inside[None])[0].tolist() == [0, 0, bottom - top, right - left]
            covered[top:bottom, left:right] = True
        assert not pixels[~covered].any()
        overlaps = box_iou(here.box[:, None], here.box[None])
        assert np.array_equal(overlaps, np.eye(len(here)))


def test_images_hold_the_digits_themselves_at_full_size():
    """One digit of its own size: the scene holds it to the last pixel, wherever it lies."""
    made = make_scenes(DATA.x_train[:1], DATA.y_train[:1], 5, Canvas(40, (28,), 1))
    top, left, bottom, right = ink_boxes(DATA.x_train[:1, ..., 0] > INK)[0]
    for image, box in zip(made.images, made.objects.box.astype(int), strict=True):
        part = image[box[0] : box[2], box[1] : box[3], 0]
        np.testing.assert_array_equal(part, DATA.x_train[0, top:bottom, left:right, 0])
    assert len(np.unique(made.objects.box, axis=0)) > 1


def test_images_lie_between_0_and_1_and_ink_is_where_pixels_have_a_class():
    made = scenes()
    assert made.images.dtype == np.float32
    assert made.images.min() == 0
    assert 0.9 < made.images.max() <= 1
    assert (made.images[..., 0][made.pixels > 0] > INK).all()


def test_the_same_seed_makes_the_same_scenes_and_another_one_others():
    one, same, other = scenes(seed=3), scenes(seed=3), scenes(seed=4)
    assert np.array_equal(one.images, same.images)
    assert np.array_equal(one.pixels, same.pixels)
    assert np.array_equal(one.objects.box, same.objects.box)
    assert not np.array_equal(one.images, other.images)


def test_splits_are_made_of_the_digits_of_their_own_split():
    """Each split's digits are painted with a grey of its own: no scene shows another's grey."""
    greys = {"train": 0.5, "val": 0.7, "test": 0.9}
    painted = dataclasses.replace(
        DATA, **{f"x_{k}": grey * (getattr(DATA, f"x_{k}") > 0.3) for k, grey in greys.items()}
    )
    for made, grey in zip(
        load_scenes(painted, (30, 20, 10), Canvas(48, (28,))), greys.values(), strict=True
    ):
        assert np.unique(made.images).tolist() == pytest.approx([0, grey])


def test_splits_have_other_places_even_for_equal_digits():
    same = dataclasses.replace(DATA, x_val=DATA.x_train, y_val=DATA.y_train)
    train, val, _ = load_scenes(same, (20, 20, 5))
    assert not np.array_equal(train.images, val.images)


def test_a_canvas_without_room_is_refused():
    with pytest.raises(ValueError, match="no room on a canvas of 20"):
        scenes(Canvas(side=20))


def test_scenes_print_how_many_they_are():
    assert repr(scenes(count=3)).startswith("3 scenes of 48x48 pixels, ")
