"""Facts about a model: what each layer holds and costs, what its file weighs, when zeros return."""

import gzip
import html
import io
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

import h5py
import numpy as np

from course_utils import costs, masking, pruning
from course_utils.backend import keras

_HEADINGS = ("layer", "kernel", "output", "parameters", "zeros", "sparsity", "MACs")
_BY_INPUT = (
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
    keras.layers.EinsumDense,
)
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
    (pooling, activations) count none; a layer that is used twice is counted once. Raises
    ValueError for models without fixed shapes. Source of the counting rule: `costs.macs`.

    >>> from course_utils.models import article_cnn
    >>> report(article_cnn()).total.macs
    541440
    """
    found = pruning.weights(model)
    rows = (_row(name, layer, found) for name, layer in _leaves(model.layers))
    return Report(model.name, tuple(rows))


def file_bytes(model: keras.Model, compressed: bool = False) -> int:
    """Return the bytes of an HDF5 file of the model's weights, written whole, in memory.

    The weights alone: a file that Keras 3 saves of a trained model holds the optimizer's state as
    well, which makes an Adam-trained network three times as large. `compressed`: after gzip.
    """
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for index, W in enumerate(model.get_weights()):
            file.create_dataset(str(index), data=W)
    data = buffer.getvalue()
    return len(gzip.compress(data, compresslevel=9, mtime=0)) if compressed else len(data)


class ZeroCounter(keras.callbacks.Callback):
    """Record the sparsity of the prunable kernels after single optimizer steps.

    `sparsity` maps a step to the share of zeros; step 0 is the state before training. Steps are
    counted over all calls of `fit` with this callback. With `steps_per_execution` > 1 Keras
    reports only the end of each group of steps, and that step is recorded.
    """

    def __init__(self, steps: Iterable[int]) -> None:
        super().__init__()
        self.sparsity: dict[int, float] = {}
        self.steps = 0  # done so far, over all calls of `fit`
        self._wanted = sorted({_checked_step(step) for step in steps})

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Record the state before the first step."""
        self._record(0)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Record the state after this step, if it was asked for."""
        self._record(int(self.model.optimizer.iterations) - self._before)

    def _record(self, steps: int) -> None:
        if steps == 0:  # a new optimizer counts from 0 again, an old one goes on
            self._before = int(self.model.optimizer.iterations)
            self._offset = self.steps
        self.steps = self._offset + steps
        if self._wanted and self.steps >= self._wanted[0]:
            self._wanted = [step for step in self._wanted if step > self.steps]
            self.sparsity[self.steps] = masking.sparsity(pruning.weights(self.model))


def _checked_step(step: int) -> int:
    if not isinstance(step, int | np.integer) or isinstance(step, bool) or step < 0:
        raise ValueError(f"steps are whole numbers of at least 0, not {step!r}.")
    return int(step)


def _leaves(layers: Iterable[keras.Layer], prefix: str = "") -> Iterator[tuple[str, keras.Layer]]:
    """Yield every layer by its name, with the parts of nested models in their place."""
    for layer in layers:
        if isinstance(layer, keras.Model):
            yield from _leaves(layer.layers, f"{prefix}{layer.name}/")
        else:
            yield f"{prefix}{layer.name}", layer


def _row(name: str, layer: keras.Layer, kernels: dict[str, np.ndarray]) -> LayerRow:
    """Make the row of a layer; what it computes is counted once, also if it is used twice."""
    kernels = {key: W for key, W in kernels.items() if key.startswith(f"{name}/")}
    arrays = list(kernels.values())
    return LayerRow(
        name,
        arrays[0].shape if len(arrays) == 1 else (),
        _shape(layer, "output"),
        layer.count_params(),
        sum(W.size for W in arrays),
        sum(W.size - int(np.count_nonzero(W)) for W in arrays),
        sum(costs.macs(W.shape, _positions(layer)) for W in arrays),
    )


def _positions(layer: keras.Layer) -> tuple[int, ...]:
    """Return at how many places the layer uses its kernel, for one input, axis by axis."""
    # A transposed convolution lays its kernel over every place of the *input*.
    side = "input" if isinstance(layer, _BY_INPUT) else "output"
    shape = _shape(layer, side)
    if isinstance(layer, keras.layers.EinsumDense):
        places = _axes_beside_the_kernel(layer.equation, shape)
    elif getattr(layer, "data_format", "channels_last") == "channels_first":
        places = shape[2:]
    else:
        places = shape[1:-1]
    if None in places:
        raise ValueError(
            f"layer {layer.name!r} works on inputs of any size {shape}, so its MACs are not known. "
            "Build the model with a keras.Input of fixed size to count them."
        )
    return places


def _axes_beside_the_kernel(equation: str, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
    inputs, kernel = equation.split("->")[0].split(",")
    letters = inputs.replace("...", "." * (len(shape) - len(inputs) + 3))
    return tuple(n for c, n in zip(letters[1:], shape[1:], strict=True) if c not in kernel)


def _shape(layer: keras.Layer, side: str) -> tuple[int | None, ...]:
    try:
        tensor = getattr(layer, side)
    except AttributeError:
        raise ValueError(
            f"the shapes inside {layer.name!r} are not known: reports need a Sequential or "
            "Functional model, whose layers are called on a keras.Input."
        ) from None
    tensor = tensor[0] if isinstance(tensor, list | tuple) else tensor
    return tuple(tensor.shape)


def _aligned(cells: tuple[str, ...], widths: list[int]) -> list[str]:
    # Names to the left, numbers to the right.
    return [
        cell.ljust(width) if column < 3 else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]


def _cell(text: str) -> str:
    return f"<td>{html.escape(text)}</td>"
