"""A search for how many weights each layer keeps, by the loss of the whole pruned network.

It looks at what a sensitivity scan never sees, the layers pruned together, and trains nothing.
"""

from collections.abc import Callable

import numpy as np

from course_utils import masking, models, pruning
from course_utils.arrays import Masks, Scores
from course_utils.backend import keras

FACTORS = (2.0, 1.4, 1.2)  # by which one layer's number changes, from coarse to fine


def loss_with(
    scores: Scores, model: keras.Model, x: np.ndarray, y: np.ndarray
) -> Callable[[Masks], float]:
    """Return a function from masks to the loss of the network under them."""
    probe, whole = models.lenet5(seed=0), model.get_weights()

    def loss(masks: Masks) -> float:
        probe.set_weights(whole)
        pruning.attach(probe, masks)
        return probe.evaluate(x, y, batch_size=1000, verbose=0)[0]

    return loss


def tuned(scores: Scores, start: Masks, loss: Callable[[Masks], float]) -> Masks:
    """Change one layer's number of weights at a time while the loss falls; the largest pays."""
    left = {name: int(mask.sum()) for name, mask in start.items()}
    payer, best = max(scores, key=lambda name: scores[name].size), loss(start)

    def masks_of(left: dict[str, int]) -> Masks:
        return masking.make_masks(scores, {n: 1 - left[n] / S.size for n, S in scores.items()})

    for factor in FACTORS:
        improved = True
        while improved:
            improved = False
            for name in (n for n in left if n != payer):
                for count in (round(left[name] * factor), round(left[name] / factor)):
                    count = min(max(count, 1), scores[name].size)
                    tried = {**left, name: count, payer: left[payer] + left[name] - count}
                    if 0 < tried[payer] and (found := loss(masks_of(tried))) < best:
                        left, best, improved = tried, found, True
    return masks_of(left)
