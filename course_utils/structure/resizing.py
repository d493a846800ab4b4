"""Layers and models that are made anew as wholes, narrower inside, by numbers of their config.

Of some layers only a run on tensors of one size tells what they do, as of a decoder that makes its
causal mask from the length. It tells which channels inside belong together, but is no graph for any
size. Where the layer's own configuration has a number for them, a layer made with a smaller number
is the smaller layer, of the same class. Which number it is comes out by trial: with one less, all
variables must have the shapes that they have with one channel less, and no others.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from course_utils.backend import keras
from course_utils.pruning.layers import of_keras
from course_utils.structure.calls import Call, Kept
from course_utils.structure.internals import drawn_as_zeros
from course_utils.structure.symbolic import config_of
from course_utils.structure.walking import Walk

Path = tuple[str | int, ...]  # of an entry in a config
Remade = Callable[[dict], keras.Layer]  # from a config: a layer that is built


class Trials:
    """What shapes a layer's variables have when one number of its config is smaller.

    Layers of equal configs, such as the blocks of a transformer, are tried once.
    """

    def __init__(self) -> None:
        self._known: dict[tuple, list[tuple] | None] = {}

    def shapes(
        self, layer: keras.Layer, config: dict, remade: Remade, path: Path, smaller: int
    ) -> list[tuple] | None:
        """Return the shapes; None where such a layer cannot be made, or has other variables."""
        key = (type(layer), str({k: v for k, v in config.items() if k != "name"}), path, smaller)
        if key not in self._known:
            try:
                with drawn_as_zeros():
                    found = remade(changed(config, path, smaller)).variables
            except Exception:  # whatever a constructor finds wrong with the number
                found = []
            names = [[one.name for one in variables] for variables in (found, layer.variables)]
            same = names[0] == names[1]
            self._known[key] = [tuple(one.shape) for one in found] if same else None
        return self._known[key]


def resize(model: keras.Model, walk: Walk) -> None:
    """Let configs follow the channels inside what is made anew as a whole; fix those they cannot.

    Where there is such a layer, the model itself is tried first: if it is of a class of its own,
    and its config has numbers for channels, it stays of that class.
    """
    trials, ids = Trials(), walk.ids
    if not walk.wholes:
        return
    whole, inner = Call((model,), [], [], ids), [*walk.calls.values()]
    if not of_keras(type(model)):
        found, others = _numbered(whole, inner, type(model).from_config, trials)
        if found:
            _settle(whole, inner, found, others)
            walk.calls, walk.wholes = {id(model): whole}, [whole]
            return
    for whole in walk.wholes:
        inner = walk.within(whole.layer)
        _settle(whole, inner, *_numbered(whole, inner, walk.looks[id(whole.layer)].remade, trials))
        for call in inner:
            del walk.calls[id(call.layer)]


def _settle(whole: Call, inner: list[Call], found: dict[Path, list], others: list) -> None:
    """Let the whole layer have all that the calls inside it noted."""
    for path, (times, (first, *more)) in found.items():
        for other in more:
            whole.ids.tie(first, other, f"{whole.label} has one number for both")
        whole.edits.append(_edit(path, first, times))
    for made in others:
        whole.ids.fix(made, f"{whole.label} is made anew as a whole, and has no number for them")
    for call in inner:
        whole.makers += call.makers
        whole.slices += call.slices
        whole.narrow += call.narrow
        whole.factors += call.factors


def _numbered(
    whole: Call, inner: list[Call], remade: Remade, trials: Trials
) -> tuple[dict[Path, tuple[int, list[np.ndarray]]], list[np.ndarray]]:
    """Return the ids that numbers of the config count, by place, and how often; and all others."""
    counted: dict[Path, tuple[int, list[np.ndarray]]] = {}
    roots, reasons, layer = whole.ids.roots(), whole.ids.reasons(), whole.layer
    groups: dict[tuple[int, ...], np.ndarray] = {}
    for maker in (maker for call in inner for maker in call.makers):
        free = maker.ids[~np.isin(roots[maker.ids], [0, *reasons])]  # of one layer some may not be
        if free.size:
            groups.setdefault(tuple(dict.fromkeys(roots[free].tolist())), free)
    places = {id(variable): place for place, variable in enumerate(layer.variables)}
    slices = [one for call in inner for one in call.slices if id(one.variable) in places]
    sizes = _sizes(tuple(one.shape) for one in layer.variables)

    def lost(channels: tuple[int, ...]) -> np.ndarray:
        """Return by how much every axis of every variable is shorter without the last channel."""
        found = np.zeros_like(sizes)
        for one in slices:
            found[places[id(one.variable)], one.axis] += (roots[one.ids] == channels[-1]).sum()
        return found

    config = config_of(layer)
    for path, number in numbers(config):
        for times in (1, 2):  # some count channels of two halves, one of which gates the other
            alike = {c: lost(c) for c in groups if times * len(c) == number > times}
            shapes = trials.shapes(layer, config, remade, path, number - times) if alike else None
            if shapes is None:
                continue
            missing = sizes - _sizes(shapes)
            mine = [c for c, less in alike.items() if (missing[less > 0] > 0).all()]
            if mine and (missing == sum(alike[c] for c in mine)).all():
                counted[path] = times, [groups.pop(c) for c in mine]
                break
    return counted, list(groups.values())


def _sizes(shapes: Iterable[tuple[int, ...]]) -> np.ndarray:
    """Return shapes as rows of a table, with 0 for the axes that they have not."""
    return np.array([(*shape, *[0] * (8 - len(shape))) for shape in shapes])


def numbers(config: object, path: Path = ()) -> Iterator[tuple[Path, int]]:
    """Yield the whole numbers in a config, however deep they lie, and where.

    >>> list(numbers({"name": "a", "widths": [8, 16], "inner": {"units": 4, "bias": True}}))
    [(('widths', 0), 8), (('widths', 1), 16), (('inner', 'units'), 4)]
    """
    if isinstance(config, int) and not isinstance(config, bool):
        yield path, config
    elif isinstance(config, dict | list | tuple):
        items = config.items() if isinstance(config, dict) else enumerate(config)
        for key, value in items:
            yield from numbers(value, (*path, key))


def changed(config: dict, path: Path, number: int) -> dict:
    """Return a copy of a config with another number at a place.

    >>> changed({"widths": (8, 16)}, ("widths", 0), 4)
    {'widths': [4, 16]}
    """
    key, *rest = path
    new = dict(config) if isinstance(config, dict) else list(config)
    new[key] = changed(new[key], tuple(rest), number) if rest else number
    return new


def _edit(path: Path, counted: np.ndarray, times: int) -> Callable[[dict, Kept], None]:
    def edit(config: dict, kept: Kept) -> None:
        config.update(changed(config, path, times * int(kept(counted).sum())))

    return edit
