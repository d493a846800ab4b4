"""What the networks in the manner of keras.io's code examples have in common."""

from collections.abc import Callable

import keras

NETWORKS: dict[str, Callable[[], keras.Model]] = {}
WORDS = ["a", "b", "c"]  # what inputs of strings hold


def example(build: Callable[[], keras.Model]) -> Callable[[], keras.Model]:
    """Note a function that builds one of them."""
    NETWORKS[f"examples/{build.__name__}"] = build
    return build


def layer(made: type) -> type:
    """Let a class of layers be loaded from a file."""
    return keras.saving.register_keras_serializable("zoo")(made)
