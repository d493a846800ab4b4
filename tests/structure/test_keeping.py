"""What a smaller model keeps beside channels: state, ties, classes, training; or why it cannot."""

import numpy as np
import pytest
from blocks import Block, Counting
from oracles import inputs_for, randomized, zeros_in

from course_utils import pruning
from course_utils.backend import keras, tf
from course_utils.extras.clustering import cluster, hold_codebooks
from course_utils.pruning.attaching import hold
from course_utils.structure import channel_groups, shrink, zeroed

L, ops = keras.layers, keras.ops
RNG = np.random.default_rng(0)


def on(x, *layers):
    """A model with a hidden layer that can shrink, after other layers."""
    y = x
    for layer in layers:
        y = layer(y)
    return keras.Model(x, L.Dense(2, name="head")(L.Dense(8, "relu", name="a")(y)))


def checked(model, x, **options):
    """Shrink by half; compare with the given model itself, zeros in its weights."""
    channels = channel_groups(model)
    masks = {name: np.arange(len(g)) % 2 == 0 for name, g in channels.groups.items()}
    small, report = shrink(channels, masks=masks, verify=True, inputs=x, **options)
    with zeros_in(channels, masks) as full:
        expected = [np.asarray(y) for y in keras.tree.flatten(full(x))]
    for one, other in zip(expected, keras.tree.flatten(small(x)), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-5)
    assert not {id(v) for v in small.variables} & {id(v) for v in model.variables}
    return small, report


# ------------------------------------------------------------------------- state beyond variables


class Counted(L.Layer):
    """It keeps numbers that are neither in its config nor among its variables."""

    def build(self, shape):
        self.table = np.arange(shape[-1]).astype("float32")

    def call(self, x):
        return x + self.table

    def save_own_variables(self, store):
        store["table"] = self.table

    def load_own_variables(self, store):
        self.table = np.array(store["table"])


def with_normalization():
    norm = L.Normalization()
    norm.adapt(RNG.normal(50, 20, (200, 6)).astype("float32"))
    return on(keras.Input((6,)), norm), RNG.normal(50, 20, (3, 6)).astype("float32")


def with_bins():
    bins = L.Discretization(num_bins=4, output_mode="one_hot")
    bins.adapt(RNG.normal(size=(100, 1)))
    return on(keras.Input((1,)), bins), np.array([[-2.0], [0.1], [2.0]], "float32")


def with_words():
    words = L.TextVectorization(output_mode="multi_hot")
    words.adapt(["a b c", "b d"])
    return on(keras.Input((), dtype="string"), words), ops.convert_to_tensor(["a d", "b zz"])


def with_keys():
    keys = L.IntegerLookup(output_mode="one_hot")
    keys.adapt([7, 7, 9, 12])
    return on(keras.Input((1,), dtype="int64"), keys), np.array([[7], [12], [3]])


def with_numbers():
    model = on(keras.Input((6,)), Counted())
    model.layers[1].table = RNG.normal(size=6).astype("float32")
    return model, np.ones((2, 6), "float32")


@pytest.mark.parametrize(
    "build", [with_normalization, with_bins, with_words, with_keys, with_numbers]
)
def test_state_beyond_variables_is_carried(build):
    model, x = build()
    before = np.asarray(model(x))
    small, report = checked(model, x)
    same, _ = shrink(model, masks={})
    np.testing.assert_array_equal(same(x), before)
    np.testing.assert_array_equal(zeroed(model, {})(x), before)
    assert report.difference < 1e-5
    assert small.get_layer("a").units == 4


def test_a_stateful_layer_is_neither_moved_nor_lost():
    x = keras.Input((5, 3), batch_size=4)
    y = L.Dense(8, name="a")(L.LSTM(6, stateful=True, name="r")(x))
    model = randomized(keras.Model(x, L.Dense(2, name="head")(y)))
    data = RNG.normal(size=(4, 5, 3)).astype("float32")
    model(data)
    states = [np.array(v) for v in model.get_layer("r").states]
    small, _ = shrink(model, 0.5, verify=True, inputs=data)
    assert small.get_layer("a").units == 4
    for one in (model, small):
        for state, before in zip(one.get_layer("r").states, states, strict=True):
            np.testing.assert_array_equal(state, before)


def test_a_stateful_layer_that_changes_remembers_what_it_remembered():
    x = keras.Input((4, 3), batch_size=2)
    y = L.GRU(3, stateful=True, name="g")(L.Conv1D(6, 1, name="a")(x))
    model = randomized(keras.Model(x, L.Dense(2)(y)))
    model(RNG.normal(size=(2, 4, 3)))
    small, _ = shrink(model, 0.5, verify=True)
    assert small.get_layer("g").cell.kernel.shape[0] == 3
    np.testing.assert_array_equal(small.get_layer("g").states[0], model.get_layer("g").states[0])


def test_what_was_put_on_a_layer_is_on_the_smaller_one():
    model = on(keras.Input((4,)))
    model.get_layer("a").rate = 0.1
    assert shrink(model, 0.5)[0].get_layer("a").rate == 0.1


def test_an_array_that_weights_begin_with_is_cut_with_them(tmp_path):
    """As the word vectors of a pretrained embedding, which its config holds."""
    vectors = RNG.normal(size=(7, 6))
    table = L.Embedding(7, 6, embeddings_initializer=keras.initializers.Constant(vectors), name="t")
    words = keras.Input((4,), dtype="int32")
    model = keras.Model(words, L.Dense(2)(L.GRU(3)(table(words))))
    small, _ = shrink(model, masks={"t": np.arange(6) == 2}, verify=True)
    np.testing.assert_array_equal(
        small.get_layer("t").embeddings, vectors[:, [2]].astype("float32")
    )
    np.testing.assert_array_equal(table.embeddings_initializer.value, vectors)
    small.save(tmp_path / "small.keras")
    back, x = keras.saving.load_model(tmp_path / "small.keras"), np.array([[1, 2, 3, 4]])
    np.testing.assert_array_equal(back(x), small(x))
    np.testing.assert_array_equal(back.get_layer("t").embeddings_initializer.value, vectors[:, [2]])


def test_a_layer_without_a_config_for_its_policy_has_one_in_the_smaller_model(tmp_path):
    """Keras tells none of what takes no arguments of its own, where it was given a policy."""
    x = keras.Input((4,))
    same = L.Identity(name="same", dtype=keras.DTypePolicy("float32"))
    with pytest.raises(NotImplementedError):
        same.get_config()
    small, _ = shrink(keras.Model(x, L.Dense(2)(same(L.Dense(8)(x)))), 0.5, verify=True)
    small.save(tmp_path / "small.keras")
    back, values = keras.saving.load_model(tmp_path / "small.keras"), np.ones((1, 4))
    np.testing.assert_array_equal(back(values), small(values))
    assert back.get_layer("same").dtype_policy == same.dtype_policy


class Gained(Counting):
    """It is made anew as a whole, has a layer with a single number, and a list called states."""

    def __init__(self, wide, width, **options):
        super().__init__(wide, width, **options)
        self.gain, self.states = Gain(), ["on", "off"]

    def call(self, x, training=None):
        return self.gain(super().call(x, training=training))


class Gain(L.Layer):
    """A layer that says how its number begins."""

    def build(self, shape):
        self.gain_initializer = keras.initializers.Ones()
        self.gain = self.add_weight(name="gain", shape=(), initializer=self.gain_initializer)

    def call(self, x):
        return x * self.gain


def test_names_that_keras_uses_mean_nothing_on_a_layer_of_one_s_own():
    x = keras.Input((4,))
    model = randomized(keras.Model(x, L.Dense(2)(Gained(8, 4, name="b")(x))))
    small, _ = shrink(model, 0.5, verify=True)
    assert small.count_params() < model.count_params()
    assert small.get_layer("b").states == ["on", "off"]
    assert isinstance(small.get_layer("b").gain.gain_initializer, keras.initializers.Ones)


def test_outputs_in_dictionaries_and_layers_that_the_graph_does_not_reach():
    x, y = keras.Input((4,), name="x"), keras.Input((3,), dtype="int32", name="y")
    hidden = L.Dense(8, "relu", name="a")(ops.concatenate([x, ops.cast(y, "float32")], axis=-1))
    outputs = {"kind": L.Dense(3, "softmax")(hidden), "age": [L.Dense(1)(hidden)]}
    model = randomized(keras.Model({"x": x, "y": y}, outputs))
    model.spare = L.Dense(5)
    model.spare.build((None, 4))
    model.names = ["one", "two"]
    small, _ = checked(model, inputs_for(model))
    assert small.names == ["one", "two"]
    assert small.spare.kernel is not model.spare.kernel
    assert len(small.variables) == len(model.variables)


# ----------------------------------------------------------------------------------------- ties


class Tied(L.Layer):
    """It is given another layer, and multiplies by its kernel."""

    def __init__(self, other, **options):
        super().__init__(**options)
        self.other = other

    def call(self, x):
        return ops.matmul(x, ops.transpose(self.other.kernel))


def test_a_variable_that_two_layers_reach_stays_one():
    x = keras.Input((12,))
    one, two = L.Dense(10, "relu", name="one"), L.Dense(6, "relu", name="two")
    tied = Tied(one, name="tied")(L.Dense(10, name="free")(two(one(x))))
    model = randomized(keras.Model(x, tied))
    channels = channel_groups(model)
    assert list(channels.groups) == ["two"]
    assert "tied and one have the same weights" in channels.left["one"].reason
    small, _ = checked(model, inputs_for(model))
    assert small.get_layer("tied").other is small.get_layer("one")
    small.compile("sgd", "mse")
    small.fit(np.ones((4, 12)), np.ones((4, 12)), verbose=0)
    assert small.get_layer("tied").other.kernel is small.get_layer("one").kernel
    assert len(small.variables) == len(model.variables)


def over(layer):
    return L.Lambda(lambda t: ops.matmul(t, ops.transpose(layer.kernel)), name="over")


@pytest.mark.parametrize("way", ["a closure", "an operation"])
def test_what_reads_a_variable_of_another_layer_reads_that_of_the_smaller_model(way):
    x, layer = keras.Input((6,)), L.Dense(8, name="a")
    y = L.Dense(8, "relu", name="b")(layer(x))
    made = over(layer)(y) if way == "a closure" else ops.matmul(y, ops.ones((8, 8))) * layer.bias
    model = randomized(keras.Model(x, made))
    small, _ = shrink(model, 0.5, verify=True)
    before = np.asarray(small(np.ones((1, 6))))
    for variable in model.variables:
        variable.assign(0 * variable)
    np.testing.assert_array_equal(small(np.ones((1, 6))), before)
    small.get_layer("a").bias.assign(np.zeros(8))
    small.get_layer("a").kernel.assign(np.zeros((6, 8)))
    assert not np.allclose(small(np.ones((1, 6))), before)


GLOBAL = L.Dense(8, name="known_by_name")


def test_a_layer_that_reads_another_by_a_global_name_is_refused():
    x = keras.Input((6,))
    y = L.Lambda(lambda t: ops.matmul(t, ops.transpose(GLOBAL.kernel)), name="odd")
    model = keras.Model(x, y(L.Dense(8, name="b")(GLOBAL(x))))
    with pytest.raises(ValueError, match=r"layer 'odd' \(Lambda\) reads 'GLOBAL' by a global name"):
        shrink(model, 0.5)


# --------------------------------------------------------------------------------------- classes


class Quartic(keras.Model):
    """It trains in a way of its own, and says in its compile by what."""

    def compile(self, optimizer, power):
        super().compile(optimizer=optimizer)
        self.power = power

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return ops.mean((y - y_pred) ** self.power)


def test_a_class_of_one_s_own_is_kept_with_its_training():
    x = keras.Input((4,))
    model = randomized(Quartic(x, L.Dense(1)(L.Dense(16, "relu", name="a")(x))))
    model.compile(keras.optimizers.SGD(1e-9), 4)
    small, report = shrink(model, 0.5, verify=True)
    assert type(small) is Quartic
    assert small.power == 4
    data = RNG.normal(size=(8, 4)), RNG.normal(size=(8, 1))
    loss = np.mean((data[1] - np.asarray(small(data[0]))) ** 4)
    assert small.fit(*data, verbose=0).history["loss"] == pytest.approx([loss], rel=1e-4)
    assert any("Quartic" in note or "test_keeping" in note for note in report.notes)


class Guided(keras.Model):
    """As in Keras's guides: its constructor takes a graph, and makes what it trains by."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.seen = keras.metrics.Mean(name="seen")

    def train_step(self, data):
        self.seen.update_state(ops.mean(self(data[0])))
        return {"seen": self.seen.result()}


def test_a_class_whose_constructor_takes_a_graph_is_kept(tmp_path):
    x = keras.Input((4,))
    model = randomized(Guided(x, L.Dense(1)(L.Dense(16, "relu", name="a")(x))))
    model.compile("sgd")
    small, _ = shrink(model, 0.5, verify=True)
    assert type(small) is Guided
    assert small.seen is not model.seen
    data = RNG.normal(size=(8, 4)), RNG.normal(size=(8, 1))
    expected = np.mean(small(data[0]))
    assert small.fit(*data, verbose=0).history["seen"] == pytest.approx([expected], rel=1e-4)
    small.save(tmp_path / "small.keras")
    back = keras.saving.load_model(tmp_path / "small.keras", custom_objects={"Guided": Guided})
    np.testing.assert_array_equal(back(data[0]), small(data[0]))


class Fixed(keras.Model):
    """Its constructor takes anything, and builds its own layers all the same."""

    def __init__(self, *args, **kwargs):
        x = keras.Input((4,))
        super().__init__(x, L.Dense(1)(L.Dense(8, "relu", name="a")(x)))


def test_what_cannot_be_read_from_a_file_is_told_and_nothing_else():
    notes = shrink(Fixed(), 0.5)[1].notes
    assert any("cannot be loaded from a .keras file (it is read back with" in one for one in notes)
    x = keras.Input((4,))  # an operation and a layer of one name
    y = L.Add()([x + ops.cos(x), Block(8, 4)(x)])
    model = Guided(x, y)
    for one in (model, keras.Model(x, y)):
        small, report = shrink(one, 0.5, verify=True)
        assert small.count_params() < one.count_params()
        assert "cannot be loaded" not in str(report)


def global_step(self, data):
    return {"loss": ops.mean(everywhere(data[0]))}


everywhere = keras.Sequential([keras.Input((4,)), L.Dense(8, name="a"), L.Dense(1)])


def test_training_that_reads_a_model_by_a_global_name_is_refused_compiled_or_not():
    for step in (global_step, tf.function(global_step)):
        kind = type("Reading", (keras.Model,), {"train_step": step})
        with pytest.raises(ValueError, match="reads 'everywhere' by a global name"):
            shrink(kind(everywhere.inputs, everywhere.outputs), 0.5)


class Net(keras.Model):
    """A class that builds its own layers, in another order than the graph has them."""

    def __init__(self, size=8):
        self.head = L.Dense(3, name="head")
        self.b = L.Dense(size, "relu", name="b")
        self.a = L.Dense(size, "relu", name="a")
        self.spare = L.Dense(3, name="spare")
        self.spare.build((None, 8))
        x = inputs = keras.Input((8,))
        y = self.b(self.a(x))
        super().__init__(inputs, self.head(y))
        self.features, self.size = {"b": y}, size

    def told(self):
        return "something"

    def get_config(self):
        return {"size": self.size}


class Trained(Net):
    def train_step(self, data):
        return {}


def test_a_class_that_builds_its_own_layers_becomes_plain_and_the_report_says_so():
    small, report = checked(randomized(Net()), RNG.normal(size=(2, 8)).astype("float32"))
    assert type(small) is type(keras.Model(small.input, small.output))
    text = str(report)
    assert "plain Functional, since Net builds its own layers; not in it: told" in text
    assert "weights that the graph does not reach are not in it: spare/kernel" in text


def test_where_nothing_changes_every_class_stays():
    net = randomized(Net())
    x = keras.Input((8,))
    model = keras.Model(x, L.Dense(1)(L.Dense(4, name="top")(net(x))))
    channels = channel_groups(model)
    small, _ = shrink(channels, masks={"top": np.arange(4) < 2}, verify=True)
    inner = small.get_layer(net.name)
    assert type(inner) is Net
    assert inner.told() == "something"
    assert inner.a is inner.get_layer("a")
    assert inner.a is not net.a
    features = keras.Model(inner.input, inner.features["b"])  # of its own graph, not of the old
    assert any(layer is inner.b for layer in features.layers)
    again = type(inner).from_config(inner.get_config())
    again.set_weights(inner.get_weights())


def test_a_class_that_cannot_be_kept_and_trains_in_its_own_way_is_refused():
    model = randomized(Trained())
    with pytest.raises(ValueError, match=r"train_step of its class Trained.*keras\.Model\(model\."):
        shrink(model, 0.5)
    plain, _ = shrink(keras.Model(model.input, model.output), 0.5)
    assert plain.get_layer("a").units == 4
    assert type(shrink(model, masks={})[0]) is Trained


# ----------------------------------------------------------------- what a compiled model carries


def test_what_is_left_out_of_weight_decay_stays_out():
    model = on(keras.Input((4,)))
    layer = model.get_layer("a")
    optimizer = keras.optimizers.AdamW(0.0, weight_decay=0.5)
    optimizer.learning_rate.assign(0.1)
    optimizer.exclude_from_weight_decay([layer.kernel], var_names=["bias"])
    model.compile(optimizer, "mse")
    small, _ = shrink(model, 0.5)
    left = [v.path for v in small.variables if not small.optimizer._use_weight_decay(v)]
    assert left == ["a/kernel", "a/bias", "head/bias"]


def test_an_optimizer_that_cannot_be_made_anew_is_refused():
    class Odd(keras.optimizers.SGD):
        def __init__(self, needed):
            super().__init__(needed)

    model = on(keras.Input((4,)))
    model.compile(Odd(0.1), "mse")
    with pytest.raises(ValueError, match=r"optimizer \(Odd\) cannot be made anew.*get_config"):
        shrink(model, 0.5)


def penalty(layer):
    return lambda y, y_pred: ops.mean((y - y_pred) ** 2) + ops.sum(layer.kernel**2)


def test_a_loss_that_reads_a_layer_reads_that_of_the_smaller_model():
    model = on(keras.Input((4,)))
    model.compile(keras.optimizers.SGD(0.0), penalty(model.get_layer("a")))
    small, _ = shrink(model, 0.5)
    small.get_layer("a").kernel.assign(np.full((4, 4), 5.0))
    small.get_layer("head").kernel.assign(np.zeros((4, 2)))
    data = np.ones((8, 4)), np.zeros((8, 2))
    assert small.fit(*data, verbose=0).history["loss"] == pytest.approx([16 * 25.0])


def test_masks_that_remember_and_codebooks_are_held_on():
    model = on(keras.Input((6,)), L.Dense(12, name="first"))
    W = pruning.weights(model)
    masks = {name: np.abs(V) > np.median(np.abs(V)) for name, V in W.items()}
    hold(model, masks, remember=True)
    hold_codebooks(model, cluster({"a/kernel": pruning.weights(model)["a/kernel"]}, 4))
    model.get_layer("a").kernel.constraint.hidden.assign(np.ones((12, 8)))
    stays = np.arange(12) < 6
    small, _ = shrink(model, masks={"first": stays})
    kernel = small.get_layer("a").kernel
    expected = masks["a/kernel"][stays]
    np.testing.assert_array_equal(pruning.held_masks(small)["a/kernel"], expected)
    assert (pruning.remembered(small)["a/kernel"][~expected] == 1).all()
    small.compile("sgd", "mse")
    small.fit(RNG.normal(size=(16, 6)), RNG.normal(size=(16, 2)), verbose=0, epochs=2)
    assert not np.array(kernel)[~expected].any()
    assert len(np.unique(kernel)) <= 5
    assert kernel.constraint.model() is small


class Fitted(keras.constraints.Constraint):
    """A constraint that holds an array of the kernel's size."""

    def __init__(self):
        self.largest = np.full((4, 8), 0.5, "float32")

    def __call__(self, w):
        return ops.minimum(w, self.largest)


class Squared(keras.regularizers.Regularizer):
    """A regularizer that is told the size of what it is for."""

    def __init__(self, size):
        self.size = size

    def __call__(self, w):
        return ops.sum(ops.reshape(w, (-1, self.size)) ** 2)


def test_constraints_that_were_put_on_by_hand():
    model = on(keras.Input((4,)))
    kernel, head = model.get_layer("a").kernel, model.get_layer("head").bias
    kernel.constraint, head.constraint = keras.constraints.NonNeg(), Fitted()
    kernel.regularizer = keras.regularizers.L2(0.5)
    small, _ = shrink(model, 0.5)
    assert isinstance(small.get_layer("a").kernel.constraint, keras.constraints.NonNeg)
    assert isinstance(small.get_layer("head").bias.constraint, Fitted)
    assert float(small.losses[0]) > 0
    kernel.constraint = keras.constraints.MaxNorm(2, axis=[0, 1])  # axes are no array
    assert shrink(model, 0.5)[0].get_layer("a").kernel.constraint.axis == [0, 1]
    kernel.regularizer = Squared(4)  # the size of what stays, or a power
    assert shrink(model, 0.5)[0].get_layer("a").kernel.regularizer.size == 4
    kernel.regularizer = Squared(8)
    with pytest.raises(ValueError, match=r"a/kernel has a Squared that holds .* sizes"):
        shrink(model, 0.5)
    kernel.constraint = Fitted()
    with pytest.raises(ValueError, match=r"a/kernel has a Fitted that holds arrays"):
        shrink(model, 0.5)


# ---------------------------------------------------------------------------------------- verify


def test_verify_takes_a_batch_and_computes_on_the_given_model():
    x = keras.Input((None, None, 3))
    y = L.GlobalAveragePooling2D()(L.Conv2D(8, 3, name="a")(x))
    model = randomized(keras.Model(x, L.Dense(2, name="head")(y)))
    batch = RNG.normal(size=(2, 8, 8, 3)).astype("float32")
    _, report = shrink(model, 0.5, verify=True, inputs=batch)
    assert report.difference < 1e-5
    with pytest.raises(TypeError, match="only verify=True computes with them"):
        shrink(model, 0.5, inputs=batch)
    with pytest.raises(ValueError, match="must be finite"):
        shrink(model, 0.5, verify=True, inputs=np.full((1, 8, 8, 3), np.nan))


def test_verify_says_so_where_the_network_is_another_each_time():
    noise = L.Lambda(lambda x: x + tf.random.normal(tf.shape(x)))
    x = keras.Input((4,))
    model = keras.Model(x, L.Dense(2)(noise(L.Dense(3)(L.Dense(8, "relu", name="a")(x)))))
    assert shrink(model, 0.5)[0].get_layer("a").units == 4
    with pytest.raises(ValueError, match="there is nothing to compare: leave verify out"):
        shrink(model, 0.5, verify=True)
    whole = keras.Model(x, noise(L.Dense(3)(Counting(8, 4, name="b")(x))))  # verified in any case
    with pytest.raises(ValueError, match="to compare: `exclude` the layers of b "):
        shrink(whole, 0.5)


class Head(L.Layer):
    """A block that ends in a softmax, and has a function in the attribute of that name."""

    def __init__(self, **options):
        super().__init__(**options)
        self.hidden, self.scores = L.Dense(8), L.Dense(3, activation="softmax")
        self.activation = keras.activations.sigmoid

    def call(self, x):
        return self.scores(self.activation(self.hidden(x)))


def test_verify_leaves_activations_that_more_depends_on_than_an_output():
    """Those inside a block, and of an output that is read again: logarithms need what it makes."""
    x = keras.Input((4,))
    y = L.Dense(3, "softmax")(L.Dense(8, "relu", name="a")(x))
    for outputs in (Head()(x), [y, ops.log(y)]):
        _, report = shrink(randomized(keras.Model(x, outputs)), 0.5, verify=True)
        assert report.difference < 1e-5
        assert report.parameters[1] < report.parameters[0]


def test_verify_allows_for_half_precision_inside_a_model(monkeypatch):
    """What rounding makes of sums in another order there is a mistake anywhere else."""
    from course_utils.structure import shrinking

    rebuilt = shrinking.rebuilt

    def rounded(channels, kept):
        small, pairs = rebuilt(channels, kept)
        small.layers[-1].kernel.assign(small.layers[-1].kernel * 1.001)
        return small, pairs

    def with_base(policy):
        base = keras.Sequential([keras.Input((4,)), L.Dense(8, "relu", dtype=policy)])
        x = keras.Input((4,))
        return randomized(keras.Model(x, L.Dense(3, use_bias=False, dtype="float32")(base(x))))

    monkeypatch.setattr(shrinking, "rebuilt", rounded)
    assert 5e-4 < shrink(with_base("mixed_float16"), 0.5, verify=True)[1].difference < 5e-3
    with pytest.raises(RuntimeError, match="please report"):
        shrink(with_base("float32"), 0.5, verify=True)


def test_verify_sees_state_that_is_lost(monkeypatch):
    """It compares with the model that was given, not with one that is rebuilt the same way."""
    from course_utils.structure import shrinking

    model, x = with_normalization()
    rebuilt = shrinking.rebuilt

    def forgetful(channels, kept):
        small, pairs = rebuilt(channels, kept)
        norm = next(one for one in small.layers if isinstance(one, L.Normalization))
        norm.mean = norm.mean * 0
        return small, pairs

    monkeypatch.setattr(shrinking, "rebuilt", forgetful)
    before = [np.array(v) for v in model.variables]
    with pytest.raises(RuntimeError, match="please report"):
        shrink(model, 0.5, verify=True, inputs=x)
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)
