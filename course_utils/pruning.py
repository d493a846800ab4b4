"""Hold masks in a Keras model: read its kernels, attach masks, detach them.

A mask is a constraint. Keras applies `variable.constraint` after every optimizer step, inside the
compiled train step; one that sets the pruned weights to zero there is projected gradient descent
onto the networks with that mask. So `fit`, any optimizer with momentum, `steps_per_execution`,
`jit_compile` and hand-written loops stay ordinary Keras, the model stays an ordinary model, and
there is nothing to strip before saving.
"""

import weakref
from collections.abc import Iterator

import numpy as np

from course_utils.arrays import Arrays, as_array, checked_dict, zeroed
from course_utils.backend import keras
from course_utils.masking import Masks, checked_mask

# What has weights worth pruning, and under which attributes. Biases and normalization
# parameters stay: there are few of them, and they shift rather than connect.
_KERNELS = (
    (keras.layers.SeparableConv1D, ("depthwise_kernel", "pointwise_kernel")),
    (keras.layers.SeparableConv2D, ("depthwise_kernel", "pointwise_kernel")),
    (keras.layers.DepthwiseConv1D, ("kernel",)),
    (keras.layers.DepthwiseConv2D, ("kernel",)),
    (keras.layers.Conv1D, ("kernel",)),
    (keras.layers.Conv2D, ("kernel",)),
    (keras.layers.Conv3D, ("kernel",)),
    (keras.layers.Conv1DTranspose, ("kernel",)),
    (keras.layers.Conv2DTranspose, ("kernel",)),
    (keras.layers.Conv3DTranspose, ("kernel",)),
    (keras.layers.Dense, ("kernel",)),
    (keras.layers.EinsumDense, ("kernel",)),
)


class MaskConstraint(keras.constraints.Constraint):
    """Set the pruned entries of one variable to zero, after every optimizer step.

    The mask lives in a non-trainable variable that is assigned in place: a compiled train step
    reads its present value, so that a new mask costs no new compilation. It is not one of the
    model's variables; `model.summary()` and saved files stay those of the plain model.
    """

    def __init__(self, model: keras.Model, variable: keras.Variable) -> None:
        self.earlier = variable.constraint  # such as a MaxNorm: still applied, before the mask
        self.model = weakref.ref(model)  # the one that trains; no cycle keeps it alive
        self.mask = keras.Variable(np.ones(variable.shape, bool), trainable=False, dtype="bool")

    def __call__(self, w: keras.KerasTensor) -> keras.KerasTensor:
        """Return `w` with the pruned entries at +0, whatever they were (NaN included)."""
        _refuse_averaging(self.model())  # here too: `compile` may have come after `attach`
        w = self._masked(w)
        # A norm that the layer constrains is that of the pruned kernel: so the mask comes first,
        # and again, should the constraint have moved a zero.
        return w if self.earlier is None else self._masked(self.earlier(w))

    def _masked(self, w: keras.KerasTensor) -> keras.KerasTensor:
        return keras.ops.where(self.mask, w, keras.ops.zeros_like(w))


def kernels(model: keras.Model) -> dict[str, keras.Variable]:
    """Return the prunable variables of `model`, as {"conv/kernel": variable}.

    Names are layer names, with those of nested models before them; a layer used twice comes
    once. Raises ValueError when the model is not built yet or has nothing to prune.

    >>> from course_utils.models import article_cnn
    >>> list(kernels(article_cnn()))
    ['conv/kernel', 'dense/kernel', 'output/kernel']
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"model must be a Keras model, not {type(model).__name__}.")
    found: dict[str, keras.Variable] = {}
    seen: set[int] = set()
    for name, variable in _walk(model, ""):
        if id(variable) in seen:
            continue
        if name in found:
            raise ValueError(f"two layers are both called {name!r}; give each a name of its own.")
        seen.add(id(variable))
        found[name] = variable
    if not found:
        raise ValueError(
            f"model {model.name!r} has no Dense or convolution layer, so there is nothing to prune."
        )
    return found


def weights(model: keras.Model) -> dict[str, np.ndarray]:
    """Return copies of the prunable kernels, as {"conv/kernel": array}.

    >>> from course_utils.models import article_cnn
    >>> weights(article_cnn())["conv/kernel"].shape
    (3, 3, 1, 32)
    """
    return {name: _read(variable) for name, variable in kernels(model).items()}


def attach(model: keras.Model, masks: Arrays) -> None:
    """Set the masked weights of `model` to zero and keep them zero through any later training.

    `masks` holds True (or 1) where a weight stays; a mask of length 1 along an axis spreads over
    it. Kernels that are not named keep what they have; attaching again replaces a mask. Attach to
    the model that you train, not to a part of it, and after loading weights: `set_weights`
    brings pruned weights back until the next step (`regrown` finds them).

    Raises ValueError, having changed nothing, for unknown names, shapes that do not fit, entries
    other than 0 and 1, and an optimizer with `use_ema=True`, which at the end of `fit`
    overwrites the weights with an average that knows no mask.

    >>> from course_utils import masking, models
    >>> model = models.article_cnn()
    >>> attach(model, {"dense/kernel": np.zeros((1, 64))})
    >>> masking.sparsity(weights(model)["dense/kernel"])
    1.0
    """
    _refuse_averaging(model)
    variables = kernels(model)
    full = _fitted(masks, variables)
    news = [_constrain(model, variables[name]) for name in full]
    if any(news):
        _recompile(model)
    for name, mask in full.items():
        _constraint(variables[name]).mask.assign(mask)
        _zero(variables[name], mask)


def detach(model: keras.Model) -> None:
    """Let go of all masks: weights that are zero now stay zero until training moves them.

    Constraints that the layers had before come back. Without masks this does nothing.
    """
    held = [variable for variable in kernels(model).values() if _constraint(variable) is not None]
    for variable in held:
        variable.constraint = _constraint(variable).earlier
    if held:
        _recompile(model)


def held_masks(model: keras.Model) -> Masks:
    """Return the masks that `attach` holds now; an empty dictionary for a plain model.

    A clone and a model loaded from a file are plain: attach again, with these masks.
    """
    constraints = {name: _constraint(variable) for name, variable in kernels(model).items()}
    return {name: _read(c.mask) for name, c in constraints.items() if c is not None}


def masks_from_zeros(model: keras.Model) -> Masks:
    """Return masks read back off the zeros of the kernels, as after loading a pruned model."""
    return {name: W != 0 for name, W in weights(model).items()}


def regrown(model: keras.Model) -> dict[str, int]:
    """Count, for each held mask, the weights that should be zero and are not.

    All counts are 0 unless something wrote past the mask: `set_weights`, a checkpoint that was
    loaded, a train step of your own that was compiled before `attach`.

    >>> from course_utils import models
    >>> model = models.article_cnn()
    >>> attach(model, masks_from_zeros(model))
    >>> regrown(model)
    {'conv/kernel': 0, 'dense/kernel': 0, 'output/kernel': 0}
    """
    values = weights(model)
    held = held_masks(model)
    return {name: int(np.count_nonzero(values[name][~mask])) for name, mask in held.items()}


def _walk(layer: keras.Layer, prefix: str) -> Iterator[tuple[str, keras.Variable]]:
    for inner in _inner_layers(layer):
        yield from _walk(inner, f"{prefix}{inner.name}/")
    for attribute in _attributes(layer):
        yield f"{prefix}{attribute}", _built(layer, attribute)


def _inner_layers(layer: keras.Layer) -> list[keras.Layer]:
    """Return what is inside a model or a wrapper such as TimeDistributed, else nothing."""
    if isinstance(layer, keras.Model):
        return layer.layers
    return [layer.layer] if isinstance(layer, keras.layers.Wrapper) else []


def _attributes(layer: keras.Layer) -> tuple[str, ...]:
    return next((names for kind, names in _KERNELS if isinstance(layer, kind)), ())


def _built(layer: keras.Layer, attribute: str) -> keras.Variable:
    if not layer.built:
        raise ValueError(
            f"layer {layer.name!r} has no weights yet. Build the model first: give it a "
            "keras.Input, or call it once on a batch."
        )
    variable = getattr(layer, attribute)
    # LoRA computes the kernel on the fly; quantization stores whole numbers.
    if not isinstance(variable, keras.Variable) or not keras.backend.is_float_dtype(variable.dtype):
        raise ValueError(
            f"{attribute} of layer {layer.name!r} is computed from other weights or quantized "
            "(LoRA, int8), so it cannot be pruned. Prune first, then quantize."
        )
    return variable


def _fitted(masks: Arrays, variables: dict[str, keras.Variable]) -> Masks:
    unknown = sorted(set(checked_dict(masks, "masks")) - set(variables))
    if unknown:
        raise ValueError(f"unknown kernels {unknown}; this model has {sorted(variables)}.")
    return {
        name: checked_mask(as_array(mask, name), tuple(variables[name].shape), name)
        for name, mask in masks.items()
    }


def _constrain(model: keras.Model, variable: keras.Variable) -> bool:
    """Give the variable a constraint of this model's; tell whether it had none before."""
    constraint = _constraint(variable)
    if constraint is None:
        variable.constraint = MaskConstraint(model, variable)
    elif constraint.model() is not model:  # attached to a part of the model, or to a whole
        constraint.model = weakref.ref(model)
    else:
        return False
    return True


def _constraint(variable: keras.Variable) -> MaskConstraint | None:
    return variable.constraint if isinstance(variable.constraint, MaskConstraint) else None


def _read(variable: keras.Variable) -> np.ndarray:
    return np.array(keras.ops.convert_to_numpy(variable))


def _zero(variable: keras.Variable, mask: np.ndarray) -> None:
    variable.assign(zeroed(_read(variable), mask))


def _recompile(model: keras.Model) -> None:
    # A step that is compiled already does not see a constraint set afterwards, and says nothing.
    if model.compiled and model.train_function is not None:
        model.make_train_function(force=True)


def _refuse_averaging(model: keras.Model | None) -> None:
    optimizer = getattr(model, "optimizer", None)
    inner = getattr(optimizer, "inner_optimizer", optimizer)  # inside a loss-scale optimizer
    if getattr(inner, "use_ema", False):
        raise ValueError(
            "the optimizer has use_ema=True: at the end of `fit` it overwrites the weights with "
            "their moving average, which brings pruned weights back. Compile with use_ema=False."
        )
