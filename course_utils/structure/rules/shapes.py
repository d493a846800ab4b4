"""What changes a tensor's form: reshape, transpose, add axes, repeat, turn round, shuffle."""

import math

import numpy as np

from course_utils.backend import keras
from course_utils.structure.calls import Call, Flows, Kept, channel_axis, fixed, layer_axes, left
from course_utils.structure.ids import Flow, compact

_L = keras.layers


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
    _shape_follows(call, key, first, flow)
    return flow


def reshaped(call: Call, x: Flow | None = None) -> Flow:
    """The same entries, of x or of what comes in, in the shape of the output.

    Only the last axes are looked at, as many as hold all differences: what is before them may be
    of unknown size. Ids may depend on several axes then: the reader settles on one.
    """
    x, shape = x or call.x, call.shapes[0]
    if not x.varying:
        return Flow(shape, x.ids.reshape([1] * len(shape)), x.silent)
    ends = _same_ends(x, shape)
    if ends is None:
        call.fix(x, "reshapes them in a way that is not known")
        return fixed(shape)
    old, new = ends
    ids = x.ids.reshape(x.ids.shape[len(x.shape) - old :])  # on the axes before they do not depend
    ids = np.broadcast_to(ids, x.shape[len(x.shape) - old :]).reshape(shape[len(shape) - new :])
    return Flow(shape, compact(ids.reshape([1] * (len(shape) - new) + [*ids.shape])), x.silent)


def permute(call: Call) -> Flows:
    """Axes in another order, which an empty tensor tells whose sizes are the axes' numbers."""
    x, before = call.x.turned or (call.x, range(len(call.x.shape) + 1))
    numbers = call.layer.call(np.empty(range(len(before)), "float32")).shape
    first, *order = (before[axis] for axis in numbers)
    if not x.free:
        return fixed(call.shapes[0])
    if first != 0:
        return Flow(call.shapes[0], np.unique(x.ids), x.silent, (x, (first, *order)))
    return Flow(call.shapes[0], x.ids.transpose([a - 1 for a in order]), x.silent)


def expand_dims(call: Call) -> Flows:
    """New axes of length 1."""
    made = fixed(call.shapes[0])
    axes = layer_axes(call.layer.axis, made)
    if -1 in axes:
        return call.refuse("moves the axis of examples")
    return Flow(made.shape, np.expand_dims(call.x.ids, axes), call.x.silent)


def squeeze(call: Call) -> Flow:
    """Axes of length 1 go: those that are 1 long now, not one where one channel is left."""
    ones = [axis + 1 for axis, length in enumerate(call.x.shape) if length == 1]
    if call.layer.axis is None:
        call.edits.append(lambda config, kept: config.update(axis=ones))
    else:
        ones = [axis + 1 for axis in layer_axes(call.layer.axis, call.x)]
    if 0 in ones or len(ones) != len(call.x.shape) - len(call.shapes[0]):
        return call.fix(Flow(call.shapes[0], call.x.ids), "takes away the axis of examples")
    return Flow(call.shapes[0], call.x.ids.squeeze(tuple(a - 1 for a in ones)), call.x.silent)


def broadcast_to(call: Call) -> Flows:
    """Spread over axes that were 1 long."""
    x, shape = call.x, call.shapes[0]
    if len(x.shape) != len(shape):
        return call.refuse("moves the axis of examples")
    flow = Flow(shape, x.ids, x.silent)
    _shape_follows(call, "shape", 1, flow)
    return flow


def part(call: Call) -> Flows:
    """keras.ops.slice: a part of some axes, and the whole of those on which channels lie."""
    x, sizes = call.x, call.layer.shape
    starts = [*call.arguments, *call.options.values()][1]
    if len(call.flows) > 1 or np.ndim(starts) != 1:
        return call.refuse("takes a part in a way that is not known")
    parts = (starts[1:], sizes[1:], x.shape)
    whole = [start == 0 and size in (-1, n) for start, size, n in zip(*parts, strict=True)]
    x = call.beside(x, [axis for axis, all_of_it in enumerate(whole) if not all_of_it])
    if x is None:
        return call.refuse("picks single channels")
    flow = Flow(call.shapes[0], x.ids, x.silent)
    _shape_follows(call, "shape", 1, flow)
    return flow


def tile(call: Call) -> Flows:
    """All of it several times along an axis."""
    x, repeats = call.x, call.layer.repeats
    repeats = [repeats] if isinstance(repeats, int) else [*repeats]
    if len(repeats) > len(x.shape) + 1:
        return call.refuse("adds axes before that of examples")
    times = [*[1] * len(x.shape), *repeats][-len(x.shape) :] if x.shape else []
    ids = np.tile(x.ids, [n if axis in x.varying else 1 for axis, n in enumerate(times)])
    return Flow(call.shapes[0], ids, x.silent)


def repeat(call: Call) -> Flows:
    """Every entry several times in a row along an axis."""
    x, axis = call.x, call.layer.axis
    if axis is None:
        return call.refuse("moves the axis of examples")
    (axis,) = layer_axes(axis, x)
    if axis not in x.varying:
        return Flow(call.shapes[0], x.ids, x.silent)
    if np.size(call.layer.repeats) > 1:
        return call.refuse("has a number of its own for each of them")
    times = int(np.reshape(call.layer.repeats, ()))
    return Flow(call.shapes[0], np.repeat(x.ids, times, axis), x.silent)


def flip(call: Call) -> Flow:
    """The other way round: what is left is so, too."""
    axis = call.layer.axis
    axes = range(len(call.x.shape)) if axis is None else layer_axes(axis, call.x)
    ids = np.flip(call.x.ids, [a for a in axes if a >= 0])
    return Flow(call.shapes[0], ids, call.x.silent)


def depth_to_space(call: Call) -> Flows:
    """Every channel of the result from as many as a block has places: these go together."""
    axis = channel_axis(call.layer, call.x)
    ids = call.vector(call.x, axis).reshape(call.layer.block_size**2, -1)
    return call.out(axis, call.level(Flow(ids.shape, ids), [0]).ids[0], call.x.silent)


def space_to_depth(call: Call) -> Flows:
    """Every channel becomes as many as a block has places."""
    axis = channel_axis(call.layer, call.x)
    ids = np.tile(call.vector(call.x, axis), call.layer.block_size**2)
    return call.out(axis, ids, call.x.silent)


def _same_ends(x: Flow, shape: tuple) -> tuple[int, int] | None:
    """Return how many last axes, of x and of the output, hold the same entries: all that differ."""
    old, new = len(x.shape) - x.varying[0], 0
    while None not in (ends := (*x.shape[len(x.shape) - old :], *shape[len(shape) - new :])):
        before, after = math.prod(ends[:old]), math.prod(ends[old:])
        if before == after:
            return old, new
        if before < after:
            old += 1
        else:
            new += 1
        if old > len(x.shape) or new > len(shape):
            break
    return None


def _shape_follows(call: Call, key: str, first: int, flow: Flow) -> None:
    """Say that a shape in the config follows what is left of a tensor; -1 follows by itself."""

    def edit(config: dict, kept: Kept) -> None:
        shape = list(config[key])
        for axis in flow.varying:
            if shape[axis + first] != -1:
                shape[axis + first] = left(kept, flow.ids, axis, flow.shape[axis])
        config[key] = shape

    if flow.varying:
        call.edits.append(edit)


OF_TURNED = (permute,)
RULES = {
    _L.Flatten: flatten,
    _L.Reshape: reshape,
    _L.Permute: permute,
}
OPERATIONS = {
    "Reshape": reshape,
    **dict.fromkeys(("Transpose", "Moveaxis", "Swapaxes"), permute),
    "ExpandDims": expand_dims,
    "Squeeze": squeeze,
    "BroadcastTo": broadcast_to,
    "Slice": part,
    "Tile": tile,
    "Repeat": repeat,
    "Flip": flip,
    "DepthToSpace": depth_to_space,
    "SpaceToDepth": space_to_depth,
}
