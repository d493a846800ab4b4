"""Lottery tickets: the weights of an earlier step under the final masks, and a control."""

from collections.abc import Iterable, Sequence

import numpy as np

from course_utils.arrays import Arrays, checked_dict, whole
from course_utils.backend import keras, model_of
from course_utils.pruning.attaching import attach, detach, held_masks, hold
from course_utils.pruning.kernels import picked
from course_utils.pruning.layers import own_weights, read, walk
from course_utils.pruning.steps import StepCallback, checked_steps


class Snapshots(StepCallback):
    """Keep all weights of the model as they were before certain steps, to rewind to.

    `steps` count as in `optimizer.iterations` (or as batches, of a model that trains with other
    optimizers than its own); step 0 is the untrained network. Afterwards
    `weights` holds {step: what model.get_weights() gave}. With `steps_per_execution` Keras makes
    several steps in one go: what lies between is never seen, and not kept. A step that is seen
    again, after compiling anew, does not replace what was kept.

    >>> from course_utils import models
    >>> model, early = models.article_cnn(), Snapshots([0])
    >>> x, y = np.ones((32, 28, 28, 1)), np.zeros(32)
    >>> _ = model.fit(x, y, verbose=0, callbacks=[early])
    >>> list(early.weights)
    [0]
    """

    def __init__(self, steps: Iterable[int]) -> None:
        super().__init__()
        self.steps = frozenset(checked_steps(steps))
        self.weights: dict[int, list[np.ndarray]] = {}

    def set_model(self, model: keras.Model) -> None:
        """Refuse another model than the one whose weights are kept already."""
        if self.weights and model is not self.model:
            raise ValueError("these snapshots are of another model: make new ones for this one.")
        super().set_model(model)

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Keep the weights, if this is a step to keep."""
        super().on_train_batch_begin(batch, logs)
        self._keep()

    def on_train_end(self, logs: dict | None = None) -> None:
        """Keep the weights, if the last step is one to keep."""
        self._keep()

    def _keep(self) -> None:
        step = self.steps_made
        if step in self.steps and step not in self.weights:
            picked(self.model)  # refuses a model that has not made all its weights yet
            self.weights[step] = self.model.get_weights()


def rewind(model: keras.Model, earlier: Sequence[np.ndarray], masks: Arrays) -> None:
    """Give the model the weights of an earlier step, and hold the masks found later.

    `earlier` is what `model.get_weights()` gave then (`Snapshots` keeps it). A kernel that `masks`
    does not name keeps the mask that it has, as in `attach`. Compile the model anew before training
    it, or its optimizer goes on with the momentum of the run that is undone.
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
    model = model_of(model)
    shapes = [tuple(variable.shape) for variable in model.weights]
    given = [np.shape(W) for W in earlier] if isinstance(earlier, list | tuple) else type(earlier)
    if given != shapes:
        raise ValueError(
            f"the earlier weights have shapes {given}, the model's have {shapes}: "
            "take them from this model, with model.get_weights()."
        )
    earlier = [np.asarray(W) for W in earlier]
    if not all(np.isfinite(W).all() for W in earlier):
        raise ValueError("the earlier weights hold NaN or infinity: that training had diverged.")
    attach(model, {**held_masks(model), **checked_dict(masks, "masks")})  # refuses what cannot be
    masks = held_masks(model)
    detach(model)  # what pruned weights remember is of the run that is undone
    model.set_weights(earlier)
    hold(model, masks)


def reinitialized(model: keras.Model, seed: int = 0) -> list[np.ndarray]:
    """Return new initial weights for the model, for `rewind`: the control of a lottery ticket.

    Trained weights and BatchNorm's statistics are drawn anew by each layer's own initializer;
    frozen layers and other states, such as Normalization's, stay. Fixes the seed of every draw
    after it in this process. Raises ValueError where the model cannot be cloned, or where the
    initializer of a matrix draws the same whatever the seed.

    >>> from course_utils import models
    >>> model = models.article_cnn(seed=0)
    >>> again, other = reinitialized(model, seed=0), reinitialized(model, seed=1)
    >>> bool((again[0] == other[0]).any())
    False
    """
    model = model_of(model)
    if not model.built:
        raise ValueError(f"model {model.name!r} is not built: call it on a batch first.")
    keras.utils.set_random_seed(whole(seed, "seed"))
    try:
        fresh = keras.models.clone_model(model)
    except (ValueError, NotImplementedError, TypeError) as error:
        raise ValueError(
            f"model {model.name!r} cannot be cloned: Keras can do so with Sequential and "
            "Functional models, and layers that have get_config. Build a new one with your own "
            "function instead, and take its get_weights()."
        ) from error
    # All that training changes: no frozen layer, no state but BatchNorm's.
    layers = (model, *(owners[-1] for _, owners in walk(model)))
    own = [v for layer in layers if layer.trainable for v in own_weights(layer)]
    drawn = {id(v) for v in own if v.trainable or "moving" in v.name}
    result = [
        keras.ops.convert_to_numpy(new if id(old) in drawn else old)
        for old, new in zip(model.weights, fresh.weights, strict=True)
    ]
    again = keras.models.clone_model(model)
    triples = zip(model.weights, fresh.weights, again.weights, strict=True)
    matrices = [(old.path, read(a), read(b)) for old, a, b in triples if id(old) in drawn]
    fixed = [n for n, a, b in matrices if a.ndim > 1 and a.std() > 0 and np.array_equal(a, b)]
    if fixed:
        raise ValueError(
            f"the initializers of {fixed} draw the same every time: they have a seed of their "
            "own, or nothing random. Build the model without seeds in its initializers."
        )
    return result
