"""What normalizations do with channels: scale each by itself, or mix them all."""

import numpy as np

from course_utils.backend import keras
from course_utils.structure.calls import Call, layer_axes
from course_utils.structure.ids import Flow

_L = keras.layers
_ROLES = {
    "gamma": "scales", "scale": "scales", "beta": "shifts",
    "moving_mean": "keeps", "moving_variance": "keeps",
}  # fmt: skip


def batch_norm(call: Call) -> Flow:
    """Scale and shift each channel by itself."""
    layer, x = call.layer, call.x
    axis = layer_axes(layer.axis, x)[0]
    if x.varying and axis not in x.varying:
        return call.passed(silent=False)  # shifted by what lies on its own axis
    ids = call.vector(x, axis)
    _slice_all(call, 0, ids)
    return call.out(axis, ids, bool(layer.scale))


def mixing_norm(call: Call) -> Flow:
    """Normalize over channels: if some go, the mean and the variance of the others change."""
    layer, x = call.layer, call.x
    axes = layer_axes(layer.axis, x)
    others = call.beside(x, axes)
    if others is not None:
        return Flow(x.shape, others.ids, silent=False)
    if not call.inexact or not isinstance(layer, keras.Layer):  # factors are arrays elsewhere
        return call.fix(x, "normalizes over the channels, so that all depend on each")
    axis = x.varying[-1]
    ids = call.vector(x, axis)
    _slice_all(call, sorted(axes).index(axis), ids)
    return call.out(axis, ids, x.silent)


def group_norm(call: Call) -> Flow:
    """Normalize within groups of channels: whole groups go."""
    layer, x = call.layer, call.x
    axis = layer_axes(layer.axis, x)[0]
    ids = call.vector(x, axis)
    groups = ids.reshape(layer.groups, -1)
    call.ids.tie(groups, groups[:, :1], f"{call.label} has groups with channels that cannot go")
    call.count("groups", groups[:, 0])
    _slice_all(call, 0, ids)
    return call.out(axis, ids, bool(layer.scale))


def unit_norm(call: Call) -> Flow:
    """Divide by the norm over channels, to which a zero adds nothing."""
    x = call.x if call.x.silent else call.beside(call.x, layer_axes(call.layer.axis, call.x))
    if x is None:
        return call.fix(call.x, "divides by a norm, in which a removed channel would not be 0")
    return Flow(call.shapes[0], x.ids, x.silent)


def adapted_norm(call: Call) -> Flow:
    """Normalization by statistics of the data, by channel or over all."""
    layer, x = call.layer, call.x
    x = call.beside(x, layer_axes(layer.axis, x) if layer.axis not in (None, ()) else [])
    if x is None:
        return call.fix(call.x, "normalizes each of them by a statistic of the data")
    return Flow(x.shape, x.ids, silent=False)


def layer_scale(call: Call) -> Flow:
    """Multiply each channel by a weight (a layer inside Keras's ConvNeXt)."""
    ids = call.vector(call.x, len(call.x.shape) - 1)
    _slice_all(call, 0, ids)
    call.count("projection_dim", ids)
    return call.out(-1, ids, call.x.silent)


def _slice_all(call: Call, axis: int, ids: np.ndarray) -> None:
    """Say that all weights of a normalization belong to ids, along an axis."""
    for name, role in _ROLES.items():
        variable = getattr(call.layer, name, None)
        if isinstance(variable, keras.Variable):  # `scale` may be a switch
            call.slice(variable, axis, ids, role)


# Subclasses of the user's own do not count as the layer.
RULES = {
    _L.BatchNormalization: batch_norm,
    _L.LayerNormalization: mixing_norm,
    _L.RMSNormalization: mixing_norm,
    _L.GroupNormalization: group_norm,
    _L.UnitNormalization: unit_norm,
    _L.Normalization: adapted_norm,
}
# Layers inside Keras's own applications, which it does not export, by name: of ConvNeXt.
NAMED_RULES = {"LayerScale": layer_scale}
OPERATIONS = {"Normalize": unit_norm, "LayerNorm": mixing_norm, "RMSNorm": mixing_norm}
