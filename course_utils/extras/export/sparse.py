"""A compact sparse file of a model: its architecture as JSON, its weights without their zeros."""

import contextlib
import json
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from course_utils.backend import keras
from course_utils.backend import tensorflow as tf
from course_utils.extras import sparsefile
from course_utils.lessons.datafiles import keep

# Where Keras's own classes of a network live, by the names that Keras writes into a config.
_PLACES = (
    "keras", "keras.layers", "keras.initializers", "keras.regularizers", "keras.constraints",
    "keras.dtype_policies", "keras.quantizers", "keras.activations", "builtins",
)  # fmt: skip
_INNER = ("keras.src.models.", "keras.src.ops.")
_VALUES = ("__keras_tensor__", "__tensor__", "__numpy__", "__tuple__", "__bytes__", "__ellipsis__")
# These run code from the file, or read other files that it names.
_REFUSED = (
    "Lambda", "__lambda__", "TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper",
    "StringLookup", "IntegerLookup", "TextVectorization", "HashedCrossing",
)  # fmt: skip


def sparse_file(model: keras.Model, *, codes: bool = True) -> bytes:
    """Return a model as a sparse file: values, and gap-coded indices where they are fewer bytes.

    Each array of weights is stored in the way that takes the fewest bytes: all values, or the
    non-zeros with gaps of a width chosen for it; either with a table where many values are the
    same; gaps and places in the table in Huffman's code, unless `codes` is False. Not in the file:
    the optimizer, the loss, masks (read them off the zeros again).
    Raises ValueError for a model with layers that are not Keras's own, or that run code of their
    own (Lambda), or that is not yet built. Source: Han et al. 2016 (arXiv 1510.00149).

    >>> from course_utils.models import article_cnn
    >>> read_sparse(sparse_file(article_cnn())).name
    'article_cnn'
    """
    if not model.built:
        raise ValueError(f"model {model.name!r} is not built: call it on a batch first.")
    config = _without_training(keras.saving.serialize_keras_object(model))
    _require_plain(config)
    arrays = {f"{i}": _plain(w) for i, w in enumerate(model.weights)}
    return sparsefile.encode(arrays, json.dumps(config, separators=(",", ":")), codes=codes)


def write_sparse(model: keras.Model, path: str | Path) -> int:
    """Write a model as a sparse file, whole or not at all; return its bytes.

    Raises what `sparse_file` raises, and OSError where the place cannot be written.
    """
    data = sparse_file(model)
    keep(data, Path(path))
    return len(data)


def read_sparse(source: bytes | str | Path, largest: int = sparsefile.LARGEST) -> keras.Model:
    """Return the model of a sparse file, its weights the same bit for bit, not compiled.

    Nothing in the file is run: no pickle, no layers but Keras's own. Raises ValueError for
    anything but a whole sparse file, and for one with more than `largest` weights; OSError where
    a path cannot be read.

    >>> read_sparse(b"PK")
    Traceback (most recent call last):
    ValueError: This is no sparse file that can be read: it starts like another kind of file, ...
    """
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    arrays, text = sparsefile.decode(data, largest)
    model = _built(text)
    weights = model.weights
    if [(f"{i}", tuple(w.shape)) for i, w in enumerate(weights)] != [
        (name, array.shape) for name, array in arrays.items()
    ]:
        raise ValueError("This is no sparse file of a model: its weights do not fit its layers.")
    for variable, array in zip(weights, arrays.values(), strict=True):
        variable.assign(_as_stored(array, variable))
    return model


def _built(text: str) -> keras.Model:
    try:
        config = json.loads(text)
        _require_plain(config)
        with _chance_untouched():
            model = keras.saving.deserialize_keras_object(config, safe_mode=True)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"This is no sparse file of a model: {str(error).rstrip('.')}.") from error
    except Exception as error:  # a config that does not fit its class raises whatever it likes
        reason = f"Keras cannot build it ({type(error).__name__})"
        raise ValueError(f"This is no sparse file of a model: {reason}.") from error
    if not isinstance(model, keras.Model) or not model.built:
        raise ValueError("This is no sparse file of a model: what it describes is no whole model.")
    return model


def _without_training(config: object) -> object:
    """Return a config without what `compile` was told, also that of models in models."""
    if isinstance(config, dict):
        kept = {key: value for key, value in config.items() if key != "compile_config"}
        return {key: _without_training(value) for key, value in kept.items()}
    return [_without_training(v) for v in config] if isinstance(config, list | tuple) else config


def _require_plain(config: object) -> None:
    for part in _described(config):
        name, place = part["class_name"], part.get("module")
        if not (_is_plain(name, place, part.get("registered_name")) or name in _VALUES):
            raise ValueError(
                f"{name!r} of {place!r} is none of Keras's own layers that can be stored without "
                "code: save the model as .keras instead."
            )


def _is_plain(name: object, place: object, registered: object) -> bool:
    own = isinstance(place, str) and (place in _PLACES or place.startswith(_INNER))
    return own and name not in _REFUSED and ">" not in str(registered)  # "package>Name": not Keras


def _described(config: object) -> Iterator[dict]:
    """Yield every object that a config describes, at any depth."""
    if isinstance(config, dict):
        if "class_name" in config:
            yield config
        config = list(config.values())
    for value in config if isinstance(config, list | tuple) else ():
        yield from _described(value)


def _plain(variable: keras.Variable) -> np.ndarray:
    """Return a weight as NumPy knows it; bfloat16, which it does not know, as its bits."""
    array = keras.ops.convert_to_numpy(variable)
    return array.view(np.uint16) if array.dtype.name == "bfloat16" else array


def _as_stored(array: np.ndarray, variable: keras.Variable) -> object:
    if variable.dtype == "bfloat16" and array.dtype == np.uint16:
        return tf.bitcast(array, tf.bfloat16)
    if variable.dtype != array.dtype.name:
        raise ValueError("This is no sparse file of a model: its weights do not fit its layers.")
    return array


@contextlib.contextmanager
def _chance_untouched() -> Iterator[None]:
    """Give back what new layers draw for their seeds, so that other trainings go on alike."""
    state = random.getstate()
    try:
        yield
    finally:
        random.setstate(state)
