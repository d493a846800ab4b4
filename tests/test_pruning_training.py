"""Masks hold through training: every way in which Keras trains, and every trap on the way.

Each trap of Keras 3 that makes pruned weights grow back in silence has a test of its own here:
either the mask holds, or the call is refused in words, or `regrown` tells.
"""

import forked
import numpy as np
import pytest
from batches import cut
from sizes import few

from course_utils import criteria, masking, models, pruning
from course_utils.backend import build_optimizer, keras, tf

layers = keras.layers


def masks_for(model: keras.Model, sparsity: float = 0.5) -> masking.Masks:
    """Masks by magnitude."""
    return masking.make_masks(criteria.magnitude(pruning.weights(model)), sparsity)


def attach(model: keras.Model, sparsity: float = 0.5) -> masking.Masks:
    """Attach masks by magnitude, and return them."""
    masks = masks_for(model, sparsity)
    pruning.attach(model, masks)
    return masks


def fit(model: keras.Model, batch, **settings: object) -> None:
    """Train for two epochs of steps of 8, unless told otherwise."""
    model.fit(cut(*batch), **{"epochs": 2, "verbose": 0, "shuffle": False, **settings})


def assert_held(model: keras.Model, masks: masking.Masks) -> None:
    """Pruned weights are +0 to the bit, kept ones are not, and nothing else is asked for."""
    for name, W in pruning.weights(model).items():
        pruned = W[~masks[name]]
        assert pruned.tobytes() == bytes(pruned.nbytes), f"{name} has grown back"
    assert not any(pruning.regrown(model).values())
    assert masking.sparsity(pruning.weights(model)) == masking.sparsity(masks)


# ---------------------------------------------------------- the traps, with the article's network


@pytest.fixture
def cnn() -> keras.Model:
    """The article's CNN, new for each test; its optimizer is built, which halves the tracing."""
    model = models.article_cnn()
    model.compile("sgd", "sparse_categorical_crossentropy")
    build_optimizer(model)
    return model


def train(model: keras.Model, pictures, epochs: int = 1, **settings: object) -> None:
    model.fit(cut(*pictures, 32), epochs=epochs, verbose=0, shuffle=False, **settings)


def test_without_a_mask_pruned_weights_grow_back(cnn, pictures):
    """The article's mistake: one step moves most of them."""
    masks = masks_for(cnn, 0.9)
    for name, W in masking.apply(pruning.weights(cnn), masks).items():
        pruning.kernels(cnn)[name].assign(W)
    assert masking.sparsity(pruning.weights(cnn)) == 0.9
    train(cnn, pictures)
    assert masking.sparsity(pruning.weights(cnn)) < 0.8


def test_sparsity_is_exact_after_several_epochs(cnn, pictures):
    masks = attach(cnn, 0.9)
    before = pruning.weights(cnn)
    train(cnn, pictures, epochs=3)
    assert_held(cnn, masks)
    assert masking.sparsity(pruning.weights(cnn)) == 0.9
    moved = pruning.weights(cnn)["output/kernel"] != before["output/kernel"]
    assert moved[masks["output/kernel"]].mean() > 0.5, "the kept weights do train"


def test_attach_after_a_first_fit_reaches_the_step_that_is_compiled_already(cnn, pictures):
    train(cnn, pictures)
    masks = attach(cnn)
    train(cnn, pictures)
    assert_held(cnn, masks)


def test_a_constraint_set_after_a_first_fit_is_ignored_by_keras_itself(cnn, pictures):
    """The trap that `attach` gets round: if this fails, Keras has changed for the better."""
    train(cnn, pictures)
    kernel = pruning.kernels(cnn)["output/kernel"]
    kernel.constraint = lambda w: keras.ops.zeros_like(w)
    train(cnn, pictures)
    assert np.count_nonzero(kernel.numpy()) > 0


def test_compiling_again_after_attach_keeps_the_masks(cnn, pictures):
    masks = attach(cnn)
    train(cnn, pictures)
    models.compiled(cnn)
    train(cnn, pictures)
    assert_held(cnn, masks)


def test_a_mask_replaced_in_a_callback_counts_from_the_next_step_on(cnn, pictures):
    attach(cnn, 0.5)
    shares = []

    def prune_more(epoch: int, logs: dict | None = None) -> None:
        shares.append(masking.sparsity(pruning.weights(cnn)))
        scores = criteria.magnitude(pruning.weights(cnn))
        sparsity = (0.6, 0.8, 0.9)[epoch]
        new = masking.make_masks(masking.exclude(scores, pruning.held_masks(cnn)), sparsity)
        pruning.attach(cnn, new)

    callback = keras.callbacks.LambdaCallback(on_epoch_end=prune_more)
    train(cnn, pictures, epochs=3, callbacks=[callback])
    assert shares == pytest.approx([0.5, 0.6, 0.8], abs=1e-6)
    assert masking.sparsity(pruning.weights(cnn)) == pytest.approx(0.9, abs=1e-6)
    assert not any(pruning.regrown(cnn).values())


def test_set_weights_after_attach_brings_weights_back_until_attach_or_the_next_step(cnn, pictures):
    initial = cnn.get_weights()
    masks = attach(cnn, 0.9)
    cnn.set_weights(initial)
    assert sum(pruning.regrown(cnn).values()) == round(0.9 * 347_040)
    train(cnn, pictures)
    assert_held(cnn, masks)
    cnn.set_weights(initial)
    pruning.attach(cnn, masks)
    assert_held(cnn, masks)


def test_the_lottery_tickets_order_rewind_then_attach(cnn, pictures):
    initial = cnn.get_weights()
    train(cnn, pictures)
    masks = masks_for(cnn, 0.8)
    cnn.set_weights(initial)
    pruning.attach(cnn, masks)
    rewound, first = pruning.weights(cnn), initial[0]
    np.testing.assert_array_equal(rewound["conv/kernel"], first * masks["conv/kernel"])
    train(cnn, pictures)
    assert_held(cnn, masks)


def test_a_clone_has_no_masks_says_so_and_can_be_given_them(cnn, pictures):
    masks = attach(cnn)
    clone = keras.models.clone_model(cnn)
    clone.set_weights(cnn.get_weights())
    assert pruning.held_masks(clone) == {}
    assert masking.sparsity(pruning.weights(clone)) == 0.5
    models.compiled(clone)
    pruning.attach(clone, pruning.held_masks(cnn))
    train(clone, pictures)
    assert_held(clone, masks)
    assert_held(cnn, masks)


def test_early_stopping_that_restores_weights_keeps_a_fixed_mask(cnn, pictures):
    masks = attach(cnn)
    early = keras.callbacks.EarlyStopping("loss", mode="max", restore_best_weights=True)
    train(cnn, pictures, epochs=3, callbacks=[early])
    assert_held(cnn, masks)


def test_early_stopping_across_a_rising_sparsity_brings_weights_back_and_regrown_tells(
    cnn, pictures
):
    """The best epoch had the lower sparsity; what comes back is seen, and attach mends it."""
    attach(cnn, 0.5)

    def prune_more(epoch: int, logs: dict | None = None) -> None:
        if epoch == 0:
            attach(cnn, 0.9)

    callbacks = [
        keras.callbacks.EarlyStopping("loss", mode="max", patience=9, restore_best_weights=True),
        keras.callbacks.LambdaCallback(on_epoch_end=prune_more),
    ]
    train(cnn, pictures, epochs=3, callbacks=callbacks)
    assert masking.sparsity(pruning.weights(cnn)) == pytest.approx(0.5, abs=0.01)
    assert sum(pruning.regrown(cnn).values()) > 0.3 * 347_040
    pruning.attach(cnn, pruning.held_masks(cnn))
    assert masking.sparsity(pruning.weights(cnn)) == pytest.approx(0.9, abs=1e-6)


def averaging(wrapped: bool, **settings: object) -> keras.Optimizer:
    optimizer = keras.optimizers.Adam(0.1, use_ema=True, ema_momentum=0.9, **settings)
    return keras.optimizers.LossScaleOptimizer(optimizer) if wrapped else optimizer


AVERAGES = {
    f"{first}-{every or 'end'}-{'loss scale' if wrapped else 'plain'}": (first, every, wrapped)
    for first in ("compiled", "attached")
    for every in (None, 3)
    for wrapped in (False, True)
}
SHORT = ("compiled-end-plain", "compiled-3-loss scale", "attached-3-plain")


@pytest.mark.parametrize(("first", "every", "wrapped"), few(AVERAGES, *SHORT))
def test_averaged_weights_are_masked_however_late_the_average_comes(
    tiny, batch, first, every, wrapped
):
    """Keras overwrites the weights with their average, which knows of no mask by itself."""
    optimizer = averaging(wrapped, ema_overwrite_frequency=every)
    model = tiny(optimizer if first == "compiled" else "sgd", built=False)
    masks = attach(model)
    if first == "attached":
        model.compile(optimizer, "sparse_categorical_crossentropy")
    fit(model, batch)
    assert_held(model, masks)
    attach(model, 0.75)  # the average of before must not bring back what is pruned now
    fit(model, batch)
    assert_held(model, pruning.held_masks(model))


def test_an_average_of_before_is_masked_by_attach_itself(tiny, batch):
    """Keras may overwrite the weights with it before the next step."""
    model = tiny(averaging(False), run_eagerly=True)
    model.train_on_batch(*batch)
    masks = attach(model)
    model.optimizer.finalize_variable_values(model.trainable_variables)
    assert_held(model, masks)


def test_an_average_is_that_of_the_masked_weights(tiny, batch):
    """A twin without an average takes the same steps; its weights are averaged by hand."""
    held, twin = tiny(averaging(False)), tiny(keras.optimizers.Adam(0.1))
    masks = attach(held)
    pruning.attach(twin, masks)
    averages = None
    for start in range(0, 32, 8):
        part = batch.x[start : start + 8], batch.y[start : start + 8]
        held.train_on_batch(*part)
        twin.train_on_batch(*part)
        now = pruning.weights(twin)
        averages = now if averages is None else {n: 0.9 * averages[n] + 0.1 * now[n] for n in now}
    held.optimizer.finalize_variable_values(held.trainable_variables)
    for name, W in pruning.weights(held).items():
        np.testing.assert_allclose(W, averages[name], rtol=1e-5, atol=1e-7)


# --------------------------------------------------------------------- every way to train in Keras

OPTIMIZERS = {
    "SGD": lambda: keras.optimizers.SGD(0.1),
    "SGD with momentum and decay": lambda: keras.optimizers.SGD(0.1, 0.9, weight_decay=0.01),
    "Nesterov": lambda: keras.optimizers.SGD(0.1, 0.9, nesterov=True),
    "Adam": lambda: keras.optimizers.Adam(0.1),
    "AdamW": lambda: keras.optimizers.AdamW(0.1, weight_decay=0.1),
    "RMSprop": lambda: keras.optimizers.RMSprop(0.1, centered=True),
    "accumulated gradients": lambda: keras.optimizers.Adam(0.1, gradient_accumulation_steps=2),
    "clipped gradients": lambda: keras.optimizers.Adam(0.1, global_clipnorm=0.1),
}


@pytest.mark.parametrize(
    "optimizer", few(OPTIMIZERS, "SGD with momentum and decay", "accumulated gradients")
)
def test_the_mask_holds_under_any_optimizer(tiny, batch, optimizer):
    model = tiny(optimizer(), built=False)
    masks = attach(model)
    fit(model, batch)
    assert_held(model, masks)


@pytest.mark.parametrize(
    "settings",
    few(
        [
            {"jit_compile": True},
            {"jit_compile": False},
            {"run_eagerly": True},
            {"steps_per_execution": 4},
        ],
        {"run_eagerly": True},
        {"steps_per_execution": 4},
    ),
)
def test_the_mask_holds_however_the_step_is_compiled(tiny, batch, settings):
    """Attached before any fit, then replaced between two: the second mask counts."""
    model = tiny(**settings)
    attach(model)
    fit(model, batch)
    masks = attach(model, 0.75)
    fit(model, batch)
    assert_held(model, masks)


def test_the_mask_holds_in_mixed_precision(tiny, batch):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = tiny("adam")
        masks = attach(model)
        fit(model, batch)
    finally:
        keras.config.set_dtype_policy(before)
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert_held(model, masks)


def test_the_mask_holds_in_train_on_batch(tiny, batch):
    model = tiny("adam")
    model.train_on_batch(*batch)
    masks = attach(model)
    for _ in range(3):
        model.train_on_batch(*batch)
    assert_held(model, masks)


@pytest.mark.parametrize("traced", [False, True], ids=["eager", "tf.function"])
def test_the_mask_holds_in_a_training_loop_of_ones_own(tiny, batch, traced):
    model, optimizer = tiny(), keras.optimizers.Adam(0.1)
    masks = attach(model)
    step = own_step(model, optimizer, batch)
    step = tf.function(step) if traced else step
    for _ in range(3):
        step()
    assert_held(model, masks)


def test_a_step_of_ones_own_that_was_traced_before_attach_is_told_by_regrown(tiny, batch):
    model = tiny()
    step = tf.function(own_step(model, keras.optimizers.SGD(0.1), batch))
    step()
    attach(model)
    step()
    assert sum(pruning.regrown(model).values()) > 0


def own_step(model: keras.Model, optimizer: keras.Optimizer, batch):
    """A train step as one writes it by hand."""
    loss = keras.losses.SparseCategoricalCrossentropy()

    def step() -> None:
        with tf.GradientTape() as tape:
            value = loss(batch.y, model(batch.x, training=True))
        gradients = tape.gradient(value, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

    return step


MOMENTS = ("on_epoch_begin", "on_epoch_end", "on_train_batch_begin", "on_train_batch_end")


@pytest.mark.parametrize("moment", few(MOMENTS, "on_epoch_end", "on_train_batch_begin"))
def test_a_first_attach_in_the_middle_of_fit_holds(tiny, batch, moment):
    model, calls = tiny(), []

    def prune_once(*_: object, **__: object) -> None:
        calls.append(moment)
        if len(calls) == 2:
            attach(model)

    fit(model, batch, epochs=3, callbacks=[keras.callbacks.LambdaCallback(**{moment: prune_once})])
    masks = pruning.held_masks(model)
    assert masking.sparsity(masks) == 0.5
    assert_held(model, masks)


def test_replacing_a_mask_compiles_nothing_anew(tiny, batch):
    """Python code inside the step runs while Keras traces it, and not afterwards."""
    traces = []

    def loss(y_true, y_pred):
        traces.append(1)
        return keras.losses.sparse_categorical_crossentropy(y_true, y_pred)

    model = tiny()
    model.compile("sgd", loss)
    attach(model, 0.25)
    fit(model, batch)
    after_first_fit = len(traces)

    def replace(step: int, logs: dict | None = None) -> None:
        attach(model, 0.5 if step == 0 else 0.75)

    fit(model, batch, callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=replace)])
    assert len(traces) == after_first_fit
    assert_held(model, pruning.held_masks(model))
    assert masking.sparsity(pruning.weights(model)) == 0.75


def test_one_more_kernel_attached_between_two_fits_joins_the_first(tiny, batch):
    model = tiny()
    half = np.arange(48).reshape(6, 8) % 2
    pruning.attach(model, {"hidden/kernel": half})
    fit(model, batch)
    pruning.attach(model, {"output/kernel": np.arange(24).reshape(8, 3) % 2})
    fit(model, batch)
    assert masking.sparsity(pruning.weights(model)) == 0.5
    assert not any(pruning.regrown(model).values())


def test_attaching_to_the_whole_model_after_a_part_of_it_reaches_the_compiled_step(tiny, batch):
    """The part's constraint is there already; the whole's step was compiled before it."""
    model = tiny()
    fit(model, batch)
    part = keras.Model(model.inputs, model.get_layer("hidden").output)
    mask = {"hidden/kernel": np.zeros((6, 8), bool)}
    pruning.attach(part, mask)
    pruning.attach(model, mask)
    fit(model, batch)
    assert pruning.regrown(model) == {"hidden/kernel": 0}


def test_weights_that_diverge_stay_zero_under_the_mask(tiny, batch):
    model = tiny(keras.optimizers.SGD(1e30))
    masks = attach(model)
    fit(model, batch)
    assert np.isnan(pruning.weights(model)["output/kernel"]).any(), "the test needs NaN"
    assert_held(model, masks)


# --------------------------------------------------------- what the mask must leave as it was


def constrained(constraint: keras.constraints.Constraint) -> keras.Model:
    """One layer with a constraint of its own, and steps large enough to meet it."""
    keras.utils.set_random_seed(1)
    layer = layers.Dense(3, kernel_constraint=constraint, name="fc")
    model = keras.Sequential([keras.Input((6,)), layer])
    model.compile(keras.optimizers.SGD(1.0), keras.losses.SparseCategoricalCrossentropy(True))
    return model


def column_norms(model: keras.Model) -> np.ndarray:
    return np.linalg.norm(pruning.weights(model)["fc/kernel"], axis=0)


def test_a_constraint_of_the_layer_is_still_applied_and_comes_back_with_detach(batch):
    limit = keras.constraints.MaxNorm(0.2, axis=0)
    model = constrained(limit)
    kernel = pruning.kernels(model)["fc/kernel"]
    attach(model)
    masks = attach(model, 0.6)  # the second time must not wrap the first mask
    fit(model, batch)
    assert_held(model, masks)
    assert column_norms(model).max() <= 0.2 * 1.0001
    pruning.detach(model)
    assert kernel.constraint is limit
    fit(model, batch)
    assert column_norms(model) == pytest.approx([0.2] * 3, rel=1e-4)
    assert masking.sparsity(pruning.weights(model)) < 0.2


def test_the_layers_constraint_holds_of_the_pruned_kernel_not_of_one_that_is_pruned_after(batch):
    """Columns of norm 1, zeros among them: prune first, then scale."""
    model = constrained(keras.constraints.UnitNorm(axis=0))
    mask = np.arange(18).reshape(6, 3) % 2
    pruning.attach(model, {"fc/kernel": mask})
    fit(model, batch)
    assert_held(model, {"fc/kernel": mask == 1})
    assert column_norms(model) == pytest.approx([1, 1, 1], rel=1e-4)


def test_what_diverged_under_the_mask_does_not_reach_the_kept_weights_through_a_norm(batch):
    model = constrained(keras.constraints.MaxNorm(1, axis=0))
    mask = np.ones((6, 3), bool)
    mask[0, 0] = False
    pruning.attach(model, {"fc/kernel": mask})
    kernel = pruning.kernels(model)["fc/kernel"]
    poisoned = kernel.numpy()
    poisoned[0, 0] = np.nan
    assert np.isfinite(kernel.constraint(keras.ops.convert_to_tensor(poisoned)).numpy()).all()


@pytest.mark.parametrize("trained", [False, True], ids=["before fit", "after fit"])
def test_detached_weights_grow_back(tiny, batch, trained):
    model = tiny("adam")
    attach(model)
    if trained:
        fit(model, batch)
    pruning.detach(model)
    fit(model, batch)
    assert masking.sparsity(pruning.weights(model)) < 0.2


def test_masks_may_be_attached_again_after_detach(tiny, batch):
    model = tiny()
    attach(model)
    fit(model, batch)
    pruning.detach(model)
    fit(model, batch)
    masks = attach(model, 0.75)
    fit(model, batch)
    assert_held(model, masks)


def test_a_frozen_layer_is_pruned_and_stays_pruned_when_it_thaws(tiny, batch):
    model = tiny()
    model.get_layer("hidden").trainable = False
    models.compiled(model, "sgd")
    masks = attach(model)
    frozen = pruning.weights(model)["hidden/kernel"]
    fit(model, batch)
    np.testing.assert_array_equal(pruning.weights(model)["hidden/kernel"], frozen)
    model.get_layer("hidden").trainable = True
    models.compiled(model, "sgd")
    fit(model, batch)
    assert (pruning.weights(model)["hidden/kernel"] != frozen).any()
    assert_held(model, masks)


def test_the_mask_holds_inside_nested_models_and_in_a_shared_layer(batch):
    shared = layers.Dense(6, name="shared")
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(6, name="fc")], name="inner")
    features = keras.Input((6,))
    x = inner(shared(shared(features)))
    model = keras.Model(features, layers.Dense(3, "softmax", name="fc")(x))
    model.compile("sgd", "sparse_categorical_crossentropy")
    fit(model, batch)
    masks = attach(model)
    assert list(masks) == ["shared/kernel", "inner/fc/kernel", "fc/kernel"]
    fit(model, batch)
    assert_held(model, masks)


def test_a_mask_of_ones_changes_nothing_of_the_training_to_the_bit(tiny, batch):
    plain, held = (tiny(keras.optimizers.SGD(0.1, momentum=0.9)) for _ in range(2))
    pruning.attach(held, pruning.masks_from_zeros(held))
    fit(plain, batch)
    fit(held, batch)
    assert all((a == b).all() for a, b in zip(plain.get_weights(), held.get_weights(), strict=True))


# -------------------------------------------------- independent computations of the same training


def test_masked_training_is_projected_gradient_descent_to_the_bit(tiny, batch):
    """The twin takes Keras's plain steps; after each, its pruned weights are set to 0 by hand."""
    held, twin = tiny("adam"), tiny("adam")
    masks = attach(held)
    project(twin, masks)
    fit(held, batch)
    for _ in range(2):
        for start in range(0, 32, 8):
            twin.train_on_batch(batch.x[start : start + 8], batch.y[start : start + 8])
            project(twin, masks)
    for ours, theirs in zip(held.weights, twin.weights, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def project(model: keras.Model, masks: masking.Masks) -> None:
    for name, kernel in pruning.kernels(model).items():
        kernel.assign(np.where(masks[name], kernel.numpy(), np.float32(0)))


def test_masked_training_is_projected_gradient_descent_in_numpy(batch):
    """Linear regression by momentum, with its gradient written out; no Keras in the reference."""
    rng = np.random.default_rng(1)
    x, y = batch.x, rng.normal(size=(32, 4)).astype("float32")
    W, mask = rng.normal(size=(6, 4)), rng.random((6, 4)) < 0.5
    model = keras.Sequential([keras.Input((6,)), layers.Dense(4, use_bias=False, name="fc")])
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9), "mse")
    model.set_weights([W])
    pruning.attach(model, {"fc/kernel": mask})
    fit(model, (x, y), epochs=5)

    W, velocity = W * mask, np.zeros((6, 4))
    for _ in range(5):
        for start in range(0, 32, 8):
            part, target = x[start : start + 8], y[start : start + 8]
            gradient = 2 * part.T @ (part @ W - target) / target.size
            velocity = 0.9 * velocity - 0.05 * gradient
            W = (W + velocity) * mask
    np.testing.assert_allclose(pruning.weights(model)["fc/kernel"], W, rtol=1e-4, atol=1e-6)


# ----------------------------------------------------------------------------- several devices

MIRRORED = """
import numpy as np
from course_utils.backend import keras, tf
from course_utils import criteria, masking, pruning

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, name="fc")])
    model.compile("adam", "mse")
x, y = np.ones((16, 6)), np.zeros((16, 8))
model.fit(x, y, batch_size=8, verbose=0)
pruning.attach(model, masking.make_masks(criteria.magnitude(pruning.weights(model)), 0.5))
model.fit(x, y, batch_size=8, epochs=2, verbose=0)
copies = strategy.experimental_local_results(pruning.kernels(model)["fc/kernel"].value)
print(len(copies), *(masking.sparsity(copy.numpy()) for copy in copies), pruning.regrown(model))
"""


@pytest.mark.slow
@pytest.mark.full  # in the short run a schedule's masks are held on two devices
def test_the_mask_holds_on_every_device_of_a_mirrored_strategy():
    run = forked.run(MIRRORED)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "2 0.5 0.5 {'fc/kernel': 0}"
