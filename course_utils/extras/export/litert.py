"""LiteRT files in four precisions, dense and sparse, none handed out that the runtime refuses.

What runs of the sparse encoding was found by running it: TensorFlow 2.21, ai-edge-litert 2.3.0 with
its default XNNPACK kernels, sparsity 0.3 to 1, weights, blocks and 2 of 4, networks of dense,
convolution, pointwise and depthwise layers. Kernels with less than about a third of zeros stay
dense.

    precision   sparse
    float32     runs, outputs as of the dense file
    float16     runs; but where all zeros of a dense layer come in blocks of 4 inputs (also: whole
                outputs, an empty kernel), the outputs are NaN, silently
    dynamic     refused: "failed to prepare"; blocks of 16 inputs run, with wrong outputs, silently
    int8        convolutions run; dense layers are mostly refused: "failed to prepare"

So a sparse file is compared with its dense twin before it is returned.
"""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from course_utils.backend import keras, silent_stderr
from course_utils.backend import tensorflow as tf
from course_utils.extras.speed.runtime import Inputs, predict_litert
from course_utils.pruning.hooks import zeros_for

PRECISIONS = ("float32", "float16", "dynamic", "int8")
# Of the largest output.
_TOLERANCE = {"float32": 1e-4, "float16": 1e-2, "dynamic": 0.1, "int8": 0.1}


def litert(
    model: keras.Model,
    precision: str = "float32",
    *,
    samples: Inputs | None = None,
    sparse: bool = False,
) -> bytes:
    """Return a model as a LiteRT file, through Keras's own `model.export`.

    "float32" as it is; "float16" weights in half precision; "dynamic" 8-bit weights (of kernels
    with 1,024 values or more), activations quantized while it runs; "int8" all of it in whole
    numbers, inputs and outputs too, scaled to what `samples` need: some hundred inputs of the
    training data. `sparse`: kernels with many zeros as values and indices. What the runtime
    accepts of that, see the module; a sparse file is run beside the dense one, on `samples` or
    on random numbers, before it is returned.

    Raises ValueError for an unknown precision, for int8 without samples, for samples without
    int8 or sparse, and for a sparse file that the runtime refuses or computes wrongly;
    ImportError for sparse without ai-edge-litert.

    >>> from course_utils.models import article_cnn
    >>> 4 * 347_146 < len(litert(article_cnn())) < 4 * 347_146 + 10_000
    True
    """
    _check(precision, samples, sparse)
    dense = _converted(model, _settings(precision, samples, False))
    if not sparse:
        return dense
    data = _converted(model, _settings(precision, samples, True))
    _require_same(data, dense, _probe(model, samples), precision)
    return data


def _check(precision: str, samples: Inputs | None, sparse: bool) -> None:
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, not {precision!r}.")
    if precision == "int8" and samples is None:
        raise ValueError(
            "int8 needs samples, some hundred inputs of the training data: the scale of every "
            "layer's outputs is measured on them. Without samples: precision='dynamic'."
        )
    if samples is not None and precision != "int8" and not sparse:
        raise ValueError(f"samples serve int8 and sparse files only, not {precision!r}.")


def _settings(precision: str, samples: Inputs | None, sparse: bool) -> dict:
    """Return what the converter is told, in its own words."""
    wanted = [tf.lite.Optimize.EXPERIMENTAL_SPARSITY] if sparse else []
    wanted += [tf.lite.Optimize.DEFAULT] if precision != "float32" else []
    settings: dict = {"optimizations": wanted}
    if precision == "float16":
        settings["target_spec"] = {"supported_types": [tf.float16]}
    if precision == "int8":
        settings["representative_dataset"] = lambda: _one_by_one(samples)
        settings["target_spec"] = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]}
        settings |= {"inference_input_type": tf.int8, "inference_output_type": tf.int8}
    return settings


def _converted(model: keras.Model, settings: dict) -> bytes:
    with tempfile.TemporaryDirectory() as folder, silent_stderr():
        path = Path(folder) / "model.tflite"
        model.export(path, format="litert", verbose=False, **settings)
        return path.read_bytes()


def _one_by_one(samples: Inputs) -> Iterator[object]:
    """Yield samples as the converter wants them: a list of one batch of one, or a dictionary."""
    if isinstance(samples, Mapping):
        for row in zip(*samples.values(), strict=True):
            yield {name: np.asarray(v)[None] for name, v in zip(samples, row, strict=True)}
    else:
        for row in samples:
            yield [np.asarray(row, np.float32)[None]]


def _probe(model: keras.Model, samples: Inputs | None) -> Inputs:
    """Return a few inputs to compare two files on: not zeros, which would hide every kernel."""
    if isinstance(samples, Mapping):
        return {name: np.asarray(array)[:8] for name, array in samples.items()}
    if samples is not None:
        return np.asarray(samples)[:8]
    one = zeros_for(model)
    if not isinstance(one, np.ndarray):
        raise ValueError("the model has several inputs: give samples, to run the sparse file on.")
    random = np.random.default_rng(0).random((8, *one.shape[1:]))
    return random.astype(one.dtype)


def _require_same(data: bytes, dense: bytes, x: Inputs, precision: str) -> None:
    """Raise ValueError unless the sparse file runs, and computes what the dense one computes."""
    expected = predict_litert(dense, x)
    try:
        found = predict_litert(data, x)
    except ValueError as error:
        raise ValueError(f"{error} {_way_out(precision)}") from error
    if not isinstance(found, list):
        found, expected = [found], [expected]
    for one, other in zip(found, expected, strict=True):
        off, largest = float(np.abs(one - other).max()), float(np.abs(other).max())
        if not off <= _TOLERANCE[precision] * largest:  # True for NaN
            raise ValueError(
                f"The LiteRT runtime computes wrong outputs from this sparse file: they are off by "
                f"{off:.2g}. {_way_out(precision)}"
            )


def _way_out(precision: str) -> str:
    other = "" if precision == "float32" else ", or take precision='float32'"
    return f"The file is sparse and of precision {precision!r}: leave out sparse{other}."
