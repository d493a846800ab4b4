"""What takes several tensors: entry by entry, or side by side."""

import math
from collections.abc import Callable

import numpy as np

from course_utils.backend import keras
from course_utils.structure.calls import Call, Flows, fixed, layer_axes, long_axes
from course_utils.structure.ids import Flow, compact

_L = keras.layers
Zeros = list[bool]  # of every argument whether it is 0 where a channel is removed


def added(call: Call) -> Flows:
    """Add, subtract, average, take the larger: channel by channel, so they go together."""
    return joined(call, all)


def multiplied(call: Call) -> Flows:
    """Multiply channel by channel: 0 if either factor is."""
    return joined(call, any)


def compared(call: Call) -> Flows:
    """Larger, equal, and the like: of two zeros it may be anything."""
    return joined(call, lambda zeros: False)


def chosen(call: Call) -> Flows:
    """One or the other, by a condition: 0 if both are."""
    return joined(call, lambda zeros: all(zeros[1:]))


def divided(call: Call) -> Flows:
    """x / y: 0 if x is, and y never."""
    divisor = [*call.arguments, *call.options.values()][1]
    if isinstance(divisor, Flow) and divisor.silent and divisor.free:
        return call.refuse("divides by what would be 0 where channels are removed")
    return joined(call, lambda zeros: zeros[0])


def power(call: Call) -> Flows:
    """x to the power of a number above 0."""
    exponent = [*call.arguments, *call.options.values()][1]
    if isinstance(exponent, Flow) or np.size(exponent) > 1 or not np.all(np.asarray(exponent) > 0):
        return call.refuse("is a power that may have no value at 0")
    return call.passed()


def joined(call: Call, is_silent: Callable[[Zeros], bool]) -> Flows:
    """Tie tensors that are combined entry by entry; one of length 1 spreads over the others.

    `is_silent` says for which arguments a zero must be there, so that the result is 0.
    """
    shape, rank = call.shapes[0], len(call.shapes[0])
    values = keras.tree.flatten((call.arguments, call.options))
    flows = {n: value for n, value in enumerate(values) if isinstance(value, Flow)}
    others: dict[int, tuple] = {}  # the shapes of numbers and arrays, with the batch
    for place, value in enumerate(values):
        if place in flows and len(flows[place].shape) != rank:
            if flows[place].free or len(flows[place].shape) > rank:
                return call.refuse("combines tensors with different numbers of axes")
            others[place] = (None, *flows.pop(place).shape)
        elif place not in flows and value is not None:
            size = _shape(value)
            if size is None:
                return call.refuse("combines them with something that is not known")
            others[place] = size
    own = {axis for size in others.values() for axis in long_axes(size, rank)}
    if type(call.layer).__name__ == "Add" and len(own) == 1:
        ends = {a for f in flows.values() for a in f.varying} & {0, rank - 1}
        length = math.prod(n or 1 for size in others.values() for n in size)
        if any(length <= shape[axis] for axis in ends - own):
            return call.refuse("adds a vector on another axis: Keras adds it to theirs if as long")
    level = {place: call.beside(flow, own) for place, flow in flows.items()}
    if None in level.values():
        return call.refuse("has a number of its own for each of them")
    # What cannot go keeps its axes as long as they are, and so do the others, if they may.
    stays = {a for f in flows.values() if not f.free for a in long_axes((None, *f.shape), rank)}
    level = {place: call.beside(flow, stays) or flow for place, flow in level.items()}
    zeros, whole = [_is_zero(values[n], others.get(n)) for n in range(len(values))], []
    varying = {axis for flow in level.values() for axis in flow.varying}
    for place, flow in level.items():
        spreads = bool(varying) and all(flow.shape[axis] == 1 for axis in varying)
        zeros[place] = flow.silent and not spreads
        if spreads:
            call.fix(flow, "spreads one channel over many")
        else:
            whole.append(flow.ids)
    for other in whole[1:]:
        call.ids.tie(whole[0], other, f"{call.label} combines them with what cannot go")
    return Flow(shape, whole[0], is_silent(zeros)) if whole else fixed(shape)


def concatenate(call: Call) -> Flows:
    """Side by side along an axis; on the other axes they go together."""
    flows, shape = _in_order(call), call.shapes[0]
    (axis,) = layer_axes(call.layer.axis, fixed(shape))
    if any(len(flow.shape) != len(shape) for flow in flows):
        return call.refuse("combines tensors with different numbers of axes")
    silent = all(flow.silent for flow in flows)
    if axis < 0 or not any(axis in flow.varying for flow in flows):
        first, *others = flows  # axis -1 is that of the examples
        for other in others:
            call.ids.tie(first.ids, other.ids, f"{call.label} joins them with what cannot go")
        return Flow(shape, first.ids, silent)
    if shape[axis] is None:
        return call.refuse("puts them side by side along an axis of unknown length")
    sizes = np.broadcast_shapes(*(_but(flow.ids.shape, axis, 1) for flow in flows))
    parts = [np.broadcast_to(f.ids, _but(sizes, axis, f.shape[axis])) for f in flows]
    return Flow(shape, compact(np.concatenate(parts, axis)), silent)


def stack(call: Call) -> Flows:
    """Along a new axis, which stays as long as it is: what lies on the others goes together."""
    flows, shape = _in_order(call), call.shapes[0]
    axis = call.layer.axis % (len(shape) + 1) - 1
    if axis < 0 or any(len(flow.shape) != len(shape) - 1 for flow in flows):
        return call.refuse("moves the axis of examples")
    first, *others = flows
    for other in others:
        call.ids.tie(first.ids, other.ids, f"{call.label} joins them with what cannot go")
    ids = np.broadcast_to(first.ids, np.broadcast_shapes(*(flow.ids.shape for flow in flows)))
    return Flow(shape, np.expand_dims(ids, axis), all(flow.silent for flow in flows))


def _in_order(call: Call) -> list[Flow]:
    """Return the tensors that are joined, arrays among them, which cannot go."""
    given = [*call.arguments, *call.options.values()][0]
    return [v if isinstance(v, Flow) else fixed(_shape(v)[1:]) for v in keras.tree.flatten(given)]


def _shape(value: object) -> tuple | None:
    """Return the shape of a number, an array or a variable; None of anything else."""
    if hasattr(value, "shape"):
        return tuple(value.shape)
    array = np.asarray(value)
    return None if array.dtype.kind in "OUS" else array.shape


def _is_zero(value: object, shape: tuple | None) -> bool:
    return shape == () and not isinstance(value, keras.Variable) and float(np.asarray(value)) == 0


def _but(shape: tuple, axis: int, length: int) -> tuple:
    return (*shape[:axis], length, *shape[axis + 1 :])


RULES = {
    **dict.fromkeys((_L.Add, _L.Subtract, _L.Average, _L.Maximum, _L.Minimum), added),
    _L.Multiply: multiplied,
    _L.Concatenate: concatenate,
}
NAMED_RULES = {"CustomScaleLayer": added}  # of InceptionResNet: x + number · y
OPERATIONS = {
    **dict.fromkeys(("Add", "Subtract", "Maximum", "Minimum"), added),
    **dict.fromkeys(("Divide", "TrueDivide"), divided),
    **dict.fromkeys(
        (
            *("Greater", "GreaterEqual", "Less", "LessEqual", "Equal", "NotEqual"),
            *("LogicalAnd", "LogicalOr", "LogicalXor", "Logaddexp", "Arctan2"),
        ),
        compared,
    ),
    "Multiply": multiplied,
    "DivideNoNan": multiplied,
    "Power": power,
    "Where": chosen,
    "Concatenate": concatenate,
    "Stack": stack,
}
