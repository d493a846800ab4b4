"""What does pruning cost while a network trains? Pruned and plain training, in turns.

make bench ARGS=training

A worker of benchmarks/turns.py: it trains the article's CNN for some steps, in one of four ways.
"held" is a mask attached, "scheduled" is PruneOnSchedule with Zhu and Gupta's schedule moving every
100 steps, all weights ranked anew, and "idle" a callback that does nothing, which Keras charges for
as well. benchmarks/step_cost_tfmot.py does the same with tfmot.
"""

import functools

import turns
from training_work import seconds_of

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
    return {"seconds": seconds_of(network(way), batch, steps, callbacks)}


if __name__ == "__main__":
    turns.serve(answer)
