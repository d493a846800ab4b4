"""Latency: in turns, after a warm-up, with median, spread and threads; what it can time."""

import contextlib
import gc
import json
import os
import sys
import time

import forked
import numpy as np
import pytest

from course_utils import models
from course_utils.backend import keras
from course_utils.extras import export, speed
from course_utils.extras.speed.runtime import needed


class Recorder:
    """Functions that write down when they are called."""

    def __init__(self) -> None:
        self.order: list[str] = []

    def named(self, name: str):
        return lambda: self.order.append(name)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).random((2, 28, 28, 1), dtype="float32")


@pytest.fixture(scope="module")
def cnn() -> keras.Model:
    return models.article_cnn()


# ---------------------------------------------------------------------------------------- in turns


def recorded(repeats: int = 20, warmup: int = 3, seed: int = 0) -> list[str]:
    recorder = Recorder()
    calls = {name: recorder.named(name) for name in "abc"}
    speed.latency(calls, repeats, warmup, seed)
    return recorder.order


def test_each_is_warmed_up_then_called_once_in_every_round():
    order = recorded()
    assert order[:9] == list("aaabbbccc")
    rounds = [order[start : start + 3] for start in range(9, len(order), 3)]
    assert len(rounds) == 20
    assert all(sorted(r) == list("abc") for r in rounds)


def test_the_order_is_drawn_anew_for_every_round_and_repeatable():
    order = recorded()
    assert len({tuple(order[start : start + 3]) for start in range(9, 69, 3)}) > 3
    assert recorded() == order
    assert recorded(seed=1) != order


class Clock:
    """A clock that stands still but for sleep."""

    def __init__(self) -> None:
        self.now = 0

    def sleep(self, seconds: float) -> None:
        self.now += round(seconds * 1e9)


@pytest.fixture
def clock(monkeypatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(time, "perf_counter_ns", lambda: made.now)
    return made


def test_real_time_is_measured():
    assert speed.latency({"short": lambda: time.sleep(0.002)}, repeats=9)["short"].low >= 0.002


def test_what_passes_during_a_call_is_its_time(clock):
    found = speed.latency({"short": lambda: clock.sleep(0.002), "none": lambda: None}, repeats=9)
    assert [row.median for row in found.rows] == [0.002, 0]
    for row in found.rows:
        assert row.low == row.median == row.high
        assert row.calls == 9
        assert row.threads is None


def test_a_few_slow_calls_do_not_move_the_median(clock):
    turns = iter(range(99))
    found = speed.latency(
        {"a": lambda: clock.sleep(0.05 if next(turns) % 10 == 0 else 0.001)}, repeats=20, warmup=1
    )
    assert found["a"].median == 0.001


def test_what_a_call_holds_is_entered_outside_the_time_taken(clock):
    @contextlib.contextmanager
    def slowly():
        clock.sleep(0.02)
        yield
        clock.sleep(0.02)

    call = speed.TimedCall(lambda: None, 2, slowly)
    row = speed.latency({"held": call}, repeats=3, warmup=1)["held"]
    assert row.median == 0
    assert row.threads == 2


@pytest.mark.parametrize("on", [True, False])
def test_garbage_is_not_collected_meanwhile_and_is_as_before_afterwards(on):
    seen = []
    (gc.enable if on else gc.disable)()
    try:
        speed.latency({"a": lambda: seen.append(gc.isenabled())}, repeats=2, warmup=1)
        assert seen[1:] == [False, False]
        assert gc.isenabled() == on
    finally:
        gc.enable()


def test_what_a_call_raises_goes_through_and_collection_is_on_again():
    with pytest.raises(ZeroDivisionError):
        speed.latency({"a": lambda: 1 / 0})
    turns = iter([1, 0])
    with pytest.raises(ZeroDivisionError):
        speed.latency({"a": lambda: 1 / next(turns)}, warmup=1)
    assert gc.isenabled()


@pytest.mark.parametrize(
    ("calls", "settings", "error", "words"),
    [
        ({}, {}, ValueError, "nothing to time"),
        ({"a": 3}, {}, TypeError, "'a' must be a function without arguments, not 3"),
        ({"a": lambda x: x}, {}, TypeError, "'a' must be a function without arguments"),
        ({"a": models.lenet5()}, {}, TypeError, "'a' must be .* keras_call"),
        ({"a": int}, {"repeats": 0}, ValueError, "repeats must be a whole number of at least 1"),
        ({"a": int}, {"repeats": 2.0}, ValueError, "repeats must be"),
        ({"a": int}, {"warmup": 0}, ValueError, "warmup must be a whole number of at least 1"),
        ({"a": int}, {"warmup": True}, ValueError, "warmup must be"),
        ({"a": int}, {"seed": -1}, ValueError, "seed must be"),
        (int, {}, TypeError, "calls must be functions by name, .* not type"),
    ],
)
def test_what_cannot_be_timed_is_refused(calls, settings, error, words):
    with pytest.raises(error, match=words):
        speed.latency(calls, **settings)


def test_a_row_that_is_not_there_is_answered_with_those_that_are():
    found = speed.latency({"a": int, "b": int}, repeats=1, warmup=1)
    assert found["b"].name == "b"
    with pytest.raises(KeyError, match=r"no row is called 'c'; there are \['a', 'b'\]"):
        found["c"]


# ------------------------------------------------------------------------------------------ printed


def test_it_prints_as_a_table_relative_to_the_first():
    rows = (
        speed.Timing("dense", 0.002, 0.0019, 0.0022, 50, 1),
        speed.Timing("<pruned>", 0.001, 0.001, 0.0015, 50, None),
    )
    found = speed.Latencies(rows)
    assert str(found).splitlines()[:4] == [
        "what      median ms  quartiles ms  relative  calls    threads",
        "-------------------------------------------------------------",
        "dense             2    1.9 to 2.2      1.00     50          1",
        "<pruned>          1      1 to 1.5      0.50     50  not known",
    ]
    assert "<td>&lt;pruned&gt;</td><td>1</td>" in found._repr_html_()


# ------------------------------------------------------------------------------- what can be timed


def test_the_keras_call_computes_what_the_model_computes(cnn, images):
    call = speed.keras_call(cnn, images)
    np.testing.assert_allclose(call(), cnn.predict(images, verbose=0), atol=1e-6)
    assert call.threads >= 1


def test_the_keras_call_is_of_inference():
    model = keras.Sequential([keras.Input((50,)), keras.layers.Dropout(0.5)])
    x = np.ones((2, 50), "float32")
    np.testing.assert_array_equal(speed.keras_call(model, x)(), x)


@pytest.mark.parametrize("threads", [1, 2])
def test_the_litert_call_computes_what_the_model_computes(cnn, images, threads):
    call = speed.litert_call(export.litert(cnn), images, threads)
    (found,) = call()
    np.testing.assert_allclose(found, cnn.predict(images, verbose=0), atol=1e-6)
    assert call.threads == threads


@pytest.mark.parametrize("rows", [1, 5])
def test_both_products_are_the_same(rows):
    rng = np.random.default_rng(0)
    W = np.where(rng.random((40, 30)) < 0.9, 0, rng.normal(size=(40, 30))).astype("float32")
    x = rng.normal(size=(rows, 40)).astype("float32")
    np.testing.assert_allclose(speed.dense_call(W, x)(), x @ W, rtol=1e-6)
    np.testing.assert_allclose(speed.csr_call(W, x)().T, x @ W, rtol=1e-4, atol=1e-6)
    assert speed.csr_call(W, x)().dtype == np.float32
    assert speed.csr_call(W, x).threads == 1


@pytest.mark.parametrize("make", [speed.dense_call, speed.csr_call])
@pytest.mark.parametrize(
    ("W", "x", "words"),
    [
        (np.ones((3, 3, 1, 2)), np.ones((1, 9)), "A convolution's kernel: W.reshape"),
        (np.ones((3, 2)), np.ones((1, 2)), r"not \(3, 2\) and \(1, 2\)"),
        (np.ones((3, 2)), np.ones(3), "W must be a matrix"),
        (np.full((3, 2), np.nan), np.ones((1, 3)), "W must be finite"),
    ],
)
def test_products_of_matrices_only(make, W, x, words):
    with pytest.raises(ValueError, match=words):
        make(W, x)


def blas_threads() -> set[int]:
    import threadpoolctl

    return {
        pool["num_threads"]
        for pool in threadpoolctl.threadpool_info()
        if "blas" in pool["user_api"]
    }


def test_blas_is_held_to_the_threads_that_are_stated_and_let_go():
    before = blas_threads()
    call = speed.dense_call(np.eye(3), np.ones((1, 3)), threads=1)
    with call.holding():
        assert blas_threads() == {1}
    assert blas_threads() == before
    assert call.threads == 1


# In a fresh process, where the package's own imports have not come yet.
ALONE = """
import json, sys
sys.modules.update({name: None for name in %r})
import numpy as np
from course_utils import models
from course_utils.extras import speed

model, x = models.lenet300(), np.zeros((1, 28, 28, 1), "float32")
found = {
    "keras": speed.keras_call(model, x).threads,
    "cores": speed.cores(),
}
for name, make in (
    ("dense", lambda: speed.dense_call(np.eye(2), np.eye(2))),
    ("csr", lambda: speed.csr_call(np.eye(2), np.eye(2))),
    ("litert", lambda: speed.predict_litert(b"", x)),
):
    try:
        found[name] = make()
    except ImportError as error:
        found[name] = str(error)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def without_extras() -> dict:
    missing = ("scipy", "scipy.sparse", "ai_edge_litert.interpreter", "threadpoolctl")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TF_NUM_INTRAOP_THREADS", "2")
        run = forked.run(ALONE % (missing,))
    assert (run.returncode, run.stderr) == (0, "")
    return json.loads(run.stdout)


@pytest.mark.parametrize(
    ("name", "package"),
    [("dense", "threadpoolctl"), ("csr", "scipy"), ("litert", "ai-edge-litert")],
)
def test_what_is_not_installed_is_named(without_extras, name, package):
    assert without_extras[name].startswith(f"This needs the package {package}, which")
    assert f"pip install {package}" in without_extras[name]


def test_tensorflows_threads_are_those_of_the_environment(without_extras):
    assert without_extras["keras"] == 2


def test_without_a_word_of_the_environment_all_cores_are_used():
    assert speed.cores() == len(os.sched_getaffinity(0)) if sys.platform == "linux" else True
    with pytest.raises(ImportError, match="pip install nothing-of-this-name"):
        needed("nothing_of_this_name", "nothing-of-this-name")
