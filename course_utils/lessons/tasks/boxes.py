"""Boxes with labels and scores, of many scenes together: how far two agree, and average precision.

How good a detector is, is said as in PASCAL VOC since 2010: Everingham et al. 2015, The PASCAL
Visual Object Classes Challenge: A Retrospective (https://doi.org/10.1007/s11263-014-0733-5).
Objects found are gone through from the surest on; each is right if the box of its class that it
overlaps most, in its scene, overlaps by at least 0.5 and was not found before. Average precision is
the area below precision over recall, whose rises are levelled ("all-point interpolation").
"""

from dataclasses import dataclass, fields

import numpy as np

OVERLAP = 0.5  # intersection over union, from which on a box counts as found


@dataclass(frozen=True, eq=False)
class Objects:
    """Hold objects of many scenes, one a row: flat arrays of equal length.

    `scene` and `label` int64 (m,); `box` float32 (m, 4) in pixels: top, left, bottom, right;
    `score` float32 (m,), how sure a detector is, and 1 for what is truly there.

    >>> len(Objects(np.array([0]), np.array([3]), np.array([[0, 0, 4, 4]]), np.ones(1)))
    1
    """

    scene: np.ndarray
    label: np.ndarray
    box: np.ndarray
    score: np.ndarray

    def __len__(self) -> int:
        return len(self.scene)

    def where(self, chosen: np.ndarray | slice) -> "Objects":
        """Return some of the objects: a Boolean mask, or their places in an order."""
        return Objects(*(getattr(self, field.name)[chosen] for field in fields(self)))


def box_iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return intersection over union of boxes (..., 4), which broadcast; 0 for empty boxes.

    A box is top, left, bottom, right; its area is (bottom - top)(right - left). Source: the
    overlap of PASCAL VOC, Everingham et al. 2010 (https://doi.org/10.1007/s11263-009-0275-4,
    section 4.2), with edges between pixels, so that no 1 is added to a length.

    >>> float(box_iou(np.array([0, 0, 2, 2]), np.array([0, 1, 2, 3])))
    0.3333333333333333
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    low, high = np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., 2:], b[..., 2:])
    shared = np.maximum(high - low, 0).prod(axis=-1)
    union = _area(a) + _area(b) - shared
    return np.divide(shared, union, out=np.zeros_like(union), where=union > 0)


def _area(box: np.ndarray) -> np.ndarray:
    return np.maximum(box[..., 2:] - box[..., :2], 0).prod(axis=-1)


def mean_average_precision(found: Objects, truth: Objects) -> float:
    """Return the mean of average precision over the classes that are truly there, in [0, 1].

    Objects found of other labels have no class to be counted in. Raises ValueError if nothing is
    truly there, and for scores that are NaN.

    >>> there = Objects(np.array([0]), np.array([3]), np.array([[0, 0, 4, 4]]), np.ones(1))
    >>> mean_average_precision(there, there)
    1.0
    """
    if not len(truth):
        raise ValueError("no object is truly there, so nothing can be found: give scenes with some")
    areas = []
    for label in np.unique(truth.label):
        precision, recall = precision_recall(found, truth, label)
        falling = np.maximum.accumulate(precision[::-1])[::-1]
        areas.append(np.sum(np.diff(recall, prepend=0) * falling))
    return float(np.mean(areas))


def precision_recall(found: Objects, truth: Objects, label: int) -> tuple[np.ndarray, np.ndarray]:
    """Return precision and recall (n,) after the first 1, 2, … n objects found of one class.

    Objects of equal score are taken in the order in which they come.

    >>> there = Objects(np.array([0]), np.array([3]), np.array([[0, 0, 4, 4]]), np.ones(1))
    >>> precision_recall(there, there, 3)
    (array([1.]), array([1.]))
    """
    if np.isnan(found.score).any():
        raise ValueError("some scores are NaN, and cannot be ranked: look at the network's outputs")
    mine, there = found.where(found.label == label), truth.where(truth.label == label)
    mine = mine.where(np.argsort(-mine.score, kind="stable"))
    taken, right = np.zeros(len(there), bool), np.zeros(len(mine), bool)
    by_scene = {scene: np.flatnonzero(there.scene == scene) for scene in np.unique(there.scene)}
    for place, (scene, box) in enumerate(zip(mine.scene, mine.box, strict=True)):  # surest first
        here = by_scene.get(scene, ())
        if len(here):
            overlaps = box_iou(box, there.box[here])
            best = here[overlaps.argmax()]
            right[place] = overlaps.max() >= OVERLAP and not taken[best]  # each counts once
            taken[best] |= right[place]
    right = np.cumsum(right)
    return right / np.arange(1, len(mine) + 1), right / max(len(there), 1)
