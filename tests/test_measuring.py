"""Facts about a model: reports against known numbers, file sizes, zeros after single steps."""

import dataclasses
import gzip
import json
import re

import numpy as np
import pytest
from sizes import few

from course_utils import criteria, masking, measuring, models, pruning
from course_utils.backend import keras

layers = keras.layers


def attach(model: keras.Model, sparsity: float) -> None:
    """Attach masks by magnitude."""
    scores = criteria.magnitude(pruning.weights(model))
    pruning.attach(model, masking.make_masks(scores, sparsity))


def lenet_300_100() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Flatten(name="flatten"),
            layers.Dense(300, name="fc1"),
            layers.Dense(100, name="fc2"),
            layers.Dense(10, name="fc3"),
        ],
        name="lenet300",
    )


# ------------------------------------------------------------------------------------------ reports


@pytest.mark.parametrize(
    ("build", "parameters", "macs"),
    [
        (models.article_cnn, 347_146, 541_440),
        (models.lenet5, 431_080, 2_293_000),
        (lenet_300_100, 266_610, 266_200),
    ],
)
def test_the_networks_of_the_papers(build, parameters, macs):
    model = build()
    total = measuring.report(model).total
    assert (total.parameters, total.macs) == (parameters, macs)
    assert total.parameters == model.count_params()
    assert total.zeros == 0


def test_the_rows_of_the_articles_cnn():
    rows = {row.layer: row for row in measuring.report(models.article_cnn()).rows}
    assert list(rows) == ["conv", "pool", "flatten", "dense", "output"]
    assert (rows["conv"].kernel, rows["conv"].output) == ((3, 3, 1, 32), (None, 26, 26, 32))
    assert [rows[name].macs for name in rows] == [194_688, 0, 0, 346_112, 640]
    assert [rows[name].parameters for name in rows] == [320, 0, 0, 346_176, 650]
    assert [rows[name].weights for name in rows] == [288, 0, 0, 346_112, 640]


def test_zeros_are_counted_and_macs_stay_those_of_a_dense_computation():
    model = models.article_cnn()
    pruning.attach(model, {"conv/kernel": np.arange(32).reshape(1, 1, 1, 32) < 8})
    report = measuring.report(model)
    conv = next(row for row in report.rows if row.layer == "conv")
    assert (conv.zeros, conv.sparsity) == (216, 0.75)
    assert report.total.zeros == 216
    assert report.total.sparsity == masking.sparsity(pruning.weights(model))
    assert report.total.macs == 541_440


def test_zero_biases_are_no_pruned_weights():
    assert measuring.report(models.article_cnn()).total.zeros == 0  # biases start at zero


@pytest.mark.parametrize(
    ("layer", "shape", "macs"),
    [
        (layers.Conv2D(4, 3, strides=2, padding="same"), (9, 9, 2), 3 * 3 * 2 * 4 * 5 * 5),
        (layers.Conv2D(4, 3, groups=2), (9, 9, 2), 3 * 3 * 1 * 4 * 7 * 7),
        (layers.Conv1D(4, 3, dilation_rate=2), (9, 2), 3 * 2 * 4 * 5),
        (layers.DepthwiseConv2D(3, depth_multiplier=2), (9, 9, 2), 3 * 3 * 2 * 2 * 7 * 7),
        (layers.SeparableConv2D(4, 3), (9, 9, 2), (3 * 3 * 2 + 2 * 4) * 7 * 7),
        (layers.Dense(4), (9, 2), 2 * 4 * 9),  # once for each of 9 positions
        (layers.Conv2DTranspose(3, 2, strides=2), (4, 4, 1), 2 * 2 * 1 * 3 * 4 * 4),
        (layers.EinsumDense("abc,cde->abde", (5, 2, 3)), (5, 7), 7 * 2 * 3 * 5),
        (layers.EinsumDense("abc,cde->abde", (None, 2, 3)), (5, 7), 7 * 2 * 3 * 5),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, layers.Layer) else None,
)
def test_macs_of_every_kind_of_layer_against_counting_by_hand(layer, shape, macs):
    """A transposed convolution multiplies its whole kernel at each *input* position."""
    model = keras.Sequential([keras.Input(shape), layer])
    assert measuring.report(model).total.macs == macs


# Keras's own documentation gives the parameters; the MACs are those of the papers: He et al. 2015
# (arXiv 1512.03385, table 1, "3.8 billion"), Sandler et al. 2018 (arXiv 1801.04381, table 4,
# "300M"). VGG16 is summed by hand below.
PUBLISHED = {
    "ResNet50": (25_636_712, 3.8e9),
    "MobileNetV2": (3_538_984, 300e6),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", few(PUBLISHED.keys(), "MobileNetV2"))
def test_networks_of_published_cost(name):
    parameters, macs = PUBLISHED[name]
    total = measuring.report(getattr(keras.applications, name)(weights=None)).total
    assert total.parameters == parameters
    assert total.macs == pytest.approx(macs, rel=0.02)


@pytest.mark.slow
@pytest.mark.full
def test_vgg16_summed_by_hand():
    widths = [[64, 64], [128, 128], [256] * 3, [512] * 3, [512] * 3]
    macs, inputs = 0, 3
    for size, block in zip((224, 112, 56, 28, 14), widths, strict=True):
        for outputs in block:
            macs += 9 * inputs * outputs * size * size
            inputs = outputs
    macs += 7 * 7 * 512 * 4096 + 4096 * 4096 + 4096 * 1000
    total = measuring.report(keras.applications.VGG16(weights=None)).total
    assert (total.parameters, total.macs) == (138_357_544, macs)
    assert macs == pytest.approx(15.5e9, rel=0.005)


def attention(x: keras.KerasTensor) -> keras.KerasTensor:
    """Return a small transformer block of width 8: 2 heads of 4, a feed-forward part of 16."""
    y = layers.MultiHeadAttention(2, 4, name="mha")(x, x)
    x = layers.LayerNormalization(name="norm")(layers.Add()([x, y]))
    return layers.Dense(8, name="down")(layers.Dense(16, "relu", name="up")(x))


@pytest.mark.parametrize(
    ("build", "shape", "macs"),
    [
        # 4 projections of 8x8 for each of 5 positions, two products of 5x5 for 8 channels, 2 layers
        (attention, (5, 8), 4 * 64 * 5 + 2 * 25 * 8 + 2 * 8 * 16 * 5),
        (layers.LSTM(3), (7, 2), 7 * (2 + 3) * 12),
        (layers.GRU(3, return_sequences=True), (7, 2), 7 * (2 + 3) * 9),
        (layers.SimpleRNN(3, unroll=True), (7, 2), 7 * (2 + 3) * 3),
        (layers.Bidirectional(layers.GRU(3)), (7, 2), 2 * 7 * (2 + 3) * 9),
        (
            layers.RNN([layers.LSTMCell(3, name="one"), layers.GRUCell(4, name="two")]),
            (7, 2),
            7 * ((2 + 3) * 12 + (3 + 4) * 12),
        ),
        # 4 kernels of 3x3 over 4x4 places (valid) from the input, over 4x4 (same) from the state
        (layers.ConvLSTM2D(2, 3), (5, 6, 6, 1), 5 * 16 * (9 * 1 * 8 + 9 * 2 * 8)),
        (layers.TimeDistributed(layers.Conv2D(2, 3)), (5, 6, 6, 1), 5 * 16 * 9 * 2),
        (layers.TimeDistributed(layers.Dense(3)), (5, 2), 5 * 6),
        (layers.SeparableConv1D(4, 3), (9, 2), (3 * 2 + 2 * 4) * 7),
        (layers.Conv3DTranspose(2, 2), (3, 3, 3, 1), 8 * 2 * 27),
    ],
)
def test_macs_of_layers_that_loop_or_attend(build, shape, macs):
    inputs = keras.Input(shape)
    model = keras.Model(inputs, build(inputs))
    assert measuring.report(model).total.macs == macs
    assert measuring.report(model).total.parameters == model.count_params()


def test_looking_up_an_embedding_costs_no_macs():
    words = keras.Input((7,), dtype="int32")
    embedded = layers.Embedding(10, 4, name="embedding")(words)
    report = measuring.report(keras.Model(words, layers.Dense(3, name="fc")(embedded)))
    assert {row.layer: row.macs for row in report.rows} == {"embedding": 0, "fc": 7 * 12}


def test_a_siamese_network_works_twice_and_a_unet_in_a_model_once():
    inside = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="fc")], name="branch")
    one, two = keras.Input((4,)), keras.Input((4,))
    joined = layers.Concatenate()([inside(one), inside(two)])
    total = measuring.report(keras.Model([one, two], layers.Dense(2, name="out")(joined))).total
    assert (total.parameters, total.macs) == (15 + 14, 2 * 12 + 12)
    image = keras.Input((8, 8, 1))
    down = layers.Conv2D(2, 3, strides=2, padding="same", name="down")(image)
    up = layers.Conv2DTranspose(1, 2, strides=2, name="up")(down)
    unet = keras.Model(image, layers.Concatenate()([image, up]), name="unet")
    outer = keras.Input((8, 8, 1))
    report = measuring.report(keras.Model(outer, layers.Conv2D(1, 1, name="head")(unet(outer))))
    macs = {row.layer: row.macs for row in report.rows if row.macs}
    assert macs == {"unet/down": 9 * 2 * 16, "unet/up": 4 * 2 * 16, "head": 2 * 64}


def test_a_nested_model_counts_as_its_layers_do():
    inner = [layers.Conv2D(4, 3, name="conv"), layers.Flatten(), layers.Dense(5, name="fc")]
    nested = keras.Sequential([keras.Input((8, 8, 1)), *inner], name="inner")
    image = keras.Input((8, 8, 1))
    model = keras.Model(image, layers.Dense(2, name="out")(nested(image)))
    total = measuring.report(model).total
    assert total.macs == 3 * 3 * 4 * 6 * 6 + 6 * 6 * 4 * 5 + 5 * 2
    assert total.parameters == model.count_params()
    assert total.weights == 36 + 720 + 10


def test_a_layer_used_twice_has_its_weights_once_and_its_work_twice():
    shared, features = layers.Dense(4, name="shared"), keras.Input((4,))
    total = measuring.report(keras.Model(features, shared(shared(features)))).total
    assert (total.parameters, total.weights, total.macs) == (20, 16, 32)


def test_several_inputs_and_outputs():
    one, two = keras.Input((3,)), keras.Input((1,))
    joined = layers.Concatenate()([one, two])
    outputs = [layers.Dense(2, name="a")(joined), layers.Dense(5, name="b")(joined)]
    total = measuring.report(keras.Model([one, two], outputs)).total
    assert (total.parameters, total.macs) == (10 + 25, 8 + 20)


def test_a_nested_model_with_two_outputs():
    features = keras.Input((4,))
    heads = [layers.Dense(2, name="a")(features), layers.Dense(3, name="b")(features)]
    two = keras.Model(features, heads, name="two")
    image = keras.Input((4,))
    total = measuring.report(keras.Model(image, layers.Concatenate()(two(image)))).total
    assert (total.parameters, total.macs) == (25, 20)


class Subclassed(keras.Model):
    """A model written as a class: Keras knows no output shapes of its layers."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = layers.Dense(2, name="fc")

    def call(self, x):
        return self.fc(x)


@pytest.mark.parametrize("function", [measuring.report, measuring.file_bytes])
def test_a_model_written_as_a_class_is_measured_or_refused_in_words(function):
    model = Subclassed()
    model(np.ones((1, 4), "float32"))
    try:
        result = function(model)
    except ValueError as refused:
        assert re.search("Sequential|Functional|functional", str(refused))  # noqa: PT017
    else:
        assert getattr(result, "total", result)


def test_a_model_written_as_a_class_needs_a_batch_of_inputs():
    model, x = Subclassed(), np.ones((5, 4), "float32")
    model(x)
    with pytest.raises(ValueError, match=r"does not declare the shapes.*inputs=x\[:1\]"):
        measuring.report(model)
    total = measuring.report(model, inputs=x).total
    assert (total.parameters, total.macs) == (10, 8)


def test_a_layer_that_is_never_used_says_so():
    model = Subclassed()
    model.spare = layers.Dense(3, name="spare")
    model.spare.build((None, 4))
    model(np.ones((1, 4), "float32"))
    rows = {row.layer: row for row in measuring.report(model, inputs=np.ones((1, 4))).rows}
    assert (rows["spare"].note, rows["spare"].macs) == ("not used", 0)
    assert rows["fc"].note == ""


def test_looking_at_the_cost_changes_no_statistics_and_no_layer():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.BatchNormalization()])
    before = [v.numpy() for v in model.variables]
    measuring.report(model)
    assert all((a == v.numpy()).all() for a, v in zip(before, model.variables, strict=True))
    assert all("call" not in vars(layer) for layer in model.layers)


# ----------------------------------------------------------------------------- what was left alone


def test_the_sparsity_of_the_whole_model_counts_what_was_left_alone():
    model = keras.Sequential(
        [
            keras.Input((9,)),
            layers.Dense(10, name="a"),
            layers.BatchNormalization(name="bn"),
            layers.Dense(1, name="b"),
        ]
    )
    pruning.attach(model, {"a/kernel": np.zeros((9, 10))})
    model.get_layer("a").trainable = False
    report = measuring.report(model, exclude="b")
    assert (report.total.sparsity, report.total.weights) == (1, 90)
    assert f"{90 / (90 + 10 + 40 + 10 + 1):.1%} of all parameters" in report.summary()[0]
    assert report.left_alone == {
        "a bias: there are few, and they shift rather than connect": 11,
        "normalization: it scales and shifts, and is as large as a bias": 40,
        "left out by `exclude`": 10,
    }
    assert {row.layer: row.note for row in report.rows} == {
        "a": "held, frozen, only 0 for 10 outputs",
        "bn": "",
        "b": "",
    }
    assert sum(report.left_alone.values()) + report.total.weights == report.total.parameters


def test_what_is_no_model_is_refused():
    with pytest.raises(TypeError, match="must be a Keras model"):
        measuring.report(layers.Dense(3))


def test_an_image_of_any_size_is_taken_small_and_the_report_says_so():
    model = keras.Sequential([keras.Input((None, None, 1)), layers.Conv2D(4, 3, name="conv")])
    found = measuring.report(model)
    assert found.total.macs == 30 * 30 * 36
    assert "inputs (1, 32, 32, 1): for another size give inputs=x[:1]" in found.summary()[-1]
    given = measuring.report(model, inputs=np.zeros((7, 5, 5, 1)))
    assert (given.total.macs, given.assumed) == (3 * 3 * 36, "")


def test_a_size_that_is_too_small_for_the_model_is_not_taken():
    """Three halvings leave 32 with no place for a window of 5; 64 has one."""
    halves = [layers.MaxPooling2D(name=f"pool{i}") for i in range(3)]
    model = keras.Sequential([keras.Input((None, None, 1)), *halves, layers.Conv2D(1, 5)])
    assert measuring.report(model).total.macs == 4 * 4 * 25


def test_no_size_that_computes_is_a_refusal_with_a_way_out():
    model = keras.Sequential([keras.Input((None, 2)), layers.Conv1D(1, 20_000)])
    with pytest.raises(ValueError, match=r"none of the sizes tried works.*inputs=x\[:1\]"):
        measuring.report(model)


# ------------------------------------------------------------- loops, states, and uses in reverse


def frames() -> tuple[keras.Model, keras.Model]:
    """A small network for one image, and one that has it look at five, one after the other."""
    cnn = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, padding="same", name="conv"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(6, name="fc"),
        ],
        name="cnn",
    )
    film = keras.Input((5, 8, 8, 3))
    steps = layers.TimeDistributed(cnn, name="each")(film)
    return cnn, keras.Model(film, layers.Dense(2, name="end")(layers.LSTM(7, name="lstm")(steps)))


def test_a_model_in_a_loop_costs_as_often_as_the_loop_turns():
    cnn, model = frames()
    one = 64 * 27 * 4 + 4 * 6
    assert measuring.report(cnn).total.macs == one
    macs = {row.layer: row.macs for row in measuring.report(model).rows}
    assert macs["each/cnn/conv"] == 5 * 64 * 27 * 4
    assert sum(macs.values()) == 5 * one + 5 * (6 + 7) * 28 + 7 * 2


def test_a_loop_in_a_loop_and_a_loop_around_what_remembers():
    film = keras.Input((3, 4, 5))
    inner = layers.TimeDistributed(layers.Dense(2, name="fc"), name="inner")
    h = layers.TimeDistributed(inner, name="outer")(film)
    h = layers.TimeDistributed(layers.GRU(6, name="gru"), name="rows")(h)
    model = keras.Model(film, h)
    assert measuring.report(model).total.macs == 3 * 4 * 5 * 2 + 3 * 4 * (2 + 6) * 18


def test_places_that_are_folded_into_the_batch_count():
    film = keras.Input((3, 4, 4, 2))
    h = layers.Lambda(lambda x: keras.ops.reshape(x, (-1, 4, 4, 2)), output_shape=(4, 4, 2))(film)
    model = keras.Model(film, layers.Conv2D(5, 3, padding="same", name="conv")(h))
    assert measuring.report(model).total.macs == 3 * 16 * 18 * 5


def test_an_embedding_in_reverse_multiplies():
    tokens, table = (
        keras.Input((6,), dtype="int32"),
        layers.ReversibleEmbedding(30, 4, name="table"),
    )
    model = keras.Model(tokens, table(layers.Dense(4, name="fc")(table(tokens)), reverse=True))
    assert {row.layer: row.macs for row in measuring.report(model).rows} == {
        "table": 6 * 4 * 30,
        "fc": 6 * 16,
    }


@pytest.mark.parametrize("stateful", [False, True])
def test_batches_of_one_size_cost_what_one_example_costs(stateful):
    x = keras.Input((5, 3), batch_size=4)
    model = keras.Model(x, layers.Dense(1)(layers.LSTM(6, stateful=stateful, name="lstm")(x)))
    total = 5 * (3 + 6) * 24 + 6
    assert measuring.report(model).total.macs == total
    assert measuring.report(model, inputs=np.ones((9, 5, 3))).total.macs == total
    with pytest.raises(ValueError, match="batches of 4 only: give at least 4 examples, not 1"):
        measuring.report(model, inputs=np.ones((1, 5, 3)))
    if stateful:
        assert not np.any(model.get_layer("lstm").states[0])


@pytest.mark.parametrize("words", ["lookup", "vectorization"])
def test_text_is_measured(words):
    if words == "lookup":
        texts, layer = np.array([["a", "b", "c"]]), layers.StringLookup(vocabulary=["a", "b"])
    else:  # between text and tokens it has words of ragged length
        texts = np.array([["a b"]])
        layer = layers.TextVectorization(vocabulary=["a", "b"], output_sequence_length=3)
    x = keras.Input(texts.shape[1:], dtype="string")
    model = keras.Model(x, layers.Dense(2, name="fc")(layers.Embedding(4, 4)(layer(x))))
    assert measuring.report(model).total.macs == 3 * 4 * 2
    assert measuring.report(model, inputs=texts).total.macs == 3 * 4 * 2


def test_an_unbuilt_model_is_refused():
    with pytest.raises(ValueError, match="Build the model first"):
        measuring.report(keras.Sequential([layers.Dense(2)]))


# ------------------------------------------------------------------------------- how reports appear


@pytest.fixture(scope="module")
def report() -> measuring.Report:
    """The article's CNN, 90 % pruned."""
    model = models.article_cnn()
    attach(model, 0.9)
    return measuring.report(model)


def test_a_report_is_plain_data_for_json(report):
    data = json.loads(json.dumps(dataclasses.asdict(report)))
    assert data["model"] == "article_cnn"
    assert [row["layer"] for row in data["rows"]] == ["conv", "pool", "flatten", "dense", "output"]
    assert data["rows"][0]["kernel"] == [3, 3, 1, 32]
    assert sum(row["macs"] for row in data["rows"]) == report.total.macs
    assert report.total.sparsity == pytest.approx(0.9)


def test_a_report_prints_as_an_aligned_table_with_its_sum_below(report):
    table, summary = str(report).split("\n\n")
    lines = table.splitlines()
    assert repr(report) == str(report)
    assert len(lines) == 2 + 5 + 1
    assert len({len(line) for line in lines}) == 1, "every line is as wide as the heading"
    assert lines[-1].split() == ["total", "-", "347,146", "312,336", "90.0%", "541,440", "-"]
    assert summary.splitlines() == [
        "sparsity: 90.0% of the prunable weights, 90.0% of all parameters; compression 10.0",
        "left alone: 106 (a bias: there are few, and they shift rather than connect)",
    ]


def test_a_report_in_a_notebook_has_the_same_cells_and_lines(report):
    page = report._repr_html_()
    head, *rows = report.table()
    assert re.findall(r"<th>(.*?)</th>", page) == list(head)
    assert re.findall(r"<td>(.*?)</td>", page) == [cell for row in rows for cell in row]
    assert all(line in page for line in report.summary())


def test_names_are_escaped_in_html():
    model = keras.Sequential([keras.Input((2,)), layers.Dense(2, name="<b>&fc")])
    page = measuring.report(model)._repr_html_()
    assert "&lt;b&gt;&amp;fc" in page
    assert "<b>" not in page


# --------------------------------------------------------------------------------------- file sizes


def test_an_optimizers_state_does_not_count(pictures):
    """Keras saves Adam's moments with the weights: three times the bytes."""
    dense, trained = models.article_cnn(), models.article_cnn()
    trained.run_eagerly = True
    trained.fit(*pictures, verbose=0)
    assert abs(measuring.file_bytes(trained) - measuring.file_bytes(dense)) < 500
    assert measuring.file_bytes(dense) == pytest.approx(4 * 347_146, rel=0.03)


def test_zeros_save_nothing_until_the_file_is_compressed():
    dense, pruned = models.article_cnn(), models.article_cnn()
    attach(pruned, 0.9)
    assert measuring.file_bytes(pruned) == measuring.file_bytes(dense)
    ratio = measuring.file_bytes(dense, compressed=True) / measuring.file_bytes(pruned, True)
    assert ratio > 4


def test_the_compressed_size_is_that_of_the_weights_under_gzip():
    model = models.article_cnn()
    attach(model, 0.9)
    weights = b"".join(W.tobytes() for W in model.get_weights())
    size = len(gzip.compress(weights, 9))
    assert measuring.file_bytes(model, compressed=True) == pytest.approx(size, rel=0.02)


def test_measuring_changes_nothing_and_leaves_no_file(tiny, batch, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    model = tiny("adam")
    attach(model, 0.5)
    before = model.get_weights()
    measuring.file_bytes(model)
    measuring.report(model)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    assert list(tmp_path.iterdir()) == []
    model.fit(*batch, verbose=0)
    assert not any(pruning.regrown(model).values())


def test_the_optimizer_of_a_nested_model_does_not_count_either(batch):
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(64, name="fc")], name="inner")
    features = keras.Input((6,))
    model = keras.Model(features, layers.Dense(3, name="out")(inner(features)))
    before = measuring.file_bytes(model)
    inner.compile("adam", "mse", run_eagerly=True)
    inner.fit(batch.x, np.zeros((32, 64)), verbose=0)
    assert abs(measuring.file_bytes(model) - before) < 500


# ---------------------------------------------------------------------- zeros after single steps


def prune_once(model: keras.Model) -> None:
    """Set half of the weights to zero, as the article does: no mask."""
    masks = masking.make_masks(criteria.magnitude(pruning.weights(model)), 0.5)
    for name, W in masking.apply(pruning.weights(model), masks).items():
        pruning.kernels(model)[name].assign(W)


def fit(model: keras.Model, batch, counter: measuring.ZeroCounter, **settings: object) -> None:
    settings = {"batch_size": 8, "epochs": 2, "verbose": 0, **settings}  # 8 steps
    model.fit(*batch, callbacks=[counter], **settings)


def test_zeros_before_and_after_single_steps(tiny, batch):
    model, counter = tiny(), measuring.ZeroCounter([5, 0, 1, 1, 100])
    prune_once(model)
    fit(model, batch, counter)
    assert list(counter.sparsity) == [0, 1, 5]
    assert counter.sparsity[0] == 0.5
    assert counter.sparsity[1] < 0.2


def test_a_held_mask_shows_as_a_flat_line(tiny, batch):
    model, counter = tiny(), measuring.ZeroCounter(range(9))
    attach(model, 0.75)
    fit(model, batch, counter)
    assert counter.sparsity == dict.fromkeys(range(9), 0.75)


@pytest.mark.parametrize("new_optimizer", [False, True])
def test_steps_are_counted_over_several_calls_of_fit(tiny, batch, new_optimizer):
    model, counter = tiny(), measuring.ZeroCounter([0, 7, 8, 9, 16])
    fit(model, batch, counter)
    if new_optimizer:
        models.compiled(model, "sgd")
    fit(model, batch, counter)
    assert list(counter.sparsity) == [0, 7, 8, 9, 16]


def test_steps_before_the_counter_came_do_not_count(tiny, batch):
    model, counter = tiny(), measuring.ZeroCounter([0, 1])
    model.fit(*batch, verbose=0)
    fit(model, batch, counter)
    assert list(counter.sparsity) == [0, 1]


def test_with_several_steps_per_execution_the_end_of_a_group_is_recorded(tiny, batch):
    model = tiny(steps_per_execution=4)
    counter = measuring.ZeroCounter([0, 1, 2, 6])
    fit(model, batch, counter)
    assert list(counter.sparsity) == [0, 4, 8]


def test_with_accumulated_gradients_the_optimizers_steps_are_counted(tiny, batch):
    model = tiny(keras.optimizers.SGD(0.1, gradient_accumulation_steps=2))
    counter = measuring.ZeroCounter(range(20))
    fit(model, batch, counter)
    assert list(counter.sparsity) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("steps", [[-1], [0.5], ["1"]])
def test_steps_that_are_no_steps_are_refused(steps):
    with pytest.raises((TypeError, ValueError), match="step"):
        measuring.ZeroCounter(steps)
