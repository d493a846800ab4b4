"""A model's graph as a list of calls: replayed, it computes what the model computes."""

import numpy as np
import pytest

from course_utils.backend import keras
from course_utils.structure.graph import Ref, graph_of, has_graph, replay

L = keras.layers


def sequential():
    return keras.Sequential([keras.Input((6,)), L.Dense(5, "relu"), L.Dropout(0.5), L.Dense(3)])


def residual():
    x = keras.Input((6,), name="given")
    h = L.Dense(6, "relu", name="first")(x)
    return keras.Model(x, L.Dense(3, name="last")(L.Add(name="add")([x, h])))


def shared():
    x, dense = keras.Input((6,)), L.Dense(6, "tanh", name="shared")
    return keras.Model(x, dense(dense(x)))


def nested():
    x = keras.Input((6,))
    return keras.Model(x, L.Dense(2, name="end")(residual()(x)))


def operations():
    """Plain operators, a number among the arguments, an option that is a tensor."""
    x = keras.Input((4, 6))
    y = keras.ops.mean(2 * x + 1, axis=1)
    attention = L.MultiHeadAttention(2, 3, name="attention")(x, value=x)
    return keras.Model(x, [y, attention])


def dictionary():
    given = {"b": keras.Input((6,), name="b"), "a": keras.Input((6,), name="a")}
    return keras.Model(given, {"sum": given["a"] + given["b"], "a": L.Dense(2)(given["a"])})


EVERY = (sequential, residual, shared, nested, operations, dictionary)


@pytest.mark.parametrize("build", EVERY)
def test_replayed_it_computes_what_the_model_computes(build):
    model, rng = build(), np.random.default_rng(0)
    graph = graph_of(model)
    tensors = [rng.normal(size=(3, *spec.shape[1:])).astype("float32") for spec in model.inputs]
    values = dict(zip(graph.inputs, map(keras.ops.convert_to_tensor, tensors), strict=True))
    replay(graph.steps, values, lambda step, args, options: step.layer(*args, **options))
    inputs = dict(zip("ab", tensors, strict=True)) if build is dictionary else tensors
    expected = keras.tree.flatten(model(inputs if len(tensors) > 1 else tensors[0]))
    for ref, made in zip(graph.outputs, expected, strict=True):
        np.testing.assert_array_equal(values[ref], made)


@pytest.mark.parametrize("build", EVERY)
def test_every_call_reads_what_was_there_before_it(build):
    graph = graph_of(build())
    known = set(graph.inputs)
    for step in graph.steps:
        assert known.issuperset(step.reads)
        assert known.isdisjoint(step.outputs)
        known.update(step.outputs)
    assert known.issuperset(graph.outputs)


def test_calls_stand_in_the_order_of_the_model():
    assert [step.layer.name for step in graph_of(residual()).steps] == ["first", "add", "last"]


def test_a_shared_layer_is_called_twice_and_a_nested_model_once():
    assert [step.layer.name for step in graph_of(shared()).steps] == ["shared", "shared"]
    inner, end = graph_of(nested()).steps
    assert isinstance(inner.layer, keras.Model)
    assert end.layer.name == "end"


def test_what_is_no_tensor_stays_among_the_arguments():
    steps = graph_of(operations()).steps
    numbers = [one for step in steps for one in step.arguments if not isinstance(one, Ref)]
    assert sorted(map(str, numbers)) == ["1", "2"]
    (attention,) = (step for step in steps if step.layer.name == "attention")
    assert attention.reads == (*graph_of(operations()).inputs, *graph_of(operations()).inputs)


def test_the_model_stays_as_it_is():
    model = residual()
    model.compile("adam", "mse")
    before, x = model.get_weights(), np.ones((2, 6), "float32")
    outputs, layers = model.predict(x, verbose=0), list(model.layers)
    graph_of(model)
    assert all(a is b for a, b in zip(layers, model.layers, strict=True))
    assert model.compiled
    np.testing.assert_array_equal(outputs, model.predict(x, verbose=0))
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


class Own(keras.Model):
    """A subclassed model: nobody knows what its call does."""

    def __init__(self):
        super().__init__()
        self.dense = L.Dense(2)

    def call(self, x):
        return self.dense(x)


class OfThree(keras.Sequential):
    """A Sequential model that computes something else than its layers one by one."""

    def call(self, x):
        return 3 * super().call(x)


def test_models_without_a_graph_are_refused():
    own = Own()
    own(np.ones((1, 3)))
    for model in (own, keras.Sequential([L.Dense(2)]), OfThree([keras.Input((2,)), L.Dense(2)])):
        assert not has_graph(model)
        with pytest.raises(ValueError, match=r"graph of model .* is not known"):
            graph_of(model)
    with pytest.raises(TypeError, match="Keras model, not list"):
        graph_of([])
