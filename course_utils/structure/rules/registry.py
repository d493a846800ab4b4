"""Which rule holds for which layer or operation."""

from collections.abc import Callable
from dataclasses import replace

from course_utils.backend import keras
from course_utils.pruning.layers import inner_layers
from course_utils.structure.calls import Call, Kept, as_list
from course_utils.structure.ids import Flow
from course_utils.structure.rules import layers, operations, shapes

_LAYERS = {**layers.RULES, **shapes.RULES}
_NAMED = {**layers.NAMED_RULES, **shapes.NAMED_RULES}


def apply(call: Call) -> list[Flow]:
    """Return what flows out of a call; what the rule says of the layer is noted in the call."""
    rule = _rule(call.layer)
    for flow in () if rule in _OF_MANY else call.flows[1:]:
        call.fix(flow, "gets them beside its input, as a mask, say")
    return as_list(rule(call))


def time_distributed(call: Call) -> list[Flow]:
    """The same layer at every step: its own rule, without the axis of time."""
    if 0 in call.x.varying:
        return layers.unknown(call)
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


def _rule(layer: keras.Operation) -> Callable[[Call], list[Flow] | Flow]:
    kind = type(layer)
    if not isinstance(layer, keras.Layer):
        known = kind.__module__.startswith("keras.")
        return (known and operations.RULES.get(kind.__name__)) or layers.unknown
    if any(_is_altered(one) for one in (layer, *inner_layers(layer))):
        return layers.unknown
    if kind is keras.layers.TimeDistributed:
        return time_distributed
    # A subclass of the user's own may do anything in its call.
    return _LAYERS.get(kind) or _NAMED.get(f"{kind.__module__}.{kind.__name__}") or layers.unknown


def _is_altered(layer: keras.Layer) -> bool:
    """Tell whether a layer's kernel is not stored as it is used."""
    return bool(getattr(layer, "quantization_mode", None) or getattr(layer, "lora_enabled", False))


# The rules that know what to do with more than one tensor.
_OF_MANY = (
    *(layers.recurrent, layers.bidirectional, layers.attention, layers.unknown),
    *(shapes.added, shapes.multiplied, shapes.concatenate),
    *(operations.added, operations.multiplied, operations.divided),
    *(operations.power, operations.concatenate, time_distributed),
)
