"""What takes parts of a tensor, or puts something beside it: slices, splits, padding."""

import operator
from collections.abc import Sequence

import numpy as np

from course_utils.structure.calls import Call, Flows, Kept, fixed, layer_axes, left
from course_utils.structure.ids import Flow

_ALL = slice(None)


def split(call: Call) -> Flows:
    """Pieces along an axis; of each something stays."""
    x, (axis,) = call.x, layer_axes(call.layer.axis, call.x)
    if axis not in x.varying:  # -1 is the axis of examples
        return [Flow(shape, x.ids, x.silent) for shape in call.shapes]
    if type(call.layer).__name__ == "ArraySplit":
        return call.refuse("cannot be told where to split what is left, as keras.ops.split can")
    parts = np.split(x.ids, call.layer.indices_or_sections, axis)
    call.narrow.extend(part.reshape(-1) for part in parts)

    def edit(config: dict, kept: Kept) -> None:
        ends = np.cumsum([left(kept, part, axis, part.shape[axis]) for part in parts])
        config["indices_or_sections"] = [int(end) for end in ends[:-1]]

    call.edits.append(edit)
    return [Flow(s, part, x.silent) for s, part in zip(call.shapes, parts, strict=True)]


def unstack(call: Call) -> Flows:
    """Single entries of an axis, on which they are not channels."""
    if call.x.turned:
        return [] if call.layer.axis else [_first_of(call) for _ in call.shapes]
    (axis,) = layer_axes(call.layer.axis, call.x)
    x = None if axis < 0 else call.beside(call.x, [axis])
    if x is None:
        return call.refuse("picks single channels")
    return [Flow(shape, x.ids.squeeze(axis), x.silent) for shape in call.shapes]


def gated(call: Call) -> Flows:
    """One half times the sigmoid of the other: channel 3 of both go together."""
    x, (axis,) = call.x, layer_axes(call.layer.axis, call.x)
    if axis not in x.varying:
        return Flow(call.shapes[0], x.ids, x.silent)
    one, other = np.split(x.ids, 2, axis)
    call.ids.tie(one, other, f"{call.label} combines them with what cannot go")
    return Flow(call.shapes[0], one, x.silent)


def get_item(call: Call) -> Flows:
    """A part of a tensor: slices of step 1 along channels, anything along the other axes."""
    key = call.arguments[1] if len(call.arguments) > 1 else call.options["key"]
    if not call.x.free:
        return fixed(call.shapes[0])
    if call.x.turned:
        return _first_of(call) if isinstance(_entry(key), int) else []
    keys = _full_key(key, len(call.x.shape) + 1)
    if keys is None or keys[0] != _ALL:
        return call.refuse("takes a part in a way that is not known")
    of_axes = [one for one in keys[1:] if one is not None]
    x = call.beside(call.x, [a for a, one in enumerate(of_axes) if not _in_a_row(one)])
    if x is None:
        return call.refuse("picks single channels")
    # A number takes the only id of its axis; so do slices of axes on which ids do not depend.
    short = [_ALL if isinstance(one, slice) else one and 0 for one in keys[1:]]
    places = [place for place, one in enumerate(keys[1:]) if one is not None]
    sliced = [a for a in x.varying if of_axes[a] not in (_ALL, slice(None, None, -1))]
    for axis in x.varying:
        short[places[axis]] = of_axes[axis]
    ids = x.ids[tuple(short)]
    if sliced and len(call.arguments) < 2:
        return call.refuse("takes a part in a way that is not known")
    if sliced:
        call.narrow.append(ids.reshape(-1))
        call.new_arguments = _renewed(x, keys, {axis: places[axis] + 1 for axis in sliced})
    return Flow(call.shapes[0], ids, x.silent)


def pad(call: Call) -> Flows:
    """Zeros around: along channels they are channels that cannot go."""
    x, widths = call.x, [tuple(pair) for pair in call.layer.pad_width]
    if len(widths) != len(x.shape) + 1 or not x.varying:
        return call.refuse("pads in a way that is not known") if x.free else fixed(call.shapes[0])
    if call.layer.mode != "constant" and any(widths[axis + 1] != (0, 0) for axis in x.varying):
        return call.refuse("repeats some of them")
    around = [w if axis in x.varying else (0, 0) for axis, w in enumerate(widths[1:])]
    return Flow(call.shapes[0], np.pad(x.ids, around), False)


def _first_of(call: Call) -> Flow:
    """One entry of the axis that was moved before that of examples, as queries, keys, values."""
    whole, (moved, examples, *order) = call.x.turned
    x = None if examples else call.beside(whole, [moved - 1])
    if x is None:
        return call.fix(Flow(call.shapes[0], whole.ids), "picks single channels or examples")
    return Flow(call.shapes[0], x.ids.transpose([moved - 1, *(a - 1 for a in order)])[0], x.silent)


def _in_a_row(part: object) -> bool:
    """Tell whether a slice takes channels in a row, or all of them, perhaps in reverse."""
    return isinstance(part, slice) and (part.step in (None, 1) or part == slice(None, None, -1))


def _renewed(x: Flow, keys: list, places: dict[int, int]) -> object:
    """Return what makes a call's key anew, in which slices of some axes follow what is left."""

    def renewed(arguments: tuple, kept: Kept) -> tuple:
        new = [*keys]
        for axis, place in places.items():
            start, stop, _ = keys[place].indices(x.shape[axis])
            before, taken = (
                left(kept, x.ids.take(range(a, b), axis), axis, b - a) if b > a else 0
                for a, b in ((0, start), (start, stop))
            )
            new[place] = slice(before, before + taken)
        return (arguments[0], tuple(new), *arguments[2:])

    return renewed


def _full_key(key: object, rank: int) -> list | None:
    """Return one entry an axis, old or new, without the dots; None for anything not known."""
    keys = [_entry(one) for one in (key if isinstance(key, Sequence) else [key])]
    if any(one is NotImplemented for one in keys):
        return None
    missing = rank - sum(one is not None and one is not Ellipsis for one in keys)
    if Ellipsis in keys:
        at = keys.index(Ellipsis)
        return [*keys[:at], *[_ALL] * missing, *keys[at + 1 :]]
    return [*keys, *[_ALL] * missing]


def _entry(one: object) -> object:
    """Return a slice, None, Ellipsis or a number; NotImplemented for anything else."""
    if one is None or one is Ellipsis or isinstance(one, slice):
        return one
    try:
        return NotImplemented if isinstance(one, bool) else operator.index(one)
    except TypeError:
        return NotImplemented


OF_TURNED = (get_item, unstack)
OPERATIONS = {
    "Split": split,
    "ArraySplit": split,
    "Unstack": unstack,
    "Glu": gated,
    "GetItem": get_item,
    "Pad": pad,
}
