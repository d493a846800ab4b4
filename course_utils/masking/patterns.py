"""Masks with a fixed pattern: N of M neighbours, or whole blocks of a matrix."""

from collections.abc import Mapping

import numpy as np

from course_utils.arrays import Arrays, Masks, whole
from course_utils.masking.granularity import axes_of, layout_of
from course_utils.masking.masks import checked_scores
from course_utils.masking.ranking import erk, make_masks


def n_of_m(scores: Arrays, n: int, m: int, layouts: Mapping[str, str] | None = None) -> Masks:
    """Return masks that keep the n highest of every m neighbours along the input axis.

    With 2 of 4, the form that sparse tensor cores compute with, an output keeps two of every four
    inputs; in a convolution, two of every four input channels at one place of the filter.
    Among equal scores the first goes first. Raises ValueError where the number of inputs is no
    multiple of m: leave such kernels (a first layer's, mostly) out of `scores`. Source: Mishra et
    al. 2021 (arXiv 2104.08378).

    >>> n_of_m({"fc": np.array([[3.0], [1.0], [2.0], [4.0]])}, 2, 4)["fc"].ravel().tolist()
    [True, False, False, True]
    """
    if whole(n, "n", least=1) > whole(m, "m", least=1):
        raise ValueError(f"n must be at most m, not {n} of {m}.")
    masks = {}
    for name, S in checked_scores(scores).items():
        axes = axes_of(layout_of(name, S, layouts), "i")
        last = np.moveaxis(S, axes, range(-len(axes), 0)) if axes else S[..., None]
        inputs = int(np.prod(last.shape[last.ndim - max(len(axes), 1) :]))
        if inputs % m:
            raise ValueError(
                f"{name} has {inputs} inputs for each output, not a multiple of {m}: "
                "leave it out of the scores, so that it stays dense."
            )
        groups = last.reshape(-1, m)
        order = np.argsort(groups, axis=1, kind="stable")
        mask = np.ones(groups.shape, bool)
        np.put_along_axis(mask, order[:, : m - n], False, axis=1)
        moved = np.moveaxis(mask.reshape(last.shape), range(-len(axes), 0), axes)
        masks[name] = np.ascontiguousarray(moved).reshape(S.shape)
    return masks


def block_masks(
    scores: Arrays, sparsity: float, block: tuple[int, int], scope: str = "global"
) -> Masks:
    """Return masks that remove whole blocks (inputs, outputs) of the lowest average score.

    A convolution's kernel counts as the matrix (height · width · inputs, outputs). Blocks at the
    lower and right edge may be smaller. Exactly round(sparsity · b) of b blocks go. After Narang
    et al. 2017 (arXiv 1711.02782), who cut at a threshold on each block's largest weight.

    >>> scores = {"fc": np.array([[1.0, 1.0, 9.0], [1.0, 1.0, 9.0]])}
    >>> block_masks(scores, 0.5, (2, 2))["fc"][0].tolist()
    [False, False, True]
    """
    if not isinstance(block, tuple | list) or len(block) != 2:
        raise ValueError(f"block must be two whole numbers, (inputs, outputs), not {block!r}.")
    block = whole(block[0], "block[0]", least=1), whole(block[1], "block[1]", least=1)
    scores = checked_scores(scores)
    matrices = {name: S.reshape(-1, S.shape[-1]) for name, S in scores.items()}
    averages = {name: _block_averages(S, block) for name, S in matrices.items()}
    if scope == "erk" and not isinstance(sparsity, Mapping):
        sparsity = erk(scores, sparsity)  # the kernels' shapes count, not those of their blocks
    masks = {}
    for name, mask in make_masks(averages, sparsity, scope).items():
        large, shape = mask.repeat(block[0], axis=0).repeat(block[1], axis=1), scores[name].shape
        matrix = large[: int(np.prod(shape[:-1])), : shape[-1]]
        masks[name] = np.ascontiguousarray(matrix).reshape(shape)
    return masks


def _block_averages(S: np.ndarray, block: tuple[int, int]) -> np.ndarray:
    starts = [np.arange(0, length, side) for length, side in zip(S.shape, block, strict=True)]
    gone = np.isneginf(S)  # counts as 0, as in `pool`
    sums, sizes, left = (
        np.add.reduceat(np.add.reduceat(A, starts[0], axis=0), starts[1], axis=1)
        for A in (np.where(gone, 0, S).astype(np.float64), np.ones(S.shape), 1.0 - gone)
    )
    return np.where(left == 0, -np.inf, sums / sizes)
