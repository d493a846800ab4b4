"""The model without some channels: what changes is made anew, the rest copied; compiled anew."""

from inspect import signature

import numpy as np

from course_utils.backend import compile_settings, keras, operation_of
from course_utils.pruning.layers import of_keras, seen, walk
from course_utils.structure.calls import Call, Kept
from course_utils.structure.channels import Channels
from course_utils.structure.copying import Copier
from course_utils.structure.cutting import Cuts
from course_utils.structure.internals import (
    attributes,
    bare,
    drawn_as_zeros,
    exclude_alike,
    forget_shapes,
    garbage_of_its_own,
    same_order,
    same_settings,
    through_graph,
    with_graph,
)
from course_utils.structure.keeping import is_kept, refuse_what_would_be_lost
from course_utils.structure.symbolic import has_graph, outputs_by_trial

Pair = tuple[keras.Variable, keras.Variable]


def rebuilt(channels: Channels, kept: Kept) -> tuple[keras.Model, list[Pair]]:
    """Return a new model with the channels that are kept, and the weights of the old one.

    Beside it every variable of the old one that lives on, with its counterpart. Raises ValueError,
    before a layer is built, for what would be lost.
    """
    cuts = Cuts(channels, kept)
    refuse_what_would_be_lost(channels.model, cuts.changes, cuts.cut_sizes)
    with drawn_as_zeros(), garbage_of_its_own():  # the weights come from the old ones
        rebuilder = _Rebuilder(channels, cuts)
        new = rebuilder.outermost()
    pairs = rebuilder.copier.pairs()
    for old, other in pairs:
        if hasattr(old.constraint, "onto"):
            left = lambda array, old=old: cuts.left(old, array)  # noqa: E731
            other.constraint = old.constraint.onto(new, other, left)
    return new, pairs


class _Rebuilder:
    """Makes or copies every layer once, however often it is used and however deep it lies."""

    def __init__(self, channels: Channels, cuts: Cuts) -> None:
        self._model, self._cuts = channels.model, cuts
        self._models: list[tuple[keras.Model, keras.Model]] = []
        self._begun: set[int] = set()
        self.copier = Copier(self.anew)
        changed = [c.layer for c in cuts.calls.values() if c.noted and cuts.changes(c.layer)]
        # All of them first: if one cannot be made, nothing has been built.
        self._made = [(old, _from_config(old, cuts.calls[id(old)], cuts.kept)) for old in changed]
        for old, new in self._made:
            self.copier.put(old, new)

    def outermost(self) -> keras.Model:
        """Return the whole model with its state, compiled as the old one is."""
        old, new = self._model, self.anew(self._model)
        for one, other in self._made:
            if isinstance(one, keras.Layer):
                self._take_state(one, other)
        if old.compiled:
            _compile_like(old, new, self.copier)
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
        graph = keras.Model(old.input, [old.output, tensors]) if tensors else old
        made = through_graph(graph, inputs, self._call)
        outputs, others = made if tensors else (made, [])
        for one, other in zip(tensors, others, strict=True):
            self.copier.put(one, other)
        if kind:
            return with_graph(bare(old), inputs, outputs, old.name)
        new = keras.Model(inputs, outputs, name=old.name)
        for layer in new.layers:
            if not of_keras(type(layer)):
                forget_shapes(layer)
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

    def _call(self, old: keras.Operation, *args: object, **options: object) -> object:
        new = self.anew(old)
        if self._cuts.is_opened(old) and self._cuts.changes(old):
            return self._cuts.looks[id(old)].call(new, args, options)
        call = self._cuts.calls.get(id(old))
        if call is not None and call.new_arguments is not None:
            args = call.new_arguments(args, self._cuts.kept)
        if "training" not in signature(old.call).parameters:
            options.pop("training", None)  # a call drops it; a model called on other sizes does not
        # A graph may hold variables themselves, as in `x * layer.kernel`.
        args, options = keras.tree.map_structure(
            lambda v: self.copier(v) if isinstance(v, keras.Variable) else v, (args, options)
        )
        with outputs_by_trial([new] if isinstance(new, keras.Layer) else ()):
            return new(*args, **options)

    def _take_state(self, old: keras.Layer, new: keras.Layer) -> None:
        """Give a layer that was made anew what is left of the old one's weights."""
        look = self._cuts.looks.get(id(old))
        anew = look.remade if look else isinstance(old, keras.Model) and type(old).from_config
        plain = anew(old.get_config()) if anew else new  # what its config alone makes
        inside = ([one, *(owners[-1] for _, owners in walk(one))] for one in (old, new, plain))
        for one, other, third in zip(*inside, strict=True):
            if one.trainable != other.trainable:
                other.trainable = one.trainable
            for key, value in attributes(one).items():  # a rate may come of sizes
                by_hand = type(value) is float and vars(third).get(key) != value
                if key not in vars(other) or by_hand:
                    vars(other)[key] = self.copier(value)
            if isinstance(one, keras.layers.RNN) and one.states:
                keras.tree.map_structure(lambda a, b: b.assign(a), one.states, other.states)
            for variable in one.variables:
                key = f"{variable.name}_initializer"
                held = getattr(getattr(one, key, None), "value", None)  # of Constant
                if held is not None and np.shape(held) == tuple(variable.shape):
                    array = self._cuts.left(variable, np.asarray(held))
                    setattr(other, key, keras.initializers.Constant(array))
        for before, after in zip(old.variables, new.variables, strict=True):
            after.assign(self._cuts.left(before, seen(before)))
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


def _compile_like(old: keras.Model, new: keras.Model, copier: Copier) -> None:
    """Compile with the same settings, a new optimizer of the same kind, and new metrics.

    What a `compile` of the class's own was given stands in the model's attributes.
    """
    settings = compile_settings(old)
    settings = {key: copier(value) for key, value in settings.items() if key != "optimizer"}
    for metric in keras.tree.flatten([settings["metrics"], settings["weighted_metrics"]]):
        if isinstance(metric, keras.metrics.Metric):
            metric.reset_state()
    optimizer = copier(old.optimizer)
    exclude_alike(old.optimizer, optimizer, copier.pairs())
    # It has been given one that scales losses, where there is one.
    keras.Model.compile(new, optimizer, auto_scale_loss=False, **settings)
