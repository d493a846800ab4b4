"""Which pruned weights come back?  masks, weights -> masks

Regrowth makes pruning reversible: the sparsity stays, the zeros move. A `Regrowth` says how, and
`PruneOnSchedule(..., regrow=...)` carries it out while the model trains.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from course_utils import criteria
from course_utils.arrays import Arrays, can_take, checked_number, count, same_names, whole
from course_utils.masking import Masks, checked_mask, checked_scores


@dataclass(frozen=True)
class Regrowth:
    """How masks move while their sparsity stays: how often, how many weights, by what score.

    `grow` is called with the weights and the step, and scores the weights that may come
    back; None means surgery: pruned weights go on training out of sight and are ranked by the
    values they reach there, with an advantage of `hysteresis` for those that are in place.
    """

    every: int
    fraction: float = 0.0
    end: int | None = None
    grow: Callable[[Arrays, int], Arrays] | None = None
    hysteresis: float = 1.0

    def __post_init__(self) -> None:
        whole(self.every, "every", least=1)
        checked_number(self.fraction, "fraction", 0, 1)
        if self.end is not None:
            whole(self.end, "end", least=1)
        checked_number(self.hysteresis, "hysteresis", 1, math.inf)
        if self.grow is not None and not can_take(self.grow, 2):
            raise TypeError(
                f"grow must be a function (weights, step) -> scores, not {self.grow!r}."
            )

    @property
    def surgery(self) -> bool:
        """Tell whether pruned weights are to be remembered and trained on."""
        return self.grow is None

    def due(self, step: int, before: int) -> bool:
        """Tell whether masks move at `step`, when they were last looked at `before`.

        >>> rule = sparse_evolution(every=100)
        >>> rule.due(100, before=99), rule.due(150, before=149), rule.due(304, before=296)
        (True, False, True)
        """
        return not self.over(step) and step // self.every > before // self.every

    def over(self, step: int) -> bool:
        """Tell whether regrowth has ended by `step`.

        >>> surgery(end=1000).over(1000), surgery().over(1000)
        (True, False)
        """
        return self.end is not None and step >= self.end


def sparse_evolution(
    fraction: float = 0.3, every: int = 100, end: int | None = None, seed: int = 0
) -> Regrowth:
    """Return the regrowth that drops the lowest scores and grows as many weights at random.

    Source: SET, Mocanu et al. 2018 (arXiv 1707.04780), where it happens once an
    epoch. With `end` the fraction decays as in `cosine`, and regrowth stops there.

    >>> sparse_evolution(every=500).every
    500
    """
    first = whole(seed, "seed")
    return Regrowth(every, fraction, end, lambda weights, t: criteria.random(weights, first + t))


def rigl(
    gradients: Callable[[], Arrays], fraction: float = 0.3, every: int = 100, end: int | None = None
) -> Regrowth:
    """Return the regrowth that drops the lowest scores and grows the largest gradients, |g|.

    `gradients` is called for each regrowth, and returns the gradients of all weights, pruned ones
    too: `lambda: pruning.gradients(model, x_batch, y_batch)`. Source: Evci et al. 2020 (arXiv
    1911.11134, algorithm 1), with fraction α = 0.3, every ΔT = 100 steps, until `end`.

    >>> rigl(lambda: {}, end=1000).surgery
    False
    """
    if not can_take(gradients, 0):
        raise TypeError(
            "gradients must be a function without arguments that measures them anew, such as "
            f"pruning.fresh_gradients(model, x, y), not {gradients!r:.80}."
        )
    return Regrowth(every, fraction, end, lambda weights, step: criteria.magnitude(gradients()))


def surgery(every: int = 10, end: int | None = None, hysteresis: float = 1.2) -> Regrowth:
    """Return the regrowth in which pruned weights train on out of sight, and may be spliced back.

    The network computes without them, but their updates are added up. Every so many steps all are
    ranked by their score; one in place counts `hysteresis` times, so that none flickers. After
    Dynamic Network Surgery, Guo et al. 2016 (arXiv 1608.04493), whose two thresholds a < b become
    the ratio b / a here: thresholds fix no sparsity, a rank does. Made for SGD: Adam moves a weight
    of tiny gradient as far as any other, and out of sight nothing checks it. Rank often, every 10
    steps, or hidden weights that do not matter drift in.

    >>> surgery().surgery
    True
    """
    return Regrowth(every, end=end, hysteresis=hysteresis)


def cosine(fraction: float, step: int, end: int) -> float:
    """Return the share that is replaced at `step`: fraction / 2 · (1 + cos(π · step / end)).

    Source: Evci et al. 2020 (arXiv 1911.11134).

    >>> cosine(0.3, 0, 1000), round(cosine(0.3, 500, 1000), 3), cosine(0.3, 1000, 1000)
    (0.3, 0.15, 0.0)
    """
    fraction, end = checked_number(fraction, "fraction", 0, 1), whole(end, "end", least=1)
    step = checked_number(step, "step", 0, math.inf)
    # Halved first: half of the smallest float would be 0.
    return fraction * ((1 + math.cos(math.pi * min(step, end) / end)) / 2)


def swap(masks: Arrays, drop_scores: Arrays, grow_scores: Arrays, fraction: float) -> Masks:
    """Return masks that drop a share of each kernel's kept weights and grow as many others.

    Of the n kept weights of a kernel the round(fraction · n) with the lowest drop scores go; then
    as many of the highest grow scores come among all that are not kept, those just dropped
    included. Every kernel keeps its sparsity. Among equal drop scores the first goes, among equal
    grow scores the first comes. Source: Evci et al. 2020 (arXiv 1911.11134, algorithm 1).

    >>> masks = {"fc": np.array([True, True, False, False])}
    >>> swap(masks, {"fc": np.array([2.0, 1, 0, 0])}, {"fc": np.array([0.0, 0, 1, 3])}, 0.5)
    {'fc': array([ True, False, False,  True])}
    """
    fraction = checked_number(fraction, "fraction", 0, 1)
    drop_scores, grow_scores = checked_scores(drop_scores), checked_scores(grow_scores)
    same_names(masks, drop_scores, ("masks", "drop_scores"))
    same_names(masks, grow_scores, ("masks", "grow_scores"))
    swapped = {}
    for name, mask in masks.items():
        drop, grow = drop_scores[name], grow_scores[name]
        if grow.shape != drop.shape:
            shapes = f"{grow.shape}; its drop_scores have {drop.shape}"
            raise ValueError(f"grow_scores of {name} has shape {shapes}.")
        stays = checked_mask(mask, drop.shape, name).ravel().copy()
        kept = np.flatnonzero(stays)
        moved = count(fraction, kept.size)
        stays[kept[np.argsort(drop.ravel()[kept], kind="stable")[:moved]]] = False
        others = np.flatnonzero(~stays)
        stays[others[np.argsort(-grow.ravel()[others], kind="stable")[:moved]]] = True
        swapped[name] = stays.reshape(drop.shape)
    return swapped
