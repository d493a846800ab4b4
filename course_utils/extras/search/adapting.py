"""Prune and retrain, on and on, for as long as the validation accuracy allows; then stop."""

from collections.abc import Callable

import numpy as np

from course_utils import criteria
from course_utils.arrays import Arrays
from course_utils.backend import keras
from course_utils.extras.search.rounds import Accuracy, Adapted, Limits, Masked, Retrain, Shrunk
from course_utils.masking import Masks, make_masks, sparsity
from course_utils.masking import exclude as excluding
from course_utils.pruning.attaching import attach, held_masks
from course_utils.pruning.kernels import kernels, layouts
from course_utils.pruning.layers import read
from course_utils.pruning.selectors import Selectors
from course_utils.structure.channels import Channels, channel_groups
from course_utils.structure.choosing import choose
from course_utils.structure.scoring import filter_norms


def adaptive(
    model: keras.Model,
    retrain: Retrain,
    accuracy: Accuracy,
    tolerance: float,
    step: float = 0.2,
    *,
    smallest: float = 0.02,
    most: int = 50,
    criterion: Callable[[Arrays], Arrays] = criteria.magnitude,
    scope: str = "global",
    granularity: str = "weight",
    include: Selectors = None,
    exclude: Selectors = None,
) -> Adapted:
    """Prune `model` as far as the accuracy stays within the tolerance; return what happened.

    Each round takes the share `step` of the weights that are left, calls `retrain(model)`, and
    asks `accuracy(model)`, a number on validation data, the higher the better. If that is not
    below the first one by more than `tolerance` (in the same unit: 0.005 is half a point of
    accuracy), the next round goes on from there. If it is, the round is taken back, weights,
    optimizer and masks, and the step is halved. It ends when the step is less than `smallest`,
    nothing more can go, or after `most` rounds. `criterion`, `scope`, `granularity`, `include` and
    `exclude` are those of `pruning.PruneOnSchedule`; what is pruned already stays so.

    The model is left at the last accepted round with its masks attached (all True if there was
    none), also where `retrain` or `accuracy` raises an error. The accuracy is that of the data
    it was chosen on, so it flatters: report another. A `retrain` that compiles the model anew
    starts with a new optimizer each time. Source of the cycle: Han et al. 2015 (arXiv 1506.02626).

    >>> from course_utils.models import article_cnn
    >>> found = adaptive(article_cnn(), lambda model: None, lambda model: 1.0, 0.01, most=2)
    >>> [round(one.sparsity, 2) for one in found.rounds]
    [0.2, 0.36]
    """
    limits = Limits(float(accuracy(model)), tolerance, step, smallest, most)
    chosen = kernels(model, include, exclude)
    held = held_masks(model)
    attach(model, {n: held.get(n, np.ones((1,) * len(v.shape))) for n, v in chosen.items()})

    def further(masks: Masks, share: float) -> Masks:
        scores = excluding(criterion({n: read(v) for n, v in chosen.items()}), masks)
        wanted = 1 - (1 - sparsity(masks)) * (1 - share)
        ranked = make_masks(scores, wanted, scope, granularity, layouts=layouts(model))
        return {name: ranked[name] & mask for name, mask in masks.items()}

    return limits.adapted(Masked(model, retrain, accuracy, list(chosen), further))


def adaptive_channels(
    model: keras.Model,
    retrain: Retrain,
    accuracy: Accuracy,
    tolerance: float,
    step: float = 0.2,
    *,
    smallest: float = 0.02,
    most: int = 50,
    criterion: Callable[[Channels], Arrays] = filter_norms,
    scope: str = "layer",
    include: Selectors = None,
    exclude: Selectors = None,
) -> tuple[keras.Model, Adapted]:
    """Return a smaller model, as far as the accuracy stays within the tolerance, and what happened.

    As `adaptive`, but each round takes the share `step` of the channels that are left with
    `structure.shrink`, and trains a new, smaller model, compiled as the one before; the model
    given stays as it is. `scope` is that of `structure.choose`; for "global" the criterion's scores
    must be comparable between groups.

    >>> from course_utils.models import lenet5
    >>> lenet = lenet5()
    >>> small, found = adaptive_channels(lenet, lambda m: None, lambda m: 1.0, 0.01, 0.5, most=1)
    >>> small.count_params(), round(found.sparsity, 3)
    (109295, 0.746)
    """
    limits = Limits(float(accuracy(model)), tolerance, step, smallest, most)

    def further(now: keras.Model, share: float) -> tuple[Channels, Masks]:
        channels = channel_groups(now, include=include, exclude=exclude)
        return channels, choose(criterion(channels), share, scope) if channels.groups else {}

    shrunk = Shrunk(model, retrain, accuracy, further)
    found = limits.adapted(shrunk)
    return shrunk.now, found
