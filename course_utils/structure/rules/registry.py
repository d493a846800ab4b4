"""Which rule holds for which layer or operation."""

from collections.abc import Callable
from dataclasses import replace

from course_utils.backend import keras
from course_utils.pruning.layers import inner_layers
from course_utils.structure.calls import Call, Flows, Kept
from course_utils.structure.ids import Flow
from course_utils.structure.rules import layers, norms, operations, sequences, shapes

_LAYERS = {**layers.RULES, **norms.RULES, **sequences.RULES, **shapes.RULES}
_NAMED = {**norms.NAMED_RULES, **shapes.NAMED_RULES}


def apply(call: Call) -> list[Flow]:
    """Return what flows out of a call; what the rule says of the layer is noted in the call."""
    rule = _rule(call.layer)
    for flow in () if rule in _OF_MANY else call.flows[1:]:
        call.fix(flow, "gets them beside its input, as a mask, say")
    made = rule(call)
    return [made] if isinstance(made, Flow) else made


def time_distributed(call: Call) -> Flows:
    """The same layer at every step: its own rule, without the axis of time."""
    if 0 in call.x.varying:
        return call.refuse()
    without = [Flow(f.shape[1:], f.ids[0], f.silent) for f in call.flows]
    inner = replace(
        call,
        owners=(*call.owners, call.layer.layer),
        flows=without,
        shapes=[shape[1:] for shape in call.shapes],
        edits=[],
    )
    made = apply(inner)

    def edit(config: dict, kept: Kept) -> None:
        config["layer"].pop("build_config", None)  # it holds the shape of the old input
        for one in inner.edits:
            one(config["layer"]["config"], kept)

    call.edits.append(edit)
    return [Flow(shape, f.ids[None], f.silent) for shape, f in zip(call.shapes, made, strict=True)]


def is_known(layer: keras.Layer) -> bool:
    """Tell whether there is a rule for a layer."""
    return _rule(layer) is not Call.refuse


def _rule(layer: keras.Operation) -> Callable[[Call], Flows]:
    kind = type(layer)
    of_keras = kind.__module__.startswith("keras.")
    if not isinstance(layer, keras.Layer):
        return (of_keras and operations.RULES.get(kind.__name__)) or Call.refuse
    if any(_is_altered(one) for one in (layer, *inner_layers(layer))):
        return Call.refuse
    if kind is keras.layers.TimeDistributed:
        return time_distributed
    # A subclass of the user's own may do anything in its call.
    return _LAYERS.get(kind) or (of_keras and _NAMED.get(kind.__name__)) or Call.refuse


def _is_altered(layer: keras.Layer) -> bool:
    """Tell whether a layer's kernel is not stored as it is used."""
    return bool(getattr(layer, "quantization_mode", None) or getattr(layer, "lora_enabled", False))


# The rules that know what to do with more than one tensor.
_OF_MANY = (
    *(sequences.recurrent, sequences.bidirectional, sequences.attention, time_distributed),
    *(shapes.added, shapes.multiplied, shapes.concatenate, Call.refuse),
    *(operations.added, operations.multiplied, operations.divided, operations.power),
)
