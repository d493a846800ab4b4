"""The network of a submitted file, and what it answers."""

import math
from collections.abc import Iterator

import numpy as np

from course_utils import measuring, models
from course_utils.backend import keras, tf
from course_utils.extras import export, speed
from course_utils.lessons.scoreboard.entries import Limits, Refused, one_line
from course_utils.pruning.examples import batches

INPUT, OUTPUT = (None, 28, 28, 1), (None, 10)
BATCH = 64  # images that are timed together: for one alone, what TensorFlow adds is most of it


def judged(data: bytes, images: np.ndarray, limits: Limits) -> dict:
    """Return what the network of a sparse file holds, costs, answers and takes, as plain values.

    Raises ValueError for what is no sparse file of a model, Refused for what is too large, has
    another input or output than images and ten digits, or does not answer.

    >>> data = export.sparse_file(models.article_cnn())
    >>> found = judged(data, np.zeros((64, 28, 28, 1), "float32"), Limits())
    >>> found["macs"], len(found["answers"])
    (541440, 64)
    """
    model = export.read_sparse(data, limits.parameters)
    _require_fitting(model, limits)
    total = measuring.report(model).total
    facts = {"macs": total.macs, "parameters": total.parameters, "sparsity": total.sparsity}
    compute = tf.function(lambda batch: model(batch, training=False))
    outputs = np.concatenate([np.asarray(compute(batch)) for batch in batches(images, BATCH)])
    if np.isnan(outputs).any():
        raise Refused("it answers NaN to some images.")  # none of them is the largest
    facts["answers"] = "".join(map(str, outputs.argmax(axis=1)))  # one digit for each image
    # Both answer the same batch, in turns: low quartile, median and high quartile in milliseconds.
    networks = {"submitted": model, "reference": models.article_cnn()}
    calls = {name: speed.keras_call(one, images[:BATCH]) for name, one in networks.items()}
    rows = speed.latency(calls, repeats=40).rows
    return facts | {"times": {r.name: [1e3 * t for t in (r.low, r.median, r.high)] for r in rows}}


def _require_fitting(model: keras.Model, limits: Limits) -> None:
    inputs = [tuple(tensor.shape) for tensor in model.inputs or ()]
    outputs = [tuple(tensor.shape) for tensor in model.outputs or ()]
    if inputs != [INPUT] or outputs != [OUTPUT]:
        raise Refused(
            f"it makes {_shapes(outputs)} of {_shapes(inputs)}; {OUTPUT} of {INPUT} was expected, "
            "ten numbers for each image."
        )
    largest = max(_sizes(model))
    if largest > limits.activations:
        raise Refused(
            f"a layer makes {largest:,} numbers of one image; at most {limits.activations:,} are "
            "allowed."
        )
    if not all(np.isfinite(W).all() for W in model.get_weights()):
        raise Refused("its weights hold NaN or infinity.")
    if _in_training(model.get_config()):
        raise Refused("a layer is called as in training, not as for an answer.")


def _sizes(model: keras.Model) -> Iterator[int]:
    """Yield how many numbers each layer and each operation makes of one image."""
    for part in getattr(model, "operations", model.layers):
        if isinstance(part, keras.Model):
            yield from _sizes(part)
        try:
            output = part.output
        except AttributeError:  # used at several places: memory and time are limited, too
            continue
        yield from (math.prod(tensor.shape[1:]) for tensor in keras.tree.flatten(output))


def _in_training(config: object) -> bool:
    if isinstance(config, dict):
        return bool(config.get("training")) or any(map(_in_training, config.values()))
    return isinstance(config, list | tuple) and any(map(_in_training, config))


def _shapes(shapes: list[tuple]) -> str:
    return one_line(", ".join(map(str, shapes)), 80) or "nothing"
