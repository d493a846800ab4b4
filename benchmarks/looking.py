"""Does pruning show how a network works?  Masks and weights of dense layers -> what can be counted

"Interpretable" is no quantity. These functions measure what could stand for it: how much is left
to look at, whether explanations of single answers are alike from seed to seed, and whether single
units stand for single classes. Each needs its control: the same of the dense network, and of a
network with as many weights at random places.
"""

import itertools
from collections.abc import Sequence

import numpy as np

from course_utils.arrays import as_array, checked
from course_utils.lessons.forgetting.labels import whole_labels

Layers = Sequence[tuple[np.ndarray, np.ndarray]]  # (kernel, bias) of each dense layer, in order


def paths(masks: Sequence[np.ndarray]) -> int:
    """Count the ways through dense layers from an input to an output along weights that stay.

    Takes the masks (inputs, units) of consecutive layers.

    >>> paths([np.ones((2, 3)), np.array([[1], [1], [0]])])
    4
    """
    reaching = _reaching(masks)
    return int(sum(reaching[0]))


def reached(masks: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return which inputs have a way to an output, then which units of each layer but the last.

    Boolean arrays. A unit that nothing feeds counts as reached: its bias still speaks.

    >>> [a.tolist() for a in reached([np.array([[1, 0], [0, 1]]), np.array([[1], [0]])])]
    [[True, False], [True, False]]
    """
    return [count > 0 for count in _reaching(masks)[:-1]]


def saliency(layers: Layers, x: np.ndarray) -> np.ndarray:
    """Return |∂ logit / ∂ input| for the logit of each answer: how a small change would move it.

    For networks of dense layers with ReLU between them, the last one linear (its logits). Takes x
    (n, inputs), returns (n, inputs). Source: Simonyan et al. 2014 (arXiv 1312.6034, section 3).

    >>> W1, W2 = np.array([[1.0, -1.0]]), np.array([[2.0, 0.0], [0.0, 3.0]])
    >>> saliency([(W1, np.zeros(2)), (W2, np.zeros(2))], np.array([[1.0], [-1.0]])).tolist()
    [[2.0], [3.0]]
    """
    value, open_units = checked(x, "x"), []
    for W, b in layers[:-1]:
        value = np.maximum(value @ W + b, 0)
        open_units.append(value > 0)
    last, bias = layers[-1]
    slope = last.T[(value @ last + bias).argmax(axis=1)]
    for (W, _), is_open in zip(reversed(layers[:-1]), reversed(open_units), strict=True):
        slope = (slope * is_open) @ W.T
    return np.abs(slope)


def agreement(maps: np.ndarray) -> float:
    """Return how alike maps of several networks are: the mean correlation over pairs and images.

    Takes (networks, n, pixels), at least two networks. A map without any variation has no
    correlation and is left out; NaN if nothing is left.

    >>> round(agreement(np.array([[[1.0, 2.0, 3.0]], [[2.0, 4.0, 6.0]]])), 6)
    1.0
    """
    maps = checked(maps, "maps").astype(np.float64)
    if maps.ndim != 3 or len(maps) < 2:
        raise ValueError(f"maps must be (two networks or more, n, pixels), not {maps.shape}.")
    centred = maps - maps.mean(axis=2, keepdims=True)
    size = np.linalg.norm(centred, axis=2, keepdims=True)
    unit = np.divide(centred, size, out=np.full_like(centred, np.nan), where=size > 0)
    pairs = itertools.combinations(unit, 2)
    found = np.concatenate([(one * other).sum(axis=1) for one, other in pairs])
    return float(found[~np.isnan(found)].mean()) if not np.isnan(found).all() else float("nan")


def selectivity(activations: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return how much each unit prefers one class, from 0 (none) to 1 (silent for all others).

    (μ_max - μ_rest) / (μ_max + μ_rest), with the mean activations of the class for which it is
    largest, and the mean over those of all other classes. Takes activations (n, units), not
    negative; NaN for a unit that is always silent. Source: Morcos et al. 2018 (arXiv 1803.06959).

    >>> selectivity(np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([0, 1])).tolist()
    [1.0, 0.0]
    """
    A = checked(activations, "activations").astype(np.float64)
    labels = whole_labels(labels, "labels", A.shape[:1])
    if A.min() < 0:
        raise ValueError("activations must not be negative: take them behind the ReLU.")
    means = np.array([A[labels == c].mean(axis=0) for c in np.unique(labels)])
    top = means.max(axis=0)
    rest = (means.sum(axis=0) - top) / max(len(means) - 1, 1)
    ahead, whole = np.maximum(top - rest, 0), top + rest  # rounding may leave -1e-17
    return np.divide(ahead, whole, out=np.full_like(top, np.nan), where=whole > 0)


def _reaching(masks: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Count, for each input, each unit and each output, its ways to the outputs."""
    counts = None
    for mask in reversed([as_array(mask, "mask") != 0 for mask in masks]):
        after = np.ones(mask.shape[1], object) if counts is None else counts[0]
        if mask.ndim != 2 or mask.shape[1] != len(after):
            raise ValueError(f"a mask of shape {mask.shape} does not lead to {len(after)} units.")
        # Python's own whole numbers: a wide network has more ways than fit into 64 bits.
        here = np.array([sum(after[row]) for row in mask], object)
        counts = [here, *(counts or [after])]
    return counts
