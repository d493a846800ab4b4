"""Which weights are found in every kind of layer and model, and what their axes mean.

Layouts are checked by what they mean: weights of one output channel, zeroed, leave that channel
constant and the others as they were; weights of one input channel, zeroed, make the layer blind
to it.
"""

import numpy as np
import pytest
from sizes import full_run

from course_utils import criteria, masking, models, pruning, schedules
from course_utils.backend import keras
from course_utils.pruning.layers import read

layers = keras.layers
# Tracing a step takes a second and more, the steps taken here eagerly a tenth.
EAGER = {"run_eagerly": not full_run()}


def stack(shape: tuple, *parts: keras.Layer, **options: object) -> keras.Model:
    return keras.Sequential([keras.Input(shape, **options), *parts])


def attending(layer: keras.Layer) -> keras.Model:
    """A model that attends to itself, five steps of four features."""
    sequence = keras.Input((5, 4))
    return keras.Model(sequence, layer(sequence, sequence))


def half(model: keras.Model, **choice: object) -> masking.Masks:
    scores = criteria.magnitude(pruning.weights(model, **choice))
    return masking.make_masks(scores, 0.5, scope="layer")


def trained(model: keras.Model) -> keras.Model:
    """Train for two steps on random inputs and targets of the model's own shapes."""
    rng = np.random.default_rng(0)
    model.compile(keras.optimizers.Adam(0.01), "mse", **EAGER)
    x = rng.integers(0, 2, (8, *model.input_shape[1:]))
    y = rng.normal(size=(8, *model.output_shape[1:]))
    model.fit(x, y, batch_size=4, verbose=0)
    return model


class Mixer(layers.Layer):
    """A layer of one's own: a matrix, matrices in a list, a vector and a state."""

    def build(self, shape: tuple) -> None:
        size = shape[-1]
        self.mix = self.add_weight(shape=(size, size), name="mix")
        self.more = [self.add_weight(shape=(size, size), name="more") for _ in range(2)]
        self.gain = self.add_weight(shape=(size,), name="gain")
        self.seen = self.add_weight(shape=(size, size), name="seen", trainable=False)

    def call(self, x):
        return x @ self.mix @ self.more[0] @ self.more[1] * self.gain


class Block(layers.Layer):
    """A layer of one's own that holds layers: in an attribute, a list, a list in it, a dict."""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self.first = layers.Dense(4, name="first")
        self.rest = [layers.Dense(4, name="second"), [layers.Dense(4, name="third")]]
        self.named = {"last": layers.Dense(4, name="fourth")}

    def call(self, x):
        x = self.rest[1][0](self.rest[0](self.first(x)))
        return self.named["last"](x)


class Whole(keras.Model):
    """A model written as a class: a nested model, a block, and a matrix of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = stack((4,), layers.Dense(4, name="fc"))
        self.inner.name = "inner"
        self.block = Block(name="block")
        self.out = layers.Dense(2, name="fc")
        self.mix = self.add_weight(shape=(4, 4), name="mix")
        self.gain = self.add_weight(shape=(4,), name="gain")

    def call(self, x):
        return self.out(self.block(self.inner(x) @ self.mix * self.gain))


def built(kind: type = Whole) -> keras.Model:
    model = kind()
    model(np.ones((1, 4), "float32"))
    return model


# -------------------------------------------------------------------- every kind of layer there is

ONE = {"l/kernel"}
TWO = {"l/kernel", "l/recurrent_kernel"}
DEEP = {"l/depthwise_kernel", "l/pointwise_kernel"}
KINDS = {
    "Dense": (lambda: stack((4,), layers.Dense(3, name="l")), ONE),
    "EinsumDense": (lambda: stack((4,), layers.EinsumDense("ab,bc->ac", 3, name="l")), ONE),
    "Conv1D": (lambda: stack((9, 2), layers.Conv1D(4, 3, name="l")), ONE),
    "Conv2D": (lambda: stack((5, 5, 2), layers.Conv2D(4, 3, name="l")), ONE),
    "Conv2D in groups": (lambda: stack((5, 5, 4), layers.Conv2D(4, 3, groups=2, name="l")), ONE),
    "Conv3D": (lambda: stack((3, 3, 3, 2), layers.Conv3D(2, 2, name="l")), ONE),
    "Conv1DTranspose": (lambda: stack((5, 2), layers.Conv1DTranspose(3, 3, name="l")), ONE),
    "Conv2DTranspose": (lambda: stack((3, 3, 2), layers.Conv2DTranspose(3, 3, name="l")), ONE),
    "Conv3DTranspose": (lambda: stack((2, 2, 2, 2), layers.Conv3DTranspose(2, 2, name="l")), ONE),
    "DepthwiseConv1D": (lambda: stack((9, 2), layers.DepthwiseConv1D(3, name="l")), ONE),
    "DepthwiseConv2D": (lambda: stack((5, 5, 2), layers.DepthwiseConv2D(3, name="l")), ONE),
    "SeparableConv1D": (lambda: stack((9, 2), layers.SeparableConv1D(4, 3, name="l")), DEEP),
    "SeparableConv2D": (lambda: stack((5, 5, 2), layers.SeparableConv2D(4, 3, name="l")), DEEP),
    "LSTM": (lambda: stack((5, 4), layers.LSTM(3, name="l")), TWO),
    "GRU": (lambda: stack((5, 4), layers.GRU(3, name="l")), TWO),
    "SimpleRNN": (lambda: stack((5, 4), layers.SimpleRNN(3, name="l")), TWO),
    "ConvLSTM1D": (lambda: stack((3, 5, 2), layers.ConvLSTM1D(2, 3, name="l")), TWO),
    "ConvLSTM2D": (lambda: stack((3, 5, 5, 1), layers.ConvLSTM2D(2, 3, name="l")), TWO),
    "Bidirectional": (
        lambda: stack((5, 4), layers.Bidirectional(layers.GRU(3, name="r"), name="l")),
        {
            *("l/forward_r/kernel", "l/forward_r/recurrent_kernel"),
            *("l/backward_r/kernel", "l/backward_r/recurrent_kernel"),
        },
    ),
    "RNN of a cell": (
        lambda: stack((5, 4), layers.RNN(layers.GRUCell(3, name="cell"), name="l")),
        {"l/cell/kernel", "l/cell/recurrent_kernel"},
    ),
    "RNN of stacked cells": (
        lambda: stack(
            (5, 4),
            layers.RNN(
                [layers.LSTMCell(3, name="low"), layers.SimpleRNNCell(2, name="high")], name="l"
            ),
        ),
        {
            *("l/low/kernel", "l/low/recurrent_kernel"),
            *("l/high/kernel", "l/high/recurrent_kernel"),
        },
    ),
    "MultiHeadAttention": (
        lambda: attending(layers.MultiHeadAttention(2, 3, name="l")),
        {f"l/{part}/kernel" for part in ("query", "key", "value", "attention_output")},
    ),
    "GroupQueryAttention": (
        lambda: attending(layers.GroupQueryAttention(3, 4, 2, name="l")),
        {f"l/{part}/kernel" for part in ("query", "key", "value", "attention_output")},
    ),
    "TimeDistributed": (
        lambda: stack((5, 4), layers.TimeDistributed(layers.Dense(3, name="fc"), name="l")),
        {"l/fc/kernel"},
    ),
    "SpectralNormalization": (
        lambda: stack((4,), layers.SpectralNormalization(layers.Dense(3, name="fc"), name="l")),
        {"l/fc/kernel"},
    ),
    "layers in a layer": (
        lambda: stack((4,), Block(name="l")),
        {f"l/{name}/kernel" for name in ("first", "second", "third", "fourth")},
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_layer_is_found_with_all_its_kernels(kind):
    make, names = KINDS[kind]
    assert set(pruning.kernels(make())) == names


@pytest.mark.parametrize("kind", KINDS)
def test_names_are_the_same_when_a_model_is_built_again(kind):
    make, _ = KINDS[kind]
    assert list(pruning.skipped(make())) == list(pruning.skipped(make()))
    assert list(pruning.kernels(make())) == list(pruning.kernels(make()))


@pytest.mark.parametrize("kind", KINDS)
def test_masks_hold_in_every_kind_of_layer_while_it_trains(kind):
    model = KINDS[kind][0]()
    masks = half(model)
    pruning.attach(model, masks)
    before = pruning.weights(model)
    trained(model)
    assert not any(pruning.regrown(model).values())
    for name, W in pruning.weights(model).items():
        np.testing.assert_array_equal(W != 0, masks[name])
        assert (W != before[name])[masks[name]].any(), f"{name} does not train"


@pytest.mark.parametrize("kind", KINDS)
def test_each_layout_has_a_letter_for_every_axis(kind):
    model = KINDS[kind][0]()
    layouts = pruning.layouts(model)
    assert {name: len(letters) for name, letters in layouts.items()} == {
        name: W.ndim for name, W in pruning.weights(model).items()
    }


def test_embeddings_are_found_on_request_and_hold():
    model = stack((5,), layers.Embedding(7, 3, name="words"), layers.Flatten(), dtype="int32")
    model.add(layers.Dense(2, name="fc"))
    assert list(pruning.kernels(model)) == ["fc/kernel"]
    assert list(pruning.kernels(model, include="*")) == ["words/embeddings", "fc/kernel"]
    masks = half(model, include="words")
    pruning.attach(model, masks)
    trained(model)
    assert pruning.regrown(model) == {"words/embeddings": 0}


def test_matrices_of_a_layer_of_ones_own_are_found_on_request_and_hold():
    model = stack((4,), Mixer(name="mixer"), layers.Dense(2, name="fc"))
    assert list(pruning.kernels(model)) == ["fc/kernel"]
    assert list(pruning.kernels(model, include=Mixer)) == ["mixer/mix"]
    pruning.attach(model, half(model, include="mixer/*"))
    trained(model)
    assert pruning.regrown(model) == {"mixer/mix": 0}


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (lambda: stack((4,), Mixer(name="mixer")), "mixer/mix"),
        (lambda: stack((5,), layers.Embedding(7, 3, name="words")), "words/embeddings"),
    ],
)
def test_a_model_with_kernels_on_request_only_can_be_pruned_on_a_schedule(model, name):
    model = model()
    with pytest.raises(ValueError, match="no kernel to prune"):
        pruning.kernels(model)
    model.compile("sgd", "mse", **EAGER)
    pruner = pruning.PruneOnSchedule(schedules.constant(0.5), include="*")
    x = np.ones((8, *model.input_shape[1:]), "int32")
    model.fit(x, np.ones((8, *model.output_shape[1:])), verbose=0, callbacks=[pruner])
    assert masking.sparsity(pruning.weights(model, include="*")) == pytest.approx(0.5, abs=0.03)
    assert pruning.regrown(model) == {name: 0}


# ------------------------------------------------------------------------------ models in models


def test_a_model_written_as_a_class_with_all_that_is_in_it():
    model = built()
    assert list(pruning.kernels(model)) == [
        "inner/fc/kernel",
        *(f"block/{name}/kernel" for name in ("first", "second", "third", "fourth")),
        "fc/kernel",
    ]
    assert list(pruning.kernels(model, include="mix")) == ["mix"]


def test_a_matrix_that_belongs_to_the_model_itself_can_be_held():
    model = built()
    model.compile("sgd", "mse", **EAGER)
    pruning.attach(model, {"mix": np.eye(4)})
    model.fit(np.ones((8, 4)), np.ones((8, 2)), verbose=0)
    np.testing.assert_array_equal(model.mix.numpy() != 0, np.eye(4) == 1)


def test_masks_hold_in_nested_and_shared_layers_alike():
    inner = stack((4,), layers.Dense(4, name="fc"))
    shared, image = layers.Dense(4, name="shared"), keras.Input((4,))
    model = keras.Model(image, shared(inner(shared(inner(image)))))
    assert sorted(pruning.kernels(model)) == sorted([f"{inner.name}/fc/kernel", "shared/kernel"])
    pruning.attach(model, half(model))
    trained(model)
    assert not any(pruning.regrown(model).values())


class Twins(keras.Model):
    """Layers of equal names, with kernels and without."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = (layers.Dense(4, name="fc") for _ in range(2))
        self.norms = [layers.BatchNormalization(name="norm") for _ in range(2)]
        self.out = layers.Dense(2, name="out")

    def call(self, x):
        return self.out(self.norms[1](self.right(self.norms[0](self.left(x)))))


def test_layers_of_equal_names_are_refused_until_one_of_them_is_left_out():
    model = built(Twins)
    with pytest.raises(ValueError, match="both called 'fc/kernel'"):
        pruning.kernels(model)
    found = pruning.kernels(model, exclude=model.right)
    assert found["fc/kernel"] is model.left.kernel


def test_a_mask_for_one_of_two_layers_of_equal_names_is_refused_rather_than_given_to_either():
    model = built(Twins)
    with pytest.raises(ValueError, match="both called 'fc/kernel'"):
        pruning.attach(model, {"fc/kernel": np.zeros((4, 4))})
    assert model.left.kernel.numpy().any()
    assert model.right.kernel.numpy().any()


def test_layers_of_equal_names_do_not_hinder_what_does_not_touch_them():
    model = built(Twins)
    pruning.attach(model, {"out/kernel": np.zeros((4, 2))})
    assert pruning.regrown(model) == {"out/kernel": 0}


# ------------------------------------------------------------------------- what the layouts mean


def along(name: str, layout: str, letter: str, index: tuple, shape: tuple) -> np.ndarray:
    """A mask without the weights at `index` along the axes of a letter."""
    mask = np.ones(shape, bool)
    place = iter(index)
    mask[tuple(next(place) if one == letter else slice(None) for one in layout)] = False
    return mask


def answer(model: keras.Model, x: np.ndarray) -> np.ndarray:
    return keras.ops.convert_to_numpy(model(x, training=False))


def response(model: keras.Model, name: str, mask: np.ndarray, x: np.ndarray) -> np.ndarray:
    """What the model answers with a mask on one of its kernels; the model stays as it is."""
    variable = pruning.kernels(model)[name]
    before = variable.numpy()
    variable.assign(np.where(mask, before, 0))
    out = answer(model, x)
    variable.assign(before)
    return out


PLAIN = {
    "Dense": (lambda: stack((4,), layers.Dense(3, name="l")), "l/kernel", "io"),
    "Conv2D": (lambda: stack((5, 5, 3), layers.Conv2D(4, 3, name="l")), "l/kernel", "ssio"),
    "Conv2DTranspose": (
        lambda: stack((5, 5, 3), layers.Conv2DTranspose(4, 3, name="l")),
        "l/kernel",
        "ssoi",
    ),
    "SeparableConv2D": (
        lambda: stack((5, 5, 3), layers.SeparableConv2D(4, 3, name="l")),
        "l/pointwise_kernel",
        "ssio",
    ),
    "EinsumDense": (
        lambda: stack((3, 4), layers.EinsumDense("abc,dc->abd", (None, 5), name="l")),
        "l/kernel",
        "oi",
    ),
}


@pytest.mark.parametrize("kind", PLAIN)
def test_what_lies_along_one_output_makes_that_output_and_no_other(kind):
    make, name, layout = PLAIN[kind]
    model = make()
    assert pruning.layouts(model)[name] == layout
    shape = pruning.weights(model)[name].shape
    x = np.random.default_rng(0).normal(size=(6, *model.input_shape[1:]))
    plain = answer(model, x)
    for k in range(plain.shape[-1]):
        out = response(model, name, along(name, layout, "o", (k,), shape), x)
        others = np.arange(plain.shape[-1]) != k
        assert np.ptp(out[..., k]) == 0, "the output still depends on the input"
        np.testing.assert_array_equal(out[..., others], plain[..., others])


@pytest.mark.parametrize("kind", [kind for kind in PLAIN if kind != "SeparableConv2D"])
def test_what_lies_along_one_input_is_all_that_reads_it(kind):
    make, name, layout = PLAIN[kind]
    model = make()
    shape = pruning.weights(model)[name].shape
    x = np.random.default_rng(0).normal(size=(6, *model.input_shape[1:]))
    for k in range(x.shape[-1]):
        mask, other = along(name, layout, "i", (k,), shape), x.copy()
        other[..., k] = 7
        blind = response(model, name, mask, x)
        np.testing.assert_array_equal(blind, response(model, name, mask, other))
        assert np.abs(blind - answer(model, x)).max() > 0.01


def test_a_pointwise_kernel_reads_the_channels_that_the_depthwise_kernel_makes():
    model = stack((5, 5, 3), layers.SeparableConv2D(4, 3, depth_multiplier=2, name="l"))
    layouts, weights = pruning.layouts(model), pruning.weights(model)
    assert layouts == {"l/depthwise_kernel": "ssco", "l/pointwise_kernel": "ssio"}
    x = np.random.default_rng(0).normal(size=(6, 5, 5, 3))
    for channel, which in [(0, 0), (2, 1)]:
        deep = np.ones(weights["l/depthwise_kernel"].shape, bool)
        deep[:, :, channel, which] = False
        made = 2 * channel + which
        shape = weights["l/pointwise_kernel"].shape
        point = along("", "ssio", "i", (made,), shape)
        np.testing.assert_allclose(
            response(model, "l/depthwise_kernel", deep, x),
            response(model, "l/pointwise_kernel", point, x),
            atol=1e-6,
        )


def test_a_depthwise_kernel_has_outputs_for_every_channel():
    model = stack((5, 5, 3), layers.DepthwiseConv2D(3, depth_multiplier=2, name="l"))
    assert pruning.layouts(model) == {"l/kernel": "ssco"}
    shape = pruning.weights(model)["l/kernel"].shape
    x = np.random.default_rng(0).normal(size=(6, 5, 5, 3))
    plain = answer(model, x)
    for channel in range(3):
        out = response(model, "l/kernel", along("", "ssco", "c", (channel,), shape), x)
        silent = np.flatnonzero(np.ptp(out, axis=(0, 1, 2)) == 0)
        assert silent.tolist() == [2 * channel, 2 * channel + 1]
        heard = np.setdiff1d(np.arange(6), silent)
        np.testing.assert_array_equal(out[..., heard], plain[..., heard])


def test_a_query_makes_every_feature_of_every_head_out_of_the_inputs():
    layer = layers.MultiHeadAttention(2, 3, name="l")
    model = attending(layer)
    query = next(inner for inner in layer._flatten_layers() if inner.name == "query")
    assert pruning.layouts(model)["l/query/kernel"] == "ioo"
    alone = keras.Sequential([keras.Input((5, 4)), query])
    x = np.random.default_rng(0).normal(size=(6, 5, 4))
    shape = (4, 2, 3)
    for head, feature in np.ndindex(2, 3):
        mask = along("", "ioo", "o", (head, feature), shape)
        out = response(alone, "query/kernel", mask, x)
        constant = np.ptp(out, axis=(0, 1)) == 0
        assert np.argwhere(constant).tolist() == [[head, feature]]
    other = x.copy()
    other[..., 2] = 7
    mask = along("", "ioo", "i", (2,), shape)
    np.testing.assert_array_equal(
        response(alone, "query/kernel", mask, x), response(alone, "query/kernel", mask, other)
    )


def test_an_attention_output_reads_every_feature_of_every_head():
    model = attending(layers.MultiHeadAttention(2, 3, name="l"))
    name, layout, shape = "l/attention_output/kernel", "iio", (2, 3, 4)
    assert pruning.layouts(model)[name] == layout
    x = np.random.default_rng(0).normal(size=(6, 5, 4))
    for k in range(4):
        out = response(model, name, along("", layout, "o", (k,), shape), x)
        assert np.flatnonzero(np.ptp(out, axis=(0, 1)) == 0).tolist() == [k]
    for head, feature in np.ndindex(2, 3):  # as if the value's feature were not there
        unread = response(model, name, along("", layout, "i", (head, feature), shape), x)
        value = along("", "ioo", "o", (head, feature), (4, 2, 3))
        unmade = response(model, "l/value/kernel", value, x)
        np.testing.assert_allclose(unread, unmade, atol=1e-6)


@pytest.mark.parametrize("granularity", ["filter", "channel", "kernel"])
@pytest.mark.parametrize("kind", ["DepthwiseConv2D", "Conv2DTranspose", "MultiHeadAttention"])
def test_layouts_are_what_make_masks_takes(kind, granularity):
    model = KINDS[kind][0]()
    scores = criteria.magnitude(pruning.weights(model))
    try:
        masks = masking.make_masks(
            scores, 0.5, "layer", granularity, layouts=pruning.layouts(model)
        )
    except ValueError as refused:
        pytest.skip(str(refused))
    pruning.attach(model, masks)
    trained(model)
    assert not any(pruning.regrown(model).values())


# ------------------------------------------------------------------------------------- selectors

CHOICES = [
    ("inner/*", ["inner/fc/kernel"]),
    ("inner", ["inner/fc/kernel"]),
    ("block", [f"block/{n}/kernel" for n in ("first", "second", "third", "fourth")]),
    ("block/f*", ["block/first/kernel", "block/fourth/kernel"]),
    ("fc", ["fc/kernel"]),
    ("*fc/kernel", ["inner/fc/kernel", "fc/kernel"]),
    (lambda layer, name: layer.name == "fc", ["inner/fc/kernel", "fc/kernel"]),
    (lambda layer, name: name.startswith("block/t"), ["block/third/kernel"]),
    (Block, [f"block/{n}/kernel" for n in ("first", "second", "third", "fourth")]),
    (["fc", "inner"], ["inner/fc/kernel", "fc/kernel"]),
    (("fc", "mix"), ["fc/kernel", "mix"]),
    (["fc", Block, lambda layer, name: name == "mix"], None),
]


@pytest.mark.parametrize(("selector", "names"), CHOICES)
def test_include_takes_what_it_names_and_exclude_leaves_it_out(selector, names):
    model = built()
    expected = names or [
        "mix",
        *(f"block/{n}/kernel" for n in ("first", "second", "third", "fourth")),
        "fc/kernel",
    ]
    assert sorted(pruning.kernels(model, include=selector)) == sorted(expected)
    left = set(pruning.kernels(model)) - set(expected)
    assert set(pruning.kernels(model, exclude=selector)) == left


def test_a_layer_itself_is_a_selector_and_so_is_what_it_lies_in():
    model = built()
    assert list(pruning.kernels(model, include=model.out)) == ["fc/kernel"]
    assert list(pruning.kernels(model, include=model.inner)) == ["inner/fc/kernel"]
    third = model.block.rest[1][0]
    chosen = pruning.kernels(model, include=[model.block], exclude=third)
    assert [name.split("/")[1] for name in chosen] == ["first", "second", "fourth"]


def test_a_recurrent_layer_is_chosen_by_its_class_or_by_one_of_its_kernels():
    model = stack((5, 4), layers.LSTM(3, name="l"), layers.Dense(2, name="fc"))
    assert set(pruning.kernels(model, include=layers.LSTM)) == TWO
    assert set(pruning.kernels(model, exclude="*/recurrent_kernel")) == {"l/kernel", "fc/kernel"}


@pytest.mark.parametrize("name", ["include", "exclude"])
@pytest.mark.parametrize(
    "selector", ["conv*", layers.Conv2D, layers.Dense(2), lambda layer, name: False, ["fc", "cf"]]
)
def test_a_selector_that_matches_nothing_is_refused_with_the_names_that_there_are(name, selector):
    with pytest.raises(ValueError, match=r"matches no weight.*'inner/fc/kernel', 'block/first"):
        pruning.kernels(built(), **{name: selector})


@pytest.mark.parametrize("name", ["include", "exclude"])
@pytest.mark.parametrize("selector", [3, 0.5, {"fc": True}, [None], np.ones(2)])
def test_a_selector_of_a_wrong_type_is_refused(name, selector):
    with pytest.raises(TypeError, match="take a pattern, a layer, a class of layers"):
        pruning.kernels(built(), **{name: selector})


def test_leaving_everything_out_is_refused():
    with pytest.raises(ValueError, match="or all are left out"):
        pruning.kernels(built(), exclude="*")


class Spare(keras.Model):
    """A model with a layer that it never calls, so that it is never built."""

    def __init__(self) -> None:
        super().__init__()
        self.used, self.spare = layers.Dense(4, name="used"), layers.Dense(4, name="spare")

    def call(self, x):
        return self.used(x)


def lora() -> keras.Model:
    model = stack((4,), layers.Dense(4, name="used"), layers.Dense(4, name="spare"))
    model.get_layer("spare").enable_lora(2)
    return model


def quantized() -> keras.Model:
    model = stack((4,), layers.Dense(4, name="used"), layers.Dense(4, name="spare"))
    model.get_layer("spare").quantize("int8")
    return model


@pytest.mark.filterwarnings("ignore:`build")
@pytest.mark.parametrize("make", [lambda: built(Spare), lora, quantized])
def test_a_layer_that_cannot_be_pruned_does_not_hinder_once_it_is_left_out(make):
    model = make()
    with pytest.raises(ValueError, match="'spare'"):
        pruning.kernels(model, include="spare")
    assert list(pruning.kernels(model, exclude="spare")) == ["used/kernel"]
    assert "used/bias" in pruning.skipped(model, exclude="spare")
    model.compile("sgd", "mse", **EAGER)
    pruner = pruning.PruneOnSchedule(schedules.constant(0.5), exclude="spare")
    model.fit(np.ones((8, 4)), np.ones((8, 4)), verbose=0, callbacks=[pruner])
    assert pruner.sparsity == 0.5
    assert pruning.regrown(model) == {"used/kernel": 0}


# --------------------------------------------------------------------------------- what is skipped


def models_to_part() -> list:
    everything = [pytest.param(make, {}, id=kind) for kind, (make, _) in KINDS.items()]
    return [
        *everything,
        pytest.param(built, {}, id="class"),
        pytest.param(built, {"include": "mix"}, id="class, its own matrix"),
        pytest.param(lambda: built(Twins), {"exclude": "fc"}, id="equal names"),
        pytest.param(lambda: stack((4,), Mixer(), layers.Dense(2)), {}, id="own layer"),
        pytest.param(lora, {"exclude": "spare"}, id="LoRA"),
        pytest.param(quantized, {"exclude": "spare"}, id="quantized"),
        pytest.param(models.article_cnn, {"exclude": "output"}, id="article"),
    ]


@pytest.mark.parametrize(("make", "choice"), models_to_part())
def test_every_weight_of_the_model_is_either_a_kernel_or_skipped(make, choice):
    model = make()
    taken, left = pruning.kernels(model, **choice), pruning.skipped(model, **choice)
    assert len(taken) + len(left) == len(model.weights)
    assert not set(taken) & set(left)


def test_every_reason_says_what_the_weight_is():
    model = stack(
        (4,),
        layers.Dense(4, name="fc"),
        layers.BatchNormalization(name="bn"),
        layers.LayerNormalization(name="ln"),
        layers.Normalization(mean=None, name="scaled"),
        layers.PReLU(name="prelu"),
        Mixer(name="mixer"),
    )
    reasons = pruning.skipped(model)
    assert set(reasons) == {
        "fc/bias",
        *(f"bn/{n}" for n in ("gamma", "beta", "moving_mean", "moving_variance")),
        *(f"ln/{n}" for n in ("gamma", "beta")),
        *(f"scaled/{n}" for n in ("mean", "variance", "count")),
        "prelu/alpha",
        *("mixer/mix", "mixer/more", "mixer/more (2)", "mixer/gain", "mixer/seen"),
    }
    words = {name: reason.split()[0:2] for name, reason in reasons.items()}
    assert words["fc/bias"] == ["a", "bias:"]
    assert {words[name][0] for name in words if name[:2] in ("bn", "ln")} == {"normalization:"}
    assert words["scaled/mean"] == words["mixer/seen"] == ["a", "state,"]
    assert reasons["prelu/alpha"] == "no kernel, but the alpha of a PReLU layer"
    assert "a layer of your own: on request" in reasons["mixer/mix"]
    assert reasons["mixer/gain"] == "no kernel, but the gain of a Mixer layer"


def test_reasons_follow_the_selectors():
    model = stack((5,), layers.Embedding(7, 3, name="words"), layers.Flatten(), dtype="int32")
    model.add(layers.Dense(2, name="fc"))
    model.add(layers.Dense(2, name="out"))
    assert "embedding: pruned on request" in pruning.skipped(model)["words/embeddings"]
    assert pruning.skipped(model, exclude="out")["out/kernel"] == "left out by `exclude`"
    only = pruning.skipped(model, include=["fc", "out"], exclude="out")
    assert only["words/embeddings"] == "not named by `include`"
    assert only["out/kernel"] == "left out by `exclude`"
    assert "words/embeddings" not in pruning.skipped(model, include="*")


def test_a_frozen_layer_is_found_and_its_weights_have_the_same_reasons():
    model = stack((4,), Mixer(name="mixer"), layers.Dense(2, name="fc"))
    before = pruning.skipped(model), list(pruning.kernels(model, include="*"))
    model.trainable = False
    assert (pruning.skipped(model), list(pruning.kernels(model, include="*"))) == before


# ------------------------------------------------------------- states that a model can be found in


@pytest.mark.parametrize("function", [pruning.kernels, pruning.weights, pruning.skipped])
def test_a_model_that_is_not_built_is_refused(function):
    with pytest.raises(ValueError, match=r"'fc' has no weights yet\. Build the model first"):
        function(keras.Sequential([layers.Dense(2, name="fc")]))


def test_a_frozen_layer_is_pruned_and_held():
    model = stack((4,), layers.Dense(4, name="frozen"), layers.Dense(2, name="fc"))
    model.get_layer("frozen").trainable = False
    pruning.attach(model, half(model))
    frozen = pruning.weights(model)["frozen/kernel"]
    trained(model)
    np.testing.assert_array_equal(pruning.weights(model)["frozen/kernel"], frozen)
    assert not any(pruning.regrown(model).values())


@pytest.mark.parametrize(
    ("policy", "kept"),
    [
        ("float16", "float16"),
        ("bfloat16", "float32"),
        ("mixed_float16", "float32"),
        ("mixed_bfloat16", "float32"),
        ("float64", "float64"),
    ],
)
def test_every_float_policy_gives_arrays_that_criteria_take_and_masks_that_hold(policy, kept):
    model = stack((4,), layers.Dense(4, name="fc", dtype=policy))
    weights = pruning.weights(model)
    assert weights["fc/kernel"].dtype == kept
    pruning.attach(model, half(model))
    after = pruning.weights(model)["fc/kernel"]
    mask = pruning.held_masks(model)["fc/kernel"]
    np.testing.assert_array_equal(after, np.where(mask, weights["fc/kernel"], 0))
    model.compile("sgd", "mse", **EAGER)
    model.fit(np.ones((8, 4)), np.ones((8, 4)), verbose=0)
    assert pruning.regrown(model) == {"fc/kernel": 0}


def test_channels_first_changes_nothing_about_a_kernel():
    model = stack((3, 5, 5), layers.Conv2D(4, 3, data_format="channels_first", name="l"))
    assert pruning.layouts(model) == {"l/kernel": "ssio"}
    assert pruning.weights(model)["l/kernel"].shape == (3, 3, 3, 4)


def test_a_model_that_is_held_already_is_found_as_before():
    model = models.article_cnn()
    found, reasons = pruning.kernels(model), pruning.skipped(model)
    pruning.attach(model, half(model))
    assert all(pruning.kernels(model)[name] is variable for name, variable in found.items())
    assert pruning.skipped(model) == reasons


def test_a_model_held_as_a_part_of_another_is_seen_as_held_from_both():
    inner = stack((4,), layers.Dense(4, name="fc"))
    inner.name = "inner"
    whole = keras.Sequential([keras.Input((4,)), inner, layers.Dense(2, name="out")])
    pruning.attach(whole, {"inner/fc/kernel": np.eye(4)})
    assert list(pruning.held_masks(inner)) == ["fc/kernel"]
    assert list(pruning.held_masks(whole)) == ["inner/fc/kernel"]
    trained(whole)
    assert pruning.regrown(inner) == {"fc/kernel": 0}
    np.testing.assert_array_equal(pruning.weights(inner)["fc/kernel"] != 0, np.eye(4) == 1)


def test_a_single_number_in_bfloat16_is_read_as_float32():
    """As Keras's metrics are, under floatx bfloat16: NumPy has no such array of no dimension."""
    found = read(keras.Variable(1.5, dtype="bfloat16"))
    assert (found.shape, found.dtype, found.item()) == ((), np.float32, 1.5)
