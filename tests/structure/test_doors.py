"""What takes a model takes its channels, too, and gives the same."""

import inspect

import numpy as np
import pytest

from course_utils import structure
from course_utils.backend import keras

layers = keras.layers
rng = np.random.default_rng(0)
X, Y = rng.normal(size=(16, 5)).astype("float32"), rng.integers(0, 3, 16)
STAYS = {"hidden": np.arange(8) < 5}

CALLS = {
    "channel_groups": lambda m: [*structure.channel_groups(m).groups],
    "costs": lambda m: structure.costs(m).macs(STAYS),
    "difference": lambda m: structure.difference(m, m, X),
    "filter_norms": lambda m: structure.filter_norms(m)["hidden"],
    "geometric_median": lambda m: structure.geometric_median(m)["hidden"],
    "norm_scales": lambda m: structure.norm_scales(m)["hidden"],
    "random": lambda m: structure.random(m)["hidden"],
    "recalibrate": lambda m: structure.recalibrate(m, X),
    "reconstruct": lambda m: structure.reconstruct(m, STAYS, X)[1]["out"],
    "shrink": lambda m: structure.shrink(m, masks=STAYS)[1].parameters,
    "slimming": lambda m: structure.slimming(m, 0),
    "taylor": lambda m: structure.taylor(m, X, Y)["hidden"],
    "zeroed": lambda m: structure.zeroed(m, STAYS)(X).numpy(),
}
OF_SCORES = {"choose", "per_cost", "relative", "within_budget"}


def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    x = inputs = keras.Input((5,))
    x = layers.BatchNormalization(name="norm")(layers.Dense(8, name="hidden")(x))
    model = keras.Model(inputs, layers.Dense(3, name="out")(layers.ReLU(name="relu")(x)))
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def test_every_function_is_tried():
    functions = {n for n in structure.__all__ if inspect.isfunction(getattr(structure, n))}
    assert functions - OF_SCORES == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_a_model_or_its_channels(name):
    one, other = CALLS[name](network()), CALLS[name](structure.channel_groups(network()))
    np.testing.assert_array_equal(one, other)
