"""Hundreds of networks that nobody thought of: what is promised must hold on each of them."""

from collections import Counter

import numpy as np
import pytest
from graphs import GRAPHS, graph
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import distance, inputs_for, outputs_of, random_masks, randomized, zeros_in
from sizes import full_run

from course_utils import measuring
from course_utils.backend import keras
from course_utils.structure import channel_groups, costs, shrink, zeroed

EXACT = 1e-4
COUNT = 40 if full_run() else 16


def state(model: keras.Model) -> tuple:
    """What must not change in a model that is given: how often it was called, and its weights."""
    calls = [len(operation._inbound_nodes) for operation in model.operations]
    return calls, [np.array(variable) for variable in model.variables]


def interface(model: keras.Model) -> tuple:
    """What must be the same of the smaller model."""
    return (
        [layer.name for layer in model.layers],
        [(tensor.name, tensor.shape, tensor.dtype) for tensor in model.inputs],
        model.output_names,
        [(tensor.shape, tensor.dtype) for tensor in model.outputs],
    )


def hold(seed: int) -> Counter:
    """All that is promised of one network; whether anything went, and whether it mattered."""
    model = randomized(graph(seed, steps=3 + seed % 8), seed)
    x = inputs_for(model, seed)
    whole, (calls, weights) = outputs_of(model, x), state(model)
    channels = channel_groups(model)
    masks = random_masks(channels, (0.3, 0.5, 0.7, 1.0)[seed % 4], seed)
    small, _ = shrink(channels, masks=masks)
    assert state(model)[0] == calls
    assert all(map(np.array_equal, state(model)[1], weights))
    assert interface(small) == interface(model)
    assert all(0 not in variable.shape for variable in small.weights)
    made = outputs_of(small, x)
    with zeros_in(channels, masks) as full:
        zeros = outputs_of(full, x)
    assert distance(zeros, made) <= EXACT
    assert distance(outputs_of(model, x), whole) == 0
    price, facts = costs(channels), measuring.report(small).total
    assert price.parameters(masks) == facts.parameters
    assert price.macs(masks) == facts.macs
    return Counter(networks=1, smaller=bool(masks), other=distance(whole, zeros) > EXACT)


@pytest.mark.slow
@pytest.mark.parametrize(
    "start", [0, *(pytest.param(start, marks=pytest.mark.full) for start in range(40, 400, 40))]
)
def test_zeroed_is_small_and_costs_are_what_it_costs(start):
    """And the given model is untouched; nearly always what was removed made a difference."""
    keras.backend.clear_session()
    seen = sum((hold(seed) for seed in range(start, start + COUNT)), Counter())
    assert seen["smaller"] >= 0.8 * seen["networks"]
    assert seen["other"] >= 0.9 * seen["smaller"]


few = settings(max_examples=settings.default.max_examples // 3)


@few
@given(GRAPHS, st.integers(0, 9))
def test_nothing_removed_is_the_same_bit_for_bit(model, seed):
    x = inputs_for(randomized(model, seed), seed)
    assert distance(outputs_of(shrink(model, masks={})[0], x), outputs_of(model, x)) == 0


@few
@given(GRAPHS, st.integers(0, 9))
def test_zeroed_is_a_model_of_its_own(model, seed):
    channels = channel_groups(randomized(model, seed))
    masks, x = random_masks(channels, 0.5, seed), inputs_for(model, seed)
    full, small = zeroed(channels, masks), shrink(channels, masks=masks)[0]
    assert interface(full) == interface(model)
    assert not {id(v) for v in full.variables} & {id(v) for v in model.variables}
    assert distance(outputs_of(full, x), outputs_of(small, x)) <= EXACT


@few
@given(GRAPHS, st.integers(0, 9))
def test_twice_is_once_with_both(model, seed):
    channels = channel_groups(randomized(model, seed))
    both = random_masks(channels, 0.3, seed)
    smaller = channel_groups(shrink(channels, masks=both)[0])
    # A grouped convolution with one group left is an ordinary one, with filters of their own.
    left = {name: mask.sum() for name, mask in both.items()}
    later = random_masks(smaller, 0.3, seed + 1)
    later = {name: mask for name, mask in later.items() if left.get(name) == len(mask)}
    for name, mask in later.items():
        both[name][both[name]] = mask
    x = inputs_for(model, seed)
    twice, once = shrink(smaller, masks=later)[0], shrink(channels, masks=both)[0]
    assert interface(twice) == interface(once)
    assert distance(outputs_of(twice, x), outputs_of(once, x)) == 0


@few
@given(GRAPHS, st.integers(0, 9))
def test_files_hold_it(tmp_path_factory, model, seed):
    channels = channel_groups(randomized(model, seed))
    small, _ = shrink(channels, masks=random_masks(channels, 0.5, seed))
    path = tmp_path_factory.mktemp("models") / "small.keras"
    small.save(path)
    x = inputs_for(model, seed)
    assert distance(outputs_of(keras.models.load_model(path), x), outputs_of(small, x)) == 0
