"""Layers that hold layers: what happens inside is seen, or the layer stays, with a reason."""

import types
from typing import NamedTuple

import numpy as np
import pytest
from oracles import apart, check_zeroed, inputs_for, random_masks, randomized

from course_utils.backend import keras, tf
from course_utils.structure import channel_groups, shrink, zeroed
from course_utils.structure.channels import Channels
from course_utils.structure.functions import first_line

L, ops = keras.layers, keras.ops


class Residual(L.Layer):
    """A block as in most notebooks: no get_config, layers made in the constructor."""

    def __init__(self, width: int, **options: object) -> None:
        super().__init__(**options)
        self.wide = L.Conv2D(width, 3, padding="same", name="wide")
        self.norm = L.BatchNormalization(name="norm")
        self.back = L.Conv2D(6, 3, padding="same", name="back")
        self.drop = L.Dropout(0.5, name="drop")

    def call(self, x, training=None):
        y = self.drop(ops.relu(self.norm(self.wide(x), training=training)), training=training)
        return x + self.back(y)


class Twice(L.Layer):
    """A layer of such layers, one of which it calls two times, with a dictionary of outputs."""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self.first, self.second = Residual(8, name="first"), Residual(5, name="second")

    def call(self, x, scale=None):
        y = self.second(self.first(self.first(x)))
        return {"image": y, "mean": ops.mean(y, (1, 2))}


class Pair(NamedTuple):
    wide: L.Layer
    back: L.Layer


class InTuples(L.Layer):
    """TensorFlow wraps tuples of layers, named or not; one layer is for others to call."""

    def __init__(self, width: int, **options: object) -> None:
        super().__init__(**options)
        self.named = Pair(L.Conv2D(width, 3, padding="same", name="wide"), L.Conv2D(6, 1))
        self.plain, self.spare = (L.Conv2D(6, 1, name="last"),), L.Dense(2, name="spare")

    def build(self, shape):
        for layer in (self.named.wide, self.spare):
            layer.build(shape)
        self.named.back.build((*shape[:-1], self.named.wide.filters))
        self.plain[0].build((*shape[:-1], 6))

    def call(self, x):
        return self.plain[0](self.named.back(ops.relu(self.named.wide(x))))


def with_blocks(*blocks: L.Layer) -> keras.Model:
    x = image = keras.Input((8, 8, 2))
    x = L.Conv2D(6, 3, name="stem")(x)
    for block in blocks:
        x = block(x)
    if isinstance(x, dict):
        x = x["image"] + L.Reshape((1, 1, 6))(x["mean"])
    return randomized(keras.Model(image, L.Dense(3, name="head")(L.GlobalMaxPooling2D()(x))))


def checked(model: keras.Model, share: float = 0.5) -> Channels:
    """Take channels from a model, compare the result, and make sure the model is as it was."""
    before, x = [np.copy(one) for one in model.get_weights()], inputs_for(model)
    expected = np.asarray(model(x))
    channels = channel_groups(model)
    check_zeroed(channels, random_masks(channels, share), x)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    assert (np.asarray(model(x)) == expected).all()
    return channels


def test_a_block_is_opened():
    model = with_blocks(Residual(8, name="one"), Residual(8, name="two"))
    layers = list(model.layers)
    channels = checked(model)
    sizes = {name: len(group) for name, group in channels.groups.items()}
    assert sizes == {"stem": 6, "one/wide": 8, "two/wide": 8}
    assert channels.groups["stem"].makers == ("stem", "one/back", "two/back")
    assert (channels.unseen, model.layers) == ((), layers)


def test_layers_in_tuples_and_one_that_is_not_called():
    model = with_blocks(InTuples(8, name="block"))
    channels = checked(model)
    assert len(channels.groups["block/wide"]) == 8
    small, report = shrink(model, masks={})
    assert apart(small, model, inputs_for(model)) == 0
    assert len(small.weights) == len(model.weights)
    assert not report.notes[1:]
    _, report = shrink(model, 0.5)
    assert "not in it: block/spare/kernel, block/spare/bias (14 numbers)" in str(report)


def test_blocks_in_blocks_and_what_is_called_again():
    channels = checked(with_blocks(Twice(name="twice")))
    assert set(channels.groups) == {"stem", "twice/first/wide", "twice/second/wide"}


class Untold(Residual):
    """Leaves it to Keras to tell the layers inside that they train, as most blocks do."""

    def call(self, x):
        return x + self.back(self.drop(ops.relu(self.norm(self.wide(x)))))


def test_layers_inside_may_hear_of_training_from_keras_alone():
    channels = checked(with_blocks(Untold(8, name="one"), Untold(8, name="two")))
    assert list(channels.groups) == ["stem", "one/wide", "two/wide"]


def test_a_layer_that_takes_no_training_may_be_told_of_it():
    """In a model of open sizes that is called on others, Keras asks it for shapes as it is told."""
    block, x = Residual(8, name="one"), keras.Input((None, None, 2))
    block.drop = L.Identity(name="drop", dtype=block.dtype_policy)  # of which Keras has no config
    with pytest.raises(NotImplementedError):
        block.drop.get_config()
    inside = keras.Model(x, block(L.Conv2D(6, 3, name="stem")(x)))
    image = keras.Input((8, 8, 2))
    model = keras.Model(image, L.Dense(3, name="head")(L.GlobalMaxPooling2D()(inside(image))))
    assert len(checked(randomized(model)).groups) == 2


def test_the_smaller_model_trains_as_one_and_needs_no_class(tmp_path):
    """Dropout drops in training alone; the file is read without the block's class."""
    small, report = shrink(with_blocks(Residual(8, name="one")), 0.5, verify=True)
    assert report.difference < 1e-5
    x = np.ones((2, 8, 8, 2))
    assert not np.allclose(small(x, training=True), small(x, training=True))
    small.save(tmp_path / "small.keras")
    back = keras.saving.load_model(tmp_path / "small.keras", custom_objects={})
    assert apart(small, back, x) == 0
    assert {type(one).__module__.split(".")[0] for one in back._flatten_layers()} == {"keras"}


class OwnWeight(Residual):
    def build(self, shape):
        self.gain = self.add_weight(shape=(6,), name="gain")

    def call(self, x):
        return super().call(x) * self.gain


class Tied(Residual):
    def call(self, x):
        return super().call(x) + ops.sum(self.back.kernel)


class Multiplies(Residual):
    def call(self, x):
        return super().call(x) + ops.mean(ops.matmul(x, ops.ones((6, 8))) * self.norm.gamma)


class NoisyInTraining(Residual):
    def call(self, x, training=None):
        y = super().call(x, training=training)
        return y * 2 if training else y


class ClipsInTraining(Residual):
    def call(self, x, training=None):
        return ops.clip(super().call(x, training=training), -9 if training else -1, 9)


class TurnsRoundInTraining(Residual):
    def call(self, x, training=None):
        y = super().call(x, training=training)
        return y - x if training else x - y


class Penalized(Residual):
    def call(self, x):
        self.add_loss(ops.mean(x))
        return super().call(x)


class OfTensorFlow(Residual):
    def call(self, x):
        return super().call(tf.sin(x))


class Untracked(Residual):
    def __init__(self, width: int, **options: object) -> None:
        super().__init__(width, **options)
        self.others = types.SimpleNamespace(more=L.Conv2D(6, 1, name="more"))

    def call(self, x):
        return self.others.more(super().call(x))


class Loops(Residual):
    def call(self, x):
        return ops.fori_loop(0, 2, lambda step, y: y + self.back(self.wide(y)), super().call(x))


CLOSED = {
    "own weight": (OwnWeight, "has weights of its own"),
    "another layer's kernel": (Tied, "kernel itself"),
    "an operation on its weight": (Multiplies, "gamma itself"),
    "training": (NoisyInTraining, "something else in training"),
    "training, by a number": (ClipsInTraining, "something else in training"),
    "training, the other way round": (TurnsRoundInTraining, "something else in training"),
    "losses": (Penalized, "add_loss"),
    "TensorFlow": (OfTensorFlow, "does not run on symbolic tensors"),
    "a loop": (Loops, "gives layers to ForiLoop"),
    "layers in an object": (Untracked, "does not find in its attributes"),
}


@pytest.mark.parametrize("kind", list(CLOSED))
def test_what_cannot_be_seen_is_listed_with_its_reason_and_its_share(kind):
    made, reason = CLOSED[kind]
    model = with_blocks(made(8, name="block"), L.Conv2D(4, 1, name="after"))
    channels = channel_groups(model)
    (unseen,) = channels.unseen
    count = model.get_layer("block").count_params()
    assert (unseen.name, unseen.kind, unseen.parameters) == ("block", made.__name__, count)
    assert reason in unseen.reason
    assert list(channels.groups) == ["after"]
    assert f"{count / model.count_params():.1%} of the parameters" in channels.summary()[0]


def test_the_words_of_an_error_are_those_of_the_layer_inside():
    around = "Exception encountered when calling {}.call().\n\n\x1b[1m"
    error = around.format("A") + "Could not infer. Error encountered:\n\n" + around.format("B")
    assert first_line(ValueError(error + "no such size\x1b[0m\n\nArguments")) == "no such size"


# ------------------------------------------------------------- what only one size of tensors tells


class Causal(L.Layer):
    """Makes its mask from the length, as decoders do, which must be a number for that."""

    def __init__(self, wide: int, heads: int = 2, **options: object) -> None:
        super().__init__(**options)
        self.wide, self.heads = wide, heads
        self.attention = L.MultiHeadAttention(heads, 3, name="attention")
        self.up, self.down = L.Dense(wide, "relu", name="up"), L.Dense(6, name="down")

    def call(self, x):
        length = ops.shape(x)[1]
        seen = ops.arange(length)[:, None] >= ops.arange(length)
        y = x + self.attention(x, x, attention_mask=seen[None])
        return y + self.down(self.up(y))

    def get_config(self):
        return {**super().get_config(), "wide": self.wide, "heads": self.heads}


class Frozen(L.Layer):
    """Its normalization keeps to its statistics in training, whatever the block is told."""

    def __init__(self, wide: int, **options: object) -> None:
        super().__init__(**options)
        self.wide, self.norm = wide, L.BatchNormalization(name="norm")
        self.up, self.down = L.Dense(wide, name="up"), L.Dense(6, name="down")

    def call(self, x, training=None):
        return x + self.down(ops.relu(self.norm(self.up(x), training=False)))

    def get_config(self):
        return {**super().get_config(), "wide": self.wide}


class Mixing(Frozen):
    def call(self, x, matrix):
        return x + self.down(self.up(ops.matmul(matrix, x)))


def decoder(*blocks: L.Layer) -> keras.Model:
    x = steps = keras.Input((None, 6))
    for block in blocks:
        x = block(x)
    return randomized(keras.Model(steps, L.Dense(2, name="head")(x)))


def test_a_model_in_its_place_would_tell_a_layer_inside_that_it_trains():
    model = decoder(Frozen(8, name="one"))
    channels = channel_groups(model)
    masks, x = random_masks(channels), inputs_for(model)
    small, full = shrink(channels, masks=masks)[0], zeroed(channels, masks)
    assert {name: len(mask) for name, mask in masks.items()} == {"one/up": 8}
    np.testing.assert_allclose(full(x, training=True), small(x, training=True), atol=1e-5)


def test_two_large_arrays_that_differ_in_the_middle():
    one = np.eye(40, dtype="float32")
    other = one + np.pad(np.ones((4, 4), "float32"), 18)
    x, block = keras.Input((40, 6)), Mixing(8, name="block")
    y = L.Concatenate()([block(x, one), block(x, other)])
    model = randomized(keras.Model(x, L.Dense(2, name="head")(y)))
    assert "different ways" in channel_groups(model).unseen[0].reason
    assert apart(shrink(model, 0.5)[0], model, inputs_for(model)) == 0


def test_numbers_of_a_config_say_how_wide_a_whole_layer_is_inside():
    model = decoder(Causal(8, name="one"), Causal(8, name="two"))
    channels = channel_groups(model)
    wide = {name: len(group) for name, group in channels.groups.items() if "up" in name}
    assert wide == {"one/up": 8, "two/up": 8}
    small, _ = shrink(channels, {"one/up": 0.5, "two/up": 0.25})
    sizes = [small.get_layer(name).get_config()["wide"] for name in ("one", "two")]
    assert (sizes, type(small.get_layer("one"))) == ([4, 6], Causal)
    masks = random_masks(channels)
    check_zeroed(channels, masks, np.random.default_rng(0).normal(size=(2, 5, 6)))


class Fused(Causal):
    """One layer makes gates, of which none can go, and what is wide, as Flux's does."""

    def __init__(self, wide: int, told: bool = True, **options: object) -> None:
        super().__init__(wide, **options)
        self.up, self.told = L.Dense(6 + wide, name="up"), told

    def call(self, x):
        gates, y = ops.split(self.up(x), [6], axis=-1)
        order = ops.arange(ops.shape(x)[1], dtype=x.dtype)[:, None]
        return x + order * ops.softmax(gates) * self.down(ops.relu(y))

    def get_config(self):
        return super().get_config() if self.told else L.Layer.get_config(self)


@pytest.mark.parametrize("told", [True, False])
def test_of_what_one_layer_makes_in_a_whole_layer_a_part_may_go(told):
    """If there is a number for it: else the layer was made anew, with too many."""
    channels = channel_groups(decoder(Fused(8, told, name="one")))
    assert [len(group) for group in channels.groups.values()] == [8] * told
    assert told or "no number for them" in channels.left["one/up (2)"].reason
    shrink(channels, 0.5, verify=True, inputs=np.ones((2, 5, 6)))
    check_zeroed(channels, random_masks(channels), np.random.default_rng(0).normal(size=(2, 5, 6)))


class Answers(Causal):
    """Returns None in place of scores, as attention of packages does; its config has no number."""

    def call(self, x):
        return super().call(x), None

    def get_config(self):
        return L.Layer.get_config(self)


class Asks(L.Layer):
    def __init__(self, wide: int, **options: object) -> None:
        super().__init__(**options)
        self.wide, self.inner = wide, Answers(wide, name="inner")

    def call(self, x):
        return self.inner(x)[0]

    def get_config(self):
        return {**super().get_config(), "wide": self.wide}


def test_what_lies_in_a_whole_layer_goes_by_the_numbers_of_that_and_may_return_nothing():
    channels = channel_groups(decoder(Asks(8, name="one")))
    assert list(channels.groups) == ["one/inner/up"]
    check_zeroed(channels, random_masks(channels), np.random.default_rng(0).normal(size=(2, 5, 6)))


class Scales(L.Layer):
    """No layer of Keras: that it acts on each entry alone is tried, though a size is not told."""

    def call(self, x):
        return 0.5 * x


class Unfolds(L.Layer):
    """Reads the batch off a tensor to make an image of its steps, as SegFormer's and Swin's do."""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self.up, self.down = L.Dense(8, name="up"), L.Dense(6, name="down")
        self.around = L.DepthwiseConv2D(3, padding="same", name="around")

    def call(self, x):
        y, (batch, *sides, _) = self.up(x), ops.shape(x)
        rows = ops.reshape(y, (batch, -1, 8))
        y = self.around(ops.reshape(ops.gelu(rows), (batch, *sides, 8)))
        return ops.reshape(x + self.down(y), (batch, -1, sides[1], 6))


def test_a_batch_read_off_a_tensor_follows(tmp_path):
    model = with_blocks(Unfolds(name="one"), Scales(name="two"))
    channels = checked(model)
    assert sorted(channels.groups) == ["one/up", "stem"]
    small, _ = shrink(model, 0.5, verify=True)
    small.save(tmp_path / "small.keras")
    loaded = keras.saving.load_model(tmp_path / "small.keras", {"Scales": Scales})
    for x in (inputs_for(model)[:1], inputs_for(model)):
        assert apart(loaded, small, x) == 0


class MakesLayers(Residual):
    """In its call, as many do: layers without weights."""

    def call(self, x):
        y = L.Activation("relu")(self.norm(self.wide(x)))
        return L.Add()([x, self.back(L.UpSampling2D(2)(L.AveragePooling2D(2)(y)))])


class Resizes(Residual):
    def call(self, x):
        return x + self.back(L.Resizing(*ops.shape(x)[1:3])(self.wide(x)))


def test_a_block_may_make_layers_in_its_call():
    assert set(checked(with_blocks(MakesLayers(8, name="one"))).groups) == {"stem", "one/wide"}
    x = keras.Input((None, None, 6))
    y = L.GlobalMaxPooling2D()(Resizes(8, name="one")(x))
    small, _ = shrink(keras.Model(x, L.Dense(3)(y)), 0.5)
    assert isinstance(small.get_layer("one"), Resizes)  # to sizes that are open: no graph


class Folds(L.Layer):
    """A layer of one's own that keeps a shape under the name that Keras's operation has for it."""

    def __init__(self, newshape: tuple, scale: float, **options: object) -> None:
        super().__init__(**options)
        self.newshape, self.scale = newshape, scale

    def call(self, x):
        return self.scale * ops.reshape(x, (ops.shape(x)[0], *self.newshape[1:]))


class Folding(Unfolds):
    def call(self, x):
        return x + self.down(self.around(self.up(x)))


def test_a_shape_of_a_layer_of_ones_own_stays_as_it_is():
    block = Folding(name="one")
    block.around = Folds((None, 6, 6, 8), 2.0)
    assert not checked(with_blocks(block)).unseen
    assert block.around.newshape == (None, 6, 6, 8)


class Windows(Unfolds):
    """Counts windows of all examples, and these by the windows of each, as Swin does."""

    def call(self, x):
        each, y = 4, self.around(ops.reshape(self.up(x), (-1, 3, 3, 8)))
        examples = ops.shape(y)[0] // each
        return x + ops.reshape(self.down(y), (examples, 6, 6, 6))


class Averages(Windows):
    """Its outputs depend on how many examples come with each."""

    def call(self, x):
        return super().call(x) / ops.cast(ops.shape(x)[0] // 1, x.dtype)


def test_a_batch_that_is_computed_with_follows(tmp_path):
    model = with_blocks(Windows(name="one"), Averages(name="two"))
    channels = checked(model)
    assert sorted(channels.groups) == ["one/up"]
    assert "two (Averages) is made anew as a whole" in channels.left["two/up"].reason
    small, _ = shrink(model, 0.5, verify=True)
    assert small.get_layer("one").get_layer("up").units == 4
    small.save(tmp_path / "small.keras")
    loaded = keras.saving.load_model(tmp_path / "small.keras", {"Averages": Averages})
    for x in (inputs_for(model)[:1], inputs_for(model)):
        assert apart(loaded, small, x) == 0


class Plainly(L.Layer):
    """Tells its shapes without an argument that it is called with, as an encoder of D-FINE's."""

    def call(self, x, factor=1.0):
        return factor * x

    def compute_output_spec(self, x):
        return keras.KerasTensor(x.shape, x.dtype)


@pytest.mark.parametrize("kind", [Windows, Unfolds])
def test_a_layer_inside_may_tell_its_shapes_without_an_argument(kind):
    class Calls(kind):
        def call(self, x):
            return super().call(self.spare(x, factor=0.5))

    block = Calls(name="one")
    block.spare = Plainly(name="spare")
    assert sorted(checked(with_blocks(block)).groups) == ["one/up", "stem"]


def test_a_size_that_is_open_is_not_taken_for_one():
    class Sized(Causal):
        def call(self, x):
            batch, length, _ = ops.shape(x)
            return ops.reshape(self.down(self.up(x)), (batch, length, 6))

    channels = channel_groups(decoder(Sized(8, name="one")))
    assert list(channels.groups) == ["one/up"]
    check_zeroed(channels, random_masks(channels), np.random.default_rng(0).normal(size=(2, 5, 6)))


def test_a_function_that_only_the_class_knows_stays_in_the_class(tmp_path):
    class Quick(Causal):
        def call(self, x):
            return self.down(L.Activation(lambda y: y * ops.sigmoid(1.7 * y))(self.up(x)))

    keras.saving.register_keras_serializable("tests")(Quick)
    small, _ = shrink(decoder(Quick(8, name="one")), 0.5, verify=True)
    assert small.get_layer("one").wide == 4
    small.save(tmp_path / "small.keras")
    back = keras.saving.load_model(tmp_path / "small.keras")
    assert apart(small, back, np.ones((2, 5, 6))) == 0


def test_a_number_that_does_more_than_count_channels_is_found_out():
    """Also where nobody asked: by such numbers alone a layer is made anew."""

    class Halving(Causal):
        def call(self, x):
            return super().call(x) * self.wide**-0.5

    class Rooted(Causal):
        """Keeps what it made of the number: it is this that a file's config makes anew."""

        def __init__(self, wide, **options):
            super().__init__(wide, **options)
            self.root = wide**-0.5

        def call(self, x):
            return super().call(x) * self.root

    with pytest.raises(RuntimeError, match=r"one \(Rooted\), made anew.* does more"):
        shrink(randomized(decoder(Rooted(8, name="one"))), 0.5)
    channels = channel_groups(randomized(decoder(Halving(8, name="one"))))
    with pytest.raises(RuntimeError, match=r"one \(Halving\), made anew.* does more"):
        shrink(channels, 0.5)
    assert shrink(channel_groups(channels.model, exclude="one/*"), 0.5)[1].rows == ()


def test_a_rate_that_no_config_tells_is_kept():
    class Damped(Causal):
        def __init__(self, *sizes, **options):
            super().__init__(*sizes, **options)
            self.gain, self.drop = 1.0, L.Dropout(0.1)

        def call(self, x):
            return self.drop(super().call(x)) * self.gain

    block = Damped(8, name="one")
    block.gain, block.drop.rate = 0.5, 0.3
    small, _ = shrink(randomized(decoder(block)), {"one/up": 0.5}, verify=True)
    new = small.get_layer("one")
    assert (new.up.units, new.gain, new.drop.rate) == (4, 0.5, 0.3)


class Words(L.Layer):
    """An embedding inside, whose mask lies on what comes out; no symbol tells of it."""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self.table = L.Embedding(9, 6, mask_zero=True, name="table")

    def call(self, x):
        return self.table(x)


class Hiding(Residual):
    """It uses a mask, where one comes along."""

    def __init__(self, **options: object) -> None:
        super().__init__(8, **options)
        self.wide, self.back = L.Dense(8, name="wide"), L.Dense(6, name="back")

    def call(self, x, mask=None):
        y = self.back(self.wide(x))
        return x + (y if mask is None else y * ops.cast(mask[..., None], "float32"))


def test_a_mask_that_only_a_run_shows_keeps_a_block_closed():
    x = keras.Input((4,), dtype="int32")
    y = L.Dense(5, name="top")(Hiding(name="block")(Words(name="words")(x)))
    model = randomized(keras.Model(x, L.Dense(2)(y)))
    channels = channel_groups(model)
    assert "gets a mask" in channels.left["words/table"].reason
    assert [one.name for one in channels.unseen] == ["block"]
    shrink(channels, 0.5, verify=True, inputs=np.array([[1, 2, 0, 0]], "int32"))


def test_what_lies_in_two_closed_layers_is_counted_once():
    class Closed(L.Layer):
        def __init__(self, inner, **options: object) -> None:
            super().__init__(**options)
            self.inner = inner

        def call(self, x):
            return tf.nn.relu(self.inner(x))

    inner = L.Dense(3)
    x = keras.Input((3,))
    y = Closed(inner, name="two")(Closed(inner, name="one")(x))
    channels = channel_groups(keras.Model(x, L.Dense(2)(y)))
    assert [one.parameters for one in channels.unseen] == [12]


def test_a_model_at_every_step_is_listed():
    inner = keras.Sequential([keras.Input((3,)), L.Dense(4)])
    x = keras.Input((5, 3))
    y = L.LSTM(4)(L.TimeDistributed(inner, name="each")(x))
    channels = channel_groups(keras.Model(x, L.Dense(1)(y)))
    assert [(one.name, one.parameters) for one in channels.unseen] == [("each", 16)]


def test_without_a_number_nothing_goes_and_the_reason_says_so():
    class Fixed(Causal):
        def __init__(self, **options: object) -> None:
            super().__init__(8, 2, **{k: v for k, v in options.items() if k in ("name", "dtype")})

    channels = channel_groups(decoder(Fixed(name="one")))
    assert not channels.groups
    assert "has no number for them" in channels.left["one/up"].reason


class Decoder(keras.Model):
    """A model of a class of its own, as those of packages: one number for all of its blocks."""

    def __init__(self, wide: int = 8, **options: object) -> None:
        x = steps = keras.Input((None, 6))
        for name in ("one", "two"):
            x = Causal(wide, name=name)(x)
        super().__init__(steps, x, **options)
        self.wide = wide

    def get_config(self):
        return {"name": self.name, "wide": self.wide}


def test_a_model_stays_of_its_class_where_its_config_has_the_number():
    model = randomized(Decoder())
    channels = channel_groups(model)
    assert channels.groups["one/up"].makers == ("one/up", "two/up")
    small, report = shrink(channels, 0.5)
    assert (type(small), small.wide, len(report.rows)) == (Decoder, 4, 1)
    check_zeroed(channels, random_masks(channels), np.random.default_rng(0).normal(size=(2, 5, 6)))


class Told(L.Layer):
    """It takes a row away, and tells that it does not."""

    def build(self, shape):
        self.gain = self.add_weight(shape=(1,), name="gain")

    def call(self, x):
        return x[:, 1:] * self.gain

    def compute_output_shape(self, shape):
        return shape


class Both(L.Layer):
    """Such a layer and a block, in a layer."""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self.told, self.block = Told(name="told"), Residual(8, name="block")

    def call(self, x):
        return self.block(self.told(x))


@pytest.mark.parametrize("inside", [False, True])
def test_nothing_is_opened_behind_a_layer_that_tells_another_shape_than_it_makes(inside):
    x = keras.Input((6, 6, 6))
    y = Both(name="both")(x) if inside else Residual(8, name="block")(Told(name="told")(x))
    y = L.Dense(8, "relu", name="head")(L.GlobalAveragePooling2D()(y))
    channels = channel_groups(randomized(keras.Model(x, L.Dense(2)(y))))
    assert [*channels.groups] == ["head"]
    reasons = {one.kind: one.reason for one in channels.unseen}
    told = "both/told" if inside else "told"
    why = f"comes after {told} (Told), which makes other shapes than it tells"
    assert reasons["Residual"] == why
    assert shrink(channels, 0.5, verify=True)[1].difference < 1e-5
