"""Prune once, in one call: what `criteria`, `masking` and `attach` do one after the other."""

from collections.abc import Callable, Mapping

from course_utils import criteria, masking
from course_utils.arrays import Arrays
from course_utils.backend import keras
from course_utils.masking.collapse import warn
from course_utils.pruning.attaching import held_masks, hold
from course_utils.pruning.kernels import kernels, layouts, weights
from course_utils.pruning.selectors import Selectors


def prune(
    model: keras.Model,
    sparsity: float | Mapping[str, float],
    criterion: Callable[[Arrays], Arrays] = criteria.magnitude,
    scope: str = "global",
    granularity: str = "weight",
    *,
    min_kept: int = 1,
    include: Selectors = None,
    exclude: Selectors = None,
) -> masking.Masks:
    """Set the weights that matter least to zero, hold them there, and return the masks.

    `sparsity` is the share to prune of all prunable weights together, or {kernel: share}. The other
    arguments are those of `masking.make_masks` and `pruning.kernels`, which say what is refused;
    `criterion` is called with the weights. What is pruned already goes first, and stays pruned even
    where less is asked for. Train afterwards as usual; `detach` lets the weights go. Warns where a
    layer collapses (see `masking.collapsed`): another scope, or a higher `min_kept`, saves it.

    >>> from course_utils import models
    >>> masks = prune(models.article_cnn(), 0.8)
    >>> masking.sparsity(masks)
    0.8
    """
    kernels(model, include, exclude)  # refuses what can be read, but not held
    scores = criteria.scored(criterion, weights(model, include, exclude))
    held = {name: mask for name, mask in held_masks(model).items() if name in scores}
    if held:
        scores |= masking.exclude({name: scores[name] for name in held}, held)
    masks = masking.make_masks(
        scores, sparsity, scope, granularity, min_kept=min_kept, layouts=layouts(model)
    )
    masks = {name: mask & held.get(name, True) for name, mask in masks.items()}
    warn(hold(model, masks))
    return masks
