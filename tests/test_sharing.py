"""Weight sharing: what k-means must give, and codebooks that hold through any training."""

import sys

import numpy as np
import pytest
from batches import cut
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from sizes import few

from course_utils import criteria, masking, pruning
from course_utils.backend import keras
from course_utils.extras import clustering, export

FLOATS = st.floats(-3, 3, width=32).map(lambda x: x if abs(x) > 1e-3 else 0.0)
KERNELS = arrays(np.float32, array_shapes(min_dims=1, max_dims=4, max_side=6), elements=FLOATS)


def pruned(model: keras.Model, sparsity: float = 0.5) -> keras.Model:
    """Attach masks by magnitude."""
    scores = criteria.magnitude(pruning.weights(model))
    pruning.attach(model, masking.make_masks(scores, sparsity))
    return model


def different(model: keras.Model) -> dict[str, int]:
    return {name: len(clustering.codebook(W)) for name, W in pruning.weights(model).items()}


# -------------------------------------------------------------------------------------------- share


@given(KERNELS, st.integers(1, 9), st.sampled_from(clustering.STARTS))
def test_few_values_zeros_where_they_were_and_shapes_kept(W, clusters, start):
    before = W.copy()
    shared = clustering.cluster({"W": W}, clusters, start)["W"]
    assert (shared.shape, shared.dtype) == (W.shape, W.dtype)
    assert len(clustering.codebook(shared)) <= clusters
    np.testing.assert_array_equal(shared == 0, W == 0)
    np.testing.assert_array_equal(W, before)


@given(KERNELS, st.integers(1, 9), st.sampled_from(clustering.STARTS))
def test_every_weight_takes_the_nearest_value_and_each_value_is_the_mean_of_its_weights(
    W, clusters, start
):
    """The two conditions of Lloyd's algorithm, which hold wherever it ends."""
    shared, kept = clustering.cluster({"W": W}, clusters, start)["W"], W != 0
    values = clustering.codebook(shared)
    if kept.any():
        distance = np.abs(W[kept][:, None] - values)
        own = np.abs(W[kept] - shared[kept])
        np.testing.assert_allclose(own, distance.min(axis=1), atol=1e-5)
        means = [W[shared == value].mean(dtype="float64") for value in values]
        np.testing.assert_allclose(values, means, atol=1e-5)


def best_error(values: np.ndarray, clusters: int) -> float:
    """The least sum of squares: by dynamic programming, since clusters on a line are intervals."""
    values = np.sort(values).astype("float64")
    n = len(values)

    def spread(i: int, j: int) -> float:
        return float(((values[i:j] - values[i:j].mean()) ** 2).sum())

    least = [spread(0, j) if j else 0.0 for j in range(n + 1)]
    for _ in range(clusters - 1):
        least = [min([least[i] + spread(i, j) for i in range(j)] or [0.0]) for j in range(n + 1)]
    return least[n]


@pytest.mark.parametrize("seed", range(4))
def test_it_is_near_the_best_codebook_there_is_and_never_better(seed):
    W = np.random.default_rng(seed).normal(size=60).astype("float32")
    best = best_error(W, 5)
    for start in clustering.STARTS:
        found = float(((W - clustering.cluster({"W": W}, 5, start)["W"]) ** 2).sum())
        assert best * 0.999 <= found < 2 * best


def test_as_few_values_as_that_already_stay_as_they_are():
    W = np.array([0, 0.5, 0.5, -0.25, 0])
    np.testing.assert_array_equal(clustering.cluster({"W": W}, 2)["W"], W)
    zeros = np.zeros((3, 3), "float32")
    np.testing.assert_array_equal(clustering.cluster({"W": zeros}, 4)["W"], zeros)


def test_every_kernel_may_have_its_own_number_of_values():
    rng = np.random.default_rng(0)
    weights = {"a": rng.normal(size=(9, 9)), "b": rng.normal(size=50)}
    shared = clustering.cluster(weights, {"a": 3, "b": 7})
    assert [len(clustering.codebook(W)) for W in shared.values()] == [3, 7]


def test_a_linear_start_gives_large_weights_values_of_their_own():
    """Deep Compression, section 3.2: the reason for it. Few weights are large."""
    rng = np.random.default_rng(0)
    W = np.append(rng.normal(0, 0.05, 3000), [0.9, 1.0, -1.0]).astype("float32")
    largest = {
        start: np.abs(clustering.cluster({"W": W}, 8, start)["W"]).max() for start in ("linear",)
    }
    assert largest["linear"] > 0.9


def test_random_starts_are_repeatable():
    W = {"W": np.random.default_rng(0).normal(size=300)}
    one, same, other = (clustering.cluster(W, 6, "random", seed=s)["W"] for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"clusters": 0}, "at least 1, not 0"),
        ({"clusters": 2.5}, "whole number"),
        ({"clusters": True}, "whole number"),
        ({"clusters": {"V": 3}}, "missing \\['W'\\], unknown \\['V'\\]"),
        ({"clusters": 3, "start": "forgy"}, "linear, density, random, not 'forgy'"),
        ({"clusters": 3, "seed": -1}, "seed"),
    ],
)
def test_what_cannot_be_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        clustering.cluster({"W": np.linspace(1, 2, 9)}, **arguments)


def test_whole_numbers_and_broken_weights_are_refused():
    with pytest.raises(TypeError, match="floats, not int64"):
        clustering.cluster({"W": np.arange(9)}, 2)
    with pytest.raises(ValueError, match="training diverged"):
        clustering.cluster({"W": np.array([1.0, np.nan])}, 1)


def test_without_scikit_learn_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.cluster", None)
    with pytest.raises(ImportError, match="pip install scikit-learn"):
        clustering.cluster({"W": np.linspace(1, 2, 9)}, 2)


# ---------------------------------------------------------------------------------- held in a model


def shared_model(tiny, optimizer: object = "sgd", step: str = "mean", **settings: object):
    """The tiny network, half pruned, three values a kernel; and what was attached."""
    model = pruned(tiny(optimizer, **settings))
    shared = clustering.cluster(pruning.weights(model), 3)
    clustering.hold_codebooks(model, shared, step=step)
    return model, shared


@pytest.mark.parametrize(
    ("optimizer", "settings"),
    few(
        {
            "sgd": ("sgd", {}),
            "adam": ("adam", {}),
            "two steps at once": ("rmsprop", {"steps_per_execution": 2}),
            "jit": ("adam", {"jit_compile": True}),
            "eager": ("adam", {"run_eagerly": True}),
        },
        "two steps at once",
        "eager",
    ),
)
def test_weights_stay_shared_through_training_and_move(tiny, batch, optimizer, settings):
    model, shared = shared_model(tiny, optimizer, **settings)
    model.fit(cut(*batch), epochs=3, verbose=0, shuffle=False)
    for name, W in pruning.weights(model).items():
        assert len(clustering.codebook(W)) <= 3
        np.testing.assert_array_equal(W == 0, shared[name] == 0)
        assert not np.allclose(W, shared[name], atol=1e-5)
        for value in clustering.codebook(shared[name]):
            assert len(np.unique(W[shared[name] == value])) == 1
    assert not any(pruning.regrown(model).values())


def test_without_masks_zeros_stay_zero_as_well(tiny, batch):
    model = tiny()
    W = pruning.weights(pruned(tiny(), 0.6))
    clustering.hold_codebooks(model, clustering.cluster(W, 4))
    model.fit(cut(*batch, 32), verbose=0, shuffle=False, epochs=2)
    assert masking.sparsity(pruning.weights(model)) == pytest.approx(0.6, abs=0.01)
    assert pruning.held_masks(model) == {}


def gradients_by_value(model, batch, shared) -> dict[str, np.ndarray]:
    """Equation 3: for each value the sum of the gradients of the weights that have it."""
    found = pruning.gradients(model, *batch)
    return {
        name: np.array([found[name][W == value].sum() for value in clustering.codebook(W)])
        for name, W in shared.items()
    }


def test_a_step_of_sgd_with_sums_is_equation_3(tiny, batch):
    model, shared = shared_model(tiny, keras.optimizers.SGD(0.01), "sum")
    gradients = gradients_by_value(model, batch, shared)
    model.fit(cut(*batch, 32), verbose=0, shuffle=False)
    for name, W in pruning.weights(model).items():
        expected = np.sort(clustering.codebook(shared[name]) - 0.01 * gradients[name])
        np.testing.assert_allclose(clustering.codebook(W), expected, rtol=1e-5, atol=1e-7)


def test_momentum_adds_up_as_if_the_values_were_the_variables(tiny, batch):
    """Three steps, against gradient descent with momentum on the values, written out."""
    model, shared = shared_model(tiny, keras.optimizers.SGD(0.02, momentum=0.9), "sum")
    values = {name: clustering.codebook(W).astype("float64") for name, W in shared.items()}
    velocity = dict.fromkeys(values, 0.0)
    other, _ = shared_model(tiny)
    biases = {w.path: w for w in other.weights if "bias" in w.path}
    for _ in range(3):
        now = {n: place(W, clustering.codebook(W), values[n]) for n, W in shared.items()}
        for name, variable in pruning.kernels(other).items():
            variable.assign(now[name])
        for variable in model.weights:
            if "bias" in variable.path:
                biases[variable.path].assign(variable)
        gradients = gradients_by_value(other, batch, now)
        velocity = {n: 0.9 * velocity[n] - 0.02 * gradients[n] for n in values}
        values = {n: values[n] + velocity[n] for n in values}
        model.fit(cut(*batch, 32), verbose=0, shuffle=False)
    for name, W in pruning.weights(model).items():
        np.testing.assert_allclose(
            clustering.codebook(W), np.sort(values[name]), rtol=1e-4, atol=1e-6
        )


def place(shared: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The kernel whose values `before` have become `after`."""
    return np.select([shared == value for value in before], after, 0.0).astype("float32")


def test_a_step_with_means_is_the_nearest_shared_kernel_to_what_the_optimizer_made(tiny, batch):
    """Projection: the mean of each cluster has the least distance to its weights."""
    model, shared = shared_model(tiny, keras.optimizers.Adam(0.05))
    free = pruned(tiny(keras.optimizers.Adam(0.05)))
    for name, variable in pruning.kernels(free).items():
        variable.assign(shared[name])
    for one in (model, free):
        one.fit(cut(*batch, 32), verbose=0, shuffle=False)
    for name, W in pruning.weights(free).items():
        means = [W[shared[name] == value].mean() for value in clustering.codebook(shared[name])]
        shares = clustering.codebook(pruning.weights(model)[name])
        np.testing.assert_allclose(shares, np.sort(means), atol=1e-6)


def test_a_model_that_has_trained_before_is_held_from_the_next_step_on(tiny, batch):
    model = pruned(tiny())
    model.fit(cut(*batch, 32), verbose=0, shuffle=False)
    clustering.hold_codebooks(model, clustering.cluster(pruning.weights(model), 3))
    model.fit(cut(*batch, 32), verbose=0, shuffle=False)
    assert max(different(model).values()) <= 3


def test_what_a_mask_cuts_later_takes_no_part_in_its_value(tiny, batch):
    model, shared = shared_model(tiny, keras.optimizers.SGD(1e-6))
    masks = {name: W > 0 for name, W in shared.items()}  # all negative values go
    pruning.attach(model, masks)
    model.fit(cut(*batch, 32), verbose=0, shuffle=False)
    for name, W in pruning.weights(model).items():
        np.testing.assert_allclose(W, np.where(masks[name], shared[name], 0), atol=1e-4)


def test_masks_may_come_after(tiny, batch):
    model = tiny()
    clustering.hold_codebooks(model, clustering.cluster(pruning.weights(model), 5))
    pruned(model, 0.4)
    model.fit(cut(*batch, 32), verbose=0, shuffle=False, epochs=2)
    assert masking.sparsity(pruning.weights(model)) >= 0.4
    assert max(different(model).values()) <= 5


def test_detach_leaves_codebooks_and_earlier_constraints(tiny, batch):
    model = tiny("adam")
    earlier = keras.constraints.MaxNorm(0.5)
    model.layers[0].kernel.constraint = earlier
    pruned(model)
    clustering.hold_codebooks(model, clustering.cluster(pruning.weights(model), 3))
    model.fit(cut(*batch, 32), verbose=0, shuffle=False)
    assert max(different(model).values()) <= 3
    pruning.detach(model)
    model.fit(cut(*batch, 32), verbose=0, shuffle=False)
    assert max(different(model).values()) <= 3
    assert model.layers[0].kernel.constraint.earlier is earlier


def test_attaching_again_replaces_a_codebook(tiny, batch):
    model, _ = shared_model(tiny)
    clustering.hold_codebooks(model, clustering.cluster(pruning.weights(model), 2))
    model.fit(cut(*batch, 32), verbose=0, shuffle=False)
    assert max(different(model).values()) <= 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda W: {"nobody/kernel": W["output/kernel"]}, "unknown kernels"),
        (lambda W: {"output/kernel": W["output/kernel"][1:]}, "has shape"),
        (lambda W: {"output/kernel": W["output/kernel"] + 1}, "where its mask holds zeros"),
        (lambda W: {}, "empty"),
    ],
)
def test_a_refusal_changes_nothing(tiny, change, words):
    model = pruned(tiny())
    before, held = model.get_weights(), [w.constraint for w in model.weights]
    with pytest.raises(ValueError, match=words):
        clustering.hold_codebooks(model, change(pruning.weights(model)))
    assert [w.constraint for w in model.weights] == held
    assert all(map(np.array_equal, before, model.get_weights()))


def test_steps_averages_and_what_is_not_shared_are_refused(tiny, batch):
    model = tiny()
    shared = clustering.cluster(pruning.weights(model), 2)
    with pytest.raises(ValueError, match="mean, sum, not 'median'"):
        clustering.hold_codebooks(model, shared, step="median")
    with pytest.raises(ValueError, match="use_ema=False"):
        clustering.hold_codebooks(tiny(keras.optimizers.SGD(use_ema=True)), shared)
    clustering.hold_codebooks(model, shared)
    model.compile(keras.optimizers.SGD(use_ema=True), "sparse_categorical_crossentropy")
    before = model.get_weights()
    with pytest.raises(ValueError, match="use_ema=False"):
        model.fit(cut(*batch, 32), verbose=0, shuffle=False)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    wide = keras.Sequential([keras.Input((300,)), keras.layers.Dense(300, name="wide")])
    with pytest.raises(ValueError, match=r"different values, so nothing is shared yet"):
        clustering.hold_codebooks(wide, pruning.weights(wide))


def test_the_file_of_a_shared_model_is_small_plain_and_read_back_to_the_same_outputs(batch):
    keras.utils.set_random_seed(0)
    wide = keras.Sequential([keras.Input((6,)), keras.layers.Dense(2000, use_bias=False)])
    wide.compile("adam", "mse")
    before = len(export.sparse_file(wide))
    clustering.hold_codebooks(wide, clustering.cluster(pruning.weights(wide), 15))
    wide.fit(batch.x, np.ones((32, 2000)), verbose=0)
    data = export.sparse_file(wide)
    assert len(data) < before - 12_000 * 27 / 8  # 4 bits and a table, not 32
    read = export.read_sparse(data)
    np.testing.assert_array_equal(
        read.predict(batch.x, verbose=0), wide.predict(batch.x, verbose=0)
    )
