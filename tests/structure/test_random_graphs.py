"""Hundreds of networks that nobody thought of: what is promised must hold on each of them."""

import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from graphs import GRAPHS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracles import distance, inputs_for, outputs_of, random_masks, randomized, zeros_in

from course_utils import measuring
from course_utils.backend import keras
from course_utils.structure import channel_groups, costs, shrink, zeroed

many = settings(max_examples=400, suppress_health_check=list(HealthCheck))
few = settings(max_examples=25, suppress_health_check=list(HealthCheck))
SHARES = st.sampled_from([0.3, 0.5, 0.7, 1.0])


def state(model: keras.Model) -> tuple:
    """What must not change in a model that is given."""
    calls = [len(operation._inbound_nodes) for operation in model.operations]
    return calls, [np.array(variable) for variable in model.variables]


def same(one: tuple, other: tuple) -> bool:
    return one[0] == other[0] and all(map(np.array_equal, one[1], other[1]))


def interface(model: keras.Model) -> tuple:
    """What must be the same of the smaller model."""
    return (
        [layer.name for layer in model.layers],
        [(tensor.name, tensor.shape, tensor.dtype) for tensor in model.inputs],
        model.output_names,
        [(tensor.shape, tensor.dtype) for tensor in model.outputs],
    )


def test_random_graphs():
    """Zeroed is small, costs are those of the report, the given model and its interface stay."""
    seen = Counter()

    @many
    @given(GRAPHS, SHARES, st.integers(0, 9))
    def holds(model, share, seed):
        randomized(model, seed)
        x = inputs_for(model, seed)
        whole, before = outputs_of(model, x), state(model)
        channels = channel_groups(model)
        masks = random_masks(channels, share, seed)
        small, _ = shrink(channels, masks)
        assert same(state(model), before)
        assert interface(small) == interface(model)
        made = outputs_of(small, x)
        with zeros_in(channels, masks) as full:
            zeros = outputs_of(full, x)
        assert distance(zeros, made) <= 1e-4
        assert distance(outputs_of(model, x), whole) == 0
        price, facts = costs(channels), measuring.report(small).total
        assert price.parameters(masks) == facts.parameters
        assert price.macs(masks) == facts.macs
        assert price.bytes(masks) == sum(v.value.numpy().nbytes for v in small.weights)
        seen["all"] += 1
        seen["removed"] += bool(masks)
        seen["differs"] += distance(whole, zeros) > 1e-4

    holds()
    keras.backend.clear_session()
    # In the others everything is an output, or is read by something that needs all of it.
    assert seen["removed"] > 0.75 * seen["all"]
    assert seen["differs"] > 0.9 * seen["removed"]


@few
@given(GRAPHS, st.integers(0, 9))
def test_more_that_holds_on_each(model, seed):
    """Nothing removed: the same bit for bit. Two steps are one. `zeroed` is a model of its own."""
    randomized(model, seed)
    x, channels = inputs_for(model, seed), channel_groups(model)
    assert distance(outputs_of(model, x), outputs_of(shrink(channels, {})[0], x)) == 0
    masks = random_masks(channels, 0.3, seed)
    small, _ = shrink(channels, masks)
    assert distance(outputs_of(zeroed(channels, masks), x), outputs_of(small, x)) <= 1e-4
    again = channel_groups(small)
    later = random_masks(again, 0.3, seed + 1)
    both = {name: mask.copy() for name, mask in masks.items()}
    for name, mask in later.items():
        both[name][both[name]] = mask
    twice, once = shrink(again, later)[0], shrink(channels, both)[0]
    assert distance(outputs_of(twice, x), outputs_of(once, x)) <= 1e-6


@few
@given(GRAPHS, st.integers(0, 9))
def test_a_smaller_model_is_saved_and_loaded_like_any_other(model, seed):
    randomized(model, seed)
    x, channels = inputs_for(model, seed), channel_groups(model)
    small, _ = shrink(channels, random_masks(channels, 0.5, seed))
    with tempfile.TemporaryDirectory() as folder:
        small.save(Path(folder) / "small.keras")
        loaded = keras.models.load_model(Path(folder) / "small.keras")
    assert interface(loaded) == interface(small)
    assert distance(outputs_of(small, x), outputs_of(loaded, x)) <= 1e-6
