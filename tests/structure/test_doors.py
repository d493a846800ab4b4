"""What takes a model takes its channels, too, and gives the same."""

import inspect

import numpy as np
import pytest
from test_data_everywhere import network

from course_utils import models, structure
from course_utils.backend import keras

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(16, 5)).astype("float32"), rng.integers(0, 3, 16)
STAYS = {"hidden": np.arange(8) < 5}

CALLS = {
    "channel_groups": lambda m: [*structure.channel_groups(m).groups],
    "costs": lambda m: structure.costs(m).macs(STAYS),
    "difference": lambda m: structure.difference(m, m, X),
    "filter_norms": lambda m: structure.filter_norms(m)["hidden"],
    "norm_scales": lambda m: structure.norm_scales(m)["hidden"],
    "random": lambda m: structure.random(m)["hidden"],
    "recalibrate": lambda m: structure.recalibrate(m, X),
    "reconstruct": lambda m: structure.reconstruct(m, STAYS, X)[1]["out"],
    "shrink": lambda m: structure.shrink(m, masks=STAYS)[1].parameters,
    "slimming": lambda m: structure.slimming(m, 0),
    "taylor": lambda m: structure.taylor(m, X, Y)["hidden"],
    "zeroed": lambda m: structure.zeroed(m, STAYS)(X).numpy(),
}
OF_SCORES = {"choose", "per_cost", "relative", "within_budget"}


def test_every_function_is_tried():
    functions = {n for n in structure.__all__ if inspect.isfunction(getattr(structure, n))}
    assert functions - OF_SCORES == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_a_model_or_its_channels(name):
    one, other = CALLS[name](network()), CALLS[name](structure.channel_groups(network()))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("inputs", [None, "x", np.full((1, 28, 28, 1), np.nan), np.ones((1, 3))])
def test_models_are_compared_on_data(inputs):
    model = models.lenet5()
    with pytest.raises((TypeError, ValueError), match=r"inputs (must|has)"):
        structure.difference(model, model, inputs)


def test_models_that_cannot_agree_are_told_apart_in_words_or_by_infinity():
    model = models.lenet5()
    two = keras.Model(model.inputs, 2 * model.outputs)
    assert structure.difference(model, two, np.ones((1, 28, 28, 1))) == np.inf
    with pytest.raises(ValueError, match=r"takes .5"):
        structure.difference(model, network(), np.ones((1, 28, 28, 1)))


def test_nodes_and_edges_of_a_graph_need_not_be_as_many():
    def build(seed):
        nodes, edges = keras.Input((4,)), keras.Input((2,), dtype="int32")
        sent = keras.ops.take(keras.layers.Dense(3)(nodes), edges[:, 0], axis=0)
        return keras.Model([nodes, edges], keras.ops.segment_sum(sent, edges[:, 1], 5))

    one, other = build(0), build(1)
    x, pairs = np.ones((5, 4), "float32"), rng.integers(0, 5, (9, 2))
    made, wanted = (np.asarray(m([x, pairs])) for m in (other, one))
    expected = abs(made - wanted).max() / abs(wanted).max()
    assert structure.difference(one, other, [x, pairs]) == pytest.approx(expected)
    with pytest.raises(ValueError, match="at least one"):
        structure.difference(one, other, [x, pairs[:0]])


@pytest.mark.parametrize(
    "change", [lambda one: one.quantize("int8"), lambda one: one.enable_lora(1)]
)
def test_channels_of_a_layer_that_was_changed_since_are_refused(change):
    model = models.lenet300()
    channels = structure.channel_groups(model)
    change(model.get_layer("fc1"))
    with pytest.raises(ValueError, match=r"'fc1' was quantized or got LoRA after"):
        structure.shrink(channels, 0.5)
    structure.shrink(structure.channel_groups(model), {"fc2": 0.5}, verify=True)
