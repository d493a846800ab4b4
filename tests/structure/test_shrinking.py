"""The smaller model is an ordinary one: compiled, trained, saved, exported; and the report."""

import forked
import numpy as np
import pytest
from sizes import few

from course_utils import criteria, masking, models, pruning, structure
from course_utils.backend import keras

layers = keras.layers


def net() -> keras.Model:
    """A residual network with a normalization and a dense head."""
    keras.utils.set_random_seed(0)
    x = inputs = keras.Input((8, 8, 3), name="image")
    x = layers.Conv2D(12, 3, padding="same", name="stem")(x)
    y = layers.BatchNormalization(name="norm")(x)
    y = layers.Conv2D(12, 3, padding="same", activation="relu", name="branch")(y)
    x = layers.GlobalAveragePooling2D(name="pool")(layers.Add(name="add")([x, y]))
    x = layers.Dense(16, "relu", name="hidden")(x)
    return keras.Model(inputs, layers.Dense(4, name="logits")(x), name="net")


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(32, 8, 8, 3)).astype("float32"), rng.integers(0, 4, 32)


def own_loss(y, logits):
    return keras.ops.mean(keras.ops.square(logits), axis=-1)


@pytest.mark.parametrize(
    ("loss", "metrics"),
    few(
        {
            "names": ("sparse_categorical_crossentropy", ["accuracy"]),
            "own metric": (
                keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                [own_loss],
            ),
            "own loss": (own_loss, [keras.metrics.SparseTopKCategoricalAccuracy(2, name="top2")]),
            "lambda": (lambda y, p: own_loss(y, p), None),
        },
        "own metric",
        "own loss",
    ),
)
def test_it_is_compiled_as_before_with_a_new_optimizer(loss, metrics, data):
    model = net()
    rate = keras.optimizers.schedules.CosineDecay(0.01, 100)
    optimizer = keras.optimizers.SGD(rate, momentum=0.9, nesterov=True)
    model.compile(optimizer, loss, metrics=metrics, steps_per_execution=2)
    model.fit(*data, verbose=0)
    small, _ = structure.shrink(model, 0.5)
    assert small.optimizer is not model.optimizer
    assert small.optimizer.get_config() == optimizer.get_config()
    assert int(small.optimizer.iterations) == 0
    assert small.steps_per_execution == 2
    history = small.fit(*data, epochs=2, verbose=0).history
    assert list(history) == list(model.history.history)
    assert not any(a is b for a in small.metrics[1:] for b in model.metrics[1:])


def test_a_model_that_is_not_compiled_stays_so():
    assert not structure.shrink(net(), 0.5)[0].compiled


def test_policies_and_frozen_layers_stay():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = net()
    finally:
        keras.config.set_dtype_policy("float32")
    model.get_layer("stem").trainable = False
    model.compile("adam", "mse")
    small, _ = structure.shrink(model, 0.5)
    assert small.dtype_policy.name == "mixed_float16"
    assert [layer.dtype_policy.name for layer in small.layers] == ["mixed_float16"] * len(
        small.layers
    )
    assert not small.get_layer("stem").trainable
    assert small.get_layer("branch").trainable
    assert type(small.optimizer) is type(model.optimizer)


def test_a_share_takes_the_smallest_filters_of_each_group():
    model = net()
    channels = structure.channel_groups(model)
    masks = structure.choose(structure.filter_norms(channels), 0.25, "layer")
    expected = structure.shrink(channels, masks=masks)[0].get_weights()
    for small, _ in (structure.shrink(model, 0.25), structure.shrink(model, {"*": 0.25})):
        for one, other in zip(small.get_weights(), expected, strict=True):
            np.testing.assert_array_equal(one, other)
    _, report = structure.shrink(model, {"hid*": 0.5})
    assert [(row.before, row.after) for row in report.rows] == [(12, 12), (16, 8)]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({}, TypeError, r"neither sparsity nor masks are given.*shrink\(model, 0\.5\)"),
        ({"sparsity": 0.5, "masks": {}}, TypeError, "sparsity and masks are both given"),
        ({"sparsity": {"stem": np.ones(12, bool)}}, TypeError, r"shrink\(model, masks="),
        ({"sparsity": 1.5}, ValueError, "sparsity must be between 0 and 1, not 1.5"),
        ({"sparsity": "half"}, TypeError, "sparsity must be a number, not 'half'"),
        ({"sparsity": {"stem": 2}}, ValueError, "sparsity must be between 0 and 1, not 2"),
        ({"sparsity": {"trunk": 0.5}}, ValueError, "'trunk' fits no group"),
        ({"masks": 0.5}, TypeError, "masks must be a dictionary .*not float"),
    ],
)
def test_how_much_must_be_said_in_one_way(arguments, error, words):
    with pytest.raises(error, match=words):
        structure.shrink(net(), **arguments)


def test_a_wrong_share_is_refused_where_nothing_could_go():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2, name="out")])
    with pytest.raises(ValueError, match="sparsity must be between 0 and 1"):
        structure.shrink(model, 7)


def test_names_inputs_and_outputs_are_those_of_the_model():
    model = net()
    small, _ = structure.shrink(model, 0.5)
    assert [layer.name for layer in small.layers] == [layer.name for layer in model.layers]
    assert (small.name, small.output_names) == (model.name, model.output_names)
    assert [(t.name, t.shape) for t in small.inputs] == [(t.name, t.shape) for t in model.inputs]
    assert small.output_shape == model.output_shape


def test_the_given_model_is_left_as_it_was(data):
    model = net()
    model.compile("adam", "sparse_categorical_crossentropy", run_eagerly=True)
    model.fit(*data, verbose=0)
    before = [np.array(v) for v in (*model.variables, *model.optimizer.variables)]
    structure.shrink(model, 0.5, verify=True)
    after = [np.array(v) for v in (*model.variables, *model.optimizer.variables)]
    assert all((a == b).all() for a, b in zip(before, after, strict=True))


def test_masks_that_are_held_are_held_in_the_smaller_model_and_through_its_training(data):
    model = net()
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    masks = masking.make_masks(criteria.magnitude(pruning.weights(model)), 0.6)
    pruning.attach(model, masks)
    channels = structure.channel_groups(model)
    chosen = structure.choose(structure.filter_norms(channels), 0.25, "layer")
    small, _ = structure.shrink(channels, masks=chosen)
    kept = chosen["stem"]
    expected = masks["branch/kernel"][:, :, kept][..., kept]
    assert (pruning.held_masks(small)["branch/kernel"] == expected).all()
    small.fit(*data, epochs=2, verbose=0)
    assert (pruning.weights(small)["branch/kernel"][~expected] == 0).all()


def test_the_report_says_what_went_with_what_and_what_stayed_and_why():
    channels = structure.channel_groups(net())
    masks = {"stem": np.arange(12) < 7}
    _, report = structure.shrink(channels, masks=masks, verify=True)
    rows = {row.group: row for row in report.rows}
    assert (rows["stem"].before, rows["stem"].after) == (12, 7)
    assert rows["stem"].made_by == ("stem", "branch")
    assert rows["stem"].goes_with == ("norm",)
    assert rows["stem"].read_by == ("branch", "hidden")
    assert (rows["hidden"].before, rows["hidden"].after) == (16, 16)
    assert [(row.group, row.reason) for row in report.left] == [
        ("logits", "an output of the model")
    ]
    assert 0 <= report.difference < 1e-4
    text = str(report)
    for words in ("12 -> 7", "branch, norm", "5 of 28 channels", "an output of the model"):
        assert words in text
    assert "<table>" in report._repr_html_()


def test_verify_finds_a_wrong_network(monkeypatch):
    """A mistake in the rebuilding would show: here a kernel is disturbed on the way."""
    from course_utils.structure import shrinking

    def disturbed(channels, kept):
        model, pairs = shrinking_rebuilt(channels, kept)
        model.get_layer("branch").bias.assign_add(np.ones(model.get_layer("branch").filters))
        return model, pairs

    shrinking_rebuilt = shrinking.rebuilt
    monkeypatch.setattr(shrinking, "rebuilt", disturbed)
    with pytest.raises(RuntimeError, match="please report"):
        structure.shrink(net(), 0.5, verify=True)


def test_verify_looks_behind_a_softmax_that_is_certain(monkeypatch):
    """Its outputs are 0 and 1, whatever goes wrong before; the scores are not."""
    from course_utils.structure import shrinking

    model = models.lenet300()
    model.get_layer("fc3").bias.assign(1000.0 * np.arange(10))
    rebuilt = shrinking.rebuilt

    def disturbed(channels, kept):
        small, pairs = rebuilt(channels, kept)
        small.get_layer("fc3").bias.assign_add(np.full(10, 10.0) * (np.arange(10) == 0))
        return small, pairs

    good, _ = structure.shrink(model, 0.5, verify=True)
    x = np.random.default_rng(0).random((4, 28, 28, 1), "float32")
    assert set(good(x).numpy().ravel()) == {0.0, 1.0}
    assert good.get_layer("fc3").activation is keras.activations.softmax
    monkeypatch.setattr(shrinking, "rebuilt", disturbed)
    with pytest.raises(RuntimeError, match="please report"):
        structure.shrink(model, 0.5, verify=True)


def test_verify_has_nothing_to_say_about_inexact_removal():
    inputs = keras.Input((6,))
    x = layers.LayerNormalization(name="norm")(layers.Dense(8, name="hidden")(inputs))
    model = keras.Model(inputs, layers.Dense(2, name="out")(x))
    assert not structure.channel_groups(model).groups
    found = structure.channel_groups(model, inexact=True)
    small, _ = structure.shrink(found, 0.5)
    assert small.get_layer("hidden").units == 4
    with pytest.raises(ValueError, match="nothing to verify"):
        structure.shrink(found, 0.5, verify=True)


def test_a_model_without_anything_to_remove_comes_back_whole():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2, name="out")])
    small, report = structure.shrink(model, 0.5, verify=True)
    assert report.rows == ()
    assert small.count_params() == model.count_params()


# -------------------------------------------------------------------------------- files and exports

LOADS_ALONE = """
import sys
import keras, numpy as np
model = keras.models.load_model(sys.argv[1])
np.save(sys.argv[2], model(np.load(sys.argv[3])))
assert not any(name.startswith("course_utils") for name in sys.modules)
"""


def test_its_file_loads_without_the_package_and_gives_the_same_outputs(tmp_path, data):
    small, _ = structure.shrink(net(), 0.5)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    small.compile("adam", loss, run_eagerly=True)
    small.fit(*data, verbose=0)
    small.save(tmp_path / "small.keras")
    np.save(tmp_path / "x.npy", data[0])
    arguments = [str(tmp_path / name) for name in ("small.keras", "y.npy", "x.npy")]
    done = forked.run(LOADS_ALONE, *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), small(data[0]), rtol=1e-5, atol=1e-6)


def saved_model(path, x):
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))
    return loaded.serve(x).numpy()


def litert(path, x):
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(str(path)).get_signature_runner()
    (name,) = runner.get_input_details()
    return next(iter(runner(**{name: x}).values()))


def onnx(path, x):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path))
    return session.run(None, {session.get_inputs()[0].name: x})[0]


@pytest.mark.parametrize(
    ("kind", "name", "run"),
    few(
        {
            "SavedModel": ("tf_saved_model", "folder", saved_model),
            "LiteRT": ("litert", "small.tflite", litert),
            "ONNX": ("onnx", "small.onnx", onnx),
        },
        "LiteRT",
    ),
)
def test_every_export_gives_the_same_outputs(kind, name, run, tmp_path, data):
    if kind == "onnx":
        pytest.importorskip("onnxruntime")
    small, _ = structure.shrink(net(), 0.5)
    x = data[0][:1]
    expected = small(x).numpy()
    small.export(str(tmp_path / name), format=kind, verbose=False)
    np.testing.assert_allclose(run(tmp_path / name, x), expected, rtol=1e-4, atol=1e-5)


def test_the_networks_of_the_course_halve():
    for build, sizes in ((models.article_cnn, (16, 32)), (models.lenet300, (150, 50))):
        small, report = structure.shrink(build(), 0.5, verify=True)
        assert tuple(row.after for row in report.rows) == sizes
        assert small.count_params() == report.parameters[1]


def test_a_model_that_is_frozen_as_a_whole_stays_frozen():
    model = net()
    model.trainable = False
    small, _ = structure.shrink(model, 0.5)
    assert not small.trainable
    assert small.trainable_variables == []
    assert not any(layer.trainable for layer in small.layers if layer.weights)
