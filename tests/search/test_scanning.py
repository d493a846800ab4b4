"""A scan gives what the plain loop gives, computes no more than it must, and leaves no trace."""

import itertools

import numpy as np
import pytest

from course_utils import models
from course_utils.backend import keras
from course_utils.extras import search
from course_utils.extras.search.stages import Stages, owners_of
from course_utils.pruning.kernels import named_weights
from course_utils.structure.graph import graph_of

L = keras.layers
COUNT = 23  # no multiple of any batch size


def sequential():
    layers = [
        keras.Input((8, 8, 2)), L.Conv2D(4, 3, name="conv"), L.BatchNormalization(name="norm"),
        L.ReLU(), L.MaxPooling2D(), L.Flatten(), L.Dropout(0.5), L.Dense(6, "relu", name="fc1"),
        L.Dense(3, "softmax", name="fc2"),
    ]  # fmt: skip
    return keras.Sequential(layers)


def residual():
    x = keras.Input((8, 8, 2))
    stem = L.Conv2D(4, 3, padding="same", name="stem")(x)
    h = L.Conv2D(4, 3, padding="same", activation="relu", name="one")(stem)
    h = L.Add()([L.Conv2D(4, 1, name="two")(h), stem])
    h = L.Concatenate()([h, L.Conv2D(2, 1, name="side")(x)])
    return keras.Model(x, L.Dense(3, name="end")(L.GlobalAveragePooling2D()(h)))


def nested():
    block = keras.Sequential(
        [keras.Input((8, 8, 4)), L.Conv2D(4, 3, name="inner"), L.ReLU()], name="block"
    )
    x = keras.Input((8, 8, 2))
    h = L.Flatten()(block(L.Conv2D(4, 1, name="before")(x)))
    return keras.Model(x, L.Dense(3, name="after")(h))


def shared():
    x, twice = keras.Input((8, 8, 2)), L.Conv2D(2, 3, padding="same", name="twice")
    h = twice(L.ReLU()(L.Conv2D(2, 1, name="between")(twice(x))))
    return keras.Model(x, L.Dense(3, name="end")(L.Flatten()(h)))


def padded():
    """Words, the shorter lines padded: the mask of the padding travels with the tensors."""
    layers = [
        keras.Input((9,), dtype="int32"), L.Embedding(7, 5, mask_zero=True), L.Dropout(0.5),
        L.Dense(4, "tanh", name="mixed"), L.GRU(4, name="units"), L.Dense(3, name="end"),
    ]  # fmt: skip
    return keras.Sequential(layers)


def half():
    """Computed in float16, stored in float32."""
    policy = keras.DTypePolicy("mixed_float16")
    layers = [
        keras.Input((8, 8, 2)), L.Flatten(), L.Dense(9, "relu", name="fc1", dtype=policy),
        L.Dense(3, name="fc2", dtype=policy),
    ]  # fmt: skip
    return keras.Sequential(layers)


EVERY = (sequential, residual, nested, shared, padded, half)


def randomized(model, seed=0):
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        if keras.backend.is_float_dtype(variable.dtype):
            positive = "variance" in variable.path
            value = rng.uniform(0.5, 2, variable.shape) if positive else rng.normal(
                size=variable.shape
            )  # fmt: skip
            variable.assign(value)
    return model


@pytest.fixture(scope="module")
def cases():
    """Each model, its inputs, labels, and two levels of every weight that has an axis of inputs."""
    made, rng = {}, np.random.default_rng(1)
    for build in EVERY:
        model = randomized(build())
        if build is padded:
            x = rng.integers(1, 7, (COUNT, 9))
            x[np.arange(9) >= rng.integers(3, 10, (COUNT, 1))] = 0
        else:
            x = rng.normal(size=(COUNT, 8, 8, 2)).astype("float32")
        ways = {
            name: {s: {name: rng.random(v.shape) >= s} for s in (0.3, 0.8)}
            for name, v in named_weights(model).items()
            if len(v.shape) > 1
        }
        made[build] = (model, x, rng.integers(0, 3, COUNT), ways)
    return made


def plain_loop(model, x, y, ways, measure):
    """Put masks on, evaluate the whole model at once and uncompiled, take them off."""
    variables = named_weights(model)

    def mean():
        return float(measure(model(x, training=False), y).mean())

    results = {}
    for name, levels in ways.items():
        for level, masks in levels.items():
            before = {key: np.array(variables[key]) for key in masks}
            for key, mask in masks.items():
                variables[key].assign(before[key] * mask)
            results.setdefault(name, {})[level] = mean()
            for key, W in before.items():
                variables[key].assign(W)
    return mean(), results


def second_output(outputs, labels):
    return np.asarray(outputs, np.float64)[:, 1]


@pytest.mark.parametrize("build", [sequential, residual, nested, shared])
def test_accuracies_are_those_of_the_plain_loop(cases, build):
    model, x, y, ways = cases[build]
    found = search.scan(model, x, y, ways, batch_size=8)
    baseline, results = plain_loop(model, x, y, ways, search.right_answers)
    assert found.baseline == pytest.approx(baseline, abs=1e-12)
    assert found.results.keys() == results.keys()
    for name, levels in results.items():
        assert found.results[name] == pytest.approx(levels, abs=1e-12)
    assert len({v for levels in results.values() for v in levels.values()}) > 1


@pytest.mark.parametrize("build", EVERY)
def test_outputs_are_those_of_the_plain_loop(cases, build):
    """Accuracies may agree by chance; sums of outputs do not."""
    model, x, y, ways = cases[build]
    found = search.scan(model, x, y, ways, measure=second_output, batch_size=8, memory=1)
    baseline, results = plain_loop(model, x, y, ways, second_output)
    limit = {"rel": 1e-2 if build is half else 1e-4, "abs": 1e-2 if build is half else 1e-5}
    assert found.baseline == pytest.approx(baseline, **limit)
    for name, levels in results.items():
        assert found.results[name] == pytest.approx(levels, **limit)
        assert all(abs(value - baseline) > 1e-4 for value in levels.values()), "it changes nothing"


def test_several_inputs_and_outputs_and_a_measure_of_ones_own():
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    one, two = L.Dense(2, name="one"), L.Dense(2, name="two")
    model = randomized(keras.Model({"a": a, "b": b}, [one(a), two(a + b)]))
    rng = np.random.default_rng(0)
    x = {"b": rng.normal(size=(9, 3)), "a": rng.normal(size=(9, 3))}  # float64, in another order
    y = {"left": rng.normal(size=(9, 2)), "right": rng.normal(size=(9, 2))}

    def measure(outputs, labels):
        left, right = (np.asarray(made) for made in outputs)
        return np.abs(left - labels["left"]).sum(axis=1) + (right * labels["right"]).sum(axis=1)

    ways = {
        "one": {1: {"one/kernel": np.zeros((3, 2))}},
        "both": {1: {"one/bias": np.zeros(2), "two/kernel": np.zeros((1, 2))}},
    }
    found = search.scan(model, x, y, ways, measure=measure, batch_size=4)
    left, right = (np.asarray(made) for made in model(x))
    assert found.baseline == pytest.approx(measure([left, right], y).mean())
    dark = np.broadcast_to(np.array(one.bias), left.shape)
    assert found.results["one"][1] == pytest.approx(measure([dark, right], y).mean())
    flat = np.broadcast_to(np.array(two.bias), right.shape)
    bare = left - np.array(one.bias)
    assert found.results["both"][1] == pytest.approx(measure([bare, flat], y).mean())


def test_the_weights_are_as_before(cases):
    model, x, y, ways = cases[residual]
    before = model.get_weights()
    search.scan(model, x, y, ways)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_the_weights_are_as_before_also_after_an_error(cases, error):
    model, x, y, ways = cases[residual]
    before, calls = model.get_weights(), itertools.count()

    def measure(outputs, labels):
        if next(calls) == 4:
            raise error("in the midst of it")
        return search.right_answers(outputs, labels)

    with pytest.raises(error, match="in the midst"):
        search.scan(model, x, y, ways, measure=measure, batch_size=8)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


class Traced(L.Layer):
    """Passes on what comes, and counts how often Python runs it: once for each compilation."""

    count = 0

    def call(self, x):
        self.count += 1
        return x


def test_nothing_is_compiled_twice_for_a_last_batch_that_is_smaller():
    counts = []
    for examples in (24, 23):
        traced = Traced()
        model = keras.Sequential([keras.Input((4,)), L.Dense(3, name="fc"), traced])
        traced.count = 0
        ways = {"fc": {0.5: {"fc/kernel": np.ones((4, 3))}, 1.0: {"fc/kernel": np.zeros((4, 3))}}}
        search.scan(model, np.ones((examples, 4)), np.zeros(examples), ways, batch_size=8)
        counts.append(traced.count)
    assert counts[0] == counts[1] <= 3  # one for the graph, one to count, one to compile


def test_every_layer_is_compiled_once_however_many_tails_it_lies_in():
    traced = Traced()
    names = [f"fc{i}" for i in range(4)]
    layers = [keras.Input((3,)), *(L.Dense(3, name=name) for name in names), traced]
    model = keras.Sequential(layers)
    traced.count = 0
    ways = {name: {1: {f"{name}/kernel": np.zeros((3, 3))}} for name in names}
    search.scan(model, np.ones((5, 3)), np.zeros(5), ways)
    assert traced.count == 2  # once to count MACs, once to compile


def test_masks_are_asked_for_one_at_a_time():
    asked = []

    class Levels(dict):
        def __getitem__(self, level):
            asked.append(level)
            return super().__getitem__(level)

        def values(self):
            return (self[level] for level in self)

        def items(self):
            return ((level, self[level]) for level in self)

    model = keras.Sequential([keras.Input((4,)), L.Dense(3, name="fc")])
    masks = {"fc/kernel": np.ones((4, 3))}
    search.scan(model, np.ones((4, 4)), np.zeros(4), {"fc": Levels({0.1: masks, 0.2: masks})})
    assert asked == [0.1, 0.2] * 2  # once to see what they are for, once to put them on


# ----------------------------------------------------------------------------- what it keeps, does


@pytest.fixture(scope="module")
def lenet():
    model = models.lenet5()
    kernels = [name for name in named_weights(model) if name.endswith("kernel")]
    return model, {name: {0.5: {name: np.ones((1, 1, 1, 1)[: 4 if "conv" in name else 2])}}
                   for name in kernels}  # fmt: skip


CONV1, CONV2, FC1, FC2 = 25 * 20 * 24**2, 25 * 20 * 50 * 8**2, 800 * 500, 500 * 10
POOL1 = 12 * 12 * 20 * 4  # bytes of one example before conv2: the most that is kept


def test_macs_are_those_of_the_parts_that_are_computed(lenet):
    model, ways = lenet
    found = search.scan(model, np.zeros((4, 28, 28, 1)), np.zeros(4), ways)
    tails = (CONV1 + CONV2 + FC1 + FC2) + (CONV2 + FC1 + FC2) + (FC1 + FC2) + FC2
    assert found.macs == tails + CONV1 + CONV2 + FC1 + FC2
    assert found.macs_of_loop == 5 * (CONV1 + CONV2 + FC1 + FC2)
    assert found.saving == found.macs_of_loop / found.macs


def test_with_many_levels_the_saving_is_what_reuse_allows(lenet):
    model, ways = lenet
    graph, weights = graph_of(model), named_weights(model)
    stages = Stages(graph, {name: owners_of(graph, [weights[name]]) for name in ways})
    costs = stages.weighed(model, [keras.ops.zeros((1, 28, 28, 1))])
    done, loop = costs.macs(dict.fromkeys(ways, 10_000))
    assert loop / done == pytest.approx(1.95, abs=0.005)


@pytest.mark.parametrize(
    ("memory", "examples"), [(2**28, 40), (20 * POOL1, 20), (29 * POOL1, 20), (1, 10)]
)
def test_memory_is_bounded_and_stated(lenet, memory, examples):
    """As many whole batches as fit, and one at least."""
    model, ways = lenet
    x, y = np.zeros((40, 28, 28, 1)), np.zeros(40)
    found = search.scan(model, x, y, ways, batch_size=10, memory=memory)
    assert found.kept_bytes == examples * POOL1


def test_it_prints_as_a_table(lenet):
    model, ways = lenet
    found = search.scan(model, np.zeros((4, 28, 28, 1)), np.zeros(4), ways)
    for text in (str(found), found._repr_html_()):
        for word in ("conv1/kernel", "0.5", "with nothing pruned", "4 examples", "kept"):
            assert word in text


# ------------------------------------------------------------------------------- what it refuses


def test_mistakes_are_said_in_words_and_change_nothing(lenet):
    model, ways = lenet
    x, y = np.zeros((4, 28, 28, 1)), np.zeros(4)
    before = model.get_weights()
    for change, words in [
        ({"ways": {"fc": {1: {"fc9/kernel": np.ones((1, 1))}}}}, "unknown weights"),
        ({"ways": {"fc": {1: {"fc1/kernel": np.ones((3, 3))}}}}, r"mask of fc1/kernel has shape"),
        ({"ways": {}}, "nothing to scan"),
        ({"ways": {"fc": {}}}, "nothing to scan"),
        ({"y": np.zeros(3)}, "same number of examples"),
        ({"x": x[:0], "y": y[:0]}, "same number of examples"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"measure": lambda outputs, labels: np.mean(outputs)}, "one number for each example"),
        ({"model": keras.Sequential([L.Dense(2)])}, "graph of model"),
    ]:
        given = {"model": model, "x": x, "y": y, "ways": ways} | change
        with pytest.raises(ValueError, match=words):
            search.scan(**given)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("outputs", "labels", "right"),
    [
        ([[0.1, 0.9], [0.8, 0.2]], [1, 1], [1, 0]),
        ([[0.1, 0.9], [0.8, 0.2]], [[0, 1], [0, 1]], [1, 0]),
        ([[0.1, 0.9], [0.8, 0.2]], [[1], [1]], [1, 0]),
        ([[0.9], [0.2], [0.7]], [1, 1, 0], [1, 0, 0]),
        ([0.9, 0.2], [[1], [0]], [1, 1]),
    ],
)
def test_right_answers_of_classes_and_of_yes_or_no(outputs, labels, right):
    assert search.right_answers(np.array(outputs), np.array(labels)).tolist() == right


@pytest.mark.parametrize("outputs", [[np.ones((2, 3)), np.ones((2, 3))], np.ones((2, 3, 3))])
def test_right_answers_of_other_outputs_need_a_measure(outputs):
    with pytest.raises(ValueError, match="give measure"):
        search.right_answers(outputs, np.zeros(2))
