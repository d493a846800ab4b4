"""The work that step_cost.py and step_cost_tfmot.py time: the same for both.

It needs NumPy alone: the other library's environment imports it, too.
"""

import functools

import numpy as np
import turns


@functools.cache
def examples(batch: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return noise and labels by chance: training on them takes as long as on anything else."""
    rng = np.random.default_rng(0)
    x = rng.random((batch * steps, 28, 28, 1), dtype="float32")
    return x, rng.integers(0, 10, len(x))


def seconds_of(model: object, batch: int, steps: int, callbacks: list) -> float:
    """Train a model of either Keras for some steps and return the seconds."""
    x, y = examples(batch, steps)
    fit = {"batch_size": batch, "shuffle": False, "verbose": 0, "callbacks": callbacks}
    seconds, _ = turns.timed(lambda: model.fit(x, y, **fit))
    return seconds
