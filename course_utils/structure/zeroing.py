"""The oracle: the full network with channels at zero computes what the small one does."""

import numpy as np

from course_utils.backend import keras
from course_utils.masking import Masks
from course_utils.structure.channels import Channels, as_channels, as_model
from course_utils.structure.rebuilding import rebuilt

# Statistics stay: what they normalize is zero then, and so is what shifts it.
_ZEROED = ("makes", "scales", "shifts", "reads", "follows")


def zeroed(model: keras.Model | Channels, masks: Masks) -> keras.Model:
    """Return a copy of the full model in which the removed channels are zero, and are read as zero.

    Kernels that make them, biases, the scale and shift of normalizations, and the kernels that
    read them get zeros there; nothing is removed.

    >>> from course_utils import models
    >>> full = zeroed(models.lenet5(), {"conv1": np.arange(20) < 5})
    >>> float(abs(full.get_layer("conv1").kernel.numpy()[..., 5:]).max())
    0.0
    """
    channels = as_channels(model)
    copy = rebuilt(channels, channels.kept({}))
    stays = weight_masks(channels, masks)
    for old, new in zip(channels.model.variables, copy.variables, strict=True):
        if id(old) in stays:
            new.assign(keras.ops.where(stays[id(old)], new, keras.ops.zeros_like(new)))
    return copy


def weight_masks(model: keras.Model | Channels, masks: Masks) -> dict[int, np.ndarray]:
    """Return which entries of variables stay, by id() of the variable; what stays whole has none.

    The masks have length 1 along the axes that no channel is on, so they broadcast.

    >>> from course_utils import models
    >>> model = models.lenet5()
    >>> found = weight_masks(model, {"conv1": np.arange(20) < 5})
    >>> [found[id(v)].shape for v in model.weights if id(v) in found]
    [(1, 1, 1, 20), (20,), (1, 1, 20, 1)]
    """
    channels = as_channels(model)
    kept = channels.kept(masks)
    stays: dict[int, np.ndarray] = {}
    for one in channels.slices:
        mask = kept(one.ids)
        if one.role in _ZEROED and not mask.all():
            shape = [1] * len(one.variable.shape)
            shape[one.axis] = -1
            stays[id(one.variable)] = stays.get(id(one.variable), True) & mask.reshape(shape)
    return stays


def difference(one: keras.Model | Channels, other: keras.Model | Channels, inputs: object) -> float:
    """Return the largest difference of two models' outputs, as a share of the largest output.

    >>> from course_utils import models
    >>> model = models.lenet5()
    >>> difference(model, model, np.ones((1, 28, 28, 1)))
    0.0
    """
    outputs = [
        [np.asarray(y, np.float64) for y in keras.tree.flatten(model(inputs, training=False))]
        for model in map(as_model, (one, other))
    ]
    pairs = zip(*outputs, strict=True)
    return float(max(np.abs(a - b).max() / (np.abs(a).max() or 1.0) for a, b in pairs))
