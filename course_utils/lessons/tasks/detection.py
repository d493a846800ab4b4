"""Detection: a small network that answers for each cell of a grid at once, and how to read it.

Each cell says whether the middle of an object lies in it, where and how large its box is, and of
which class it is. There are no anchors: one box a cell. Source: Redmon et al. 2016, You Only Look
Once (arXiv 1506.02640), whose losses are squares; here they are cross-entropies and distances.
"""

import numpy as np

from course_utils.backend import keras, tf
from course_utils.lessons.tasks.boxes import Objects
from course_utils.pruning.examples import batches

layers, ops = keras.layers, keras.ops

CELL = 8  # pixels: three convolutions halve the sides
CLASSES = 10
SURE = 0.05  # what a detector is less sure of is not reported
SAME = 0.45  # boxes of a class that overlap more are taken for the same object


def detector(seed: int = 0) -> keras.Model:
    """Build a detector for digits on a canvas of 48x48: four convolutions, 15 numbers a cell.

    Three convolutions halve the sides, so that a cell is 8x8 pixels; the outputs are (n, 6, 6, 15):
    objectness, the box in four numbers, ten classes, all without activation. It is compiled with
    `detection_loss` for what `to_cells` returns.

    >>> detector().output_shape
    (None, 6, 6, 15)
    """
    keras.utils.set_random_seed(seed)
    x = image = keras.Input((48, 48, 1), name="image")
    for number, width in enumerate((16, 32, 48, 64), 1):
        how = {"strides": 2 if number <= 3 else 1, "padding": "same", "use_bias": False}
        x = layers.Conv2D(width, 3, name=f"conv{number}", **how)(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"norm{number}")(x)
        x = layers.ReLU(name=f"relu{number}")(x)
    cells = layers.Conv2D(5 + CLASSES, 1, name="head")(x)
    model = keras.Model(image, cells, name="detector")
    model.compile(keras.optimizers.Adam(5e-3), detection_loss)
    return model


def to_cells(objects: Objects, count: int, side: int) -> np.ndarray:
    """Return what the detector should answer to `count` scenes, float32 (n, cells, cells, 6).

    In the cell with the middle of a box: 1; how far that is below and to the right of the cell's,
    in cells; the logarithms of height and width in cells; the class. Else 0. A later object wins.

    >>> there = Objects(np.array([0]), np.array([3]), np.array([[0, 0, 8, 16]]), np.ones(1))
    >>> to_cells(there, 1, 16)[0, 0, 1].round(2).tolist()
    [1.0, 0.0, -0.5, 0.0, 0.6899999976158142, 3.0]
    """
    if side < CELL or side % CELL:
        raise ValueError(f"the side of a canvas must be a multiple of {CELL} pixels, got {side}")
    cells = np.zeros((count, side // CELL, side // CELL, 6), np.float32)
    middle = (objects.box[:, :2] + objects.box[:, 2:]) / 2 / CELL
    size = (objects.box[:, 2:] - objects.box[:, :2]) / CELL
    if (size <= 0).any() or (middle < 0).any() or (middle * CELL > side).any():
        raise ValueError(f"boxes are [top, left, bottom, right] with middles on {side} x {side}")
    at = np.minimum(middle.astype(int), side // CELL - 1)
    rows = np.column_stack([np.ones(len(objects)), middle - at - 0.5, np.log(size), objects.label])
    cells[objects.scene, at[:, 0], at[:, 1]] = rows
    return cells


@keras.saving.register_keras_serializable("course_utils")
def detection_loss(true: keras.KerasTensor, given: keras.KerasTensor) -> keras.KerasTensor:
    """Return the loss of each scene: objectness in every cell, box and class where an object is.

    Cross-entropy for objectness and class, the sum of absolute differences for the box.

    >>> there = Objects(np.array([0]), np.array([3]), np.array([[0, 0, 8, 8]]), np.ones(1))
    >>> cells = to_cells(there, 1, 8)
    >>> sure = np.array([[[[9.0, 0, 0, 0, 0, *(9.0 * (np.arange(10) == 3))]]]])
    >>> bool(detection_loss(cells, sure)[0] < 0.01)
    True
    """
    given = ops.convert_to_tensor(given)
    true = ops.cast(true, given.dtype)
    there = true[..., 0]
    objectness = ops.binary_crossentropy(there, given[..., 0], from_logits=True)
    box = ops.sum(ops.abs(true[..., 1:5] - given[..., 1:5]), axis=-1)
    kind = ops.sparse_categorical_crossentropy(
        ops.cast(true[..., 5], "int32"), given[..., 5:], from_logits=True
    )
    return ops.sum(objectness + there * (box + kind), axis=(1, 2))


def from_cells(cells: np.ndarray, sure: float = SURE) -> Objects:
    """Return the objects that a detector's outputs speak of, without doubles.

    Of boxes of a class that overlap by more than SAME the surest stays: non-maximum suppression,
    by TensorFlow's `tf.image.combined_non_max_suppression`.

    >>> len(from_cells(np.zeros((1, 2, 2, 15)), sure=0.5))
    0
    """
    cells = np.asarray(cells, np.float32)
    count, rows, columns = cells.shape[:3]
    corner, most = np.stack(np.mgrid[:rows, :columns], axis=-1), rows * columns
    middle = (cells[..., 1:3] + corner + 0.5) * CELL
    half = np.exp(np.minimum(cells[..., 3:5], 5)) * CELL / 2
    boxes = np.concatenate([middle - half, middle + half], axis=-1).reshape(count, most, 1, 4)
    # The probability that an object is there, times that of the class.
    scores = np.asarray(ops.sigmoid(cells[..., :1]) * ops.softmax(cells[..., 5:]))
    found = tf.image.combined_non_max_suppression(
        boxes, scores.reshape(count, most, CLASSES), most, most, SAME, sure, clip_boxes=False
    )
    box, score, label, valid = (np.asarray(part) for part in found)
    valid = np.arange(most) < valid[:, None]
    return Objects(np.nonzero(valid)[0], label[valid].astype(np.int64), box[valid], score[valid])


def detect(model: keras.Model, images: np.ndarray) -> Objects:
    """Return the objects that a detector finds on images (n, side, side, 1).

    >>> bool((detect(detector(), np.zeros((2, 48, 48, 1))).score >= SURE).all())
    True
    """
    return from_cells(np.concatenate([np.asarray(model(part)) for part in batches(images)]))
