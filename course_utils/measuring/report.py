"""One report of what a model's layers hold, cost and lack, and of what was left alone, and why."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

import numpy as np

from course_utils import masking
from course_utils.arrays import checked_number
from course_utils.backend import keras
from course_utils.measuring.macs import Work, work_of
from course_utils.pruning.attaching import held_masks
from course_utils.pruning.kernels import named_weights, skipped, weights
from course_utils.pruning.layers import inner_layers, own_weights, walk
from course_utils.pruning.selectors import Selectors
from course_utils.tables import Printed

_HEADINGS = ("layer", "kernel", "output", "parameters", "zeros", "sparsity", "MACs")
_SUMMED = ("parameters", "weights", "zeros", "macs")

Requested = float | Mapping[str, float] | None


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
    requested: float | None = None
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
    requested: float | None = None  # of all prunable weights together
    # Why weights were left alone: {reason: how many}; by name in `skipped`.
    left_alone: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> LayerRow:
        """The sums over all layers, as a row called "total"."""
        sums = (sum(getattr(row, key) for row in self.rows) for key in _SUMMED)
        return LayerRow("total", (), (), *sums, requested=self.requested)

    @property
    def whole_sparsity(self) -> float:
        """The share of pruned weights among all parameters, those left alone included."""
        return self.total.zeros / self.total.parameters if self.total.parameters else 0.0

    def to_dict(self) -> dict:
        """Return plain lists and numbers, for json or a data frame."""
        rows = [{**asdict(row), "sparsity": row.sparsity} for row in (*self.rows, self.total)]
        return {
            "model": self.model,
            "requested": self.requested,
            "sparsity": self.total.sparsity,
            "whole_sparsity": self.whole_sparsity,
            "layers": rows,
            "left_alone": dict(self.left_alone),
            "skipped": dict(self.skipped),
        }

    def summary(self) -> list[str]:
        """Return the lines below the table: what was asked, what is so, what was left alone."""
        total = self.total
        compression = masking.compression(total.sparsity)
        asked = "" if self.requested is None else f", {self.requested:.1%} requested"
        return [
            f"sparsity: {total.sparsity:.1%} of the prunable weights{asked}, "
            f"{self.whole_sparsity:.1%} of all parameters; compression {compression:.1f}",
            *(f"left alone: {count:,} ({reason})" for reason, count in self.left_alone.items()),
        ]

    def table(self) -> list[tuple[str, ...]]:
        """Return headings, rows and total as text; columns that would be empty are left out."""
        rows = (*self.rows, self.total)
        table = [_HEADINGS, *(row.cells() for row in rows)]
        if any(row.requested is not None for row in rows):
            asked = [("requested",), *((_percent(row.requested),) for row in rows)]
            table = [(*row[:4], *a, *row[4:]) for row, a in zip(table, asked, strict=True)]
        if any(row.note for row in rows):
            notes = ["note", *(row.note or "-" for row in rows)]
            table = [(*row, note) for row, note in zip(table, notes, strict=True)]
        return table


def report(
    model: keras.Model,
    requested: Requested = None,
    *,
    include: Selectors = None,
    exclude: Selectors = None,
    inputs: object = None,
) -> Report:
    """Return what every layer of a built model holds and costs, for one example.

    Sparsity is that of the kernels that `pruning.kernels(model, include, exclude)` gives; all else
    is left alone, with the reason. `requested` is the sparsity that was asked for, of all of them
    or {kernel: sparsity}, and stands beside what was achieved. MACs are those of a dense
    computation: zeros do not lower them. A layer that is used twice has its parameters once and
    its MACs twice; biases, normalization, pooling and activations count none. `inputs`, a batch,
    is needed where the model does not declare its shapes. Source of the counting rule:
    `costs.macs`.

    >>> from course_utils.models import article_cnn
    >>> report(article_cnn()).total.macs
    541440
    """
    kernels = weights(model, include, exclude)
    shares = _shares(requested, kernels)
    work, held = work_of(model, inputs), set(held_masks(model))
    reasons = skipped(model, include, exclude)
    rows: dict[int, LayerRow] = {}  # a layer that stands in several places comes once
    for prefix, owners in walk(model):
        layer, path = owners[-1], prefix.rstrip("/")
        mine = {name: W for name, W in kernels.items() if name.rpartition("/")[0] == path}
        if id(layer) not in rows and _has_a_row(layer, path, work):
            row = _row(path, layer, list(mine.values()), work)
            asked = _together({name: shares[name] for name in mine if name in shares}, mine)
            notes = _notes(layer, path, mine, held, work)
            rows[id(layer)] = replace(row, requested=asked, note=notes)
    asked = requested if isinstance(requested, int | float) else _together(shares, kernels)
    return Report(model.name, tuple(rows.values()), asked, _counted(model, reasons), reasons)


def _shares(requested: Requested, kernels: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Check what was requested; return it by kernel, where it was said by kernel."""
    if not isinstance(requested, Mapping):
        if requested is not None:
            checked_number(requested, "requested", 0, 1)
        return {}
    unknown = sorted(set(requested) - set(kernels))
    if unknown:
        raise ValueError(f"requested names {unknown}; the kernels are {sorted(kernels)}.")
    return {name: checked_number(share, "requested", 0, 1) for name, share in requested.items()}


def _together(shares: Mapping[str, float], kernels: Mapping[str, np.ndarray]) -> float | None:
    """Return the share requested of several kernels together; None unless it is known of each."""
    if not kernels or set(shares) != set(kernels):
        return None
    return sum(shares[n] * W.size for n, W in kernels.items()) / sum(
        W.size for W in kernels.values()
    )


def _has_a_row(layer: keras.Layer, path: str, work: Work) -> bool:
    """Tell whether a layer is more than a box for other layers, and no mere input."""
    if isinstance(layer, keras.layers.InputLayer):
        return False
    return bool(not inner_layers(layer) or own_weights(layer) or work.by_layer[path])


def _row(path: str, layer: keras.Layer, arrays: list[np.ndarray], work: Work) -> LayerRow:
    used = (macs for name, macs in work.by_kernel.items() if name.rpartition("/")[0] == path)
    return LayerRow(
        path,
        arrays[0].shape if len(arrays) == 1 else (),
        (None, *work.outputs.get(path, ())[1:]),
        sum(int(np.prod(variable.shape)) for variable in own_weights(layer)),
        sum(W.size for W in arrays),
        sum(W.size - int(np.count_nonzero(W)) for W in arrays),
        work.by_layer[path] + sum(used),
    )


def _notes(
    layer: keras.Layer, path: str, mine: Mapping[str, np.ndarray], held: set[str], work: Work
) -> str:
    notes = {
        "held": bool(held.intersection(mine)),
        "frozen": bool(mine) and not layer.trainable,
        "not used": bool(own_weights(layer)) and path not in work.outputs,
    }
    return ", ".join(note for note, holds in notes.items() if holds)


def _counted(model: keras.Model, reasons: Mapping[str, str]) -> dict[str, int]:
    """Return how many weights each reason left alone."""
    sizes = {name: int(np.prod(variable.shape)) for name, variable in named_weights(model).items()}
    counts: Counter[str] = Counter()
    for name, reason in reasons.items():
        counts[reason] += sizes[name]
    return dict(counts)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
