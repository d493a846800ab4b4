"""A compact sparse file of a model: its architecture as JSON, its weights without their zeros."""

import contextlib
import copy
import json
import math
import random
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from course_utils.backend import keras, model_of, tf
from course_utils.extras import sparsefile
from course_utils.extras.sparsefile.container import write_whole
from course_utils.pruning.layers import walk

_BESIDES = 100_000  # numbers that a model may hold beside its weights: seeds, scales, states


def sparse_file(model: keras.Model, *, codes: bool = True) -> bytes:
    """Return a model as a sparse file: values, and gap-coded indices where they are fewer bytes.

    Each array of weights is stored in the way that takes the fewest bytes: all values, or the
    non-zeros with gaps of a width chosen for it; either with a table where many values are the
    same; gaps and places in the table in Huffman's code, unless `codes` is False. Not in the file:
    the optimizer, the loss, masks (read them off the zeros again).
    Raises ValueError for a model with layers that are not Keras's own, run code of their own
    (Lambda), keep a vocabulary in files (StringLookup), or lie in two models at once, and for one
    that is not yet built; TypeError for weights in bfloat16 and for what is no model. Source: Han
    et al. 2016 (arXiv 1510.00149).

    >>> from course_utils.models import article_cnn
    >>> read_sparse(sparse_file(article_cnn())).name
    'article_cnn'
    """
    model = model_of(model)
    if not model.built:
        raise ValueError(f"model {model.name!r} is not built: call it on a batch first.")
    places: dict[int, int] = {}
    for _, owners in walk(model):
        layer, place = owners[-1], id(owners[-2]) if len(owners) > 1 else 0
        if layer.weights and places.setdefault(id(layer), place) != place:
            raise ValueError(
                f"layer {layer.name!r} lies in two models or wrappers at once, and a sparse file "
                "would tell of two layers with own weights: save the model as .keras instead."
            )
    config = _without_training(keras.saving.serialize_keras_object(model))
    text = json.dumps(config, separators=(",", ":"))
    try:
        sparsefile.plain_config(text)
    except ValueError as error:
        raise ValueError(f"{error}: save the model as .keras instead.") from error
    arrays = {f"{i}": keras.ops.convert_to_numpy(w) for i, w in enumerate(model.weights)}
    return sparsefile.encode(arrays, text, codes=codes)


def write_sparse(model: keras.Model, path: str | Path) -> int:
    """Write a model as a sparse file, whole or not at all; return its bytes.

    Raises what `sparse_file` raises, ValueError for a model that cannot be read back, and OSError
    where the place cannot be written.
    """
    data = sparse_file(model)
    read_sparse(data)
    write_whole(data, Path(path))
    return len(data)


def read_sparse(source: bytes | str | Path, largest: int = sparsefile.LARGEST) -> keras.Model:
    """Return the model of a sparse file, its weights the same bit for bit, not compiled.

    Nothing in the file is run: no pickle, and no layers but those of Keras that are on a list
    (`sparsefile.LAYERS`, `sparsefile.OPERATIONS`). No memory is taken for what the file only
    claims: of a model with more than `largest` weights, or with others than there are in the file,
    an outline without memory is all that is made. Raises ValueError for anything but a whole sparse
    file, and for one with more than `largest` weights; OSError where a path cannot be read.

    >>> read_sparse(b"PK")
    Traceback (most recent call last):
    ValueError: This is no sparse file that can be read: it starts like another kind of file.
    """
    data = source if not isinstance(source, str | Path) else Path(source).read_bytes()
    arrays, text = sparsefile.decode(data, largest)
    with _one_refusal():
        config = sparsefile.plain_config(text)
        # A thread of its own: what Keras keeps to fill later, it keeps by thread, and forgets then.
        with ThreadPoolExecutor(1) as thread:
            shapes, besides = thread.submit(_outline, config).result()
        if shapes != {name: array.shape for name, array in arrays.items()}:
            wanted = sum(map(math.prod, shapes.values()))
            raise ValueError(f"its weights do not fit its layers, which have {wanted:,}")
        if besides > largest + _BESIDES:
            raise ValueError(f"its layers hold {besides:,} numbers that are no weights")
        model = _built(config)
        for index, variable in enumerate(model.weights):
            if variable.dtype != arrays[f"{index}"].dtype.name:
                raise ValueError(f"its weights do not fit its layers, which are {variable.dtype}")
            variable.assign(arrays[f"{index}"])
        # What some compute from their weights, as an adapted Normalization. What has none, such
        # as Discretization, has its state in the config.
        for _, owners in walk(model):
            if hasattr(owners[-1], "finalize_state") and owners[-1].weights:
                owners[-1].finalize_state()
    return model


@contextlib.contextmanager
def _one_refusal() -> Iterator[None]:
    state = random.getstate()
    try:
        yield
    except Exception as error:  # a config that does not fit its class raises whatever it likes
        reason = str(error).rpartition("Exception encountered:")[2]  # Keras quotes all around it
        reason = textwrap.shorten(reason, 300, placeholder=" ...").rstrip(".")
        if not isinstance(error, ValueError):
            reason = f"Keras cannot build it ({type(error).__name__}: {reason})"
        raise ValueError(f"This is no sparse file of a model: {reason}.") from error
    finally:  # what new layers drew for their seeds: other trainings go on alike
        random.setstate(state)


def _outline(config: dict) -> tuple[dict[str, tuple[int, ...]], int]:
    """Return the shapes of a model's weights by number, and how many numbers it holds besides.

    No variable gets a value in this scope. And what Keras computes at once, it only writes down in
    this graph.
    """
    with tf.Graph().as_default() as graph, keras.StatelessScope(initialize_variables=False):
        model = _built(config)
    shapes = {f"{index}": tuple(weight.shape) for index, weight in enumerate(model.weights)}
    outputs = [output.shape for operation in graph.get_operations() for output in operation.outputs]
    if not all(shape.is_fully_defined() for shape in outputs):
        raise ValueError("what it computes in advance is of no known size")
    besides = sum(shape.num_elements() for shape in outputs)
    besides += sum(math.prod(variable.shape) for variable in model.variables)
    return shapes, besides - sum(map(math.prod, shapes.values()))


def _built(config: dict) -> keras.Model:
    # A copy, since some of Keras's classes take their config apart while they read it.
    model = keras.saving.deserialize_keras_object(copy.deepcopy(config), safe_mode=True)
    if not isinstance(model, keras.Model) or not model.built:
        raise ValueError("what it describes is no whole model")
    return model


def _without_training(config: object) -> object:
    """Return a config without what `compile` was told, also that of models in models."""
    if isinstance(config, dict):
        kept = {key: value for key, value in config.items() if key != "compile_config"}
        return {key: _without_training(value) for key, value in kept.items()}
    return [_without_training(v) for v in config] if isinstance(config, list | tuple) else config
