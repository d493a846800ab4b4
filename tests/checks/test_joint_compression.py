"""Typical answers to the exercises of notebook 14, and the hint that each of them gets."""

import numpy as np
from answers import OfFunctions
from huffmans import huffman

from course_utils.lessons.checks import joint_compression as check


def nearest(W, centroids):
    return np.abs(W[..., None] - centroids).argmin(axis=-1)


def right(W, centroids):
    return np.where(W != 0, centroids[nearest(W, centroids)], 0)


def by_borders(W, centroids):
    borders = (centroids[1:] + centroids[:-1]) / 2
    return centroids[np.searchsorted(borders, W)] * (W != 0)


def by_loop(W, centroids):
    shared = W.copy()
    for place in np.ndindex(W.shape):
        if W[place]:
            shared[place] = min(centroids, key=lambda c: abs(c - W[place]))
    return shared


def without_signs(W, centroids):
    places = np.abs(np.abs(W)[..., None] - np.abs(centroids)).argmin(axis=-1)
    return centroids[places] * (W != 0)


def in_place(W, centroids):
    W[W != 0] = centroids[nearest(W[W != 0], centroids)]
    return W


def sums(gradients, labels, count):
    return np.array([gradients[labels == k].sum() for k in range(count)])


def by_bincount(gradients, labels, count):
    kept = labels >= 0
    return np.bincount(labels[kept], gradients[kept], minlength=count)


def by_adding(gradients, labels, count):
    total = np.zeros(count + 1)
    np.add.at(total, labels, gradients)  # -1 is the last
    return total[:count].tolist()


def means(gradients, labels, count):
    return [gradients[labels == k].mean() if (labels == k).any() else 0 for k in range(count)]


def divided_by_nothing(gradients, labels, count):
    with np.errstate(invalid="ignore"):
        return sums(gradients, labels, count) / np.array(
            [(labels == k).sum() for k in range(count)]
        )


def with_pruned(gradients, labels, count):
    return np.bincount(np.maximum(labels, 0).ravel(), gradients.ravel(), minlength=count)


def pruned_at_the_end(gradients, labels, count):
    total = np.zeros(count)
    np.add.at(total, labels, gradients)
    return total


def by_sorting(counts):
    bits = 0
    while len(counts) > 1:
        first, second, *rest = sorted(counts)
        bits += first + second
        counts = [first + second, *rest]
    return np.int64(bits)


def by_depths(counts):
    """The length of every code, from a tree."""
    trees = [(count, i, [i]) for i, count in enumerate(counts)]
    depth = [0] * len(counts)
    while len(trees) > 1:
        trees.sort()
        (a, _, one), (b, key, other), *trees = trees
        for i in one + other:
            depth[i] += 1
        trees.append((a + b, key + 100, one + other))
    return sum(count * d for count, d in zip(counts, depth, strict=True))


def most_frequent_first(counts):
    left, bits = sorted(counts, reverse=True), 0
    while len(left) > 1:
        left = sorted([left[0] + left[1], *left[2:]], reverse=True)
        bits += max(left)
    return bits


def sorted_once(counts):
    left, bits = sorted(counts), 0
    while len(left) > 1:
        left = [left[0] + left[1], *left[2:]]
        bits += left[0]
    return bits


def entropy(counts):
    shares = np.array(counts) / sum(counts)
    return -(shares * np.log2(shares)).sum()


def by_rounding_up(counts):
    shares = np.array(counts) / sum(counts)
    return (np.array(counts) * np.ceil(-np.log2(shares))).sum()


WRONG = {
    check.shared: [
        (lambda W, c: c[nearest(W, c)], "what was pruned has come back"),
        (lambda W, c: nearest(W, c), "places in the list"),
        (lambda W, c: right(W, c)[W != 0], "only the weights that are left"),
        (lambda W, c: W.copy(), "nothing has changed"),
        (without_signs, "without signs"),
        (lambda W, c: np.where(W != 0, c[0], 0), "not the nearest"),
        (lambda W, c: np.where(W != 0, W.round(1), 0), "none of the centroids"),
        (lambda W, c: right(W, c) + (W == 0) * 0.1, "zeros no more"),
        (in_place, "changed the array"),
    ],
    check.centroid_gradients: [
        (means, "these are means"),
        (divided_by_nothing, "A sum of none is 0"),
        (lambda g, y, n: sums(np.abs(g), y, n), "signs are lost"),
        (lambda g, y, n: sums(np.ones_like(g), y, n), "numbers of weights"),
        (with_pruned, "pruned weights"),
        (pruned_at_the_end, "pruned weights"),
        (lambda g, y, n: [g[y == k].sum() for k in np.unique(y)], "pruned weights"),
        (lambda g, y, n: -sums(g, y, n), "the sign"),
        (lambda g, y, n: np.zeros(n), "was expected"),
        (lambda g, y, n: sums(g, y, n - 1), "shape"),
    ],
    check.huffman_bits: [
        (lambda c: sum(c) * entropy(c), "this is the entropy"),
        (lambda c: sum(c) * int(np.ceil(np.log2(len(c)))), "as many bits"),
        (by_rounding_up, "not the shortest"),
        (lambda c: huffman(c) / sum(c), "mean for one symbol"),
        (most_frequent_first, "merged the most frequent"),
        (sorted_once, "rarest anew"),
        (lambda c: huffman(c) - sum(c), "last merge"),
        (lambda c: huffman(c) + sum(c), "one merge too many"),
        (lambda c: 3, "were expected"),
        (lambda c: "10", "a number was expected"),
    ],
}
RIGHT = {
    check.shared: [right, by_borders, by_loop],
    check.centroid_gradients: [
        sums,
        by_bincount,
        by_adding,
        lambda g, y, n: {k: g[y == k].sum() for k in range(n)},
    ],
    check.huffman_bits: [huffman, by_sorting, by_depths],
}


class TestAnswers(OfFunctions):
    wrong, right = WRONG, RIGHT
