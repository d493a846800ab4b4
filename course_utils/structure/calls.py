"""One call of a layer, as the rules see it: what comes in, and what they may say of it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from course_utils.backend import keras
from course_utils.structure.functions import tried
from course_utils.structure.ids import Flow, Ids, compact

Flows = Flow | list[Flow]  # of one output, or of several
Kept = Callable[[np.ndarray], np.ndarray]  # ids -> True where they stay
_ALTERED = "is quantized, or has LoRA: take channels before that"


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
        if self.edits and not self.slices:
            own += [flow.ids for flow in (*self.flows, *self.outputs)]
        for ids in own:
            self.ids.fix(ids, why)

    def refuse(self, why: str = "") -> list[Flow]:
        """Fix all that comes in; return outputs of which nothing can go."""
        mode = getattr(self.layer, "quantization_mode", None)
        altered = bool(mode or getattr(self.layer, "lora_enabled", False))
        why = why or (_ALTERED if altered else "is of a kind whose use of channels is not known")
        self.refused = why
        for flow in self.flows:
            self.fix(flow, why)
        return [fixed(shape) for shape in self.shapes]

    def passed(self, silent: bool = True) -> Flow:
        """Return an output with the channels that came in; `silent`: 0 stays 0."""
        return Flow(self.shapes[0], self.x.ids, self.x.silent and silent)

    def level(self, flow: Flow, axes: Iterable[int]) -> Flow:
        """Return the tensor without differences along some axes: there whole rows go together.

        What is left of a tensor must be a rectangle. So of (heads, size) whole heads go, or the
        same parts of each.
        """
        ids, why = flow.ids, f"{self.label} needs whole rows of them, a part of which cannot go"
        for axis in axes:
            if ids.shape[axis] > 1:
                first = ids.take([0], axis)
                self.ids.tie(ids, first, why)
                ids = first
        return Flow(flow.shape, ids, flow.silent)

    def beside(self, flow: Flow, axes: Iterable[int]) -> Flow | None:
        """Return the tensor so that its ids differ on other axes only; None if there are none."""
        inside = set(axes) & set(flow.varying)
        return None if inside and inside == set(flow.varying) else self.level(flow, inside)

    def vector(self, flow: Flow, axis: int) -> np.ndarray:
        """Return the ids along `axis`, on which they depend from now on; else they are fixed."""
        if axis in flow.varying:
            flow = self.level(flow, set(flow.varying) - {axis})
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
        results = [tried(function) for function in functions]
        for function, result in zip(functions, results, strict=True):
            why = result.why or ("" if np.isfinite(result.at_zero) else "has no value at 0")
            if why:
                name = getattr(function, "__name__", None) or type(function).__name__
                self.ids.fix(ids, f"{self.label} has the activation {name}, which {why}")
        return results[0].zero_stays

    def out(self, axis: int, ids: np.ndarray, silent: bool = True, index: int = 0) -> Flow:
        """Return an output whose channels lie along one axis (negative: from the end)."""
        shape = self.shapes[index]
        ranks = [1] * len(shape)
        ranks[axis] = len(ids)
        return Flow(shape, compact(np.asarray(ids).reshape(ranks)), silent)


def fixed(shape: tuple) -> Flow:
    """Return a tensor of that shape of which nothing can go.

    >>> fixed((28, 28, 1)).ids.shape
    (1, 1, 1)
    """
    return Flow(tuple(shape), np.zeros([1] * len(shape), int))


def left(kept: Kept, ids: np.ndarray, axis: int, length: int) -> int:
    """Return how many entries of a tensor stay along an axis; what stays is a rectangle.

    >>> left(lambda ids: ids != 2, np.array([[1, 2, 3], [1, 2, 3]]), 1, 3)
    2
    """
    others = tuple(other for other in range(ids.ndim) if other != axis)
    return int(np.broadcast_to(kept(ids).any(axis=others), (length,)).sum())


def channel_axis(layer: keras.Layer, flow: Flow) -> int:
    """Return the axis of channels, the batch not counted.

    >>> channel_axis(keras.layers.Conv2D(1, 1), fixed((28, 28, 1)))
    2
    """
    own = getattr(layer, "data_format", "channels_last")
    first = (own or keras.config.image_data_format()) == "channels_first"
    return 0 if first else len(flow.shape) - 1


def layer_axes(axis: int | Sequence[int], flow: Flow) -> list[int]:
    """Return a layer's axes, which count the batch, as axes without it (which would be -1).

    >>> layer_axes((-1, 1), fixed((28, 28, 1)))
    [2, 0]
    """
    rank = len(flow.shape) + 1
    return [a % rank - 1 for a in (axis if isinstance(axis, Sequence) else [axis])]


def long_axes(shape: tuple, rank: int) -> list[int]:
    """Return on which of a tensor's axes, the batch not counted, an array has several numbers.

    >>> long_axes((1, 28, 1), 3)
    [1]
    """
    axes = enumerate(shape, start=rank - len(shape))
    return [axis for axis, length in axes if axis >= 0 and length != 1]
