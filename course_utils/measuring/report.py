"""A report of what a model's layers hold and cost, how sparse they are, and what is left alone."""

import gzip
import io
import math
from collections import Counter
from dataclasses import dataclass, field

import h5py
import numpy as np

from course_utils import masking
from course_utils.backend import keras, model_of
from course_utils.measuring.macs import Work, work_of
from course_utils.pruning.attaching import held_masks
from course_utils.pruning.kernels import Kernel, named_weights, picked, skipped
from course_utils.pruning.layers import inner_layers, own_weights, walk
from course_utils.pruning.probing import left_open
from course_utils.pruning.selectors import Selectors
from course_utils.tables import Printed

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
    note: str = ""

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
class Report(Printed, words=("kernel", "output", "note")):
    """What `report` found; prints as a table in a terminal and in a notebook."""

    model: str
    rows: tuple[LayerRow, ...]
    # Why weights were left alone: {reason: how many}; `pruning.skipped` says which.
    left_alone: dict[str, int] = field(default_factory=dict)
    assumed: str = ""  # for which inputs, if the model leaves their size open

    @property
    def total(self) -> LayerRow:
        """The sums over all layers, as a row called "total"."""
        sums = (sum(getattr(row, key) for row in self.rows) for key in _SUMMED)
        return LayerRow("total", (), (), *sums)

    def summary(self) -> list[str]:
        """Return the lines below the table: how sparse it is, and what was left alone."""
        total = self.total
        return [
            f"sparsity: {total.sparsity:.1%} of the prunable weights, "
            f"{total.zeros / max(total.parameters, 1):.1%} of all parameters; "
            f"compression {masking.compression(total.sparsity):.1f}",
            *(f"left alone: {count:,} ({reason})" for reason, count in self.left_alone.items()),
            *([self.assumed] if self.assumed else []),
        ]

    def table(self) -> list[tuple[str, ...]]:
        """Return headings, rows and total as text; a column of no notes is left out."""
        rows = (*self.rows, self.total)
        table = [_HEADINGS, *(row.cells() for row in rows)]
        if any(row.note for row in rows):
            notes = ["note", *(row.note or "-" for row in rows)]
            table = [(*row, note) for row, note in zip(table, notes, strict=True)]
        return table


def report(
    model: keras.Model,
    *,
    include: Selectors = None,
    exclude: Selectors = None,
    inputs: object = None,
) -> Report:
    """Return what every layer of a built model holds and costs, for one example.

    Sparsity is that of the kernels that `pruning.kernels(model, include, exclude)` gives; all else
    is left alone, with the reason. MACs are those of a dense computation: zeros do not lower them.
    A layer that is used twice has its parameters once and its MACs twice; biases, normalization,
    pooling and activations count none. `inputs`, arrays or a dataset, are needed where the model
    does not declare its shapes; where it leaves a size open, the report says which one it took, and
    `inputs` of another size give that one's MACs. Source of the counting rule: `costs.macs`.

    Reading is not pruning: of kernels that no mask can hold zeros are counted all the same, of
    quantized ones from the whole numbers that are stored; a note says what they are, also where
    zeros cannot be told, or a layer was never called. A note names kernels that keep fewer weights
    than they have outputs, too: some of these are dead (`masking.collapsed` says when a layer is).

    >>> from course_utils.models import article_cnn
    >>> report(article_cnn()).total.macs
    541440
    """
    model = model_of(model)
    taken = [(one, one.numbers()) for one in picked(model, include, exclude)]
    work, held = work_of(model, inputs), set(held_masks(model))
    first: dict[int, keras.Layer] = {}  # of layers whose weights are tied
    rows: dict[int, LayerRow] = {}  # a layer that stands in several places comes once
    for prefix, owners in walk(model):
        layer, path = owners[-1], prefix.rstrip("/")
        holds = not inner_layers(layer) or own_weights(layer) or work.by_layer[path]
        mere_input = isinstance(layer, keras.layers.InputLayer)
        if holds and not mere_input and id(layer) not in rows:  # more than a box for other layers
            mine = [(one, W) for one, W in taken if one.owners[-1] is layer]
            own = [v for v in own_weights(layer) if first.setdefault(id(v), layer) is layer]
            rows[id(layer)] = _row(path, layer, mine, held, work, own)
    counted = {one.name for one, W in taken if W is not None}
    sizes = {name: math.prod(variable.shape) for name, variable in named_weights(model).items()}
    left_alone: Counter[str] = Counter()
    for name, reason in skipped(model, include, exclude).items():
        if name not in counted:
            left_alone[reason] += sizes[name]
    shapes = ", ".join(str(shape) for shape in work.inputs)
    assumed = f"MACs and outputs of inputs {shapes}: for another size give inputs=x[:1]"
    open_ = inputs is None and left_open(model)
    return Report(model.name, tuple(rows.values()), dict(left_alone), assumed if open_ else "")


def file_bytes(model: keras.Model, compressed: bool = False) -> int:
    """Return the bytes of an HDF5 file of the model's weights, written whole, in memory.

    The weights alone: a file that Keras 3 saves of a trained model holds the optimizer's state as
    well, which makes an Adam-trained network three times as large. `compressed`: after gzip.
    """
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for index, W in enumerate(model_of(model).get_weights()):
            file.create_dataset(str(index), data=W)
    data = buffer.getvalue()
    return len(gzip.compress(data, compresslevel=9, mtime=0)) if compressed else len(data)


def _row(
    path: str, layer: keras.Layer, kernels: list[tuple[Kernel, np.ndarray | None]], held: set[str],
    work: Work, own: list[keras.Variable],
) -> LayerRow:  # fmt: skip
    arrays = [W for _, W in kernels if W is not None]
    used = (macs for name, macs in work.by_kernel.items() if name.rpartition("/")[0] == path)
    whys = dict.fromkeys(one.why_not for one, _ in kernels)
    notes = {
        "held": any(one.name in held for one, _ in kernels),
        "frozen": bool(kernels) and not layer.trainable,
        "not built": not layer.built,
        "not used": bool(own) and path not in work.outputs,
        **{why: bool(why) for why in whys},
        "zeros not known": len(arrays) < len(kernels),
        **_thin(kernels),
    }
    sizes = {id(variable): math.prod(variable.shape) for variable in own}
    # Packed numbers are stored in fewer.
    sizes |= {id(one.kept): W.size for one, W in kernels if W is not None}
    return LayerRow(
        path,
        kernels[0][0].shape if len(kernels) == 1 else (),
        (None, *work.outputs.get(path, ())[1:]),
        sum(sizes.values()),
        sum(W.size for W in arrays),
        sum(W.size - int(np.count_nonzero(W)) for W in arrays),
        work.by_layer[path] + sum(used),
        ", ".join(note for note, holds in notes.items() if holds),
    )


def _thin(kernels: list[tuple[Kernel, np.ndarray | None]]) -> dict[str, bool]:
    """Note which kernels keep fewer weights than they have outputs: some of these are dead."""
    arrays = {one.attribute: W for one, W in kernels if W is not None}
    found = masking.thin(arrays, {one.attribute: one.layout for one, _ in kernels})
    of = {name: f" of {name}" if len(kernels) > 1 else "" for name in found}
    return {f"only {k:,}{of[n]} for {o:,} outputs": True for n, (k, o) in found.items()}
