"""The same digits, a little worse: noise, blur, shift, rotation, contrast, each in five steps.

Every function takes images (n, height, width, channels) of floats in [0, 1], and returns new ones
of the same shape and type in [0, 1]. The idea of steps is that of Hendrycks and Dietterich 2019
(arXiv 1903.12261); for MNIST see Mu and Gilmer 2019 (arXiv 1906.02337). The steps here are the
course's own.
"""

from collections.abc import Callable

import numpy as np

from course_utils.arrays import checked_number, whole
from course_utils.lessons.forgetting.given import unit_images


def noise(images: np.ndarray, sd: float, seed: int = 0) -> np.ndarray:
    """Return the images with normal noise of standard deviation `sd` added, cut off at 0 and 1.

    >>> float(noise(np.full((1, 50, 50, 1), 0.5), 0.1).std().round(2))
    0.1
    """
    x, sd = unit_images(images), checked_number(sd, "sd", 0, np.inf)
    added = np.random.default_rng(whole(seed, "seed")).normal(0, sd, x.shape)
    return np.clip(x + added, 0, 1).astype(x.dtype)


def blur(images: np.ndarray, sd: float) -> np.ndarray:
    """Return the images blurred by a Gaussian of `sd` pixels; beyond the edge lies black (0).

    >>> point = np.zeros((1, 9, 9, 1))
    >>> point[0, 4, 4, 0] = 1
    >>> blur(point, 1.0)[0, 4, 3:6, 0].round(3).tolist()
    [0.097, 0.159, 0.097]
    """
    x, sd = unit_images(images), checked_number(sd, "sd", 0, np.inf)
    if sd == 0:
        return x.copy()
    reach = int(4 * sd + 0.5)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sd) ** 2)
    blurred = x.astype(np.float64)
    for axis in (1, 2):  # a Gaussian of two dimensions is one along each
        blurred = _smoothed(blurred, weights / weights.sum(), axis)
    return np.clip(blurred, 0, 1).astype(x.dtype)


def shift(images: np.ndarray, pixels: float, seed: int = 0) -> np.ndarray:
    """Return each image moved by `pixels`, a whole number, in one of eight directions, by chance.

    Black (0) comes in at the edge.

    >>> square = np.pad(np.ones((1, 2, 2, 1)), ((0, 0), (3, 3), (3, 3), (0, 0)))
    >>> float(shift(square, 2).sum())
    4.0
    """
    x, step = unit_images(images), checked_number(pixels, "pixels", 0, min(images.shape[1:3]))
    if step != int(step):
        raise ValueError(f"pixels must be a whole number, not {pixels!r}.")
    ways = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]
    drawn = np.random.default_rng(whole(seed, "seed")).integers(0, len(ways), len(x))
    moved = np.zeros_like(x)
    for number, (down, right) in enumerate(ways):
        (to_row, from_row), (to_column, from_column) = (
            _overlap(int(step) * k) for k in (down, right)
        )
        mine = np.flatnonzero(drawn == number)
        moved[mine, to_row, to_column] = x[mine, from_row, from_column]
    return moved


def rotation(images: np.ndarray, degrees: float, seed: int = 0) -> np.ndarray:
    """Return each image turned about its centre by `degrees`, to the left or right by chance.

    Between pixels, linear interpolation; beyond the edge lies black (0).

    >>> float(rotation(np.ones((1, 9, 9, 1)), 20)[0, 4, 4, 0])
    1.0
    """
    x, degrees = unit_images(images), checked_number(degrees, "degrees", 0, 180)
    left = np.random.default_rng(whole(seed, "seed")).random(len(x)) < 0.5
    turned = np.where(left[:, None, None, None], _turned(x, degrees), _turned(x, -degrees))
    return np.clip(turned, 0, 1).astype(x.dtype)


def contrast(images: np.ndarray, left: float) -> np.ndarray:
    """Return the images with their contrast multiplied by `left`, about the middle grey 1/2.

    >>> contrast(np.array([0.0, 1.0]).reshape(1, 1, 2, 1), 0.5).ravel().tolist()
    [0.25, 0.75]
    """
    x, left = unit_images(images), checked_number(left, "left", 0, 1)
    return (0.5 + left * (x - 0.5)).astype(x.dtype)


# Five steps of each, from hardly seen to hard for a person.
_STEPS: dict[str, tuple[float, ...]] = {
    "noise": (0.1, 0.2, 0.3, 0.4, 0.5),
    "blur": (0.5, 1.0, 1.5, 2.0, 2.5),
    "shift": (1, 2, 3, 4, 5),
    "rotation": (10, 20, 30, 40, 50),
    "contrast": (0.8, 0.6, 0.4, 0.3, 0.2),
}
KINDS = tuple(_STEPS)


def corrupt(images: np.ndarray, kind: str, severity: int, seed: int = 0) -> np.ndarray:
    """Return the images with a corruption of KINDS at a severity from 0 (none) to 5.

    >>> corrupt(np.ones((1, 28, 28, 1)), "contrast", 5)[0, 0, 0].round(2).tolist()
    [0.6]
    """
    if kind not in _STEPS:
        raise ValueError(f"kind must be one of {list(KINDS)}, not {kind!r}.")
    if severity not in range(6):
        raise ValueError(f"severity must be a whole number from 0 to 5, not {severity!r}.")
    if severity == 0:
        return unit_images(images).copy()
    drawn: dict[str, Callable] = {"noise": noise, "shift": shift, "rotation": rotation}
    step = _STEPS[kind][severity - 1]
    if kind in drawn:
        return drawn[kind](images, step, seed)
    return {"blur": blur, "contrast": contrast}[kind](images, step)


def _smoothed(x: np.ndarray, weights: np.ndarray, axis: int) -> np.ndarray:
    reach, length = len(weights) // 2, x.shape[axis]
    room = [(reach, reach) if a == axis else (0, 0) for a in range(x.ndim)]
    wide = np.pad(x, room)
    parts = (wide.take(range(k, k + length), axis) * w for k, w in enumerate(weights))
    return sum(parts)


def _overlap(step: int) -> tuple[slice, slice]:
    """Return where a shift by `step` writes, and where it reads.

    >>> _overlap(2)
    (slice(2, None, None), slice(None, -2, None))
    """
    if step == 0:
        return slice(None), slice(None)
    ends = slice(abs(step), None), slice(None, -abs(step))
    return ends if step > 0 else ends[::-1]


def _turned(x: np.ndarray, degrees: float) -> np.ndarray:
    """Turn all images to the left by the same angle: each new pixel looks up where it came from."""
    height, width = x.shape[1:3]
    angle, middle = np.deg2rad(degrees), np.array([height - 1, width - 1]) / 2
    grid = np.moveaxis(np.indices((height, width)), 0, -1) - middle
    back = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    at = grid @ back + middle
    # An angle of 90 degrees must not miss the pixels at the edge by a rounding error.
    low = np.floor(at.round(9)).astype(int)
    part = at - low
    framed, turned = np.pad(x, ((0, 0), (1, 2), (1, 2), (0, 0))), 0.0
    for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
        row, column = low[..., 0] + i, low[..., 1] + j
        weight = abs(1 - i - part[..., 0]) * abs(1 - j - part[..., 1])
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        looked_up = framed[:, np.clip(row, -1, height) + 1, np.clip(column, -1, width) + 1]
        turned = turned + (weight * inside)[None, ..., None] * looked_up
    return turned
