"""What tfmot's pruning costs while a network trains: the twin of benchmarks/step_cost.py.

A worker of benchmarks/turns.py, in tfmot's environment, with Keras 2 (tf_keras), which tfmot needs.
"held" is its ConstantSparsity, whose mask is made once; "scheduled" its PolynomialDecay, every 100
steps. Its masks are those of each layer alone.
"""

import functools

import numpy as np
import tensorflow_model_optimization as tfmot
import tf_keras
import turns
from training_work import seconds_of

sparsity = tfmot.sparsity.keras
NEVER = 10**9


@functools.cache
def network(way: str) -> tf_keras.Model:
    """Return the article's CNN in Keras 2, wrapped by tfmot where it is pruned."""
    tf_keras.utils.set_random_seed(0)
    layers = tf_keras.layers
    model = tf_keras.Sequential(
        [
            tf_keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    rises = {
        "held": sparsity.ConstantSparsity(0.8, begin_step=1, frequency=NEVER),
        "scheduled": sparsity.PolynomialDecay(0.0, 0.9, 0, 100_000, frequency=100),
    }
    if way in rises:
        model = sparsity.prune_low_magnitude(model, rises[way])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def answer(way: str, batch: int, steps: int, seed: int) -> dict:
    """Train for some steps and return the seconds, and the zeros that came of it."""
    model = network(way)
    callbacks = [] if way == "plain" else [sparsity.UpdatePruningStep()]
    seconds = seconds_of(model, batch, steps, callbacks)
    if way == "held":
        zeros = np.mean([np.mean(mask.numpy() == 0) for mask in masks(model)])
        assert abs(zeros - 0.8) < 0.01, f"tfmot holds {zeros:.0%} at zero, not 80 %"
    return {"seconds": seconds}


def masks(model: tf_keras.Model) -> list:
    wrapped = (getattr(layer, "pruning_vars", None) or [] for layer in model.layers)
    return [mask for variables in wrapped for _, mask, _ in variables]


if __name__ == "__main__":
    turns.serve(answer)
