"""What criteria look at, each checked against an independent computation.

Gradients against finite differences and a plain tape, curvature against the exact Hessian, norms
of inputs against NumPy; and what the criteria predict, against the true change of the loss when
each single weight is set to zero.
"""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from sizes import few, full_run

from course_utils import criteria, pruning, regrowth, schedules
from course_utils.backend import build_optimizer, keras, tf
from course_utils.pruning.hooks import watched

layers = keras.layers


@pytest.fixture(autouse=True, scope="module")
def in_double() -> Iterator[None]:
    """Compute in float64 throughout, losses as well: Keras takes their type from the process."""
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")


def stack(shape: tuple, *parts: keras.Layer, loss: str = "mse", **options: object) -> keras.Model:
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input(shape, **options), *parts])
    model.compile("adam", loss)
    return model


def data(count: int, inputs: tuple = (4,), outputs: tuple = (3,)) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    return rng.normal(size=(count, *inputs)), rng.normal(size=(count, *outputs))


def double(**regular: object) -> keras.Model:
    """A network of two layers that computes in float64, smooth, with BatchNorm between."""
    return stack(
        (4,),
        layers.Dense(5, activation="tanh", name="a", **regular),
        layers.BatchNormalization(name="bn"),
        layers.Dense(3, name="b"),
    )


def compiled_loss(model: keras.Model, x: np.ndarray, y: np.ndarray) -> Callable[[], float]:
    """A function that computes the loss of the weights as they are: traced once, fast."""
    x, y = tf.constant(x), tf.constant(y)

    @tf.function
    def loss() -> tf.Tensor:
        return model.compute_loss(x, y, model(x, training=False), training=False)

    return lambda: float(loss())


def differences(model: keras.Model, x: np.ndarray, y: np.ndarray, step: float = 1e-5) -> dict:
    """Central differences of the loss, weight by weight."""
    loss = compiled_loss(model, x, y)
    return {name: each(variable, loss, step) for name, variable in pruning.kernels(model).items()}


def each(variable: keras.Variable, measure, step: float) -> np.ndarray:
    W, found = variable.numpy(), np.zeros(variable.shape)
    for index in np.ndindex(*W.shape):
        sides = []
        for sign in (1, -1):
            moved = W.copy()
            moved[index] += sign * step
            variable.assign(moved)
            sides.append(measure())
        found[index] = (sides[0] - sides[1]) / (2 * step)
    variable.assign(W)
    return found


def on_tape(model: keras.Model, x: object, y: object) -> dict[str, np.ndarray]:
    """Gradients in one go, as one writes them by hand."""
    kernels = pruning.kernels(model)
    with tf.GradientTape() as tape:
        tape.watch([v.value for v in kernels.values()])
        loss = model.compute_loss(x, y, model(x, training=False), training=False)
    found = tape.gradient(loss, [v.value for v in kernels.values()])
    return {name: g.numpy() for name, g in zip(kernels, found, strict=True)}


def close(found: dict, expected: dict, **tolerance: float) -> None:
    assert list(found) == list(expected)
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], err_msg=name, **tolerance)


# ------------------------------------------------------------------------------------- gradients


@pytest.mark.parametrize("regular", few([None, "l2", "l1"], "l2"))
def test_gradients_are_those_of_central_differences(regular):
    model, (x, y) = double(kernel_regularizer=regular), data(20)
    close(pruning.gradients(model, x, y), differences(model, x, y), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("count", few([1, 256, 300, 3000], 300, 3000))
def test_gradients_do_not_depend_on_how_the_examples_are_split(count):
    """3,000 examples are twelve batches, which are compiled, the last one smaller."""
    model, (x, y) = double(kernel_regularizer="l2"), data(count)
    close(pruning.gradients(model, x, y), on_tape(model, x, y), rtol=1e-10, atol=1e-14)


# 7 single examples are measured one by one, 23 in a step that is compiled.
SINGLE = {
    f"{of} of {count}": (of, form, count)
    for of, form in [("size", np.abs), ("square", np.square)]
    for count in (7, 23)
}


@pytest.mark.parametrize(("of", "form", "count"), few(SINGLE, "size of 7", "square of 23"))
def test_sizes_and_squares_are_means_over_single_examples(of, form, count):
    model, (x, y) = double(kernel_regularizer="l2"), data(count)
    single = [on_tape(model, x[i : i + 1], y[i : i + 1]) for i in range(count)]
    expected = {name: np.mean([form(g[name]) for g in single], axis=0) for name in single[0]}
    close(pruning.gradients(model, x, y, reduce=of), expected, rtol=1e-10)


def test_activity_penalties_count_once_however_many_batches_there_are():
    model = stack((4,), layers.Dense(3, activity_regularizer="l2", name="a"))
    x, y = data(600)
    close(pruning.gradients(model, x, y), on_tape(model, x, y), rtol=1e-4, atol=1e-6)


def test_frozen_layers_have_gradients():
    model, (x, y) = double(), data(20)
    free = pruning.gradients(model, x, y)
    model.get_layer("a").trainable = False
    close(pruning.gradients(model, x, y), free)


def test_pruned_weights_have_gradients():
    model, (x, y) = double(), data(20)
    pruning.attach(model, {"a/kernel": np.zeros((4, 5))})
    found = pruning.gradients(model, x, y)
    close(found, differences(model, x, y), rtol=1e-6, atol=1e-8)
    assert (found["a/kernel"] != 0).all()


@pytest.mark.parametrize("of", ["mean", "square"])
def test_gradients_of_embeddings_are_whole_arrays(of):
    model = stack((5,), layers.Embedding(7, 3, name="e"), layers.Flatten(), layers.Dense(2))
    words, y = np.array([[0, 1, 1, 2, 5]] * 3), np.ones((3, 2))
    g = pruning.gradients(model, words, y, reduce=of, include="e")["e/embeddings"]
    assert g.shape == (7, 3)
    assert (g != 0).any(axis=1).tolist() == [True, True, True, False, False, True, False]


def test_measuring_changes_nothing():
    model = stack(
        (4,),
        layers.Dense(5, name="a"),
        layers.BatchNormalization(),
        layers.Dropout(0.5),
        layers.Dense(3),
    )
    x, y = data(64)
    model.run_eagerly = True
    model.fit(x, y, verbose=0)
    state = [*model.variables, *model.optimizer.variables, *model.metrics_variables]
    before = [v.numpy().tobytes() for v in state]
    pruning.gradients(model, x, y)
    pruning.gradients(model, x[:12], y[:12], reduce="size")
    pruning.curvature(model, x, y, samples=2)
    pruning.input_norms(model, x)
    assert [v.numpy().tobytes() for v in state] == before


def test_dropout_is_off():
    model = stack((4,), layers.Dropout(0.9), layers.Dense(3, name="a"))
    x, y = data(20)
    close(pruning.gradients(model, x, y), on_tape(model, x, y), rtol=1e-5)
    close(pruning.gradients(model, x, y), pruning.gradients(model, x, y), rtol=0)


def many(form: str) -> tuple[keras.Model, object, object]:
    """A model of two inputs and two outputs, in lists or dictionaries, with its data."""
    left, right = keras.Input((4,), name="left"), keras.Input((2,), name="right")
    both = layers.Concatenate()([left, right])
    out = [layers.Dense(3, name="one")(both), layers.Dense(1, name="two")(both)]
    x, y = data(300)
    parts, targets = [x, x[:, :2]], [y, y[:, :1]]
    if form == "list":
        model = keras.Model([left, right], out)
        model.compile("sgd", ["mse", "mae"], metrics=["mae", "mse"])
        return model, parts, targets
    model = keras.Model({"left": left, "right": right}, {"one": out[0], "two": out[1]})
    model.compile("sgd", {"one": "mse", "two": "mae"})
    inputs = dict(zip(("left", "right"), parts, strict=True))
    return model, inputs, dict(zip(("one", "two"), targets, strict=True))


@pytest.mark.parametrize("form", ["list", "dict"])
def test_models_of_several_inputs_and_outputs(form):
    model, x, y = many(form)
    close(pruning.gradients(model, x, y), on_tape(model, x, y), rtol=1e-4, atol=1e-6)
    some = [keras.tree.map_structure(lambda array: array[:4], data) for data in (x, y)]
    assert all((g >= 0).all() for g in pruning.gradients(model, *some, reduce="square").values())
    assert set(pruning.curvature(model, x, y, samples=1)) == {"one/kernel", "two/kernel"}
    assert pruning.input_norms(model, x)["one/kernel"].shape == (6, 1)
    assert set(pruning.fresh_gradients(model, x, y, examples=8)()) == {"one/kernel", "two/kernel"}


@pytest.mark.parametrize("form", few(["list", "dict"], "list"))
def test_the_losses_of_single_outputs_that_fit_reports_are_not_touched(form):
    """Keras adds to them whenever the loss is computed, in the middle of an epoch as well."""
    model, x, y = many(form)
    pruning.gradients(model, x, y)
    before = [v.numpy() for v in model.metrics_variables]
    assert not any(np.any(value) for value in before), "nothing has been trained yet"
    model.fit(x, y, verbose=0)
    after = [v.numpy() for v in model.metrics_variables]
    pruning.gradients(model, x, y)
    pruning.curvature(model, x, y, samples=1)
    for variable, value in zip(model.metrics_variables, after, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


@pytest.mark.parametrize("policy", ["float16", "bfloat16", "mixed_float16", "float64"])
def test_gradients_and_curvature_have_the_type_of_the_weights_that_weights_gives(policy):
    model = stack((4,), layers.Dense(3, name="a", dtype=policy))
    x, y = data(8)
    kind = pruning.weights(model)["a/kernel"].dtype
    assert pruning.gradients(model, x, y)["a/kernel"].dtype == kind
    assert pruning.curvature(model, x, y, samples=1)["a/kernel"].dtype == kind


@pytest.mark.parametrize("measure", [pruning.gradients, pruning.curvature])
def test_what_cannot_be_measured_is_refused(measure):
    model, (x, y) = double(), data(8)
    with pytest.raises(ValueError, match="at least one"):
        measure(model, x[:0], y[:0])
    with pytest.raises(ValueError, match="matches no weight"):
        measure(model, x, y, include="nothing")
    plain = keras.Sequential([keras.Input((4,)), layers.Dense(3)], name="plain")
    with pytest.raises(ValueError, match="'plain' is not compiled, so it has no loss"):
        measure(plain, x, y)


class Trained(keras.Model):
    """A model whose train step keeps its loss to itself; what Keras knows are penalties."""

    def train_step(self, batch):
        return {}


def test_gradients_of_a_loss_that_is_not_known_are_not_those_of_the_penalties_alone():
    (x, y), made = data(8), layers.Dense(3, kernel_regularizer="l2", name="out")
    model = Trained(inputs := keras.Input((4,)), made(inputs))
    model.compile("adam")
    with pytest.raises(ValueError, match="has a train step of its own and no compiled loss"):
        pruning.gradients(model, x, y)
    model.compile("adam", "mse")
    found = pruning.gradients(model, x, y)["out/kernel"]
    expected = 2 * x.T @ (np.asarray(model(x)) - y) / y.size + 2 * 0.01 * made.kernel.numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_wrong_settings_are_refused():
    model, (x, y) = double(), data(8)
    with pytest.raises(ValueError, match=r"reduce must be one of \['mean', 'size', 'square'\]"):
        pruning.gradients(model, x, y, reduce="median")
    with pytest.raises(ValueError, match="samples must be a whole number of at least 1, not 0"):
        pruning.curvature(model, x, y, samples=0)
    with pytest.raises(ValueError, match="seed must be a whole number"):
        pruning.curvature(model, x, y, seed=-1)


# ------------------------------------------------------------------------------------- curvature


def hessian(model: keras.Model, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """All of it, for the kernels' weights in a row: the differences of the gradient."""

    def slope() -> np.ndarray:
        return np.concatenate([g.ravel() for g in on_tape(model, x, y).values()])

    rows = []
    for variable in pruning.kernels(model).values():
        W = variable.numpy()
        for index in np.ndindex(*W.shape):
            sides = []
            for step in (1e-5, -1e-5):
                moved = W.copy()
                moved[index] += step
                variable.assign(moved)
                sides.append(slope())
            rows.append((sides[0] - sides[1]) / 2e-5)
        variable.assign(W)
    return np.array(rows)


def exact_diagonal(model: keras.Model, x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """The Hessian's diagonal, in the form of the kernels."""
    left, found = np.diag(hessian(model, x, y)), {}
    for name, variable in pruning.kernels(model).items():
        size = np.prod(variable.shape)
        found[name], left = left[:size].reshape(variable.shape), left[size:]
    return found


def test_curvature_of_a_linear_model_is_exact_where_inputs_do_not_meet():
    """With one input at a time the Hessian is diagonal, and signs cancel: no noise at all."""
    model = stack((4,), layers.Dense(3, name="a"))
    x = np.tile(np.diag([1.0, 2.0, 3.0, 0.0]), (75, 1))
    expected = np.repeat(2 / 3 * np.mean(x**2, axis=0)[:, None], 3, axis=1)  # of the mean square
    found = pruning.curvature(model, x, np.ones((300, 3)), samples=1)["a/kernel"]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_curvature_is_the_hessians_diagonal_in_the_mean():
    """Within what chance leaves, which the other entries of each row of the Hessian say exactly.

    v_i Hv_i is h_ii and a sum of ±h_ij with signs that are independent. So by Hoeffding's
    inequality its mean over n draws is further off than t · √(Σ h_ij² / n) with a chance below
    2 exp(-t²/2): here one in a million for all entries together. The weights have their own seed.
    """
    model, (x, y), samples = double(), data(40), 200
    rng = np.random.default_rng(7)
    for variable in pruning.kernels(model).values():
        variable.assign(rng.normal(0, 0.5, variable.shape))
    H = hessian(model, x, y)
    draws = pruning.curvature(model, x, y, samples=samples)
    found = np.concatenate([part.ravel() for part in draws.values()])
    deviation = np.sqrt(((H - np.diag(np.diag(H))) ** 2).sum(axis=1) / samples)
    t = np.sqrt(2 * np.log(2 * len(H) * 1e6))
    error = np.abs(found - np.diag(H))
    assert (error <= t * deviation + 1e-7).all()
    assert np.linalg.norm(deviation) < np.linalg.norm(np.diag(H)) / 4  # narrow enough to tell


@pytest.mark.full  # how noisy draws may be is asked above, too
def test_more_samples_are_less_noisy():
    model, (x, y) = double(), data(40)
    exact = exact_diagonal(model, x, y)["a/kernel"]
    count, many = 8, 16

    def error(samples: int) -> float:
        runs = [pruning.curvature(model, x, y, samples=samples, seed=s) for s in range(count)]
        return float(np.mean([(run["a/kernel"] - exact) ** 2 for run in runs]))

    assert error(many) < error(1) / 3  # 1/many in the mean


def test_curvature_repeats_for_the_same_seed_only():
    model, (x, y) = double(), data(40)
    first, again, other = (pruning.curvature(model, x, y, samples=2, seed=s) for s in (1, 1, 2))
    close(first, again, rtol=0)
    assert (first["a/kernel"] != other["a/kernel"]).any()


def test_curvature_draws_signs_anew_for_every_batch_that_is_compiled():
    """12 batches of 256 run as one compiled step: equal signs in all would not average out."""
    model, (x, y) = double(), data(3000)
    exact = exact_diagonal(model, x, y)["b/kernel"]
    one = pruning.curvature(model, x[:256], y[:256], samples=1)["b/kernel"]
    all_ = pruning.curvature(model, x, y, samples=1)["b/kernel"]
    assert np.abs(all_ - exact).mean() < np.abs(one - exact).mean()


def test_penalties_curve_the_loss():
    x, y = data(40)
    plain, regular = (
        pruning.curvature(double(kernel_regularizer=form), x, y, samples=3)["a/kernel"]
        for form in (None, keras.regularizers.L2(0.5))
    )
    np.testing.assert_allclose(regular - plain, 1.0, rtol=1e-6)


RECURRENT = {layer.__name__: layer for layer in (layers.LSTM, layers.GRU, layers.SimpleRNN)}


@pytest.mark.parametrize("layer", few(RECURRENT, "SimpleRNN"))
def test_curvature_goes_through_recurrent_layers(layer):
    model = stack((2, 4), layer(1, name="r"), layers.Dense(2, name="d"))
    x, y = data(10, (2, 4), (2,))
    runs = pruning.curvature(model, x, y, samples=20, include="r/recurrent_kernel")
    exact = exact_diagonal(model, x, y)["r/recurrent_kernel"]
    found = runs["r/recurrent_kernel"]
    if exact.size == 1:  # nothing beside the diagonal
        np.testing.assert_allclose(found, exact, rtol=1e-5)
    else:
        assert np.corrcoef(found.ravel(), exact.ravel())[0, 1] > 0.8


# ----------------------------------------------------------------------------- norms of the inputs


def norm(array: np.ndarray, axes: tuple) -> np.ndarray:
    return np.sqrt((np.asarray(array, np.float64) ** 2).sum(axis=axes))


# the shape of one input, the layer, the shape of the norms, and the axes that they sum over
CASES = {
    "Dense": ((4,), layers.Dense, (3,), {}, (4, 1), (0,)),
    "Dense on a sequence": ((5, 4), layers.Dense, (3,), {}, (4, 1), (0, 1)),
    "EinsumDense": (
        *((5, 4), layers.EinsumDense, ("abc,cde->abde", (5, 2, 3)), {}),
        *((4, 1, 1), (0, 1)),
    ),
    "EinsumDense over two": (
        *((5, 2, 3), layers.EinsumDense, ("abcd,cde->abe", (5, 4)), {}),
        *((2, 3, 1), (0, 1)),
    ),
    "Conv1D": ((9, 2), layers.Conv1D, (4, 3), {}, (1, 2, 1), (0, 1)),
    "Conv2D": ((6, 6, 3), layers.Conv2D, (4, 3), {"strides": 2}, (1, 1, 3, 1), (0, 1, 2)),
    "Conv2DTranspose": ((3, 3, 2), layers.Conv2DTranspose, (4, 3), {}, (1, 1, 1, 2), (0, 1, 2)),
    "DepthwiseConv2D": (
        *((6, 6, 3), layers.DepthwiseConv2D, (3,), {"depth_multiplier": 2}),
        *((1, 1, 3, 1), (0, 1, 2)),
    ),
    "DepthwiseConv1D": ((6, 3), layers.DepthwiseConv1D, (3,), {}, (1, 3, 1), (0, 1)),
    "Conv3D": ((3, 3, 3, 2), layers.Conv3D, (2, 2), {}, (1, 1, 1, 2, 1), (0, 1, 2, 3)),
}


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("count", [3, 300])
def test_norms_are_those_of_all_inputs_at_all_positions(kind, count):
    shape, make, sizes, options, expected, axes = CASES[kind]
    layer = make(*sizes, name="l", **options)
    model, x = stack(shape, layer), data(count, shape)[0]
    found = pruning.input_norms(model, x)["l/kernel"]
    assert found.shape == expected
    np.testing.assert_allclose(found, norm(x, axes).reshape(expected), rtol=1e-5)
    weights = {"l/kernel": pruning.weights(model)["l/kernel"]}
    assert criteria.wanda(weights, {"l/kernel": found})["l/kernel"].shape == layer.kernel.shape


def test_a_grouped_convolution_sums_over_the_groups_that_share_an_input_axis():
    model = stack((6, 6, 4), layers.Conv2D(6, 3, groups=2, name="l"))
    x = data(5, (6, 6, 4))[0]
    found = pruning.input_norms(model, x)["l/kernel"]
    squares = norm(x, (0, 1, 2)) ** 2
    expected = np.sqrt([squares[0] + squares[2], squares[1] + squares[3]])
    np.testing.assert_allclose(found, expected.reshape(1, 1, 2, 1), rtol=1e-5)


def test_channels_first_is_read_along_its_channels():
    layer = layers.Conv2D(4, 3, data_format="channels_first", name="l")
    model, x = stack((3, 6, 6), layer), data(4, (3, 6, 6))[0]
    try:
        found = pruning.input_norms(model, x)["l/kernel"]
    except Exception as error:  # not every processor can
        pytest.skip(f"no convolution of this format here: {type(error).__name__}")
    np.testing.assert_allclose(found.ravel(), norm(x, (0, 2, 3)), rtol=1e-5)


def test_a_shared_layer_sees_the_inputs_of_all_its_uses():
    shared, image = layers.Dense(4, name="shared"), keras.Input((4,))
    middle = shared(image)
    model = keras.Model(image, shared(middle))
    x = data(5)[0]
    between = keras.Model(image, middle)(x).numpy()
    expected = np.sqrt(norm(x, (0,)) ** 2 + norm(between, (0,)) ** 2)
    np.testing.assert_allclose(
        pruning.input_norms(model, x)["shared/kernel"].ravel(), expected, rtol=1e-5
    )


def test_norms_reach_into_nested_models_and_layers_of_layers():
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4, activation="relu", name="fc")])
    inner.name = "inner"
    wrapped = layers.TimeDistributed(layers.Dense(3, name="each"), name="wrapped")
    image = keras.Input((2, 4))
    flat = layers.Reshape((8,))(wrapped(image)[..., :1] * image)
    model = keras.Model(image, inner(layers.Dense(4, name="first")(flat)))
    x = data(6, (2, 4))[0]
    found = pruning.input_norms(model, x)
    np.testing.assert_allclose(found["wrapped/each/kernel"].ravel(), norm(x, (0, 1)), rtol=1e-5)
    into = keras.Model(image, model.get_layer("first").output)(x).numpy()
    np.testing.assert_allclose(found["inner/fc/kernel"].ravel(), norm(into, (0,)), rtol=1e-5)


def test_the_projections_of_attention_have_norms():
    sequence = keras.Input((5, 4))
    layer = layers.MultiHeadAttention(2, 3, name="l")
    model = keras.Model(sequence, layer(sequence, sequence))
    x = data(6, (5, 4))[0]
    found = pruning.input_norms(model, x)
    for part in ("query", "key", "value"):
        np.testing.assert_allclose(found[f"l/{part}/kernel"].ravel(), norm(x, (0, 1)), rtol=1e-5)
    assert found["l/attention_output/kernel"].shape == (2, 3, 1)


class Spare(keras.Model):
    """A model with a layer that is built and never called."""

    def __init__(self) -> None:
        super().__init__()
        self.used, self.spare = layers.Dense(4, name="used"), layers.Dense(4, name="spare")

    def build(self, shape: tuple) -> None:
        self.used.build(shape)
        self.spare.build(shape)

    def call(self, x):
        return self.used(x)


def test_a_layer_that_is_never_called_has_inputs_of_norm_0():
    model = Spare()
    model.build((None, 4))
    x = data(5)[0]
    found = pruning.input_norms(model, x)
    np.testing.assert_array_equal(found["spare/kernel"], np.zeros((4, 1)))
    scores = criteria.wanda(pruning.weights(model), found)
    assert not scores["spare/kernel"].any()
    assert scores["used/kernel"].all()


@pytest.mark.parametrize(
    ("shape", "make", "names"),
    [
        ((5, 4), lambda: layers.LSTM(3, name="l"), "l/kernel"),
        ((5, 4), lambda: layers.Bidirectional(layers.GRU(3), name="l"), "l/forward_gru.*/kernel"),
        ((6, 6, 2), lambda: layers.SeparableConv2D(4, 3, name="l"), "l/pointwise_kernel"),
        ((5, 4), lambda: layers.EinsumDense("abc,bcd->abd", (5, 3), name="l"), "l/kernel"),
        ((5, 4), lambda: layers.EinsumDense("abc,bd->adc", (3, 4), name="l"), "l/kernel"),
    ],
)
def test_kernels_whose_inputs_arise_inside_a_layer_are_refused_in_words(shape, make, names):
    model = stack(shape, make())
    with pytest.raises(ValueError, match=f"the inputs of {names} are not known.*exclude="):
        pruning.input_norms(model, data(3, shape)[0])


def test_embeddings_have_no_inputs_that_could_be_measured():
    model = stack((5,), layers.Embedding(7, 3, name="e"), layers.Flatten(), layers.Dense(2))
    with pytest.raises(ValueError, match="inputs of e/embeddings are not known"):
        pruning.input_norms(model, np.zeros((2, 5)), include="*")


def test_the_depthwise_half_of_a_separable_convolution_reads_the_input():
    model = stack((6, 6, 2), layers.SeparableConv2D(4, 3, name="l"))
    x = data(3, (6, 6, 2))[0]
    found = pruning.input_norms(model, x, exclude="l/pointwise_kernel")
    np.testing.assert_allclose(found["l/depthwise_kernel"].ravel(), norm(x, (0, 1, 2)), rtol=1e-5)


# --------------------------------------------------------------------------------- fresh gradients


def test_fresh_gradients_are_those_of_some_examples_and_others_at_every_call():
    model, (x, y) = double(), data(50)
    draw, again = (pruning.fresh_gradients(model, x, y, examples=5, seed=1) for _ in range(2))
    first, second = draw(), draw()
    assert (first["a/kernel"] != second["a/kernel"]).any()
    close(again(), first, rtol=0)
    whole = pruning.fresh_gradients(model, x, y, examples=1000)()
    close(whole, pruning.gradients(model, x, y), rtol=1e-10)


def test_fresh_gradients_are_of_the_weights_as_they_are_and_of_the_kernels_that_are_chosen():
    model, (x, y) = double(), data(50)
    draw = pruning.fresh_gradients(model, x, y, exclude="a")
    first = draw()
    assert list(first) == ["b/kernel"]
    model.get_layer("b").kernel.assign(np.zeros((5, 3)))
    assert (draw()["b/kernel"] != first["b/kernel"]).any()


def test_rigl_regrows_what_is_pruned_on_request():
    model = stack((5,), layers.Embedding(7, 3, name="e"), layers.Flatten(), layers.Dense(2))
    words, y = np.random.default_rng(0).integers(0, 7, (64, 5)), np.ones((64, 2))
    draw = pruning.fresh_gradients(model, words, y, examples=16, include="e")
    pruner = pruning.PruneOnSchedule(
        schedules.constant(0.5), regrow=regrowth.rigl(draw, every=2), include="e"
    )
    model.fit(words, y, batch_size=8, epochs=2, verbose=0, callbacks=[pruner])
    assert pruner.sparsity == pytest.approx(0.5, abs=0.03)
    assert pruning.regrown(model) == {"e/embeddings": 0}


# ---------------------------------------------------------------------------------------- watching


def calls(model: keras.Model) -> list:
    return [vars(layer).get("call") for layer in model._flatten_layers()]


def test_layers_are_as_before_after_the_block_and_after_an_error_in_it():
    sequence = keras.Input((5, 4))
    inner = keras.Sequential([keras.Input((5, 4)), layers.LSTM(3), layers.Dense(2)])
    attended = layers.MultiHeadAttention(2, 3)(sequence, sequence)
    model = keras.Model(sequence, inner(attended))
    before = calls(model)
    x = data(3, (5, 4))[0]
    plain = model.predict(x, verbose=0)
    with watched(model, lambda *seen: None):
        assert calls(model) != before
    assert calls(model) == before

    def fail(*seen: object) -> None:
        raise RuntimeError("seen")

    with pytest.raises(RuntimeError, match="seen"), watched(model, fail):
        model(x)
    assert calls(model) == before
    np.testing.assert_array_equal(model.predict(x, verbose=0), plain)


def test_a_call_of_the_layers_own_instance_comes_back():
    model = stack((4,), layers.Dense(3, name="a"))
    layer = model.get_layer("a")
    vars(layer)["call"] = own = lambda inputs: 2 * inputs
    with watched(model, lambda *seen: None):
        pass
    assert layer.call is own


def test_every_use_of_a_shared_layer_is_seen_with_its_own_inputs_and_outputs():
    shared, image = layers.Dense(4, name="shared"), keras.Input((4,))
    model = keras.Model(image, shared(shared(image)))
    x, seen = data(2)[0].astype("float32"), []
    with watched(model, lambda *call: seen.append(call)):
        out = model(x)
    uses = [call for call in seen if call[0] == "shared"]
    assert len(uses) == 2
    np.testing.assert_array_equal(uses[0][2][0], x)
    np.testing.assert_array_equal(uses[0][3], uses[1][2][0])
    np.testing.assert_array_equal(uses[1][3], out)


def test_watching_within_watching_sees_twice_and_leaves_nothing_behind():
    model, x, seen = double(), data(2)[0], []
    before = calls(model)
    with watched(model, lambda *call: seen.append(0)), watched(model, lambda *c: seen.append(1)):
        model(x)
    assert seen.count(0) == seen.count(1) > 0
    assert calls(model) == before


# ---------------------------------------------------- what criteria predict, and what then happens


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks, equal values sharing the mean of theirs."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[which]


def spearman(scores: criteria.Scores, truth: dict[str, np.ndarray]) -> float:
    one, other = (np.concatenate([d[name].ravel() for name in truth]) for d in (scores, truth))
    return float(np.corrcoef(ranks(one), ranks(other))[0, 1])


def removed_one_by_one(model: keras.Model, x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """How much the loss changes when each single weight is zero, by trying it."""
    loss, found = compiled_loss(model, x, y), {}
    before = loss()
    for name, variable in pruning.kernels(model).items():
        W, change = variable.numpy(), np.zeros(variable.shape)
        for index in np.ndindex(*W.shape):
            without = W.copy()
            without[index] = 0
            variable.assign(without)
            change[index] = loss() - before
        variable.assign(W)
        found[name] = change
    return found


def trained(steps: int) -> tuple[keras.Model, np.ndarray, np.ndarray]:
    """252 weights on 200 examples of four classes, the inputs of very unlike sizes."""
    rng = np.random.default_rng(11)
    x = rng.normal(size=(200, 10)) * np.geomspace(0.1, 3, 10)
    y = np.argmax(np.tanh(x) @ rng.normal(size=(10, 4)) + 0.5 * rng.normal(size=(200, 4)), axis=1)
    model = stack(
        (10,),
        layers.Dense(18, activation="tanh", kernel_regularizer="l2", name="a"),
        layers.Dense(4, activation="softmax", kernel_regularizer="l2", name="b"),
    )
    for layer in model.layers:
        layer.kernel_regularizer.l2 = 1e-3
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    build_optimizer(model)
    for _ in range(steps):
        model.train_on_batch(x, y)
    return model, x, y


@pytest.fixture(
    scope="module", params=few({"on the way": 8, "near a minimum": 400}, "near a minimum")
)
def studied(request) -> dict:
    """A network early in training and one near a minimum: what is measured, and the truth."""
    model, x, y = trained(request.param)
    g, sizes, squares = (
        pruning.gradients(model, x, y, reduce=of) for of in ("mean", "size", "square")
    )
    return {
        "near": request.param == 400,
        "weights": pruning.weights(model),
        "g": g,
        "sizes": sizes,
        "squares": squares,
        "h": pruning.curvature(model, x, y, samples=100 if full_run() else 40),
        "norms": pruning.input_norms(model, x),
        "truth": removed_one_by_one(model, x, y),
    }


@pytest.fixture(scope="module")
def found(studied) -> dict[str, float]:
    """Each criterion's rank correlation with the size of the true change."""
    weights = studied["weights"]
    size = {name: np.abs(change) for name, change in studied["truth"].items()}
    scores = {
        "magnitude": criteria.magnitude(weights),
        "gradient": criteria.gradient(studied["sizes"]),
        "taylor": criteria.taylor(weights, studied["sizes"]),
        "first order": criteria.first_order(weights, studied["g"]),
        "wanda": criteria.wanda(weights, studied["norms"]),
        "fisher": criteria.obd(weights, studied["squares"]),
        "hutchinson": criteria.obd(weights, studied["h"]),
        "random": criteria.random(weights, seed=0),
    }
    return {name: spearman(score, size) for name, score in scores.items()}


def test_every_criterion_beats_chance(found):
    assert abs(found["random"]) < 0.2
    assert min(rho for name, rho in found.items() if name != "random") > 0.4
    assert min(found["fisher"], found["hutchinson"]) > 0.7


def test_the_mean_slope_is_best_on_the_way_and_curvature_near_a_minimum(studied, found):
    """Where the mean gradient is 0, its product with a weight tells little; magnitude tells more.

    The products of single examples still tell as much as their squares, which are curvature.
    """
    rest = ("magnitude", "gradient", "wanda", "random")
    if studied["near"]:
        assert min(found["fisher"], found["hutchinson"]) > 0.85
        assert min(found["fisher"], found["hutchinson"]) > found["first order"] + 0.15
        assert min(found["fisher"], found["hutchinson"]) > found["magnitude"] + 0.05
        assert found["taylor"] > found["first order"] + 0.15
    else:
        assert found["first order"] > 0.85
        assert found["first order"] > max(found[name] for name in rest) + 0.05


def test_the_change_that_is_predicted_for_small_weights_is_the_one_that_comes(studied):
    """With its sign: -g · w to first order, and h · w² / 2 more to second."""
    w, g, h, truth = (
        np.concatenate([studied[part][name].ravel() for name in studied["truth"]])
        for part in ("weights", "g", "h", "truth")
    )
    small = np.abs(w) <= np.quantile(np.abs(w), 0.25)

    def missed(predicted: np.ndarray) -> float:
        """The share of the change that is not foreseen; 1 for a prediction of nothing."""
        return np.abs(predicted - truth)[small].sum() / np.abs(truth)[small].sum()

    first, second = -g * w, -g * w + h * w**2 / 2
    assert missed(second) < 0.3
    assert np.corrcoef(second[small], truth[small])[0, 1] > 0.95
    if studied["near"]:
        assert missed(first) > 0.9, "the gradient foresees nothing at a minimum"
    else:
        assert missed(first) < 0.3
        assert missed(second) < missed(first) / 2
