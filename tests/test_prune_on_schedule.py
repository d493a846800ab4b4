"""Pruning while a model trains: the schedule followed, masks held, under every way to train."""

import itertools

import forked
import numpy as np
import pytest
from batches import cut
from sizes import few, full_run

from course_utils import criteria, masking, measuring, models, pruning, regrowth, schedules
from course_utils.backend import keras, tf
from course_utils.pruning import PruneOnSchedule

layers = keras.layers
RISING = schedules.polynomial(0.75, begin=1, end=7, every=2)


def fit(model: keras.Model, batch, pruner: PruneOnSchedule, **settings: object) -> dict:
    """Train for two epochs of four steps of 8, unless told otherwise."""
    default = {"epochs": 2, "verbose": 0, "shuffle": False, "callbacks": [pruner]}
    return model.fit(cut(*batch), **{**default, **settings}).history


def zeros(model: keras.Model) -> float:
    return masking.sparsity(pruning.weights(model))


class Watch(keras.callbacks.Callback):
    """Write down, after every batch, the zeros that are really in the kernels."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[float] = []

    def on_train_batch_end(self, batch, logs=None) -> None:
        self.seen.append(zeros(self.model))


def asked(schedule: schedules.Schedule, size: int, steps: int) -> list[float]:
    return [round(schedule(step) * size) / size for step in range(steps)]


# ------------------------------------------------------------------------ the schedule is followed

SCHEDULES = {
    "constant": schedules.constant(0.5),
    "one shot": schedules.one_shot(0.5, at=3),
    "polynomial": RISING,
    "exponential": schedules.exponential(0.9, begin=0, end=8),
    "one cycle": schedules.one_cycle(0.9, begin=0, end=8),
    "iterative": schedules.iterative(0.9, begin=2, every=2, rounds=3),
    "a function of one's own": lambda step: 0.1 * step,
}


# The functions themselves are tested with the schedules.
@pytest.mark.parametrize("schedule", few(SCHEDULES, "polynomial", "a function of one's own"))
def test_after_every_step_the_kernels_are_as_sparse_as_was_asked_before_it(tiny, batch, schedule):
    model, pruner, watch = tiny(), PruneOnSchedule(schedule), Watch()
    fit(model, batch, pruner, callbacks=[watch, pruner])  # in whatever order
    assert watch.seen == asked(schedule, 72, 8)
    assert zeros(model) == round(schedule(8) * 72) / 72  # and at the end, the last step's
    assert pruner.sparsity == zeros(model)
    assert not any(pruning.regrown(model).values())


def test_what_is_pruned_stays_pruned_whatever_the_criterion(tiny, batch):
    """Random scores, new at each call: only the masks of before can make them nest."""
    calls = iter(range(100))
    seen = []

    class Look(keras.callbacks.Callback):
        def on_train_batch_end(self, step, logs=None) -> None:
            seen.append(pruning.held_masks(self.model))

    pruner = PruneOnSchedule(lambda t: 0.1 * t, lambda w: criteria.random(w, seed=next(calls)))
    fit(tiny(), batch, pruner, callbacks=[pruner, Look()])
    for earlier, later in itertools.pairwise(seen):
        assert all((later[name] <= earlier[name]).all() for name in later)


def test_masks_change_only_where_the_schedule_does(tiny, batch):
    scored = []

    def criterion(weights):
        scored.append(1)
        return criteria.magnitude(weights)

    pruner = PruneOnSchedule(schedules.iterative(0.8, begin=2, every=3, rounds=2), criterion)
    fit(tiny(), batch, pruner)
    assert len(scored) == 2
    assert list(pruner.history) == [0, 2, 5]


def test_following_a_schedule_compiles_nothing_anew(tiny, batch):
    traces = []

    def loss(y_true, y_pred):
        traces.append(1)
        return keras.losses.sparse_categorical_crossentropy(y_true, y_pred)

    plain, pruned = tiny(), tiny()
    plain.compile("sgd", loss)
    fit(plain, batch, keras.callbacks.Callback())
    once = len(traces)
    pruned.compile("sgd", loss)
    fit(pruned, batch, PruneOnSchedule(RISING))
    assert len(traces) == 2 * once


def test_schedule_zero_trains_as_if_it_were_not_there_to_the_bit(tiny, batch):
    plain, pruned = (tiny(keras.optimizers.SGD(0.1, momentum=0.9)) for _ in range(2))
    fit(plain, batch, keras.callbacks.Callback())
    fit(pruned, batch, PruneOnSchedule(schedules.constant(0.0)))
    assert all(
        (a == b).all() for a, b in zip(plain.get_weights(), pruned.get_weights(), strict=True)
    )


def test_the_sparsity_stands_in_history_in_every_log_and_in_tensorboard(tiny, batch, tmp_path):
    pruner, logged = PruneOnSchedule(RISING), []
    look = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda step, logs: logged.append(logs["sparsity"])
    )
    board = keras.callbacks.TensorBoard(tmp_path, profile_batch=0)
    table = keras.callbacks.CSVLogger(tmp_path / "log.csv")
    history = fit(tiny(), batch, pruner, callbacks=[pruner, look, board, table])
    assert logged == asked(RISING, 72, 8)
    assert history["sparsity"] == [logged[3], logged[7]]
    assert "sparsity" in (tmp_path / "log.csv").read_text().splitlines()[0]
    scalars = [
        (event.step, tf.make_ndarray(value.tensor).item())
        for file in (tmp_path / "train").iterdir()
        for event in tf.compat.v1.train.summary_iterator(str(file))
        for value in event.summary.value
        if value.tag == "epoch_sparsity"
    ]
    assert scalars == [(0, pytest.approx(logged[3])), (1, pytest.approx(logged[7]))]


# Each with each; a short run takes every granularity once, and every scope twice.
PAIRS = [
    pytest.param(granularity, scope, marks=() if i % 3 == j else pytest.mark.full)
    for i, granularity in enumerate(masking.GRANULARITIES)
    for j, scope in enumerate(masking.SCOPES)
]


@pytest.mark.parametrize(("granularity", "scope"), PAIRS)
def test_every_scope_and_granularity(pictures, scope, granularity):
    keras.utils.set_random_seed(0)
    filters, units = keras.layers.Conv2D(8, 3, activation="relu"), keras.layers.Dense(10, "softmax")
    inner = [filters, keras.layers.Flatten(), keras.layers.Dense(16, "relu"), units]
    model = models.compiled(keras.Sequential([keras.Input((10, 10, 1)), *inner]))
    model.run_eagerly = not full_run()
    pruner = PruneOnSchedule(schedules.one_shot(0.5, 1), criteria.lamp, scope, granularity)
    x = pictures.x[:, :10, :10]
    model.fit(x, pictures.y, batch_size=32, verbose=0, callbacks=[pruner])
    masks = pruning.held_masks(model)
    expected = masking.pool({n: m.astype(float) for n, m in masks.items()}, granularity)
    assert all(set(np.unique(share)) <= {0, 1} for share in expected.values())  # none is cut apart
    assert zeros(model) == pytest.approx(0.5, abs=0.03)
    assert not any(pruning.regrown(model).values())


def test_only_chosen_kernels_are_pruned_and_their_share_is_meant(tiny, batch):
    model = tiny()
    fit(model, batch, PruneOnSchedule(schedules.constant(0.75), include="hidden"))
    assert list(pruning.held_masks(model)) == ["hidden/kernel"]
    assert masking.sparsity(pruning.weights(model)["hidden/kernel"]) == 0.75


def test_a_criterion_may_look_at_data(tiny, batch):
    model = tiny("adam")

    def saliency(weights):
        return criteria.taylor(weights, pruning.gradients(model, *batch, reduce="size"))

    watch = Watch()
    fit(
        model,
        batch,
        PruneOnSchedule(RISING, saliency),
        callbacks=[PruneOnSchedule(RISING, saliency), watch],
    )
    assert watch.seen == asked(RISING, 72, 8)


def test_falling_to_zero_lets_every_weight_train_again(tiny, batch):
    """Dense, sparse, dense."""
    model = tiny()
    fit(model, batch, PruneOnSchedule(lambda step: 0.5 if step < 5 else 0.0))
    assert all(mask.all() for mask in pruning.held_masks(model).values())
    assert zeros(model) < 0.3


def test_falling_to_something_else_is_refused_since_nothing_says_what_comes_back(tiny, batch):
    with pytest.raises(ValueError, match=r"falls from 50\.0% to 25\.0% at step 5.*surgery"):
        fit(tiny(), batch, PruneOnSchedule(lambda step: 0.5 if step < 5 else 0.25))


def test_masks_that_are_held_already_are_kept_and_go_on_from_there(tiny, batch):
    model = tiny()
    held = masking.make_masks(criteria.random(pruning.weights(model), 0), 0.5)
    pruning.attach(model, held)
    watch = Watch()
    pruner = PruneOnSchedule(lambda step: 0.1 * step)
    fit(model, batch, pruner, callbacks=[pruner, watch])
    assert watch.seen == [max(share, 0.5) for share in asked(pruner.schedule, 72, 8)]
    assert all((pruning.held_masks(model)[name] <= held[name]).all() for name in held)


def test_masks_that_are_held_already_and_cut_less_than_asked_are_brought_to_what_is(tiny, batch):
    model = tiny()
    model.fit(cut(*batch), verbose=0, shuffle=False)
    pruning.attach(model, masking.make_masks(criteria.magnitude(pruning.weights(model)), 0.25))
    fit(model, batch, PruneOnSchedule(schedules.constant(0.75)))
    assert zeros(model) == 0.75


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"schedule": 0.8}, TypeError, r"schedules\.constant\(0\.8\)"),
        ({"granularity": "filters"}, ValueError, "granularity one of"),
        ({"scope": "local"}, ValueError, "scope must be one of"),
        (
            {"granularity": "filter", "regrow": regrowth.surgery()},
            ValueError,
            "granularity 'weight'",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_when_it_is_written(arguments, error, words):
    with pytest.raises(error, match=words):
        PruneOnSchedule(**{"schedule": RISING, **arguments})


@pytest.mark.parametrize("bad", [-0.1, 1.5, float("nan"), "0.5", None])
def test_a_schedule_that_gives_no_share_is_refused_at_the_first_step(tiny, batch, bad):
    with pytest.raises((TypeError, ValueError), match="schedule's sparsity"):
        fit(tiny(), batch, PruneOnSchedule(lambda step: bad))


def test_a_trained_model_is_not_pruned_at_one_blow_by_a_schedule_that_is_over(tiny, batch):
    """Steps are the optimizer's, as for learning rates: a gradual schedule would be at its end."""
    model = tiny()
    model.fit(cut(*batch), epochs=3, verbose=0, shuffle=False)
    before = model.get_weights()
    with pytest.raises(
        ValueError, match=r"made 12 steps.*compile it anew.*schedule\(max\(step - 12, 0\)\)"
    ):
        fit(model, batch, PruneOnSchedule(RISING))
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    watch = Watch()
    pruner = PruneOnSchedule(lambda step: RISING(max(step - 12, 0)))
    fit(model, batch, pruner, callbacks=[pruner, watch])
    assert watch.seen == asked(RISING, 72, 8)


def test_a_schedule_that_begins_at_this_very_step_prunes_a_trained_model(tiny, batch):
    model = tiny(run_eagerly=True)
    model.fit(cut(*batch), verbose=0, shuffle=False)  # four steps
    fit(model, batch, PruneOnSchedule(schedules.one_shot(0.5, at=4)), epochs=1)
    assert zeros(model) == 0.5


def test_a_constant_schedule_prunes_a_trained_model_at_once(tiny, batch):
    model = tiny()
    model.fit(cut(*batch), verbose=0, shuffle=False)
    fit(model, batch, PruneOnSchedule(schedules.constant(0.75)))
    assert zeros(model) == 0.75


# ------------------------------------------------------------------------- every way to train

OPTIMIZERS = {
    "SGD with momentum and decay": lambda: keras.optimizers.SGD(0.1, 0.9, weight_decay=0.01),
    "Adam": lambda: keras.optimizers.Adam(0.1),
    "AdamW": lambda: keras.optimizers.AdamW(0.1, weight_decay=0.1),
    "Adagrad": lambda: keras.optimizers.Adagrad(0.1),
    "Adadelta": lambda: keras.optimizers.Adadelta(1.0),
    "Adamax": lambda: keras.optimizers.Adamax(0.1),
    "Nadam": lambda: keras.optimizers.Nadam(0.1),
    "Ftrl": lambda: keras.optimizers.Ftrl(0.1),
    "Lion": lambda: keras.optimizers.Lion(0.01, weight_decay=0.1),
    "Lamb": lambda: keras.optimizers.Lamb(0.1),
    "Muon": lambda: keras.optimizers.Muon(0.01),
    "Adafactor": lambda: keras.optimizers.Adafactor(0.1),
    "centred RMSprop": lambda: keras.optimizers.RMSprop(0.1, centered=True, momentum=0.9),
    "an average": lambda: keras.optimizers.Adam(0.1, use_ema=True),
    "an average, often": lambda: keras.optimizers.Adam(
        0.1, use_ema=True, ema_overwrite_frequency=2
    ),
    "a loss scale": lambda: keras.optimizers.LossScaleOptimizer(
        keras.optimizers.Adam(0.1, use_ema=True)
    ),
}


# A short run takes one that keeps moments, and averages, each once more inside another optimizer.
SHORT = ("SGD with momentum and decay", "an average, often", "a loss scale")
WITH_SURGERY = ("Adam", "an average, often")


def optimized() -> list:
    """(optimizer, rule to regrow), each with each."""
    plain = {name: (make, None) for name, make in OPTIMIZERS.items()}
    surgery = {name: (make, regrowth.surgery(every=2)) for name, make in OPTIMIZERS.items()}
    return few(plain, *SHORT) + few(
        {f"{name}, surgery": case for name, case in surgery.items()},
        *(f"{name}, surgery" for name in WITH_SURGERY),
    )


@pytest.mark.parametrize(("optimizer", "regrow"), optimized())
def test_any_optimizer(tiny, batch, optimizer, regrow):
    model, watch = tiny(optimizer(), built=False), Watch()
    pruner = PruneOnSchedule(RISING, regrow=regrow)
    fit(model, batch, pruner, callbacks=[pruner, watch])
    assert watch.seen == asked(RISING, 72, 8)
    assert zeros(model) == 0.75


def test_accumulated_gradients_count_as_the_steps_that_they_make(tiny, batch):
    model, watch = tiny(keras.optimizers.Adam(0.1, gradient_accumulation_steps=2)), Watch()
    pruner = PruneOnSchedule(RISING)
    fit(model, batch, pruner, callbacks=[pruner, watch])
    assert watch.seen == [share for share in asked(RISING, 72, 4) for _ in range(2)]


WAYS = {
    f"{kind}-{settings}": (settings, rule)
    for kind, rule in {"nested": None, "surgery": regrowth.surgery(every=2)}.items()
    for settings in [{"jit_compile": True}, {"jit_compile": False}, {"run_eagerly": True}]
}


@pytest.mark.parametrize(
    ("settings", "regrow"),
    few(WAYS, "nested-{'run_eagerly': True}", "surgery-{'jit_compile': True}"),
)
def test_however_the_step_is_compiled(tiny, batch, settings, regrow):
    model, watch = tiny("adam", **settings), Watch()
    pruner = PruneOnSchedule(RISING, regrow=regrow)
    fit(model, batch, pruner, callbacks=[pruner, watch])
    assert watch.seen == asked(RISING, 72, 8)


def test_several_steps_in_one_execution_are_pruned_for_at_its_start(tiny, batch):
    model, watch = tiny("adam", steps_per_execution=2), Watch()
    pruner = PruneOnSchedule(RISING)
    fit(model, batch, pruner, callbacks=[pruner, watch])
    assert watch.seen == asked(RISING, 72, 8)[::2]
    assert zeros(model) == 0.75


def test_mixed_precision(tiny, batch):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model, watch = tiny("adam"), Watch()
        pruner = PruneOnSchedule(schedules.constant(0.5), regrow=regrowth.surgery(every=2))
        fit(model, batch, pruner, callbacks=[pruner, watch])
    finally:
        keras.config.set_dtype_policy(before)
    assert watch.seen == [0.5] * 8


@pytest.mark.parametrize("traced", [False, True], ids=["train_on_batch", "a loop of one's own"])
def test_without_fit(tiny, batch, traced):
    model = tiny("adam")
    pruner = PruneOnSchedule(RISING)
    pruner.set_model(model)
    loss = keras.losses.SparseCategoricalCrossentropy()

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            value = loss(y, model(x, training=True))
        gradients = tape.gradient(value, model.trainable_variables)
        model.optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

    seen = []
    for number in range(8):
        pruner.update(number)
        part = slice(8 * (number % 4), 8 * (number % 4) + 8)
        (step if traced else model.train_on_batch)(batch.x[part], batch.y[part])
        seen.append(zeros(model))
    assert seen == asked(RISING, 72, 8)


MIRRORED = """
import sys
import numpy as np
from course_utils.backend import keras, tf
from course_utils import masking, pruning, regrowth, schedules

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
rng = np.random.default_rng(0)
x, y = rng.normal(size=(32, 6)), rng.normal(size=(32, 8))
for kind in sys.argv[1:]:
    with strategy.scope():
        model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, name="fc")])
        model.compile(keras.optimizers.Adam(0.1, use_ema=kind == "average"), "mse")
    rule = regrowth.surgery(every=1) if kind == "surgery" else None
    pruner = pruning.PruneOnSchedule(schedules.polynomial(0.75, 0, 8, every=2), regrow=rule)
    model.fit(x, y, batch_size=8, epochs=2, verbose=0, callbacks=[pruner])
    copies = strategy.experimental_local_results(pruning.kernels(model)["fc/kernel"].value)
    same = all((copies[0].numpy() == copy.numpy()).all() for copy in copies)
    shares = [masking.sparsity(copy.numpy()) for copy in copies]
    print(kind, len(copies), same, *shares, pruning.regrown(model))
"""


@pytest.mark.slow
def test_every_device_of_a_mirrored_strategy():
    kinds = ["plain", "average", "surgery"] if full_run() else ["surgery"]
    run = forked.run(MIRRORED, *kinds)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == [f"{k} 2 True 0.75 0.75 {{'fc/kernel': 0}}" for k in kinds]


# ------------------------------------------------------------------------------------- regrowth


class Masks(keras.callbacks.Callback):
    """Keep the masks and kernels of every step."""

    def __init__(self) -> None:
        super().__init__()
        self.masks: list[masking.Masks] = []
        self.weights: list[dict[str, np.ndarray]] = []

    def on_train_batch_end(self, batch, logs=None) -> None:
        self.masks.append(pruning.held_masks(self.model))
        self.weights.append(pruning.weights(self.model))


def moved(masks: list[masking.Masks]) -> list[int]:
    """How many weights of the hidden kernel came back between one step and the next."""
    pairs = itertools.pairwise(masks)
    return [int((b["hidden/kernel"] & ~a["hidden/kernel"]).sum()) for a, b in pairs]


def test_rigl_swaps_the_smallest_for_the_largest_gradients_and_starts_them_at_zero(tiny, batch):
    model, look = tiny(keras.optimizers.SGD(0.1)), Masks()
    given = []

    def gradients():
        given.append((pruning.weights(model), pruning.gradients(model, *batch)))
        return given[-1][1]

    rule = regrowth.rigl(gradients, fraction=0.5, every=3)
    pruner = PruneOnSchedule(schedules.constant(0.5), scope="layer", regrow=rule)
    fit(model, batch, pruner, callbacks=[pruner, look])
    assert len(given) == 2  # before steps 3 and 6
    for (weights, slopes), step in zip(given, (3, 6), strict=True):
        old, new = look.masks[step - 1], look.masks[step]
        expected = regrowth.swap(old, criteria.magnitude(weights), criteria.magnitude(slopes), 0.5)
        assert all((new[name] == expected[name]).all() for name in new)
        grown = new["hidden/kernel"] & ~old["hidden/kernel"]
        assert grown.any()
        first = look.weights[step]["hidden/kernel"][grown]  # from 0, by one step of SGD
        assert np.abs(first).max() < 0.1
    assert [masking.sparsity(mask) for mask in look.masks] == [0.5] * 8


def test_sparse_evolution_moves_masks_until_its_end_at_constant_sparsity(tiny, batch):
    look = Masks()
    rule = regrowth.sparse_evolution(fraction=0.5, every=2, end=6)
    pruner = PruneOnSchedule(schedules.constant(0.75), scope="layer", regrow=rule)
    fit(tiny(), batch, pruner, callbacks=[pruner, look])
    assert [masking.sparsity(mask) for mask in look.masks] == [0.75] * 8
    changes = moved(look.masks)
    assert changes[1] > 0
    assert changes[0] == changes[2] == changes[4] == changes[5] == changes[6] == 0


def test_a_swap_and_a_rise_may_fall_on_the_same_step(tiny, batch):
    look = Masks()
    pruner = PruneOnSchedule(RISING, regrow=regrowth.sparse_evolution(every=2))
    fit(tiny(), batch, pruner, callbacks=[pruner, look])
    assert [masking.sparsity(mask) for mask in look.masks] == asked(RISING, 72, 8)
    # What has come back starts at 0, and stays there while its gradient is 0.
    assert all(
        masking.sparsity(W) >= masking.sparsity(mask)
        for W, mask in zip(look.weights, look.masks, strict=True)
    )


def test_surgery_is_dynamic_network_surgery_in_numpy(batch):
    """Plain SGD on linear regression: masked forward pass, every weight updated, masks by rank."""
    rng = np.random.default_rng(1)
    x, y = batch.x, rng.normal(size=(32, 4)).astype("float32")
    W = rng.normal(size=(6, 4)).astype("float32")
    model = keras.Sequential([keras.Input((6,)), layers.Dense(4, use_bias=False, name="fc")])
    model.compile(keras.optimizers.SGD(0.3), "mse")
    model.set_weights([W])
    look = Masks()
    pruner = PruneOnSchedule(
        schedules.constant(0.5), regrow=regrowth.surgery(every=1, hysteresis=1.1)
    )
    fit(model, (x, y), pruner, epochs=5, callbacks=[pruner, look])

    mask, W = np.ones((6, 4), bool), W.astype(np.float64)
    for step in range(20):
        scores = np.abs(W) * np.where(mask, 1.1, 1) if step else np.abs(W)
        mask = masking.make_masks({"fc": scores}, 0.5)["fc"]
        np.testing.assert_array_equal(look.masks[step]["fc/kernel"], mask)
        part = slice(8 * (step % 4), 8 * (step % 4) + 8)
        error = x[part] @ (W * mask) - y[part]
        W = W - 0.3 * 2 * x[part].T @ error / error.size
        np.testing.assert_allclose(look.weights[step]["fc/kernel"], W * mask, rtol=2e-4, atol=1e-5)
    np.testing.assert_allclose(pruning.remembered(model)["fc/kernel"], W, rtol=2e-4, atol=1e-5)
    back = [(b["fc/kernel"] & ~a["fc/kernel"]).sum() for a, b in itertools.pairwise(look.masks)]
    assert sum(back) > 0, "the test needs weights that come back"


def test_after_its_end_surgery_brings_nothing_back_though_the_schedule_still_rises(tiny, batch):
    look = Masks()
    rule = regrowth.surgery(every=1, end=3, hysteresis=1.0)
    pruner = PruneOnSchedule(lambda step: 0.1 * step, regrow=rule)
    fit(tiny(keras.optimizers.Adam(0.1)), batch, pruner, callbacks=[pruner, look])
    came_back = moved(look.masks)
    assert sum(came_back[:2]) > 0, "the test needs weights that come back"
    assert sum(came_back[2:]) == 0
    assert [masking.sparsity(mask) for mask in look.masks] == asked(pruner.schedule, 72, 8)


def test_a_schedule_may_fall_under_surgery(tiny, batch):
    watch = Watch()
    pruner = PruneOnSchedule(lambda t: 0.75 if t < 4 else 0.25, regrow=regrowth.surgery(every=100))
    fit(tiny("adam"), batch, pruner, callbacks=[pruner, watch])
    assert watch.seen == [0.75] * 4 + [0.25] * 4


def test_nothing_remembered_is_in_the_saved_model(tiny, batch, tmp_path):
    model = tiny("adam")
    fit(model, batch, PruneOnSchedule(schedules.constant(0.5), regrow=regrowth.surgery(every=2)))
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    assert zeros(loaded) == 0.5
    assert [v.shape for v in loaded.variables] == [v.shape for v in model.variables]


# -------------------------------------------------------------- models with optimizers of their own


class Game(keras.Model):
    """Two networks that train with optimizers of their own, as a GAN does in Keras's guides."""

    def __init__(self) -> None:
        super().__init__()
        self.one = keras.Sequential([keras.Input((6,)), layers.Dense(8)], name="one")
        self.two = keras.Sequential([keras.Input((8,)), layers.Dense(2)], name="two")

    def compile(self, **settings: object) -> None:
        super().compile(**settings)
        self.own = [keras.optimizers.Adam(0.01), keras.optimizers.Adam(0.01)]

    def call(self, x):
        return self.two(self.one(x))

    def train_step(self, data):
        for part, optimizer in zip((self.one, self.two), self.own, strict=True):
            with tf.GradientTape() as tape:
                loss = keras.ops.mean(self(data[0]) ** 2)
            variables = part.trainable_variables
            optimizer.apply(tape.gradient(loss, variables), variables)
        return {"loss": loss}


class Stepping(Game):
    """A train step of one's own that does use the model's optimizer."""

    def train_step(self, data):
        with tf.GradientTape() as tape:
            loss = keras.ops.mean(self(data[0]) ** 2)
        variables = self.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        return {"loss": loss}


def game(kind: type = Game, **settings: object) -> keras.Model:
    model = kind()
    model(np.zeros((1, 6), "float32"))
    model.compile(**settings)
    return model


@pytest.mark.parametrize("group", [1, 2])
def test_where_the_models_optimizer_makes_no_step_batches_count(batch, group):
    model, watch, pruner = game(steps_per_execution=group), Watch(), PruneOnSchedule(RISING)
    fit(model, batch, pruner, callbacks=[pruner, watch], epochs=1)
    fit(
        model, batch, pruner, callbacks=[pruner, watch], epochs=1
    )  # goes on, with the same callback
    assert watch.seen == asked(RISING, 64, 8)[::group]
    assert zeros(model) == 0.75
    assert int(model.optimizer.iterations) == 0


def test_a_step_of_ones_own_with_the_models_optimizer_counts_as_ever(batch):
    model, watch, pruner = game(Stepping), Watch(), PruneOnSchedule(RISING)
    fit(model, batch, pruner, callbacks=[pruner, watch], epochs=1)
    fit(model, batch, PruneOnSchedule(RISING), callbacks=[pruner, watch], epochs=1)
    assert watch.seen == asked(RISING, 64, 8)
    again = pruning.Snapshots([0, 3])
    model.compile()
    fit(model, batch, again, epochs=1)
    assert list(again.weights) == [0, 3]  # compiled anew: from 0


def test_snapshots_and_zeros_are_of_counted_steps_too(batch):
    snapshots, zero = pruning.Snapshots([0, 3, 8]), measuring.ZeroCounter([2, 7])
    fit(game(run_eagerly=True), batch, snapshots, callbacks=[snapshots, zero])
    assert list(snapshots.weights) == [0, 3, 8]
    assert list(zero.sparsity) == [2, 7]


# ----------------------------------------------------------------- weights that bring zeros along


def test_zeros_that_came_with_the_weights_are_never_let_go_and_a_warning_says_so(tiny, batch):
    half_way, again, pruner = tiny(), tiny(), PruneOnSchedule(RISING)
    fit(half_way, batch, pruner, epochs=1)
    came = zeros(half_way)
    assert 0 < came < 0.75
    again.set_weights(half_way.get_weights())
    was_zero = {name: W == 0 for name, W in pruning.weights(again).items()}
    watch, pruner = Watch(), PruneOnSchedule(RISING)
    with pytest.warns(UserWarning, match="weights are 0 already.*hidden/kernel.*attach masks"):
        fit(again, batch, pruner, callbacks=[pruner, watch])
    assert watch.seen == [max(share, came) for share in asked(RISING, 72, 8)]
    assert zeros(again) == 0.75
    assert all((W[was_zero[name]] == 0).all() for name, W in pruning.weights(again).items())


@pytest.mark.filterwarnings("error::UserWarning")
def test_an_initializers_zeros_train_where_a_kernel_has_nothing_else_or_masks_of_ones_say_so(
    tiny, batch
):
    model = tiny(run_eagerly=True)
    hidden, output = pruning.kernels(model).values()
    output.assign(np.zeros(output.shape))
    fit(model, batch, PruneOnSchedule(schedules.constant(0.0)), epochs=1)
    assert np.count_nonzero(output.numpy()) == 24
    model = tiny(run_eagerly=True)
    hidden = pruning.kernels(model)["hidden/kernel"]
    hidden.assign(np.eye(*hidden.shape))
    pruning.attach(model, {"hidden/kernel": np.ones(hidden.shape)})
    fit(model, batch, PruneOnSchedule(schedules.constant(0.0)), epochs=1)
    assert np.count_nonzero(hidden.numpy()) > 6


def test_the_logs_of_a_second_model_are_its_own(tiny, batch):
    pruner = PruneOnSchedule(RISING)
    first = fit(tiny(), batch, pruner)["sparsity"]
    history = pruner.history
    assert fit(tiny(), batch, pruner)["sparsity"] == first
    assert pruner.history == history


def test_a_training_that_goes_on_from_what_its_schedule_begins_with_is_no_surprise(
    tiny, batch, recwarn
):
    model = tiny()
    pruning.prune(model, 0.5)
    pruning.detach(model)  # as a file keeps it: zeros, and no masks
    fit(model, batch, PruneOnSchedule(schedules.polynomial(0.75, 0, 8, initial=0.5)))
    assert not [one for one in recwarn if "already" in str(one.message)]


# --------------------------------------------------------------------------- what cannot be meant


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"criterion": "magnitude"}, "criterion must be a function"),
        ({"criterion": None}, "criterion must be a function"),
        ({"criterion": criteria.taylor}, "alone.*lambda w: criteria.taylor"),
        ({"criterion": criteria.gradient}, "alone.*not <function gradient"),
        ({"min_kept": "1"}, "min_kept must be a whole number"),
        ({"regrow": 0.3}, r"regrowth\.surgery\(\)"),
        ({"regrow": regrowth.surgery}, r"regrowth\.surgery\(\)"),
        ({"include": 3}, "include and exclude take"),
        ({"exclude": ["fc", None]}, "include and exclude take"),
        ({"exclude": lambda layer: True}, "include and exclude take"),
        ({"schedule": schedules.constant}, "schedule must be a function"),
        ({"schedule": lambda step, epoch: 0.5}, "schedule must be a function"),
    ],
)
def test_arguments_are_looked_at_before_any_training(arguments, words):
    with pytest.raises((TypeError, ValueError), match=words):
        PruneOnSchedule(**{"schedule": RISING, **arguments})


@pytest.mark.parametrize("criterion", ["magnitude", None, criteria.taylor])
def test_prune_refuses_the_same_criteria(tiny, criterion):
    model = tiny()
    with pytest.raises(TypeError, match="criterion"):
        pruning.prune(model, 0.5, criterion)
    assert pruning.held_masks(model) == {}


@pytest.mark.parametrize("callback", [pruning.Snapshots, measuring.ZeroCounter])
@pytest.mark.parametrize("steps", [3, "3", None])
def test_steps_to_look_at_come_in_a_list(callback, steps):
    with pytest.raises(TypeError, match="steps must be whole numbers in a list"):
        callback(steps)


@pytest.mark.parametrize("last", [False, True])
def test_weights_that_come_back_at_the_end_of_training_are_cut_and_told_of(last):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    start = model.get_weights()
    pruner = pruning.PruneOnSchedule(schedules.one_shot(0.5, at=1))
    back = keras.callbacks.LambdaCallback(on_train_end=lambda logs: model.set_weights(start))
    callbacks = [back, pruner] if last else [pruner, back]
    with pytest.warns(UserWarning, match="20 pruned weights, back by .* are 0 again"):
        history = model.fit(np.ones((8, 4)), np.ones(8), 4, verbose=0, callbacks=callbacks)
    assert not any(pruning.regrown(model).values())
    assert "on_train_end" not in vars(history)


def test_nothing_grows_that_no_step_would_train():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    rule, seen = regrowth.sparse_evolution(0.5, every=2), []
    pruner = pruning.PruneOnSchedule(schedules.constant(0.5), regrow=rule)
    note = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(model.get_weights())
    )
    x, y = np.random.default_rng(0).normal(size=(8, 4)), np.arange(8.0)
    for _ in range(2):  # of two steps each: it is due at their ends only
        model.fit(x, y, 4, verbose=0, callbacks=[pruner, note])
        assert all(map(np.array_equal, model.get_weights(), seen[-1]))
    assert any((a == 0).sum() and ((a == 0) != (b == 0)).any() for a, b in zip(*seen, strict=True))
