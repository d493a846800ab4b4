"""Checks for notebook 12: groups of channels, and ids that are tied."""

from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np

from course_utils import structure
from course_utils.backend import keras, operation_of
from course_utils.lessons.checks.verdict import Mistake, as_array, call, exercise


@exercise("Right: what is added goes together, what is computed anew does not.")
def groups(answer: dict[str, int], model: keras.Model) -> Iterator[str]:
    """Check {layer: number}: equal numbers for layers of `model` whose channels go together."""
    if not isinstance(answer, dict):
        raise Mistake('a dictionary was expected, such as {"stem": 1, "conv_a": 2, …}')
    channels = structure.channel_groups(model)
    right = {  # the group of each layer that makes channels, or computes one from one
        one.layer: name
        for one in channels.slices
        if one.role in ("makes", "follows")
        for name, group in channels.groups.items()
        if np.isin(one.ids, group.channels).any()
    }
    missing, extra = sorted(set(right) - set(answer)), sorted(set(answer) - set(right))
    if missing:
        yield f"{missing} still has no number." if len(missing) == 1 else f"{missing} have none."
    passing = {layer.name for layer in model.layers} - {model.layers[-1].name}
    if extra and set(extra) <= passing:
        yield f"leave out {extra}: no channels begin there, those of other layers pass through."
    if extra:
        yield f"leave out {extra}: the outputs stay, and only layers of the network can lose any."
    for one, other in combinations(right, 2):
        together = answer[one] == answer[other]
        if together != (right[one] == right[other]):
            yield (_too_close if together else _too_far)(model, one, other)


def _too_far(model: keras.Model, one: str, other: str) -> str:
    for name in (one, other):
        if isinstance(model.get_layer(name), keras.layers.DepthwiseConv2D):
            return (
                f"{name} is depthwise: it makes its channel 3 from channel 3 alone, and cannot do "
                "without it. So it belongs to what it reads."
            )
    return (
        f"{one} and {other} meet in an Add, channel 3 with channel 3. If one of them loses it, the "
        "sum has no partner for the other's."
    )


def _too_close(model: keras.Model, one: str, other: str) -> str:
    pair = {one, other}
    for layer in model.layers:
        if isinstance(layer, keras.layers.Concatenate) and pair <= _sources(layer):
            return (
                f"{one} and {other} meet in a Concatenate, which lays channels side by side: one "
                "can go and leaves the others as they are."
            )
    for name, source in ((one, other), (other, one)):
        if source in _sources(model.get_layer(name)):
            return (
                f"{name} reads {source}, all channels of it, and makes new ones. It loses inputs "
                "when channels go there, but none of its own."
            )
    return f"{one} and {other}: nothing ties channel 3 of one to channel 3 of the other."


def _sources(layer: keras.Layer) -> set[str]:
    inputs = keras.tree.flatten(layer.input)
    return {operation_of(tensor).name for tensor in inputs}


@exercise("Right: ties have no direction, and they add up.")
def tied(function: Callable) -> Iterator[str]:
    """Check (count, pairs) -> for each of `count` ids the smallest one that it is tied to."""
    rng = np.random.default_rng(10)
    tries = [(6, [(0, 3), (1, 4)]), (6, [(4, 5), (1, 2), (2, 4)]), (4, [(3, 2), (2, 1)]), (3, [])]
    tries += [(40, [(i, i - 1) for i in range(39, 0, -1)]), (40, [(i, i + 1) for i in range(39)])]
    tries += [(9, [tuple(p) for p in rng.integers(0, 9, (5, 2)).tolist()]) for _ in range(5)]
    for count, pairs in tries:
        answer = call(function, count, pairs)
        if isinstance(answer, dict | set):
            raise Mistake("return a list: entry i is the smallest id that i is tied to.")
        got, right = as_array(answer, (count,)).tolist(), list(range(count))
        for a, b in pairs:
            low, high = sorted((right[a], right[b]))
            right = [low if name == high else name for name in right]
        if got == right:
            continue
        parts, wholes = _partition(got), _partition(right)
        if got == list(range(count)):
            yield "nothing is tied. For each pair, give all ids of both groups the same smallest."
        if got == [max(next(whole for whole in wholes if i in whole)) for i in range(count)]:
            yield "each group is named by its largest id. Name it by its smallest."
        if parts == wholes:
            yield "the groups are right, but each should be named by its smallest id."
        if all(any(part <= whole for whole in wholes) for part in parts):
            came = f"the ties {pairs} came {got}, not {right}"
            yield (
                f"for {came if count < 20 else 'a long chain of ties'}. An id that was tied before "
                "takes its whole group along: change all that have the old name."
            )
        yield f"for {count} ids and the ties {pairs}, {got} came and {right} was expected."


def _partition(names: list) -> set[frozenset[int]]:
    return {frozenset(i for i, other in enumerate(names) if other == name) for name in names}
