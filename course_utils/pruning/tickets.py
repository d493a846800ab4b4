"""Lottery tickets: an earlier step's weights under the final masks, and their control."""

from collections.abc import Iterable, Sequence

import numpy as np

from course_utils.arrays import Arrays, checked_seed
from course_utils.backend import keras
from course_utils.pruning.holding import attach
from course_utils.pruning.kernels import read


class Snapshots(keras.callbacks.Callback):
    """Keep all weights of the model as they were before certain steps, to rewind to.

    `steps` count as in `optimizer.iterations`; step 0 is the untrained network. Afterwards
    `weights` holds {step: what model.get_weights() gave}.

    >>> from course_utils import models
    >>> model, early = models.article_cnn(), Snapshots([0])
    >>> x, y = np.ones((32, 28, 28, 1)), np.zeros(32)
    >>> _ = model.fit(x, y, verbose=0, callbacks=[early])
    >>> list(early.weights)
    [0]
    """

    def __init__(self, steps: Iterable[int]) -> None:
        super().__init__()
        self.steps = frozenset(steps)
        self.weights: dict[int, list[np.ndarray]] = {}

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Keep the weights, if this is a step to keep."""
        self._look()

    def on_train_end(self, logs: dict | None = None) -> None:
        """Keep the weights, if the last step is one to keep."""
        self._look()

    def _look(self) -> None:
        step = int(read(self.model.optimizer.iterations))
        if step in self.steps and step not in self.weights:
            self.weights[step] = self.model.get_weights()


def rewind(model: keras.Model, earlier: Sequence[np.ndarray], masks: Arrays) -> None:
    """Give the model the weights of an earlier step, and hold the masks found later.

    `earlier` is what `model.get_weights()` gave then (`Snapshots` keeps it). Compile the model anew
    before training it, or its optimizer goes on with the momentum of the run that is undone.
    Raises ValueError, having changed nothing, where the weights or the masks do not fit. Source:
    Frankle and Carbin 2019 (arXiv 1803.03635); to a later step than 0, Frankle et al. 2020 (arXiv
    1912.05671).

    >>> from course_utils import models
    >>> model = models.article_cnn(seed=0)
    >>> start = model.get_weights()
    >>> rewind(model, start, {"dense/kernel": np.zeros((1, 64))})
    >>> int(np.count_nonzero(model.get_layer("dense").kernel))
    0
    """
    shapes = [tuple(variable.shape) for variable in model.weights]
    given = [np.shape(array) for array in earlier]
    if given != shapes:
        raise ValueError(
            f"the earlier weights have shapes {given}, the model's have {shapes}: "
            "take them from this model, with model.get_weights()."
        )
    now = model.get_weights()
    model.set_weights(earlier)
    try:
        attach(model, masks)
    except (TypeError, ValueError):
        model.set_weights(now)
        raise


def reinitialized(model: keras.Model, seed: int) -> list[np.ndarray]:
    """Return new initial weights for the model, for `rewind`: the control of a lottery ticket.

    Trained weights and BatchNorm's statistics are drawn anew by each layer's own initializer,
    everything else stays. Fixes the seed of every draw after it in this process. Raises ValueError
    where the model cannot be cloned, or where its initializers have fixed seeds.

    >>> from course_utils import models
    >>> model = models.article_cnn(seed=0)
    >>> again, other = reinitialized(model, seed=0), reinitialized(model, seed=1)
    >>> bool((again[0] == other[0]).any())
    False
    """
    keras.utils.set_random_seed(checked_seed(seed))
    try:
        fresh = keras.models.clone_model(model)
    except (ValueError, NotImplementedError, TypeError) as error:
        raise ValueError(
            f"model {model.name!r} cannot be cloned: only Sequential and Functional models can be "
            "initialized anew. Build a new one with your own function instead."
        ) from error
    pairs = list(zip(model.weights, fresh.weights, strict=True))
    drawn = [old.trainable or "moving" in old.name for old, _ in pairs]
    result = [
        keras.ops.convert_to_numpy(new if anew else old)
        for (old, new), anew in zip(pairs, drawn, strict=True)
    ]
    _refuse_fixed_seeds(model, result)
    return result


def _refuse_fixed_seeds(model: keras.Model, fresh: list[np.ndarray]) -> None:
    again = [v.numpy() for v in keras.models.clone_model(model).weights]
    varied = [a.shape and a.std() > 0 for a in fresh]
    fixed = [np.array_equal(a, b) for a, b, v in zip(fresh, again, varied, strict=True) if v]
    if fixed and all(fixed):
        raise ValueError(
            "every initializer of this model has a seed of its own, so new weights are the same "
            "as the old ones. Build it without seeds in its initializers."
        )
