"""The same digits, a little worse: noise, blur, shift, rotation, contrast, each in five steps.

The idea of steps is that of Hendrycks and Dietterich 2019 (arXiv 1903.12261); for MNIST see Mu and
Gilmer 2019 (arXiv 1906.02337). The steps here are the course's own.
"""

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from course_utils.arrays import checked, whole


def corrupt(images: np.ndarray, kind: str, severity: int, seed: int = 0) -> np.ndarray:
    """Return the images with a corruption of KINDS at a severity from 0 (none) to 5.

    Takes images (n, height, width, channels) of floats in [0, 1], and returns new ones of the same
    shape and type in [0, 1]. What lies beyond the edge is black (0).

    >>> corrupt(np.ones((1, 28, 28, 1)), "contrast", 5)[0, 0, 0].round(2).tolist()
    [0.6]
    """
    x = checked(images, "images")
    if x.ndim != 4:
        raise ValueError(f"images must be (n, height, width, channels); the shape is {x.shape}.")
    if x.dtype.kind != "f" or x.min() < 0 or x.max() > 1:
        raise ValueError("images must be floats from 0 to 1: divide bytes by 255.")
    if kind not in _STEPS:
        raise ValueError(f"kind must be one of {list(KINDS)}, not {kind!r}.")
    if severity not in range(6):
        raise ValueError(f"severity must be a whole number from 0 to 5, not {severity!r}.")
    if severity == 0:
        return x.copy()
    made, steps = _STEPS[kind]
    worse = made(x, steps[severity - 1], np.random.default_rng(whole(seed, "seed")))
    return np.clip(worse, 0, 1).astype(x.dtype)


def _blur(x: np.ndarray, sd: float, _: np.random.Generator) -> np.ndarray:
    """Blur by a Gaussian of `sd` pixels."""
    return ndimage.gaussian_filter(x, sd, axes=(1, 2), mode="constant", output=np.float64)


def _shift(x: np.ndarray, pixels: int, rng: np.random.Generator) -> np.ndarray:
    """Move each image by whole pixels in one of eight directions, by chance."""
    ways = np.array([(i, j, 0) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)])
    moves = pixels * ways[rng.integers(0, len(ways), len(x))]
    pairs = zip(x.astype(np.float64), moves, strict=True)
    return np.stack([ndimage.shift(image, move, order=0) for image, move in pairs])


def _rotation(x: np.ndarray, degrees: float, rng: np.random.Generator) -> np.ndarray:
    """Turn each image about its centre, to the left or right by chance, by linear interpolation."""
    left = rng.random(len(x)) < 0.5
    how = {"axes": (2, 1), "reshape": False, "order": 1, "mode": "grid-constant"}
    one, other = (ndimage.rotate(x, a, output=np.float64, **how) for a in (degrees, -degrees))
    return np.where(left[:, None, None, None], one, other)


# Five steps of each, from hardly seen to hard for a person: the standard deviation of normal noise,
# pixels, degrees, and the factor of the contrast about the middle grey.
_STEPS: dict[str, tuple[Callable, tuple[float, ...]]] = {
    "noise": (lambda x, sd, rng: x + rng.normal(0, sd, x.shape), (0.1, 0.2, 0.3, 0.4, 0.5)),
    "blur": (_blur, (0.5, 1.0, 1.5, 2.0, 2.5)),
    "shift": (_shift, (1, 2, 3, 4, 5)),
    "rotation": (_rotation, (10, 20, 30, 40, 50)),
    "contrast": (lambda x, left, _: 0.5 + left * (x - 0.5), (0.8, 0.6, 0.4, 0.3, 0.2)),
}
KINDS = tuple(_STEPS)
