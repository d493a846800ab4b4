"""The same digits, a little worse: noise, blur, shift, rotation, contrast, each in five steps.

Every function takes images (n, height, width, channels) of floats in [0, 1], and returns new ones
of the same shape and type in [0, 1]. The idea of steps is that of Hendrycks and Dietterich 2019
(arXiv 1903.12261); for MNIST see Mu and Gilmer 2019 (arXiv 1906.02337). The steps here are the
course's own.
"""

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from course_utils.arrays import checked_number, whole
from course_utils.lessons.forgetting.inputs import unit_images


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
    blurred = ndimage.gaussian_filter(x, sd, axes=(1, 2), mode="constant", output=np.float64)
    return np.clip(blurred, 0, 1).astype(x.dtype)


def shift(images: np.ndarray, pixels: int, seed: int = 0) -> np.ndarray:
    """Return each image moved by whole `pixels` in one of eight directions, by chance.

    Black (0) comes in at the edge. Raises ValueError for more pixels than an image has.

    >>> square = np.pad(np.ones((1, 2, 2, 1)), ((0, 0), (3, 3), (3, 3), (0, 0)))
    >>> float(shift(square, 2).sum())
    4.0
    """
    x = unit_images(images)
    height, width = x.shape[1:3]
    step = int(checked_number(whole(pixels, "pixels"), "pixels", 0, min(height, width)))
    ways = np.array([(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)])
    drawn = np.random.default_rng(whole(seed, "seed")).integers(0, len(ways), len(x))
    framed = np.pad(x, ((0, 0), (step, step), (step, step), (0, 0)))
    corners = step * (1 - ways[drawn])  # to move an image down is to look at it from further up
    windows = zip(framed, corners, strict=True)
    return np.stack([image[i : i + height, j : j + width] for image, (i, j) in windows])


def rotation(images: np.ndarray, degrees: float, seed: int = 0) -> np.ndarray:
    """Return each image turned about its centre by `degrees`, to the left or right by chance.

    Between pixels, linear interpolation; beyond the edge lies black (0).

    >>> float(rotation(np.ones((1, 9, 9, 1)), 20)[0, 4, 4, 0])
    1.0
    """
    x, degrees = unit_images(images), checked_number(degrees, "degrees", 0, 180)
    left = np.random.default_rng(whole(seed, "seed")).random(len(x)) < 0.5
    how = {"axes": (2, 1), "reshape": False, "order": 1, "mode": "grid-constant"}
    one, other = (ndimage.rotate(x, a, output=np.float64, **how) for a in (degrees, -degrees))
    turned = np.where(left[:, None, None, None], one, other)
    return np.clip(turned, 0, 1).astype(x.dtype)


def contrast(images: np.ndarray, left: float) -> np.ndarray:
    """Return the images with their contrast multiplied by `left`, about the middle grey 1/2.

    >>> contrast(np.array([0.0, 1.0]).reshape(1, 1, 2, 1), 0.5).ravel().tolist()
    [0.25, 0.75]
    """
    x, left = unit_images(images), checked_number(left, "left", 0, 1)
    return (0.5 + left * (x - 0.5)).astype(x.dtype)


# Five steps of each, from hardly seen to hard for a person.
_STEPS: dict[str, tuple[Callable, tuple[float, ...]]] = {
    "noise": (noise, (0.1, 0.2, 0.3, 0.4, 0.5)),
    "blur": (lambda images, sd, _: blur(images, sd), (0.5, 1.0, 1.5, 2.0, 2.5)),
    "shift": (shift, (1, 2, 3, 4, 5)),
    "rotation": (rotation, (10, 20, 30, 40, 50)),
    "contrast": (lambda images, left, _: contrast(images, left), (0.8, 0.6, 0.4, 0.3, 0.2)),
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
    made, steps = _STEPS[kind]
    return made(images, steps[severity - 1], seed)
