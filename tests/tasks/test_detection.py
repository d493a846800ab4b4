"""The detector: what is encoded is decoded, its loss by hand, and a training that finds digits."""

import numpy as np
import pytest
from sizes import full_run

from course_utils import pruning, structure
from course_utils.backend import keras
from course_utils.lessons.data import load_digits
from course_utils.lessons.tasks import (
    box_iou,
    detect,
    detector,
    load_scenes,
    mean_average_precision,
    to_cells,
)
from course_utils.lessons.tasks.boxes import Objects
from course_utils.lessons.tasks.detection import detection_loss, from_cells

SIDE = 48


@pytest.fixture(scope="module")
def scenes():
    return load_scenes(load_digits(), (600, 60, 120))


@pytest.fixture(scope="module")
def trained(scenes):
    """Enough steps to find most digits, and to be far from chance; in a short run one."""
    train = scenes[0]
    model = detector()
    x, y = train.images, to_cells(train.objects, len(train), SIDE)
    if full_run():
        model.fit(x, y, 32, 8, verbose=0)
    else:
        model.train_on_batch(x[:32], y[:32])
    return model


def answers(cells, sure=20.0):
    """What a detector that is right and sure would give out for encoded cells."""
    kinds = sure * (cells[..., 5:] == np.arange(10))
    return np.concatenate([sure * (2 * cells[..., :1] - 1), cells[..., 1:5], kinds], axis=-1)


def test_what_is_encoded_is_decoded(scenes):
    truth = scenes[2].objects
    found = from_cells(answers(to_cells(truth, 120, SIDE)))
    assert mean_average_precision(found, truth) == 1
    assert len(found) == len(truth)
    order = np.lexsort((found.box[:, 1], found.box[:, 0], found.scene))
    true_order = np.lexsort((truth.box[:, 1], truth.box[:, 0], truth.scene))
    np.testing.assert_allclose(found.box[order], truth.box[true_order], atol=1e-3)
    assert np.array_equal(found.label[order], truth.label[true_order])


def test_an_object_whose_middle_lies_on_the_far_edge_has_a_cell():
    box = np.array([[8.0, 8.0, 24.0, 24.0]])  # its middle is where four cells meet
    edge = np.array([[0.0, 0.0, 2 * SIDE, 2 * SIDE]])  # the middle is the canvas's corner
    for one, cell in ((box, (2, 2)), (edge, (5, 5))):
        cells = to_cells(Objects(np.array([0]), np.array([1]), one, np.ones(1)), 1, SIDE)
        assert np.argwhere(cells[0, ..., 0]).tolist() == [list(cell)]


def test_doubles_are_suppressed_within_a_class_only():
    cells = np.full((1, 1, 2, 15), -20.0)
    cells[..., 0] = [20.0, 1.0]  # both cells see an object
    cells[..., 1:5] = 0
    cells[0, 0, :, 2] = [0.5, -0.5]  # with its middle on the border between them
    cells[0, 0, :, 3:5] = np.log(2)
    cells[..., 5 + 7] = 20
    found = from_cells(cells)
    assert (found.label.tolist(), len(found)) == ([7], 1)
    assert found.score[0] == pytest.approx(1)
    cells[0, 0, 1, 5 + 7], cells[0, 0, 1, 5 + 3] = -20, 20
    assert sorted(from_cells(cells).label) == [3, 7]


def test_what_the_detector_is_unsure_of_is_left_out():
    cells = answers(
        to_cells(Objects(*([np.array([0])] * 2), np.array([[0, 0, 8, 8]]), np.ones(1)), 1, SIDE)
    )
    cells[0, 0, 0, 0] = np.log(0.3 / 0.7)  # a probability of 0.3
    assert len(from_cells(cells, sure=0.25)) == 1
    assert len(from_cells(cells, sure=0.35)) == 0


def test_the_loss_is_that_computed_by_hand(scenes):
    rng = np.random.default_rng(0)
    true = to_cells(scenes[1].objects, 60, SIDE)
    given = rng.normal(size=(60, 6, 6, 15))
    there = true[..., 0]
    sigmoid = 1 / (1 + np.exp(-given[..., 0]))
    objectness = -there * np.log(sigmoid) - (1 - there) * np.log(1 - sigmoid)
    box = np.abs(true[..., 1:5] - given[..., 1:5]).sum(-1)
    logits = given[..., 5:] - np.log(np.exp(given[..., 5:]).sum(-1, keepdims=True))
    kind = -np.take_along_axis(logits, true[..., 5:].astype(int), -1)[..., 0]
    expected = (objectness + there * (box + kind)).sum((1, 2))
    np.testing.assert_allclose(detection_loss(true, given), expected, rtol=1e-5)


def test_box_and_class_of_a_cell_without_object_cost_nothing():
    true = to_cells(Objects(*[np.zeros(0, int)] * 2, np.zeros((0, 4)), np.zeros(0)), 1, SIDE)
    one, other = np.zeros((2, 1, 6, 6, 15))
    other[..., 1:] = 5
    assert float(detection_loss(true, one)[0]) == float(detection_loss(true, other)[0])


@pytest.mark.full
def test_a_short_training_finds_most_digits_of_scenes_never_seen(trained, scenes):
    test = scenes[2]
    found = detect(trained, test.images)
    assert mean_average_precision(found, test.objects) > 0.3
    untrained = mean_average_precision(detect(detector(), test.images), test.objects)
    assert untrained < 0.05
    best = found.where(np.argsort(-found.score)[:100])
    hits = [box_iou(box, test.objects.box[test.objects.scene == scene]).max()
            for scene, box in zip(best.scene, best.box, strict=True)]  # fmt: skip
    assert np.median(hits) > 0.5


def test_a_detector_is_pruned_both_ways_and_saved(trained, tmp_path):
    small, report = structure.shrink(trained, 0.5, verify=True)
    assert report.parameters[1] < 0.4 * report.parameters[0]
    assert small.output_shape == trained.output_shape
    names = set(pruning.weights(trained))
    assert names == {"conv1/kernel", "conv2/kernel", "conv3/kernel", "conv4/kernel", "head/kernel"}
    small.optimizer.build(small.trainable_variables)  # or Keras warns of one never used
    small.save(tmp_path / "small.keras")
    loaded = keras.models.load_model(tmp_path / "small.keras")
    x = np.random.default_rng(0).random((3, SIDE, SIDE, 1))
    assert structure.difference(small, loaded, x) == 0
    assert loaded.loss is detection_loss


@pytest.mark.parametrize("side", [0, 4, 50])
def test_a_side_that_cells_do_not_fill_is_refused(side):
    with pytest.raises(ValueError, match="multiple of 8"):
        to_cells(Objects(*np.zeros((2, 0), int), np.zeros((0, 4)), np.zeros(0)), 1, side)


@pytest.mark.parametrize("box", [[-20, 0, -12, 8], [0, 60, 8, 80], [8, 8, 0, 16], [0, 0, 8, 0]])
def test_a_box_that_is_none_or_lies_outside_is_refused(box):
    with pytest.raises(ValueError, match="middles on 64 x 64"):
        to_cells(Objects(np.array([0]), np.array([3]), np.array([box]), np.ones(1)), 1, 64)
