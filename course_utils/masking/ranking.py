"""Which weights stay, for a given sparsity: weights are ranked, never cut at a threshold."""

from collections.abc import Mapping

import numpy as np

from course_utils.arrays import Arrays, checked_number, count, same_names, whole
from course_utils.masking.granularity import pool
from course_utils.masking.masks import Masks
from course_utils.masking.scores import Scores, checked_scores
from course_utils.masking.shares import by_layer

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
    if scope == "global" and not isinstance(sparsity, Mapping):
        kept = _ranked_together(pooled, scores, sparsity, min_kept)
    else:
        kept = _ranked_apart(pooled, scores, sparsity, scope)
    return {name: _spread(mask, scores[name].shape) for name, mask in kept.items()}


def _ranked_apart(
    pooled: Scores, scores: Scores, sparsity: float | Mapping[str, float], scope: str
) -> Masks:
    shares = by_layer(scores, sparsity, scope)
    same_names(scores, shares, ("scores", "sparsity"))
    return {
        name: _highest({name: S}, _count(S.size, shares[name]))[name] for name, S in pooled.items()
    }


def _ranked_together(pooled: Scores, scores: Scores, sparsity: float, min_kept: int) -> Masks:
    sizes = {name: scores[name].size // S.size for name, S in pooled.items()}
    if len(set(sizes.values())) == 1:
        pruned = _count(sum(S.size for S in pooled.values()), sparsity)
        masks = _highest(pooled, pruned)
        if all(np.count_nonzero(masks[name]) >= min_kept for name in masks):
            return masks
        return _highest(pooled, pruned, {name: _best(S, min_kept) for name, S in pooled.items()})
    safe = {name: _best(S, min_kept) for name, S in pooled.items()}
    return _highest(pooled, _closest_count(pooled, safe, sizes, sparsity), safe)


def _count(size: int, sparsity: float) -> int:
    return count(checked_number(sparsity, "sparsity", 0, 1), size)


def _highest(scores: Scores, pruned: int, safe: Masks | None = None) -> Masks:
    """Keep all but the `pruned` lowest of all scores together; what is `safe` goes last."""
    if safe is not None:
        return _highest_but_safe(scores, pruned, safe)
    if pruned == 0:
        return {name: np.ones(S.shape, bool) for name, S in scores.items()}
    # Partitioning is ten times faster than a sort on large networks, but says nothing about ties:
    # all below the cut go, and of those equal to it as many, from the front, as are still owed.
    flat = np.concatenate([S.ravel() for S in scores.values()])
    flat.partition(pruned - 1)
    cut = flat[pruned - 1]
    masks = {name: cut < S for name, S in scores.items()}
    owed = flat.size - pruned - sum(np.count_nonzero(mask) for mask in masks.values())
    for name in reversed(masks):  # ties stay from the back
        if owed == 0:
            break
        ties = np.flatnonzero(scores[name] == cut)[-owed:]
        masks[name].flat[ties] = True
        owed -= len(ties)
    return masks


def _highest_but_safe(scores: Scores, pruned: int, safe: Masks) -> Masks:
    at_risk = {name: S[~safe[name]] for name, S in scores.items()}
    free = sum(S.size for S in at_risk.values())
    if pruned > free:  # the count comes first: of what is safe, the lowest go too
        saved = _highest({name: S[safe[name]] for name, S in scores.items()}, pruned - free)
        kept = {name: np.zeros(S.size, bool) for name, S in at_risk.items()}
    else:
        saved = dict.fromkeys(scores, True)
        kept = _highest(at_risk, pruned)
    masks = {name: np.empty(S.shape, bool) for name, S in scores.items()}
    for name, mask in masks.items():
        mask[safe[name]], mask[~safe[name]] = saved[name], kept[name]
    return masks


def _best(S: np.ndarray, min_kept: int) -> np.ndarray:
    """Mark the `min_kept` highest scores; what is pruned already is not brought back."""
    keep = _highest({"": S}, max(S.size - min_kept, 0))[""]
    return keep & ~np.isneginf(S)


def _closest_count(scores: Scores, safe: Masks, sizes: Mapping[str, int], sparsity: float) -> int:
    """Return how many structures to prune, lowest first, to come closest to a share of weights."""
    flat, last = (np.concatenate([a[n].ravel() for n in scores]) for a in (scores, safe))
    weights = np.repeat([sizes[name] for name in scores], [S.size for S in scores.values()])
    gone = np.concatenate([[0], np.cumsum(weights[np.lexsort((flat, last))])])
    wanted = checked_number(sparsity, "sparsity", 0, 1) * gone[-1]
    pruned = int(np.abs(gone - wanted).argmin())
    # What is pruned already may exceed the share by half a structure, as the closest count did.
    before = np.isneginf(flat)
    if before.any() and gone[before.sum()] - wanted < weights[before].max() / 2:
        pruned = max(pruned, int(before.sum()))
    return pruned


def _spread(mask: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return mask if mask.shape == shape else np.broadcast_to(mask, shape).copy()
