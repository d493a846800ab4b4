"""Who pays for the errors?  predicted, labels -> errors class by class, with their uncertainty"""

import numpy as np

from course_utils.lessons.forgetting.inputs import whole_labels


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


def wilson(count: np.ndarray | int, total: np.ndarray | int) -> np.ndarray:
    """Return the interval (2, ...) of 95 % for the true share, having seen `count` of `total`.

    Unlike ±1.96 standard errors it stays within [0, 1] and has a width when nothing was seen.
    Raises ValueError for a count above its total. Source: Wilson 1927, J. Am. Stat. Assoc. 22,
    209-212, by SciPy.

    >>> wilson(0, 10).round(3).tolist()
    [0.0, 0.278]
    """
    from scipy.stats import binomtest  # here, since it takes a second to import

    counts, totals = np.broadcast_arrays(count, total)
    tests = [binomtest(int(k), int(n)) for k, n in zip(counts.flat, totals.flat, strict=True)]
    found = [test.proportion_ci(0.95, method="wilson") for test in tests]
    return np.transpose(found).reshape(2, *counts.shape)
