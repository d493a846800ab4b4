"""A scan gives what model.evaluate gives with the masks on, compiles once, leaves no trace."""

import itertools

import numpy as np
import pytest
from sizes import few

from course_utils.backend import keras
from course_utils.extras import search
from course_utils.pruning.kernels import named_weights

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


class Subclassed(keras.Model):
    """No graph that anybody could read: Python decides what comes after what."""

    def __init__(self):
        super().__init__()
        self.before, self.after = L.Conv2D(4, 3, name="before"), L.Dense(3, name="after")
        self.drop = L.Dropout(0.5)

    def call(self, x, training=None):
        h = self.drop(keras.ops.relu(self.before(x)), training=training)
        return self.after(keras.ops.mean(h, axis=(1, 2)) * 3)


def subclassed():
    model = Subclassed()
    model(np.zeros((1, 8, 8, 2)))
    return model


EVERY = (sequential, residual, nested, shared, padded, half, subclassed)


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
        trials = [
            (name, s, {name: rng.random(v.shape) >= s})
            for name, v in named_weights(model).items()
            if len(v.shape) > 1
            for s in (0.3, 0.8)
        ]
        made[build] = (model, x, rng.integers(0, 3, COUNT), trials)
    return made


def plain_loop(model, trials, mean):
    """Put masks on, measure, take them off."""
    variables, results = named_weights(model), {}
    for name, level, masks in trials:
        before = {key: np.array(variables[key]) for key in masks}
        for key, mask in masks.items():
            variables[key].assign(before[key] * mask)
        results.setdefault(name, {})[level] = mean()
        for key, W in before.items():
            variables[key].assign(W)
    return mean(), results


def second_output(outputs, labels):
    return np.asarray(outputs, np.float64)[:, 1]


@pytest.mark.parametrize("build", few({b.__name__: b for b in EVERY}, "residual", "padded"))
def test_right_answers_are_exactly_those_that_evaluate_counts(cases, build):
    model, x, y, trials = cases[build]
    found = search.scan(model, x, y, trials, batch_size=8)
    model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])

    def evaluated():
        return model.evaluate(x, y, batch_size=8, verbose=0)[1]

    baseline, results = plain_loop(model, trials, evaluated)
    assert round(COUNT * found.baseline, 9) == round(COUNT * baseline)
    assert found.results.keys() == results.keys()
    for name, levels in results.items():
        right = {level: round(COUNT * value) for level, value in levels.items()}
        assert {s: round(COUNT * v, 9) for s, v in found.results[name].items()} == right
    assert len({v for levels in results.values() for v in levels.values()}) > 1


@pytest.mark.parametrize("batch_size", [1, 8, COUNT, 500])
def test_every_example_counts_once_whatever_the_size_of_a_batch(cases, batch_size):
    """23 examples in batches of 8 leave a last one of 7: nothing of it may count twice."""
    model, x, y, trials = cases[sequential]
    seen = []

    def measure(outputs, labels):
        seen.append(len(labels))
        return np.asarray(labels, float) + np.asarray(outputs, np.float64)[:, 1]

    found = search.scan(model, x, y, trials[:1], measure=measure, batch_size=batch_size)
    expected = np.mean(y + np.asarray(model(x, training=False), np.float64)[:, 1])
    assert found.baseline == pytest.approx(expected, rel=1e-5)
    assert found.examples == COUNT
    assert sum(seen) == 2 * COUNT  # with nothing pruned, and once with the masks on


@pytest.mark.parametrize("build", EVERY)
def test_outputs_are_those_of_the_plain_loop(cases, build):
    """Accuracies may agree by chance; sums of outputs do not."""
    model, x, y, trials = cases[build]
    found = search.scan(model, x, y, trials, measure=second_output, batch_size=8)

    def uncompiled():
        return float(second_output(model(x, training=False), y).mean())

    baseline, results = plain_loop(model, trials, uncompiled)
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

    trials = [
        ("one", 1, {"one/kernel": np.zeros((3, 2))}),
        ("both", 1, {"one/bias": np.zeros(2), "two/kernel": np.zeros((1, 2))}),
    ]
    found = search.scan(model, x, y, trials, measure=measure, batch_size=4)
    left, right = (np.asarray(made) for made in model(x))
    assert found.baseline == pytest.approx(measure([left, right], y).mean())
    dark = np.broadcast_to(np.array(one.bias), left.shape)
    assert found.results["one"][1] == pytest.approx(measure([dark, right], y).mean())
    flat = np.broadcast_to(np.array(two.bias), right.shape)
    bare = left - np.array(one.bias)
    assert found.results["both"][1] == pytest.approx(measure([bare, flat], y).mean())


def test_the_weights_are_as_before(cases):
    model, x, y, trials = cases[residual]
    before = model.get_weights()
    search.scan(model, x, y, trials)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_the_weights_are_as_before_also_after_an_error(cases, error):
    model, x, y, trials = cases[residual]
    before, calls = model.get_weights(), itertools.count()

    def measure(outputs, labels):
        if next(calls) == 4:
            raise error("in the midst of it")
        return search.right_answers(outputs, labels)

    with pytest.raises(error, match="in the midst"):
        search.scan(model, x, y, trials, measure=measure, batch_size=8)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


class Traced(L.Layer):
    """Passes on what comes, and counts how often Python runs it: once for each compilation."""

    count = 0

    def call(self, x):
        self.count += 1
        return x


def test_the_model_is_compiled_once_however_many_trials_there_are():
    traced = Traced()
    names = [f"fc{i}" for i in range(4)]
    layers = [keras.Input((3,)), *(L.Dense(3, name=name) for name in names), traced]
    model = keras.Sequential(layers)
    traced.count = 0
    trials = [(name, s, {f"{name}/kernel": np.zeros((3, 3))}) for name in names for s in (1, 2)]
    search.scan(model, np.ones((6, 3)), np.zeros(6), trials, batch_size=2)
    assert traced.count == 1
    search.scan(model, np.ones((5, 3)), np.zeros(5), trials, batch_size=2)
    assert traced.count == 3  # once more for the last batch, which is smaller


def test_a_list_of_inputs_is_one_input_each():
    a, b = keras.Input((3,)), keras.Input((2,))
    model = randomized(keras.Model([a, b], L.Dense(2, name="fc")(L.Concatenate()([a, b]))))
    rng = np.random.default_rng(0)
    x, y = [rng.normal(size=(9, 3)), rng.normal(size=(9, 2))], rng.integers(0, 2, 9)
    found = search.scan(model, x, y, [("fc", 1, {"fc/kernel": np.zeros((5, 2))})], batch_size=4)
    assert found.baseline == search.right_answers(model(x), y).mean()
    assert found.results["fc"][1] == np.mean(y == np.argmax(model.get_layer("fc").bias))


def test_it_prints_as_a_table(cases):
    model, x, y, trials = cases[sequential]
    found = search.scan(model, x, y, trials[1:])
    for text in (str(found), found._repr_html_()):
        for word in ("conv/kernel", "0.3", "-", "with nothing pruned", "23 examples"):
            assert word in text


# ------------------------------------------------------------------------------- what it refuses


def test_mistakes_are_said_in_words_and_change_nothing(cases):
    model, x, y, trials = cases[residual]
    before = model.get_weights()
    for change, words in [
        ({"trials": [("fc", 1, {"fc9/kernel": np.ones((1, 1))})]}, "unknown weights"),
        ({"trials": [*trials, ("end", 1, {"end/kernel": np.ones((3, 2))})]}, "mask of end/kernel"),
        ({"trials": []}, "nothing to scan"),
        ({"y": y[1:]}, "same number of examples"),
        ({"x": x[:0], "y": y[:0]}, "same number of examples"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"measure": lambda outputs, labels: np.mean(outputs)}, "one number for each example"),
        ({"measure": lambda outputs, labels: labels + 1j}, "one number for each example"),
        ({"measure": lambda outputs: 1.0}, "measure must be a function"),
        ({"trials": {"fc": 0.5}}, "a trial is .* not 'fc'"),
        ({"trials": [("fc", 0.5, np.ones(3))]}, "a trial is"),
        ({"trials": None}, "a trial is .* not None"),
    ]:
        given = {"model": model, "x": x, "y": y, "trials": trials} | change
        with pytest.raises((TypeError, ValueError), match=words):
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
