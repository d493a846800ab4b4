"""Batch normalization before and after channels go: sparse scales, new statistics."""

from collections.abc import Callable

import numpy as np

from course_utils.arrays import checked_number
from course_utils.backend import keras, model_of, recompile, states_kept, wrapped_calls
from course_utils.pruning.examples import count, inputs_of, steps, tensors
from course_utils.pruning.layers import read, walk
from course_utils.structure.channels import Channels


def slimming(model: keras.Model | Channels, strength: float) -> int:
    """Add an L1 penalty to the scales of all BatchNormalization layers; return how many.

    Training then drives scales of channels that matter little towards 0, which `norm_scales`
    ranks. The penalty is an ordinary regularizer of the layer and is saved with it; a `strength`
    of 0 takes it away. Source: Liu et al. 2017 (arXiv 1708.06519), equation 1.

    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.BatchNormalization()])
    >>> slimming(model, 1e-4)
    1
    """
    model = model_of(model)
    checked_number(strength, "strength", 0, np.inf)
    layers = [layer for layer in _layers(model) if layer.gamma is not None]
    penalty = keras.regularizers.L1(strength) if strength else None
    for layer in layers:
        layer.gamma_regularizer = layer.gamma.regularizer = penalty
    recompile(model)
    return len(layers)


def recalibrate(model: keras.Model | Channels, x: object, batch_size: int = 128) -> None:
    """Set the statistics of all BatchNormalization layers to those of `x`, as if trained on it.

    Each is the average over the layer's calls, by their examples; everything else computes as in
    inference, and no weight changes. Frozen layers keep their statistics. `x`: arrays, or a dataset
    whose labels are not looked at. Raises TypeError or ValueError for data that the model cannot
    take, and where statistics would be NaN, infinite, or variances 0; all are then as before.

    >>> layer = keras.layers.BatchNormalization()
    >>> model = keras.Sequential([keras.Input((1,)), layer])
    >>> recalibrate(model, np.array([[1.0], [3.0]]))
    >>> layer.moving_mean.numpy().tolist(), layer.moving_variance.numpy().tolist()
    ([2.0], [1.0])
    """
    model = model_of(model)
    parts = steps(model, (inputs_of(x, model),), batch_size)
    layers = [layer for layer in _layers(model) if layer.trainable]
    momenta = [layer.momentum for layer in layers]
    statistics = [v for layer in layers for v in (layer.moving_mean, layer.moving_variance)]
    found, examples, batches = [], 0, 0
    try:
        # It gives all states back, these statistics, too: they are put in at the end.
        with states_kept(model), wrapped_calls(layers, _as_in_training):
            for (part,) in parts:
                examples, batches = examples + count(part), batches + 1
                model(tensors(part), training=False)
            found = [read(variable) for variable in statistics]
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
    if not all(np.isfinite(values).all() for values in found):
        raise ValueError(
            "statistics would be NaN or infinite: what the model computes of these data is too "
            "large, or its weights are. Nothing was changed."
        )
    differ = [variance.any() for variance in found[1::2]]  # not in a layer that is pruned away
    if differ and not (all(differ) if batches == examples else any(differ)):
        raise ValueError(
            "variances would be 0: every batch holds one example, or all layers always get the "
            "same. Give different examples, in larger batches. Nothing was changed."
        )
    for variable, values in zip(statistics, found, strict=True):
        variable.assign(values)


def _layers(model: keras.Model) -> list[keras.Layer]:
    if not model.built:
        raise ValueError(f"model {model.name!r} is not built: call it on a batch first.")
    inside = {id(owners[-1]): owners[-1] for _, owners in walk(model) if owners[-1].built}
    return [one for one in inside.values() if isinstance(one, keras.layers.BatchNormalization)]


def _as_in_training(layer: keras.Layer, call: Callable) -> Callable:
    seen = 0

    def trained(inputs: object, training: object = None, **options: object) -> object:
        nonlocal seen  # in every call: there may be several for a batch
        before, seen = seen, seen + (inputs.shape[0] or 1)
        layer.momentum = before / seen  # the average of all examples so far
        return call(inputs, training=True, **options)

    return trained
