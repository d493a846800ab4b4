"""The model without some of its channels: the same graph, its layers made anew."""

from collections import defaultdict
from collections.abc import Callable

import numpy as np

from course_utils.backend import compile_settings, keras, operation_of
from course_utils.pruning import attach, held_masks
from course_utils.pruning.kernels import candidates
from course_utils.pruning.layers import walk
from course_utils.structure.calls import Kept, Slice
from course_utils.structure.channels import Channels
from course_utils.structure.opening import has_graph

Left = Callable[[keras.Variable, np.ndarray], np.ndarray]


def rebuilt(channels: Channels, kept: Kept) -> keras.Model:
    """Return a new model with the channels that are kept, and the weights of the old one."""
    slices: dict[int, list[Slice]] = defaultdict(list)
    for one in channels.slices:
        slices[id(one.variable)].append(one)

    def left(variable: keras.Variable, array: np.ndarray) -> np.ndarray:
        """Return what is left of a variable's value, or of its mask."""
        for one in slices[id(variable)]:
            array = np.compress(kept(one.ids), array, axis=one.axis)
        return array

    old, new = channels.model, _Rebuilder(channels, kept).model(channels.model)
    # The outer ones first: they pass on to what is in them whether it is trained.
    pairs = [(a[-1], b[-1]) for (_, a), (_, b) in zip(walk(old), walk(new), strict=True)]
    for one, other in pairs:
        if other is not one and not has_graph(one):
            for before, after in zip(one.variables, other.variables, strict=True):
                after.assign(left(before, keras.ops.convert_to_numpy(before)))
    _copy_state([(old, new), *pairs])
    if old.compiled:
        _compile_like(old, new)
    _hold_masks(old, new, left)
    return new


class _Rebuilder:
    """Makes every layer once, however often it is used and however deep it lies."""

    def __init__(self, channels: Channels, kept: Kept) -> None:
        self._calls, self._kept = channels.walk.calls, kept
        self._flows = channels.walk.inputs
        self._made: dict[int, keras.Operation] = {}
        self._old: dict[int, keras.Operation] = {}  # by id() of the new one

    def model(self, old: keras.Model) -> keras.Model:
        """Return a Sequential or Functional model anew."""
        if id(old) in self._calls:
            return self._from_config(old)  # one that is made anew as a whole
        inputs = self._inputs(old)
        if isinstance(old, keras.Sequential):
            layers = [self._anew(layer) for layer in old.layers]
            new = keras.Sequential([*keras.tree.flatten(inputs), *layers], name=old.name)
        else:
            plain = keras.Model(old.input, old.output, name=old.name)
            new = keras.models.clone_model(
                plain, input_tensors=inputs, clone_function=self._anew, call_function=self._call
            )
        return new

    def _inputs(self, old: keras.Model) -> object:
        """Return inputs of the widths that are left: of a nested model fewer may come in."""
        flows = iter(self._flows.get(id(old), []))

        def like(tensor: keras.KerasTensor) -> keras.KerasTensor:
            flow, shape = next(flows, None), [*tensor.shape]
            for axis in flow.varying if flow else ():
                shape[axis + 1] = int(self._kept(flow.vector(axis)).sum())
            layer = operation_of(tensor)
            options = {"dtype": tensor.dtype, "sparse": tensor.sparse, "optional": layer.optional}
            return keras.Input(batch_shape=shape, name=layer.name, **options)

        sequential = isinstance(old, keras.Sequential)
        return keras.tree.map_structure(like, old.inputs if sequential else old.input)

    def _anew(self, old: keras.Operation) -> keras.Operation:
        if id(old) not in self._made:
            new = self.model(old) if has_graph(old) else self._from_config(old)
            self._made[id(old)], self._old[id(new)] = new, old
        return self._made[id(old)]

    def _from_config(self, old: keras.Operation) -> keras.Operation:
        edits = self._calls[id(old)].edits if id(old) in self._calls else []
        try:
            config = old.get_config()
            for edit in edits:
                edit(config, self._kept)
            return _made(old, config)
        except Exception as error:
            if not edits and not getattr(old, "variables", None):
                return old  # without weights it can serve both models
            raise ValueError(
                f"layer {old.name!r} ({type(old).__name__}) cannot be made anew from its config, "
                f"so the model cannot be rebuilt: {error}. Give the class a get_config that "
                "returns all arguments of its constructor."
            ) from error

    def _call(self, new: keras.Operation, *args: object, **options: object) -> object:
        call = self._calls.get(id(self._old.get(id(new))))
        if call is not None and call.new_arguments is not None:
            args = call.new_arguments(args, self._kept)
        return new(*args, **options)


def _made(old: keras.Operation, config: dict) -> keras.Operation:
    try:
        new = type(old).from_config(dict(config))
    except Exception:  # a function of the user's own, say, is not found by its name
        own = {key: getattr(old, key, None) for key in config}
        known = {k: v for k, v in own.items() if callable(v) and not isinstance(v, keras.Layer)}
        new = type(old)(**{**config, **known})
    new.name = old.name
    return new


def _copy_state(pairs: list[tuple[keras.Layer, keras.Layer]]) -> None:
    """Give new layers the old ones' policies, and freeze those that were."""
    for old, new in pairs:
        if isinstance(old, keras.Model | keras.layers.InputLayer):
            new.dtype_policy = old.dtype_policy
        if old.trainable != new.trainable:
            new.trainable = old.trainable


def _compile_like(old: keras.Model, new: keras.Model) -> None:
    """Compile with the same settings, a new optimizer of the same kind, and new metrics."""
    settings = compile_settings(old)
    optimizer = old.optimizer
    settings["optimizer"] = type(optimizer).from_config(optimizer.get_config())
    for key in ("metrics", "weighted_metrics"):
        settings[key] = keras.tree.map_structure(_fresh, settings[key])
    new.compile(**settings)


def _fresh(metric: object) -> object:
    if not isinstance(metric, keras.metrics.Metric):
        return metric  # a name, or a function
    return type(metric).from_config(metric.get_config())


def _hold_masks(old: keras.Model, new: keras.Model, left: Left) -> None:
    """Hold what is left of the masks that the old model holds."""
    variables = {one.name: one.variable for one in candidates(old) if one.stored}
    masks = held_masks(old) if variables else {}
    if masks:
        attach(new, {name: left(variables[name], mask) for name, mask in masks.items()})
