"""One call of a layer, as the rules see it: what comes in, and what they may say of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from course_utils.backend import keras
from course_utils.structure.ids import Flow, Ids, compact

Flows = Flow | list[Flow]  # of one output, or of several
Kept = Callable[[np.ndarray], np.ndarray]  # ids -> True where they stay

# What happens to the activation 0, and whether units are treated one by one.
_ZERO_STAYS = (
    "celu elu gelu hard_shrink hard_silu hard_tanh leaky_relu linear mish relu relu6 selu silu "
    "soft_shrink softsign tanh tanh_shrink"
)
_ZERO_MOVES = (
    "exponential hard_sigmoid log_sigmoid sigmoid softplus sparse_plus sparse_sigmoid squareplus"
)
_SILENT = {getattr(keras.activations, name) for name in _ZERO_STAYS.split()}
_ONE_BY_ONE = _SILENT | {getattr(keras.activations, name) for name in _ZERO_MOVES.split()}


@dataclass(frozen=True, eq=False)
class Slice:
    """Along one axis of a variable, the ids of its entries, and what these do with the channels.

    `role`: "makes" (they compute the channel), "scales" and "shifts" (they come on top), "reads"
    (they multiply it), "follows" (they do something with it alone), "keeps" (a statistic of it).
    """

    variable: keras.Variable
    axis: int
    ids: np.ndarray
    role: str
    layer: str  # the path of the layer that has it


@dataclass(frozen=True, eq=False)
class Maker:
    """A place where channels come from: its name, the layers around it, the new ids."""

    name: str
    owners: tuple[keras.Operation, ...]
    ids: np.ndarray


@dataclass
class Call:
    """One call: `flows` stand for the tensors among its arguments, in their order."""

    owners: tuple[keras.Operation, ...]  # the layer last, before it what it lies in
    flows: list[Flow]
    shapes: list[tuple]  # of the outputs, without the batch
    ids: Ids
    arguments: tuple[object, ...] = ()
    options: dict[str, object] = field(default_factory=dict)
    inexact: bool = False  # channels may go from what normalizes over them
    slices: list[Slice] = field(default_factory=list)
    edits: list[Callable[[dict, Kept], None]] = field(default_factory=list)  # of the layer's config
    makers: list[Maker] = field(default_factory=list)
    narrow: list[np.ndarray] = field(default_factory=list)  # ids of which one at least must stay
    factors: list[tuple[object, np.ndarray]] = field(default_factory=list)  # of MACs, see costing
    new_arguments: Callable[[tuple, Kept], tuple] | None = None
    outputs: list[Flow] = field(default_factory=list)  # what the rule made of it
    refused: str = ""  # why nothing is known of the layer

    @property
    def layer(self) -> keras.Operation:
        """The layer or operation that is called."""
        return self.owners[-1]

    @property
    def path(self) -> str:
        """Its name, with those of the models around it before it."""
        return "/".join(owner.name for owner in self.owners)

    @property
    def label(self) -> str:
        """How reasons name it."""
        return f"{self.path} ({type(self.layer).__name__})"

    @property
    def noted(self) -> bool:
        """Whether anything of the layer, its variables or its config, goes with channels."""
        return bool(self.slices or self.edits or self.makers)

    @property
    def x(self) -> Flow:
        """The first tensor."""
        return self.flows[0]

    def fix(self, flow: Flow, why: str) -> Flow:
        """Fix all ids of a tensor; return it as one of which nothing can go."""
        self.ids.fix(flow.ids, f"{self.label} {why}")
        return fixed(flow.shape)

    def fix_own(self, why: str) -> None:
        """Fix all ids that the layer's variables and its config go with."""
        own = [*(one.ids for one in self.slices), *(one.ids for one in self.makers)]
        if self.edits and not own:
            own = [flow.ids for flow in (*self.flows, *self.outputs)]
        for ids in own:
            self.ids.fix(ids, why)

    def refuse(self, why: str = "is of a kind whose use of channels is not known") -> list[Flow]:
        """Fix all that comes in; return outputs of which nothing can go."""
        self.refused = why
        for flow in self.flows:
            self.fix(flow, why)
        return [fixed(shape) for shape in self.shapes]

    def passed(self, silent: bool = True) -> Flow:
        """Return an output with the channels that came in; `silent`: 0 stays 0."""
        return Flow(self.shapes[0], self.x.ids, self.x.silent and silent)

    def vector(self, flow: Flow, axis: int) -> np.ndarray:
        """Return the ids along `axis`; what varies along another one is fixed."""
        if set(flow.varying) - {axis}:
            flow = self.fix(flow, "takes them on another axis than that of channels")
        if flow.shape[axis] is None:
            return self.fix(flow, "has an axis of unknown length there").ids.reshape(-1)
        return flow.vector(axis)

    def make(self, count: int, name: str = "") -> np.ndarray:
        """Return new ids for the channels that this layer computes."""
        ids = self.ids.fresh(count)
        self.makers.append(Maker(self.path + name, self.owners, ids))
        return ids

    def slice(self, variable: keras.Variable | None, axis: int, ids: np.ndarray, role: str) -> None:
        """Say that a variable's entries along an axis belong to ids; None, of no bias: nothing."""
        if variable is not None:
            place = axis % len(variable.shape)
            self.slices.append(Slice(variable, place, np.asarray(ids), role, self.path))

    def count(self, key: str, ids: np.ndarray) -> None:
        """Say that an entry of the layer's config counts ids."""
        self.edits.append(lambda config, kept: config.update({key: int(kept(ids).sum())}))

    def activated(self, ids: np.ndarray, *functions: Callable) -> bool:
        """Fix ids whose activation mixes them; tell whether a zero stays zero (in the first)."""
        if not all(function in _ONE_BY_ONE for function in functions):
            names = ", ".join(getattr(f, "__name__", str(f)) for f in functions)
            self.ids.fix(ids, f"{self.label} has the activation {names}, which may mix channels")
        return functions[0] in _SILENT

    def out(self, axis: int, ids: np.ndarray, silent: bool = True, index: int = 0) -> Flow:
        """Return an output whose channels lie along one axis (negative: from the end)."""
        shape = self.shapes[index]
        ranks = [1] * len(shape)
        ranks[axis] = len(ids)
        return Flow(shape, compact(np.asarray(ids).reshape(ranks)), silent)

    def settled(self, ids: np.ndarray) -> np.ndarray:
        """Return ids that vary along one axis at most: the first one; the others are tied.

        What is left of a tensor must be a rectangle. So of (heads, size) whole heads go.
        """
        varying = [axis for axis, length in enumerate(ids.shape) if length > 1]
        for axis in varying[1:]:
            first = ids.take([0], axis)
            self.ids.tie(ids, first, f"{self.label} spreads them over two axes")
            ids = first
        return ids


def fixed(shape: tuple) -> Flow:
    """Return a tensor of that shape of which nothing can go.

    >>> fixed((28, 28, 1)).ids.shape
    (1, 1, 1)
    """
    return Flow(tuple(shape), np.zeros([1] * len(shape), int))


def channel_axis(layer: keras.Layer, flow: Flow) -> int:
    """Return the axis of channels, the batch not counted.

    >>> channel_axis(keras.layers.Conv2D(1, 1), fixed((28, 28, 1)))
    2
    """
    first = getattr(layer, "data_format", "channels_last") == "channels_first"
    return 0 if first else len(flow.shape) - 1


def layer_axes(axis: int | Sequence[int], flow: Flow) -> list[int]:
    """Return a layer's axes, which count the batch, as axes without it (which would be -1).

    >>> layer_axes((-1, 1), fixed((28, 28, 1)))
    [2, 0]
    """
    rank = len(flow.shape) + 1
    return [a % rank - 1 for a in (axis if isinstance(axis, Sequence) else [axis])]
