"""Walk through a model's graph as it computes, and let ids flow through every call."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from inspect import signature

from course_utils.backend import keras
from course_utils.pruning.layers import walk
from course_utils.structure.calls import Call, fixed
from course_utils.structure.ids import Flow, Ids, alike
from course_utils.structure.internals import through_graph
from course_utils.structure.opening import Look, NotOpenedError, form_of, holds_layers, look
from course_utils.structure.reaching import reached
from course_utils.structure.rules import registry
from course_utils.structure.symbolic import has_graph, output_spec, symbols, tells_shapes

Owners = tuple[keras.Operation, ...]


@dataclass
class Walk:
    """What a walk found: the first call of every layer and operation, and which feeds which."""

    ids: Ids = field(default_factory=Ids)
    inexact: bool = False
    calls: dict[int, Call] = field(default_factory=dict)  # by id() of what is called
    inputs: dict[int, list[Flow]] = field(default_factory=dict)  # of nested models
    edges: list[tuple[str, str, Flow]] = field(default_factory=list)
    looks: dict[int, Look] = field(default_factory=dict)  # into layers of layers, by id()
    closed: dict[int, str] = field(default_factory=dict)  # why there is none
    wholes: list[Call] = field(default_factory=list)  # of layers that are made of a config

    def __post_init__(self) -> None:
        self._origins: dict[int, str] = {}  # of flows, by id(); alive as long as _alive
        self._alive: list[Flow] = []
        self._masks: list[int] = []  # how deep the layers lie that make one
        self._untold = ""  # why shapes may be others than those that are told

    def enter(self, model: keras.Model) -> None:
        """Walk through a whole model; its outputs stay as they are."""
        for _, inside in walk(model):  # symbols tell of masks that are made and used at depth 1
            if getattr(inside[-1], "mask_zero", isinstance(inside[-1], keras.layers.Masking)):
                self._masks.append(len(inside))
        for flow in self.through(model, [fixed(t.shape[1:]) for t in model.inputs], ()):
            self.ids.fix(flow.ids, "an output of the model", above_all=True)
        self._settle()
        self._fix_shared()

    def through(self, model: keras.Model, flows: list[Flow], owners: Owners) -> list[Flow]:
        """Return what flows out of a Sequential or Functional model that is called on flows.

        The graph runs on symbols for tensors; each layer tells what flows out of it.
        """
        known: dict[int, Flow] = {}
        alive: list[keras.KerasTensor] = []  # so that an id() is not used again

        def remember(tensors: object, flows: list[Flow]) -> None:
            for tensor, flow in zip(keras.tree.flatten(tensors), flows, strict=True):
                known[id(tensor)] = flow
                alive.append(tensor)

        def flow_of(value: object) -> object:
            return known.get(id(value), value) if isinstance(value, keras.KerasTensor) else value

        def visit(layer: keras.Operation, *args: object, **options: object) -> object:
            if "training" in options and "training" not in signature(layer.call).parameters:
                del options["training"]  # as a layer does when it is called
            outputs = symbols(output_spec(layer, *args, **options))
            made = [tensor for tensor in keras.tree.flatten(outputs) if tensor is not None]
            shapes = [tensor.shape[1:] for tensor in made]
            arguments, kept = keras.tree.map_structure(flow_of, (args, options))
            given = [f for f in keras.tree.flatten((arguments, kept)) if isinstance(f, Flow)]
            call = Call((*owners, layer), given, shapes, self.ids, arguments, kept, self.inexact)
            remember(made, self._called(call, args, options))
            found = None if id(layer) in self.closed else self.looks.get(id(layer))
            if not tells_shapes(layer, outputs, args, options, found and found.model.outputs):
                self._untold = f"comes after {call.label}, which makes other shapes than it tells"
            return outputs

        inputs = symbols(model.inputs)
        remember(inputs, flows)
        return [known[id(t)] for t in keras.tree.flatten(through_graph(model, inputs, visit))]

    def _called(self, call: Call, args: tuple, options: dict) -> list[Flow]:
        layer, path = call.layer, call.path
        self.edges += [(self._origins.get(id(flow), "input"), path, flow) for flow in call.flows]
        if any(len(flow.varying) > 1 for flow in call.flows):
            now = {id(flow): self._now(flow) for flow in call.flows}
            call.flows, call.arguments, call.options = keras.tree.map_structure(
                lambda value: now.get(id(value), value), (call.flows, call.arguments, call.options)
            )
        if has_graph(layer):
            given = _inputs_of(layer, call.arguments, call.options)
            made = self._nested(layer, [self._straight(f, path) for f in given], call.owners)
        elif holds_layers(layer) and not registry.is_known(layer):
            call.flows = [self._straight(flow, path) for flow in call.flows]
            made = self._looked_into(call, args, options)
        else:
            made = self._ruled(call)
        # A new object for each, so that its origin is this call and no other.
        made = [replace(flow) for flow in made]
        self._origins.update({id(flow): path for flow in made})
        self._alive += made
        return made

    def _straight(self, flow: Flow, path: str) -> Flow:
        if not flow.turned:
            return flow
        self.ids.fix(flow.ids, f"{path} gets them behind another axis than that of examples")
        return fixed(flow.shape)

    def _ruled(self, call: Call) -> list[Flow]:
        """Let the rule tell what flows out; what is called again goes with the first call of it."""
        key = id(call.layer)
        first = self.calls.setdefault(key, call)
        if first is not call and (made := registry.again(call, first)) is not None:
            return made
        call.outputs = registry.apply(call)
        if first is not call and (first.noted or call.noted):
            self.calls[key] = first if first.noted else call
            self._together(first, call)
        return call.outputs

    def _together(self, first: Call, call: Call) -> None:
        """Tie what two calls of a layer say of its weights, or its config; they may not agree."""
        places = [[(id(s.variable), s.axis) for s in one.slices] for one in (first, call)]
        why = f"{call.label} is called again, in another way or on what cannot go"
        if first.noted != call.noted or places[0] != places[1]:
            first.fix_own(why)
            call.fix_own(why)
            return
        for one, other in zip(first.slices, call.slices, strict=True):
            self.ids.tie(one.ids, other.ids, why)
        if not call.slices:
            self._tie(call.label, first.flows, call.flows)

    def _looked_into(self, call: Call, args: tuple, options: dict) -> list[Flow]:
        """Walk through what a layer of layers does, where that can be known."""
        key = id(call.layer)
        untold, why = self._untold, ""
        if key not in self.looks and key not in self.closed:
            try:
                if untold:
                    raise NotOpenedError(untold)
                masked = bool(self._masks) and max(self._masks) + len(call.owners) > 2
                self.looks[key] = look(call.layer, args, options, masked=masked)
            except NotOpenedError as error:
                self.closed[key] = str(error)
        found = self.looks.get(key)
        if found is not None and found.form != form_of(args, options):
            why = "is called in different ways"
        elif key not in self.closed and (found.remade is None or self._in_whole(call)):
            made, why = self._nested(found.model, call.flows, call.owners), self._untold
            if why == untold:
                return made
        if why:
            self.closed[key] = why
            for one in self.within(call.layer):
                one.fix_own(f"{call.label} {why}")
        if key in self.closed:
            self.calls.setdefault(key, call)
            return call.refuse(self.closed[key])
        why = "is made anew as a whole"
        if self.calls.setdefault(key, call) is call:
            self.wholes.append(call)
            given = [fixed(tensor.shape[1:]) for tensor in found.model.inputs]
            for flow in self.through(found.model, given, call.owners):
                call.fix(flow, why)
        return call.refuse(why)

    def _in_whole(self, call: Call) -> bool:
        return any(one.layer in call.owners[:-1] for one in self.wholes)

    def within(self, layer: keras.Layer) -> list[Call]:
        """Return the calls inside a layer of layers."""
        return [call for call in self.calls.values() if layer in call.owners[:-1]]

    def _now(self, flow: Flow) -> Flow:
        """Return a tensor whose ids differed along several axes without what was tied since."""
        if len(flow.varying) < 2:
            return flow
        return Flow(flow.shape, self.ids.tied(flow.ids), flow.silent)

    def _settle(self) -> None:
        """Let ids differ along one axis at most of every tensor, as what is left is a rectangle.

        Where no reader chose an axis it is the longest one: of most channels some can go.
        """
        why = "they lie on several axes of a tensor, and some of each row cannot go"
        for flow in self._alive:
            now = self._now(flow)
            for axis in sorted(now.varying, key=lambda axis: -now.ids.shape[axis])[1:]:
                self.ids.tie(now.ids, now.ids.take([0], axis), why)
        self.inputs = {key: [*map(self._now, flows)] for key, flows in self.inputs.items()}

    def _nested(self, model: keras.Model, flows: list[Flow], owners: Owners) -> list[Flow]:
        first = self.inputs.setdefault(id(model), flows)
        if first is not flows:
            self._tie(f"{model.name} ({type(model).__name__})", first, flows)
        return self.through(model, flows, owners)

    def _tie(self, label: str, first: list[Flow], flows: list[Flow]) -> None:
        """Let what a layer is called on for a second time go with what it was called on first."""
        why = f"{label} is called again, on what cannot go"
        for one, other in zip(first, flows, strict=False):
            if pair := alike(one, other):
                self.ids.tie(*pair, why)
            else:
                for flow in (one, other):
                    self.ids.fix(flow.ids, f"{label} is called on tensors of different forms")

    def _fix_shared(self) -> None:
        """Fix what belongs to layers that have a variable, or a layer, in common with another.

        Such as a wrapper and what it wraps, or a layer that is given another one's kernel: what
        both hold stays one only where neither is made anew.
        """
        holders: dict[int, list[Call]] = defaultdict(list)
        alive = []
        for call in self.calls.values():
            if self._in_whole(call):
                continue  # what it lies in has it, too
            found = reached([call.layer, call.arguments, call.options])
            alive += found
            for key in dict.fromkeys(map(id, found)):
                holders[key].append(call)
        for calls in holders.values():
            for call in calls if len(calls) > 1 else ():
                other = next(one for one in calls if one is not call)
                for one in (call, *self.within(call.layer)):
                    one.fix_own(f"{other.path} and {call.path} have the same weights")


def _inputs_of(model: keras.Model, arguments: tuple, options: dict) -> list[Flow]:
    """Return the flows that a model is called on, in the order of its inputs."""
    given = [*arguments, options.get("inputs")][0]
    if isinstance(given, dict):
        names = sorted(given) if isinstance(model.input, dict) else [t.name for t in model.inputs]
        given = [given[name] for name in names]
    return keras.tree.flatten(given)[: len(model.inputs)]
