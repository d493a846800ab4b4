"""Before and after channels go: sparse scales, new statistics, rounds."""

from collections.abc import Callable, Iterator

import numpy as np

from course_utils.arrays import checked_number
from course_utils.backend import keras
from course_utils.pruning.layers import inner_layers
from course_utils.structure.channels import Channels, Masks, channel_groups
from course_utils.structure.shrinking import ShrinkReport, shrink

_BATCH_NORM = keras.layers.BatchNormalization


def slimming(model: keras.Model, strength: float) -> int:
    """Add an L1 penalty to the scales of all BatchNormalization layers; return how many.

    Training then drives scales of channels that matter little towards 0, which `norm_scales`
    ranks. The penalty is an ordinary regularizer of the layer and is saved with it; a `strength`
    of 0 takes it away. Source: Liu et al. 2017 (arXiv 1708.06519), equation 1.

    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.BatchNormalization()])
    >>> slimming(model, 1e-4)
    1
    """
    checked_number(strength, "strength", 0, np.inf)
    layers = [layer for layer in _layers(model, _BATCH_NORM) if layer.gamma is not None]
    penalty = keras.regularizers.L1(strength) if strength else None
    for layer in layers:
        layer.gamma_regularizer = layer.gamma.regularizer = penalty
    if model.compiled and model.train_function is not None:
        model.make_train_function(force=True)  # a step that is compiled does not see it
    return len(layers)


def recalibrate(model: keras.Model, x: object, batch_size: int = 128) -> None:
    """Set the statistics of all BatchNormalization layers to those of `x`, as if trained on it.

    Each is the average over batches; everything else computes as in inference, and no weight
    changes. Frozen layers keep their statistics.

    >>> layer = keras.layers.BatchNormalization()
    >>> model = keras.Sequential([keras.Input((1,)), layer])
    >>> recalibrate(model, np.array([[1.0], [3.0]]))
    >>> layer.moving_mean.numpy().tolist(), layer.moving_variance.numpy().tolist()
    ([2.0], [1.0])
    """
    layers = [layer for layer in _layers(model, _BATCH_NORM) if layer.trainable]
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


def in_rounds(
    model: keras.Model,
    choose: Callable[[Channels, int], Masks],
    fine_tune: Callable[[keras.Model], object],
    rounds: int,
) -> Iterator[tuple[keras.Model, ShrinkReport]]:
    """Yield the model after each round of: choose channels, remove them, fine-tune.

    `choose` gets the channels of the present model and the number of the round, from 0, and
    returns masks; `fine_tune` trains the smaller model in place, and may `recalibrate` it first.

    >>> from course_utils import models
    >>> from course_utils.structure.choosing import choose
    >>> from course_utils.structure.scoring import filter_norms
    >>> def half(channels, number): return choose(filter_norms(channels), 0.5)
    >>> [r.parameters for _, r in in_rounds(models.lenet5(), half, lambda model: None, rounds=2)]
    [(431080, 109295), (109295, 27027)]
    """
    for number in range(rounds):
        channels = channel_groups(model)
        model, report = shrink(channels, choose(channels, number))
        fine_tune(model)
        yield model, report


def _layers(layer: keras.Layer, kind: type) -> list[keras.Layer]:
    found = [inner for inner in inner_layers(layer) if isinstance(inner, kind)]
    deeper = [one for inner in inner_layers(layer) for one in _layers(inner, kind)]
    return list({id(one): one for one in (*found, *deeper)}.values())


def _as_in_training(call: Callable) -> Callable:
    def trained(inputs: object, training: object = None, **options: object) -> object:
        return call(inputs, training=True, **options)

    return trained


def _batches(x: object, size: int) -> Iterator[object]:
    count = len(keras.tree.flatten(x)[0])
    for start in range(0, count, size):
        yield keras.tree.map_structure(lambda array, s=start: array[s : s + size], x)
