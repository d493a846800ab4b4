"""Layers called on symbolic tensors: what Keras does not say in public of such a call."""

import contextlib
import functools
import itertools
from collections.abc import Iterable, Iterator

from course_utils.backend import keras
from course_utils.pruning.layers import of_keras

SOME_LENGTH = 8  # of axes whose length is open, where one must be given


def has_graph(layer: object) -> bool:
    """Tell whether a layer is a Sequential or Functional model that computes what its graph says.

    >>> has_graph(keras.Sequential([keras.layers.Dense(1)]))  # not built
    False
    """
    if not isinstance(layer, keras.Model) or not type(layer).call.__module__.startswith("keras."):
        return False  # with a `call` of its own it computes something else than its graph
    if isinstance(layer, keras.Sequential):
        return bool(layer.built and layer.inputs)
    return bool(getattr(layer, "inputs", None)) and hasattr(layer, "operations")


def symbols(outputs: object) -> object:
    """Return new symbols for tensors of these shapes: a layer may hand on what it was given.

    >>> one = keras.Input((4,))
    >>> symbols(one).shape, symbols(one) is one
    ((None, 4), False)
    """
    return keras.tree.map_structure(
        lambda t: t if t is None else keras.KerasTensor(t.shape, t.dtype, t.sparse, name=t.name),
        outputs,
    )


def config_of(layer: keras.Layer) -> dict:
    """Return a layer's config; an empty one where it has none that can be had."""
    try:
        return layer.get_config()
    except Exception:  # not implemented, or it asks for what the layer has not
        return {}


def gets_mask(layer: keras.Layer) -> bool:
    """Tell whether a layer of a graph is called on a tensor with a mask, as behind `Masking`.

    >>> layer = keras.layers.LSTM(2)
    >>> _ = layer(keras.layers.Masking()(keras.Input((4, 2))))
    >>> gets_mask(layer)
    True
    """
    tensors = (tensor for node in layer._inbound_nodes for tensor in node.input_tensors)
    return any(getattr(tensor, "_keras_mask", None) is not None for tensor in tensors)


@contextlib.contextmanager
def variables_read() -> Iterator[list[keras.Variable]]:
    """Note the variables whose values are read while the block runs, outside of layers' own calls.

    On symbolic tensors a layer's call only works out shapes, in a scope without state.

    >>> layer = keras.layers.Dense(2)
    >>> x = layer(keras.Input((3,)))
    >>> with variables_read() as read:
    ...     y, z = layer(x[:, :1] + keras.Input((3,))), keras.ops.transpose(layer.kernel)
    >>> [one.name for one in read]
    ['kernel']
    """
    scope = keras.src.backend.common.stateless_scope
    read: list[keras.Variable] = []
    value = keras.Variable.value

    def noted(variable: keras.Variable) -> object:
        if not scope.in_stateless_scope():
            read.append(variable)
        return value.fget(variable)

    keras.Variable.value = property(noted)
    try:
        yield read
    finally:
        del keras.Variable.value  # that of the class above is there again


def give_shape(reshape: keras.Operation, shape: tuple[int, ...]) -> None:
    """Let an operation that reshapes make, and tell a file, another shape.

    >>> reshape = keras.ops.reshape(keras.Input((4, 6)), (-1, 24))._keras_history.operation
    >>> give_shape(reshape, (-1, 8, 3))
    >>> reshape.newshape, reshape.get_config()["newshape"]
    ((-1, 8, 3), (-1, 8, 3))
    """
    reshape.newshape = shape
    reshape._auto_config = type(reshape)(shape)._auto_config


def output_spec(layer: keras.Operation, *args: object, **options: object) -> object:
    """Return symbolic outputs of a layer, also where its own way to tell them fails its call.

    A subclass may take arguments that the method it inherited knows nothing of.

    >>> output_spec(keras.layers.Dense(2), keras.Input((3,))).shape
    (None, 2)
    """
    try:
        return type(layer).compute_output_spec(layer, *args, **options)
    except TypeError:
        return keras.Operation.compute_output_spec(layer, *args, **options)


def tells_shapes(
    layer: keras.Operation, told: object, args: tuple, options: dict, made: object = None
) -> bool:
    """Tell whether a layer makes tensors of the shapes that it tells; `made`: where they are known.

    A class may have a wrong `compute_output_shape`: nothing asks for it when a model computes.

    >>> x, layer = keras.Input((3,)), keras.layers.Dense(2)
    >>> tells_shapes(layer, layer(x), (x,), {})
    True
    """
    own = [getattr(type(layer), f"compute_output_{what}", object) for what in ("shape", "spec")]
    if all(map(of_keras, own)):
        return True
    try:
        args, options = keras.tree.map_structure(sized, (args, options))
        made = made or keras.Operation.compute_output_spec(layer, *args, **options)
    except Exception:  # it cannot be tried
        return True
    nests = ([one for one in keras.tree.flatten(nest) if one is not None] for nest in (told, made))
    pairs = (zip(a.shape[1:], b.shape[1:], strict=False) for a, b in zip(*nests, strict=False))
    return all(None in sizes or len({*sizes}) == 1 for pair in pairs for sizes in pair)


def sized(value: object, more: int = 0) -> object:
    """Return a tensor of a size, or one so much larger, in place of one whose size is open."""
    if not isinstance(value, keras.KerasTensor):
        return value
    first, *rest = value.shape
    shape = (first or 2 + more, *(SOME_LENGTH + more if size is None else size for size in rest))
    return keras.Input(batch_shape=shape, dtype=value.dtype)


@contextlib.contextmanager
def outputs_by_trial(layers: Iterable[keras.Layer], nothing: bool = False) -> Iterator[None]:
    """Let layers' symbolic calls go by `output_spec`; `nothing`: None may follow their tensors."""
    layers, node = list(layers), keras.src.ops.node.Node
    init = node.__init__

    def noted(self: object, *args: object, outputs: object, **options: object) -> None:
        # Of None Keras makes no node: a graph with such calls can be walked through, but not kept.
        tensors = itertools.takewhile(lambda one: one is not None, keras.tree.flatten(outputs))
        init(self, *args, outputs=[*tensors], **options)

    try:
        node.__init__ = noted if nothing else init
        for layer in layers:
            vars(layer)["compute_output_spec"] = functools.partial(output_spec, layer)
        yield
    finally:
        node.__init__ = init
        for layer in layers:
            vars(layer).pop("compute_output_spec", None)
