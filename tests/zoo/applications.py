"""Every network of keras.applications, untrained, on the smallest images that it takes."""

import functools
import inspect

import keras

SMALLEST = {"InceptionResNetV2": 75, "InceptionV3": 75, "Xception": 71}  # all others take 32


def network(name: str) -> keras.Model:
    size = SMALLEST.get(name, 32)
    return getattr(keras.applications, name)(
        weights=None, classes=10, input_shape=(size, size, 3), classifier_activation=None
    )


NAMES = [name for name, what in vars(keras.applications).items() if inspect.isfunction(what)]
NETWORKS = {f"applications/{name}": functools.partial(network, name) for name in sorted(NAMES)}
