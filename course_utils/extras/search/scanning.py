"""Evaluate a model with many masks, each put on alone: a plain loop around one compiled function.

What comes before the touched layer could be kept instead of computed again. That was built and
measured: 1.9 times faster (`results/scan_reuse.csv`), at 700 lines and for some graphs only. So
this is the plain loop, for every model that Keras can call.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from course_utils.arrays import zeroed
from course_utils.backend import batches, keras
from course_utils.backend import tensorflow as tf
from course_utils.masking import Masks, checked_mask
from course_utils.pruning.kernels import named_weights
from course_utils.pruning.layers import read
from course_utils.tables import Printed

Measure = Callable[[object, object], np.ndarray]  # outputs, labels -> a number for each example


@dataclass(frozen=True)
class Scan(Printed):
    """What a scan measured, {name: {level: mean}}, and with nothing pruned; prints as a table."""

    baseline: float
    results: dict[str, dict[Hashable, float]]
    examples: int

    @property
    def losses(self) -> dict[str, dict[Hashable, float]]:
        """How far each result is below the baseline; negative where it is above."""
        return {
            name: {level: self.baseline - value for level, value in levels.items()}
            for name, levels in self.results.items()
        }

    def table(self) -> list[tuple[str, ...]]:
        """Return headings and rows as text, a column for each level that any name has."""
        columns = dict.fromkeys(level for levels in self.results.values() for level in levels)
        rows = [
            (name, *(f"{levels[at]:.2%}" if at in levels else "-" for at in columns))
            for name, levels in self.results.items()
        ]
        return [("pruned alone", *map(str, columns)), *rows]

    def summary(self) -> list[str]:
        """Return the line below the table."""
        return [f"with nothing pruned: {self.baseline:.2%}, of {self.examples:,} examples"]


def right_answers(outputs: object, labels: object) -> np.ndarray:
    """Return 1 for each example that is answered rightly, else 0: its mean is the accuracy.

    Outputs (n, classes) with whole-number labels (n,) or one-hot ones (n, classes); or one
    probability an example, right if on the label's side of 1/2. Raises ValueError for others.

    >>> right_answers(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1])).tolist()
    [1.0, 0.0]
    """
    if isinstance(outputs, list | tuple | dict) or np.ndim(outputs) not in (1, 2):
        raise ValueError(
            "what a right answer is, is known for one output of shape (n, classes) only: give "
            "measure=f, where f(outputs, labels) returns a number for each example."
        )
    outputs, labels = np.asarray(outputs), np.asarray(labels)
    if outputs.ndim == 1 or outputs.shape[1] == 1:
        return ((outputs.reshape(-1) > 0.5) == (labels.reshape(-1) > 0.5)).astype(float)
    if labels.shape == outputs.shape:
        labels = labels.argmax(axis=-1)
    return (outputs.argmax(axis=-1) == labels.reshape(-1)).astype(float)


def scan(
    model: keras.Model,
    x: object,
    y: object,
    trials: Iterable[tuple[str, Hashable, Masks]],
    *,
    measure: Measure = right_answers,
    batch_size: int = 128,
) -> Scan:
    """Return the mean of `measure` over all examples, with the masks of each trial put on alone.

    `trials` are (name, level, masks), such as ("fc", 0.9, {"fc/kernel": mask}), of any weights
    (named as in `pruning.weights`, biases and the like as in `pruning.skipped`); from a generator
    they are asked for one at a time. `x` and `y` are arrays, or lists and dictionaries of them, as
    the model takes them; `measure` gets outputs and labels of a batch, and returns one number for
    each example.

    The same numbers as `model.evaluate` gives with those masks on. The model may be of any kind
    that is built, and need not be compiled. Its weights are as before afterwards, also after an
    error. Raises ValueError for unknown weights, masks that do not fit, x and y of different
    lengths, and a measure that returns something else.

    >>> from course_utils.models import lenet300
    >>> trials = [("fc3", 1.0, {"fc3/kernel": np.zeros((100, 10), bool)})]
    >>> found = scan(lenet300(), np.zeros((8, 28, 28, 1)), np.zeros(8), trials)
    >>> found.results["fc3"]  # all outputs alike: the first class
    {1.0: 1.0}
    """
    # The model, not a lambda: of many functions of one code TensorFlow warns, as of one that is
    # compiled again and again.
    weights, compute = named_weights(model), tf.function(model)

    def mean() -> float:
        return _mean(compute, batches((x, y), batch_size), measure)

    baseline, results = mean(), {}
    for name, level, masks in trials:
        with _put_on(masks, weights):
            results.setdefault(name, {})[level] = mean()
    if not results:
        raise ValueError("there is nothing to scan: give trials such as [('fc', 0.9, masks)].")
    return Scan(baseline, results, len(keras.tree.flatten(x)[0]))


def _mean(compute: Callable, batch: Iterable[tuple], measure: Measure) -> float:
    """Return the mean of what is measured over all examples, with the weights as they are now."""
    total = count = 0
    for inputs, labels in batch:
        outputs = keras.tree.map_structure(np.asarray, compute(inputs, training=False))
        found, size = np.asarray(measure(outputs, labels)), len(keras.tree.flatten(inputs)[0])
        if found.shape != (size,):
            raise ValueError(
                "measure must return one number for each example, an array of shape "
                f"({size},), not {found.shape}."
            )
        total, count = total + float(found.sum()), count + size
    return total / count


@contextmanager
def _put_on(masks: Masks, weights: dict[str, keras.Variable]) -> Iterator[None]:
    unknown = sorted(set(masks) - set(weights))
    if unknown:
        raise ValueError(f"unknown weights {unknown}; this model has {sorted(weights)}.")
    before = {name: read(weights[name]) for name in masks}
    try:
        for name, W in before.items():
            weights[name].assign(zeroed(W, checked_mask(masks[name], W.shape, name)))
        yield
    finally:
        for name, W in before.items():
            weights[name].assign(W)
