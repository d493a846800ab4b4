"""Checks for notebook 12: weights of few values, the gradient of a value, Huffman's bits."""

from collections.abc import Callable, Iterator

import numpy as np

from course_utils.lessons.checks.verdict import as_array, call, exercise, number


@exercise("Right: what is left to store is a place in a short list.")
def shared(function: Callable) -> Iterator[str]:
    """Check a function (W, centroids) -> W with each weight at the nearest one, zeros at zero."""
    rng = np.random.default_rng(12)
    for shape, count in (((5, 4), 3), ((3, 3, 2, 4), 5), ((40,), 2)):
        W = rng.normal(size=shape) * (rng.random(shape) < 0.6)
        centroids = np.sort(rng.choice([-1, 1], count) * rng.uniform(0.2, 1.5, count))
        answer = call(function, W, centroids)
        if np.size(answer) == np.count_nonzero(W) and np.shape(answer) != W.shape:
            yield "these are only the weights that are left. Return the whole array, zeros as well."
        got = as_array(answer, W.shape)
        yield from _wrong_values(got, W, centroids)


def _wrong_values(got: np.ndarray, W: np.ndarray, centroids: np.ndarray) -> Iterator[str]:
    places = np.abs(W[..., None] - centroids).argmin(axis=-1)
    right = np.where(W != 0, centroids[places], 0)
    if np.allclose(got, centroids[places]):
        yield "what was pruned has come back: a zero is no weight, and must stay zero."
    if np.array_equal(got, places) or np.array_equal(got, np.where(W != 0, places, 0)):
        yield "these are places in the list. Return the values that stand there."
    if np.allclose(got, W):
        yield "nothing has changed: every weight should become one of the centroids."
    if np.allclose(got, _without_signs(W, centroids)) and not np.allclose(got, right):
        yield "you compared sizes without signs: 0.5 is not near -0.5."
    if np.any(got[W == 0] != 0):
        yield "some zeros are zeros no more; what is pruned stays pruned."
    if not np.isin(got[W != 0].round(9), centroids.round(9)).all():
        yield "some weights are none of the centroids."
    if not np.allclose(got, right):
        yield "some weights went to a centroid that is not the nearest one."


def _without_signs(W: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    places = np.abs(np.abs(W)[..., None] - np.abs(centroids)).argmin(axis=-1)
    return np.where(W != 0, centroids[places], 0)


@exercise("Right: whoever shares a value has a say in where it goes.")
def centroid_gradients(function: Callable) -> Iterator[str]:
    """Check a function (gradients, labels, count) -> the gradient of each centroid."""
    rng = np.random.default_rng(13)
    for shape, count in (((6, 5), 3), ((3, 3, 2, 4), 6), ((30,), 4)):
        gradients = rng.normal(size=shape)
        labels = rng.integers(-1, count, shape)  # -1 is what was pruned
        labels[labels == count - 2] = 0  # a centroid that no weight has
        got = as_array(call(function, gradients, labels, count), (count,))
        yield from _wrong_gradients(got, gradients, labels, count)


def _wrong_gradients(
    got: np.ndarray, gradients: np.ndarray, labels: np.ndarray, count: int
) -> Iterator[str]:
    members = [gradients[labels == k] for k in range(count)]
    sums = np.array([m.sum() for m in members])
    sizes = np.array([len(m) for m in members])
    if np.isnan(got).any():
        yield "you divided by how many weights have a value, and one has none. A sum of none is 0."
    if np.allclose(got, sums / np.maximum(sizes, 1)):
        yield (
            "these are means. When a shared value moves by a little, all its weights move: "
            "their gradients add up."
        )
    if np.allclose(got, [np.abs(m).sum() for m in members]):
        yield "the signs are lost: gradients that point in opposite directions cancel."
    if np.allclose(got, sizes):
        yield "these are the numbers of weights that share a value. Sum their gradients."
    pruned = gradients[labels == -1].sum()
    for place in (0, count - 1):
        with_pruned = sums + pruned * (np.arange(count) == place)
        if np.allclose(got, with_pruned):
            yield "the pruned weights (label -1) have got in: no centroid is theirs."
    if not np.allclose(got, sums):
        yield f"for the labels tried, {sums.round(3)} was expected; {got.round(3)} came."


@exercise("Right: the rare ones pay for the short codes of the others.")
def huffman_bits(function: Callable) -> Iterator[str]:
    """Check a function counts -> the bits that Huffman's code takes for all symbols together."""
    # The first can be done on paper, and no two wrong ways give the same for it.
    for counts in (
        [4, 2, 1, 2, 2],
        [1, 1, 2, 3, 5, 8, 13],
        [40, 30, 20, 9, 1],
        [7, 7, 7, 7],
        [6, 3],
    ):
        got = number(call(function, list(counts)))
        yield from _wrong_bits(got, counts)


def _wrong_bits(got: float, counts: list[int]) -> Iterator[str]:
    total, shares = sum(counts), np.array(counts) / sum(counts)
    entropy = float(-(shares * np.log2(shares)).sum())
    right = _merged(counts)
    if got == right:
        return
    if np.isclose(got, total * entropy):
        yield "this is the entropy, which no code goes below. A code takes whole bits for a symbol."
    if got == total * int(np.ceil(np.log2(len(counts)))):
        yield "this gives every symbol as many bits. Frequent ones should get shorter codes."
    if np.isclose(got, right / total):
        yield "this is the mean for one symbol. Return the bits of all of them together."
    if got == right + total:
        yield "one merge too many: begin with the two rarest, and count nothing before."
    if got == _merged(counts, largest=True):
        yield "you merged the most frequent. The rarest come first, so that their codes are long."
    if got == _merged(counts, sort_once=True):
        yield "a merged pair takes its place among the others: look for the two rarest anew."
    if got == right - total:
        yield "the last merge, of all that is left, counts as well."
    yield f"for the counts {counts}, {right} bits were expected; {got:g} came."


def _merged(counts: list[int], largest: bool = False, sort_once: bool = False) -> int:
    """Return the sum of all merged counts: by Huffman's rule, or by one of two wrong ones."""
    left, bits = sorted(counts, reverse=largest), 0
    while len(left) > 1:
        left = [left[0] + left[1], *left[2:]]
        bits += left[0]
        left = left if sort_once else sorted(left, reverse=largest)
    return bits
