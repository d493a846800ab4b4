"""What the operations of keras.ops do with channels, where a Functional model calls them itself."""

from collections.abc import Callable

import numpy as np

from course_utils.structure.calls import Call, Flows, Kept, fixed, layer_axes
from course_utils.structure.ids import Flow
from course_utils.structure.rules.shapes import (
    concatenate,
    joined,
    passes,
    permute,
    reshape,
    reshaped,
    softmax,
)


def entrywise(call: Call) -> Flow:
    """A function of each entry that moves 0."""
    return call.passed(silent=False)


def clip(call: Call) -> Flows:
    """Cut at two numbers; where there is one for each channel nothing goes."""
    if np.size(call.layer.x_min) > 1 or np.size(call.layer.x_max) > 1:
        return call.refuse("has a number of its own for each of them")
    return entrywise(call)


def undefined_at_0(call: Call) -> Flows:
    """A function of each entry that has no value at 0, where a removed channel may be."""
    if call.x.silent and call.x.free:
        return call.refuse("has no value at 0, where removed channels would be")
    return entrywise(call)


def added(call: Call) -> Flows:
    """x + y, x - y, the larger one: of two tensors, or of one and a number."""
    return _combined(call, lambda silent, numbers: all(silent) and not any(numbers))


def multiplied(call: Call) -> Flows:
    """x · y: 0 if either is."""
    return _combined(call, lambda silent, numbers: any(silent) or 0 in numbers)


def divided(call: Call) -> Flows:
    """x / y: 0 if x is, and y never."""
    divisor = [*call.arguments, *call.options.values()][1]
    if isinstance(divisor, Flow) and divisor.silent and divisor.free:
        return call.refuse("divides by what would be 0 where channels are removed")
    return _combined(
        call, lambda silent, numbers: isinstance(call.arguments[0], Flow) and silent[0]
    )


def power(call: Call) -> Flows:
    """x to the power of a number above 0."""
    exponent = [*call.arguments, *call.options.values()][1]
    if isinstance(exponent, Flow) or np.size(exponent) > 1 or not np.all(np.asarray(exponent) > 0):
        return call.refuse("is a power that may have no value at 0")
    return call.passed()


def reduced(call: Call) -> Flows:
    """Mean, sum, largest over axes: of places, not of channels."""
    x = call.x
    axes = [-1] if call.layer.axis is None else layer_axes(call.layer.axis, x)
    if -1 in axes or set(axes) & set(x.varying):
        return call.refuse("reduces the axis on which they lie")
    silent = x.silent and getattr(call.layer, "initial", None) is None
    gone = () if call.layer.keepdims else tuple(axes)
    return Flow(call.shapes[0], x.ids.squeeze(gone), silent)


def squeeze(call: Call) -> Flow:
    """Axes of length 1 go: those that are 1 long now, not one where one channel is left."""
    ones = [axis + 1 for axis, length in enumerate(call.x.shape) if length == 1]
    if call.layer.axis is None:
        call.edits.append(lambda config, kept: config.update(axis=ones))
    return reshaped(call)


def split(call: Call) -> Flows:
    """Pieces along an axis; of each something stays."""
    x, (axis,) = call.x, layer_axes(call.layer.axis, call.x)
    if axis < 0 or set(x.varying) - {axis} or x.shape[axis] is None:
        if axis >= 0 and axis not in x.varying:
            return [Flow(shape, x.ids, x.silent) for shape in call.shapes]
        return call.refuse("splits another axis than that of channels")
    parts = np.split(x.vector(axis), call.layer.indices_or_sections)
    call.narrow.extend(parts)

    def edit(config: dict, kept: Kept) -> None:
        ends = np.cumsum([int(kept(part).sum()) for part in parts])
        config["indices_or_sections"] = [int(end) for end in ends[:-1]]

    call.edits.append(edit)
    return [call.out(axis, part, x.silent, index) for index, part in enumerate(parts)]


def get_item(call: Call) -> Flows:
    """A part of a tensor: slices of step 1 along channels, anything along the other axes."""
    x, key = call.x, call.arguments[1] if len(call.arguments) > 1 else call.options["key"]
    keys = _full_key(key, len(x.shape) + 1)
    if keys is None or keys[0] != slice(None):
        return call.refuse("takes a part in a way that is not known")
    if not x.varying:
        return fixed(call.shapes[0]) if not x.free else call.refuse("takes a part of one channel")
    (axis,) = x.varying
    part = keys[axis + 1]
    if part == slice(None):
        ids = x.ids[tuple(k if isinstance(k, int) else slice(None) for k in _compact(keys, axis))]
        return Flow(call.shapes[0], ids, x.silent)
    if not isinstance(part, slice) or part.step not in (None, 1) or "key" in call.options:
        return call.refuse("picks single channels")
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


def pad(call: Call) -> Flows:
    """Zeros around: along channels they are channels that cannot go."""
    x, widths = call.x, [tuple(pair) for pair in call.layer.pad_width]
    if len(widths) != len(x.shape) + 1 or not x.varying:
        return call.refuse("pads in a way that is not known") if x.free else fixed(call.shapes[0])
    (axis,) = x.varying
    if call.layer.mode != "constant" and widths[axis + 1] != (0, 0):
        return call.refuse("repeats some of them")
    return call.out(axis, np.pad(x.vector(axis), widths[axis + 1]), False)


def _combined(call: Call, are_silent: Callable[[list[bool], list[float]], bool]) -> Flows:
    others = [a for a in (*call.arguments, *call.options.values()) if not isinstance(a, Flow)]
    arrays = [np.asarray(a) for a in others if a is not None]
    if any(array.dtype == object for array in arrays):
        return call.refuse("combines them with something that is not known")
    if any(array.size > 1 for array in arrays):
        return call.refuse("has a number of its own for each of them")
    numbers = [float(array.reshape(())) for array in arrays]
    return joined(call, lambda silent: are_silent(silent, numbers))


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
    **dict.fromkeys(_SILENT.split(), passes),
    **dict.fromkeys(_ENTRYWISE.split(), entrywise),
    **dict.fromkeys(("Log", "Log2", "Log10", "Rsqrt", "Reciprocal"), undefined_at_0),
    **dict.fromkeys(("Add", "Subtract", "Maximum", "Minimum"), added),
    **dict.fromkeys(("Divide", "TrueDivide"), divided),
    **dict.fromkeys(("Mean", "Sum", "Max", "Min", "Amax", "Amin", "Var", "Std"), reduced),
    "Clip": clip,
    "Multiply": multiplied,
    "Power": power,
    "Reshape": reshape,
    "Transpose": permute,
    "Squeeze": squeeze,
    "ExpandDims": reshaped,
    "Concatenate": concatenate,
    "Split": split,
    "GetItem": get_item,
    "Pad": pad,
    "Softmax": softmax,
    "LogSoftmax": softmax,
}
