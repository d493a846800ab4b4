"""Batch normalization before and after channels go: sparse scales, new statistics."""

from collections.abc import Callable, Iterator

import numpy as np

from course_utils.arrays import checked_number
from course_utils.backend import keras
from course_utils.pruning.layers import walk
from course_utils.structure.channels import Channels, as_model

_BATCH_NORM = keras.layers.BatchNormalization


def slimming(model: keras.Model | Channels, strength: float) -> int:
    """Add an L1 penalty to the scales of all BatchNormalization layers; return how many.

    Training then drives scales of channels that matter little towards 0, which `norm_scales`
    ranks. The penalty is an ordinary regularizer of the layer and is saved with it; a `strength`
    of 0 takes it away. Source: Liu et al. 2017 (arXiv 1708.06519), equation 1.

    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.BatchNormalization()])
    >>> slimming(model, 1e-4)
    1
    """
    model = as_model(model)
    checked_number(strength, "strength", 0, np.inf)
    layers = [layer for layer in _layers(model) if layer.gamma is not None]
    penalty = keras.regularizers.L1(strength) if strength else None
    for layer in layers:
        layer.gamma_regularizer = layer.gamma.regularizer = penalty
    if model.compiled and model.train_function is not None:
        model.make_train_function(force=True)  # a step that is compiled does not see it
    return len(layers)


def recalibrate(model: keras.Model | Channels, x: object, batch_size: int = 128) -> None:
    """Set the statistics of all BatchNormalization layers to those of `x`, as if trained on it.

    Each is the average over batches; everything else computes as in inference, and no weight
    changes. Frozen layers keep their statistics.

    >>> layer = keras.layers.BatchNormalization()
    >>> model = keras.Sequential([keras.Input((1,)), layer])
    >>> recalibrate(model, np.array([[1.0], [3.0]]))
    >>> layer.moving_mean.numpy().tolist(), layer.moving_variance.numpy().tolist()
    ([2.0], [1.0])
    """
    model = as_model(model)
    layers = [layer for layer in _layers(model) if layer.trainable]
    before = [(layer, layer.momentum, vars(layer).get("call")) for layer in layers]
    try:
        for layer in layers:
            vars(layer)["call"] = _as_in_training(layer.call)
        for index, part in enumerate(_batches(x, batch_size)):
            for layer in layers:
                layer.momentum = index / (index + 1)  # the average of all batches so far
            model(part, training=False)
    finally:
        for layer, momentum, call in before:
            layer.momentum = momentum
            del vars(layer)["call"]
            if call is not None:
                vars(layer)["call"] = call


def _layers(model: keras.Model) -> list[keras.Layer]:
    inside = {id(owners[-1]): owners[-1] for _, owners in walk(model)}
    return [layer for layer in inside.values() if isinstance(layer, _BATCH_NORM)]


def _as_in_training(call: Callable) -> Callable:
    def trained(inputs: object, training: object = None, **options: object) -> object:
        return call(inputs, training=True, **options)

    return trained


def _batches(x: object, size: int) -> Iterator[object]:
    count = len(keras.tree.flatten(x)[0])
    for start in range(0, count, size):
        yield keras.tree.map_structure(lambda array, s=start: array[s : s + size], x)
