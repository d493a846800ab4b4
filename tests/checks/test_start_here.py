"""Notebook 00's checks: each typical mistake has a hint of its own, right answers pass."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from course_utils.lessons import logbook
from course_utils.lessons.checks import start_here as check

W = np.array([[0.9, 0.0, -0.3], [0.0, -0.7, 0.0], [0.4, 0.0, 0.0], [-0.1, 0.2, 0.6]])  # 5 zeros
GOOD = {"Python": "3.12.4", "NumPy": "2.4.6", "TensorFlow": "2.21.0", "Keras": "3.15.1"}

WRONG_COUNTS = {
    "not zero": 7,
    "all entries": 12,
    "negative": 8,
    "share of zeros": 5 / 12,
    "a count is asked for": 0.3,
    "one is missing": 4,
    "one too many": 6,
    "is not it": 0,
}

WRONG_SHARES = {
    "density": lambda W: np.mean(W != 0),
    "how many zeros": lambda W: int(np.sum(W == 0)),
    "percent": lambda W: 100 * np.mean(W == 0),
    "rounded": lambda W: round(float(np.mean(W == 0)), 2),
    "weights left": lambda W: np.count_nonzero(W),
    "an array of shape (10,)": lambda W: np.sum(W == 0) / (W.shape[0] * W.shape[1]),
    "inside the loop": lambda W: (W.flat[0] == 0) / W.size,
    "over non-zeros": lambda W: np.sum(W == 0) / np.sum(W != 0),
    "rows": lambda W: np.sum(W == 0) / len(W),
    "not <=": lambda W: np.mean(W <= 0),
    "1e-9": lambda W: np.mean(np.abs(W) < 1e-3),
    "was expected": lambda W: 0.25,
    "np.ones": lambda W: np.mean(W == 0) if (W == 0).any() else 1.0,
    "np.zeros": lambda W: np.mean(W == 0) if W.any() else 0.0,
    "a number was expected": lambda W: W == 0,
    "ZeroDivisionError": lambda W: 1 / 0,
}


def loop(W):
    zeros = 0
    for value in W.ravel().tolist():
        zeros += value == 0
    return zeros / W.size


RIGHT_SHARES = (
    lambda W: np.mean(W == 0),
    lambda W: 1 - np.count_nonzero(W) / W.size,
    loop,
)


@pytest.mark.parametrize(("hint", "answer"), WRONG_COUNTS.items())
def test_each_wrong_count_has_its_hint(hint, answer):
    verdict = check.count_zeros(answer, W)
    assert verdict.mark == "✗"
    assert hint in verdict.text


@pytest.mark.parametrize("answer", [5, 5.0, np.int64(5)])
def test_the_right_count_passes(answer):
    assert check.count_zeros(answer, W)


@pytest.mark.parametrize(("hint", "function"), WRONG_SHARES.items())
def test_each_wrong_sparsity_has_its_hint(hint, function):
    verdict = check.sparsity(function)
    assert verdict.mark == "✗"
    assert hint in verdict.text


@pytest.mark.parametrize("function", RIGHT_SHARES)
def test_right_sparsities_pass(function):
    assert check.sparsity(function)


def test_hints_differ():
    counts = [check.count_zeros(answer, W).text for answer in WRONG_COUNTS.values()]
    shares = [check.sparsity(function).text for function in WRONG_SHARES.values()]
    assert len({*counts, *shares}) == len(counts) + len(shares)


@pytest.mark.parametrize(
    "verdict", [check.count_zeros(..., W), check.sparsity(lambda W: ...), check.sparsity(...)]
)
def test_an_open_exercise_is_not_wrong(verdict):
    assert repr(verdict).startswith("… not yet")


def test_this_machine_is_ready_which_is_no_exercise(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_LOGBOOK", str(tmp_path / "logbook.json"))
    monkeypatch.setattr(logbook, "_here", {})
    assert check.machine(check.versions())
    assert logbook.read() == {}
    assert check.count_zeros(np.sum(W == 0), W)
    assert list(logbook.read()["exercises"]) == ["start_here: count_zeros"]


@pytest.mark.parametrize("version", ["3.11.0", "3.15.0rc1", "4.0"])
def test_new_enough_versions_pass(version):
    assert check.machine(GOOD | {"Python": version})


@pytest.mark.parametrize(
    ("name", "version"),
    [("Python", "3.7.16"), ("Python", "3.9.2"), ("Keras", "2.15.0"), ("TensorFlow", "missing")],
)
def test_what_is_too_old_or_missing_is_named_with_a_way_out(name, version):
    verdict = check.machine(GOOD | {name: version})
    assert verdict.mark == "✗"
    assert name in verdict.text
    assert version in verdict.text
    assert "make lab" in verdict.text


def test_the_oldest_versions_are_those_of_the_package():
    project = tomllib.loads(Path(__file__).parents[2].joinpath("pyproject.toml").read_text())
    project = project["project"]
    extra = {line.split(">=")[0]: line for line in project["optional-dependencies"]["tensorflow"]}
    assert project["requires-python"] == f">={check.OLDEST['Python']}"
    assert f"numpy>={check.OLDEST['NumPy']}" in project["dependencies"]
    assert extra["keras"] == f"keras>={check.OLDEST['Keras']}"
    assert extra["tensorflow"].startswith(f"tensorflow>={check.OLDEST['TensorFlow']} ")
