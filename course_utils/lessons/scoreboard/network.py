"""The network of a submitted file, built by Keras from checked parts, and what it answers."""

import copy
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from course_utils import measuring, models
from course_utils.backend import keras
from course_utils.backend import tensorflow as tf
from course_utils.extras import export, speed
from course_utils.lessons.scoreboard.limits import Limits, Refused, one_line

INPUT, OUTPUT = (None, 28, 28, 1), (None, 10)
BATCH = 64  # images that are timed together: for one alone, what TensorFlow adds is most of it


def built(config: dict, weights: bytes, folder: Path, limits: Limits) -> keras.Model:
    """Return the network of a checked config, with weights of a checked file; not compiled.

    `folder` is where the weights are written for Keras to read. First an outline is made, in which
    no variable holds anything, so that a few letters in a config cannot ask for a terabyte.
    Raises Refused for what is too large, has another input or output than images and ten digits,
    and for whatever Keras cannot build or fill.
    """
    try:
        with keras.StatelessScope(initialize_variables=False):
            _require_fitting(_described(config), limits)
    finally:
        keras.utils.clear_session()  # or Keras would fill the outline's variables later on
    keras.utils.set_random_seed(0)  # the same at every run, whatever a layer draws
    model = _described(config)
    path = folder / "plain.weights.h5"
    path.write_bytes(weights)
    try:
        model.load_weights(path)
    except Exception as error:  # Keras raises a dozen kinds for weights that do not fit
        raise Refused(f"its weights do not fit its layers ({one_line(error, 160)}).") from error
    return model


def facts(model: keras.Model) -> dict[str, float]:
    """Return what a network holds and costs; bytes are those of `export.sparse_file`.

    >>> facts(models.article_cnn())["macs"]
    541440
    """
    total = measuring.report(model).total
    return {
        "bytes": len(export.sparse_file(model)),
        "macs": total.macs,
        "parameters": total.parameters,
        "sparsity": total.sparsity,
    }


def answers(model: keras.Model, images: np.ndarray) -> str:
    """Return one digit for each image (n, 28, 28, 1), the output that is largest.

    Raises Refused where an output is NaN, since then no answer is the largest.

    >>> len(answers(models.article_cnn(), np.zeros((3, 28, 28, 1), "float32")))
    3
    """
    compute = tf.function(lambda batch: model(batch, training=False))
    outputs = [np.asarray(compute(images[i : i + BATCH])) for i in range(0, len(images), BATCH)]
    outputs = np.concatenate(outputs)
    if np.isnan(outputs).any():
        raise Refused("it answers NaN to some images.")
    return "".join(map(str, outputs.argmax(axis=1)))


def times(model: keras.Model, images: np.ndarray, repeats: int = 40) -> dict[str, list[float]]:
    """Return low quartile, median and high quartile in milliseconds, of it and of a reference.

    The reference is the article's CNN. Both answer the same batch of images, in turns.

    >>> sorted(times(models.article_cnn(), np.zeros((1, 28, 28, 1), "float32"), repeats=1))
    ['reference', 'submitted']
    """
    networks = {"submitted": model, "reference": models.article_cnn()}
    calls = {name: speed.keras_call(network, images) for name, network in networks.items()}
    found = speed.latency(calls, repeats).rows
    return {row.name: [1e3 * row.low, 1e3 * row.median, 1e3 * row.high] for row in found}


def _described(config: dict) -> keras.Model:
    try:
        # A copy, since some of Keras's classes take their config apart while they read it.
        return keras.saving.deserialize_keras_object(copy.deepcopy(config), safe_mode=True)
    except Exception as error:  # a config that does not fit its class raises whatever it likes
        reason = str(error).rpartition("Exception encountered:")[2]  # Keras quotes all around it
        raise Refused(f"Keras cannot build it ({one_line(reason, 160)}).") from error


def _require_fitting(outline: keras.Model, limits: Limits) -> None:
    inputs = [tuple(tensor.shape) for tensor in outline.inputs or ()]
    outputs = [tuple(tensor.shape) for tensor in outline.outputs or ()]
    if inputs != [INPUT] or outputs != [OUTPUT]:
        raise Refused(
            f"it makes {_shapes(outputs)} of {_shapes(inputs)}; {OUTPUT} of {INPUT} was expected, "
            "ten numbers for each image."
        )
    count = sum(math.prod(variable.shape) for variable in outline.variables)
    if count > limits.parameters:
        raise Refused(f"it has {count:,} parameters; at most {limits.parameters:,} are allowed.")
    largest = max(_sizes(outline))
    if largest > limits.activations:
        raise Refused(
            f"a layer makes {largest:,} numbers of one image; at most {limits.activations:,} are "
            "allowed."
        )


def _sizes(model: keras.Model) -> Iterator[int]:
    """Yield how many numbers each layer makes of one image."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _sizes(layer)
        try:
            output = layer.output
        except AttributeError:  # used at several places: memory and time are limited, too
            continue
        yield from (math.prod(tensor.shape[1:]) for tensor in keras.tree.flatten(output))


def _shapes(shapes: list[tuple]) -> str:
    return one_line(", ".join(map(str, shapes)), 80) or "nothing"
