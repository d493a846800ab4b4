"""Checks for notebook 14: weights of few values, the gradient of a value, Huffman's bits."""

from collections.abc import Callable, Iterator

import numpy as np

from course_utils.lessons.checks.verdict import as_array, call, compare, exercise, number


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
        places = np.abs(W[..., None] - centroids).argmin(axis=-1)
        unsigned = np.abs(np.abs(W)[..., None] - np.abs(centroids)).argmin(axis=-1)
        otherwise = "some weights went to a centroid that is not the nearest one."
        if not np.isin(got[W != 0].round(9), centroids.round(9)).all():
            otherwise = "some weights are none of the centroids."
        if np.any(got[W == 0] != 0):
            otherwise = "some zeros are zeros no more; what is pruned stays pruned."
        yield from compare(
            got, np.where(W != 0, centroids[places], 0), otherwise,
            ("what was pruned has come back: a zero is no weight, and must stay zero.",
             centroids[places]),
            ("these are places in the list. Return the values that stand there.",
             places, np.where(W != 0, places, 0)),
            ("nothing has changed: every weight should become one of the centroids.", W),
            ("you compared sizes without signs: 0.5 is not near -0.5.",
             np.where(W != 0, centroids[unsigned], 0)),
        )  # fmt: skip


@exercise("Right: whoever shares a value has a say in where it goes.")
def centroid_gradients(function: Callable) -> Iterator[str]:
    """Check a function (gradients, labels, count) -> the gradient of each centroid."""
    rng = np.random.default_rng(13)
    for shape, count in (((6, 5), 3), ((3, 3, 2, 4), 6), ((30,), 4)):
        gradients = rng.normal(size=shape)
        labels = rng.integers(-1, count, shape)  # -1 is what was pruned
        labels[labels == count - 2] = 0  # a centroid that no weight has
        answer = call(function, gradients, labels, count)
        answer = list(answer.values()) if isinstance(answer, dict) else answer
        got = as_array(answer, (count,))
        if np.isnan(got).any():
            yield "you divided by how many weights a value has; one has none. A sum of none is 0."
        members = [gradients[labels == k] for k in range(count)]
        sums, sizes = np.array([m.sum() for m in members]), np.array([len(m) for m in members])
        pruned, places = gradients[labels == -1].sum(), np.arange(count)
        yield from compare(
            got, sums, f"for the labels tried, {sums.round(3)} was expected; {got.round(3)} came.",
            ("these are means. When a shared value moves by a little, all its weights move: their "
             "gradients add up.", sums / np.maximum(sizes, 1)),
            ("the signs are lost: gradients that point in opposite directions cancel.",
             [np.abs(m).sum() for m in members]),
            ("these are the numbers of weights that share a value. Sum their gradients.", sizes),
            ("the pruned weights (label -1) have got in: no centroid is theirs.",
             sums + pruned * (places == 0), sums + pruned * (places == count - 1),
             [gradients[labels == k].sum() for k in np.unique(labels)]),
            ("the sign: sum the gradients as they are.", -sums),
        )  # fmt: skip


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
        got, right, total = number(call(function, list(counts))), _merged(counts), sum(counts)
        shares = np.array(counts) / total
        yield from compare(
            got, right, f"for the counts {counts}, {right} bits were expected; {got:g} came.",
            ("this is the entropy, which no code goes below. A code takes whole bits for a symbol.",
             -total * (shares * np.log2(shares)).sum()),
            ("each symbol's own -log2 p, rounded up, is a code, but not the shortest: merge pairs.",
             total * (shares * np.ceil(-np.log2(shares))).sum()),
            ("this gives every symbol as many bits. Frequent ones should get shorter codes.",
             total * np.ceil(np.log2(len(counts)))),
            ("this is the mean for one symbol. Return the bits of all of them together.",
             right / total),
            ("one merge too many: begin with the two rarest, and count nothing before.",
             right + total),
            ("you merged the most frequent. The rarest come first, so that their codes are long.",
             _merged(counts, largest=True)),
            ("a merged pair takes its place among the others: look for the two rarest anew.",
             _merged(counts, sort_once=True)),
            ("the last merge, of all that is left, counts as well.", right - total),
        )  # fmt: skip


def _merged(counts: list[int], largest: bool = False, sort_once: bool = False) -> int:
    """Return the sum of all merged counts: by Huffman's rule, or by one of two wrong ones."""
    left, bits = sorted(counts, reverse=largest), 0
    while len(left) > 1:
        left = [left[0] + left[1], *left[2:]]
        bits += left[0]
        left = left if sort_once else sorted(left, reverse=largest)
    return bits
