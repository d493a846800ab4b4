"""A model's graph as a list of calls, in the order in which they compute, found on public API.

For what computes the model anew, in parts. `structure.walking` goes through the same graph for
another end: it enters nested models, and lets ids of channels flow, where here a nested model is
one call and what flows are tensors.
"""

from collections.abc import Callable
from dataclasses import dataclass

from course_utils.backend import keras


@dataclass(frozen=True)
class Ref:
    """A tensor of the graph, by its number.

    >>> Ref(0)
    Ref(number=0)
    """

    number: int


@dataclass(frozen=True, eq=False)
class Step:
    """One call: its arguments, with a `Ref` in place of each tensor, and what it returns."""

    layer: keras.Operation
    arguments: tuple[object, ...]
    options: dict[str, object]
    outputs: tuple[Ref, ...]

    @property
    def reads(self) -> tuple[Ref, ...]:
        """The tensors among its arguments."""
        flat = keras.tree.flatten((self.arguments, self.options))
        return tuple(one for one in flat if isinstance(one, Ref))

    def filled(self, values: dict[Ref, object]) -> tuple[tuple, dict]:
        """Return arguments and options with values in place of tensors."""

        def put(one: object) -> object:
            return values[one] if isinstance(one, Ref) else one

        return keras.tree.map_structure(put, (self.arguments, self.options))


@dataclass(frozen=True, eq=False)
class Graph:
    """All calls of a model; a nested model is one of them. Inputs as the model takes them, flat."""

    steps: tuple[Step, ...]
    inputs: dict[Ref, keras.KerasTensor]
    outputs: tuple[Ref, ...]


def has_graph(layer: object) -> bool:
    """Tell whether a layer is a Sequential or Functional model that computes what its graph says.

    >>> has_graph(keras.Sequential([keras.layers.Dense(1)]))  # not built
    False
    """
    if not isinstance(layer, keras.Model) or not type(layer).call.__module__.startswith("keras."):
        return False  # with a `call` of its own it computes something else than its graph
    if isinstance(layer, keras.Sequential):
        return bool(layer.built and layer.inputs)
    return bool(getattr(layer, "inputs", None)) and hasattr(layer, "operations")


def graph_of(model: keras.Model) -> Graph:
    """Return the calls of a model; it stays as it is.

    Raises TypeError for what is no Keras model, ValueError for one without a graph (`has_graph`).

    >>> from course_utils.models import lenet5
    >>> [step.layer.name for step in graph_of(lenet5()).steps][:3]
    ['conv1', 'pool1', 'conv2']
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"model must be a Keras model, not {type(model).__name__}.")
    if not has_graph(model):
        raise ValueError(
            f"the graph of model {model.name!r} is not known: it is subclassed, or not built. Give "
            "a Sequential or Functional model with a keras.Input."
        )
    return _sequence(model) if isinstance(model, keras.Sequential) else _recorded(model)


def _sequence(model: keras.Sequential) -> Graph:
    steps = [
        Step(layer, (Ref(number),), {}, (Ref(number + 1),))
        for number, layer in enumerate(model.layers)
    ]
    return Graph(tuple(steps), {Ref(0): model.inputs[0]}, (Ref(len(steps)),))


def _recorded(model: keras.Model) -> Graph:
    """Clone the graph with stand-ins for its layers; each writes down how it is called."""
    refs: dict[int, Ref] = {}
    alive: list[keras.KerasTensor] = []  # so that an id() is not used again
    steps: list[Step] = []

    def numbered(tensors: object) -> tuple[Ref, ...]:
        flat = keras.tree.flatten(tensors)
        for tensor in flat:
            refs[id(tensor)] = Ref(len(alive))
            alive.append(tensor)
        return tuple(refs[id(tensor)] for tensor in flat)

    def named(one: object) -> object:
        return refs.get(id(one), one) if isinstance(one, keras.KerasTensor) else one

    def visit(layer: keras.Operation, *args: object, **options: object) -> object:
        arguments, rest = keras.tree.map_structure(named, (args, options))
        spec = layer.compute_output_spec(*args, **options)
        result = _StandIn(spec)(keras.tree.flatten((args, options)))
        steps.append(Step(layer, arguments, rest, numbered(result)))
        return result

    plain = keras.Model(model.input, model.output)  # the same graph, not compiled
    inputs = keras.tree.map_structure(_like, plain.input)
    given = numbered(inputs)
    cloned = keras.models.clone_model(
        plain, input_tensors=inputs, clone_function=lambda layer: layer, call_function=visit
    )
    outputs = tuple(refs[id(tensor)] for tensor in keras.tree.flatten(cloned.output))
    return Graph(tuple(steps), dict(zip(given, model.inputs, strict=True)), outputs)


class _StandIn(keras.Operation):
    """Stand in a graph for a layer: compute nothing, have the outputs that it has."""

    def __init__(self, outputs: object) -> None:
        super().__init__()
        self._outputs = outputs

    def compute_output_spec(self, tensors: object) -> object:
        def like(tensor: keras.KerasTensor) -> keras.KerasTensor:
            return keras.KerasTensor(tensor.shape, tensor.dtype)

        return keras.tree.map_structure(like, self._outputs)


def _like(tensor: keras.KerasTensor) -> keras.KerasTensor:
    return keras.Input(
        batch_shape=tensor.shape, dtype=tensor.dtype, sparse=tensor.sparse, name=tensor.name
    )


def replay(
    steps: tuple[Step, ...] | list[Step],
    values: dict[Ref, object],
    call: Callable[[Step, tuple, dict], object],
) -> None:
    """Take the steps in order; `values` holds what comes in, and then what each call returns.

    >>> from course_utils.models import lenet5
    >>> graph = graph_of(lenet5())
    >>> values = dict.fromkeys(graph.inputs, "image")
    >>> replay(graph.steps, values, lambda step, args, options: f"{step.layer.name}({args[0]})")
    >>> values[graph.outputs[0]]
    'fc2(fc1(flatten(pool2(conv2(pool1(conv1(image)))))))'
    """
    for step in steps:
        made = call(step, *step.filled(values))
        values.update(zip(step.outputs, keras.tree.flatten(made), strict=True))
