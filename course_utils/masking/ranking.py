"""Which weights stay, for a given sparsity: weights are ranked, never cut at a threshold."""

from collections.abc import Mapping

import numpy as np

from course_utils.arrays import (
    Arrays,
    Masks,
    Scores,
    as_array,
    by_name,
    checked_dict,
    checked_number,
    count,
    whole,
)
from course_utils.masking.granularity import pool
from course_utils.masking.masks import checked_scores

SCOPES = ("global", "layer", "erk")


def make_masks(
    scores: Arrays,
    sparsity: float | Mapping[str, float],
    scope: str = "global",
    granularity: str = "weight",
    *,
    min_kept: int = 1,
    layouts: Mapping[str, str] | None = None,
) -> Masks:
    """Return masks that remove the lowest scores: exactly round(sparsity · n) of n.

    `scope` says what is ranked together: "global" all kernels in one list, "layer" each by
    itself, "erk" each by itself at the sparsity that `erk` gives it. A dictionary of sparsities,
    one for each kernel, ranks layer by layer. Among equal scores the first goes first, in the
    order of the dictionary and of the array's entries. Python's `round` decides halves (to even).

    `granularity` says what goes together (see `pool`): whole structures, in a layer
    round(sparsity · m) of its m, globally as many as come closest to the share of all weights.

    `min_kept`: in the global scope so many structures of each kernel stay, so that no layer
    collapses, as long as the count leaves that many; the count comes first.

    Raises ValueError for NaN scores, a sparsity outside [0, 1], an unknown scope or granularity,
    or names that do not match.

    >>> make_masks({"a": np.array([1.0, 1.0]), "b": np.array([1.0, 5.0, 6.0, 7.0])}, 0.5)
    {'a': array([False,  True]), 'b': array([False, False,  True,  True])}
    """
    if scope not in SCOPES:
        raise ValueError(f"scope must be 'global' or 'layer' or 'erk', not {scope!r}.")
    scores, min_kept = checked_scores(scores), whole(min_kept, "min_kept")
    pooled = scores if granularity == "weight" else pool(scores, granularity, layouts)
    if scope == "erk" and not isinstance(sparsity, Mapping):
        sparsity = erk(scores, sparsity)
    if scope == "global" and not isinstance(sparsity, Mapping):
        kept = _ranked_together(pooled, scores, sparsity, min_kept)
    else:
        shares = by_name(sparsity, scores, "sparsity", 1)
        kept = {n: _highest({n: S}, count(shares[n], S.size))[n] for n, S in pooled.items()}
    return {
        name: mask if granularity == "weight" else np.broadcast_to(mask, scores[name].shape).copy()
        for name, mask in kept.items()
    }


def erk(arrays: Arrays, sparsity: float) -> dict[str, float]:
    """Return a sparsity for each kernel, by its shape, that makes `sparsity` of them all.

    The Erdős-Rényi-Kernel rule: the density of a kernel is ε times the sum of its axes' lengths
    over their product, at most 1, with the one ε that keeps (1 - s) of all weights. Only shapes
    count. Source: Evci et al. 2020 (arXiv 1911.11134).

    >>> shapes = {"conv": np.ones((3, 3, 1, 32)), "fc": np.ones((5408, 64))}
    >>> {name: round(s, 4) for name, s in erk(shapes, 0.9).items()}
    {'conv': 0.1488, 'fc': 0.9006}
    """
    arrays = {name: as_array(A, name) for name, A in checked_dict(arrays, "arrays").items()}
    kept = 1 - checked_number(sparsity, "sparsity", 0, 1)
    sizes = np.array([A.size for A in arrays.values()], float)
    ratio = np.array([sum(A.shape) for A in arrays.values()]) / sizes
    densities, full = np.ones(len(ratio)), np.full(len(ratio), kept == 1)
    while not full.all():  # the smallest kernels fill up first
        epsilon = (kept * sizes.sum() - sizes[full].sum()) / (ratio * sizes)[~full].sum()
        densities = np.where(full, 1.0, epsilon * ratio)
        if densities.max() <= 1:
            break
        full |= densities > 1
    return dict(zip(arrays, (1 - np.minimum(densities, 1)).tolist(), strict=True))


def _ranked_together(pooled: Scores, scores: Scores, sparsity: float, min_kept: int) -> Masks:
    sparsity = checked_number(sparsity, "sparsity", 0, 1)
    sizes = {name: scores[name].size // S.size for name, S in pooled.items()}
    alike = len(set(sizes.values())) == 1
    if alike:  # the quick way, which is right unless a kernel keeps too little
        pruned = count(sparsity, sum(S.size for S in pooled.values()))
        masks = _highest(pooled, pruned)
        if all(np.count_nonzero(mask) >= min_kept for mask in masks.values()):
            return masks
    # The highest of each kernel; what is pruned already is not brought back.
    best = {n: _highest({n: S}, max(S.size - min_kept, 0))[n] for n, S in pooled.items()}
    safe = {name: mask & ~np.isneginf(pooled[name]) for name, mask in best.items()}
    if not alike:
        pruned = _closest_count(pooled, safe, sizes, sparsity)
    return _highest_but_safe(pooled, pruned, safe)


def _highest(scores: Scores, pruned: int) -> Masks:
    """Keep all but the `pruned` lowest of all scores together."""
    if pruned == 0:
        return {name: np.ones(S.shape, bool) for name, S in scores.items()}
    # Partitioning is ten times faster than a sort on large networks, but says nothing about ties:
    # all below the cut go, and of those equal to it as many, from the front, as are still owed.
    flat = np.concatenate([S.ravel() for S in scores.values()])
    flat.partition(pruned - 1)
    cut, owed = flat[pruned - 1], flat.size - pruned
    del flat  # before there are masks, so that a large network's are not held beside it
    masks = {name: cut < S for name, S in scores.items()}
    owed -= sum(np.count_nonzero(mask) for mask in masks.values())
    for name in reversed(masks):  # ties stay from the back
        if owed == 0:
            break
        ties = np.flatnonzero(scores[name] == cut)[-owed:]
        masks[name].flat[ties] = True
        owed -= len(ties)
    return masks


def _highest_but_safe(scores: Scores, pruned: int, safe: Masks) -> Masks:
    """Keep all but the `pruned` lowest of all scores together; what is `safe` goes last."""
    at_risk = {name: S[~safe[name]] for name, S in scores.items()}
    free = sum(S.size for S in at_risk.values())
    kept = _highest(at_risk, min(pruned, free))
    # The count comes first: of what is safe, the lowest go too, if need be.
    saved = _highest({n: S[safe[n]] for n, S in scores.items()}, max(pruned - free, 0))
    masks = {name: np.empty(S.shape, bool) for name, S in scores.items()}
    for name, mask in masks.items():
        mask[safe[name]], mask[~safe[name]] = saved[name], kept[name]
    return masks


def _closest_count(scores: Scores, safe: Masks, sizes: Mapping[str, int], sparsity: float) -> int:
    """Return how many structures to prune, lowest first, to come closest to a share of weights."""
    flat, last = (np.concatenate([a[n].ravel() for n in scores]) for a in (scores, safe))
    weights = np.repeat([sizes[name] for name in scores], [S.size for S in scores.values()])
    gone = np.concatenate([[0], np.cumsum(weights[np.lexsort((flat, last))])])
    wanted = sparsity * gone[-1]
    pruned = int(np.abs(gone - wanted).argmin())
    # What is pruned already may exceed the share by half a structure, as the closest count did.
    before = np.isneginf(flat)
    if before.any() and gone[before.sum()] - wanted < weights[before].max() / 2:
        pruned = max(pruned, int(before.sum()))
    return pruned
