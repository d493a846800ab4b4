"""Lottery tickets: what is kept on the way, what rewinding brings back, what is drawn anew."""

import numpy as np
import pytest
from batches import cut
from sizes import few

from course_utils import criteria, masking, models, pruning, regrowth, schedules
from course_utils.backend import build_optimizer, keras

layers = keras.layers


def normed() -> keras.Model:
    """Kernels, biases, and a BatchNorm whose statistics move."""
    keras.utils.set_random_seed(2)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, activation="relu", name="hidden"),
            layers.BatchNormalization(name="bn", momentum=0.5),
            layers.Dense(3, activation="softmax", name="output"),
        ],
        name="normed",
    )
    return compiled(model)


def compiled(model: keras.Model, **settings: object) -> keras.Model:
    """Compile for an optimizer that remembers, built beforehand, which halves the tracing."""
    optimizer = keras.optimizers.SGD(0.05, momentum=0.9)
    model.compile(optimizer, "sparse_categorical_crossentropy", **settings)
    build_optimizer(model)
    return model


def fit(model: keras.Model, batch, epochs: int = 2, *callbacks: object) -> None:
    """Four steps of 8 an epoch."""
    model.fit(cut(*batch), epochs=epochs, verbose=0, shuffle=False, callbacks=callbacks)


def half(model: keras.Model) -> masking.Masks:
    return masking.make_masks(criteria.magnitude(pruning.weights(model)), 0.5)


def state(model: keras.Model) -> list:
    values = [keras.ops.convert_to_numpy(v).tobytes() for v in model.variables]
    return [*values, *(mask.tobytes() for mask in pruning.held_masks(model).values())]


def same(some: list, other: list) -> list[bool]:
    return [np.array_equal(a, b) for a, b in zip(some, other, strict=True)]


# ------------------------------------------------------------------------------------- snapshots


def test_snapshots_keep_the_weights_from_before_each_of_their_steps(batch):
    model, snapshots = normed(), pruning.Snapshots([0, 3, 8])
    start = model.get_weights()
    fit(model, batch, 2, snapshots)
    assert list(snapshots.weights) == [0, 3, 8]
    assert all(same(snapshots.weights[0], start))
    assert all(same(snapshots.weights[8], model.get_weights())), "8 is after the last step"
    other = normed()
    for first in range(0, 24, 8):
        other.train_on_batch(*(part[first : first + 8] for part in batch))
    assert all(same(snapshots.weights[3], other.get_weights()))


def test_a_snapshot_does_not_follow_the_training(batch):
    model, snapshots = normed(), pruning.Snapshots([0])
    start = [W.copy() for W in model.get_weights()]
    fit(model, batch, 3, snapshots)
    assert all(same(snapshots.weights[0], start))


@pytest.mark.parametrize("together", few([2, 4, 3], 3))
def test_steps_that_are_made_in_one_go_are_not_invented(batch, together):
    model = compiled(normed(), steps_per_execution=together)
    snapshots = pruning.Snapshots(range(9))
    fit(model, batch, 2, snapshots)
    seen = {2: [0, 2, 4, 6, 8], 4: [0, 4, 8], 3: [0, 3, 4, 7, 8]}[together]
    assert list(snapshots.weights) == seen
    single = pruning.Snapshots(seen)
    fit(normed(), batch, 2, single)
    for step in seen:
        for W, expected in zip(snapshots.weights[step], single.weights[step], strict=True):
            np.testing.assert_allclose(W, expected, rtol=1e-5, atol=1e-6)


def test_a_second_fit_goes_on_counting(batch):
    model, snapshots = normed(), pruning.Snapshots([0, 5])
    fit(model, batch, 1, snapshots)
    start = snapshots.weights[0]
    assert list(snapshots.weights) == [0]
    fit(model, batch, 1, snapshots)
    assert list(snapshots.weights) == [0, 5]
    assert snapshots.weights[0] is start


def test_what_was_kept_stays_when_a_model_compiled_anew_counts_from_0(batch):
    model, snapshots = normed(), pruning.Snapshots([0])
    fit(model, batch, 1, snapshots)
    start = snapshots.weights[0]
    fit(compiled(model), batch, 1, snapshots)
    assert snapshots.weights[0] is start


def test_snapshots_are_of_one_model_which_has_its_weights(batch):
    """Weights of another model would fit, and be the wrong ones; none would fit only too late."""
    snapshots = pruning.Snapshots([0])
    fit(normed(), batch, 1, snapshots)
    start, other = snapshots.weights[0], normed()
    with pytest.raises(ValueError, match="of another model"):
        fit(other, batch, 1, snapshots)
    assert snapshots.weights[0] is start
    lazy = compiled(keras.Sequential([keras.layers.Dense(3)]))
    with pytest.raises(ValueError, match="no weights yet"):
        fit(lazy, batch, 1, pruning.Snapshots([0]))


def test_snapshots_of_a_pruned_training_are_as_sparse_as_it_was(batch):
    model, snapshots = normed(), pruning.Snapshots([2, 6])
    pruner = pruning.PruneOnSchedule(schedules.one_shot(0.5, at=4))
    fit(model, batch, 2, pruner, snapshots)
    kernels = {step: [W for W in kept if W.ndim == 2] for step, kept in snapshots.weights.items()}
    zeros = {step: sum(int((W == 0).sum()) for W in kept) for step, kept in kernels.items()}
    assert zeros == {2: 0, 6: 36}


@pytest.mark.parametrize("steps", [[1.5], ["3"], [-1], [None], [0, 2.0]])
def test_steps_that_no_optimizer_makes_are_refused(steps):
    with pytest.raises(ValueError, match="each step must be a whole number of at least 0, not"):
        pruning.Snapshots(steps)


def test_steps_may_be_any_whole_numbers_of_numpys(batch):
    model, snapshots = normed(), pruning.Snapshots(np.arange(0, 8, 4))
    fit(model, batch, 2, snapshots)
    assert list(snapshots.weights) == [0, 4]


# ---------------------------------------------------------------------------------------- rewind


def test_rewound_weights_are_the_earlier_ones_under_the_masks_and_all_else_too(batch):
    model, snapshots = normed(), pruning.Snapshots([0, 3])
    fit(model, batch, 3, snapshots)
    masks = half(model)
    for step, earlier in snapshots.weights.items():
        pruning.rewind(model, earlier, masks)
        for variable, W in zip(model.weights, earlier, strict=True):
            name = "/".join(variable.path.split("/")[-2:])
            expected = np.where(masks[name], W, 0) if name in masks else W
            assert variable.numpy().tobytes() == expected.astype(W.dtype).tobytes(), (step, name)


def test_training_after_rewinding_holds_the_masks(batch):
    model, snapshots = normed(), pruning.Snapshots([0])
    fit(model, batch, 2, snapshots)
    masks = half(model)
    pruning.rewind(model, snapshots.weights[0], masks)
    rewound = pruning.weights(model)
    for trains in (model, compiled(model)):
        fit(trains, batch, 1)
        assert not any(pruning.regrown(model).values())
    for name, W in pruning.weights(model).items():
        np.testing.assert_array_equal(W != 0, masks[name] & (W != 0))
        assert (W != rewound[name])[masks[name]].mean() > 0.5


def test_a_ticket_trains_as_a_network_that_had_the_masks_from_the_start(batch):
    model, snapshots = normed(), pruning.Snapshots([0])
    fit(model, batch, 2, snapshots)
    masks = half(model)
    pruning.rewind(model, snapshots.weights[0], masks)
    fit(compiled(model), batch)
    fresh = normed()
    pruning.attach(fresh, masks)
    fit(fresh, batch)
    for W, expected in zip(model.get_weights(), fresh.get_weights(), strict=True):
        np.testing.assert_allclose(W, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("which", few(["inverse", "same", "all"], "inverse"))
def test_nothing_is_left_of_masks_or_hidden_weights_of_the_run_that_is_undone(batch, which):
    """In dynamic network surgery pruned weights train on, out of sight: not into the next run."""
    model, snapshots = normed(), pruning.Snapshots([0])
    pruner = pruning.PruneOnSchedule(schedules.constant(0.5), regrow=regrowth.surgery())
    start = model.get_weights()
    fit(model, batch, 2, pruner, snapshots)
    held = pruning.held_masks(model)
    masks = {
        "inverse": {name: ~mask for name, mask in held.items()},
        "same": held,
        "all": {name: np.ones_like(mask) for name, mask in held.items()},
    }[which]
    pruning.rewind(model, start, masks)
    for name, W in zip(masks, (start[0], start[6]), strict=True):
        np.testing.assert_array_equal(pruning.weights(model)[name], np.where(masks[name], W, 0))
        np.testing.assert_array_equal(pruning.remembered(model)[name], pruning.weights(model)[name])


def test_a_kernel_that_the_masks_do_not_name_keeps_its_own():
    model = normed()
    start = model.get_weights()
    pruning.attach(model, {"hidden/kernel": np.zeros((6, 8))})
    pruning.rewind(model, start, {"output/kernel": np.zeros((8, 3))})
    assert list(pruning.held_masks(model)) == ["hidden/kernel", "output/kernel"]
    assert not any(W.any() for W in pruning.weights(model).values())


def test_masks_may_spread_as_in_attach():
    model = normed()
    start = model.get_weights()
    pruning.rewind(model, start, {"hidden/kernel": np.arange(8)[None] > 3})
    W = pruning.weights(model)["hidden/kernel"]
    assert not W[:, :4].any()
    np.testing.assert_array_equal(W[:, 4:], start[0][:, 4:])


def test_a_norm_that_a_layer_constrains_still_holds_after_rewinding(batch):
    model = keras.Sequential([keras.Input((6,))])
    model.add(layers.Dense(3, name="fc", kernel_constraint=keras.constraints.MaxNorm(0.1)))
    model.compile("sgd", "mse")
    start = model.get_weights()
    pruning.rewind(model, start, {"fc/kernel": np.eye(6, 3)})
    model.fit(batch.x, np.ones((32, 3)), verbose=0)
    W = pruning.weights(model)["fc/kernel"]
    np.testing.assert_array_equal(W != 0, np.eye(6, 3) == 1)
    assert np.linalg.norm(W, axis=0).max() <= 0.1001


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize(
    ("change", "masks", "error", "words"),
    [
        (lambda W: W[:-1], None, ValueError, "take them from this model"),
        (lambda W: W[::-1], None, ValueError, r"shapes \[\(3,\), \(8, 3\)"),
        (lambda W: [], None, ValueError, r"have shapes \[\]"),
        (lambda W: W, {"hiden/kernel": np.ones((6, 8))}, ValueError, "unknown kernels"),
        (lambda W: W, {"hidden/kernel": np.ones((8, 6))}, ValueError, "has shape"),
        (lambda W: W, {"hidden/kernel": np.full((6, 8), 0.5)}, ValueError, "only 0 and 1"),
        (lambda W: W, {}, ValueError, "empty dictionary"),
        (lambda W: W, np.ones((6, 8)), TypeError, "must be a dictionary"),
    ],
)
def test_what_does_not_fit_is_refused_with_nothing_changed(held, change, masks, error, words):
    model = normed()
    earlier = [np.full_like(W, 9) for W in model.get_weights()]
    if held:
        pruning.attach(model, half(model))
    before = state(model)
    with pytest.raises(error, match=words):
        pruning.rewind(model, change(earlier), half(model) if masks is None else masks)
    assert state(model) == before


# --------------------------------------------------------------------------------- reinitialized


def test_new_weights_differ_between_seeds_and_repeat_for_the_same_one():
    model = models.article_cnn(seed=0)
    one, again, other = (pruning.reinitialized(model, seed=s) for s in (1, 1, 2))
    matrices = [W.ndim > 1 for W in one]
    assert all(same(one, again))
    for values in (other, model.get_weights()):
        assert [not equal for equal in same(one, values)] == matrices


def test_the_model_itself_is_left_as_it_is(batch):
    model = normed()
    fit(model, batch)
    before = state(model)
    fresh = pruning.reinitialized(model, seed=0)
    fresh[0][:] = 0
    assert state(model) == before


def test_biases_and_statistics_are_as_in_a_network_that_has_not_been_trained(batch):
    model = normed()
    untrained = model.get_weights()
    fit(model, batch)
    assert not any(same(model.get_weights(), untrained))
    fresh = pruning.reinitialized(model, seed=0)
    names = [variable.path.split("/", 1)[1] for variable in model.weights]
    drawn = [n for n, equal in zip(names, same(fresh, untrained), strict=True) if not equal]
    assert drawn == ["hidden/kernel", "output/kernel"]


def test_each_layer_draws_from_its_own_initializer():
    """100,000 draws each: the sample's deviation is within 1 % of the initializer's."""
    sizes = {"he": keras.initializers.HeNormal(), "tiny": keras.initializers.RandomNormal(0, 1e-3)}
    model = keras.Sequential([keras.Input((400,))])
    for name, how in sizes.items():
        model.add(layers.Dense(400, kernel_initializer=how, bias_initializer="ones", name=name))
    model.set_weights([np.full_like(W, 7) for W in model.get_weights()])
    first, ones, second, _ = pruning.reinitialized(model, seed=3)
    assert first.std() == pytest.approx(np.sqrt(2 / 400), rel=0.01)
    assert second.std() == pytest.approx(1e-3, rel=0.01)
    assert (ones == 1).all()


def test_what_normalization_has_adapted_to_stays(batch):
    scaled = layers.Normalization(name="scaled")
    scaled.adapt(batch.x)
    model = keras.Sequential([keras.Input((6,)), scaled, layers.Dense(3, name="fc")])
    old, fresh = model.get_weights(), pruning.reinitialized(model, seed=0)
    assert same(old, fresh) == [True, True, True, False, True]


def test_a_frozen_layer_stays_with_its_statistics(batch):
    model = normed()
    fit(model, batch)
    model.get_layer("bn").trainable = model.get_layer("hidden").trainable = False
    fresh = pruning.reinitialized(model, seed=0)
    kept = [v.path.split("/")[1] in ("bn", "hidden") for v in model.weights]
    assert sum(kept) == 6
    assert same(model.get_weights(), fresh) == [*([True] * 6), False, False]
    assert np.flatnonzero(kept).tolist() == list(range(6))


def nested() -> keras.Model:
    inner = keras.Sequential(
        [keras.Input((6,)), layers.Dense(6, name="fc"), layers.BatchNormalization()], name="inner"
    )
    image, shared = keras.Input((6,)), layers.Dense(6, name="shared")
    return keras.Model(image, layers.Dense(3, name="out")(shared(inner(shared(image)))))


def recurrent() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((5, 4)),
            layers.Bidirectional(layers.LSTM(3, return_sequences=True), name="two"),
            layers.RNN([layers.GRUCell(3), layers.SimpleRNNCell(2)], name="cells"),
        ]
    )


def attending() -> keras.Model:
    sequence = keras.Input((5, 4))
    attended = layers.MultiHeadAttention(2, 3, name="l")(sequence, sequence)
    return keras.Model(sequence, layers.Dense(2)(attended))


@pytest.mark.parametrize("make", [nested, recurrent, attending])
def test_nested_shared_recurrent_and_attending_layers_are_drawn_anew(make):
    model = make()
    old, fresh = model.get_weights(), pruning.reinitialized(model, seed=4)
    for variable, equal in zip(model.weights, same(old, fresh), strict=True):
        assert equal != variable.name.endswith("kernel"), variable.path


def test_the_control_of_a_ticket_is_one_line(batch):
    model = normed()
    fit(model, batch)
    masks = half(model)
    pruning.rewind(model, pruning.reinitialized(model, seed=1), masks)
    assert masking.sparsity(pruning.weights(model)) == 0.5
    fit(compiled(model), batch)
    assert not any(pruning.regrown(model).values())


def test_a_held_model_can_be_drawn_anew_and_new_weights_are_dense():
    model = normed()
    pruning.attach(model, half(model))
    fresh = pruning.reinitialized(model, seed=0)
    assert all(W.all() for W in fresh if W.ndim == 2)
    assert masking.sparsity(pruning.weights(model)) == 0.5


class Written(keras.Model):
    """A model of a class that Keras cannot make a second one of."""

    def __init__(self, layer: keras.Layer) -> None:
        super().__init__(name="written")
        self.layer = layer

    def call(self, x):
        return self.layer(x)


def test_a_model_that_cannot_be_cloned_is_refused_in_words():
    model = Written(layers.Dense(3))
    model(np.ones((1, 4), "float32"))
    with pytest.raises(ValueError, match=r"'written' cannot be cloned.*take its get_weights"):
        pruning.reinitialized(model, seed=0)


def seeded(*seeds: int | None) -> keras.Model:
    model = keras.Sequential([keras.Input((4,))])
    for number, seed in enumerate(seeds):
        how = keras.initializers.HeNormal(seed=seed)
        model.add(layers.Dense(4, kernel_initializer=how, name=f"fc{number}"))
    return model


@pytest.mark.parametrize("seeds", [(1,), (1, 2), (None, 2)])
def test_initializers_of_fixed_seeds_are_refused_by_name(seeds):
    fixed = len(seeds) - 1
    with pytest.raises(ValueError, match=rf"fc{fixed}/kernel'\] draw the same every time"):
        pruning.reinitialized(seeded(*seeds), seed=0)


def test_a_fixed_seed_of_a_frozen_layer_does_not_matter():
    model = seeded(1, None)
    model.get_layer("fc0").trainable = False
    assert same(pruning.reinitialized(model, seed=0), model.get_weights()) == [
        *(True, True),
        *(False, True),
    ]


@pytest.mark.parametrize("seed", [-1, 1.5, None, True, "0"])
def test_a_seed_that_cannot_be_repeated_is_refused(seed):
    with pytest.raises(ValueError, match="seed must be a whole number"):
        pruning.reinitialized(seeded(None), seed)
