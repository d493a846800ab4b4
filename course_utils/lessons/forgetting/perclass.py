"""Who pays for the errors?  predicted, labels -> errors class by class, with their uncertainty"""

import numpy as np

from course_utils.lessons.forgetting.given import whole_labels


def confusion(predicted: np.ndarray, labels: np.ndarray, classes: int = 10) -> np.ndarray:
    """Return how often each class (row) was answered as each class (column), int64.

    >>> confusion(np.array([0, 1, 1]), np.array([0, 1, 0]), classes=2).tolist()
    [[1, 1], [0, 1]]
    """
    labels = whole_labels(labels, "labels")
    predicted = whole_labels(predicted, "predicted", labels.shape)
    for name, values in (("labels", labels), ("predicted", predicted)):
        if values.max() >= classes:
            raise ValueError(f"{name} go up to {values.max()}; classes is {classes}.")
    pairs = labels.astype(np.int64) * classes + predicted
    return np.bincount(pairs.ravel(), minlength=classes**2).reshape(classes, classes)


def class_errors(predicted: np.ndarray, labels: np.ndarray, classes: int = 10) -> np.ndarray:
    """Return the share of each class's images that is answered wrongly, NaN where it has none.

    >>> class_errors(np.array([0, 1, 1]), np.array([0, 1, 0]), classes=2).tolist()
    [0.5, 0.0]
    """
    counts = confusion(predicted, labels, classes)
    total = counts.sum(axis=1)
    wrong = (total - np.diag(counts)).astype(np.float64)
    return np.divide(wrong, total, out=np.full(classes, np.nan), where=total > 0)


def wilson(count: np.ndarray | int, total: np.ndarray | int, z: float = 1.96) -> np.ndarray:
    """Return the interval (2, ...) in which the true share may lie, having seen `count` of `total`.

    For z = 1.96 of 95 %. Unlike ±1.96 standard errors it stays within [0, 1] and has a width when
    nothing was seen. Source: Wilson 1927, J. Am. Stat. Assoc. 22, 209-212.

    >>> wilson(0, 10).round(3).tolist()
    [0.0, 0.278]
    """
    count, total = np.asarray(count, np.float64), np.asarray(total, np.float64)
    if (total < 1).any() or (count < 0).any() or (count > total).any():
        raise ValueError("wilson takes counts from 0 to their total, and totals of at least 1.")
    p, weight = count / total, z**2 / total
    middle = (p + weight / 2) / (1 + weight)
    half = np.sqrt(p * (1 - p) * weight + weight**2 / 4) / (1 + weight)
    # Rounding must not push the share that was seen out of its own interval.
    return np.array([np.clip(middle - half, 0, p), np.clip(middle + half, p, 1)])
