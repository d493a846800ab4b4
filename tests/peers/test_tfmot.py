"""TensorFlow Model Optimization (tfmot) as an oracle: schedules, and masks layer by layer.

Its own code runs here, on the same weights. It brings Keras 2 (tf_keras), which does not go
together with Keras 3 in one process: of the course, only the core is imported, which needs neither.
"""

import numpy as np
import pytest

from course_utils import criteria, masking, schedules

tfmot = pytest.importorskip(
    "tensorflow_model_optimization",
    reason="tfmot is not installed here: `make peers ARGS=tfmot` installs it and runs these tests",
)
tf, tf_keras = pytest.importorskip("tensorflow"), pytest.importorskip("tf_keras")
pruning_impl = pytest.importorskip(f"{tfmot.__name__}.python.core.sparsity.keras.pruning_impl")
sparsity = tfmot.sparsity.keras

ROUNDING = 2.0**-24  # of float32, relative
LAYERS = {"conv": (3, 3, 8, 16), "dense": (64, 20), "uneven": (7, 12), "large": (512, 1024)}


def distinct(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Random float32 weights of which no two are of the same size, none 0."""
    rng = np.random.default_rng(seed)
    sizes = rng.permutation(np.arange(1, np.prod(shape) + 1)) / np.prod(shape)
    return (sizes * rng.choice([-1, 1], sizes.shape)).reshape(shape).astype("float32")


def theirs(weights: np.ndarray, share: float, block=(1, 1), m_by_n=None) -> np.ndarray:
    """The mask that tfmot's implementation writes into its variables, as Booleans."""
    weight = tf.Variable(np.asarray(weights, "float32"))
    mask, threshold = tf.Variable(tf.ones_like(weight)), tf.Variable(0.0)
    always = sparsity.ConstantSparsity(share, begin_step=0, frequency=1)
    pruning = pruning_impl.Pruning(
        lambda: tf.constant(1), [(weight, mask, threshold)], always, block, "AVG", m_by_n
    )
    pruning.conditional_mask_update()
    return mask.numpy().astype(bool)


def ours(weights: np.ndarray, share: float) -> np.ndarray:
    scores = criteria.magnitude({"W": np.asarray(weights, "float32")})
    return masking.make_masks(scores, share, scope="layer")["W"]


# -------------------------------------------------------------------------------------- schedules


@pytest.mark.parametrize("power", [1, 2, 3, 5.5])
@pytest.mark.parametrize(
    ("begin", "end", "every"), [(0, 100, 1), (0, 1000, 100), (20, 80, 3), (7, 307, 25)]
)
@pytest.mark.parametrize(("initial", "final"), [(0.0, 0.8), (0.5, 0.9), (0.25, 0.25)])
def test_polynomial_at_every_step(initial, final, begin, end, every, power):
    """tfmot says at each step whether to prune, and to what; in between its masks stay."""
    reference = sparsity.PolynomialDecay(initial, final, begin, end, power, every)
    schedule = schedules.polynomial(final, begin, end, initial=initial, power=power, every=every)
    now = 0.0
    for step in range(end + 2 * every):
        prunes, value = reference(tf.constant(step))
        now = float(value) if prunes else now
        # float32 there, float64 here: one rounding in the share p of the way, which the power
        # multiplies, one each in the power, the product and the sum, and one in each constant.
        assert schedule(step) == pytest.approx(now, rel=0, abs=(power + 5) * ROUNDING), step


@pytest.mark.parametrize("begin", [0, 1, 30])
@pytest.mark.parametrize("every", [1, 7, 100])
def test_constant_at_every_step(begin, every):
    reference = sparsity.ConstantSparsity(0.8, begin, frequency=every)
    schedule = schedules.one_shot(0.8, at=begin) if begin else schedules.constant(0.8)
    now = 0.0
    for step in range(begin + 3 * every):
        prunes, value = reference(tf.constant(step))
        now = float(value) if prunes else now
        assert schedule(step) == pytest.approx(now, rel=0, abs=ROUNDING), step


def test_where_the_schedules_part_an_end_between_two_updates():
    """Its last update is the one before the end, so it never gets to the final sparsity."""
    reference = sparsity.PolynomialDecay(0.0, 0.8, begin_step=0, end_step=100, frequency=30)
    updates = [float(s) for prunes, s in map(reference, map(tf.constant, range(500))) if prunes]
    assert max(updates) < 0.8
    assert schedules.polynomial(0.8, 0, 100, every=30)(499) == 0.8


# ------------------------------------------------------------------------------------------ masks


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25, 0.5, 0.8, 0.9, 0.99])
@pytest.mark.parametrize("layer", LAYERS)
def test_magnitude_masks_of_a_layer(layer, share):
    weights = distinct(LAYERS[layer])
    np.testing.assert_array_equal(ours(weights, share), theirs(weights, share))


def test_masks_of_a_network_while_it_is_pruned_step_by_step():
    """The whole of tfmot: wrapped layers of a tf_keras model, in fit, with its callback."""
    kernels = {"conv": distinct((3, 3, 2, 8), seed=1), "dense": distinct((128, 10), seed=2)}
    model = wrapped(kernels, sparsity.PolynomialDecay(0.0, 0.8, 2, 12, frequency=2))
    seen = []
    watch = tf_keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda *_: seen.append(state(model))
    )
    x, y = np.ones((16, 6, 6, 2), "float32"), np.zeros((16, 10), "float32")
    model.fit(x, y, 1, callbacks=[sparsity.UpdatePruningStep(), watch], verbose=0)

    schedule = schedules.polynomial(0.8, 2, 12, every=2)
    assert len(seen) == len(x)
    for step, (masks, weights) in enumerate(seen, start=1):  # tfmot counts its steps from 1
        expected = masking.make_masks(criteria.magnitude(kernels), schedule(step), scope="layer")
        for name in kernels:
            np.testing.assert_array_equal(expected[name], masks[name], str((step, name)))
            np.testing.assert_array_equal(masking.apply(kernels, expected)[name], weights[name])
    assert masking.sparsity(seen[-1][0]) == pytest.approx(0.8, abs=0.001)


def wrapped(kernels: dict[str, np.ndarray], schedule) -> tf_keras.Model:
    """A tf_keras network with these kernels, wrapped by tfmot; its learning rate is 0."""
    layers = {
        "conv": tf_keras.layers.Conv2D(8, 3, name="conv"),
        "dense": tf_keras.layers.Dense(10, name="dense"),
    }
    model = tf_keras.Sequential(
        [tf_keras.Input((6, 6, 2)), layers["conv"], tf_keras.layers.Flatten(), layers["dense"]]
    )
    for name, layer in layers.items():
        layer.set_weights([kernels[name], np.zeros(kernels[name].shape[-1])])
    model = sparsity.prune_low_magnitude(model, schedule)
    model.compile(tf_keras.optimizers.SGD(0.0), "mse")
    return model


def state(model: tf_keras.Model) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The masks and the kernels of a wrapped network."""
    held = {layer.layer.name: layer.pruning_vars[0] for layer in model.layers if layer.pruning_vars}
    masks = {name: mask.numpy().astype(bool) for name, (_, mask, _) in held.items()}
    return masks, {name: weight.numpy() for name, (weight, _, _) in held.items()}


@pytest.mark.parametrize(("zeros", "of"), [(2, 4), (1, 4), (1, 2), (4, 8)])
@pytest.mark.parametrize("shape", [(64, 20), (3, 3, 8, 16)])
def test_masks_of_n_in_m(shape, zeros, of):
    """Along the input axis on both sides; it counts the zeros where `n_of_m` counts what stays."""
    weights = distinct(shape)
    mask = masking.n_of_m(criteria.magnitude({"W": weights}), of - zeros, of)["W"]
    np.testing.assert_array_equal(mask, theirs(weights, 0.5, m_by_n=(zeros, of)))


@pytest.mark.parametrize("block", [(2, 2), (1, 4), (4, 1), (8, 5)])
@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
def test_masks_of_blocks(block, share):
    weights = distinct((64, 20))
    scores = criteria.magnitude({"W": weights})
    mask = masking.block_masks(scores, share, block, scope="layer")["W"]
    np.testing.assert_array_equal(mask, theirs(weights, share, block=block))


# ----------------------------------------------------------------------------- where the masks part


@pytest.mark.parametrize(
    ("weights", "share", "we_prune", "it_prunes"),
    [
        ([5, 1, 4, 2, 2, 2, 3, 3, 6, 7], 0.3, 3, 1),  # what ties with the threshold stays
        ([1] * 10, 0.4, 4, 0),
        ([0, 1, 0, 2, 0, 3, 0, 4, 0, 5], 0.4, 4, 0),  # half zero already, fewer asked for
        ([1, 2, 3, 4, 5, 6, 7, 8, 9], 0.5, 4, 5),  # 4.5 of 9: it rounds the number that stays
        ([1, 2, 3, 4], 0.99, 4, 3),  # it always keeps one
    ],
)
def test_where_the_counts_part(weights, share, we_prune, it_prunes):
    """Here round(s · n) go, the count asked for; there what lies below its threshold."""
    assert np.count_nonzero(~ours(weights, share)) == we_prune == round(share * len(weights))
    assert np.count_nonzero(~theirs(weights, share)) == it_prunes


def test_among_equal_weights_it_keeps_the_first_of_a_group_and_we_the_last():
    weights = np.ones((4, 1), "float32")
    assert theirs(weights, 0.5, m_by_n=(2, 4)).ravel().tolist() == [True, True, False, False]
    mask = masking.n_of_m({"W": weights}, 2, 4)["W"]
    assert mask.ravel().tolist() == [False, False, True, True]
