"""Multiply-accumulates, counted from the shapes that really pass through a model."""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from course_utils.backend import keras, model_of, states_kept
from course_utils.pruning.examples import count, tensors
from course_utils.pruning.hooks import watched
from course_utils.pruning.kernels import Kernel, used
from course_utils.pruning.probing import probe

_L = keras.layers
_TRANSPOSED = (_L.Conv1DTranspose, _L.Conv2DTranspose, _L.Conv3DTranspose)

_REVERSIBLE = getattr(_L, "ReversibleEmbedding", ())  # new in Keras 3.13

Shape = tuple[int, ...]


@dataclass
class Work:
    """What one example costs: MACs by kernel and by layer's path, and every layer's last output."""

    by_kernel: Counter[str] = field(default_factory=Counter)
    by_layer: Counter[str] = field(default_factory=Counter)  # products of no kernel
    outputs: dict[str, Shape] = field(default_factory=dict)
    inputs: tuple[Shape, ...] = ()  # of the batch that was computed

    @property
    def macs(self) -> int:
        """All of them."""
        return self.by_kernel.total() + self.by_layer.total()


def work_of(model: keras.Model, inputs: object = None) -> Work:
    """Return the work of a dense computation for one example, every use of a layer counted.

    The model computes once, on the first of `inputs`, arrays or a dataset, or on zeros of the
    shapes that it declares; the calls of its layers are counted. Sizes that it leaves open
    are those of `pruning.probing.probe`, small ones. Raises what that raises. Of custom layers
    the parts that are Keras's are counted.

    >>> from course_utils.models import article_cnn
    >>> work_of(article_cnn()).macs
    541440
    """
    model = model_of(model)
    batch = probe(model, inputs)
    shapes = (array.shape for array in keras.tree.flatten(batch))
    work = Work(inputs=tuple(shapes))
    kernels = defaultdict(list)  # by the layer whose calls tell how often they are used
    for found in used(model):
        if found.on_request and not isinstance(found.owners[-1], _REVERSIBLE):
            continue  # rows that are looked up, matrices whose use is not known
        # The loops inside these call a cell once, more often, or trace it. TimeDistributed, a loop
        # of Python, calls its layer once a step.
        loops = [owner for owner in found.owners if isinstance(owner, _L.RNN)]
        kernels[id((loops or found.owners)[0 if loops else -1])].append(found)

    def see(path: str, layer: keras.Layer, inputs: tuple, outputs: object) -> None:
        given, made = _shape(inputs[0]) if inputs else (), _shape(outputs)
        work.outputs[path] = made
        work.by_layer[path] += _attention(layer, inputs)
        for found in kernels.get(id(layer), ()):
            times = _times(found, layer, given, made, inputs)
            work.by_kernel[found.name] += math.prod(found.shape) * math.prod(times)

    with states_kept(model), watched(model, see):
        model(tensors(batch), training=False)
    for counts in (work.by_kernel, work.by_layer):  # some models take batches of one size only
        for name, macs in counts.items():
            counts[name] = -(-macs // count(batch))
    return work


def _times(found: Kernel, layer: keras.Layer, given: Shape, made: Shape, inputs: tuple) -> Shape:
    """Return for how many examples, places and time steps a call uses a kernel.

    The examples are those that the layer sees: some models fold places into that axis.
    """
    own = found.owners[-1]
    if isinstance(layer, _L.RNN):
        if not type(layer).__name__.startswith("ConvLSTM"):
            return given[:2]
        frame = made[:1] + made[2:] if layer.return_sequences else made
        return (*given[:2], *_places(layer, frame))
    if isinstance(own, _REVERSIBLE):  # forwards it looks rows up
        return given[:-1] if any(one is True for one in inputs[1:]) else (0,)
    if isinstance(own, _L.EinsumDense):
        letters, kernel = own.equation.split("->")[0].split(",")
        letters = letters.replace("...", "." * (len(given) - len(letters) + 3))
        return tuple(n for c, n in zip(letters, given, strict=True) if c not in kernel)
    # A transposed convolution lays its kernel over every place of the input.
    shape = given if isinstance(own, _TRANSPOSED) else made
    return (*shape[:1], *_places(own, shape))


def _places(layer: keras.Layer, shape: Shape) -> Shape:
    first = getattr(layer, "data_format", "channels_last") == "channels_first"
    return shape[2:] if first else shape[1:-1]


def _attention(layer: keras.Layer, inputs: tuple) -> int:
    """Return the MACs of queries times keys and of weights times values, which have no kernel."""
    if not isinstance(layer, _L.MultiHeadAttention | _L.GroupQueryAttention):
        return 0
    query, value = _shape(inputs[0])[:-1], _shape(inputs[1])[1:-1]
    if isinstance(layer, _L.GroupQueryAttention):
        sizes = 2 * layer.num_query_heads * layer.head_dim
    else:
        sizes = layer.num_heads * (layer.key_dim + layer.value_dim)
    return math.prod(query + value) * sizes


def _shape(tensors: object) -> Shape:
    """Return the shape of the first of one or more tensors."""
    flat = keras.tree.flatten(tensors)
    if not flat or not hasattr(flat[0], "shape"):
        return ()
    # Words, between a text and its tokens, are of ragged length.
    ragged = hasattr(flat[0], "bounding_shape")
    return tuple(int(n) for n in (flat[0].bounding_shape() if ragged else flat[0].shape))
