"""Which images does pruning change?  labels of many networks -> pruning-identified exemplars

An exemplar is an image for which a *population* of pruned networks has another answer than one of
dense networks: single networks differ from seed to seed without any pruning.
"""

import numpy as np

from course_utils.arrays import whole
from course_utils.lessons.forgetting.inputs import whole_labels


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
