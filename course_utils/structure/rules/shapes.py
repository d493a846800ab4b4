"""What layers without weights do with channels: pass, pool, reshape, join, mix."""

import math
from collections.abc import Callable

import numpy as np

from course_utils.backend import keras
from course_utils.structure.calls import Call, Flows, Kept, channel_axis, fixed, layer_axes
from course_utils.structure.ids import Flow, compact

_L = keras.layers


def passes(call: Call) -> Flow:
    """Entry by entry, and 0 stays 0."""
    return call.passed()


def activation(call: Call) -> Flow:
    """A function of each entry, unless it mixes channels."""
    return call.passed(call.activated(call.x.ids, call.layer.activation))


def relu(call: Call) -> Flow:
    """Cut at a threshold: 0 stays 0, unless a slope below it leads elsewhere."""
    return call.passed(call.layer.threshold <= 0 or not call.layer.negative_slope)


def rescaling(call: Call) -> Flow:
    """Multiply and add numbers; where there is one for each channel nothing goes."""
    scale, offset = np.asarray(call.layer.scale), np.asarray(call.layer.offset)
    if call.x.free and (scale.size > 1 or offset.size > 1):
        return call.fix(call.x, "has a number of its own for each of them")
    return call.passed(not offset.any())


def softmax(call: Call) -> Flows:
    """Exponentials over their sum: what is normalized over cannot go."""
    axis = call.layer.axis
    if axis is None or set(layer_axes(axis, call.x)) & set(call.x.varying):
        return call.refuse("normalizes over the channels, so that all depend on each")
    return call.passed(silent=False)


def spatial(call: Call) -> Flows:
    """Anything that works on the places of an image, on every channel alike."""
    axis = channel_axis(call.layer, call.x)
    if set(call.x.varying) - {axis}:
        return call.refuse("works along the axis on which they lie")
    return call.passed(not getattr(call.layer, "fill_value", 0))  # of Resizing


def pooled(call: Call) -> Flow:
    """One number for each channel, from all places."""
    axis = channel_axis(call.layer, call.x)
    ids = call.vector(call.x, axis)
    out = axis if getattr(call.layer, "keepdims", False) else 0
    return call.out(out, ids, call.x.silent)


def flatten(call: Call) -> Flow:
    """All entries in one row: a channel becomes as many entries as it has places."""
    x = call.x
    if getattr(call.layer, "data_format", "") == "channels_first" and len(x.shape) > 1:
        x = Flow((*x.shape[1:], x.shape[0]), np.moveaxis(x.ids, 0, -1), x.silent)
    return reshaped(call, x)


def reshape(call: Call) -> Flow:
    """The same entries in another shape, which follows what is left."""
    flow = reshaped(call)
    # The layer's shape is without the batch, the operation's with it.
    key, first = ("target_shape", 0) if isinstance(call.layer, _L.Reshape) else ("newshape", 1)
    for axis in flow.varying:
        call.edits.append(_shape_edit(key, axis + first, flow.vector(axis)))
    return flow


def reshaped(call: Call, x: Flow | None = None) -> Flow:
    """The same entries, of x or of what comes in, in the shape of the output.

    Where sizes are not known the last axis may still be the same one.
    """
    x, shape = x or call.x, call.shapes[0]
    if not x.varying and not x.ids.any():
        return fixed(shape)
    if None in (*x.shape, *shape) or math.prod(x.shape) != math.prod(shape):
        last = len(x.shape) - 1
        if x.varying == (last,) and shape[-1] == x.shape[-1]:
            return Flow(shape, x.ids.reshape([1] * (len(shape) - 1) + [-1]), x.silent)
        call.fix(x, "reshapes them in a way that is not known")
        return fixed(shape)
    ids = np.broadcast_to(x.ids, x.shape).reshape(shape)
    return Flow(shape, compact(call.settled(compact(ids))), x.silent)


def permute(call: Call) -> Flows:
    """Axes in another order; the batch stays the first one."""
    rank, dims = len(call.x.shape) + 1, getattr(call.layer, "dims", None)  # of the layer
    axes = (0, *dims) if dims else call.layer.axes or reversed(range(rank))
    first, *order = (axis % rank for axis in axes)
    if first != 0:
        return call.refuse("moves the axis of examples")
    return Flow(call.shapes[0], call.x.ids.transpose([a - 1 for a in order]), call.x.silent)


def repeat_vector(call: Call) -> Flow:
    """The same vector at every step."""
    return Flow(call.shapes[0], call.x.ids[None], call.x.silent)


def added(call: Call) -> Flows:
    """Add, subtract, average, take the larger: channel by channel, so they go together."""
    return joined(call, all)


def multiplied(call: Call) -> Flows:
    """Multiply channel by channel: 0 if either factor is."""
    return joined(call, any)


def joined(call: Call, are_silent: Callable[[list[bool]], bool]) -> Flows:
    """Tie tensors that are combined entry by entry; one of length 1 spreads over the others.

    `are_silent` says for which of them a zero must be there, so that the result is 0: all, or any.
    """
    flows, shape = call.flows, call.shapes[0]
    if any(len(flow.shape) != len(shape) for flow in flows):
        return call.refuse("combines tensors with different numbers of axes")
    varying = {axis for flow in flows for axis in flow.varying}
    spread = [bool(varying) and all(f.shape[axis] == 1 for axis in varying) for f in flows]
    for flow, spreads in zip(flows, spread, strict=True):
        if spreads:
            call.fix(flow, "spreads one channel over many")
    whole = [flow.ids for flow, spreads in zip(flows, spread, strict=True) if not spreads]
    for other in whole[1:]:
        call.ids.tie(whole[0], other, f"{call.label} combines them with what cannot go")
    silent = [flow.silent and not spreads for flow, spreads in zip(flows, spread, strict=True)]
    return Flow(shape, whole[0], are_silent(silent))


def concatenate(call: Call) -> Flows:
    """Side by side along an axis; on the other axes they go together."""
    flows, shape = call.flows, call.shapes[0]
    (axis,) = layer_axes(call.layer.axis, call.x)  # that of the batch is -1
    varying = {a for flow in flows for a in flow.varying}
    if axis < 0 or shape[axis] is None or (varying - {axis} and axis in varying):
        return call.refuse("puts them side by side along an axis where that is not known")
    silent = all(flow.silent for flow in flows)
    if varying - {axis}:
        first, *others = flows
        for other in others:
            call.ids.tie(first.ids, other.ids, f"{call.label} joins them with what cannot go")
        return Flow(shape, first.ids, silent)
    lengths = [
        np.broadcast_to(f.ids, [f.shape[axis] if a == axis else 1 for a in range(len(shape))])
        for f in flows
    ]
    return Flow(shape, compact(np.concatenate(lengths, axis)), silent)


def _shape_edit(key: str, axis: int, ids: np.ndarray) -> Callable[[dict, Kept], None]:
    def edit(config: dict, kept: Kept) -> None:
        shape = list(config[key])
        if shape[axis] != -1:
            shape[axis] = int(kept(ids).sum())
        config[key] = shape

    return edit


_PASSING = (
    "Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D GaussianDropout GaussianNoise "
    "AlphaDropout ActivityRegularization Identity LeakyReLU ELU"
)
_SPATIAL = [
    f"{kind}{n}D"
    for kind in ("MaxPooling", "AveragePooling", "Cropping", "ZeroPadding", "UpSampling")
    for n in (1, 2, 3)
] + ["Resizing", "CenterCrop"]
_POOLED = [f"Global{kind}Pooling{n}D" for kind in ("Max", "Average") for n in (1, 2, 3)]

RULES = {
    **{getattr(_L, name): passes for name in _PASSING.split()},
    **{getattr(_L, name): spatial for name in _SPATIAL},
    **{getattr(_L, name): pooled for name in _POOLED},
    _L.Activation: activation,
    _L.ReLU: relu,
    _L.Rescaling: rescaling,
    _L.Softmax: softmax,
    _L.Flatten: flatten,
    _L.Reshape: reshape,
    _L.Permute: permute,
    _L.RepeatVector: repeat_vector,
    **dict.fromkeys((_L.Add, _L.Subtract, _L.Average, _L.Maximum, _L.Minimum), added),
    _L.Multiply: multiplied,
    _L.Concatenate: concatenate,
}
# Layers inside Keras's own applications, which it does not export, by name.
NAMED_RULES = {
    "StochasticDepth": passes,  # of ConvNeXt
    "CustomScaleLayer": added,  # of InceptionResNet: x + number · y
}
