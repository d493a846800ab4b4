"""Layers that hold layers, opened: each becomes a nested model of what its `call` does.

A block of a user's own, or a layer of another package, says nothing of its graph. But its `call`
runs on symbolic tensors, as in a Functional model; what it does with them is a graph then, of the
layers inside it and of operations. These layers stay the same objects, with the same weights.
"""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from course_utils.backend import keras, layers_inside
from course_utils.pruning.layers import of_keras, own_weights, walk
from course_utils.structure.functions import first_line
from course_utils.structure.internals import attributes, through_graph
from course_utils.structure.reaching import has_weights
from course_utils.structure.symbolic import (
    config_of,
    gets_mask,
    give_shape,
    output_spec,
    outputs_by_trial,
    sized,
    symbols,
    variables_read,
)

_OPEN = "takes a size from a tensor of which it is open"
_USES = "uses {} itself, not through the layer that has it"


class NotOpenedError(Exception):
    """Why a layer stays closed."""


@dataclass(frozen=True)
class Look:
    """What a layer that holds layers does in a call: a model, and how its outputs are put in form.

    `remade`, where the model holds for tensors of one size alone, makes such a layer of a config.
    """

    model: keras.Model
    restored: Callable[[object], object]
    form: str  # of the call
    remade: Callable[[dict], keras.Layer] | None = None

    def call(self, model: keras.Model, args: tuple, options: dict) -> object:
        """Call this model, or another one like it, as the layer is called."""
        return self.restored(model(_unpacked(_tensors(args, options))))


def holds_layers(layer: keras.Operation) -> bool:
    """Tell whether a layer has others with weights inside it.

    >>> holds_layers(keras.layers.Bidirectional(keras.layers.GRU(2))), holds_layers(keras.ops.abs)
    (False, False)
    """
    return isinstance(layer, keras.Layer) and any(one.weights for one in layers_inside(layer))


def look(layer: keras.Layer, args: tuple, options: dict, *, masked: bool = False) -> Look:
    """Return what a layer does when it is called so; `masked`: a mask may come with its tensors.

    Raises NotOpenedError for what is no graph of layers and operations.
    """
    form = form_of(args, options)
    if own_weights(layer):
        raise NotOpenedError("has weights of its own beside the layers inside it")
    names = inspect.signature(layer.call).parameters
    takes = layer.supports_masking or any(f"{n}_mask" in names or n == "mask" for n in names)
    if layer.activity_regularizer is not None or gets_mask(layer) or (masked and takes):
        raise NotOpenedError("gets a mask, or has an activity regularizer")
    try:
        return Look(*_model_of(layer, args, options), form)
    except NotOpenedError as error:
        args, options = keras.tree.map_structure(sized, (args, options))
        try:
            model, restored = _model_of(layer, args, options, whole=True)
        except NotOpenedError:
            raise error from None
        return Look(model, restored, form, functools.partial(_remade, layer, args, options))


def form_of(args: tuple, options: dict) -> str:
    """Return in words how a layer is called: the shapes of tensors, and all other arguments."""

    def word(value: object) -> object:
        if _tensors(value):
            return f"tensor {value.shape} {value.dtype}"
        return hash(np.asarray(value).tobytes()) if hasattr(value, "shape") else value

    return str(keras.tree.map_structure(word, (args, options)))


def _model_of(
    layer: keras.Layer, args: tuple, options: dict, whole: bool = False
) -> tuple[keras.Model, Callable]:
    """Return a model of what a layer does; `whole`: it will not stand in the layer's place."""
    try:
        model, outputs = _graph(layer, args, options, whole)
        if {id(v) for v in model.variables} - {id(v) for v in layer.variables}:
            raise NotOpenedError("uses layers that Keras does not find in its attributes")
        steps, modes = again, trained = _steps(model)
        takes = "training" in inspect.signature(layer.call).parameters
        if takes or {*modes} - {None}:
            told = {**options, "training": True} if takes else options
            again, trained = _steps(_graph(layer, args, told, whole, training=True)[0])
        if steps != again:
            raise NotOpenedError("does something else in training")
        if not whole:
            _refuse_nameless(model)
            if {mode for mode, other in zip(modes, trained, strict=True) if mode == other} - {None}:
                raise NotOpenedError("says `training` of a layer inside, whatever it is told")
    except ValueError as error:
        raise NotOpenedError(f"is no graph: {first_line(error)}") from error
    return model, lambda made: keras.tree.pack_sequence_as(outputs, keras.tree.flatten(made))


def _graph(
    layer: keras.Layer, args: tuple, options: dict, whole: bool, training: bool | None = None
) -> tuple[keras.Model, object]:
    """Return a model of a layer's `call`, and what that returns.

    A shape with the batch, or another size that was open, holds -1 for it; two sizes tell where.
    """
    given = _tensors(args, options)
    try:
        inputs, outputs = _called(layer, args, options, whole, training)
        model = keras.Model(_unpacked(inputs), _unpacked(_tensors(outputs)), name=layer.name)
        if not any(None in one.newshape for one in _reshapes(model)):
            return model, outputs
    except NotOpenedError:  # it may compute with the number of examples
        if whole or any(None in t.shape[1:] for t in given) or all(t.shape[0] for t in given):
            raise
    ways = (sized, functools.partial(sized, more=9))
    nests = (keras.tree.map_structure(way, (args, options)) for way in ways)
    (one, outputs), (other, _) = (_graph(layer, *nest, whole, training) for nest in nests)
    for pair in zip(_reshapes(one), _reshapes(other), strict=True):
        sizes = zip(*(reshape.output.shape for reshape in pair), strict=True)
        shape = tuple(a if a == b else -1 for a, b in sizes)
        if shape.count(-1) > 1:
            raise NotOpenedError(_OPEN)
        for reshape in pair:
            give_shape(reshape, shape)
    one, other = (_called_on(model, given) for model in (one, other))
    if _steps(one)[0] != _steps(other)[0]:
        raise NotOpenedError(_OPEN)
    return one, outputs


def _called_on(model: keras.Model, tensors: list) -> keras.Model:
    """Return the graph of a model for tensors of other shapes."""
    inputs = _unpacked([keras.Input(batch_shape=t.shape, dtype=t.dtype) for t in tensors])
    call = lambda layer, *args, **options: layer(*args, **options)  # noqa: E731
    with outputs_by_trial(model.layers):
        return keras.Model(inputs, through_graph(model, inputs, call), name=model.name)


def _reshapes(model: keras.Model) -> list[keras.Operation]:
    shaped = (op for op in model.operations if isinstance(getattr(op, "newshape", 0), tuple | list))
    return [op for op in shaped if not isinstance(op, keras.Layer)]  # that has one of its own


def _called(
    layer: keras.Layer, args: tuple, options: dict, whole: bool, training: bool | None = None
) -> tuple[list, object]:
    """Run a layer's `call` on new symbolic tensors; return these, and what it returns."""
    inputs: list[keras.KerasTensor] = []

    def like(value: object) -> object:
        if not isinstance(value, keras.KerasTensor):
            return value
        inputs.append(keras.Input(batch_shape=value.shape, dtype=value.dtype))
        return _as_layer_takes_it(layer, inputs[-1])

    args, options = keras.tree.map_structure(like, (args, options))
    with variables_read() as read:
        try:
            with outputs_by_trial((owners[-1] for _, owners in walk(layer)), nothing=whole):
                # Called by another one, as the layers inside hear from that whether they train.
                outer = keras.layers.Lambda(lambda _: layer.call(*args, **options))
                outputs = outer(np.zeros(1), training=training)
        except Exception as why:
            raise NotOpenedError(f"does not run on symbolic tensors: {first_line(why)}") from why
    if read:
        raise NotOpenedError(_USES.format(read[0].path))
    return inputs, outputs


def _as_layer_takes_it(layer: keras.Layer, tensor: keras.KerasTensor) -> keras.KerasTensor:
    """Return the tensor as `__call__` hands it to `call`: floating numbers in its own dtype."""
    is_float = keras.backend.is_float_dtype(tensor.dtype)
    if layer.autocast and is_float and tensor.dtype != layer.compute_dtype:
        return keras.ops.cast(tensor, layer.compute_dtype)
    return tensor


def _steps(model: keras.Model) -> tuple[list[tuple], list]:
    """Return which layers and operations lead from inputs to outputs; `training` of each apart."""
    steps: list[tuple] = []
    modes: list[bool | None] = []
    places = {id(tensor): (0, place) for place, tensor in enumerate(model.inputs)}

    def note(layer: keras.Operation, *args: object, **options: object) -> object:
        for one in keras.tree.flatten((args, options)):
            if isinstance(one, keras.Variable):
                raise NotOpenedError(_USES.format(one.path))
            if 0 in getattr(one, "shape", ()):  # made from a length that is open, taken for none
                raise NotOpenedError(_OPEN)
        is_layer = isinstance(layer, keras.Layer)
        # A block may make a layer in its call, each time anew: what it is like tells which it is.
        plain = is_layer and of_keras(type(layer)) and not layer.variables
        own = config_of(layer) if plain else {} if is_layer else attributes(layer)
        sizes = [*own.values(), [own.get(key, 0) for key in ("height", "width")]]
        if any(isinstance(value, tuple | list) and None in value for value in sizes):
            raise NotOpenedError(_OPEN)  # it was given the length of an axis that is not known
        if not is_layer and has_weights([own, args, options]):
            raise NotOpenedError(f"gives layers to {type(layer).__name__}, which is none")
        modes.append(options.pop("training", None))
        who = id(layer) if is_layer and not own else type(layer).__name__
        settings = [v for k, v in own.items() if k[0] != "_" and k != "name" and not callable(v)]
        wires = [places.get(id(one)) for one in keras.tree.flatten((args, options))]
        steps.append((who, wires, form_of((*settings, *args), options)))
        made = symbols(output_spec(layer, *args, **options))
        places.update({id(t): (len(steps), n) for n, t in enumerate(keras.tree.flatten(made))})
        return made

    through_graph(model, model.inputs, note)
    return steps, modes


def _refuse_nameless(model: keras.Model) -> None:
    """Refuse functions that only the layer's class can bring back from a file."""
    for function in (getattr(layer, "activation", None) for layer in model.layers):
        try:
            named = keras.activations.get(keras.activations.serialize(function)) is function
        except Exception:  # neither Keras's own nor registered
            named = False
        if inspect.isfunction(function) and not named:
            raise NotOpenedError(f"has {function.__name__} inside, which no file can name")


def _remade(layer: keras.Layer, args: tuple, options: dict, config: dict) -> keras.Layer:
    new = type(layer).from_config(config)
    new(*args, **options)
    return new


def _tensors(*nests: object) -> list[keras.KerasTensor]:
    return [one for one in keras.tree.flatten(nests) if isinstance(one, keras.KerasTensor)]


def _unpacked(tensors: list) -> object:
    return tensors[0] if len(tensors) == 1 else tensors
