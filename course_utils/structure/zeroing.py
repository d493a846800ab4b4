"""The oracle: the full network with channels at zero computes what the small one does."""

import numpy as np

from course_utils.backend import keras
from course_utils.structure.channels import Channels, Masks, slices_by_variable
from course_utils.structure.rebuilding import rebuilt

# Statistics stay: what they normalize is zero then, and so is what shifts it.
_ZEROED = ("makes", "scales", "shifts", "reads", "follows")


def zeroed(channels: Channels, masks: Masks) -> keras.Model:
    """Return a copy of the full model in which the removed channels are zero, and are read as zero.

    Kernels that make them, biases, the scale and shift of normalizations, and the kernels that
    read them get zeros there; nothing is removed.

    >>> from course_utils import models
    >>> from course_utils.structure.channels import channel_groups
    >>> channels = channel_groups(models.lenet5())
    >>> full = zeroed(channels, {"conv1": np.arange(20) < 5})
    >>> float(abs(full.get_layer("conv1").kernel.numpy()[..., 5:]).max())
    0.0
    """
    kept = channels.kept(masks)
    copy = rebuilt(channels, channels.kept({}))
    slices = slices_by_variable(channels)
    for old, new in zip(channels.model.variables, copy.variables, strict=True):
        value = np.array(keras.ops.convert_to_numpy(new))
        for one in slices.get(id(old), []):
            if one.role in _ZEROED:
                gone = ~kept(one.ids)
                value[(slice(None),) * one.axis + (gone,)] = 0
        new.assign(value)
    return copy


def difference(one: keras.Model, other: keras.Model, inputs: object) -> float:
    """Return the largest difference of two models' outputs, as a share of the largest output.

    >>> from course_utils import models
    >>> model = models.lenet5()
    >>> difference(model, model, np.ones((1, 28, 28, 1)))
    0.0
    """
    outputs = [
        [np.asarray(y, np.float64) for y in keras.tree.flatten(m(inputs, training=False))]
        for m in (one, other)
    ]
    pairs = zip(*outputs, strict=True)
    return float(max(np.abs(a - b).max() / (np.abs(a).max() or 1.0) for a, b in pairs))
