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

So every file is run before it is returned, and a sparse one compared with its dense twin.
"""

import re
import tempfile
import textwrap
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from course_utils.backend import inputs_by_name, keras, model_of, silent_stderr, states_kept, tf
from course_utils.extras.speed.runtime import needed, predict_litert
from course_utils.pruning.examples import count, fixed_batch, inputs_of, tensors
from course_utils.pruning.layers import walk
from course_utils.pruning.probing import probe

PRECISIONS = ("float32", "float16", "dynamic", "int8")
# Of the largest output.
_TOLERANCE = {"float32": 1e-4, "float16": 1e-2, "dynamic": 0.1, "int8": 0.1}


def litert(
    model: keras.Model,
    precision: str = "float32",
    *,
    samples: object = None,
    sparse: bool = False,
    inputs: object = None,
) -> bytes:
    """Return a model as a LiteRT file, through Keras's own `model.export`.

    "float32" as it is; "float16" weights in half precision; "dynamic" 8-bit weights (of kernels
    with 1,024 values or more), activations quantized while it runs; "int8" all of it in whole
    numbers, inputs and outputs too, scaled to what `samples` need: some hundred inputs of the
    training data, arrays or a dataset, of the types that the model takes (token ids and pixels
    stay whole numbers). `sparse`: kernels with many zeros as values and indices. What the runtime
    accepts of that, see the module. Every file is run before it is returned, and a sparse one
    compared with the dense one: on `inputs`, or on `samples`, or on random numbers of the shape
    that the model declares.

    Raises TypeError for what is no model; ValueError for an unknown precision, for int8 without
    samples, for samples without int8 or sparse, for data that the model cannot take, for a model
    that the converter or the runtime refuses, and for a file that computes wrongly; ImportError
    without ai-edge-litert.

    >>> from course_utils.models import article_cnn
    >>> 4 * 347_146 < len(litert(article_cnn())) < 4 * 347_146 + 10_000
    True
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, not {precision!r}.")
    if precision == "int8" and samples is None:
        raise ValueError(
            "int8 needs samples, some hundred inputs of the training data: the scale of every "
            "layer's outputs is measured on them. Without samples: precision='dynamic'."
        )
    if samples is not None and precision != "int8" and not sparse:
        raise ValueError(f"samples serve int8 and sparse files only, not {precision!r}.")
    model = model_of(model)
    needed("ai_edge_litert.interpreter", "ai-edge-litert")  # what runs it
    if samples is not None:
        samples = inputs_of(samples, model, "samples")
    some = samples if inputs is None else inputs
    x = probe(model, some, rng=np.random.default_rng(0), examples=8)
    dense = _converted(model, _settings(model, precision, samples, False))
    expected = _run(model, dense, x)
    if not sparse:
        return dense
    data = _converted(model, _settings(model, precision, samples, True))
    _require_same(data, expected, _by_file(model, x), precision)
    return data


def _settings(model: keras.Model, precision: str, samples: object, sparse: bool) -> dict:
    """Return what the converter is told, in its own words."""
    wanted = [tf.lite.Optimize.EXPERIMENTAL_SPARSITY] if sparse else []
    wanted += [tf.lite.Optimize.DEFAULT] if precision != "float32" else []
    settings: dict = {"optimizations": wanted}
    if precision == "float16":
        settings["target_spec"] = {"supported_types": [tf.float16]}
    if precision == "int8":
        settings["representative_dataset"] = lambda: _one_by_one(model, _by_file(model, samples))
        settings["target_spec"] = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]}
        settings |= {"inference_input_type": tf.int8, "inference_output_type": tf.int8}
    return settings


def _converted(model: keras.Model, settings: dict) -> bytes:
    try:
        with tempfile.TemporaryDirectory() as folder, silent_stderr(), warnings.catch_warnings():
            # TensorFlow's own, of what it uses itself.
            warnings.filterwarnings("ignore", r"\s*Warning: tf\.lite\.Interpreter")
            path = Path(folder) / "model.tflite"
            # Keras 3.13 takes no Path here.
            model.export(str(path), format="litert", verbose=False, **settings)
            return path.read_bytes()
    except Exception as error:  # the converter raises what it likes, over many lines
        reason = textwrap.shorten(str(error), 200, placeholder=" ...")
        raise ValueError(
            f"LiteRT's converter refuses model {model.name!r}: {reason} {_other_ways(model)}"
        ) from error


def _run(model: keras.Model, data: bytes, x: object) -> object:
    """Return what a file computes. Raises ValueError where it does not run, or gives NaN."""
    try:
        found = predict_litert(data, _by_file(model, x))
    except Exception as error:
        reason = textwrap.shorten(str(error), 200, placeholder=" ...")
        raise ValueError(f"{reason} {_other_ways(model)}") from error
    if not _finite(found):
        with states_kept(model):
            if _finite(keras.tree.map_structure(np.asarray, model(tensors(x), training=False))):
                raise ValueError(
                    "The LiteRT runtime computes NaN or infinity from this file, and the model "
                    f"does not: take precision='float32'. {_other_ways(model)}"
                )
    return found


def _finite(outputs: object) -> bool:
    return all(np.isfinite(array).all() for array in keras.tree.flatten(outputs))


def _other_ways(model: keras.Model) -> str:
    looped = [
        prefix.rstrip("/")
        for prefix, owners in walk(model)
        if isinstance(owners[-1], keras.layers.RNN) and not owners[-1].unroll
    ]
    if looped:
        return (
            f"Its recurrent layers {', '.join(looped)} are loops, which LiteRT has not: build them "
            "with unroll=True, for inputs of a known length, and give them these weights."
        )
    return "Replace the layer that is meant, or hand out the model as a .keras file, model.save."


def _by_file(model: keras.Model, x: object) -> np.ndarray | dict[str, np.ndarray]:
    """Return inputs under the names that a file gives them, in the types that the model takes."""
    wanted = inputs_by_name(model)
    arrays = [x[name] for name in wanted] if isinstance(x, Mapping) else keras.tree.flatten(x)
    named = {}
    for array, tensor in zip(arrays, wanted.values(), strict=bool(wanted)):
        kind = keras.backend.standardize_dtype(tensor.dtype)
        # Letters and digits stay of a tensor's name.
        name = re.sub(r"\W", "_", tensor.name)
        named[name] = array if kind == "string" else np.asarray(array).astype(kind, copy=False)
    if len(arrays) > 1 and wanted:
        return named
    return next(iter(named.values()), x)


def _one_by_one(model: keras.Model, samples: object) -> Iterator[object]:
    """Yield samples as the converter wants them: batches of one, or of what the model takes."""
    size = fixed_batch(model) or 1
    for start in range(0, count(samples) - size + 1, size):
        some = keras.tree.map_structure(lambda array, s=start: array[s : s + size], samples)
        yield some if isinstance(some, Mapping) else [some]


def _require_same(data: bytes, expected: object, x: object, precision: str) -> None:
    """Raise ValueError unless the sparse file runs, and computes what the dense one computes."""
    also = "" if precision == "float32" else ", or take precision='float32'"
    way_out = f"The file is sparse and of precision {precision!r}: leave out sparse{also}."
    try:
        found = predict_litert(data, x)
    except ValueError as error:
        raise ValueError(f"{error} {way_out}") from error
    pairs = zip(keras.tree.flatten(found), keras.tree.flatten(expected), strict=True)
    for one, other in pairs:
        off, largest = float(np.abs(one - other).max()), float(np.abs(other).max())
        if not off <= _TOLERANCE[precision] * largest:  # True for NaN
            raise ValueError(
                f"The LiteRT runtime computes wrong outputs from this sparse file: they are off by "
                f"{off:.2g}. {way_out}"
            )
