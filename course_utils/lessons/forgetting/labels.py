"""Who pays for the errors, and which images does pruning change?  labels -> errors, exemplars

An exemplar is an image for which a *population* of pruned networks has another answer than one of
dense networks: single networks differ from seed to seed without any pruning.
"""

import numpy as np

from course_utils.arrays import as_array, whole


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


def modal(predicted: np.ndarray) -> np.ndarray:
    """Return the label that most networks give each image: (networks, n) -> (n,).

    Of labels that are given equally often, the smallest.

    >>> modal(np.array([[1, 7], [1, 4], [3, 4]])).tolist()
    [1, 4]
    """
    predicted = _of_networks(predicted, "predicted")
    votes = [(predicted == c).sum(axis=0) for c in range(int(predicted.max()) + 1)]
    return np.argmax(votes, axis=0)


def exemplars(dense: np.ndarray, pruned: np.ndarray) -> np.ndarray:
    """Return which images are pruning-identified exemplars: their modal labels differ; bool (n,).

    Takes the labels (networks, n) of dense and of pruned networks for the same images. The true
    label plays no part: an exemplar may be one that pruning mends. Source: Hooker et al. 2019
    (arXiv 1911.05248). How many chance alone makes, `by_chance` tells.

    >>> exemplars(np.array([[1, 7], [1, 7]]), np.array([[1, 4], [1, 4]])).tolist()
    [False, True]
    """
    dense, pruned = _of_networks(dense, "dense"), _of_networks(pruned, "pruned")
    if dense.shape[1] != pruned.shape[1]:
        raise ValueError(
            f"dense networks answered {dense.shape[1]} images and pruned ones {pruned.shape[1]}: "
            "both must answer the same images, in the same order."
        )
    return modal(dense) != modal(pruned)


def by_chance(predicted: np.ndarray, size: int, draws: int = 100, seed: int = 0) -> np.ndarray:
    """Return how many "exemplars" two groups of *the same* population make, `draws` times.

    The control for `exemplars`: from networks that differ in their seed alone, (networks, n), two
    groups of `size` are drawn that share none. Raises ValueError if there are too few networks.

    >>> by_chance(np.array([[1, 7], [1, 7], [1, 4], [1, 4]]), size=1, draws=50).max()
    np.int64(1)
    """
    predicted = _of_networks(predicted, "predicted")
    if not 1 <= size <= len(predicted) // 2:
        raise ValueError(
            f"two groups of {size} networks were asked for, and there are {len(predicted)}: "
            f"size must be from 1 to {len(predicted) // 2}."
        )
    rng = np.random.default_rng(whole(seed, "seed"))
    orders = (rng.permutation(len(predicted))[: 2 * size] for _ in range(draws))
    return np.array(
        [exemplars(predicted[o[:size]], predicted[o[size:]]).sum() for o in orders], np.int64
    )


def _of_networks(predicted: object, name: str) -> np.ndarray:
    array = whole_labels(predicted, name)
    if array.ndim != 2:
        raise ValueError(
            f"{name} must be (networks, images), one row a network; its shape is {array.shape}."
        )
    return array


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
