"""The U-Net: its mean IoU against one counted by hand, its skips, and a training that learns."""

import numpy as np
import pytest

from course_utils import structure
from course_utils.backend import keras
from course_utils.lessons.data import load_digits
from course_utils.lessons.tasks import Canvas, class_ious, load_scenes, mean_iou, unet
from course_utils.lessons.tasks.segmentation import pixel_loss

CANVAS = Canvas(24, (14,), 3)
READERS = {
    "down1": {"down2", "output"},
    "down2": {"deep1", "up2"},
    "larger2": {"up2"},
    "larger1": {"output"},
}


@pytest.fixture(scope="module")
def scenes():
    return load_scenes(load_digits(), (320, 20, 80), CANVAS)


def test_mean_iou_is_that_counted_by_hand(scenes):
    test, model = scenes[2], unet()
    rng = np.random.default_rng(0)
    for layer in model.layers:
        layer.set_weights([rng.normal(size=W.shape) for W in layer.get_weights()])
    for norm in (one for one in model.layers if isinstance(one, keras.layers.BatchNormalization)):
        norm.moving_variance.assign(np.ones(norm.moving_variance.shape))
    given = np.asarray(model(test.images)).argmax(-1)
    pairs = [(test.pixels == c, given == c) for c in range(11)]
    iou = [(a & b).sum() / (a | b).sum() for a, b in pairs if (a | b).any()]
    assert len(np.unique(given)) > 2  # or the test says little
    assert mean_iou(model, test.images, test.pixels) == pytest.approx(np.mean(iou), rel=1e-5)
    classes = class_ious(model, test.images, test.pixels)
    there = [(a | b).any() for a, b in pairs]
    np.testing.assert_allclose(classes[there], iou, rtol=1e-5)
    assert not classes[np.logical_not(there)].any()


def test_the_network_answers_for_every_pixel():
    answer = unet()(np.zeros((2, 24, 24, 1)))
    assert answer.shape == (2, 24, 24, 11)
    np.testing.assert_allclose(np.sum(answer, axis=-1), 1, rtol=1e-5)


def test_a_channel_of_a_skip_is_read_on_the_way_down_and_on_the_way_up():
    channels = structure.channel_groups(unet())
    for group, readers in READERS.items():
        ids = channels.groups[group].channels
        found = {
            one.layer for one in channels.slices if one.role == "reads" and set(one.ids) & set(ids)
        }
        assert found == readers


def test_without_some_channels_it_computes_what_it_did(scenes):
    model = unet()
    model.run_eagerly = True
    model.fit(scenes[0].images[:64], scenes[0].pixels[:64], 32, verbose=0)
    small, report = structure.shrink(model, 0.5, verify=True)
    assert report.parameters[1] < 0.4 * report.parameters[0]
    assert small.output_shape == model.output_shape


def test_ground_pixels_weigh_half():
    pixels, given = np.array([[[0, 3], [0, 0]]]), np.full((1, 2, 2, 11), 1 / 11)
    losses = np.asarray(pixel_loss(pixels, given))
    assert np.allclose(losses / np.log(11), np.where(pixels > 0, 1, 0.5))


@pytest.mark.full
def test_a_short_training_is_far_from_all_ground(scenes):
    train, _, test = scenes
    model = unet()
    model.fit(train.images, train.pixels, 16, 8, verbose=0)
    all_ground = np.mean(test.pixels == 0) / 11
    assert mean_iou(model, test.images, test.pixels) > 1.3 * all_ground
