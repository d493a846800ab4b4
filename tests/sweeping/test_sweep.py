"""Sweeps in one process: every trial once, whatever happened to the file in between."""

import json
import math
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
import trial_tasks as tasks
from hypothesis import given
from hypothesis import strategies as st

from course_utils.extras import sweeping
from course_utils.extras.sweeping import trials

TRIALS = sweeping.grid(x=[1, 2, 3], power=[1, 2])


def lines(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


def calls(folder):
    return Counter(int(mark.name.split("-")[0]) for mark in folder.iterdir())


@pytest.fixture
def file(tmp_path):
    return tmp_path / "sweep.jsonl"


@pytest.fixture
def marks(tmp_path):
    (tmp_path / "marks").mkdir()
    return tmp_path / "marks"


class Watched:
    """A progress that remembers what it was told."""

    def __init__(self):
        self.told, self.closed = [], 0

    def show(self, done, total, known):
        self.told.append((done, total, known))

    def close(self):
        self.closed += 1


# ---------------------------------------------------------------------------- trials


@given(
    st.dictionaries(
        st.sampled_from("abcd"), st.lists(st.integers(), min_size=1, max_size=4, unique=True)
    )
)
def test_a_grid_holds_every_combination_once(axes):
    found = sweeping.grid(**axes)
    assert len(found) == math.prod(map(len, axes.values()))
    assert len({trials.key(one) for one in found}) == len(found)
    assert all(one[name] in axes[name] for one in found for name in axes)


def test_numpys_numbers_are_numbers_and_the_order_of_names_means_nothing():
    assert trials.key({"a": np.int64(1), "b": (0.5, np.float32(0.25))}) == trials.key(
        {"b": [0.5, 0.25], "a": 1}
    )
    different = [{"a": 1}, {"a": 1.0}, {"a": True}, {"a": "1"}, {"a": None}, {"a": [1]}]
    assert len(set(map(trials.key, different))) == len(different)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: sweeping.grid(scope="global"), TypeError, r"write scope=\['global'\]"),
        (lambda: sweeping.grid(seed=[]), ValueError, "seed has no values"),
        (lambda: sweeping.sweep(tasks.square, [{"x": 1}, {"x": 1}]), ValueError, "stands twice"),
        (lambda: sweeping.sweep(tasks.square, [{"x": np.ones(2)}]), TypeError, "no plain value"),
        (lambda: sweeping.sweep(tasks.square, [{"seconds": 1}]), ValueError, "call the task's"),
    ],
)
def test_what_is_no_list_of_trials_is_refused(make, error, text):
    with pytest.raises(error, match=text):
        make()


# ---------------------------------------------------------------------------- sweeps


@pytest.mark.parametrize("threaded", [False, True])
def test_rows_are_trial_and_result_in_the_order_of_the_trials(threaded, file):
    with ThreadPoolExecutor(3) as pool:
        rows = sweeping.sweep(tasks.square, TRIALS, pool if threaded else None, file=file)
    assert [{k: row[k] for k in ("x", "power")} for row in rows] == TRIALS
    assert all(row["value"] == row["x"] ** row["power"] for row in rows)
    assert all(row["seconds"] >= 0 for row in rows)
    by_key = {trials.key(line["trial"]) for line in lines(file)}
    assert len(lines(file)) == len(by_key) == len(TRIALS)


def test_nothing_is_run_twice_and_more_trials_are_added(file, marks):
    first = [{"x": x, "folder": str(marks)} for x in range(3)]
    more = [{"x": x, "folder": str(marks)} for x in range(5)]
    once = sweeping.sweep(tasks.told, first, file=file)
    again = sweeping.sweep(tasks.told, more[::-1], file=file)
    assert again[::-1][:3] == once
    assert calls(marks) == dict.fromkeys(range(5), 1)
    # A shorter list leaves the other lines alone.
    assert sweeping.sweep(tasks.told, more[4:], file=file) == again[:1]
    assert len(lines(file)) == 5
    assert calls(marks).total() == 5


def test_what_is_read_back_is_what_was_returned(file):
    def task(a, b):
        return {"third": np.float32(a) / 3, "tiny": 5e-324, "nan": math.nan, "count": np.int64(a)}

    every = [{"a": 1, "b": (1, 2)}, {"a": 2, "b": None}]
    fresh = sweeping.sweep(task, every, file=file)
    read = sweeping.sweep(task, every, file=file)
    assert repr(read) == repr(fresh)
    assert [type(value) for value in read[0].values()] == [
        int,
        tuple,
        float,
        float,
        float,
        int,
        float,
    ]
    assert [line["result"]["third"] for line in lines(file)] == [row["third"] for row in fresh]


def test_a_file_cut_anywhere_goes_on_and_ends_with_each_result_once(file):
    """As after a kill at that byte, or a full disk."""
    sweeping.sweep(tasks.square, TRIALS[:3], file=file)
    data = file.read_bytes()
    for cut in range(len(data) + 1):
        file.write_bytes(data[:cut])
        rows = sweeping.sweep(tasks.square, TRIALS, file=file)
        assert len(rows) == len(TRIALS)
        found = Counter(trials.key(line["trial"]) for line in lines(file))
        assert found == dict.fromkeys(map(trials.key, TRIALS), 1), data[:cut]
        whole = data[:cut].count(b"\n")
        assert file.read_bytes().splitlines()[:whole] == data.splitlines()[:whole]


@pytest.mark.parametrize(
    "text",
    [
        "network,seed,accuracy\ndense,0,0.98\n",
        "network,seed,accuracy",
        '{"accuracy": 0.98}\n',
        '{"task": "square", "trial": {"x": 1}}\n',
        '{"task": "square", "trial": {"x": 1}, "result": [], "seconds": 1.0}\n',
        '{"task": "square"\n',
        '{"task": "cube", "trial": {"x": 1}, "result": {}, "seconds": 1.0}\n',
    ],
)
def test_a_file_that_is_something_else_is_refused_and_left_as_it_is(file, text):
    file.write_text(text)
    with pytest.raises(ValueError, match=r"sweep\.jsonl"):
        sweeping.sweep(tasks.square, TRIALS, file=file)
    assert file.read_text() == text


def test_a_task_of_another_name_does_not_take_results_that_are_not_its_own(file):
    sweeping.sweep(tasks.square, [{"x": 1}], file=file)
    before = file.read_bytes()
    with pytest.raises(ValueError, match="of the task 'square', not of 'told'"):
        sweeping.sweep(tasks.told, [{"x": 1}], file=file)
    assert file.read_bytes() == before
    # What is fixed by functools.partial does not change the name.
    assert sweeping.sweep(partial(tasks.square, power=2), [{"x": 1}], file=file)[0]["value"] == 1
    assert file.read_bytes() == before


def test_a_trial_that_fails_is_named_and_run_again_and_the_others_stay(file, tmp_path):
    bad = tmp_path / "bad"
    bad.write_text("1")
    every = [{"x": x, "bad": str(bad)} for x in range(3)]
    with pytest.raises(sweeping.TrialsFailed, match=r"1 of 3 .*'x': 1.* no 1 today") as caught:
        sweeping.sweep(tasks.refuses, every, file=file)
    assert [row["x"] for row in caught.value.rows] == [0, 2]
    [(trial, error)] = caught.value.failures
    assert trial == every[1]
    assert isinstance(error, ArithmeticError)
    assert len(lines(file)) == 2
    bad.unlink()
    assert [row["value"] for row in sweeping.sweep(tasks.refuses, every, file=file)] == [0, 1, 2]
    assert len(lines(file)) == 3


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (0.98, "a dictionary of numbers, not float"),
        ({"name": "lenet"}, "'name' is 'lenet'"),
        ({"x": 1}, "names that the trial has"),
        ({"seconds": 1}, "names that the trial has"),
        ({"weights": np.ones(3)}, "no plain value"),
    ],
)
def test_what_is_no_result_is_said(result, text):
    with pytest.raises(sweeping.TrialsFailed, match=text):
        sweeping.sweep(lambda x: result, [{"x": 1}])


def test_an_interrupt_leaves_what_is_done_and_the_next_call_goes_on(file, marks):
    def task(x):
        if x == 2 and not (marks / "stopped").exists():
            (marks / "stopped").touch()
            raise KeyboardInterrupt
        return {"value": x}

    watched = Watched()
    every = sweeping.grid(x=range(4))
    with pytest.raises(KeyboardInterrupt):
        sweeping.sweep(task, every, file=file, progress=watched)
    assert [line["trial"]["x"] for line in lines(file)] == [0, 1]
    assert watched.told == [(0, 4, 0), (1, 4, 0), (2, 4, 0)]
    assert watched.closed == 1
    watched = Watched()
    assert len(sweeping.sweep(task, every, file=file, progress=watched)) == 4
    assert watched.told == [(2, 4, 2), (3, 4, 2), (4, 4, 2)]
    assert watched.closed == 1


def test_a_place_that_cannot_be_written_is_known_before_the_work(tmp_path, marks):
    every = [{"x": 1, "folder": str(marks)}]
    with pytest.raises(FileNotFoundError):
        sweeping.sweep(tasks.told, every, file=tmp_path / "no such folder" / "sweep.jsonl")
    with pytest.raises(IsADirectoryError):
        sweeping.sweep(tasks.told, every, file=tmp_path)
    assert not calls(marks)


def test_a_last_line_that_only_lacks_its_end_is_kept(file, marks):
    every = [{"x": x, "folder": str(marks)} for x in range(2)]
    sweeping.sweep(tasks.told, every[:1], file=file)
    file.write_bytes(file.read_bytes().rstrip())  # as some editors do
    assert len(lines(file)) == 1
    sweeping.sweep(tasks.told, every, file=file)
    assert calls(marks) == {0: 1, 1: 1}
    assert len(lines(file)) == 2


def test_the_words_for_many_trials_stay_short():
    with pytest.raises(sweeping.TrialsFailed, match=r"100 of 100 .*\{'x': 2\} and 97 more\."):
        sweeping.sweep(lambda x: {"y": 1 / 0}, sweeping.grid(x=range(100)))


def test_a_worker_loads_only_what_its_task_needs():
    code = (
        "import sys; from course_utils.extras import sweeping\n"
        "assert sweeping.sweep(lambda x: {'y': x}, sweeping.grid(x=[1]))[0]['y'] == 1\n"
        "print(sorted({'tensorflow', 'keras', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@given(st.floats(allow_nan=False))
def test_a_number_is_the_same_trial_when_it_comes_back_from_the_file(x):
    assert trials.key({"x": x}) == trials.key(json.loads(json.dumps({"x": x})))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: sweeping.sweep(len, {"seed": 1}),
            "trials are dictionaries in a list.* not 'seed'",
        ),
        (lambda: sweeping.sweep(len, [1, 2]), "trials are dictionaries in a list.* not 1"),
        (lambda: sweeping.sweep(len, None), "trials are dictionaries in a list.* not None"),
        (lambda: sweeping.sweep(None, [{"seed": 1}]), "give a function and an executor"),
        (lambda: sweeping.sweep(len, [{"seed": 1}], 4), "give a function and an executor"),
        (lambda: sweeping.grid(seed=5), r"seed=5 is one value; write seed=\[5\]"),
        (lambda: sweeping.process_pool("2"), "workers must be a whole number of at least 1"),
    ],
)
def test_what_is_no_sweep_is_said_before_a_trial_runs(call, words):
    with pytest.raises((TypeError, ValueError), match=words):
        call()
