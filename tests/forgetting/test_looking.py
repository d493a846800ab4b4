"""What can be counted of a network: paths by walking them, gradients by TensorFlow."""

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from course_utils.backend import keras, tf

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import looking

MASKS = st.tuples(arrays(bool, (4, 3)), arrays(bool, (3, 5)), arrays(bool, (5, 2)))


def walks(masks):
    """Every way from an input to an output, node by node."""
    sizes = [masks[0].shape[0], *(mask.shape[1] for mask in masks)]
    for nodes in itertools.product(*map(range, sizes)):
        if all(m[a, b] for m, a, b in zip(masks, nodes, nodes[1:], strict=False)):
            yield nodes


@given(MASKS)
def test_paths_are_counted_as_by_walking_them(masks):
    assert looking.paths(masks) == len(list(walks(masks)))


@given(MASKS)
def test_what_is_reached_is_what_some_way_to_an_output_starts_from(masks):
    found = looking.reached(masks)
    assert [len(units) for units in found] == [4, 3, 5]
    for depth, units in enumerate(found):
        starts = {nodes[0] for nodes in walks(masks[depth:])}
        assert set(np.flatnonzero(units).tolist()) == starts


def test_all_paths_of_lenet_300_100_and_of_something_wider_than_64_bits():
    sizes = (784, 300, 100, 10)
    masks = [np.ones(pair, bool) for pair in itertools.pairwise(sizes)]
    assert looking.paths(masks) == 784 * 300 * 100 * 10
    assert looking.paths([np.ones((64, 64), bool)] * 12) == 64**13 > 2**64


def test_weights_serve_as_masks():
    W = np.array([[0.0, -2.0]])
    assert looking.paths([W, np.eye(2)]) == 1


def test_layers_that_do_not_meet_are_refused():
    with pytest.raises(ValueError, match="does not lead to 2 units"):
        looking.paths([np.ones((3, 4)), np.ones((2, 5))])


def test_saliency_is_the_gradient_that_tensorflow_finds():
    keras.utils.set_random_seed(0)
    normal = [keras.initializers.RandomNormal(seed=seed) for seed in (1, 2, 3)]
    model = keras.Sequential(
        [
            keras.Input((12,)),
            keras.layers.Dense(9, "relu", bias_initializer=normal[0]),
            keras.layers.Dense(7, "relu", bias_initializer=normal[1]),
            keras.layers.Dense(4, bias_initializer=normal[2]),
        ]
    )
    x = np.random.default_rng(0).normal(size=(20, 12)).astype("float32")
    with tf.GradientTape() as tape:
        inputs = tf.constant(x)
        tape.watch(inputs)
        largest = tf.reduce_max(model(inputs), axis=1)
    arrays_of = model.get_weights()
    layers = list(zip(arrays_of[::2], arrays_of[1::2], strict=True))
    expected = np.abs(tape.gradient(largest, inputs))
    np.testing.assert_allclose(looking.saliency(layers, x), expected, atol=1e-6)


def test_agreement_is_the_mean_correlation_over_pairs_and_images():
    maps = np.random.default_rng(0).random((4, 3, 50))
    expected = [
        np.corrcoef(one[i], other[i])[0, 1]
        for one, other in itertools.combinations(maps, 2)
        for i in range(3)
    ]
    assert looking.agreement(maps) == pytest.approx(np.mean(expected))


def test_agreement_leaves_out_maps_that_show_nothing():
    maps = np.random.default_rng(0).random((3, 2, 50))
    whole = looking.agreement(maps[:, :1])
    maps[:, 1] = 0.5
    assert looking.agreement(maps) == pytest.approx(whole)
    assert np.isnan(looking.agreement(np.zeros((2, 1, 5))))


def test_agreement_of_one_network_with_nothing_is_refused():
    with pytest.raises(ValueError, match="two networks or more"):
        looking.agreement(np.zeros((1, 2, 5)))


@given(arrays(np.float64, (12, 3), elements=st.floats(0, 5)))
def test_selectivity_lies_between_none_and_all(activations):
    found = looking.selectivity(activations, np.repeat([0, 1, 2], 4))
    alive = activations.any(axis=0)
    assert np.isnan(found[~alive]).all()
    assert ((0 <= found[alive]) & (found[alive] <= 1)).all()


def test_selectivity_is_that_of_morcos():
    activations = np.array([[4.0, 1], [2, 1], [1, 1], [0, 1], [2, 1], [0, 1]])
    found = looking.selectivity(activations, np.array([0, 0, 1, 1, 2, 2]))
    top, rest = 3.0, (0.5 + 1.0) / 2
    assert found.tolist() == pytest.approx([(top - rest) / (top + rest), 0])


def test_activations_before_the_relu_are_refused():
    with pytest.raises(ValueError, match="behind the ReLU"):
        looking.selectivity(np.array([[-1.0]]), np.array([0]))
