"""Evaluate a model with many masks, each put on alone, and compute nothing twice.

A change of one layer leaves everything before it as it was. So the tensors just before the layer
are kept, and for every mask only what comes after is computed again. The layers come in their
order: on the way from one to the next, what the earlier one needed is let go.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from course_utils.arrays import zeroed
from course_utils.backend import keras
from course_utils.extras.search.batches import Batches
from course_utils.extras.search.stages import Stages, owners_of
from course_utils.masking import Masks, checked_mask
from course_utils.pruning.kernels import named_weights
from course_utils.pruning.layers import read
from course_utils.structure.graph import graph_of
from course_utils.tables import as_html, as_text

Ways = Mapping[str, Mapping[Hashable, Masks]]  # {name: {level: masks}}
Measure = Callable[[object, np.ndarray], np.ndarray]  # outputs, labels -> a number an example


@dataclass(frozen=True)
class Scan:
    """What a scan measured, {name: {level: mean}}, and what it kept and computed.

    `macs` are those of one example, `macs_of_loop` what evaluating the whole model for each mask
    would have taken. `kept_bytes` are the tensors that were kept at once, at most.
    """

    baseline: float
    results: dict[str, dict[Hashable, float]]
    examples: int
    kept_bytes: int
    macs: int
    macs_of_loop: int

    @property
    def losses(self) -> dict[str, dict[Hashable, float]]:
        """How far each result is below the baseline; negative where it is above."""
        return {
            name: {level: self.baseline - value for level, value in levels.items()}
            for name, levels in self.results.items()
        }

    @property
    def saving(self) -> float:
        """How many times fewer MACs than the plain loop."""
        return self.macs_of_loop / self.macs if self.macs else 1.0

    def table(self) -> list[tuple[str, ...]]:
        """Return headings and rows as text, a column for each level that any name has."""
        columns = dict.fromkeys(level for levels in self.results.values() for level in levels)
        rows = [
            (name, *(_cell(levels.get(level)) for level in columns))
            for name, levels in self.results.items()
        ]
        return [("pruned alone", *map(str, columns)), *rows]

    def summary(self) -> list[str]:
        """Return the lines below the table."""
        return [
            f"with nothing pruned: {_cell(self.baseline)}, of {self.examples:,} examples",
            f"{self.macs:,} MACs an example, {self.saving:.2f} times fewer than in a plain loop; "
            f"{self.kept_bytes / 1e6:,.1f} MB of tensors kept",
        ]

    def __str__(self) -> str:
        return as_text(self.table(), self.summary())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return as_html(self.table(), self.summary())


def right_answers(outputs: object, labels: np.ndarray) -> np.ndarray:
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
    ways: Ways,
    *,
    measure: Measure = right_answers,
    batch_size: int = 500,
    memory: int = 2**28,
) -> Scan:
    """Return the mean of `measure` over all examples, with each of the masks put on alone.

    `ways` holds masks by name and level, {"conv": {0.9: {"conv/kernel": mask}}}, of any weights
    (named as in `pruning.weights`, biases and the like as in `pruning.skipped`); a mapping that
    makes them when asked is asked for one at a time. `measure` gets outputs and labels of a batch.

    The same numbers as a loop that puts masks on, evaluates the whole model and takes them off.
    At most `memory` bytes of tensors are kept, or what one batch needs: as many examples at once
    as that allows; besides, there is what one batch needs on its way to the outputs. The weights
    are as before afterwards, also after an error.

    Raises ValueError for a model whose graph is not known, unknown weights, masks that do not fit,
    and a measure that does not return one number an example.

    >>> from course_utils.models import lenet300
    >>> ways = {"fc3": {1.0: {"fc3/kernel": np.zeros((100, 10), bool)}}}
    >>> found = scan(lenet300(), np.zeros((8, 28, 28, 1)), np.zeros(8), ways)
    >>> found.results["fc3"]  # all outputs alike: the first class
    {1.0: 1.0}
    """
    graph, weights = graph_of(model), named_weights(model)
    used = _checked(ways, weights)
    stages = Stages(graph, {name: owners_of(graph, list(used[name].values())) for name in ways})
    batches = Batches(model, x, y, batch_size)
    costs = stages.weighed(model, batches.first())
    whole, totals = 0.0, {name: dict.fromkeys(ways[name], 0.0) for name in ways}
    for chunk in batches.chunks(memory // max(costs.kept_bytes, 1)):
        for name, finish in stages.through(chunk.inputs()):
            for level, masks in ways[name].items():
                with _put_on(used[name], masks):
                    totals[name][level] += chunk.total(measure, finish())
        whole += chunk.total(measure, finish())  # of the last, from which it is the least to do
    count = batches.count
    means = {name: {level: t / count for level, t in totals[name].items()} for name in ways}
    levels = {name: len(ways[name]) for name in ways}
    return Scan(
        whole / count, means, count, costs.kept_bytes * batches.largest, *costs.macs(levels)
    )


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"


def _checked(ways: Ways, weights: dict[str, keras.Variable]) -> dict[str, dict]:
    """Return, for each name, the weights that its masks are for; all masks are made sure to fit."""
    used: dict[str, dict[str, keras.Variable]] = {}
    for name, levels in ways.items():
        used[name] = {}
        for masks in levels.values():
            unknown = sorted(set(masks) - set(weights))
            if unknown:
                raise ValueError(f"unknown weights {unknown}; this model has {sorted(weights)}.")
            for key, mask in masks.items():
                checked_mask(mask, tuple(weights[key].shape), key)
                used[name][key] = weights[key]
    if not any(map(len, ways.values())):
        raise ValueError("there is nothing to scan: give ways such as {'fc': {0.9: masks}}.")
    return used


@contextmanager
def _put_on(variables: dict[str, keras.Variable], masks: Masks) -> Iterator[None]:
    before = {name: read(variables[name]) for name in masks}
    try:
        for name, W in before.items():
            variables[name].assign(zeroed(W, checked_mask(masks[name], W.shape, name)))
        yield
    finally:
        for name, W in before.items():
            variables[name].assign(W)
