"""Multiply-accumulates, counted from the shapes that really pass through a model."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from course_utils import costs
from course_utils.backend import keras, model_of
from course_utils.pruning.hooks import watched, zeros_for
from course_utils.pruning.kernels import Kernel, candidates

_L = keras.layers
_TRANSPOSED = (_L.Conv1DTranspose, _L.Conv2DTranspose, _L.Conv3DTranspose)

Shape = tuple[int, ...]


@dataclass
class Work:
    """What one example costs: MACs by kernel and by layer's path, and every layer's last output."""

    by_kernel: Counter[str] = field(default_factory=Counter)
    by_layer: Counter[str] = field(default_factory=Counter)  # products of no kernel
    outputs: dict[str, Shape] = field(default_factory=dict)

    @property
    def macs(self) -> int:
        """All of them."""
        return self.by_kernel.total() + self.by_layer.total()


def work_of(model: keras.Model, inputs: object = None) -> Work:
    """Return the work of a dense computation for one example, every use of a layer counted.

    The model computes once, on one example of `inputs`, or on zeros of the shapes that it
    declares; what is counted are the calls of its layers. Raises ValueError where no shapes are
    known. Of layers of your own the parts that are Keras's are counted.

    >>> from course_utils.models import article_cnn
    >>> work_of(article_cnn()).macs
    541440
    """
    model = model_of(model)
    one = zeros_for(model) if inputs is None else keras.tree.map_structure(lambda a: a[:1], inputs)
    work, kernels = Work(), _by_counting_layer(candidates(model))

    def see(path: str, layer: keras.Layer, inputs: tuple, outputs: object) -> None:
        given, made = _shape(inputs[0]) if inputs else (), _shape(outputs)
        work.outputs[path] = made
        work.by_layer[path] += _attention(layer, inputs)
        for found in kernels.get(id(layer), ()):
            times = _times(found, layer, given, made)
            work.by_kernel[found.name] += costs.macs(found.shape, times)

    with watched(model, see):
        model(one, training=False)
    return work


def _by_counting_layer(everything: list[Kernel]) -> dict[int, list[Kernel]]:
    """Group kernels by the layer whose calls tell how often they are used."""
    groups: dict[int, list[Kernel]] = {}
    for found in everything:
        if found.on_request:
            continue  # rows that are looked up, matrices whose use nobody knows
        # The loops inside these call a cell or a layer once, more often, or trace it.
        loops = [o for o in found.owners if isinstance(o, _L.RNN | _L.TimeDistributed)]
        groups.setdefault(id((loops or found.owners)[0 if loops else -1]), []).append(found)
    return groups


def _times(found: Kernel, layer: keras.Layer, given: Shape, made: Shape) -> Shape:
    """Return at how many places, and time steps, a kernel is used for one example."""
    own = found.owners[-1]
    if isinstance(layer, _L.RNN):
        if not type(layer).__name__.startswith("ConvLSTM"):
            return given[1:2]
        return (given[1], *_places(layer, made[:1] + made[2:] if layer.return_sequences else made))
    if isinstance(layer, _L.TimeDistributed):
        return (given[1], *_times(found, own, given[:1] + given[2:], made[:1] + made[2:]))
    if isinstance(own, _L.EinsumDense):
        inputs, kernel = own.equation.split("->")[0].split(",")
        letters = inputs.replace("...", "." * (len(given) - len(inputs) + 3))
        return tuple(n for c, n in zip(letters[1:], given[1:], strict=True) if c not in kernel)
    if isinstance(own, _TRANSPOSED):  # it lays its kernel over every place of the input
        return _places(own, given)
    return _places(own, made)


def _places(layer: keras.Layer, shape: Shape) -> Shape:
    first = getattr(layer, "data_format", "channels_last") == "channels_first"
    return shape[2:] if first else shape[1:-1]


def _attention(layer: keras.Layer, inputs: tuple) -> int:
    """Return the MACs of queries times keys and of weights times values, which have no kernel."""
    if not isinstance(layer, _L.MultiHeadAttention | _L.GroupQueryAttention):
        return 0
    query, value = (np.prod(_shape(tensor)[1:-1]) for tensor in inputs[:2])
    if isinstance(layer, _L.GroupQueryAttention):
        sizes = 2 * layer.num_query_heads * layer.head_dim
    else:
        sizes = layer.num_heads * (layer.key_dim + layer.value_dim)
    return int(query * value) * sizes


def _shape(tensors: object) -> Shape:
    """Return the shape of the first of one or more tensors."""
    flat = keras.tree.flatten(tensors)
    return tuple(int(n) for n in flat[0].shape) if flat and hasattr(flat[0], "shape") else ()
