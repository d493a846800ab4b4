"""Facts about a model: what each layer holds and costs, what its file weighs, when zeros return."""

import gzip
import html
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from course_utils import costs, masking, pruning
from course_utils.backend import keras

_HEADINGS = ("layer", "kernel", "output", "parameters", "zeros", "sparsity", "MACs")
_SUMMED = ("parameters", "weights", "zeros", "macs")


@dataclass(frozen=True)
class LayerRow:
    """One layer of a report; `zeros` and `sparsity` are of its kernels, `macs` for one input."""

    layer: str
    kernel: tuple[int, ...]
    output: tuple[int | None, ...]
    parameters: int
    weights: int
    zeros: int
    macs: int

    @property
    def sparsity(self) -> float:
        """The share of zeros among the layer's prunable weights; 0 if it has none."""
        return self.zeros / self.weights if self.weights else 0.0

    def cells(self) -> tuple[str, ...]:
        """Return the row as text, in the order of the headings."""
        kernel = "x".join(map(str, self.kernel)) or "-"
        output = "x".join(str(n) for n in self.output if n is not None)
        zeros = (f"{self.zeros:,}", f"{self.sparsity:.1%}") if self.weights else ("-", "-")
        return (self.layer, kernel, output, f"{self.parameters:,}", *zeros, f"{self.macs:,}")


@dataclass(frozen=True)
class Report:
    """What `report` found; prints as a table in a terminal and in a notebook."""

    model: str
    rows: tuple[LayerRow, ...]

    @property
    def total(self) -> LayerRow:
        """The sums over all layers, as a row called "total"."""
        sums = (sum(getattr(row, field) for row in self.rows) for field in _SUMMED)
        return LayerRow("total", (), (), *sums)

    def to_dict(self) -> dict:
        """Return plain lists and numbers, for json or a data frame."""
        rows = [{**asdict(row), "sparsity": row.sparsity} for row in (*self.rows, self.total)]
        return {"model": self.model, "layers": rows}

    def __str__(self) -> str:
        table = [_HEADINGS, *(row.cells() for row in (*self.rows, self.total))]
        widths = [max(len(row[column]) for row in table) for column in range(len(_HEADINGS))]
        lines = ["  ".join(_aligned(row, widths)) for row in table]
        return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{heading}</th>" for heading in _HEADINGS)
        rows = (*self.rows, self.total)
        body = "".join(f"<tr>{''.join(map(_cell, row.cells()))}</tr>" for row in rows)
        return f"<table><tr>{head}</tr>{body}</table>"


def report(model: keras.Model) -> Report:
    """Return parameters, zeros and MACs of every layer of a built model, for one input.

    MACs are those of a dense computation: zeros do not lower them. Layers without kernels
    (pooling, activations) count none. Source of the counting rule: `costs.macs`.

    >>> from course_utils.models import article_cnn
    >>> report(article_cnn()).total.macs
    541440
    """
    found = pruning.weights(model)
    return Report(model.name, tuple(_row(layer, found) for layer in model.layers))


def file_bytes(model: keras.Model, compressed: bool = False) -> int:
    """Return the bytes of a file of the model's weights that is really written, then deleted.

    Without the optimiser's state, which Keras 3 saves with a trained model's weights and which
    makes an Adam-trained network's file three times as large. `compressed`: the size after gzip.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.weights.h5"
        _without_optimizer(model).save_weights(path)
        data = path.read_bytes()
    return len(gzip.compress(data, compresslevel=9, mtime=0)) if compressed else len(data)


class ZeroCounter(keras.callbacks.Callback):
    """Record the sparsity of the prunable kernels after single optimiser steps.

    `sparsity` maps a step to the share of zeros; step 0 is the state before training. Steps are
    counted over all calls of `fit` with this callback. With `steps_per_execution` > 1 Keras
    reports only the end of each group of steps, and that step is recorded.
    """

    def __init__(self, steps: Iterable[int]) -> None:
        super().__init__()
        self.sparsity: dict[int, float] = {}
        self.steps = 0  # done so far, over all calls of `fit`
        self._wanted = sorted(set(steps))

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Record the state before the first step."""
        self._record(0)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Record the state after this step, if it was asked for."""
        self._record(int(self.model.optimizer.iterations) - self._before)

    def _record(self, steps: int) -> None:
        if steps == 0:  # a new optimiser counts from 0 again, an old one goes on
            self._before = int(self.model.optimizer.iterations)
            self._offset = self.steps
        self.steps = self._offset + steps
        if self._wanted and self.steps >= self._wanted[0]:
            self._wanted = [step for step in self._wanted if step > self.steps]
            self.sparsity[self.steps] = masking.sparsity(pruning.weights(self.model))


def _row(layer: keras.Layer, found: dict[str, np.ndarray]) -> LayerRow:
    kernels = [W for name, W in found.items() if name.startswith(f"{layer.name}/")]
    output = tuple(layer.output.shape)
    return LayerRow(
        layer.name,
        kernels[0].shape if len(kernels) == 1 else (),
        output,
        layer.count_params(),
        sum(W.size for W in kernels),
        sum(W.size - int(np.count_nonzero(W)) for W in kernels),
        sum(costs.macs(W.shape, output[1:-1]) for W in kernels),
    )


def _without_optimizer(model: keras.Model) -> keras.Model:
    # The same layers in a new, uncompiled model: nothing is copied, and no optimiser comes along.
    return keras.Model(model.inputs, model.outputs)


def _aligned(cells: tuple[str, ...], widths: list[int]) -> list[str]:
    # Names to the left, numbers to the right.
    return [
        cell.ljust(width) if column < 3 else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]


def _cell(text: str) -> str:
    return f"<td>{html.escape(text)}</td>"
