"""Files of pruned models: what they weigh, what runs, and that all give the same outputs."""

import json
import random
import sys
from pathlib import Path

import forked
import hostile
import numpy as np
import pytest

from course_utils import criteria, masking, models, pruning
from course_utils.backend import keras, tf
from course_utils.extras import export, sparsefile, speed

layers = keras.layers
WEIGHTS = 4 * 347_146  # bytes of the article's CNN in float32


def full(*values: object) -> object:
    """A parameter for the full run: a conversion takes seconds, and these find what others do."""
    return pytest.param(*values, marks=pytest.mark.full)


def attach(model: keras.Model, sparsity: float) -> keras.Model:
    """Attach masks by magnitude."""
    scores = criteria.magnitude(pruning.weights(model))
    pruning.attach(model, masking.make_masks(scores, sparsity))
    return model


def outputs(model: keras.Model, x: np.ndarray) -> np.ndarray:
    return model.predict(x, verbose=0)


@pytest.fixture(scope="module")
def x(pictures) -> np.ndarray:
    return pictures.x


@pytest.fixture(scope="module")
def cnn(pictures) -> keras.Model:
    """The article's CNN, held at 90 % zeros and trained: what everyone exports here."""
    model = attach(models.article_cnn(), 0.9)
    model.fit(*pictures, verbose=0)
    return model


def residual() -> keras.Model:
    """Strides, an Add, BatchNorm with statistics of its own, a depthwise layer, two outputs."""
    keras.utils.set_random_seed(0)
    image = keras.Input((12, 12, 3), name="image")
    h = layers.Conv2D(8, 3, padding="same", use_bias=False, name="first")(image)
    h = layers.BatchNormalization(name="norm")(h)
    h = layers.Add(name="add")([layers.ReLU(name="relu")(h), layers.Conv2D(8, 1, name="side")(h)])
    h = layers.SeparableConv2D(16, 3, strides=2, name="separable")(h)
    h = layers.GlobalAveragePooling2D(name="pool")(h)
    box = layers.Dense(4, name="box")(h)
    kind = layers.Dense(3, activation="softmax", name="kind")(layers.Dropout(0.5, seed=1)(h))
    model = keras.Model(image, [box, kind], name="residual")
    rng = np.random.default_rng(0)
    model.set_weights([rng.uniform(0.1, 1, w.shape) for w in model.get_weights()])
    return model


def dense_net(mask: np.ndarray | None = None) -> keras.Model:
    """64 inputs, 64 and 32 units; `mask` on the first layer, and the second is dense."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((64,)), layers.Dense(64, "relu", name="a"), layers.Dense(32, name="b")],
        name="dense_net",
    )
    if mask is not None:
        pruning.attach(model, {"a/kernel": np.broadcast_to(mask, (64, 64))})
    return model


def conv_net() -> keras.Model:
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((10, 10, 8)),
            layers.Conv2D(32, 3, activation="relu", name="a"),
            layers.Conv2D(32, 1, name="b"),
            layers.GlobalAveragePooling2D(),
        ],
        name="conv_net",
    )
    scores = criteria.magnitude(pruning.weights(model))
    pruning.attach(model, masking.make_masks(scores, 0.8, scope="layer"))
    return model


# --------------------------------------------------------------------------------------- .keras


def test_the_bytes_are_those_of_a_file_that_keras_writes_without_the_optimizer(cnn, tmp_path):
    cnn.save(tmp_path / "trained.keras")
    copy = type(cnn).from_config(cnn.get_config())  # not compiled
    copy.set_weights(cnn.get_weights())
    copy.save(tmp_path / "model.keras")
    written = (tmp_path / "model.keras").stat().st_size
    # A Sequential model lists its layers in fewer words than the same as a graph.
    assert abs(export.keras_bytes(cnn) - written) < 4_000
    assert WEIGHTS < written < WEIGHTS + 50_000
    assert 3 * WEIGHTS < (tmp_path / "trained.keras").stat().st_size  # Adam's two moments


def test_zeros_show_in_a_keras_file_once_it_is_packed(cnn):
    assert export.keras_bytes(cnn, compressed=True) < 0.2 * WEIGHTS


def test_a_model_without_declared_inputs_is_refused():
    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(ValueError, match=r"neither Sequential nor Functional.* model.save"):
        export.keras_bytes(Own())


# ---------------------------------------------------------------- the same outputs, in every format


def test_saved_model(cnn, x, tmp_path):
    cnn.export(tmp_path / "saved", verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "saved"))  # its variables live as long as it does
    found = loaded.serve(x).numpy()
    np.testing.assert_allclose(found, outputs(cnn, x), atol=1e-6)


@pytest.mark.filterwarnings("ignore:In the future `np.object`:FutureWarning")  # Keras's own
@pytest.mark.parametrize("build", ["cnn", "residual"])
def test_onnx(build, cnn, x, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("tf2onnx")
    model = cnn if build == "cnn" else attach(residual(), 0.5)
    batch = x if build == "cnn" else np.random.default_rng(0).random((5, 12, 12, 3), np.float32)
    expected = outputs(model, batch)
    model(batch[:1])  # Keras exports to ONNX only what was called before
    model.export(tmp_path / "model.onnx", format="onnx", verbose=False)
    session = runtime.InferenceSession(
        str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"]
    )
    found = session.run(None, {session.get_inputs()[0].name: batch})
    for one, other in zip(found, keras.tree.flatten(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.filterwarnings("ignore:In the future `np.object`:FutureWarning")  # Keras's own
@pytest.mark.parametrize("approximate", [full(True), full(False)])
def test_what_is_said_of_onnx_and_gelu_is_still_true(approximate, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("tf2onnx")
    x = keras.Input((4,))
    gelu = keras.layers.Lambda(lambda t: keras.activations.gelu(t, approximate=approximate))
    model = keras.Model(x, gelu(layers.Dense(3)(x)))
    model(np.zeros((1, 4), "float32"))
    model.export(tmp_path / "model.onnx", format="onnx", verbose=False)
    runs = True
    try:
        runtime.InferenceSession(str(tmp_path / "model.onnx"))
    except Exception:
        runs = False
    assert runs == approximate


# float16 has 11 bits, int8 256 steps for outputs between 0 and 1; dynamic lies between.
@pytest.mark.parametrize(
    ("precision", "tolerance"),
    [("float32", 1e-6), ("float16", 1e-3), ("dynamic", 5e-3), ("int8", 1e-2)],
)
def test_litert(precision, tolerance, cnn, x):
    samples = x if precision == "int8" else None
    data = export.litert(cnn, precision, samples=samples)
    found = speed.predict_litert(data, x)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, outputs(cnn, x), atol=tolerance)
    width = {"float32": 4, "float16": 2, "dynamic": 1, "int8": 1}[precision]
    assert width < len(data) / 347_146 < 1.05 * width


def test_litert_with_two_outputs_in_the_order_of_the_model():
    model = attach(residual(), 0.5)
    x = np.random.default_rng(0).random((5, 12, 12, 3), dtype="float32")
    found = speed.predict_litert(export.litert(model), x)
    assert [array.shape for array in found] == [(5, 4), (5, 3)]
    for one, other in zip(found, outputs(model, x), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4)


def test_litert_with_two_inputs_by_their_names():
    left, right = keras.Input((3,), name="left"), keras.Input((5,), name="right")
    out = layers.Concatenate()([layers.Dense(4)(right), layers.Dense(4)(left)])
    model = keras.Model([right, left], out)
    x = {"left": np.ones((2, 3), "float32"), "right": np.full((2, 5), 2, "float32")}
    data = export.litert(model)
    expected = model([x["right"], x["left"]]).numpy()
    np.testing.assert_allclose(speed.predict_litert(data, x), expected, rtol=1e-5)
    with pytest.raises(ValueError, match=r"inputs \['left', 'right'\]: give"):
        speed.predict_litert(data, x["left"])


RNG = np.random.default_rng(0)


def tokens() -> keras.Model:
    x = keras.Input((12,), dtype="int32")
    h = layers.Conv1D(16, 3, activation="relu")(layers.Embedding(50, 8)(x))
    return keras.Model(x, layers.Dense(1, activation="sigmoid")(layers.GlobalMaxPooling1D()(h)))


def pixels() -> keras.Model:
    x = keras.Input((12, 12, 3), dtype="uint8")
    h = layers.Conv2D(8, 3, activation="relu")(layers.Rescaling(1 / 255.0)(x))
    return keras.Model(x, layers.Dense(2)(layers.GlobalAveragePooling2D()(h)))


def pair() -> keras.Model:
    b, a = keras.Input((6,), name="b"), keras.Input((3,), name="a")
    return keras.Model([b, a], layers.Dense(2)(layers.Concatenate()([layers.Dense(8)(b), a])))


@pytest.mark.parametrize(
    ("build", "samples"),
    [
        (tokens, RNG.integers(0, 50, (64, 12)).astype("int32")),
        (pixels, tf.data.Dataset.from_tensor_slices(
            RNG.integers(0, 256, (64, 12, 12, 3)).astype("uint8")).batch(16)),
        (pair, [RNG.normal(size=(64, n)).astype("float32") for n in (6, 3)]),
        full(pair, {"a": np.ones((64, 3), "float32"), "b": RNG.normal(size=(64, 6))}),
    ],
)  # fmt: skip
def test_int8_of_whole_numbers_of_lists_and_of_datasets(build, samples):
    """Token ids and pixels stay what they are; only what is a float is scaled."""
    keras.utils.set_random_seed(0)
    model = build()
    x = np.concatenate([*samples]) if isinstance(samples, tf.data.Dataset) else samples
    found = speed.predict_litert(export.litert(model, "int8", samples=samples), samples)
    np.testing.assert_allclose(found, model(x, training=False), atol=0.05)


def test_outputs_come_as_the_model_returns_them():
    x = keras.Input((6,))
    made = {"kind": layers.Dense(3, name="k")(x), "age": layers.Dense(1, name="a")(x)}
    model, values = keras.Model(x, made), RNG.normal(size=(5, 6)).astype("float32")
    found, expected = speed.predict_litert(export.litert(model), values), model(values)
    assert set(found) == set(expected)
    for name, array in found.items():
        np.testing.assert_allclose(array, expected[name], rtol=1e-4, atol=1e-6)


def test_a_list_of_inputs_of_one_shape_is_asked_by_name():
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    data = export.litert(keras.Model([b, a], layers.Subtract()([a, b])))
    one, two = np.ones((1, 3), "float32"), np.zeros((1, 3), "float32")
    with pytest.raises(ValueError, match="a dictionary with one array for each"):
        speed.predict_litert(data, [one, two])
    assert speed.predict_litert(data, {"a": one, "b": two}).tolist() == [[1, 1, 1]]


@pytest.mark.parametrize("precision", ["float32", full("int8")])
@pytest.mark.parametrize(
    "layer",
    [layers.LSTM, full(layers.GRU), full(layers.SimpleRNN), full(layers.ConvLSTM1D)],
)
def test_a_file_that_the_runtime_refuses_is_not_handed_out(layer, precision):
    shape = (4, 6, 2) if layer is layers.ConvLSTM1D else (4, 3)
    x = RNG.normal(size=(8, *shape)).astype("float32")

    def model(**settings):
        arguments = (3, 3) if layer is layers.ConvLSTM1D else (3,)
        return keras.Sequential([keras.Input(shape), layer(*arguments, name="loop", **settings)])

    samples = x if precision == "int8" else None
    with pytest.raises(ValueError, match=r"recurrent layers loop are loops.*unroll=True"):
        export.litert(model(), precision, samples=samples)
    unrolled = model(unroll=True)
    found = speed.predict_litert(export.litert(unrolled, precision, samples=samples), x)
    np.testing.assert_allclose(found, unrolled(x), atol=1e-5 if precision == "float32" else 0.1)


def test_a_model_of_open_size_is_run_on_a_small_image_or_on_one_that_is_given():
    x = keras.Input((None, None, 3))
    model = keras.Model(x, layers.GlobalAveragePooling2D()(layers.Conv2D(8, 3, name="conv")(x)))
    attach(model, 0.9)
    image = np.ones((1, 9, 9, 3), "float32")
    for settings in ({}, {"inputs": image}):
        data = export.litert(model, sparse=True, **settings)
        np.testing.assert_allclose(speed.predict_litert(data, image), model(image), atol=1e-5)


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (np.full((4, 6), np.nan), "samples must be finite"),
        (np.zeros((0, 6)), "at least one"),
        (np.zeros((4, 5)), r"samples has examples of shape \(5,\)"),
        (iter([np.zeros((1, 6))]), "can be read only once"),
    ],
)
def test_samples_that_are_none_are_refused(tiny, samples, words):
    with pytest.raises((TypeError, ValueError), match=words):
        export.litert(tiny(built=False), "int8", samples=samples)


@pytest.mark.parametrize(
    "write", [export.litert, export.keras_bytes, export.sparse_file, export.write_sparse]
)
def test_what_is_no_model_is_refused(write, tmp_path):
    with pytest.raises(TypeError, match="model must be a Keras model, not NoneType"):
        write(None, *([tmp_path / "x"] if write is export.write_sparse else []))


def test_litert_on_more_than_one_batch_and_on_none(tiny):
    model = tiny()
    x = np.random.default_rng(0).normal(size=(600, 6)).astype("float32")
    data = export.litert(model)
    np.testing.assert_allclose(speed.predict_litert(data, x), outputs(model, x), atol=1e-6)
    with pytest.raises(ValueError, match="at least one"):
        speed.predict_litert(data, x[:0])


@pytest.mark.parametrize("data", [b"", b"no LiteRT file at all"])
def test_what_the_runtime_cannot_read_is_refused(data):
    with pytest.raises(ValueError, match="The LiteRT runtime refuses this file: "):
        speed.predict_litert(data, np.zeros((1, 6)))


@pytest.mark.parametrize(
    ("precision", "settings", "words"),
    [
        ("float64", {}, "precision must be one of float32, float16, dynamic, int8, not 'float64'"),
        ("int8", {}, "int8 needs samples"),
        ("float16", {"samples": np.zeros((1, 6))}, "samples serve int8 and sparse files only"),
    ],
)
def test_wrong_wishes_are_refused_before_anything_is_converted(precision, settings, words):
    with pytest.raises(ValueError, match=words):
        export.litert(None, precision, **settings)


# A fresh process, whose file descriptors tell what really reaches the terminal.
QUIET = """
import numpy as np
from course_utils.extras import export, speed
from course_utils.backend import keras
model, x = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]), np.eye(4, dtype="float32")
speed.predict_litert(export.litert(model, "int8", samples=x), x)
try:
    speed.predict_litert(b"broken", x)
except ValueError:
    pass
"""


@pytest.mark.slow
def test_nothing_is_written_to_the_terminal_meanwhile():
    run = forked.run(QUIET)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


# ---------------------------------------------------------------------------------- sparse LiteRT

DENSE_NET = 25_880  # bytes of its dense file in float32
HALF = np.arange(64) % 2 == 0
IN_FOURS = (np.arange(64) // 4 % 2 == 0)[:, None]
SINGLE = np.random.default_rng(0).random((64, 64)) > 0.7


@pytest.mark.parametrize(
    ("precision", "tolerance", "share"), [("float32", 1e-6, 0.17), full("float16", 1e-3, 0.25)]
)
def test_sparse_files_of_the_articles_cnn_run(precision, tolerance, share, cnn, x):
    data = export.litert(cnn, precision, sparse=True)
    assert len(data) < share * WEIGHTS * (0.5 if precision == "float16" else 1)
    np.testing.assert_allclose(speed.predict_litert(data, x), outputs(cnn, x), atol=tolerance)


@pytest.mark.parametrize("precision", [full("float32"), full("float16"), full("int8")])
def test_sparse_convolutions_run_in_these_precisions(precision):
    """In int8 a file this small is even larger when it is sparse."""
    model = conv_net()
    x = np.random.default_rng(0).random((40, 10, 10, 8), dtype="float32")
    data = export.litert(model, precision, samples=x, sparse=True)
    width = {"float32": 4, "float16": 2, "int8": 1}[precision]
    assert (len(data) < 0.85 * width * model.count_params()) == (precision != "int8")
    off = np.abs(speed.predict_litert(data, x) - outputs(model, x)).max()
    assert off < 0.05 * np.abs(outputs(model, x)).max()


@pytest.mark.parametrize(
    "mask",
    [full(HALF), full(HALF[:, None]), full(IN_FOURS), SINGLE, full(False)],
    ids=["outputs", "inputs", "fours", "single", "all"],
)
def test_sparse_float32_runs_whatever_the_zeros_look_like(mask):
    model = dense_net(mask)
    x = np.random.default_rng(0).random((5, 64), dtype="float32")
    data = export.litert(model, sparse=True)
    assert len(data) < 0.9 * DENSE_NET
    np.testing.assert_allclose(speed.predict_litert(data, x), outputs(model, x), atol=1e-6)


@pytest.mark.parametrize(
    "mask", [full(HALF), IN_FOURS, full(False)], ids=["outputs", "fours", "all"]
)
def test_sparse_float16_of_zeros_in_blocks_is_refused(mask):
    with pytest.raises(ValueError, match=r"wrong outputs.*off by nan.*or take precision='float32'"):
        export.litert(dense_net(mask), "float16", sparse=True)


@pytest.mark.parametrize(
    "mask", [full(SINGLE), full(HALF[:, None])], ids=["single", "every second input"]
)
def test_sparse_float16_of_other_zeros_runs(mask):
    assert len(export.litert(dense_net(mask), "float16", sparse=True)) < DENSE_NET / 2


@pytest.mark.parametrize("mask", [SINGLE, full(IN_FOURS)], ids=["single", "fours"])
def test_sparse_dynamic_is_refused(mask):
    with pytest.raises(ValueError, match="leave out sparse"):
        export.litert(dense_net(mask), "dynamic", sparse=True)


@pytest.mark.parametrize("mask", [full(IN_FOURS), full(SINGLE)], ids=["fours", "single"])
def test_sparse_int8_of_dense_layers_is_refused(mask):
    x = np.random.default_rng(0).random((40, 64), dtype="float32")
    with pytest.raises(ValueError, match=r"runtime refuses this file: .*failed to prepare"):
        export.litert(dense_net(mask), "int8", samples=x, sparse=True)


# ------------------------------------------------------------------------------------ sparse file


def same_network(one: keras.Model, other: keras.Model) -> bool:
    pairs = zip(one.weights, other.weights, strict=True)
    return all(a.dtype == b.dtype and a.numpy().tobytes() == b.numpy().tobytes() for a, b in pairs)


@pytest.mark.parametrize("sparsity", [full(0.0), 0.9, full(1.0)])
def test_a_sparse_file_is_the_same_network(sparsity, x, tmp_path):
    model = attach(models.article_cnn(), sparsity)
    size = export.write_sparse(model, tmp_path / "model.sparse")
    assert size == (tmp_path / "model.sparse").stat().st_size == len(export.sparse_file(model))
    loaded = export.read_sparse(tmp_path / "model.sparse")
    assert same_network(loaded, model)
    assert not loaded.compiled
    np.testing.assert_array_equal(outputs(loaded, x), outputs(model, x))


def adapted(layer, values):
    layer.adapt(values)
    return layer


@pytest.mark.parametrize("kind", ["normalization", "nested", "bins", "given bins"])
def test_a_sparse_file_carries_state_beyond_weights(kind):
    rng = np.random.default_rng(0)
    data = rng.normal(50, 20, (50, 1)).astype("float32")
    layer = {
        "normalization": lambda: adapted(layers.Normalization(), data),
        "nested": lambda: keras.Sequential(
            [keras.Input((1,)), adapted(layers.Normalization(), data)]
        ),
        "bins": lambda: adapted(layers.Discretization(num_bins=4, output_mode="one_hot"), data),
        "given bins": lambda: layers.Discretization([40.0, 60.0], output_mode="one_hot"),
    }[kind]()
    model = keras.Sequential([keras.Input((1,)), layer, layers.Dense(2)])
    back = export.read_sparse(export.sparse_file(model))
    np.testing.assert_array_equal(back(data), model(data))


def test_what_a_sparse_file_cannot_carry_is_refused_when_it_is_written():
    words = layers.StringLookup(vocabulary=["a", "b"], output_mode="multi_hot")
    model = keras.Sequential([keras.Input((1,), dtype="string"), words, layers.Dense(2)])
    with pytest.raises(ValueError, match="'StringLookup' keeps its vocabulary in a file"):
        export.sparse_file(model)
    shared, x = layers.Dense(3, name="shared"), keras.Input((4, 3))
    model = keras.Model(x, layers.TimeDistributed(shared)(shared(x)))
    with pytest.raises(ValueError, match="layer 'shared' lies in two models or wrappers"):
        export.sparse_file(model)


def test_the_zeros_of_a_sparse_file_are_the_masks(cnn):
    loaded = export.read_sparse(export.sparse_file(cnn))
    found, held = pruning.masks_from_zeros(loaded), pruning.masks_from_zeros(cnn)
    assert all((found[name] == held[name]).all() for name in held)
    assert pruning.held_masks(loaded) == {}


def recurrent() -> keras.Model:
    tokens = keras.Input((7,), dtype="int32")
    h = layers.Embedding(20, 6)(tokens)
    h = layers.Bidirectional(layers.LSTM(5, return_sequences=True))(h)
    h = layers.MultiHeadAttention(2, 4)(h, h)
    return keras.Model(tokens, layers.Dense(2, activation=keras.activations.gelu)(h))


def nested() -> keras.Model:
    inner = models.lenet300()
    image = keras.Input((28, 28, 1))
    return models.compiled(keras.Model(image, layers.Dense(2)(keras.ops.relu(inner(image) * 2.0))))


@pytest.mark.parametrize("build", [residual, recurrent, nested])
def test_other_networks_and_dtypes(build):
    model = build()
    loaded = export.read_sparse(export.sparse_file(model))
    assert same_network(loaded, model)
    x = np.ones((2, *model.input_shape[1:]), model.inputs[0].dtype)
    for one, other in zip(keras.tree.flatten(loaded(x)), keras.tree.flatten(model(x)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_dtype_that_numpy_lacks_is_refused():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, dtype="bfloat16")])
    with pytest.raises(TypeError, match="holds bfloat16; a sparse file holds float16"):
        export.sparse_file(model)


def test_a_tenth_of_the_weights_is_an_eighth_of_the_bytes(cnn):
    assert len(export.sparse_file(cnn)) < WEIGHTS / 8


def test_weights_that_share_few_values_take_fewer_bytes(cnn):
    shared = keras.models.clone_model(cnn)
    shared.set_weights([np.round(w * 64) / 64 for w in cnn.get_weights()])
    assert len(export.sparse_file(shared)) < len(export.sparse_file(cnn)) / 2
    assert same_network(export.read_sparse(export.sparse_file(shared)), shared)


def test_files_are_made_and_read_without_moving_chance():
    model, before = dense_net(), random.getstate()
    export.read_sparse(export.sparse_file(model))
    export.keras_bytes(model)
    export.litert(model)
    assert random.getstate() == before


def test_an_existing_file_stays_where_a_model_cannot_be_written(tmp_path):
    path = tmp_path / "model.sparse"
    path.write_bytes(b"old")
    model = keras.Sequential([keras.Input((2,)), layers.Lambda(lambda x: x)])
    with pytest.raises(ValueError, match=r"'Lambda' of 'keras.layers'.*save the model as \.keras"):
        export.write_sparse(model, path)
    assert path.read_bytes() == b"old"


@keras.saving.register_keras_serializable("tests")
class OwnDense(layers.Dense):
    pass


def test_layers_of_ones_own_and_models_not_built_are_refused():
    with pytest.raises(ValueError, match=r"'OwnDense' of .* is none of Keras's own"):
        export.sparse_file(keras.Sequential([keras.Input((2,)), OwnDense(2)]))
    with pytest.raises(ValueError, match="is not built: call it"):
        export.sparse_file(keras.Sequential([layers.Dense(2)]))


# -------------------------------------------------------------------------- hostile sparse files


def with_config(change) -> bytes:
    """A sound file of a small model whose architecture `change` has rewritten."""
    model = keras.Sequential([keras.Input((2,)), layers.Dense(3, name="fc")], name="m")
    arrays, text = sparsefile.decode(export.sparse_file(model))
    config = json.loads(text)
    config = change(config) or config
    return sparsefile.encode(arrays, config if isinstance(config, str) else json.dumps(config))


def of_layer(**fields):
    """A change of the Dense layer's own description."""
    return lambda config: config["config"]["layers"][1].update(fields)


def in_layer(**fields):
    """A change of the Dense layer's settings."""
    return lambda config: config["config"]["layers"][1]["config"].update(fields)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (of_layer(class_name="Lambda"), "'Lambda' of 'keras.layers' is none"),
        (of_layer(class_name="TFSMLayer", config={"filepath": "/etc"}), "'TFSMLayer'"),
        (of_layer(class_name="StringLookup", config={"vocabulary": "/etc/passwd"}), "'StringL"),
        (of_layer(module="os", class_name="system"), "'system' of 'os' is none"),
        (of_layer(module="keras.utils", class_name="get_file"), "'get_file' of 'keras.utils'"),
        (of_layer(module="keras.src.modelsx", class_name="X"), "'X' of 'keras.src.modelsx'"),
        (of_layer(registered_name="tests>OwnDense"), "'Dense' of 'keras.layers' is none"),
        (of_layer(module=None), "'Dense' of None is none"),
        (of_layer(class_name="__typespec__", module=None), "'__typespec__'"),
        (in_layer(activation={"class_name": "__lambda__", "config": {}}), "'__lambda__'"),
        (in_layer(activation={"module": "os", "class_name": "function", "config": "system"}), "os"),
        (in_layer(kernel_initializer={"class_name": "Evil", "module": "evil"}), "'Evil' of 'evil'"),
        (of_layer(class_name="NoSuchLayer"), "NoSuchLayer"),
        (in_layer(units="three"), "Keras cannot build it"),
        (in_layer(units=-1), "Keras cannot build it|units"),
        (in_layer(units=4), "its weights do not fit its layers"),
        (in_layer(use_bias=False), "its weights do not fit its layers"),
        (in_layer(dtype="float16"), "its weights do not fit its layers"),
        (in_layer(unheard_of=1), "Keras cannot build it|unheard_of"),
        (lambda config: "no JSON", "Expecting value"),
        (lambda config: "[]", "no whole model"),
        (lambda config: "{}", "no whole model"),
        (lambda config: '"text"', "no whole model"),
        (lambda config: "[" * 100_000, "without end"),
        (of_layer(module="keras.initializers", class_name="Zeros", config={}), "keras"),
        (in_layer(name="../../x"), "cannot contain character `/`"),
        (in_layer(name="/etc/x"), "cannot contain character `/`"),
        (in_layer(dtype="complex128"), "complex128"),
        (in_layer(dtype="string"), "string"),
        (in_layer(units=10**400), "do not fit its layers"),
        (lambda config: config["config"]["layers"][1], "no whole model"),
    ],
)
def test_a_forged_architecture_is_refused(change, words):
    with pytest.raises(ValueError, match=f"This is no sparse file of a model: .*({words})"):
        export.read_sparse(with_config(change))


# In a process of its own, whose memory has been nobody else's; it stops before the machine suffers.
GREEDY_FILES = """
import json, resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import hostile
from course_utils.backend import keras
from course_utils.extras import export

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

export.read_sparse(hostile.submission())
taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + 2**30, taken + 2**30))
found, before = [], peak()
for name, config in hostile.GREEDY.items():
    for arrays in (hostile.weights(), {}):
        try:
            export.read_sparse(hostile.submission(config, arrays), largest=8_000)
            said = "read"
        except ValueError as error:
            said = str(error)
        found.append([name, said, peak() - before])
keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])  # nor afterwards
print(json.dumps([*found, ["afterwards", "read", peak() - before]]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds and tells memory like this")
def test_no_memory_is_taken_for_what_a_file_only_claims():
    """A file of 468 bytes took 1.37 GB before it was refused."""
    run = forked.run(GREEDY_FILES, str(Path(__file__).parent))
    assert run.returncode == 0, run.stderr[-2000:]
    found = json.loads(run.stdout.splitlines()[-1])
    for name, said, peak in found:
        assert peak < 200_000_000, name
        assert said == "read" or said.startswith("This is no sparse file of a model: "), name
    # Deep, but without weights: why not?
    assert [name for name, said, _ in found if said == "read"] == ["models in models", "afterwards"]
    assert len(found) == 2 * len(hostile.GREEDY) + 1


def test_a_file_that_is_damaged_missing_or_too_large(cnn, tmp_path):
    data = export.sparse_file(cnn)
    for broken in (data[:-1], data[:1000], data[:5000] + b"x" + data[5001:], b""):
        with pytest.raises(ValueError, match="This is no sparse file that can be read"):
            export.read_sparse(broken)
    with pytest.raises(ValueError, match="at most 1,000 are read"):
        export.read_sparse(data, largest=1000)
    with pytest.raises(FileNotFoundError):
        export.read_sparse(tmp_path / "none.sparse")


def test_sizes_are_those_of_the_files_and_what_there_is_none_of_has_a_reason():
    model = keras.Sequential([keras.Input((None, 4)), keras.layers.LSTM(3, name="steps")])
    table = export.sizes(model, inputs=np.ones((1, 5, 4), "float32"))
    assert table[".keras"].raw == export.keras_bytes(model)
    assert table["sparse file"].raw == len(export.sparse_file(model))
    refused = table["LiteRT float32"]
    assert (refused.raw, "unroll=True" in refused.note) == (0, True)
    assert "LiteRT float32" in str(table)


class Applied(keras.layers.Layer):
    """Has an argument that no config can tell."""

    def __init__(self, function, **options):
        super().__init__(**options)
        self.function = function

    def call(self, x):
        return self.function(x)


def test_a_layer_without_a_config_leaves_rows_with_the_reason():
    layers = [keras.Input((4,)), keras.layers.Dense(2), Applied(lambda x: 2 * x)]
    found = export.sizes(keras.Sequential(layers))
    assert "must override `get_config()`" in found[".keras"].note
    assert "\n" not in found["sparse file"].note
    assert found["LiteRT float32"].raw


def test_samples_for_int8_leave_every_other_row():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    rows = export.sizes(model, np.ones((8, 4))).rows
    assert [row.name for row in rows if row.note] == []
    assert "LiteRT int8" in [row.name for row in rows]
