"""Searches: what Optuna asks for, once each, and the same after an interruption."""

import math
import subprocess
import sys
from collections import Counter

import pytest
import trial_tasks as tasks
from hypothesis import given
from hypothesis import strategies as st

from course_utils.extras import sweeping
from course_utils.extras.sweeping import best, search, trials

optuna = pytest.importorskip("optuna")
LINE = optuna.distributions.FloatDistribution(-3.0, 3.0)


def hill(x, kind):
    return {"height": (3.0 if kind == "steep" else 1.0) - (x - 1) ** 2}


SPACE, GOAL = {"x": LINE, "kind": ["flat", "steep"]}, {"height": "maximize"}


def without_seconds(rows):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


def test_it_finds_the_hill_and_says_nothing(capfd):
    rows = search(hill, SPACE, GOAL, 30)
    [top] = best(rows, GOAL)
    assert top["kind"] == "steep"
    assert abs(top["x"] - 1) < 0.5
    assert len(rows) == 30
    assert capfd.readouterr() == ("", "")


def test_an_interrupted_search_asks_for_what_a_whole_one_asks_for(tmp_path):
    whole = search(hill, SPACE, GOAL)
    count, file = Counter(), tmp_path / "search.jsonl"

    def counted(x, kind):
        count["calls"] += 1
        if count["calls"] % 7 == 0:  # stopped again and again
            raise KeyboardInterrupt
        return hill(x, kind)

    while True:
        try:
            rows = search(counted, SPACE, GOAL, file=file)
            break
        except KeyboardInterrupt:
            continue
    assert without_seconds(rows) == without_seconds(whole)
    assert count["calls"] == 20 + 3  # three were stopped
    assert len(sweeping.results(file)) == 20


def test_the_same_seed_asks_for_the_same_and_another_for_others():
    one, again, other = (search(hill, SPACE, GOAL, 12, seed) for seed in (1, 1, 2))
    assert without_seconds(one) == without_seconds(again) != without_seconds(other)


def test_a_trial_that_is_asked_for_twice_runs_once(tmp_path):
    file = tmp_path / "search.jsonl"
    space = {"x": [1, 2], "power": [[1, 2]]}
    rows = search(lambda x, power: {"value": x + power[1]}, space, {"value": "maximize"}, file=file)
    assert sorted(row["x"] for row in rows) == [1, 2]
    assert len(sweeping.results(file)) == 2


def test_a_trial_that_fails_does_not_end_the_search():
    with pytest.raises(sweeping.TrialsFailed, match="trials failed") as caught:
        search(lambda x: {"value": 1 / max(x, 0)}, {"x": LINE}, {"value": "maximize"}, 12)
    assert len(caught.value.rows) + len(caught.value.failures) == 12
    assert all(row["x"] > 0 for row in caught.value.rows)


def test_nan_is_no_result_to_learn_from_and_never_the_best():
    goal = {"loss": "minimize"}
    rows = search(lambda x: {"loss": x if x > 0 else math.nan}, {"x": LINE}, goal, 15)
    assert len(rows) == 15
    [top] = best(rows, goal)
    assert top["x"] == min(row["x"] for row in rows if row["x"] > 0)


def test_two_goals_give_a_front():
    goal = {"near": "minimize", "far": "minimize"}
    rows = search(lambda x: {"near": x**2, "far": (x - 2) ** 2}, {"x": LINE}, goal)
    front = best(rows, goal)
    assert all(-0.5 < row["x"] < 2.5 for row in front)
    assert len(front) > 1


@given(st.lists(st.tuples(*[st.integers(0, 4)] * 2), max_size=12))
def test_the_front_is_what_no_row_beats(points):
    rows = [{"a": a, "b": b} for a, b in points]
    front = best(rows, {"a": "maximize", "b": "minimize"})
    for row in rows:
        beaten = any(
            o["a"] >= row["a"] and o["b"] <= row["b"] and (o["a"], o["b"]) != (row["a"], row["b"])
            for o in rows
        )
        assert (row in front) == (not beaten)


@pytest.mark.parametrize(
    ("space", "goal", "trials", "text"),
    [
        ({}, {"a": "maximize"}, 1, "needs a space"),
        ({"x": [1]}, {"a": "larger"}, 1, "'maximize' or 'minimize'"),
        ({"x": [1]}, {"a": "maximize"}, 0, "trials must be"),
        ({"x": [1]}, {"accuracy": "maximize"}, 1,
         r"goal 'accuracy' is not among the task's numbers \['half', 'value'\]"),
    ],
)  # fmt: skip
def test_what_is_no_search_is_refused(space, goal, trials, text):
    with pytest.raises(ValueError, match=text):
        search(tasks.square, space, goal, trials)


def test_the_progress_counts_what_runs_and_is_closed():
    told = []

    class Watched:
        def show(self, done, total):
            told.append((done, total))

        def close(self):
            told.append("closed")

    search(lambda x: {"y": x}, {"x": [1, 2]}, {"y": "maximize"}, 6, progress=Watched())
    assert len(told) == 7
    assert told[-2:] == [(2, 2), "closed"]


def test_without_optuna_it_says_what_to_install_and_sweeps_go_on():
    code = (
        "import sys; sys.modules['optuna'] = None\n"
        "from course_utils.extras import sweeping\n"
        "assert sweeping.sweep(lambda x: {'y': x}, sweeping.grid(x=[1]))[0]['y'] == 1\n"
        "try:\n    sweeping.search(print, {'x': [1]}, {'y': 'maximize'})\n"
        "except ImportError as error:\n    print(error)\n"
        "print(sorted({'tensorflow', 'keras', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    said, loaded = done.stdout.splitlines()
    assert "pip install optuna" in said
    assert "[search]" in said
    assert loaded == "[]"  # a worker of a sweep starts quickly


def test_keys_of_optunas_numbers_survive_the_file():
    values = [row["x"] for row in search(hill, SPACE, GOAL)]
    assert [trials.key({"x": x}) for x in values] == [
        trials.key({"x": float(repr(x))}) for x in values
    ]
