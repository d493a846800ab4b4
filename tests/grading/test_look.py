"""What a teacher is told about submissions beside their marks."""

import json
from pathlib import Path

import grade
import pytest
from grade_look import deserves_a_look


def cell(source, identity=None, grade=False, stops=()):
    graded = {"nbgrader": {"grade_id": identity, "grade": grade}} if identity else {}
    outputs = [{"output_type": "error", "ename": name} for name in stops]
    return {"cell_type": "code", "source": source, "metadata": graded, "outputs": outputs}


def looked_at(folder: Path, *ran: dict) -> list[str]:
    released = [cell("def mine(W):\n    ...", "a-1"), cell("check.mine(mine)", "a-2", True)]
    for name, cells in (("released", released), ("ran", ran)):
        (folder / name).write_text(json.dumps({"cells": cells}), "utf-8")
    return deserves_a_look(folder / "ran", folder / "released")


ANSWER, CHECK = cell("def mine(W):\n    return W", "a-1"), cell("check.mine(mine)", "a-2", True)


def test_what_ran_to_its_end_is_not_named(tmp_path):
    assert looked_at(tmp_path, ANSWER, CHECK) == []
    assert looked_at(tmp_path, ANSWER, {**CHECK, "outputs": [{"ename": "AssertionError"}]}) == []


def test_a_check_that_was_deleted_is_named(tmp_path):
    assert looked_at(tmp_path, ANSWER) == [
        "check.mine(mine): this check is gone, and earns nothing"
    ]


@pytest.mark.parametrize(
    ("stops", "told"),
    [
        (["SyntaxError"], "stops with SyntaxError"),
        (["KeyboardInterrupt", "CellTimeoutError"], "does not end"),
        (["\x1b[2J" + "x" * 500], "stops with [2J" + "x" * 57),
    ],
)
def test_where_it_stopped_first_is_named(tmp_path, stops, told):
    later = cell("more", stops=["NameError"])
    assert looked_at(tmp_path, cell("\ndef mine(W)\n  x", "a-1", stops=stops), CHECK, later) == [
        f"def mine(W): {told}"
    ]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"cells": [1]}', '{"cells": [{}]}'])
def test_what_cannot_be_read_is_no_reason_to_stop(tmp_path, text):
    (tmp_path / "ran").write_text(text, "utf-8")
    assert deserves_a_look(tmp_path / "ran", tmp_path / "none") == []


def test_a_learner_is_marked_again_without_all_others(tmp_path, monkeypatch, capsys):
    stem = "02_prune_operator"
    for learner in ("Anne_Muster_4711", "Bo_Late_4712"):
        place = tmp_path / "submitted" / learner / stem
        place.mkdir(parents=True)
        one = {"cells": [cell("", f"{stem}-017")]}
        (place / f"{stem}.ipynb").write_text(json.dumps(one), "utf-8")
    marked = []
    monkeypatch.setattr(grade, "_run_and_mark", lambda *a: marked.append(a[2]) or 0)
    assert grade.autograde(tmp_path, [stem], trust=True, only="4712") == 0
    assert marked == ["Bo_Late_4712"]
    assert grade.autograde(tmp_path, [stem], trust=True, only="Zed") == 1
    assert grade.autograde(tmp_path, [stem], trust=True) == 0
    assert len(marked) == 3
    assert capsys.readouterr().err.splitlines()[-1] == "2 of 2 marked."
