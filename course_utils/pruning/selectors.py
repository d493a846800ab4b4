"""Choose by pattern, layer, class or function: what `include` and `exclude` take everywhere."""

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase

from course_utils.backend import keras

Selector = str | keras.Layer | type | Callable[[keras.Layer, str], bool]
Selectors = Selector | Sequence[Selector] | None

Place = tuple[str, Sequence[keras.Layer]]  # a name, and its layer last, after what that lies in


def refuse_unmatched(
    places: Iterable[Place], include: Selectors, exclude: Selectors, what: str = "weight"
) -> None:
    """Raise ValueError where a selector chooses nothing, and TypeError where it is none.

    >>> refuse_unmatched([("conv/kernel", ())], "conv", exclude=None)
    """
    places = list(places)
    for selector in (*as_list(include), *as_list(exclude)):
        if not any(matches(selector, *place) for place in places):
            names = [name for name, _ in places]
            raise ValueError(f"{selector!r} matches no {what} of this model; it has {names}.")


def left_out(
    name: str, owners: Sequence[keras.Layer], include: Selectors, exclude: Selectors
) -> str:
    """Return why the caller's choice leaves something out; nothing where it does not.

    >>> left_out("conv/kernel", (), include=None, exclude="conv")
    'left out by `exclude`'
    >>> left_out("conv/kernel", (), include="c*", exclude=["fc", "output"])
    ''
    """
    if any(matches(selector, name, owners) for selector in as_list(exclude)):
        return "left out by `exclude`"
    wanted = as_list(include)
    if wanted and not any(matches(selector, name, owners) for selector in wanted):
        return "not named by `include`"
    return ""


def as_list(selectors: Selectors) -> list[Selector]:
    """Return one selector, several or none as a list.

    >>> as_list("conv"), as_list(None)
    (['conv'], [])
    """
    if selectors is None:
        return []
    return list(selectors) if isinstance(selectors, list | tuple | set) else [selectors]


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
    if callable(selector):
        return bool(selector(owners[-1], name))
    raise TypeError(
        "include and exclude take a pattern, a layer, a class of layers, a function "
        f"(layer, name) -> bool, or a list of these, not {selector!r}."
    )
