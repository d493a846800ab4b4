"""Which channels of a model belong together, what may go, and what may not, and why."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count

import numpy as np

from course_utils.backend import keras, model_of
from course_utils.masking import Masks
from course_utils.pruning.selectors import Selectors, left_out
from course_utils.structure.calls import Kept, Maker, Slice
from course_utils.structure.internals import garbage_of_its_own
from course_utils.structure.resizing import resize
from course_utils.structure.symbolic import has_graph
from course_utils.structure.walking import Walk
from course_utils.tables import Printed


@dataclass(frozen=True, eq=False)
class Group:
    """Channels that the same layers make: channel 3 of all of them goes, or stays, together.

    `channels` are the ids, one for each; `reason` says why nothing can be removed, "" if it can.
    """

    name: str
    makers: tuple[str, ...]
    channels: np.ndarray
    reason: str = ""

    def __len__(self) -> int:
        return len(self.channels)


@dataclass(frozen=True)
class Unseen:
    """A layer whose channels are not looked into: its class, its parameters, and why."""

    name: str
    kind: str
    parameters: int
    reason: str


@dataclass(frozen=True, eq=False, repr=False)
class Channels(Printed, words=("made by", "can go")):
    """All channels of a model, in groups; prints as a table.

    `groups` are those from which channels can be removed, `left` all others, with the reason.
    `unseen` are layers with weights that could not be looked into.
    """

    model: keras.Model
    groups: dict[str, Group]
    left: dict[str, Group]
    unseen: tuple[Unseen, ...]
    slices: tuple[Slice, ...]  # ids in them are roots, as in the groups
    factors: tuple[tuple[object, np.ndarray], ...]
    edges: tuple[tuple[str, str, np.ndarray], ...]  # from, to, the ids between
    inexact: bool
    walk: Walk  # the calls that tell how a layer's config follows
    roots: np.ndarray  # of every id the smallest of those that it is tied to

    def kept(self, masks: Masks) -> Kept:
        """Return a function from ids to True where they stay.

        Raises ValueError for unknown groups, masks of another length or type, and a mask that
        leaves no channel.
        """
        gone = np.zeros(len(self.roots), bool)
        for name, mask in checked_masks(self, masks).items():
            gone[self.groups[name].channels[~mask]] = True
        return lambda ids: ~gone[self.roots[ids]]

    def table(self) -> list[tuple[str, ...]]:
        """Return headings and rows as text."""
        rows = [("group", "channels", "made by", "can go")]
        for group in (*self.groups.values(), *self.left.values()):
            made_by = ", ".join(group.makers)
            rows.append((group.name, f"{len(group)}", made_by, group.reason or "yes"))
        return rows

    def summary(self) -> list[str]:
        """Return what is not looked into, and how much that is."""
        if not self.unseen:
            return []
        hidden, whole = sum(one.parameters for one in self.unseen), self.model.count_params()
        alike: dict[tuple[str, str], list[str]] = defaultdict(list)
        for one in self.unseen:
            alike[one.kind, one.reason].append(one.name)
        return [
            f"{hidden / whole:.1%} of the parameters lie in layers that are not looked into:",
            *(f"{listed(names)} ({kind}) {why}" for (kind, why), names in alike.items()),
        ]


def channel_groups(
    model: keras.Model | Channels,
    *,
    include: Selectors = None,
    exclude: Selectors = None,
    inexact: bool = False,
) -> Channels:
    """Return which channels of a Sequential or Functional model go only together.

    A channel is an output of a convolution or dense layer, a unit of a recurrent one, an entry of
    an embedding, a head of attention. `include` and `exclude` choose by the layer that makes it:
    a pattern such as "block1/*", a layer, a class of layers, a function (layer, name) -> bool, or
    a list. With `inexact` channels may also go from what LayerNormalization and RMSNormalization
    see; these then normalize over what is left, so that the others change.

    Raises TypeError for what is no Keras model, ValueError for a model whose graph is not known:
    a subclassed one, or one that is not built.

    >>> from course_utils import models
    >>> found = channel_groups(models.lenet5())
    >>> {name: len(group) for name, group in found.groups.items()}
    {'conv1': 20, 'conv2': 50, 'fc1': 500}
    >>> found.left["fc2"].reason
    'an output of the model'
    """
    model, walk = model_of(model), Walk(inexact=inexact)
    if not has_graph(model):
        raise ValueError(
            f"the graph of model {model.name!r} is not known: it is subclassed, or not built. "
            "Structural pruning needs a Sequential or Functional model with a keras.Input."
        )
    with garbage_of_its_own():
        walk.enter(model)
    ids = walk.ids
    makers = [maker for call in walk.calls.values() for maker in call.makers]
    places = [(f"{maker.name}/kernel", maker.owners) for maker in makers]
    reasons = left_out(places, include, exclude, "layer that makes channels")
    for maker, reason in zip(makers, reasons, strict=True):
        if reason:
            ids.fix(maker.ids, reason)
    resize(model, walk)
    roots = ids.roots()
    narrow = [part for call in walk.calls.values() for part in call.narrow]
    groups = _grouped(makers, narrow, roots, ids.reasons())
    slices = [replace(s, ids=roots[s.ids]) for call in walk.calls.values() for s in call.slices]
    factors = [(v, roots[f]) for call in walk.calls.values() for v, f in call.factors]
    return Channels(
        model,
        {group.name: group for group in groups if not group.reason},
        {group.name: group for group in groups if group.reason},
        _unseen(walk),
        tuple(slices),
        tuple(factors),
        tuple((a, b, np.unique(roots[flow.ids])) for a, b, flow in walk.edges),
        inexact,
        walk,
        roots,
    )


def _unseen(walk: Walk) -> tuple[Unseen, ...]:
    """Return the layers of which no rule said anything, though they have weights."""
    found, known = [], set()  # one may lie in another, or be called on other names
    for call in walk.calls.values():
        weights = {id(v): math.prod(v.shape) for v in getattr(call.layer, "weights", ())}
        count = sum(size for key, size in weights.items() if key not in known)
        if call.refused and not call.noted and count:
            found.append(Unseen(call.path, type(call.layer).__name__, count, call.refused))
            known |= {*weights}
    return tuple(found)


def as_channels(model: keras.Model | Channels) -> Channels:
    """Return the channels of a model: what everything asks at the door that looks at channels.

    >>> from course_utils import models
    >>> list(as_channels(models.lenet300()).groups)
    ['fc1', 'fc2']
    """
    if not isinstance(model, Channels):
        return channel_groups(model)
    for call in model.walk.calls.values():
        changed = any(getattr(call.layer, key, 0) for key in ("lora_enabled", "quantization_mode"))
        if changed and call.slices:
            raise ValueError(
                f"layer {call.path!r} was quantized or got LoRA after its channels were found: "
                "shrink first, or find the channels anew."
            )
    return model


def checked_masks(channels: Channels, masks: Masks) -> dict[str, np.ndarray]:
    """Return masks as Boolean arrays, after making sure that they fit and leave something.

    >>> from course_utils import models
    >>> small = channel_groups(models.lenet5())
    >>> checked_masks(small, {"conv1": np.arange(20) < 5})["conv1"].sum()
    np.int64(5)
    """
    if not isinstance(masks, Mapping):
        raise TypeError(
            f"masks must be a dictionary such as {{'conv1': array}}, not {type(masks).__name__}."
        )
    for name in masks:
        if name in channels.left:
            raise ValueError(f"nothing can go from {name!r}: {channels.left[name].reason}.")
        if name not in channels.groups:
            raise ValueError(f"unknown group {name!r}; there are {sorted(channels.groups)}.")
    return {name: _checked_mask(mask, channels.groups[name]) for name, mask in masks.items()}


def listed(names: Sequence[str], longest: int = 4) -> str:
    """Return names in a line: the first of them, and how many there are.

    >>> listed(["a", "b", "c"], longest=2)
    'a, b, … (3)'
    """
    more = f", … ({len(names)})" if len(names) > longest else ""
    return ", ".join(names[:longest]) + more or "-"


def _checked_mask(mask: np.ndarray, group: Group) -> np.ndarray:
    mask = np.asarray(mask)
    if mask.shape != (len(group),):
        raise ValueError(
            f"the mask of {group.name!r} has shape {mask.shape}; its {len(group)} channels need "
            f"({len(group)},)."
        )
    if mask.dtype != bool and not np.isin(mask, (0, 1)).all():
        raise ValueError(
            f"the mask of {group.name!r} must hold True (stays) and False (goes) only."
        )
    if not mask.any():
        raise ValueError(f"the mask of {group.name!r} leaves no channel; one at least must stay.")
    return mask.astype(bool)


def _grouped(
    makers: list[Maker], narrow: list[np.ndarray], roots: np.ndarray, reasons: dict[int, str]
) -> list[Group]:
    """Put together the channels that the same makers make."""
    who: dict[int, list[int]] = defaultdict(list)
    for index, ids in enumerate([*(maker.ids for maker in makers), *narrow]):
        for root in dict.fromkeys(roots[ids].tolist()):
            who[root].append(index)
    alike: dict[tuple, list[int]] = defaultdict(list)
    for root, indices in who.items():
        if root:
            alike[(*indices, root in reasons)].append(root)
    groups: list[Group] = []
    for key, channels in alike.items():
        names = tuple(dict.fromkeys(makers[i].name for i in key[:-1] if i < len(makers)))
        reason = reasons.get(channels[0], "")
        if not reason and len(channels) == 1:
            reason = "one channel, or one group of them: something must stay"
        taken = {group.name for group in groups}
        possible = chain(names[:1], (f"{names[0]} ({number})" for number in count(2)))
        name = next(name for name in possible if name not in taken)
        groups.append(Group(name, names, np.array(channels), reason))
    return groups
