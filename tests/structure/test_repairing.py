"""Sparse scales, new statistics, fitted kernels, rounds of pruning."""

import numpy as np
import pytest

from course_utils import structure
from course_utils.backend import keras

layers = keras.layers


def normalized() -> keras.Model:
    """Two normalizations, one behind the other, and a dropout between."""
    keras.utils.set_random_seed(0)
    x = inputs = keras.Input((6,))
    x = layers.BatchNormalization(name="first")(layers.Dense(8, name="hidden")(x))
    x = layers.Dropout(0.5, name="dropout")(layers.ReLU(name="relu")(x))
    x = layers.BatchNormalization(name="second")(layers.Dense(5, name="more")(x))
    return keras.Model(inputs, layers.Dense(3, name="out")(x))


def statistics(layer):
    return layer.moving_mean.numpy(), layer.moving_variance.numpy()


def test_statistics_are_those_of_the_data_and_of_what_comes_before(batch):
    model = normalized()
    structure.recalibrate(model, batch.x, batch_size=8)
    upto = keras.Model(model.input, model.get_layer("more").output)
    hidden = model.get_layer("hidden")(batch.x).numpy().reshape(4, 8, -1)
    mean, variance = statistics(model.get_layer("first"))
    np.testing.assert_allclose(mean, hidden.mean(axis=(0, 1)), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(variance, hidden.var(axis=1).mean(axis=0), rtol=1e-4)
    whole = normalized()
    structure.recalibrate(whole, batch.x, batch_size=32)
    # With one batch what comes behind is normalized by that batch: the same in training.
    upto = keras.Model(whole.input, whole.get_layer("more").output)
    np.testing.assert_allclose(
        statistics(whole.get_layer("second"))[0],
        upto(batch.x, training=False).numpy().mean(axis=0), rtol=1e-3, atol=1e-5,
    )  # fmt: skip


def test_nothing_else_changes_and_frozen_layers_keep_theirs(batch):
    model = normalized()
    model.get_layer("second").trainable = False
    before = {v.path: v.numpy() for v in model.variables}
    structure.recalibrate(model, batch.x)
    changed = {v.path for v in model.variables if not np.array_equal(v.numpy(), before[v.path])}
    assert changed == {"first/moving_mean", "first/moving_variance"}
    assert model.get_layer("first").momentum == 0.99
    assert "call" not in vars(model.get_layer("first"))


def test_layers_are_as_before_after_an_error():
    model = normalized()
    with pytest.raises(ValueError, match="shape"):
        structure.recalibrate(model, np.zeros((4, 7), "float32"))
    assert model.get_layer("first").momentum == 0.99
    assert "call" not in vars(model.get_layer("first"))


def test_new_statistics_repair_a_shifted_network(batch):
    model = normalized()
    structure.recalibrate(model, batch.x, batch_size=32)
    good = model(batch.x).numpy()
    model.get_layer("first").moving_mean.assign_add(np.full(8, 3.0))
    assert abs(model(batch.x).numpy() - good).max() > 0.1
    structure.recalibrate(model, batch.x, batch_size=32)
    np.testing.assert_allclose(model(batch.x).numpy(), good, rtol=1e-3, atol=1e-4)


def test_slimming_is_a_penalty_on_scales_in_loss_training_and_file(batch, tmp_path):
    model = normalized()
    model.compile(keras.optimizers.SGD(0.1), keras.losses.SparseCategoricalCrossentropy(True))
    model.fit(batch.x, batch.y, verbose=0)  # the step is compiled without the penalty
    plain = model.evaluate(batch.x, batch.y, verbose=0)
    assert structure.slimming(model, 0.5) == 2
    scales = sum(abs(model.get_layer(n).gamma.numpy()).sum() for n in ("first", "second"))
    penalty = float(sum(model.losses))
    assert penalty == pytest.approx(0.5 * scales, rel=1e-5)
    model.compile(model.optimizer, model.loss)
    assert model.evaluate(batch.x, batch.y, verbose=0) == pytest.approx(plain + penalty, rel=1e-4)
    model.fit(batch.x, batch.y, epochs=10, verbose=0)
    assert (
        sum(abs(model.get_layer(n).gamma.numpy()).sum() for n in ("first", "second")) < scales / 2
    )
    model.save(tmp_path / "slim.keras")
    again = keras.models.load_model(tmp_path / "slim.keras")
    assert float(again.get_layer("first").gamma_regularizer.l1) == pytest.approx(0.5)
    structure.slimming(model, 0)
    assert not model.losses


def test_slimming_reaches_a_training_that_is_compiled_already(batch):
    model = normalized()
    model.compile(keras.optimizers.SGD(0.1), keras.losses.SparseCategoricalCrossentropy(True))
    model.fit(batch.x, batch.y, verbose=0)
    before = abs(model.get_layer("first").gamma.numpy()).sum()
    structure.slimming(model, 0.5)
    model.fit(batch.x, batch.y, epochs=10, verbose=0)
    assert abs(model.get_layer("first").gamma.numpy()).sum() < before / 2


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
    small, _ = structure.shrink(channels, masks)
    full = model(x).numpy()
    assert abs(small(x).numpy() - full).max() > 0.1
    errors = structure.reconstruct(channels, masks, small, x)
    assert list(errors) == ["two", "fc", "out"]
    assert all(before > 0.01 and after < 1e-6 for before, after in errors.values())
    np.testing.assert_allclose(small(x).numpy(), full, rtol=1e-2, atol=1e-3)


def test_a_fit_never_makes_a_layer_worse_on_the_data_it_sees():
    model = doubled("valid", 1)
    rng = np.random.default_rng(3)
    for variable in model.weights:
        variable.assign(rng.normal(0, 0.3, variable.shape))
    x = rng.normal(size=(100, 9, 9, 2)).astype("float32")
    channels = structure.channel_groups(model)
    masks = structure.choose(structure.random(channels, seed=0), 0.4)
    small, _ = structure.shrink(channels, masks)
    errors = structure.reconstruct(channels, masks, small, x)
    assert all(after <= before for before, after in errors.values())


def test_layers_that_lost_nothing_stay_as_they_are(batch):
    model = normalized()
    channels = structure.channel_groups(model)
    small, _ = structure.shrink(channels, {})
    assert structure.reconstruct(channels, {}, small, batch.x) == {}


def test_rounds_prune_and_train_the_smaller_model_each_time(batch):
    model = normalized()
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    seen = []

    def choose(channels, number):
        seen.append(number)
        return structure.choose(structure.filter_norms(channels), 0.25)

    def fine_tune(small):
        structure.recalibrate(small, batch.x)
        small.fit(batch.x, batch.y, verbose=0)

    sizes = [
        (small.get_layer("hidden").units, int(small.optimizer.iterations), report.parameters)
        for small, report in structure.in_rounds(model, choose, fine_tune, rounds=2)
    ]
    assert seen == [0, 1]
    assert [size[:2] for size in sizes] == [(6, 1), (4, 1)]
    assert sizes[0][2][1] == sizes[1][2][0]
    assert model.get_layer("hidden").units == 8
