"""The course's networks: as the article and the papers have them, named, and repeatable."""

import numpy as np
import pytest
from sizes import few

from course_utils import models, pruning
from course_utils.backend import keras

BUILDERS = [models.article_cnn, models.lenet300, models.lenet5]


def test_the_articles_cnn_layer_by_layer():
    model = models.article_cnn()
    kinds = [(layer.name, type(layer).__name__) for layer in model.layers]
    assert kinds == [
        ("conv", "Conv2D"),
        ("pool", "MaxPooling2D"),
        ("flatten", "Flatten"),
        ("dense", "Dense"),
        ("output", "Dense"),
    ]
    conv, dense, output = (model.get_layer(name) for name in ("conv", "dense", "output"))
    assert (conv.filters, conv.kernel_size, conv.padding) == (32, (3, 3), "valid")
    assert (conv.activation, dense.activation) == (keras.activations.relu,) * 2
    assert output.activation is keras.activations.softmax
    assert model.count_params() == 347_146


def test_lenet5_has_the_shapes_of_the_pruning_papers():
    shapes = [W.shape for W in pruning.weights(models.lenet5()).values()]
    assert shapes == [(5, 5, 1, 20), (5, 5, 20, 50), (800, 500), (500, 10)]


def test_lenet300_has_the_shapes_of_the_pruning_papers():
    model = models.lenet300()
    kernels = {name: W.shape for name, W in pruning.weights(model).items()}
    assert kernels == {
        "fc1/kernel": (784, 300),
        "fc2/kernel": (300, 100),
        "fc3/kernel": (100, 10),
    }
    activations = [model.get_layer(name).activation for name in ("fc1", "fc2", "fc3")]
    assert activations == [
        keras.activations.relu,
        keras.activations.relu,
        keras.activations.softmax,
    ]
    assert model.count_params() == 266_610


@pytest.mark.parametrize("build", BUILDERS)
def test_the_same_seed_gives_the_same_weights_and_another_seed_others(build):
    one, same, other = build(seed=3), build(seed=3), build(seed=4)
    assert all((a == b).all() for a, b in zip(one.get_weights(), same.get_weights(), strict=True))
    assert (one.get_weights()[0] != other.get_weights()[0]).any()


@pytest.mark.parametrize("build", BUILDERS)
def test_outputs_are_probabilities_of_the_classes(build):
    out = build().predict(np.random.default_rng(0).random((2, 28, 28, 1)), verbose=0)
    assert out.shape == (2, 10)
    np.testing.assert_allclose(out.sum(axis=1), 1, rtol=1e-5)
    assert models.lenet5(classes=4).output_shape == (None, 4)


@pytest.mark.parametrize("build", few({b.__name__: b for b in BUILDERS}, "lenet300"))
def test_models_come_compiled_for_integer_labels(build, pictures):
    history = build().fit(pictures.x[:8], pictures.y[:8], verbose=0).history
    assert set(history) == {"accuracy", "loss"}
    assert np.isfinite(history["loss"][0])


def test_training_repeats_with_its_seed(pictures):
    """Weights, and the order of the batches: what a lesson's text says must come again."""
    losses = []
    for _ in range(2):
        model = models.article_cnn(seed=5)
        model.run_eagerly = True
        losses.append(model.fit(*pictures, batch_size=16, epochs=2, verbose=0).history["loss"])
    assert losses[0] == losses[1]


def test_compiling_gives_a_new_optimizer_and_keeps_the_weights(tiny, batch):
    model = tiny("adam")
    model.fit(*batch, verbose=0)
    before, old = model.get_weights(), model.optimizer
    assert models.compiled(model) is model
    assert model.optimizer is not old
    assert int(model.optimizer.iterations) == 0
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


def test_no_layer_is_left_to_keras_to_name():
    for build in BUILDERS:
        build()
        names = [layer.name for layer in build().layers]  # a second one: automatic names count up
        assert names == [layer.name for layer in build().layers]
