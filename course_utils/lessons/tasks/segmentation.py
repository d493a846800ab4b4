"""Segmentation: a small U-Net that says of each pixel what it belongs to, and its mean IoU."""

import numpy as np

from course_utils.backend import keras
from course_utils.pruning.examples import batches

layers, ops = keras.layers, keras.ops

CLASSES = 11  # background, and ten digits


def unet(seed: int = 0) -> keras.Model:
    """Build a U-Net of two levels for scenes of 24x24: outputs (n, 24, 24, 11), a softmax.

    Down: a convolution and a pooling on each level. Up: a transposed convolution, and beside it
    the maps of the same level from the way down (`Concatenate`: a skip). It is compiled for the
    classes of pixels as whole numbers. Source: Ronneberger et al. 2015 (arXiv 1505.04597), which
    has four levels, and two convolutions on each, both ways; here the upper level has none on the
    way up but the 1x1 of the output, since at full size they cost most.

    >>> unet().output_shape
    (None, 24, 24, 11)
    """
    keras.utils.set_random_seed(seed)
    widths, image = (8, 24, 48), keras.Input((24, 24, 1), name="image")
    down1 = _block(image, widths[0], "down1")
    down2 = _block(layers.MaxPooling2D(2, name="pool1")(down1), widths[1], "down2")
    deep1 = _block(layers.MaxPooling2D(2, name="pool2")(down2), widths[2], "deep1")
    deep2 = _block(deep1, widths[2], "deep2")
    up2 = _block(_joined(deep2, down2, widths[1], "2"), widths[1], "up2")
    top = _joined(up2, down1, 2 * widths[0], "1")
    pixels = layers.Conv2D(CLASSES, 1, activation="softmax", name="output")(top)
    model = keras.Model(image, pixels, name="unet")
    model.compile(keras.optimizers.Adam(5e-3), pixel_loss)
    return model


@keras.saving.register_keras_serializable("course_utils")
def pixel_loss(true: keras.KerasTensor, given: keras.KerasTensor) -> keras.KerasTensor:
    """Return the cross-entropy of each pixel, (n, side, side); background counts half.

    Nine pixels of ten are background, and easy: they need not teach as much as those of digits.

    >>> pixel_loss(np.array([[[0, 1]]]), np.full((1, 1, 2, 2), 0.5)).numpy().round(3).tolist()
    [[[0.347, 0.693]]]
    """
    given, true = ops.convert_to_tensor(given), ops.cast(true, "int32")
    weight = ops.cast(ops.where(true > 0, 1.0, 0.5), given.dtype)
    return weight * ops.sparse_categorical_crossentropy(true, given)


def mean_iou(model: keras.Model, images: np.ndarray, pixels: np.ndarray) -> float:
    """Return the mean over classes of intersection over union of pixels, by Keras's `MeanIoU`.

    Pixels are counted over all images together. A class that is neither there nor answered is
    left out of the mean.

    >>> mean_iou(unet(), np.zeros((1, 24, 24, 1)), np.zeros((1, 24, 24), int)) <= 1
    True
    """
    metric = keras.metrics.MeanIoU(CLASSES)
    metric.update_state(pixels, _answers(model, images))
    return float(metric.result())


def class_ious(model: keras.Model, images: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Return intersection over union for each of the 11 classes, by Keras's `IoU`.

    A class that is neither there nor answered has 0.

    >>> class_ious(unet(), np.zeros((1, 24, 24, 1)), np.zeros((1, 24, 24), int)).shape
    (11,)
    """
    given = _answers(model, images)
    metrics = [keras.metrics.IoU(CLASSES, [number]) for number in range(CLASSES)]
    for metric in metrics:
        metric.update_state(pixels, given)
    return np.array([float(metric.result()) for metric in metrics])


def _answers(model: keras.Model, images: np.ndarray) -> np.ndarray:
    return np.concatenate([np.asarray(model(part)).argmax(axis=-1) for part in batches(images)])


def _block(x: keras.KerasTensor, width: int, name: str) -> keras.KerasTensor:
    x = layers.Conv2D(width, 3, padding="same", use_bias=False, name=name)(x)
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def _joined(
    below: keras.KerasTensor, beside: keras.KerasTensor, width: int, level: str
) -> keras.KerasTensor:
    """Double the sides of what comes from below, and put the skip beside it."""
    larger = layers.Conv2DTranspose(width, 2, 2, name=f"larger{level}")(below)
    return layers.Concatenate(name=f"skip{level}")([beside, larger])
