"""Which rule holds for which layer or operation."""

from collections.abc import Callable
from dataclasses import replace

from course_utils.backend import keras
from course_utils.pruning.layers import inner_layers, of_keras
from course_utils.structure.calls import Call, Flows, Kept
from course_utils.structure.ids import Flow
from course_utils.structure.reaching import is_sized
from course_utils.structure.rules import (
    attention,
    joins,
    layers,
    norms,
    operations,
    parts,
    places,
    products,
    sequences,
    shapes,
)

_TABLES = (layers, norms, sequences, attention, places, shapes, joins, products)
_LAYERS = {kind: rule for module in _TABLES for kind, rule in module.RULES.items()}
_NAMED = {**norms.NAMED_RULES, **places.NAMED_RULES, **joins.NAMED_RULES}


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
    return _rule(layer) not in (Call.refuse, operations.unknown)


def _rule(layer: keras.Operation) -> Callable[[Call], Flows]:
    kind = _kind(layer)
    of_them = of_keras(kind)
    if not isinstance(layer, keras.Layer):
        return (of_them and operations.RULES.get(kind.__name__)) or operations.unknown
    if any(_is_altered(one) for one in (layer, *inner_layers(layer))):
        return Call.refuse
    rule = _LAYERS.get(kind) or (of_them and _NAMED.get(kind.__name__))
    return rule or operations.unknown


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
_OF_MANY = (
    *(sequences.recurrent, sequences.convolutional, sequences.bidirectional),
    *(*attention.OF_MANY, *joins.OF_MANY, *products.OF_MANY),
    *(time_distributed, spectral, Call.refuse, operations.unknown),
)
