"""The parts of a graph that a scan computes: up to a layer once, from there on for every change."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from course_utils.backend import tensorflow as tf
from course_utils.structure.graph import Graph, Ref, Step, replay

Values = dict[Ref, object]


@dataclass(frozen=True, eq=False)
class Part:
    """Some steps of a graph: the tensors from outside that they read, and those asked of them."""

    steps: tuple[Step, ...]
    needs: tuple[Ref, ...]
    gives: tuple[Ref, ...]

    def __call__(self, given: list) -> list:
        """Compute what is asked, as far as the steps make it, from what is needed, with masks."""
        values = dict(zip(self.needs, map(_joined, given), strict=True))
        replay(self.steps, values, call_step)
        return [_apart(values[ref]) for ref in self.news]

    @property
    def news(self) -> list[Ref]:
        """Those of the tensors asked that the steps make; the others are there already."""
        made = {ref for step in self.steps for ref in step.outputs}
        return [ref for ref in self.gives if ref in made]

    def compiled(self, functions: dict[tuple, Callable]) -> Callable[[Values], Values]:
        """Return a function: values that hold what is needed -> what is asked, nothing else.

        Parts of the same steps, which are asked for the same, share one of the `functions`.
        """
        # An object, not a closure: of many closures of one code TensorFlow warns, as of one
        # function that is compiled again and again.
        news = self.news
        compute = functions.setdefault((self.steps, tuple(news)), tf.function(self))

        def run(values: Values) -> Values:
            results = compute([_apart(values[ref]) for ref in self.needs]) if news else []
            known = {**values, **dict(zip(news, map(_joined, results), strict=True))}
            return {ref: known[ref] for ref in self.gives}

        return run


def call_step(step: Step, arguments: tuple, options: dict) -> object:
    """Call a layer as `model(x, training=False)` does, whatever it was told when it was built."""
    if "training" in inspect.signature(step.layer.call).parameters:
        options = {**options, "training": False}
    return step.layer(*arguments, **options)


def tail(graph: Graph, layers: set[int]) -> Part:
    """Return all that has to be computed again when these layers, by id(), change.

    >>> from course_utils.structure.graph import graph_of
    >>> from course_utils.models import lenet5
    >>> model = lenet5()
    >>> changed = tail(graph_of(model), {id(model.get_layer("fc1"))})
    >>> [step.layer.name for step in changed.steps]
    ['fc1', 'fc2']
    """
    touched: set[Ref] = set()
    steps = []
    for step in graph.steps:
        if id(step.layer) in layers or touched.intersection(step.reads):
            touched.update(step.outputs)
            steps.append(step)
    reads = dict.fromkeys(ref for step in steps for ref in step.reads if ref not in touched)
    others = dict.fromkeys(ref for ref in graph.outputs if ref not in touched)
    return Part(tuple(steps), tuple({**reads, **others}), graph.outputs)


def ways_there(graph: Graph, tails: Sequence[Part]) -> list[Part]:
    """Return what is to be computed before each tail, if all before it has been; then forgotten.

    >>> from course_utils.structure.graph import graph_of
    >>> from course_utils.models import lenet5
    >>> model = lenet5()
    >>> graph = graph_of(model)
    >>> tails = [tail(graph, {id(model.get_layer(name))}) for name in ("conv2", "fc1", "fc2")]
    >>> [[step.layer.name for step in way.steps] for way in ways_there(graph, tails)]
    [['conv1', 'pool1'], ['conv2', 'pool2', 'flatten'], ['fc1']]
    """
    makers = {ref: step for step in graph.steps for ref in step.outputs}
    known, groups = set(graph.inputs), []
    for one in tails:
        missing = _missing(one.needs, makers, known)
        known.update(ref for step in missing for ref in step.outputs)
        groups.append(([step for step in graph.steps if step in missing], one.needs))
    return _in_turn(groups)


def pieces(graph: Graph, whole: Part, starts: set[Step]) -> list[Part]:
    """Return a part in pieces, each from one of the `starts` in the graph's order to the next.

    Tails that begin later have their pieces in common with those that begin earlier, so that
    every layer is compiled once, and not once for each tail that it lies in.
    """
    groups: list[tuple[list[Step], tuple[Ref, ...]]] = []
    new = True
    for step in graph.steps:
        new = new or step in starts
        if step in whole.steps:
            if new:
                groups.append(([], ()))
            groups[-1][0].append(step)
            new = False
    if not groups:
        return [whole]
    groups[-1] = (groups[-1][0], whole.gives)
    return _in_turn(groups)


def _in_turn(groups: Sequence[tuple[list[Step], Sequence[Ref]]]) -> list[Part]:
    """Return parts to compute one after the other, of steps and of what is asked after them.

    Each gives what is asked of it and what later ones need from before, and no more.
    """
    parts: list[Part] = []
    later: set[Ref] = set()
    for steps, asked in reversed(groups):
        gives = later.union(asked)
        reads = {ref for step in steps for ref in step.reads}
        made = {ref for step in steps for ref in step.outputs}
        later = (gives | reads) - made
        parts.append(Part(tuple(steps), _sorted(reads - made), _sorted(gives)))
    return parts[::-1]


def _missing(needs: Sequence[Ref], makers: dict[Ref, Step], known: set[Ref]) -> set[Step]:
    found: set[Step] = set()
    waiting = list(needs)
    while waiting:
        ref = waiting.pop()
        if ref not in known and makers[ref] not in found:
            found.add(makers[ref])
            waiting.extend(makers[ref].reads)
    return found


def _sorted(refs: set[Ref]) -> tuple[Ref, ...]:
    return tuple(sorted(refs, key=lambda ref: ref.number))


# Keras hangs the mask of a padded sequence onto its tensor, under this name. A compiled function
# would lose it on the way in and out, so there it travels beside the tensor.
def _apart(tensor: object) -> tuple[object, object]:
    return tensor, getattr(tensor, "_keras_mask", None)


def _joined(pair: tuple[object, object]) -> object:
    tensor, mask = pair
    if mask is not None:
        tensor._keras_mask = mask
    return tensor
