"""A smaller, ordinary Keras model, and a report of what went, with what, and what stayed."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from course_utils.backend import keras
from course_utils.masking import Masks
from course_utils.structure.calls import Slice
from course_utils.structure.channels import Channels, Group, as_channels, checked_masks, listed
from course_utils.structure.choosing import Shares, choose, shares_of
from course_utils.structure.keeping import notes
from course_utils.structure.rebuilding import rebuilt
from course_utils.structure.scoring import filter_norms
from course_utils.structure.zeroing import verified
from course_utils.tables import Printed


@dataclass(frozen=True)
class GroupRow:
    """One group of a report: how many channels it had and has, and which layers that touched."""

    group: str
    before: int
    after: int
    made_by: tuple[str, ...]
    goes_with: tuple[str, ...]
    read_by: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True, repr=False)
class ShrinkReport(Printed, words=("goes with it", "read by")):
    """What `shrink` did; prints as a table. `difference` is that of `verify`, if it was asked."""

    model: str
    parameters: tuple[int, int]  # before and after
    rows: tuple[GroupRow, ...]  # of groups from which channels could go
    left: tuple[GroupRow, ...]  # of the others, with reasons
    difference: float | None = None
    notes: tuple[str, ...] = ()  # what is lost, not looked into, and what a file of it needs

    def summary(self) -> list[str]:
        """Return the lines below the table."""
        before, after = self.parameters
        gone = sum(row.before - row.after for row in self.rows)
        lines = [
            f"{gone:,} of {sum(row.before for row in self.rows):,} channels removed; "
            f"{before:,} -> {after:,} parameters ({after / max(before, 1):.1%})"
        ]
        reasons: dict[str, list[str]] = defaultdict(list)
        for row in self.left:
            reasons[row.reason].append(f"{row.group} ({row.before})")
        lines += [f"left alone: {listed(names)}: {why}" for why, names in reasons.items()]
        lines += [f"note: {note}" for note in self.notes]
        if self.difference is not None:
            lines.append(f"verified: differs from the zeroed network by {self.difference:.1e}")
        return lines

    def table(self) -> list[tuple[str, ...]]:
        """Return headings and rows as text."""
        table = [("group", "channels", "goes with it", "read by")]
        for row in self.rows:
            others = [name for name in (*row.made_by, *row.goes_with) if name != row.group]
            channels = f"{row.before} -> {row.after}"
            table.append((row.group, channels, listed(others), listed(row.read_by)))
        return table


def shrink(
    model: keras.Model | Channels,
    sparsity: Shares | None = None,
    *,
    masks: Masks | None = None,
    verify: bool = False,
    inputs: object | None = None,
) -> tuple[keras.Model, ShrinkReport]:
    """Return the model without some of its channels, and a report; the model given stays as it is.

    How much goes is told by one of two. `sparsity` is a share, or {group or pattern: share}, and
    takes the filters of smallest L2 norm from each group. `masks` holds True where a channel
    stays, for each group of `channel_groups`; groups that it does not name stay whole.
    The result is an ordinary Keras model of the same class, with the same layer names, inputs,
    outputs, dtype policies and frozen layers, compiled as before with a new optimizer; it holds
    what is left of masks and codebooks that are held. What does not change is copied with all its
    state, tied weights stay tied, and no weight is shared with the model given. A class whose
    constructor builds layers of its own becomes a plain Functional model: the report's notes say
    what is lost with it, and what a file of the smaller model needs to be loaded.

    What is left computes exactly what it did: the same as the full network with the removed
    channels at zero. `verify` makes sure of it on random inputs, or on the batch `inputs` in the
    form that the model takes, before a softmax or sigmoid of the outputs, and raises RuntimeError
    if not. So it does, asked or not, where numbers of a layer's config were found by trial.

    Raises TypeError where both or neither of `sparsity` and `masks` are given, or `inputs` without
    `verify`; ValueError, having built nothing, for a model whose graph is not known, a sparsity
    outside [0, 1], masks that do not fit, layers that change and cannot be made from their config,
    a class that is trained by code of its own and cannot be kept, layers that read the weights of
    others by a global name, and constraints that hold arrays.

    >>> from course_utils import models
    >>> small, report = shrink(models.lenet5(), 0.5, verify=True)
    >>> report.parameters
    (431080, 109295)
    """
    if inputs is not None and not verify:
        raise TypeError("inputs are given, but only verify=True computes with them: give both.")
    channels = as_channels(model)
    masks = checked_masks(channels, _asked(channels, sparsity, masks))
    small, pairs = rebuilt(channels, channels.kept(masks))
    resized = (one for call in channels.walk.wholes for one in call.slices)
    whole = not channels.inexact and not all(channels.kept(masks)(s.ids).all() for s in resized)
    apart = verified(channels, masks, small, inputs) if verify or whole else None
    touching = _touching(channels)
    rows, left = (
        tuple(_row(group, masks.get(name), touching[name]) for name, group in groups.items())
        for groups in (channels.groups, channels.left)
    )
    full = channels.model
    parameters = (full.count_params(), small.count_params())
    said = (*channels.summary(), *notes(full, small, pairs))
    return small, ShrinkReport(full.name, parameters, rows, left, apart, said)


def _asked(channels: Channels, sparsity: Shares | None, masks: Masks | None) -> Masks:
    """Return the masks that were given, or those for the sparsity that was."""
    if (sparsity is None) == (masks is None):
        given = "neither sparsity nor masks are" if masks is None else "sparsity and masks are both"
        raise TypeError(
            f"{given} given. Give one of them: a share of each group, shrink(model, 0.5), or the "
            "channels that stay, shrink(model, masks={'conv': array})."
        )
    if masks is not None:
        return masks
    if isinstance(sparsity, Mapping) and any(np.ndim(share) for share in sparsity.values()):
        raise TypeError(
            "sparsity must hold one number a group, but holds arrays. To say which channels stay, "
            "name the argument: shrink(model, masks=...)."
        )
    shares = shares_of(channels.groups, sparsity)
    return choose(filter_norms(channels), shares) if shares else {}


def _touching(channels: Channels) -> dict[str, list[Slice]]:
    """Return for every group the slices in which its channels lie."""
    groups = [*channels.groups.values(), *channels.left.values()]
    place = np.full(len(channels.roots), len(groups))
    for index, group in enumerate(groups):
        place[group.channels] = index
    found: dict[str, list[Slice]] = {group.name: [] for group in groups}
    for one in channels.slices:
        for index in np.unique(place[one.ids]):
            if index < len(groups):
                found[groups[index].name].append(one)
    return found


def _row(group: Group, mask: np.ndarray | None, slices: list[Slice]) -> GroupRow:
    with_it, readers = {}, {}  # the layers whose weights go along, and those that read them
    for one in slices:
        if one.role == "reads":
            readers[one.layer] = None
        elif one.layer not in group.makers:
            with_it[one.layer] = None
    before, after = len(group), len(group) if mask is None else int(mask.sum())
    touched = (group.makers, tuple(with_it), tuple(readers))
    return GroupRow(group.name, before, after, *touched, group.reason)
