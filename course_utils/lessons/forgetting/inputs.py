"""Checks of the labels, probabilities and images that functions of this folder are given."""

import numpy as np

from course_utils.arrays import as_array, checked


def whole_labels(values: object, name: str, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """Return `values` as an array of labels: whole numbers from 0, of `shape` if one is asked.

    >>> whole_labels([3, 1], "labels").tolist()
    [3, 1]
    """
    array = as_array(values, name)
    if array.dtype.kind not in "iu":
        raise TypeError(
            f"{name} must be whole numbers, one class an image, not {array.dtype}. "
            "Of probabilities take argmax(axis=1)."
        )
    if array.min() < 0:
        raise ValueError(f"{name} must be at least 0, and one of them is {array.min()}.")
    if shape is not None and array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}; {shape} was expected.")
    return array


def probabilities_and_labels(
    probabilities: object, labels: object
) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities (n, classes) and labels (n,), after making sure that they are that.

    >>> probabilities_and_labels([[0.5, 0.5]], [1])[0].shape
    (1, 2)
    """
    p = checked(probabilities, "probabilities")
    if p.ndim != 2:
        raise ValueError(f"probabilities must have the shape (images, classes), not {p.shape}.")
    if p.min() < 0 or np.abs(p.sum(axis=1) - 1).max() > 1e-3:
        raise ValueError(
            "probabilities must be at least 0 and sum to 1 for each image. These look like logits: "
            "put them through a softmax first."
        )
    labels = whole_labels(labels, "labels", p.shape[:1])
    if labels.max() >= p.shape[1]:
        raise ValueError(f"labels go up to {labels.max()}; there are {p.shape[1]} probabilities.")
    return p, labels


def unit_images(images: object) -> np.ndarray:
    """Return images (n, height, width, channels) of floats in [0, 1], nothing copied.

    >>> unit_images(np.zeros((1, 2, 2, 1))).shape
    (1, 2, 2, 1)
    """
    x = checked(images, "images")
    if x.ndim != 4:
        raise ValueError(f"images must be (n, height, width, channels); the shape is {x.shape}.")
    if x.dtype.kind != "f" or x.min() < 0 or x.max() > 1:
        raise ValueError("images must be floats from 0 to 1: divide bytes by 255.")
    return x
