"""Layers that hold layers, opened: each becomes a nested model of what its `call` does.

A block of a user's own, or a layer of another package, says nothing of its graph. But its `call`
runs on symbolic tensors, as in a Functional model; what it does with them is a graph then, of the
layers inside it and of operations. These layers stay the same objects, with the same weights.
"""

import contextlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass

from course_utils.backend import (
    has_mask,
    keras,
    layers_inside,
    output_spec,
    outputs_by_trial,
    variables_read,
)
from course_utils.pruning.layers import own_weights, walk


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


class StandIn(keras.Operation):
    """Stand in a graph for a layer: compute nothing, have the outputs that it has."""

    def __init__(self, outputs: object) -> None:
        super().__init__()
        self._outputs = outputs

    def compute_output_spec(self, tensors: object) -> object:  # noqa: D102 - that of Operation
        return keras.tree.map_structure(
            lambda t: keras.KerasTensor(t.shape, t.dtype), self._outputs
        )


SOME_LENGTH = 8  # of axes whose length is open, where one must be given


class NotOpenedError(Exception):
    """Why a layer stays closed."""


@dataclass(frozen=True)
class Inside:
    """What a layer does on tensors of one size, and a function that makes another of a config."""

    model: keras.Model
    remade: Callable[[dict], keras.Layer]


class Opener:
    """Opens layers that hold layers, each once, unless `is_known` says that a rule is for them.

    `opened` and `closed` tell which were, and which not, with the reason, by id(). Of those that
    run on tensors of one size alone, `inside` holds what they do on these.
    """

    def __init__(self, is_known: Callable[[keras.Layer], bool]) -> None:
        self.opened: list[keras.Layer] = []
        self.closed: dict[int, str] = {}
        self.inside: dict[int, Inside] = {}
        self._is_known = is_known
        self._models: dict[int, keras.Model] = {}  # by id() of the model that each is made of
        self._calls: dict[tuple, tuple[keras.Model, Callable]] = {}
        self._alive: list[object] = []  # so that no id() is used again

    def model(self, model: keras.Model) -> keras.Model:
        """Return a model of the same graph in which layers are opened: itself, where none is."""
        if id(model) not in self._models:
            self._models[id(model)] = self._anew(model) if self._may_open(model) else model
            self._alive.append(model)
        return self._models[id(model)]

    def _may_open(self, model: keras.Model) -> bool:
        return any(
            self._may_open(one) if has_graph(one) else self._holds_layers(one)
            for one in model.layers
        )

    def _holds_layers(self, layer: keras.Operation) -> bool:
        """Tell whether a layer is one that may be opened: no rule, and weights inside."""
        return (
            isinstance(layer, keras.Layer)
            and not self._is_known(layer)
            and any(inner.weights for inner in layers_inside(layer))
        )

    def _anew(self, model: keras.Model) -> keras.Model:
        before = len(self.opened)

        def visit(layer: keras.Operation, *args: object, **options: object) -> object:
            if has_graph(layer):
                return self.model(layer)(*args, **options)
            if self._holds_layers(layer):
                try:
                    inner, restored = self._opened(layer, args, options)
                except NotOpenedError as reason:
                    self._close(layer, str(reason), args, options)
                else:
                    return restored(inner(_unpacked(_tensors(args, options))))
            return layer(*args, **options)

        sequential = isinstance(model, keras.Sequential)
        ends = (model.inputs[0], model.outputs[0]) if sequential else (model.input, model.output)
        clone = keras.models.clone_model(
            keras.Model(*ends, name=model.name),
            clone_function=lambda layer: layer,
            call_function=visit,
        )
        return clone if len(self.opened) > before else model

    def _close(self, layer: keras.Layer, reason: str, args: tuple, options: dict) -> None:
        if id(layer) not in self.closed:
            self.closed[id(layer)] = reason
            with contextlib.suppress(NotOpenedError):
                args, options = keras.tree.map_structure(_sized, (args, options))
                model, _ = _model_of(layer, args, options)
                self.inside[id(layer)] = Inside(self.model(model), _remade(layer, args, options))

    def _opened(
        self, layer: keras.Layer, args: tuple, options: dict
    ) -> tuple[keras.Model, Callable]:
        """Return the model of what a layer does in this call, and what puts its outputs in form."""
        form = keras.tree.map_structure(_form, (args, options))
        key = (id(layer), str(form))
        if key not in self._calls:
            if id(layer) in self.closed:
                raise NotOpenedError(self.closed[id(layer)])
            model, restored = _model_of(layer, args, options)
            self.opened.append(layer)
            self._calls[key] = self.model(model), restored
        return self._calls[key]


def _model_of(layer: keras.Layer, args: tuple, options: dict) -> tuple[keras.Model, Callable]:
    given = _tensors(args, options)
    if own_weights(layer):
        raise NotOpenedError("has weights of its own beside the layers inside it")
    if layer.activity_regularizer is not None or any(has_mask(tensor) for tensor in given):
        raise NotOpenedError("gets a mask, or has an activity regularizer")
    inputs, outputs = _called(layer, args, options, {})
    if "training" in inspect.signature(layer.call).parameters:
        other = _called(layer, args, options, {"training": True})
        if _steps(inputs, outputs) != _steps(*other):
            raise NotOpenedError("does something else in training")
    tensors = _tensors(outputs)
    try:
        model = keras.Model(_unpacked(inputs), _unpacked(tensors), name=layer.name)
    except ValueError as error:
        raise NotOpenedError(f"is no graph: {_first_line(error)}") from error
    return model, lambda made: keras.tree.pack_sequence_as(outputs, keras.tree.flatten(made))


def _called(layer: keras.Layer, args: tuple, options: dict, more: dict) -> tuple[list, object]:
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
            with outputs_by_trial(owners[-1] for _, owners in walk(layer)):
                outputs = layer.call(*args, **{**options, **more})
        except Exception as error:
            raise NotOpenedError(
                f"does not run on symbolic tensors: {_first_line(error)}"
            ) from error
    if read:
        raise NotOpenedError(f"uses {read[0].path} itself, not through the layer that has it")
    return inputs, outputs


def _as_layer_takes_it(layer: keras.Layer, tensor: keras.KerasTensor) -> keras.KerasTensor:
    """Return the tensor as `__call__` hands it to `call`: floating numbers in its own dtype."""
    is_float = keras.backend.is_float_dtype(tensor.dtype)
    if layer.autocast and is_float and tensor.dtype != layer.compute_dtype:
        return keras.ops.cast(tensor, layer.compute_dtype)
    return tensor


def _steps(inputs: list, outputs: object) -> list[tuple]:
    """Return which layers and operations lead from inputs to outputs, in their order."""
    steps: list[tuple] = []

    def note(layer: keras.Operation, *args: object, **options: object) -> object:
        options.pop("training", None)
        who = id(layer) if isinstance(layer, keras.Layer) else type(layer).__name__
        steps.append((who, str(keras.tree.map_structure(_form, (args, options)))))
        made = output_spec(layer, *args, **options)
        return StandIn(made)(_tensors(args, options))

    if tensors := _tensors(outputs):
        graph = keras.Model(inputs, tensors)
        keras.models.clone_model(graph, clone_function=lambda layer: layer, call_function=note)
    return steps


def _sized(value: object) -> object:
    """Return a tensor of a size in place of one whose size is open."""
    if not isinstance(value, keras.KerasTensor):
        return value
    first, *rest = value.shape
    shape = (first or 2, *(SOME_LENGTH if size is None else size for size in rest))
    return keras.Input(batch_shape=shape, dtype=value.dtype)


def _remade(layer: keras.Layer, args: tuple, options: dict) -> Callable[[dict], keras.Layer]:
    def remade(config: dict) -> keras.Layer:
        new = type(layer).from_config(config)
        new(*args, **options)
        return new

    return remade


def _tensors(*nests: object) -> list[keras.KerasTensor]:
    return [one for one in keras.tree.flatten(nests) if isinstance(one, keras.KerasTensor)]


def _unpacked(tensors: list) -> object:
    return tensors[0] if len(tensors) == 1 else tensors


def _form(value: object) -> object:
    if isinstance(value, keras.KerasTensor):
        return f"tensor {value.shape} {value.dtype}"
    return value


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:120]
