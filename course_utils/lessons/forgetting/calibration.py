"""Does a network know how often it is right?  probabilities, labels -> calibration

A network is calibrated if, of all answers that it gives with a confidence of 80 %, 80 % are right.
"""

from typing import NamedTuple

import numpy as np

from course_utils.arrays import checked, whole
from course_utils.lessons.forgetting.labels import whole_labels


class Bin(NamedTuple):
    """Answers of like confidence, from above `low` up to `high`: how many, how sure, how right."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def reliability(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> list[Bin]:
    """Sort the answers by confidence into bins of equal width, those without answers left out.

    The confidence is the largest probability. Source: Guo et al. 2017 (arXiv 1706.04599).

    >>> for found in reliability(np.array([[0.9, 0.1], [0.3, 0.7]]), np.array([0, 0]), bins=2):
    ...     print(found.count, round(found.confidence, 3), found.accuracy)
    2 0.8 0.5
    """
    p, labels = _both(probabilities, labels)
    confidence, right = p.max(axis=1).astype(np.float64), p.argmax(axis=1) == labels
    edges = np.linspace(0, 1, whole(bins, "bins", least=1) + 1)
    # A bin takes in its upper edge, not its lower one.
    place = np.searchsorted(edges[1:-1], confidence, side="left")
    return [
        Bin(
            float(edges[b]), float(edges[b + 1]), int(inside.sum()),
            float(confidence[inside].mean()), float(right[inside].mean()),
        )
        for b in np.unique(place)
        for inside in [place == b]
    ]  # fmt: skip


def ece(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """Return the expected calibration error: the mean |accuracy - confidence| of all answers' bins.

    Σ (answers in the bin / all answers) · |accuracy - confidence|, from 0 to 1, over the bins of
    `reliability`. Source: Guo et al. 2017 (arXiv 1706.04599, equation 3). It is above 0 by chance
    alone: see `ece_if_calibrated`.

    >>> round(ece(np.array([[0.9, 0.1], [0.3, 0.7]]), np.array([0, 0]), bins=2), 3)
    0.3
    """
    found = reliability(probabilities, labels, bins)
    total = sum(b.count for b in found)
    return sum(b.count / total * abs(b.accuracy - b.confidence) for b in found)


def ece_if_calibrated(probabilities: np.ndarray, draws: int = 100, seed: int = 0) -> np.ndarray:
    """Return the ECE that chance would give, `draws` times, if the probabilities were true.

    The control for `ece`: labels are drawn from the probabilities themselves, so that any ECE left
    comes from there being only so many answers.

    >>> ece_if_calibrated(np.full((50, 2), 0.5), draws=3).shape
    (3,)
    """
    p, _ = _both(probabilities, np.zeros(len(probabilities), int))
    rng, steps = np.random.default_rng(whole(seed, "seed")), np.cumsum(p, axis=1, dtype=np.float64)
    steps[:, -1] = 1  # rounding must not leave a gap above the last class
    drawn = ((rng.random((len(p), 1)) > steps).sum(axis=1) for _ in range(draws))
    return np.array([ece(p, labels) for labels in drawn])


def _both(probabilities: object, labels: object) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities (n, classes) and labels (n,), after making sure that they are that."""
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
