"""What several test files share: tiny data, tiny models, and repeatable property tests."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import settings

# The same examples in every run, on any machine, however loaded it is.
settings.register_profile("course", deadline=None, derandomize=True, database=None, max_examples=60)
settings.load_profile("course")


class Batch(NamedTuple):
    """Inputs and integer labels."""

    x: np.ndarray
    y: np.ndarray


@pytest.fixture(scope="session")
def batch() -> Batch:
    """32 random points with 6 features and 3 classes: four steps of 8."""
    rng = np.random.default_rng(0)
    return Batch(rng.normal(size=(32, 6)).astype("float32"), rng.integers(0, 3, 32))


@pytest.fixture(scope="session")
def pictures() -> Batch:
    """64 random images for the article's CNN: two steps of 32."""
    rng = np.random.default_rng(0)
    return Batch(rng.random((64, 28, 28, 1), dtype="float32"), rng.integers(0, 10, 64))


@pytest.fixture(scope="session")
def tiny() -> Callable:
    """A function that builds a new, compiled network of 48 + 24 kernel weights.

    `optimizer` and everything else goes to `compile`; the initial weights are always the same.
    """
    from course_utils.backend import keras

    def build(optimizer: object = "sgd", **settings: object):
        keras.utils.set_random_seed(1)
        model = keras.Sequential(
            [
                keras.Input((6,)),
                keras.layers.Dense(8, activation="relu", name="hidden"),
                keras.layers.Dense(3, activation="softmax", name="output"),
            ],
            name="tiny",
        )
        model.compile(optimizer, "sparse_categorical_crossentropy", **settings)
        return model

    return build
