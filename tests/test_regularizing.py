"""Penalties: their values and slopes, what they do to weights, and what they do not."""

import numpy as np
import pytest
from batches import cut

from course_utils import models, pruning
from course_utils.backend import keras, tf
from course_utils.extras import regularizing


def slope(penalty, W: np.ndarray) -> np.ndarray:
    x = tf.constant(W)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = penalty(x)
    return tape.gradient(value, x).numpy()


@pytest.mark.parametrize(("shape", "within"), [((3, 3, 4, 5), (0, 1, 2)), ((7, 5), (0,))])
def test_the_penalty_of_groups_is_written_out(shape, within):
    W = np.random.default_rng(0).normal(size=shape).astype("float32")
    norms = np.sqrt((W**2).sum(axis=within))
    expected = 0.1 * np.sqrt(W.size / norms.size) * norms.sum()
    assert float(regularizing.GroupLasso(0.1)(W)) == pytest.approx(expected, rel=1e-5)


def test_its_slope_points_from_a_group_to_zero_and_is_zero_at_zero():
    W = np.array([[3.0, 0.0], [4.0, 0.0]], "float32")
    found = slope(regularizing.GroupLasso(0.5), W)
    np.testing.assert_allclose(found, 0.5 * np.sqrt(2) * np.array([[0.6, 0], [0.8, 0]]), rtol=1e-6)


def test_it_is_saved_and_loaded_with_a_model(tmp_path):
    penalty = regularizing.GroupLasso(0.02)
    layer = keras.layers.Dense(3, kernel_regularizer=penalty)
    model = keras.Sequential([keras.Input((4,)), layer])
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    assert loaded.layers[0].kernel_regularizer.get_config() == {"strength": 0.02}
    assert float(loaded.losses[0]) == pytest.approx(float(model.losses[0]))


@pytest.mark.parametrize("strength", [-1, float("nan"), "much"])
def test_strengths_that_cannot_be_are_refused(strength):
    with pytest.raises((TypeError, ValueError), match="strength"):
        regularizing.GroupLasso(strength)


def test_a_penalty_on_a_built_model_takes_part_in_training_and_can_be_taken_away(tiny, batch):
    model = tiny(keras.optimizers.Adam(0.01))
    model.fit(cut(*batch, 32), verbose=0, shuffle=False)  # its step is compiled before
    plain = model.evaluate(*batch, verbose=0)
    regularizing.regularize(model, keras.regularizers.L1(0.5), include="hidden/*")
    W = pruning.weights(model)["hidden/kernel"]
    added = model.evaluate(*batch, verbose=0) - plain
    assert added == pytest.approx(0.5 * np.abs(W).sum(), rel=1e-4)
    other = pruning.weights(model)["output/kernel"]
    model.fit(cut(*batch, 32), verbose=0, shuffle=False, epochs=20)
    after = pruning.weights(model)
    assert np.abs(after["hidden/kernel"]).sum() < 0.9 * np.abs(W).sum()
    assert np.abs(after["output/kernel"] - other).max() > 0
    regularizing.regularize(model, None)
    assert model.losses == []


def test_l1_makes_weights_small_and_none_zero(tiny, batch):
    """The article calls that pruning (audit: E3, number 4)."""
    model = tiny(keras.optimizers.Adam(0.01))
    regularizing.regularize(model, keras.regularizers.L1(0.1))
    model.fit(cut(*batch), epochs=20, verbose=0, shuffle=False)
    W = np.concatenate([W.ravel() for W in pruning.weights(model).values()])
    assert np.mean(np.abs(W) < 0.02) > 0.3
    assert np.count_nonzero(W) == W.size


def test_group_lasso_makes_whole_units_small_and_nothing_else(tiny, batch):
    """Within a unit no weight is small for itself: all shrink by the same share."""
    model = tiny(keras.optimizers.Adam(0.01))
    regularizing.regularize(model, regularizing.GroupLasso(0.05), include="hidden/*")
    model.fit(cut(*batch), epochs=40, verbose=0, shuffle=False)
    norms = np.linalg.norm(pruning.weights(model)["hidden/kernel"], axis=0)
    assert norms.min() < 0.1 * norms.max()
    assert norms.min() > 0


def test_masks_hold_under_a_penalty(tiny, batch):
    model = tiny("adam")
    regularizing.regularize(model, regularizing.GroupLasso(0.1))
    pruning.attach(model, {n: W > 0 for n, W in pruning.weights(model).items()})
    model.fit(cut(*batch, 32), verbose=0, shuffle=False)
    assert not any(pruning.regrown(model).values())


def test_what_is_no_penalty_and_unknown_kernels_are_refused():
    model = models.lenet300()
    with pytest.raises(TypeError, match="GroupLasso or None, not 'l1'"):
        regularizing.regularize(model, "l1")
    with pytest.raises(TypeError, match=r"one that is made.* not <class"):
        regularizing.regularize(model, keras.regularizers.L1)
    with pytest.raises(ValueError, match="matches no weight"):
        regularizing.regularize(model, keras.regularizers.L1(), include="conv*")


@pytest.mark.parametrize(
    "penalty", [keras.regularizers.OrthogonalRegularizer(), keras.ops.abs, lambda W, b: 0.0]
)
def test_a_penalty_that_a_kernel_cannot_have_is_refused_before_any_has_it(penalty):
    model = models.lenet5()  # dense kernels could, the first one's four axes not
    with pytest.raises((TypeError, ValueError)):
        regularizing.regularize(model, penalty)
    assert model.losses == []
