"""Predictions are locked, compared and summed up; the logbook survives what happens to files."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from course_utils.lessons import logbook
from course_utils.lessons.checks.verdict import exercise, number
from course_utils.lessons.predictions import Predictions

SOURCES = Path(__file__).parents[1] / "notebooks" / "src"


@pytest.fixture(autouse=True)
def empty_logbook(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_LOGBOOK", str(tmp_path / "logbook.json"))
    monkeypatch.setattr(logbook, "_here", {})
    return tmp_path / "logbook.json"


@pytest.fixture
def predict():
    return Predictions("05_prune_and_retrain")


def restart(monkeypatch):
    monkeypatch.setattr(logbook, "_here", {})


def said(capsys):
    return capsys.readouterr().out.strip()


def test_a_number_is_noted_and_held_beside_the_result(predict, capsys):
    zeros = predict("Zeros left?", 80, unit="%")
    assert said(capsys) == "Noted: 80 %. You can change it until the result is there."
    zeros.was(37.04)
    assert said(capsys) == "You said 80 %; it is 37.04 %."


def test_a_large_number_is_written_out(predict, capsys):
    predict("How many?", 346_112).was(100_000)
    assert said(capsys).endswith("You said 346,112; it is 100,000.")


def test_it_can_be_changed_until_the_result_is_there_and_not_after(predict, capsys):
    predict("Zeros left?", 80)
    zeros = predict("Zeros left?", 40)
    zeros.was(37)
    capsys.readouterr()
    predict("Zeros left?", 37).was(37)
    assert said(capsys).splitlines() == [
        "You said 40; the result is known, so that stands.",
        "You said 40; it is 37.",
    ]


def test_it_stands_after_a_restart_and_can_be_forgotten(predict, capsys, monkeypatch):
    predict("Zeros left?", 40).was(37)
    restart(monkeypatch)
    other = Predictions("06_how_much")
    other("Zeros left?", 1)
    capsys.readouterr()
    predict("Zeros left?", 37)
    assert "that stands" in said(capsys)
    predict.forget()
    predict("Zeros left?", 36)
    assert said(capsys).startswith("Noted: 36")
    assert other("Zeros left?", 2).entry() == {"said": 2}, "other lessons are not forgotten"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (..., "Put a number in place of the ..."),
        (None, "Put a number in place of the ..."),
        ("many", "a number was expected, not str"),
        (float("nan"), "a finite number"),
        (True, "a number was expected"),
        ([1, 2], "a number was expected"),
        (10**400, "too large"),
    ],
)
def test_what_is_no_number_is_told_and_nothing_breaks(predict, capsys, answer, sentence):
    zeros = predict("Zeros left?", answer)
    assert sentence in said(capsys)
    zeros.was(37)
    assert said(capsys) == "It is 37. (You made no prediction.)"
    predict.summary()
    assert said(capsys) == "You made no predictions this time."


CELLS = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(colors="nocolor")
for cell in (
    "from course_utils.lessons.predictions import Predictions",
    "predict = Predictions('05_prune_and_retrain')",
    "predict = Predictions('05_prune_and_retrain')",
    {cell!r},
):
    shell.run_cell(cell)
"""


@pytest.mark.parametrize(
    ("cell", "skipped", "answers"),
    [
        ("guess.was(3)", 1, 0),  # the cell that makes it was skipped
        ("{}['cut']", 1, 0),
        ("guess = predict('Zeros left?', 90 %)", 1, 1),
        ("guess = predict('Which?', same, choices=('same', 'other'))", 1, 1),
        ("guess = predict('Zeros left?', 90)", 0, 0),
        ("raise KeyboardInterrupt", 0, 0),
    ],
)
def test_below_a_stack_trace_stands_what_to_do(cell, skipped, answers):
    command = [sys.executable, "-c", CELLS.format(cell=cell)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told.count("Run All Above Selected Cell") == skipped
    assert told.count("(90, not 90 %)") == answers
    assert skipped == 0 or told.rstrip().endswith("Then run this cell again.")


def test_a_choice_and_an_order(predict, capsys):
    names = ("magnitude", "chance", "LAMP")
    best = predict("Which is best?", "LAMP", choices=names)
    best.was("LAMP")
    assert said(capsys).endswith("You said LAMP; it is LAMP. You were right.")
    order = predict("In which order?", ["LAMP", "magnitude", "chance"], order=names)
    order.was(["LAMP", "chance", "magnitude"])
    assert said(capsys).endswith("You said LAMP, magnitude, chance; it is LAMP, chance, magnitude.")
    predict("Which weight?", 0.6, choices=("0.5", "0.6")).was("0.6")  # quotes forgotten
    assert said(capsys).endswith("You said 0.6; it is 0.6. You were right.")
    predict("Which?", "Lamp", choices=names)
    assert "'Lamp' is none of the choices. Expected: one of 'magnitude'" in said(capsys)
    for wrong in (["LAMP", "LAMP", "chance"], names[:2], "LAMP", set(names), 1):
        predict("In what order?", wrong, order=names)
        assert "an order has each name once. Expected: the list ['magnitude'" in said(capsys)
    predict("Which?", list(names), choices=names)
    assert "is none of the choices. Expected: one of 'magnitude', 'chance', 'LAMP'." in said(capsys)


def test_the_lesson_is_summed_up(predict, capsys):
    predict("Zeros left?", 80).was(37)
    predict("Which?", "a", choices=("a", "b")).was("b")
    predict("Not shown yet?", 1)
    capsys.readouterr()
    predict.summary()
    assert said(capsys).splitlines() == [
        "You said; it was:",
        "  Zeros left?  80; 37",
        "  Which?  a; b",
    ]


def test_arrays_are_answers_and_leave_the_logbook_whole(predict, capsys, empty_logbook):
    predict("Which?", np.array(["b", "a"]), order=("a", "b")).was(["b", "a"])
    predict("Which one?", np.array("a"), choices=("a", "b")).was(np.str_("a"))
    predict("How many?", np.array(3)).was(np.float32(3))
    assert capsys.readouterr().out.count("You were right.") == 3
    assert len(json.loads(empty_logbook.read_text("utf-8"))["predictions"]) == 3


def test_two_lessons_that_are_open_at_once_keep_their_own(predict, empty_logbook, monkeypatch):
    """Each kernel notes what is its own, and what the other notes meanwhile stays."""
    first, second = {}, {}

    def within(kernel):
        monkeypatch.setattr(logbook, "_here", kernel)

    other = Predictions("06_how_much")
    within(second)
    other("Zeros?", 1)
    within(first)
    predict("Zeros left?", 80)
    within(second)
    other("Zeros?", 1).was(2)
    within(first)
    predict("Zeros right?", 80)
    known = json.loads(empty_logbook.read_text("utf-8"))["predictions"]
    assert known["how_much: Zeros?"] == {"said": 1, "was": 2}
    within(second)
    other.forget()
    within(first)
    predict("Zeros right?", 70)
    assert "how_much: Zeros?" not in logbook.read()["predictions"]


ODD = ('{"predictions": {"prune_and_retrain: Zeros left?": 3}}', '{"exercises": {"norms: x": [1]}}',
       '{"predictions": {"prune_and_retrain: Zeros left?": {"was": 3}}}')  # fmt: skip


@pytest.mark.parametrize("text", ["", "{", "[]", '{"predictions": 3}', "\x00\xff", *ODD])
def test_a_damaged_logbook_is_none(predict, capsys, empty_logbook, text):
    empty_logbook.write_text(text, encoding="utf-8")
    predict("Zeros left?", 80).was(37)
    assert "You said 80; it is 37." in said(capsys)
    assert repr(logbook.page())
    assert json.loads(empty_logbook.read_text(encoding="utf-8"))["predictions"]


def test_where_nothing_can_be_written_the_kernel_remembers(predict, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_LOGBOOK", str(tmp_path / "no folder" / "logbook.json"))
    predict("Zeros left?", 80).was(37)
    assert "You said 80; it is 37." in said(capsys)


def test_without_a_named_file_none_is_written(predict, monkeypatch, empty_logbook):
    monkeypatch.delenv("COURSE_LOGBOOK")
    predict("Zeros left?", 80).was(37)
    assert not empty_logbook.exists()
    assert logbook.read()["predictions"]


def test_the_page_has_all_lessons(predict, monkeypatch):
    monkeypatch.setattr(logbook, "LESSONS", {"start_here": 2, "prune_and_retrain": 3})
    predict("Zeros left?", 37).was(37)
    predict("Zeros right?", 80).was(37)
    logbook.note("exercises", "prune_and_retrain: sparsity", {})
    logbook.note("open tasks", "prune_and_retrain: score", {"score": "97.10 %"})
    head, first, second = repr(logbook.page()).splitlines()
    assert head.split() == ["lesson", "exercises", "predictions", "right", "open", "task"]
    assert first.split() == ["00", "start", "here", "0", "of", "2", "0", "0"]
    assert second.split() == [
        "01",
        "prune",
        "and",
        "retrain",
        "1",
        "of",
        "3",
        "2",
        "1",
        "97.10",
        "%",
    ]


def test_the_list_of_lessons_is_that_of_the_notebooks():
    counts = {}
    for source in sorted(SOURCES.glob("*.py")):
        counts[source.stem[3:]] = source.read_text(encoding="utf-8").count('"exercise"')
    assert counts == logbook.LESSONS


def test_a_solved_exercise_is_noted_but_not_that_of_the_solutions(monkeypatch, tmp_path):
    @exercise("Right.")
    def positive(answer):
        if number(answer) <= 0:
            yield "it is not."

    (tmp_path / "solutions").mkdir()
    monkeypatch.chdir(tmp_path / "solutions")
    assert positive(1)
    assert "exercises" not in logbook.read()
    monkeypatch.chdir(tmp_path)
    assert not positive(-1)
    assert "exercises" not in logbook.read()
    assert positive(1)
    assert [*logbook.read()["exercises"]] == ["test_predictions: positive"]


def test_a_comma_for_the_point_is_told_of(predict, capsys):
    predict("How far?", 0, 9, unit="points")
    assert "not tuple (a point, no comma" in said(capsys)


def test_a_share_where_a_percentage_is_asked_is_told_of(predict, capsys):
    predict("How many zeros?", 0.9, unit="%")
    assert "(One half is 50 here, not 0.5.)" in said(capsys)
    for answer, unit in ((90, "%"), (0, "%"), (0.9, "points")):
        predict("How many zeros?", answer, unit=unit)
    assert "One half" not in said(capsys)
