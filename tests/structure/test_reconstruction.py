"""Fitted kernels: what the others can replace is replaced, and nothing gets worse."""

import numpy as np
import pytest

from course_utils import pruning, structure
from course_utils.backend import keras

layers = keras.layers


def doubled(padding: str, strides: int) -> keras.Model:
    """A network whose second half of channels repeats the first, so that nothing need be lost."""
    keras.utils.set_random_seed(1)
    x = inputs = keras.Input((9, 9, 2))
    x = layers.Conv2D(8, 3, activation="relu", name="one")(x)
    x = layers.Conv2D(6, 3, padding=padding, strides=strides, activation="relu", name="two")(x)
    x = layers.Flatten(name="flatten")(x)
    model = keras.Model(inputs, layers.Dense(4, name="out")(layers.Dense(10, "tanh", name="fc")(x)))
    for name in ("one", "two", "fc"):
        layer = model.get_layer(name)
        kernel, half = layer.kernel.numpy(), layer.kernel.shape[-1] // 2
        kernel[..., half:] = kernel[..., :half]
        layer.kernel.assign(kernel)
    return model


@pytest.mark.parametrize(("padding", "strides"), [("valid", 1), ("same", 2)])
def test_what_the_others_can_replace_is_replaced_exactly(padding, strides):
    model = doubled(padding, strides)
    x = np.random.default_rng(0).normal(size=(200, 9, 9, 2)).astype("float32")
    channels = structure.channel_groups(model)
    masks = {name: np.arange(len(g)) < len(g) // 2 for name, g in channels.groups.items()}
    small, _ = structure.shrink(channels, masks=masks)
    full = model(x).numpy()
    assert abs(small(x).numpy() - full).max() > 0.1
    fitted, errors = structure.reconstruct(channels, masks, x)
    assert list(errors) == ["two", "fc", "out"]
    assert all(before > 0.01 and after < 1e-6 for before, after in errors.values())
    np.testing.assert_allclose(fitted(x).numpy(), full, rtol=1e-2, atol=1e-3)
    np.testing.assert_array_equal(model(x), full)  # the model given stays as it is


def test_a_fit_never_makes_a_layer_worse_on_the_data_it_sees():
    model = doubled("valid", 1)
    rng = np.random.default_rng(3)
    for variable in model.weights:
        variable.assign(rng.normal(0, 0.3, variable.shape))
    x = rng.normal(size=(100, 9, 9, 2)).astype("float32")
    channels = structure.channel_groups(model)
    masks = structure.choose(structure.random(channels, seed=0), 0.4)
    _, errors = structure.reconstruct(channels, masks, x)
    assert all(after <= before for before, after in errors.values())


def test_a_mask_that_is_held_is_not_filled():
    model = doubled("valid", 1)
    pruning.prune(model, 0.5)
    channels = structure.channel_groups(model)
    masks = structure.choose(structure.random(channels, seed=0), 0.4)
    x = np.random.default_rng(3).normal(size=(50, 9, 9, 2)).astype("float32")
    fitted, errors = structure.reconstruct(channels, masks, x)
    assert errors == {}
    for name, mask in pruning.held_masks(fitted).items():
        assert not pruning.kernels(fitted)[name].numpy()[~mask].any()


def test_layers_that_lost_nothing_stay_as_they_are():
    model = doubled("valid", 1)
    fitted, errors = structure.reconstruct(model, {}, np.ones((4, 9, 9, 2), "float32"))
    assert errors == {}
    for one, other in zip(fitted.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
