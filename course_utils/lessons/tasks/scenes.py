"""Scenes made of digits: images with several of them, with their boxes and the class of each pixel.

Training, validation and test scenes are made of the digits of the same split, so that no digit
of one is in another.
"""

from dataclasses import dataclass

import numpy as np

from course_utils.arrays import whole
from course_utils.backend import keras
from course_utils.lessons.data import Dataset
from course_utils.lessons.tasks.boxes import Objects, box_iou

INK = 0.25  # darker pixels belong to the digit
TRIES = 20  # places that are tried for a digit; one that fits nowhere is left out


@dataclass(frozen=True)
class Canvas:
    """Say how scenes look: `side` in pixels, the sizes of a 28x28 image there, how many at most.

    >>> Canvas(side=64).sizes
    (28, 20)
    """

    side: int = 48
    sizes: tuple[int, ...] = (28, 20)
    most: int = 3


@dataclass(frozen=True, repr=False, eq=False)
class Scenes:
    """Hold scenes: images float32 (n, side, side, 1) in [0, 1], the objects on them, and pixels.

    `pixels` int64 (n, side, side): 0 for background, digit + 1 where there is ink.
    """

    images: np.ndarray
    objects: Objects
    pixels: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        """Show how many."""
        side = self.images.shape[1]
        return f"{len(self):,} scenes of {side}x{side} pixels, {len(self.objects):,} objects"


def load_scenes(
    data: Dataset, counts: tuple[int, int, int], canvas: Canvas | None = None, seed: int = 0
) -> tuple[Scenes, Scenes, Scenes]:
    """Return training, validation and test scenes, made of the digits of the same split.

    >>> from course_utils.lessons.data import load_digits
    >>> train, val, test = load_scenes(load_digits(), (8, 4, 4))
    >>> len(train), len(val), len(test)
    (8, 4, 4)
    """
    splits = ((data.x_train, data.y_train), (data.x_val, data.y_val), (data.x_test, data.y_test))
    seeds = np.random.SeedSequence(whole(seed, "seed")).generate_state(3)
    return tuple(
        make_scenes(*digits, count, canvas, int(own))
        for digits, count, own in zip(splits, counts, seeds, strict=True)
    )


def make_scenes(
    x: np.ndarray, y: np.ndarray, count: int, canvas: Canvas | None = None, seed: int = 0
) -> Scenes:
    """Put digits x (m, 28, 28, 1) with labels y (m,) on `count` canvases; no two boxes overlap.

    Each scene has 1 to `canvas.most` digits, drawn with repetition, at random places and sizes; a
    box is that of the ink. A later digit that does not fit is left out.

    Raises ValueError for a canvas on which a digit has no room.

    >>> from course_utils.lessons.data import load_digits
    >>> data = load_digits()
    >>> scenes = make_scenes(data.x_train, data.y_train, 3)
    >>> scenes.images.shape, int(scenes.pixels.max()) <= 10
    ((3, 48, 48, 1), True)
    """
    canvas = canvas or Canvas()
    if max(canvas.sizes) > canvas.side:
        raise ValueError(
            f"a digit of {max(canvas.sizes)} pixels has no room on a canvas of {canvas.side}: make "
            "the canvas larger, or the sizes smaller"
        )
    rng = np.random.default_rng(seed)
    which = rng.integers(0, len(x), (count, canvas.most))
    sizes = rng.choice(canvas.sizes, which.shape)
    wanted = np.arange(canvas.most) < rng.integers(1, canvas.most + 1, (count, 1))
    ground = np.zeros((2, count, *2 * [canvas.side + 2 * max(canvas.sizes)]), np.float32)
    boxes, there = np.zeros((*which.shape, 4), int), np.zeros(which.shape, bool)
    for turn in range(canvas.most):
        sprites, ink = _sprites(x[which[:, turn]], sizes[:, turn])
        boxes[:, turn], fits = _placed(ink, boxes[:, :turn], there[:, :turn], canvas.side, rng)
        there[:, turn] = fits & wanted[:, turn]
        corners = boxes[:, turn, :2] - ink[:, :2] + max(canvas.sizes)
        _paste(ground, sprites * there[:, turn, None, None], y[which[:, turn]] + 1, corners)
    middle = slice(max(canvas.sizes), -max(canvas.sizes))
    images, pixels = ground[:, :, middle, middle]
    scene, turn = np.nonzero(there)
    labels, box = y[which[there]].astype(np.int64), boxes[there].astype(np.float32)
    objects = Objects(scene, labels, box, np.ones(len(scene), np.float32))
    return Scenes(images[..., None].copy(), objects, pixels.astype(np.int64))


def _sprites(x: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return digits (n, s, s), each brought to its size in the corner of the largest, and boxes."""
    sprites = np.zeros((len(x), sizes.max(), sizes.max()), np.float32)
    for size in np.unique(sizes):
        these = sizes == size
        small = keras.ops.image.resize(x[these], (size, size), antialias=True)
        sprites[these, :size, :size] = np.clip(np.asarray(small)[..., 0], 0, 1)
    return sprites, ink_boxes(sprites > INK)


def ink_boxes(ink: np.ndarray) -> np.ndarray:
    """Return the boxes (n, 4) of what is True in masks (n, height, width), at least a pixel each.

    >>> ink_boxes(np.eye(4, dtype=bool)[None]).tolist()
    [[0, 0, 4, 4]]
    """
    rows, columns = ink.any(axis=2), ink.any(axis=1)
    low = [line.argmax(axis=1) for line in (rows, columns)]
    high = [line.shape[1] - line[:, ::-1].argmax(axis=1) for line in (rows, columns)]
    return np.stack([*low, *high], axis=1)


def _placed(
    ink: np.ndarray, boxes: np.ndarray, there: np.ndarray, side: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return a box for each scene where it overlaps none of those there, and whether it has one."""
    size = (ink[:, 2:] - ink[:, :2])[:, None]
    corner = (rng.random((len(ink), TRIES, 2)) * (side - size + 1)).astype(int)
    tries = np.concatenate([corner, corner + size], axis=2)
    overlaps = (box_iou(tries[:, :, None], boxes[:, None]) > 0) & there[:, None]
    free = ~overlaps.any(axis=2)
    return tries[np.arange(len(ink)), free.argmax(axis=1)], free.any(axis=1)


def _paste(
    ground: np.ndarray, sprites: np.ndarray, classes: np.ndarray, corners: np.ndarray
) -> None:
    """Write sprites into the images, ground[0], and their classes into the pixels, ground[1]."""
    images, pixels = ground
    every, along = np.arange(len(sprites))[:, None, None], np.arange(sprites.shape[1])
    at = (every, corners[:, :1, None] + along[:, None], corners[:, 1:, None] + along)
    images[at] = np.maximum(images[at], sprites)
    pixels[at] = np.where(sprites > INK, classes[:, None, None], pixels[at])
