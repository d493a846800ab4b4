"""Choose by pattern, layer, class or function: what `include` and `exclude` take everywhere."""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from course_utils.arrays import can_take
from course_utils.backend import keras

Selector = str | keras.Layer | type | Callable[[keras.Layer, str], bool]
Selectors = Selector | Sequence[Selector] | None

Place = tuple[str, Sequence[keras.Layer]]  # a name, and its layer last, after what that lies in


def left_out(
    places: Sequence[Place], include: Selectors, exclude: Selectors, what: str = "weight"
) -> list[str]:
    """Return, for each place, why the caller's choice leaves it out, or nothing if it does not.

    Raises ValueError where a selector chooses nothing, and TypeError where it is none.

    >>> left_out([("conv/kernel", ()), ("fc/kernel", ())], include=None, exclude="conv")
    ['left out by `exclude`', '']
    """
    wanted, unwanted = as_list(include), as_list(exclude)
    for selector in (*wanted, *unwanted):
        if not any(matches(selector, *place) for place in places):
            names = [name for name, _ in places]
            raise ValueError(f"{selector!r} matches no {what} of this model; it has {names}.")
    reasons = []
    for place in places:
        named = not wanted or any(matches(selector, *place) for selector in wanted)
        reason = "" if named else "not named by `include`"
        if any(matches(selector, *place) for selector in unwanted):
            reason = "left out by `exclude`"
        reasons.append(reason)
    return reasons


def as_list(selectors: Selectors) -> list[Selector]:
    """Return one selector, several or none as a list. Raises TypeError for anything else.

    >>> as_list("conv"), as_list(None)
    (['conv'], [])
    """
    if selectors is None:
        return []
    found = list(selectors) if isinstance(selectors, list | tuple | set) else [selectors]
    for selector in found:
        if not isinstance(selector, str | type | keras.Layer) and not can_take(selector, 2):
            raise TypeError(
                "include and exclude take a pattern, a layer, a class of layers, a function "
                f"(layer, name) -> bool, or a list of these, not {selector!r}."
            )
    return found


def matches(selector: Selector, name: str, owners: Sequence[keras.Layer]) -> bool:
    """Tell whether a selector means the weight of this name, or what it lies in.

    A pattern that names a layer or a nested model means all that is in it.

    >>> matches("block?", "block1/conv/kernel", ()), matches("conv", "block1/conv/kernel", ())
    (True, False)
    """
    if isinstance(selector, str):
        parts = name.split("/")
        around = ("/".join(parts[:end]) for end in range(1, len(parts) + 1))
        return any(fnmatchcase(text, selector) for text in around)
    if isinstance(selector, keras.Layer):
        return any(owner is selector for owner in owners)
    if isinstance(selector, type):
        return any(isinstance(owner, selector) for owner in owners)
    return bool(selector(owners[-1], name))
