"""Hold masks in a Keras model: read its kernels, attach masks, detach them.

A mask is a constraint. Keras applies `variable.constraint` after every optimizer step, inside the
compiled train step; one that sets the pruned weights to zero there is projected gradient descent
onto the networks with that mask. So `fit`, any optimizer with momentum, `steps_per_execution`,
`jit_compile` and hand-written loops stay ordinary Keras, the model stays an ordinary model, and
there is nothing to strip before saving.
"""

import weakref

import numpy as np

from course_utils.arrays import Arrays, Weights, checked_dict, zeroed
from course_utils.backend import keras, model_of, recompile
from course_utils.masking import Masks, checked_mask, collapsed
from course_utils.masking.collapse import Kept, warn
from course_utils.pruning.kernels import Kernel, candidates, refuse_equal_names, weights
from course_utils.pruning.layers import read
from course_utils.pruning.mask_constraint import MaskConstraint, average_of


def attach(model: keras.Model, masks: Arrays) -> None:
    """Set the masked weights of `model` to zero and keep them zero through any later training.

    `masks` holds True (or 1) where a weight stays; a mask of length 1 along an axis spreads over
    it. Kernels that are not named keep what they have; attaching again replaces a mask. Attach to
    the model that you train, not to a part of it, and after loading weights: `set_weights`
    brings pruned weights back until the next step (`regrown` finds them). The moving average of
    an optimizer with `use_ema=True` is masked as well, if it is the one the model is compiled with.

    Raises ValueError, having changed nothing, for unknown names, shapes that do not fit, and
    entries other than 0 and 1. Warns where a layer collapses (see `masking.collapsed`).

    >>> from course_utils import masking, models
    >>> from course_utils.pruning import weights
    >>> model = models.article_cnn()
    >>> attach(model, {"dense/kernel": np.zeros((1, 64))})
    >>> masking.sparsity(weights(model)["dense/kernel"])
    1.0
    """
    warn(hold(model, masks))


def hold(model: keras.Model, masks: Arrays, *, remember: bool = False) -> Kept:
    """Do what `attach` does, but return what has newly collapsed instead of warning.

    With `remember` pruned weights go on training out of sight: the network computes without them,
    their updates are added up (`remembered`), and a later mask may bring them back.

    >>> from course_utils import models
    >>> model, mask = models.article_cnn(), np.zeros((64, 10))
    >>> mask[0, 0] = 1
    >>> hold(model, {"output/kernel": mask}), hold(model, {"output/kernel": mask})
    ({'output/kernel': (1, 10)}, {})
    """
    model = model_of(model)
    fitted = _fitted(model, masks)
    for one, _ in fitted:
        average_of(model, one.variable.path)  # one that cannot be told from another is refused here
    layouts = {one.name: one.layout for one, _ in fitted}
    before = {o.name: read(o.kept.constraint.mask) for o, _ in fitted if _is_held(o)}
    fallen = collapsed({one.name: mask for one, mask in fitted}, layouts)
    news = [_constrain(model, one.variable, remember) for one, _ in fitted]
    if any(news):
        recompile(model)
    for one, mask in fitted:
        _set(model, one.variable, mask)
    already = collapsed(before, layouts)
    return {name: facts for name, facts in fallen.items() if name not in already}


def detach(model: keras.Model) -> None:
    """Release all masks: weights that are zero now stay zero until training moves them.

    Constraints that the layers had before come back. Without masks this does nothing.
    """
    held = _held(model)
    for one in held:
        one.kept.constraint = one.kept.constraint.earlier
    if held:
        recompile(model)


def held_masks(model: keras.Model) -> Masks:
    """Return the masks that `attach` holds now; an empty dictionary for a plain model.

    A clone and a model loaded from a file are plain: attach again, with these masks. Quantizing
    makes new kernels: their zeros stay, their masks are gone. LoRA keeps a mask on the kernel that
    was there, and adds to it: `regrown` counts what is no longer zero in the sum.
    """
    return {one.name: read(one.kept.constraint.mask) for one in _held(model)}


def remembered(model: keras.Model) -> Weights:
    """Return held weights as they would be with nothing pruned: kept ones, and hidden ones.

    Where nothing is remembered (see `regrowth.surgery`) a pruned weight is 0.
    """
    return {one.name: _whole(one.kept) for one in _held(model)}


def masks_from_zeros(model: keras.Model) -> Masks:
    """Return masks read back off the zeros of the kernels, as after loading a pruned model."""
    return {name: W != 0 for name, W in weights(model).items()}


def regrown(model: keras.Model) -> dict[str, int]:
    """Count, for each held mask, the weights that should be zero and are not.

    All counts are 0 unless something wrote past the mask: `set_weights`, a checkpoint that was
    loaded, the moving average of an optimizer that the model was not compiled with, LoRA's product
    that is added to it, a train step, yours or another model's, that was compiled before `attach`.

    >>> from course_utils import models
    >>> model = models.article_cnn()
    >>> attach(model, masks_from_zeros(model))
    >>> regrown(model)
    {'conv/kernel': 0, 'dense/kernel': 0, 'output/kernel': 0}
    """
    numbers = {one: one.numbers() for one in _held(model)}
    return {
        one.name: int(np.count_nonzero(W[~read(one.kept.constraint.mask)]))
        for one, W in numbers.items()
        if W is not None
    }


def restore(model: keras.Model) -> None:
    """Set to zero again what was written past the masks, where possible; see `regrown`.

    >>> from course_utils import models
    >>> restore(models.article_cnn())  # nothing is held: nothing to do
    """
    for one in _held(model):
        if not one.why_not:
            _set(model, one.kept, read(one.kept.constraint.mask))


def _fitted(model: keras.Model, masks: object) -> list[tuple[Kernel, np.ndarray]]:
    """Return every mask in the shape of its variable, beside its kernel."""
    names, everything = set(checked_dict(masks, "masks")), candidates(model)
    refuse_equal_names([kernel for kernel in everything if kernel.name in names])
    possible = {kernel.name: kernel for kernel in everything}
    unknown = sorted(names - set(possible))
    if unknown:
        raise ValueError(f"unknown kernels {unknown}; this model has {sorted(possible)}.")
    shapes = {name: tuple(possible[name].variable.shape) for name in masks}
    return [(possible[n], checked_mask(masks[n], shape, n)) for n, shape in shapes.items()]


def _constrain(model: keras.Model, variable: keras.Variable, remember: bool) -> bool:
    """Give the variable this model's constraint; tell whether the train step must be rebuilt."""
    constraint = variable.constraint
    if not isinstance(constraint, MaskConstraint):
        variable.constraint = constraint = MaskConstraint(model, variable)
    elif constraint.model() is not model:  # attached to a part of the model, or to a whole
        constraint.model = weakref.ref(model)
    elif constraint.hidden is not None or not remember:
        return False
    if remember and constraint.hidden is None:
        constraint.remember(model)
    return True


def _held(model: keras.Model) -> list[Kernel]:
    """Return the kernels that have a mask, even those that could not be given one today."""
    held = [one for one in candidates(model) if _is_held(one)]
    refuse_equal_names(held)
    return held


def _is_held(one: Kernel) -> bool:
    return isinstance(getattr(one.kept, "constraint", None), MaskConstraint)


def _whole(variable: keras.Variable) -> np.ndarray:
    hidden = variable.constraint.hidden
    W = read(variable)
    if hidden is None:
        return zeroed(W, read(variable.constraint.mask))
    return np.where(read(variable.constraint.mask), W, read(hidden)).astype(W.dtype)


def _set(model: keras.Model, variable: keras.Variable, mask: np.ndarray) -> None:
    """Put a mask in place: what it cuts becomes 0, what it brings back takes its hidden value."""
    constraint = variable.constraint
    W = read(variable) if constraint.hidden is None else _whole(variable)
    constraint.mask.assign(mask)
    variable.assign(zeroed(W, mask))
    if constraint.hidden is not None:
        constraint.hidden.assign(zeroed(W, ~mask))
    average = average_of(model, variable.path)
    if average is not None:
        average.assign(zeroed(read(average), mask))
