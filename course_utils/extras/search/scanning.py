"""Evaluate a model with many masks, each put on alone: a plain loop around one compiled function.

What comes before the touched layer could be kept instead of computed again. That was built and
measured: 1.9 times faster (`results/scan_reuse.csv`), at 700 lines and for some graphs only. So
this is the plain loop, for every model that Keras can call.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from course_utils.arrays import can_take, zeroed
from course_utils.backend import keras, model_of, states_kept, tf
from course_utils.extras.search.answers import Measure, measure_for
from course_utils.masking import Masks, checked_mask
from course_utils.pruning.examples import count, labelled, steps, tensors
from course_utils.pruning.kernels import named_weights
from course_utils.pruning.layers import read
from course_utils.tables import Printed


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
            (str(name), *(f"{levels[at]:.2%}" if at in levels else "-" for at in columns))
            for name, levels in self.results.items()
        ]
        return [("pruned alone", *map(str, columns)), *rows]

    def summary(self) -> list[str]:
        """Return the line below the table."""
        return [f"with nothing pruned: {self.baseline:.2%}, of {self.examples:,} examples"]


def scan(
    model: keras.Model,
    x: object,
    y: object,
    trials: Iterable[tuple[str, Hashable, Masks]],
    *,
    measure: Measure | None = None,
    batch_size: int = 128,
) -> Scan:
    """Return the mean of `measure` over all examples, with the masks of each trial put on alone.

    `trials` are (name, level, masks), such as ("fc", 0.9, {"fc/kernel": mask}), of any weights
    (named as in `pruning.weights`, biases and the like as in `pruning.skipped`); from a generator
    they are asked for one at a time. `x` and `y` are arrays, or lists and dictionaries of them, as
    the model takes them; or x is a dataset of (x, y) in batches, and y None: it is read once, and
    its weights are left out, as in a metric. `measure` gets outputs and labels of a batch, as the
    model and the data hold them, and returns one number for each example; None counts right answers
    (`right_answers`) by what the compiled loss says of the outputs.

    The same numbers as `model.evaluate` gives with those masks on. The model may be of any kind
    that is built, and need not be compiled. Its weights are as before afterwards, also after an
    error, and so are the states of recurrent layers, with which each trial begins anew. Raises
    TypeError or ValueError for data that the model cannot take, labels that are none of its
    classes, unknown weights, masks that do not fit, and a measure that returns something else.

    >>> from course_utils.models import lenet300
    >>> trials = [("fc3", 1.0, {"fc3/kernel": np.zeros((100, 10), bool)})]
    >>> found = scan(lenet300(), np.zeros((8, 28, 28, 1)), np.zeros(8), trials)
    >>> found.results["fc3"]  # all outputs alike: the first class
    {1.0: 1.0}
    """
    # The model, not a lambda: of many functions of one code TensorFlow warns, as of one that is
    # compiled again and again.
    weights, compute = named_weights(model), tf.function(model_of(model))
    measure = measure_for(model) if measure is None else measure
    if not can_take(measure, 2):
        raise TypeError(f"measure must be a function of outputs and labels, not {measure!r}.")
    parts = labelled(x, y, model)[:2]

    def mean() -> float:
        total = 0.0
        with states_kept(model):
            for some, labels in steps(model, parts, batch_size):
                outputs = compute(tensors(some), training=False)
                outputs = keras.tree.map_structure(np.asarray, outputs)
                found, size = np.asarray(measure(outputs, labels)), count(some)
                if found.shape != (size,) or found.dtype.kind not in "biufV":  # V: bfloat16
                    raise ValueError(
                        f"measure must return one number for each example, ({size},), not "
                        f"{found!r:.80}."
                    )
                total += float(found.sum())
        return total / count(parts)

    baseline, results = mean(), {}
    for one in trials if isinstance(trials, Iterable) else [trials]:
        if not isinstance(one, tuple | list) or len(one) != 3 or not isinstance(one[2], Mapping):
            raise TypeError(f"a trial is ('fc', 0.9, {{'fc/kernel': mask}}), say, not {one!r:.80}.")
        name, level, masks = one
        with _put_on(masks, weights):
            results.setdefault(name, {})[level] = mean()
    if not results:
        raise ValueError("there is nothing to scan: give trials such as [('fc', 0.9, masks)].")
    return Scan(baseline, results, count(parts))


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
