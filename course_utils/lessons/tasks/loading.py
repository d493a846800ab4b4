"""What the trained networks of lessons 17 and 18 learned from: ((x, y), (x, y) of the test)."""

import numpy as np

from course_utils.backend import keras
from course_utils.lessons.data import load_mnist
from course_utils.lessons.tasks import detection, hearing, segmentation, speech, text
from course_utils.lessons.tasks.average_precision import mean_average_precision
from course_utils.lessons.tasks.boxes import Objects
from course_utils.lessons.tasks.scenes import Canvas, load_scenes

SCENES, SPEAKERS, LINES = (4096, 500, 1000), (150, 30, 60), (8000, 1000, 3000)
SMALL = Canvas(24, (14,), 3)  # the scenes whose pixels are classified

Split = tuple[np.ndarray, object]


def detector() -> keras.Model:
    """Return the detector with a rate that falls to zero in four epochs."""
    return _falling(detection.detector())


def unet() -> keras.Model:
    """Return the U-Net with a rate that falls to zero in four epochs."""
    return _falling(segmentation.unet())


def _falling(model: keras.Model) -> keras.Model:
    rate = keras.optimizers.schedules.CosineDecay(5e-3, 4 * SCENES[0] // 32)
    model.compile(keras.optimizers.Adam(rate), model.loss)
    return model


def boxes() -> tuple[Split, Split]:
    """Return scenes with what a detector should answer, and test scenes with their objects."""
    train, _, test = load_scenes(load_mnist(), SCENES)
    cells = detection.to_cells(train.objects, len(train), train.images.shape[1])
    return (train.images, cells), (test.images, test.objects)


def pixels() -> tuple[Split, Split]:
    """Return small scenes with the class of each pixel."""
    train, _, test = load_scenes(load_mnist(), SCENES, SMALL)
    return (train.images, train.pixels), (test.images, test.pixels)


def vowels() -> tuple[Split, Split]:
    """Return spectrograms and their vowels."""
    train, _, test = speech.load_vowels(SPEAKERS)
    return tuple((hearing.log_mel(part.waves), part.vowel) for part in (train, test))


def lines() -> tuple[Split, Split]:
    """Return lines as numbers, and their kinds."""
    train, _, test = text.load_lines(LINES)
    return (train.ids, train.kind), (test.ids, test.kind)


def mean_ap(model: keras.Model, images: np.ndarray, objects: Objects) -> float:
    """Return the mean average precision of a detector."""
    return mean_average_precision(detection.detect(model, images), objects)
