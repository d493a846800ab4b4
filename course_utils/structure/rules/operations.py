"""What the operations of keras.ops do with channels, where a Functional model calls them itself."""

from collections.abc import Callable

import numpy as np

from course_utils.structure.calls import Call, Kept, fixed, layer_axes
from course_utils.structure.ids import Flow
from course_utils.structure.rules.shapes import joined, reshaped, stacked


def silent(call: Call) -> Flow:
    """A function of each entry with f(0) = 0."""
    return Flow(call.shapes[0], call.x.ids, call.x.silent)


def entrywise(call: Call) -> Flow:
    """A function of each entry that moves 0."""
    return Flow(call.shapes[0], call.x.ids, False)


def clip(call: Call) -> Flow:
    """Cut at two numbers; where there is one for each channel nothing goes."""
    if np.size(call.layer.x_min) > 1 or np.size(call.layer.x_max) > 1:
        return _refused(call, "has a number of its own for each of them")[0]
    return entrywise(call)


def undefined_at_0(call: Call) -> Flow:
    """A function of each entry that has no value at 0, where a removed channel may be."""
    if call.x.silent and call.x.free:
        return _refused(call, "has no value at 0, where removed channels would be")[0]
    return entrywise(call)


def added(call: Call) -> Flow:
    """x + y, x - y, the larger one: of two tensors, or of one and a number."""
    return _combined(call, lambda silent, numbers: all(silent) and not any(numbers))


def multiplied(call: Call) -> Flow:
    """x · y: 0 if either is."""
    return _combined(call, lambda silent, numbers: any(silent) or 0 in numbers)


def divided(call: Call) -> Flow:
    """x / y: 0 if x is, and y never."""
    divisor = [*call.arguments, *call.options.values()][1]
    if isinstance(divisor, Flow) and divisor.silent and divisor.free:
        return _refused(call, "divides by what would be 0 where channels are removed")[0]
    return _combined(
        call, lambda silent, numbers: isinstance(call.arguments[0], Flow) and silent[0]
    )


def power(call: Call) -> Flow:
    """x to the power of a number above 0."""
    exponent = [*call.arguments, *call.options.values()][1]
    if isinstance(exponent, Flow) or np.size(exponent) > 1 or not np.all(np.asarray(exponent) > 0):
        return _refused(call, "is a power that may have no value at 0")[0]
    return silent(call)


def reduced(call: Call) -> Flow:
    """Mean, sum, largest over axes: of places, not of channels."""
    x = call.x
    axes = [-1] if call.layer.axis is None else layer_axes(call.layer.axis, x)
    if -1 in axes or set(axes) & set(x.varying):
        call.fix(x, "reduces the axis on which they lie")
        return fixed(call.shapes[0])
    silent = x.silent and getattr(call.layer, "initial", None) is None
    if call.layer.keepdims:
        return Flow(call.shapes[0], x.ids, silent)
    return Flow(call.shapes[0], x.ids.squeeze(tuple(axes)) if axes else x.ids, silent)


def reshape(call: Call) -> Flow:
    """The same entries in another shape."""
    flow = reshaped(call, call.x)
    for axis in flow.varying:
        call.edits.append(_newshape(axis + 1, flow.vector(axis)))
    return flow


def transpose(call: Call) -> Flow:
    """Axes in another order; the batch stays the first one."""
    rank = len(call.x.shape) + 1
    order = [a % rank for a in call.layer.axes or reversed(range(rank))]
    if order[0] != 0:
        call.fix(call.x, "moves the axis of examples")
        return fixed(call.shapes[0])
    return Flow(
        call.shapes[0], call.x.ids.transpose([axis - 1 for axis in order[1:]]), call.x.silent
    )


def squeeze(call: Call) -> Flow:
    """Axes of length 1 go: those that are 1 long now, not one where one channel is left."""
    ones = [axis + 1 for axis, length in enumerate(call.x.shape) if length == 1]
    if call.layer.axis is None:
        call.edits.append(lambda config, kept: config.update(axis=ones))
    return reshaped(call, call.x)


def expand_dims(call: Call) -> Flow:
    """Axes of length 1 come."""
    return reshaped(call, call.x)


def concatenate(call: Call) -> Flow:
    """Side by side along an axis."""
    return stacked(call, layer_axes(call.layer.axis, call.x)[0])


def split(call: Call) -> list[Flow]:
    """Pieces along an axis; of each something stays."""
    x, (axis,) = call.x, layer_axes(call.layer.axis, call.x)
    if axis < 0 or set(x.varying) - {axis} or x.shape[axis] is None:
        if axis >= 0 and axis not in x.varying:
            return [Flow(shape, x.ids, x.silent) for shape in call.shapes]
        return _refused(call, "splits another axis than that of channels")
    parts = np.split(x.vector(axis), call.layer.indices_or_sections)
    call.narrow.extend(parts)

    def edit(config: dict, kept: Kept) -> None:
        ends = np.cumsum([int(kept(part).sum()) for part in parts])
        config["indices_or_sections"] = [int(end) for end in ends[:-1]]

    call.edits.append(edit)
    return [call.out(axis, part, x.silent, index) for index, part in enumerate(parts)]


def get_item(call: Call) -> Flow:
    """A part of a tensor: slices of step 1 along channels, anything along the other axes."""
    x, key = call.x, call.arguments[1] if len(call.arguments) > 1 else call.options["key"]
    keys = _full_key(key, len(x.shape) + 1)
    if keys is None or keys[0] != slice(None):
        return _refused(call, "takes a part in a way that is not known")[0]
    if not x.varying:
        return _whole(call) if not x.free else _refused(call, "takes a part of one channel")[0]
    (axis,) = x.varying
    part = keys[axis + 1]
    if part == slice(None):
        ids = x.ids[tuple(k if isinstance(k, int) else slice(None) for k in _compact(keys, axis))]
        return Flow(call.shapes[0], ids, x.silent)
    if not isinstance(part, slice) or part.step not in (None, 1) or "key" in call.options:
        return _refused(call, "picks single channels")[0]
    start, stop, _ = part.indices(x.shape[axis])
    ids, taken = x.vector(axis), x.vector(axis)[start:stop]
    call.narrow.append(taken)

    def renewed(arguments: tuple, kept: Kept) -> tuple:
        first, count = int(kept(ids[:start]).sum()), int(kept(taken).sum())
        new = [*keys]
        new[axis + 1] = slice(first, first + count)
        return (arguments[0], tuple(new), *arguments[2:])

    call.new_arguments = renewed
    dropped = sum(isinstance(k, int) for k in keys[1 : axis + 1])
    return call.out(axis - dropped, taken, x.silent)


def pad(call: Call) -> Flow:
    """Zeros around: along channels they are channels that cannot go."""
    x, widths = call.x, [tuple(pair) for pair in call.layer.pad_width]
    if len(widths) != len(x.shape) + 1 or not x.varying:
        return _refused(call, "pads in a way that is not known")[0] if x.free else _whole(call)
    (axis,) = x.varying
    if call.layer.mode != "constant" and widths[axis + 1] != (0, 0):
        return _refused(call, "repeats some of them")[0]
    return call.out(axis, np.pad(x.vector(axis), widths[axis + 1]), False)


def softmax(call: Call) -> Flow:
    """Exponentials over their sum."""
    axis = call.layer.axis
    if axis is None or set(layer_axes(axis, call.x)) & set(call.x.varying):
        return _refused(call, "normalizes over the channels, so that all depend on each")[0]
    return entrywise(call)


def _combined(call: Call, are_silent: Callable[[list[bool], list[float]], bool]) -> Flow:
    others = [a for a in (*call.arguments, *call.options.values()) if not isinstance(a, Flow)]
    arrays = [np.asarray(a) for a in others if a is not None]
    if any(array.dtype == object for array in arrays):
        return _refused(call, "combines them with something that is not known")[0]
    if any(array.size > 1 for array in arrays):
        return _refused(call, "has a number of its own for each of them")[0]
    numbers = [float(array.reshape(())) for array in arrays]
    return joined(call, lambda silent: are_silent(silent, numbers))


def _refused(call: Call, why: str) -> list[Flow]:
    for flow in call.flows:
        call.fix(flow, why)
    return [fixed(shape) for shape in call.shapes]


def _whole(call: Call) -> Flow:
    return fixed(call.shapes[0])


def _newshape(axis: int, ids: np.ndarray) -> Callable[[dict, Kept], None]:
    def edit(config: dict, kept: Kept) -> None:
        shape = [*config["newshape"]]
        if shape[axis] != -1:
            shape[axis] = int(kept(ids).sum())
        config["newshape"] = shape

    return edit


def _full_key(key: object, rank: int) -> list | None:
    """Return one entry an axis, without the dots; None for anything but slices and numbers."""
    keys = list(key) if isinstance(key, tuple | list) else [key]
    if not all(k is Ellipsis or isinstance(k, int | slice) for k in keys):
        return None
    if Ellipsis in keys:
        at = keys.index(Ellipsis)
        keys[at : at + 1] = [slice(None)] * (rank - len(keys) + 1)
    return keys + [slice(None)] * (rank - len(keys))


def _compact(keys: list, axis: int) -> list:
    """Return the key for compact ids: a number anywhere but along channels takes the first."""
    return [0 if isinstance(k, int) and a != axis else k for a, k in enumerate(keys[1:])]


_SILENT = (
    "Relu Relu6 Silu Gelu Tanh Elu Selu Celu LeakyRelu HardSilu HardTanh SoftShrink HardShrink "
    "TanhShrink Softsign Absolute Abs Negative Square Sqrt Sign Sin Tan Arcsin Arctan "
    "Sinh Arcsinh Expm1 Log1p Floor Ceil Round Trunc Cast StopGradient Copy"
)
_ENTRYWISE = (
    "Sigmoid HardSigmoid SparseSigmoid LogSigmoid Softplus SparsePlus Squareplus Exp Exp2 Cos Cosh "
    "Erf"
)

RULES = {
    **dict.fromkeys(_SILENT.split(), silent),
    **dict.fromkeys(_ENTRYWISE.split(), entrywise),
    **dict.fromkeys(("Log", "Log2", "Log10", "Rsqrt", "Reciprocal"), undefined_at_0),
    **dict.fromkeys(("Add", "Subtract", "Maximum", "Minimum"), added),
    **dict.fromkeys(("Divide", "TrueDivide"), divided),
    **dict.fromkeys(("Mean", "Sum", "Max", "Min", "Amax", "Amin", "Var", "Std"), reduced),
    "Clip": clip,
    "Multiply": multiplied,
    "Power": power,
    "Reshape": reshape,
    "Transpose": transpose,
    "Squeeze": squeeze,
    "ExpandDims": expand_dims,
    "Concatenate": concatenate,
    "Split": split,
    "GetItem": get_item,
    "Pad": pad,
    "Softmax": softmax,
    "LogSoftmax": softmax,
}
