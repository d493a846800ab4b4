"""What goes into and out of every layer of a model, seen while the model computes."""

import contextlib
from collections.abc import Callable, Iterator

import numpy as np

from course_utils.backend import keras, wrapped_calls
from course_utils.pruning.layers import walk

# (the layer's path, the layer, its arguments, its outputs), for every single call
See = Callable[[str, keras.Layer, tuple, object], None]


@contextlib.contextmanager
def watched(model: keras.Model, see: See) -> Iterator[None]:
    """Call `see` for every call of every layer inside `model` while the block runs.

    So a shared layer is seen as often as it is used, and layers inside nested and subclassed
    models are seen as well. Layers are as before afterwards, also after an error.
    """
    inside = {id(owners[-1]): (prefix, owners[-1]) for prefix, owners in reversed([*walk(model)])}

    def wrap(layer: keras.Layer, call: Callable) -> Callable:
        path = inside[id(layer)][0].rstrip("/")  # the first, where a layer stands in several places

        def seen(*args: object, **options: object) -> object:
            outputs = call(*args, **options)
            see(path, layer, (*args, *options.values()), outputs)
            return outputs

        return seen

    with wrapped_calls((layer for _, layer in inside.values()), wrap):
        yield


def zeros_for(model: keras.Model) -> object:
    """Return one input of zeros of the shapes that a Sequential or Functional model declares.

    Raises ValueError where a model declares none, or leaves more than the batch open.
    """
    if not getattr(model, "inputs", None):
        raise ValueError(
            f"model {model.name!r} does not declare the shapes of its inputs, as a Sequential or "
            "Functional model with a keras.Input does: give a batch of them, inputs=x[:1]."
        )
    # A Functional model keeps its inputs in the form in which it takes them: a list, a dictionary.
    sequential = isinstance(model, keras.Sequential)
    return keras.tree.map_structure(_zeros, model.inputs[0] if sequential else model.input)


def _zeros(tensor: keras.KerasTensor) -> np.ndarray:
    if None in tensor.shape[1:]:
        raise ValueError(
            f"the model takes inputs of any size {tensor.shape}, so what it costs is not known: "
            "give a batch of the size that you mean, inputs=x[:1]."
        )
    return np.zeros((1, *tensor.shape[1:]), tensor.dtype)
