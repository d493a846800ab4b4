"""The model without some of its channels: what changes is made anew, the rest is copied."""

from collections import defaultdict

import numpy as np

from course_utils.backend import keras, operation_of
from course_utils.pruning.layers import walk
from course_utils.structure.calls import Call, Kept, Slice
from course_utils.structure.channels import Channels
from course_utils.structure.compiling import compile_like
from course_utils.structure.copying import Copier
from course_utils.structure.internals import (
    attributes,
    bare,
    forget_shapes,
    same_order,
    same_settings,
)
from course_utils.structure.keeping import is_kept, of_keras, refuse_what_would_be_lost
from course_utils.structure.opening import has_graph

Pair = tuple[keras.Variable, keras.Variable]


def rebuilt(channels: Channels, kept: Kept) -> keras.Model:
    """Return a new model with the channels that are kept, and the weights of the old one.

    Raises ValueError, before a layer is built, for what would be lost.
    """
    return rebuilt_with_pairs(channels, kept)[0]


def rebuilt_with_pairs(channels: Channels, kept: Kept) -> tuple[keras.Model, list[Pair]]:
    """Return the new model, and every variable of the old one with its counterpart."""
    cuts = Cuts(channels, kept)
    refuse_what_would_be_lost(channels.model, cuts.changes, cuts.is_cut)
    rebuilder = _Rebuilder(channels, cuts)
    new = rebuilder.outermost()
    pairs = rebuilder.copier.pairs()
    for old, other in pairs:
        if hasattr(old.constraint, "onto"):
            left = lambda array, old=old: cuts.left(old, array)  # noqa: E731
            other.constraint = old.constraint.onto(new, other, left)
    return new, pairs


class Cuts:
    """Where something goes: which layers change, and what is left of an array."""

    def __init__(self, channels: Channels, kept: Kept) -> None:
        self.calls, self.kept = channels.walk.calls, kept
        self.flows, self.looks = channels.walk.inputs, channels.walk.looks
        self._slices: dict[int, list[Slice]] = defaultdict(list)
        for one in channels.slices:
            if not kept(one.ids).all():
                self._slices[id(one.variable)].append(one)
        self._known: dict[int, bool] = {}

    def left(self, variable: keras.Variable, array: np.ndarray) -> np.ndarray:
        """Return what is left of a variable's value, or of an array of the same shape."""
        for one in self._slices.get(id(variable), ()):
            array = np.compress(self.kept(one.ids), array, axis=one.axis)
        return array

    def is_cut(self, variable: keras.Variable) -> bool:
        """Tell whether something of a variable goes."""
        return id(variable) in self._slices

    def changes(self, layer: keras.Operation) -> bool:
        """Tell whether a layer, or a model in the model, becomes another."""
        if id(layer) not in self._known:
            self._known[id(layer)] = self._changes(layer)
        return self._known[id(layer)]

    def is_opened(self, layer: keras.Operation) -> bool:
        """Tell whether a layer of layers is looked into, so that a model can be in its place."""
        return id(layer) in self.looks and id(layer) not in self.calls

    def narrows(self, layer: keras.Operation) -> bool:
        """Tell whether less flows through a layer."""
        call = self.calls.get(id(layer))
        flows = [*call.flows, *call.outputs] if call else []
        return not all(self.kept(flow.ids).all() for flow in flows)

    def _changes(self, layer: keras.Operation) -> bool:
        if self.is_opened(layer):
            return self.changes(self.looks[id(layer)].model)
        if has_graph(layer) and id(layer) not in self.calls:
            flows = self.flows.get(id(layer), [])
            inside = layer.operations if hasattr(layer, "operations") else layer.layers
            return any(map(self.changes, inside)) or not all(
                self.kept(flow.ids).all() for flow in flows
            )
        call = self.calls.get(id(layer))
        if call is None:
            return False
        slices = [one for one in call.slices if self.is_cut(one.variable)]
        return bool(slices) or (bool(call.edits) and self.narrows(layer))


class _Rebuilder:
    """Makes or copies every layer once, however often it is used and however deep it lies."""

    def __init__(self, channels: Channels, cuts: Cuts) -> None:
        self._model, self._cuts = channels.model, cuts
        self._old: dict[int, keras.Operation] = {}  # by id() of the new one
        self._models: list[tuple[keras.Model, keras.Model]] = []
        self._begun: set[int] = set()
        self.copier = Copier(self.anew)
        changed = [c.layer for c in cuts.calls.values() if c.noted and cuts.changes(c.layer)]
        # All of them first: if one cannot be made, nothing has been built.
        self._made = [(old, _from_config(old, cuts.calls[id(old)], cuts.kept)) for old in changed]
        for old, new in self._made:
            self.copier.put(old, new)
            self._old[id(new)] = old

    def outermost(self) -> keras.Model:
        """Return the whole model with its state, compiled as the old one is."""
        old, new = self._model, self.anew(self._model)
        for one, other in self._made:
            if isinstance(one, keras.Layer):
                self._take_state(one, other)
        if old.compiled:
            compile_like(old, new, self.copier)
        for one, other in self._models:
            self._take_attributes(one, other)
        if old.compiled:
            new.reset_metrics()
        return new

    def anew(self, old: keras.Operation) -> keras.Operation:
        """Return the counterpart of a layer, an operation, or a model in the model."""
        new = self.copier.get(old)
        if new is None and self._cuts.is_opened(old) and self._cuts.changes(old):
            new = self.anew(self._cuts.looks[id(old)].model)
            same_settings(old, new)
            self.copier.put(old, new)
        elif new is None and has_graph(old):
            if id(old) in self._begun:
                raise ValueError(
                    f"a layer in model {old.name!r} holds that model itself, so it cannot be "
                    "copied. Let layers hold layers, and give them what they need in their call."
                )
            self._begun.add(id(old))
            new = self._anew_model(old)
            same_settings(old, new)
            self.copier.put(old, new)
            self._models.append((old, new))
        elif new is None:
            new = self.copier(old)
            if self._cuts.narrows(old) and not getattr(old, "variables", None):
                new.built = False  # for other shapes than those that come now
        self._old[id(new)] = old
        return new

    def _anew_model(self, old: keras.Model) -> keras.Model:
        inputs = self._inputs(old)
        kind = type(old) if is_kept(old, self._cuts.changes) else None
        if isinstance(old, keras.Sequential):
            layers = [*keras.tree.flatten(inputs), *map(self.anew, old.layers)]
            new = bare(old) if kind else keras.Sequential.__new__(keras.Sequential)
            keras.Sequential.__init__(new, layers, name=old.name)
            return new
        tensors = _tensors_of(old)
        plain = keras.Model(old.input, [old.output, tensors], name=old.name)
        cloned = keras.models.clone_model(
            plain, input_tensors=inputs, clone_function=self.anew, call_function=self._call
        )
        outputs, others = cloned.output
        for one, other in zip(tensors, others, strict=True):
            self.copier.put(one, other)
        for layer in () if kind else cloned.layers:
            if not of_keras(type(layer)):
                forget_shapes(layer)
        new = bare(old if kind else plain)
        type(plain).__init__(new, cloned.input, outputs, name=old.name)
        return new

    def _inputs(self, old: keras.Model) -> object:
        """Return inputs of the widths that are left: of a nested model fewer may come in."""
        flows = iter(self._cuts.flows.get(id(old), []))

        def like(tensor: keras.KerasTensor) -> keras.KerasTensor:
            flow, shape = next(flows, None), [*tensor.shape]
            for axis in flow.varying if flow else ():
                shape[axis + 1] = int(self._cuts.kept(flow.vector(axis)).sum())
            layer = operation_of(tensor)
            options = {"dtype": tensor.dtype, "sparse": tensor.sparse, "optional": layer.optional}
            new = keras.Input(batch_shape=shape, name=layer.name, **options)
            operation_of(new).dtype_policy = layer.dtype_policy
            self.copier.put(layer, operation_of(new))
            return new

        sequential = isinstance(old, keras.Sequential)
        return keras.tree.map_structure(like, old.inputs if sequential else old.input)

    def _call(self, new: keras.Operation, *args: object, **options: object) -> object:
        old = self._old.get(id(new))
        if self._cuts.is_opened(old) and self._cuts.changes(old):
            return self._cuts.looks[id(old)].call(new, args, options)
        call = self._cuts.calls.get(id(old))
        if call is not None and call.new_arguments is not None:
            args = call.new_arguments(args, self._cuts.kept)
        # A graph may hold variables themselves, as in `x * layer.kernel`.
        args, options = keras.tree.map_structure(
            lambda v: self.copier(v) if isinstance(v, keras.Variable) else v, (args, options)
        )
        return new(*args, **options)

    def _take_state(self, old: keras.Layer, new: keras.Layer) -> None:
        """Give a layer that was made anew what is left of the old one's weights."""
        inner = zip(walk(old), walk(new), strict=True)
        for one, other in [(old, new), *((a[-1], b[-1]) for (_, a), (_, b) in inner)]:
            if one.trainable != other.trainable:
                other.trainable = one.trainable
        for before, after in zip(old.variables, new.variables, strict=True):
            after.assign(self._cuts.left(before, keras.ops.convert_to_numpy(before)))
            after.trainable = before.trainable
            after.regularizer = self.copier(before.regularizer)
            if not hasattr(before.constraint, "onto"):
                after.constraint = self.copier(before.constraint)
            self.copier.put(before, after)

    def _take_attributes(self, old: keras.Model, new: keras.Model) -> None:
        """Give a model what its class, or its owner, has put on it."""
        if is_kept(old, self._cuts.changes):
            for key, value in attributes(old).items():
                if key not in vars(new):
                    setattr(new, key, self.copier(value))
            if not isinstance(old, keras.Sequential):
                same_order(old, new, self.copier.get)


def _tensors_of(model: keras.Model) -> list[keras.KerasTensor]:
    """Return the tensors of a model's graph that it keeps in attributes, such as its features."""
    todo = [value for key, value in attributes(model).items() if not key.startswith("_")]
    inside, tensors = {id(operation) for operation in model.operations}, []
    while todo:
        one = todo.pop()
        if isinstance(one, dict | list | tuple):
            todo += one.values() if isinstance(one, dict) else one
        elif isinstance(one, keras.KerasTensor) and id(operation_of(one)) in inside:
            tensors.append(one)
    return tensors


def _from_config(old: keras.Operation, call: Call, kept: Kept) -> keras.Operation:
    try:
        config = old.get_config()
        for edit in call.edits:
            edit(config, kept)
        return _made(old, config)
    except Exception as error:
        raise ValueError(
            f"layer {old.name!r} ({type(old).__name__}) cannot be made anew from its config, "
            f"so the model cannot be rebuilt: {error}. Give the class a get_config that "
            "returns all arguments of its constructor, or leave the layer out with `exclude`."
        ) from error


def _made(old: keras.Operation, config: dict) -> keras.Operation:
    try:
        new = type(old).from_config(dict(config))
    except Exception:  # a function of the user's own, say, is not found by its name
        own = {key: getattr(old, key, None) for key in config}
        known = {k: v for k, v in own.items() if callable(v) and not isinstance(v, keras.Layer)}
        new = type(old)(**{**config, **known})
    new.name = old.name
    return new
