"""The constraint that holds one mask, and what it needs to know of the model that trains."""

import contextlib
import weakref
from collections.abc import Callable

import numpy as np

from course_utils.backend import keras
from course_utils.pruning.layers import read

Left = Callable[[np.ndarray], np.ndarray]  # an array -> what is left of it in a smaller model


class Held(keras.constraints.Constraint):
    """A constraint that holds something, on top of the one that was there before, `earlier`."""

    earlier: keras.constraints.Constraint | None

    def onto(self, model: keras.Model, variable: keras.Variable, left: Left) -> "Held":
        """Return the constraint of a variable that has what is `left` of this one's entries."""
        new, earlier = self._onto(model, variable, left), self.earlier
        new.earlier = earlier.onto(model, variable, left) if isinstance(earlier, Held) else earlier
        return new


class MaskConstraint(Held):
    """Set the pruned entries of one variable to zero, after every optimizer step.

    The mask lives in a non-trainable variable that is assigned in place: a compiled train step
    reads its present value, so that a new mask costs no new compilation. It is not one of the
    model's variables; `model.summary()` and saved files stay those of the plain model.
    """

    def __init__(self, model: keras.Model, variable: keras.Variable) -> None:
        self.earlier = variable.constraint  # such as a MaxNorm: still applied, before the mask
        self.model = weakref.ref(model)  # the one that trains; no cycle keeps it alive
        self.path = variable.path
        self.mask = _beside(model, np.ones(variable.shape, bool))
        self.hidden: keras.Variable | None = None  # what pruned weights would be, if remembered

    def remember(self, model: keras.Model) -> None:
        """From now on add up the updates that pruned weights would have had."""
        # Every replica adds the same update: the gradients have been summed over them before.
        zeros = np.zeros(self.mask.shape, "float32")
        self.hidden = _beside(model, zeros, aggregation="only_first_replica")

    def _onto(self, model: keras.Model, variable: keras.Variable, left: Left) -> "MaskConstraint":
        new = MaskConstraint(model, variable)
        new.mask.assign(left(read(self.mask)))
        if self.hidden is not None:
            new.remember(model)
            new.hidden.assign(left(read(self.hidden)))
        return new

    def __call__(self, w: keras.KerasTensor) -> keras.KerasTensor:
        """Return `w` with the pruned entries at +0, whatever they were (NaN included)."""
        average = average_of(self.model(), self.path)
        if average is not None:  # it took in what the step did before the mask
            average.assign(self._masked(average))
        if self.hidden is not None:
            step = keras.ops.cast(w, self.hidden.dtype)
            zeros = keras.ops.zeros_like(self.hidden)
            self.hidden.assign(keras.ops.where(self.mask, zeros, self.hidden + step))
        w = self._masked(w)
        # A norm that the layer constrains is that of the pruned kernel: so the mask comes first,
        # and again, should the constraint have moved a zero.
        return w if self.earlier is None else self._masked(self.earlier(w))

    def _masked(self, w: keras.KerasTensor) -> keras.KerasTensor:
        return keras.ops.where(self.mask, w, keras.ops.zeros_like(w))


def average_of(model: keras.Model | None, path: str) -> keras.Variable | None:
    """Return the moving average that the model's optimizer keeps of a variable, if it does."""
    optimizer = getattr(model, "optimizer", None)
    inner = getattr(optimizer, "inner_optimizer", optimizer)  # inside a loss-scale optimizer
    if not getattr(inner, "use_ema", False) or not inner.built:
        return None
    name = f"{path.replace('/', '_')}_average"  # so Keras names it
    found = [variable for variable in inner.variables if variable.name == name]
    if len(found) != 1:
        raise ValueError(
            f"the optimizer has use_ema=True, and {len(found)} of its averages are called {name!r} "
            "where one was expected. Give every layer a name of its own, or set use_ema=False."
        )
    return found[0]


def _beside(model: keras.Model, value: np.ndarray, **options: str) -> keras.Variable:
    """Make a variable that lives where the model's do, on every device of its strategy."""
    strategy = model.distribute_strategy
    with strategy.scope() if strategy else contextlib.nullcontext():
        return keras.Variable(value, trainable=False, dtype=str(value.dtype), **options)
