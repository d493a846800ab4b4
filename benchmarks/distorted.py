"""Digits that are bent and shifted a little, as by another hand.

Source: Simard, Steinkraus and Platt 2003, Best Practices for Convolutional Neural Networks Applied
to Visual Document Analysis (ICDAR), section 2: random fields of displacement, smoothed.
"""

import numpy as np
from scipy.ndimage import map_coordinates

SMOOTH = 4.0  # pixels, the standard deviation of the smoothing
AT_ONCE = 10_000  # images


def distorted(images: np.ndarray, rng: np.random.Generator, pixels: float) -> np.ndarray:
    """Return float32 copies of images (n, 28, 28, 1), each bent and shifted in its own way.

    `pixels` is the root mean square of the displacement along each axis; the shift is at most one.
    """
    parts = range(0, len(images), AT_ONCE)
    return np.concatenate([_bent(images[i : i + AT_ONCE, ..., 0], rng, pixels) for i in parts])


def _bent(images: np.ndarray, rng: np.random.Generator, pixels: float) -> np.ndarray:
    n, size, _ = images.shape
    near = np.subtract.outer(np.arange(size), np.arange(size)) / SMOOTH
    blur = np.exp(-0.5 * near**2).astype(np.float32)
    blur /= blur.sum(axis=1, keepdims=True)
    field = blur @ rng.uniform(-1, 1, (2, n, size, size)).astype(np.float32) @ blur.T
    field *= pixels / np.sqrt(np.mean(field**2, axis=(2, 3), keepdims=True))
    field += rng.integers(-1, 2, (2, n, 1, 1))
    rows, columns = np.indices((size, size), dtype=np.float32)
    which = np.broadcast_to(np.arange(n, dtype=np.float32)[:, None, None], images.shape)
    places = (which, rows + field[0], columns + field[1])
    return map_coordinates(images, places, order=1, mode="constant")[..., None]
