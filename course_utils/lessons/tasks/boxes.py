"""Boxes with labels and scores, of many scenes together, and how far two boxes agree."""

from dataclasses import dataclass, fields

import numpy as np


@dataclass(frozen=True, eq=False)
class Objects:
    """Hold objects of many scenes, one a row: flat arrays of equal length.

    `scene` and `label` int64 (m,); `box` float32 (m, 4) in pixels: top, left, bottom, right;
    `score` float32 (m,), how sure a detector is, and 1 for what is truly there.

    >>> Objects(np.array([0]), np.array([3]), np.array([[0, 0, 4, 4]]), np.ones(1))
    1 object
      scene 0: 3 at [0, 0, 4, 4], score 1.00
    """

    scene: np.ndarray
    label: np.ndarray
    box: np.ndarray
    score: np.ndarray

    def __len__(self) -> int:
        return len(self.scene)

    def where(self, chosen: np.ndarray) -> "Objects":
        """Return some of the objects: a Boolean mask, or their places in an order."""
        return Objects(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def __repr__(self) -> str:
        """Show the number, and the first five."""
        rows = [
            f"  scene {scene}: {label} at {np.round(box).astype(int).tolist()}, score {score:.2f}"
            for scene, label, box, score in zip(
                self.scene[:5], self.label[:5], self.box[:5], self.score[:5], strict=True
            )
        ]
        return "\n".join(
            [f"{len(self):,} object{'s' * (len(self) != 1)}", *rows, *["  …"] * (len(self) > 5)]
        )


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
