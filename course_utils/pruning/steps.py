"""How many steps has a model made?  Read off its optimizer, or counted if that makes none."""

from collections.abc import Iterable

from course_utils.arrays import whole
from course_utils.backend import keras
from course_utils.pruning.layers import read


class StepCallback(keras.callbacks.Callback):
    """A callback that knows how many steps were made so far, as `steps_made`.

    They are those of `model.optimizer`, which a file keeps, and which start anew with `compile`. A
    model with a train step of its own may train with other optimizers (a GAN): where the model's
    has made no step, every batch counts as one, over all calls of `fit` with this callback.

    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> count = StepCallback()
    >>> _ = model.fit(keras.ops.ones((8, 2)), keras.ops.ones(8), 2, verbose=0, callbacks=[count])
    >>> count.steps_made
    4
    """

    _first = _beside = 0  # `_beside`: batches in which other optimizers made the steps

    @property
    def steps_made(self) -> int:
        """The steps made so far."""
        return _steps_of(self.model) + self._beside

    def set_model(self, model: keras.Model) -> None:
        """Count from here; of another model, from its own steps."""
        if model is not self.model:
            self._beside = 0
        super().set_model(model)

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Note where a group of steps begins that Keras makes in one go."""
        self._first = batch

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Count the steps of this group, if no optimizer tells of them."""
        optimizer = getattr(self.model, "optimizer", None)
        accumulates = getattr(optimizer, "gradient_accumulation_steps", None)  # and steps later
        # Keras's own step never leaves `model.optimizer` alone.
        if has_its_own_step(self.model) and not accumulates and _steps_of(self.model) == 0:
            self._beside += batch - self._first + 1


def checked_steps(steps: Iterable[int]) -> list[int]:
    """Return the steps at which a callback acts, each once, in order.

    >>> checked_steps([100, 0, 100])
    [0, 100]
    """
    if isinstance(steps, str) or not isinstance(steps, Iterable):
        raise TypeError(f"steps must be whole numbers in a list, such as [0, 100], not {steps!r}.")
    return sorted({whole(step, "each step") for step in steps})


def _steps_of(model: keras.Model) -> int:
    optimizer = getattr(model, "optimizer", None)
    return 0 if optimizer is None else int(read(optimizer.iterations))  # equal on all devices


def has_its_own_step(model: keras.Model) -> bool:
    """Tell whether training is not Keras's own, which always steps with `model.optimizer`."""
    return any(
        getattr(getattr(model, name), "__func__", None) is not getattr(keras.Model, name)
        for name in ("train_step", "make_train_function")
    )
