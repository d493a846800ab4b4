"""What does pruning cost while a network trains? Pruned and plain training, in turns.

make bench ARGS=training

A worker of benchmarks/turns.py: it trains the article's CNN for some steps, in one of four ways.
"held" is a mask attached, "scheduled" is PruneOnSchedule with Zhu and Gupta's schedule moving every
100 steps, all weights ranked anew, and "idle" a callback that does nothing, which Keras charges for
as well. benchmarks/step_cost_tfmot.py does the same with tfmot.

The table course_utils/lessons/results/step_cost.csv was made by this script as of commit bcb16f6.
"""

import functools

import numpy as np
import turns

from course_utils import criteria, masking, models, pruning, schedules
from course_utils.backend import keras

WAYS = ("plain", "idle", "held", "scheduled")


class Idle(keras.callbacks.Callback):
    """Do nothing, at every batch, as any callback of one's own."""

    def on_train_batch_begin(self, batch, logs=None):
        """Do nothing."""

    def on_train_batch_end(self, batch, logs=None):
        """Do nothing."""


@functools.cache
def examples(batch: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return noise and labels by chance: training on them takes as long as on anything else."""
    rng = np.random.default_rng(0)
    x = rng.random((batch * steps, 28, 28, 1), dtype="float32")
    return x, rng.integers(0, 10, len(x))


@functools.cache
def network(way: str) -> keras.Model:
    """Return the article's CNN, with a mask attached where one is only held."""
    model = models.article_cnn()
    if way == "held":
        scores = criteria.magnitude(pruning.weights(model))
        pruning.attach(model, masking.make_masks(scores, 0.8))
    return model


def answer(way: str, batch: int, steps: int, seed: int) -> dict:
    """Train for some steps and return the seconds."""
    # It goes on rising, however often the model has been trained.
    rising = schedules.polynomial(0.9, begin=0, end=100_000, every=100)
    callbacks = {"idle": [Idle()], "scheduled": [pruning.PruneOnSchedule(rising)]}.get(way, [])
    model, (x, y) = network(way), examples(batch, steps)
    fit = {"batch_size": batch, "shuffle": False, "verbose": 0, "callbacks": callbacks}
    seconds, _ = turns.timed(lambda: model.fit(x, y, **fit))
    return {"seconds": seconds}


if __name__ == "__main__":
    turns.serve(answer)
