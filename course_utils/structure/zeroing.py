"""The oracle: the full network with channels at zero computes what the small one does."""

import contextlib
from collections.abc import Iterator

import numpy as np

from course_utils.backend import keras, model_of
from course_utils.masking import Masks
from course_utils.pruning.examples import tensors
from course_utils.pruning.probing import probe
from course_utils.structure.channels import Channels, as_channels
from course_utils.structure.rebuilding import rebuilt

# Exact in real numbers; float32 sums in another order differ by rounding.
TOLERANCE = {"float32": 1e-4, "float64": 1e-9}


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
        # Statistics stay: what they normalize is zero then, and so is what shifts it.
        if one.role != "keeps" and not mask.all():
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
        for model in map(model_of, (one, other))
    ]
    pairs = zip(*outputs, strict=True)
    return float(max(np.abs(a - b).max() / (np.abs(a).max() or 1.0) for a, b in pairs))


def verified(channels: Channels, masks: Masks, small: keras.Model) -> float:
    """Return how far a smaller model is from the zeroed one, on random inputs.

    Raises RuntimeError if that is more than rounding, ValueError where they need not be equal.
    """
    if channels.inexact:
        raise ValueError(
            "with inexact=True what is left is normalized over fewer channels, and computes "
            "something else; there is nothing to verify. Leave verify out."
        )
    inputs = tensors(probe(channels.model, rng=np.random.default_rng(0), examples=2))
    full = zeroed(channels, masks)
    with _without_saturation(full, small):
        apart = difference(full, small, inputs)
    limit = TOLERANCE.get(channels.model.compute_dtype, 2e-2)
    if not apart <= limit:
        raise RuntimeError(
            f"the smaller model differs from the zeroed one by {apart:.1e}, more than {limit:.0e}. "
            "This is a mistake of course_utils.structure: please report it, with the model."
        )
    return apart


@contextlib.contextmanager
def _without_saturation(*models: keras.Model) -> Iterator[None]:
    """Take softmax and sigmoid off the outputs for a while: near 0 and 1 they hide differences."""
    flat = (keras.activations.softmax, keras.activations.sigmoid)
    last = [layer for model in models for layer in _last(model)]
    found = [(one, one.activation) for one in last if getattr(one, "activation", None) in flat]
    try:
        for layer, _ in found:
            layer.activation = keras.activations.linear
        yield
    finally:
        for layer, activation in found:
            layer.activation = activation


def _last(model: keras.Model) -> list[keras.Layer]:
    if isinstance(model, keras.Sequential):
        return model.layers[-1:]
    return [layer for layer in model.layers if layer.name in model.output_names]
