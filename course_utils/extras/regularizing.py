"""Penalties on the way to pruning: on a model that is built already, and on whole groups.

A penalty makes weights small; it sets none to zero. A mask does that (see `pruning`).
"""

import math

from course_utils.arrays import checked_number
from course_utils.backend import keras, recompile
from course_utils.pruning.kernels import kernels
from course_utils.pruning.selectors import Selectors


@keras.saving.register_keras_serializable(package="course_utils")
class GroupLasso(keras.regularizers.Regularizer):
    """Penalize whole filters: strength times the sum, over all of them, of √size · the L2 norm.

    A filter of a convolution, or a unit of a dense layer, is what shares a place along the last
    axis. Where L1 makes single weights small, this makes filters small, all of one together: on the
    way to structural pruning. At 0 its gradient is 0. Sources: Yuan and Lin 2006 (J. R. Stat. Soc.
    B 68:49-67); Wen et al. 2016 (arXiv 1608.03665), section 3.1, on filters.

    Raises TypeError and ValueError where strength is no number of at least 0.

    >>> float(GroupLasso(0.5)(keras.ops.convert_to_tensor([[3.0, 0.0], [4.0, 0.0]])))
    3.535533905029297
    """

    def __init__(self, strength: float = 0.01) -> None:
        self.strength = checked_number(strength, "strength", 0, math.inf)

    def __call__(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Return the penalty of one kernel, a single number."""
        ops = keras.ops
        squares = ops.sum(ops.square(x), axis=list(range(len(x.shape) - 1)))
        # The slope of a root at 0 is infinite, and its product with 0 no number.
        safe = ops.where(squares > 0, squares, ops.ones_like(squares))
        norms = ops.where(squares > 0, ops.sqrt(safe), ops.zeros_like(squares))
        return self.strength * math.prod(x.shape[:-1]) ** 0.5 * ops.sum(norms)

    def get_config(self) -> dict:
        """Return what Keras saves."""
        return {"strength": self.strength}


def regularize(
    model: keras.Model,
    regularizer: keras.regularizers.Regularizer | None,
    *,
    include: Selectors = None,
    exclude: Selectors = None,
) -> None:
    """Put a penalty on the kernels of a model that is built already; None takes it away.

    Such as keras.regularizers.L1(1e-5), or GroupLasso. It replaces the penalty that a kernel had,
    takes part in every later training, and is not saved with the model. `include` and `exclude`
    choose kernels as in `pruning.kernels`, and raise what that raises; nothing is changed where the
    penalty of one of them cannot be computed, or is not a number.

    >>> from course_utils import models
    >>> model = models.article_cnn()
    >>> regularize(model, keras.regularizers.L1(1e-5), exclude="conv/*")
    >>> len(model.losses)
    2
    """
    if isinstance(regularizer, type) or not (regularizer is None or callable(regularizer)):
        raise TypeError(
            "regularizer must be one that is made, as keras.regularizers.L1(1e-5), GroupLasso or "
            f"None, not {regularizer!r}."
        )
    chosen = kernels(model, include, exclude)
    for variable in chosen.values():
        float(0.0 if regularizer is None else regularizer(variable.value))  # what it refuses
    for variable in chosen.values():
        variable.regularizer = regularizer
    recompile(model)
