"""What acts on each entry, or on the places of each channel alike: activations, pooling, sums."""

import numpy as np

from course_utils.backend import keras
from course_utils.structure.calls import Call, Flows, channel_axis, fixed, layer_axes, long_axes
from course_utils.structure.ids import Flow

_L = keras.layers


def passes(call: Call) -> Flow:
    """Entry by entry, and 0 stays 0."""
    return call.passed()


def entrywise(call: Call) -> Flow:
    """A function of each entry that moves 0."""
    return call.passed(silent=False)


def undefined_at_0(call: Call) -> Flows:
    """A function of each entry that has no value at 0, where a removed channel may be."""
    if call.x.silent and call.x.free:
        return call.refuse("has no value at 0, where removed channels would be")
    return entrywise(call)


def activation(call: Call) -> Flow:
    """A function of each entry, unless it mixes channels."""
    return call.passed(call.activated(call.x.ids, call.layer.activation))


def dropped(call: Call) -> Flow:
    """Zeros by chance; where a shape is given for these, it must not count channels."""
    shape = tuple(n or 1 for n in call.layer.noise_shape or ())
    x = call.beside(call.x, long_axes(shape, len(call.x.shape)))
    return x or call.fix(call.x, "has their number in its noise_shape, where None does as well")


def relu(call: Call) -> Flow:
    """Cut at a threshold: 0 stays 0, unless a slope below it leads elsewhere."""
    return call.passed(call.layer.threshold <= 0 or not call.layer.negative_slope)


def rescaling(call: Call) -> Flow:
    """Multiply and add numbers; where there is one for each channel nothing goes."""
    scale, offset = np.asarray(call.layer.scale), np.asarray(call.layer.offset)
    if call.x.free and (scale.size > 1 or offset.size > 1):
        return call.fix(call.x, "has a number of its own for each of them")
    return call.passed(not offset.any())


def masking(call: Call) -> Flow:
    """Hide the steps where all channels have a value: 0, which removed ones have, or nothing."""
    if call.x.free and (call.layer.mask_value != 0 or not call.x.silent):
        return call.fix(call.x, "hides steps by the value of all of them")
    return call.passed()


def clip(call: Call) -> Flows:
    """Cut at two numbers; where there is one for each channel nothing goes."""
    if np.size(call.layer.x_min) > 1 or np.size(call.layer.x_max) > 1:
        return call.refuse("has a number of its own for each of them")
    return entrywise(call)


def softmax(call: Call) -> Flows:
    """Exponentials over their sum: what is normalized over cannot go."""
    axis, masks = call.layer.axis, call.flows[1:]
    rank = len(call.x.shape)
    axes = [one for mask in masks for one in long_axes((None, *mask.shape), rank)]
    x = None if axis is None else call.beside(call.x, [*layer_axes(axis, call.x), *axes])
    if x is None:
        return call.refuse("normalizes over the channels, so that all depend on each")
    return Flow(call.shapes[0], x.ids, silent=False)


def spatial(call: Call) -> Flows:
    """Anything that works on the places of an image, on every channel alike."""
    axis = channel_axis(call.layer, call.x)
    if set(call.x.varying) - {axis} and axis not in call.x.varying:
        return call.refuse("works along the axis on which they lie")
    x = call.level(call.x, set(call.x.varying) - {axis})
    silent = x.silent and not getattr(call.layer, "fill_value", 0)  # of Resizing
    return Flow(call.shapes[0], x.ids, silent)


def pooled(call: Call) -> Flow:
    """One number for each channel, from all places."""
    axis = channel_axis(call.layer, call.x)
    ids = call.vector(call.x, axis)
    out = axis if getattr(call.layer, "keepdims", False) else 0
    return call.out(out, ids, call.x.silent)


def reduced(call: Call) -> Flows:
    """Mean, sum, largest over axes: of places, not of channels."""
    axis = call.layer.axis
    axes = [-1] if axis is None else layer_axes(axis, call.x)
    x = None if -1 in axes else call.beside(call.x, axes)
    if x is None:
        of_examples = axis is not None and -1 in axes
        return call.refuse(f"reduces the axis {'of examples' if of_examples else _THEIRS}")
    moves = type(call.layer).__name__ == "Logsumexp"  # of zeros it is the log of their number
    silent = x.silent and not moves and getattr(call.layer, "initial", None) is None
    gone = () if getattr(call.layer, "keepdims", False) else tuple(axes)
    return Flow(call.shapes[0], x.ids.squeeze(gone), silent)


def summed(call: Call) -> Flows:
    """A sum also over channels, to which a zero adds nothing."""
    axis, x = call.layer.axis, call.x
    axes = set(range(len(x.shape))) if axis is None else set(layer_axes(axis, x))
    if x.silent and set(x.varying) and set(x.varying) <= axes:
        return fixed(call.shapes[0])
    return reduced(call)


_THEIRS = "on which they lie"
_PASSING = (
    "SpatialDropout1D SpatialDropout2D SpatialDropout3D GaussianDropout GaussianNoise "
    "ActivityRegularization Identity LeakyReLU ELU"
)
_ZERO_STAYS = (
    "Relu Relu6 Silu Gelu Tanh Elu Selu Celu LeakyRelu HardSilu HardTanh Softsign Absolute "
    "Abs ZerosLike Negative Square Sqrt Sign Sin Tan Expm1 Log1p Cast SaturateCast "
    "ConvertToTensor StopGradient Copy"
)
_ZERO_MOVES = "Sigmoid HardSigmoid LogSigmoid Softplus Exp Cos OnesLike"
_SPATIAL = [
    f"{kind}{n}D"
    for kind in (
        *("MaxPooling", "AveragePooling", "AdaptiveMaxPooling", "AdaptiveAveragePooling"),
        *("Cropping", "ZeroPadding", "UpSampling"),
    )
    for n in (1, 2, 3)
] + ["Resizing", "CenterCrop"]
_POOLED = [f"Global{kind}Pooling{n}D" for kind in ("Max", "Average") for n in (1, 2, 3)]

RULES = {
    **{getattr(_L, name): passes for name in _PASSING.split()},
    **{getattr(_L, name): spatial for name in _SPATIAL if hasattr(_L, name)},
    **{getattr(_L, name): pooled for name in _POOLED},
    **dict.fromkeys((_L.Dropout, _L.AlphaDropout), dropped),
    _L.Activation: activation,
    _L.ReLU: relu,
    _L.Rescaling: rescaling,
    _L.Masking: masking,
    _L.Softmax: softmax,
}
# Layers inside Keras's own applications, which it does not export, by name.
NAMED_RULES = {"StochasticDepth": passes}  # of ConvNeXt
# Of functions that stand in neither list it is tried what they do: these are only quicker.
OPERATIONS = {
    **dict.fromkeys(_ZERO_STAYS.split(), passes),
    **dict.fromkeys(_ZERO_MOVES.split(), entrywise),
    **dict.fromkeys(("Log", "Log2", "Log10", "Rsqrt", "Reciprocal"), undefined_at_0),
    **dict.fromkeys(("Mean", "Max", "Min", "Amax", "Amin", "Var", "Std", "Prod"), reduced),
    **dict.fromkeys(("Any", "All", "CountNonzero", "Median", "Logsumexp"), reduced),
    "Sum": summed,
    **dict.fromkeys(("MaxPool", "AveragePool", "Resize"), spatial),
    **dict.fromkeys(("AdaptiveMaxPool", "AdaptiveAveragePool"), spatial),
    "ReLU": relu,  # of keras.activations
    "Clip": clip,
    "Softmax": softmax,
    "LogSoftmax": softmax,
}
