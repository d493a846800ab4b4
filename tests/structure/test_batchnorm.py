"""Sparse scales and new statistics of batch normalization."""

import numpy as np
import pytest
from batches import cut

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
    model.fit(cut(*batch, 32), verbose=0, shuffle=False)  # the step is compiled without the penalty
    plain = model.evaluate(batch.x, batch.y, verbose=0)
    assert structure.slimming(model, 0.5) == 2
    scales = sum(abs(model.get_layer(n).gamma.numpy()).sum() for n in ("first", "second"))
    penalty = float(sum(model.losses))
    assert penalty == pytest.approx(0.5 * scales, rel=1e-5)
    model.compile(model.optimizer, model.loss)
    assert model.evaluate(batch.x, batch.y, verbose=0) == pytest.approx(plain + penalty, rel=1e-4)
    model.fit(cut(*batch, 32), epochs=10, verbose=0, shuffle=False)
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
    model.fit(cut(*batch, 32), verbose=0, shuffle=False)
    before = abs(model.get_layer("first").gamma.numpy()).sum()
    structure.slimming(model, 0.5)
    model.fit(cut(*batch, 32), epochs=10, verbose=0, shuffle=False)
    assert abs(model.get_layer("first").gamma.numpy()).sum() < before / 2


def test_a_small_last_batch_counts_by_its_examples():
    layer = keras.layers.BatchNormalization()
    model = keras.Sequential([keras.Input((1,)), layer])
    x = np.random.default_rng(0).normal(3, 2, (129, 1))
    structure.recalibrate(model, x)  # 128 and 1
    np.testing.assert_allclose(layer.moving_mean[0], x.mean(), rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance[0], x[:128].var() * 128 / 129, rtol=1e-5)


def test_every_call_of_a_layer_counts():
    """As of two images, or at every step of a film; not only the last one."""
    rng, films = np.random.default_rng(0), [keras.Input((3, 2)), keras.Input((4, 2))]
    norm = layers.BatchNormalization()
    model = keras.Model(films, [layers.TimeDistributed(norm)(one) for one in films])
    x = [rng.normal(n, n, (10, n, 2)) for n in (3, 4)]
    structure.recalibrate(model, x, batch_size=5)
    steps = np.concatenate([one[:, n] for one in x for n in range(one.shape[1])])
    np.testing.assert_allclose(norm.moving_mean, steps.mean(axis=0), rtol=1e-4)
    parts = steps.reshape(14, 5, 2)  # one batch at one step
    np.testing.assert_allclose(norm.moving_variance, parts.var(axis=1).mean(axis=0), rtol=1e-4)
    assert norm.momentum == 0.99


def test_what_makes_no_statistics_is_refused_and_changes_nothing():
    layer = keras.layers.BatchNormalization()
    model, x = keras.Sequential([keras.Input((1,)), layer]), np.arange(4.0)[:, None]
    for few, size in ((x[:1], 128), (x, 1)):
        with pytest.raises(ValueError, match="variances would be 0: every batch holds one example"):
            structure.recalibrate(model, few, size)
    assert (float(layer.moving_mean[0]), float(layer.moving_variance[0])) == (0, 1)
    for change in (lambda m: structure.slimming(m, 0.1), lambda m: structure.recalibrate(m, x)):
        with pytest.raises(ValueError, match="is not built: call it on a batch first"):
            change(keras.Sequential([keras.layers.BatchNormalization()]))


def test_a_layer_that_is_pruned_away_does_not_stop_the_others():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((3,))
    dead, other = (keras.layers.Dense(2, kernel_initializer=k)(inputs) for k in ("zeros", "ones"))
    norms = [keras.layers.BatchNormalization(name=name) for name in ("dead", "other")]
    model = keras.Model(inputs, [norms[0](dead), norms[1](other)])
    x = np.arange(12.0).reshape(4, 3)
    structure.recalibrate(model, x)
    assert not norms[0].moving_variance.numpy().any()
    np.testing.assert_allclose(norms[1].moving_variance, x.sum(axis=1).var(), rtol=1e-5)
