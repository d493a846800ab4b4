"""Which rule holds for which layer or operation."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from course_utils.backend import keras
from course_utils.pruning.layers import inner_layers, of_keras
from course_utils.structure.calls import Call, Flows, Kept
from course_utils.structure.functions import tried_layer
from course_utils.structure.ids import Flow
from course_utils.structure.reaching import is_sized
from course_utils.structure.rules import (
    attention,
    joins,
    layers,
    norms,
    parts,
    places,
    products,
    sequences,
    shapes,
)

_MODULES = (layers, norms, sequences, attention, places, shapes, joins, parts, products)
_TABLES = ("RULES", "NAMED_RULES", "OPERATIONS")
_LAYERS, _NAMED, _OPERATIONS = (
    {kind: rule for module in _MODULES for kind, rule in getattr(module, name, {}).items()}
    for name in _TABLES
)


def apply(call: Call) -> list[Flow]:
    """Return what flows out of a call; what the rule says of the layer is noted in the call."""
    rule = _rule(call.layer)
    for flow in () if rule in _OF_MANY else call.flows[1:]:
        call.fix(flow, "gets them beside its input, as a mask, say")
    if rule not in _OF_TURNED and any(flow.turned for flow in call.flows):
        return call.refuse(_TURNED)
    made = rule(call) or call.refuse(_TURNED)
    made = [made] if isinstance(made, Flow) else made
    what = getattr(call.layer, "activity_regularizer", None)
    return [call.fix(y, _OF_A_SIZE) if is_sized(what, y.shape) else y for y in made]


def again(call: Call, first: Call) -> list[Flow] | None:
    """Return what flows out of a layer that is called again, in a way of its own; else None."""
    rule = layers.AGAIN.get(_kind(call.layer))
    return None if rule is None else rule(call, first)


def time_distributed(call: Call) -> Flows:
    """The same layer at every step: its own rule, without the axis of time."""
    flows = [call.beside(flow, [0]) for flow in call.flows]
    if None in flows:
        return call.refuse("works along the axis on which they lie")
    without = [Flow(f.shape[1:], f.ids[0], f.silent) for f in flows]
    made = _wrapped(call, flows=without, shapes=[shape[1:] for shape in call.shapes])
    return [Flow(shape, f.ids[None], f.silent) for shape, f in zip(call.shapes, made, strict=True)]


def spectral(call: Call) -> Flows:
    """A layer whose kernel is divided by its norm in training: as it is, a vector beside it."""
    made = _wrapped(call)
    for one in [*call.slices]:
        if one.variable is call.layer.kernel and one.axis == len(one.variable.shape) - 1:
            call.slice(call.layer.vector_u, 1, one.ids, "keeps")
    return made


def _wrapped(call: Call, **changes: object) -> list[Flow]:
    """Apply the rule of the layer inside a wrapper."""
    inner = replace(call, owners=(*call.owners, call.layer.layer), edits=[], **changes)
    made = apply(inner)
    call.refused = inner.refused
    if inner.refused:
        return made

    def edit(config: dict, kept: Kept) -> None:
        config["layer"].pop("build_config", None)  # it holds the shape of the old input
        for one in inner.edits:
            one(config["layer"]["config"], kept)

    call.edits.append(edit)
    return made


def is_known(layer: keras.Layer) -> bool:
    """Tell whether there is a rule for a layer."""
    return _rule(layer) not in (Call.refuse, unknown)


def unknown(call: Call) -> Flows:
    """What no rule is known for: a function of one tensor may act on each entry, or channel, alone.

    It is tried, unless it has weights or a state.
    """
    first, *others = call.arguments or (None,)
    if not call.x.free or not isinstance(first, Flow) or len(call.flows) > 1:
        return call.refuse()
    options = {key: value for key, value in call.options.items() if key != "training"}
    result = tried_layer(call.layer, first.shape, first.varying, False, *others, **options)
    if result.why:
        for axis in first.varying:
            along = tried_layer(call.layer, first.shape, (axis,), True, *others, **options)
            if not along.why and np.isfinite(along.at_zero):
                ids, silent = call.vector(first, axis), first.silent and along.zero_stays
                return call.out(axis - len(first.shape), ids, silent)
    sizes = zip(first.shape, *call.shapes, strict=False)
    if result.why or any(len({*known} - {None}) > 1 for known in sizes):
        return call.refuse(result.why or "makes a tensor of another shape")
    if not np.isfinite(result.at_zero):
        return places.undefined_at_0(call)
    return call.passed(result.zero_stays)


def _rule(layer: keras.Operation) -> Callable[[Call], Flows]:
    kind = _kind(layer)
    of_them = of_keras(kind)
    if not isinstance(layer, keras.Layer):
        return (of_them and _OPERATIONS.get(kind.__name__)) or unknown
    if any(_is_altered(one) for one in (layer, *inner_layers(layer))):
        return Call.refuse
    rule = _LAYERS.get(kind) or (of_them and _NAMED.get(kind.__name__))
    return rule or unknown


def _kind(layer: keras.Operation) -> type:
    """Return the class that tells what a layer does: Keras's own, if a subclass changes nothing.

    Only how it is made may be a subclass's own; anything else that it overrides may matter.
    """
    kind = type(layer)
    for base in kind.__mro__:
        if of_keras(base):
            mine = kind.__mro__[: kind.__mro__.index(base)]
            names = {name for one in mine for name in vars(one)} - _OF_MAKING
            same = not any(hasattr(base, name) for name in names)
            return base if same and (not mine or _can_be_made_anew(layer)) else kind
    return kind


def _can_be_made_anew(layer: keras.Operation) -> bool:
    try:
        return type(layer).from_config(layer.get_config()).get_config() == layer.get_config()
    except Exception:
        return False


def _is_altered(layer: keras.Layer) -> bool:
    """Tell whether a layer's kernel is not stored as it is used, or a method is its own alone."""
    patched = {key for key in vars(layer) if callable(getattr(type(layer), key, None))} - _WRAPPED
    return bool(patched or layer.quantization_mode or getattr(layer, "lora_enabled", False))


_LAYERS |= {keras.layers.TimeDistributed: time_distributed}
_LAYERS |= {keras.layers.SpectralNormalization: spectral}
_OF_A_SIZE = "has an activity regularizer that holds arrays, variables or sizes"
_TURNED = "works on tensors whose first axis is not that of examples"
_OF_TURNED = (*shapes.OF_TURNED, *parts.OF_TURNED)
# What a subclass may have of its own: its constructor, and what Python and Keras put there.
_OF_MAKING = {"__init__", "get_config", "from_config", *dir(type("Plain", (), {})), "__slots__"}
_OF_MAKING |= {"__static_attributes__", "__firstlineno__", "__annotations__", "__new__"}
_WRAPPED = {"build", "quantize", "loss"}  # what Keras itself puts on layers and models
# The rules that know what to do with more than one tensor.
_OF_MANY = {time_distributed, spectral, Call.refuse, unknown}
for _module in (attention, joins, products, sequences):
    for _table in _TABLES:
        _OF_MANY |= {*getattr(_module, _table, {}).values()}
