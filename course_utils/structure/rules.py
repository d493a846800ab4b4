"""Which rule holds for which layer or operation."""

from collections.abc import Callable
from dataclasses import replace

from course_utils.backend import keras
from course_utils.structure import layer_rules, operation_rules, shape_rules
from course_utils.structure.calls import Call, Kept, as_list
from course_utils.structure.ids import Flow

_LAYERS = {**layer_rules.RULES, **shape_rules.RULES}
_NAMED = {**layer_rules.NAMED_RULES, **shape_rules.NAMED_RULES}


def apply(call: Call) -> list[Flow]:
    """Return what flows out of a call; what the rule says of the layer is noted in the call."""
    return as_list(_rule(call.layer)(call))


def time_distributed(call: Call) -> list[Flow]:
    """The same layer at every step: its own rule, without the axis of time."""
    if 0 in call.x.varying:
        return layer_rules.unknown(call)
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
        for one in inner.edits:
            one(config["layer"]["config"], kept)

    call.edits.append(edit)
    return [Flow(shape, f.ids[None], f.silent) for shape, f in zip(call.shapes, made, strict=True)]


def _rule(layer: keras.Operation) -> Callable[[Call], list[Flow] | Flow]:
    kind = type(layer)
    if getattr(layer, "quantization_mode", None) or getattr(layer, "lora_enabled", False):
        return layer_rules.unknown  # its kernel is not stored as it is used
    if not isinstance(layer, keras.Layer):
        known = kind.__module__.startswith("keras.")
        return (known and operation_rules.RULES.get(kind.__name__)) or layer_rules.unknown
    if kind is keras.layers.TimeDistributed:
        return time_distributed
    # A subclass of the user's own may do anything in its call.
    return (
        _LAYERS.get(kind) or _NAMED.get(f"{kind.__module__}.{kind.__name__}") or layer_rules.unknown
    )
