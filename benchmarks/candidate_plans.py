"""Two searches for how many weights each layer keeps, by the loss of the whole pruned network.

Both look at what a sensitivity scan never sees, the layers pruned together, and train nothing.
"""

from collections.abc import Callable

import numpy as np

from course_utils import masking, models, pruning
from course_utils.arrays import Masks, Scores
from course_utils.backend import keras

Left = dict[str, int]  # {kernel: how many of its weights stay}
SHARE = 0.7  # what a step of `greedy` leaves of one layer
FACTORS = (2.0, 1.4, 1.2)  # by which `tuned` changes one layer's number, from coarse to fine


def masks_of(scores: Scores, left: Left) -> Masks:
    """Keep the highest scores of each kernel, so many as `left` says."""
    return masking.make_masks(scores, {n: 1 - left[n] / S.size for n, S in scores.items()})


def loss_with(
    scores: Scores, model: keras.Model, x: np.ndarray, y: np.ndarray
) -> Callable[[Left], float]:
    """Return a function from numbers of weights to the loss of the network that keeps them."""
    probe, whole = models.lenet5(seed=0), model.get_weights()

    def loss(left: Left) -> float:
        probe.set_weights(whole)
        pruning.attach(probe, masks_of(scores, left))
        return probe.evaluate(x, y, batch_size=1000, verbose=0)[0]

    return loss


def greedy(scores: Scores, target: Left, loss: Callable[[Left], float]) -> Left:
    """Prune in small steps, each in the layer where a weight costs least, as things stand.

    It ends where as many weights stay as in `target`, which has no other part in it.
    """
    left = {name: S.size for name, S in scores.items()}
    budget, now = sum(target.values()), loss(left)
    while sum(left.values()) > budget:
        over, trials = sum(left.values()) - budget, []
        for name, count in left.items():
            gone = min(count - max(1, round(SHARE * count)), over)
            if gone:
                after = loss({**left, name: count - gone})
                trials.append(((after - now) / gone, name, gone, after))
        _, name, gone, now = min(trials)
        left[name] -= gone
    return left


def tuned(scores: Scores, start: Left, loss: Callable[[Left], float]) -> Left:
    """Change one layer's number at a time while the loss falls; the largest layer pays."""
    left, best = dict(start), loss(start)
    payer = max(scores, key=lambda name: scores[name].size)
    for factor in FACTORS:
        improved = True
        while improved:
            improved = False
            for name in (n for n in left if n != payer):
                for count in (round(left[name] * factor), round(left[name] / factor)):
                    count = min(max(count, 1), scores[name].size)
                    tried = {**left, name: count, payer: left[payer] + left[name] - count}
                    if 0 < tried[payer] <= scores[payer].size and (found := loss(tried)) < best:
                        left, best, improved = tried, found, True
    return left
