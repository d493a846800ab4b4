"""On through a graph from stop to stop: what is kept at each, and what that costs."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from course_utils.backend import keras
from course_utils.extras.search.tails import Part, Values, call_step, pieces, tail, ways_there
from course_utils.measuring.macs import counted
from course_utils.structure.graph import Graph, Ref, Step, replay

Finish = Callable[[], Iterator[object]]


@dataclass(frozen=True)
class StageCosts:
    """What stages take for one example: bytes kept at most, MACs of the parts and of the whole."""

    kept_bytes: int
    ways: int
    tails: dict[str, int]
    whole: int
    last: str

    def macs(self, levels: Mapping[str, int]) -> tuple[int, int]:
        """Return the MACs for so many levels of each name, and those of a plain loop."""
        done = sum(count * self.tails[name] for name, count in levels.items())
        return done + self.ways + self.tails[self.last], (1 + sum(levels.values())) * self.whole


class Stages:
    """The compiled parts of a graph: from stop to stop, and from each of them to the outputs.

    `changing` holds, by name, the layers (by id()) whose change is to be tried at a stop.
    """

    def __init__(self, graph: Graph, changing: Mapping[str, set[int]]) -> None:
        self.graph = graph
        tails = {name: tail(graph, layers) for name, layers in changing.items()}
        # The longest first: what it needs comes earliest.
        self.tails = dict(sorted(tails.items(), key=lambda item: -len(item[1].steps)))
        self.ways = ways_there(graph, list(self.tails.values()))
        starts = {step for part in self.tails.values() for step in part.steps[:1]}
        functions: dict[tuple, Callable] = {}

        def compiled(part: Part) -> Callable[[Values], Values]:
            return _chained([p.compiled(functions) for p in pieces(graph, part, starts)])

        self._there = [compiled(way) for way in self.ways]
        self._on = [compiled(one) for one in self.tails.values()]

    def through(self, batches: list[list[object]]) -> Iterator[tuple[str, Finish]]:
        """Yield, stop by stop, its name and a function that computes all batches' outputs on."""
        values = [dict(zip(self.graph.inputs, inputs, strict=True)) for inputs in batches]
        for name, there, on in zip(self.tails, self._there, self._on, strict=True):
            for index, known in enumerate(values):  # one by one, so that the old ones can go
                values[index] = there(known)
            yield name, lambda on=on: (self._outputs(on(known)) for known in values)

    def weighed(self, model: keras.Model, one: list[object]) -> StageCosts:
        """Return what the stages take, found by computing one example, layer by layer."""
        macs: dict[int, int] = {}
        values: Values = dict(zip(self.graph.inputs, one, strict=True))
        with counted(model) as work:

            def call(step: Step, arguments: tuple, options: dict) -> object:
                before = work.macs
                made = call_step(step, arguments, options)
                macs[id(step)] = work.macs - before
                return made

            replay(self.graph.steps, values, call)

        def sum_of(*parts: Part) -> int:
            return sum(macs[id(step)] for part in parts for step in part.steps)

        kept = [sum(_bytes(values[ref]) for ref in way.gives) for way in self.ways]
        tails = {name: sum_of(part) for name, part in self.tails.items()}
        whole = sum(macs.values())
        return StageCosts(max(kept), sum_of(*self.ways), tails, whole, list(tails)[-1])

    def _outputs(self, values: dict[Ref, object]) -> object:
        outputs = [values[ref] for ref in self.graph.outputs]
        return outputs[0] if len(outputs) == 1 else outputs


def _chained(functions: list[Callable[[Values], Values]]) -> Callable[[Values], Values]:
    def run(values: Values) -> Values:
        for function in functions:
            values = function(values)
        return values

    return run


def owners_of(graph: Graph, variables: list[keras.Variable]) -> set[int]:
    """Return the layers of the graph, by id(), that have any of these variables, inside or not.

    >>> from course_utils.structure.graph import graph_of
    >>> from course_utils.models import lenet5
    >>> model = lenet5()
    >>> layer = model.get_layer("fc1")
    >>> owners_of(graph_of(model), [layer.kernel]) == {id(layer)}
    True
    """
    changed = {id(variable) for variable in variables}
    return {
        id(step.layer)
        for step in graph.steps
        if changed.intersection(id(v) for v in getattr(step.layer, "weights", ()))
    }


def _bytes(value: object) -> int:
    mask = getattr(value, "_keras_mask", None)
    both = [value] if mask is None else [value, mask]
    return sum(int(np.prod(one.shape)) * one.dtype.size for one in both)
