"""From a platform's archive to its grade file, with made-up submissions; nbgrader for one run only.

What an archive holds is never believed: names lead nowhere but into the learner's own folder.
"""

import csv
import json
import zipfile
from pathlib import Path

import grade_lms
import nbformat
import pytest
from grade_lms import Scheme, WrongFile, collect, fill
from grade_source import predictions_asked
from notebook_editions import SOLUTION, make_edition, read_lessons

ROOT = Path(__file__).parents[2]
STEM = "02_prune_operator"
LESSONS = read_lessons(ROOT / "notebooks")
(LESSON,) = (one for one in LESSONS if one.stem == STEM)
ASKED = predictions_asked(LESSON)
MARKS = "assignment,student_id,score,max_score\n"
WORKSHEET = """\
Identifier,Full name,Status,Grade,Maximum Grade,Last modified (grade),Feedback comments
Participant 4711,Änne Muster,Submitted for grading,,10.00,-,
Participant 4712,Bo Late,Submitted for grading - 2 hours late,,10.00,-,
Participant 4713,Cy Absent,No submission,,10.00,-,
"""
GRADE_BOOK = """\
Student,ID,SIS Login ID,Section,01 Norms (90),02 Prune operator (91)
    Points Possible,,,,20,20
"Muster, Änne",4711,am,A,15,
"Late, Bo",4712,bl,A,,
"""


def graded(folder: Path) -> None:
    """Say that nbgrader has run all that was handed in: that is where it leaves a copy."""
    for place in (folder / "submitted").glob("*/*"):
        (folder / "autograded" / place.relative_to(folder / "submitted")).mkdir(parents=True)


def archive(path: Path, **members: str | bytes) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        for name, data in members.items():
            made.writestr(name, data)
    return path


def logbook(made: int) -> str:
    entries = {f"prune_operator: question {n}?": {"said": n, "was": 1} for n in range(made)}
    entries |= {"prune_operator: seen by nobody?": {"said": 3}, "norms: x?": {"said": 1, "was": 1}}
    return json.dumps({"predictions": entries})


RELEASED = json.dumps({"cells": [{"metadata": {"nbgrader": {"grade_id": f"{STEM}-017"}}}]})
MOODLE = {
    "Änne Muster_4711_assignsubmission_file_/lesson.ipynb": RELEASED,
    "Änne Muster_4711_assignsubmission_file_/logbook.json": logbook(ASKED),
    "Bo Late_4712_assignsubmission_file_lesson 02.ipynb": RELEASED,
}
CANVAS = {
    "mustermaenne_4711_90210_02_prune_operator-1.ipynb": RELEASED,
    "mustermaenne_4711_90210_logbook.json": logbook(ASKED),
    "latebo_LATE_4712_90211_mine.ipynb": RELEASED,
}


@pytest.mark.parametrize(
    ("members", "sheet", "grade", "most"),
    [(MOODLE, WORKSHEET, "Grade", 10), (CANVAS, GRADE_BOOK, "02 Prune operator (91)", 20)],
    ids=["Moodle", "Canvas"],
)
def test_marks_come_back_to_those_who_handed_in(tmp_path, members, sheet, grade, most):
    assert collect(archive(tmp_path / "all.zip", **members), STEM, tmp_path / "grading") == 0
    folder = tmp_path / "grading"
    first, second = sorted((folder / "submitted").iterdir(), key=lambda one: one.name[-4:])
    assert {path.name for path in (first / STEM).iterdir()} == {f"{STEM}.ipynb", "logbook.json"}
    assert [path.name for path in (second / STEM).iterdir()] == [f"{STEM}.ipynb"]
    text = f"{MARKS}{STEM},{first.name},2,3\n{STEM},{second.name},3,3\n01_norms,{first.name},0,3\n"
    (folder / "marks.csv").write_text(text, "utf-8")
    graded(folder)
    (tmp_path / "sheet.csv").write_text(sheet, "utf-8")

    assert fill(tmp_path / "sheet.csv", STEM, folder, ASKED, Scheme(predictions=10, late=20)) == 0
    with (folder / "upload_02.csv").open(newline="", encoding="utf-8") as file:
        rows = [*csv.DictReader(file)]
    marks = {row.get("Identifier", row.get("ID"))[-4:]: row[grade] for row in rows}
    assert float(marks["4711"]) == pytest.approx(most * (0.9 * 2 / 3 + 0.1), abs=0.005)
    assert float(marks["4712"]) == pytest.approx(most * 0.9 * 0.8, abs=0.005)
    assert marks.get("4713", "") == ""
    untouched = [{**row, grade: ""} for row in rows]
    assert untouched == [{**row, grade: ""} for row in csv.DictReader(sheet.splitlines())]


def test_feedback_goes_back_under_names_that_moodle_takes(tmp_path, capsys):
    """It parts a name at underscores: whose, number, what it is, where it comes from, the rest."""
    assert grade_lms.bundle_feedback(STEM, tmp_path) == 0
    for learner in ("Anne_Muster_4711", "4712", "anna"):  # the last one has an account on the hub
        page = tmp_path / "feedback" / learner / STEM / f"{STEM}.html"
        page.parent.mkdir(parents=True)
        page.write_text(learner)
    assert grade_lms.bundle_feedback(STEM, tmp_path) == 2
    with zipfile.ZipFile(tmp_path / "feedback_02.zip") as made:
        parts = [name.split("_", 4) for name in made.namelist()]
    kind = ["assignfeedback", "file", f"{STEM}.html"]
    assert parts == [["learner", "4712", *kind], ["Anne-Muster", "4711", *kind]]
    assert "2 pages" in capsys.readouterr().err


def test_a_teacher_excuses_who_was_late(tmp_path):
    handed = archive(tmp_path / "all.zip", **MOODLE, **CANVAS)
    collect(handed, STEM, tmp_path)
    late = tmp_path / "late.csv"
    text = late.read_text("utf-8")
    assert f"{STEM},latebo_4712,yes" in text
    assert f"{STEM},Bo_Late_4712,no" in text  # an archive of Moodle's does not tell
    late.write_text(text.replace("Bo_Late_4712,no", "Bo_Late_4712,excused"), "utf-8")
    collect(handed, STEM, tmp_path)  # again, after somebody else has handed in
    assert grade_lms.read_late(tmp_path)[STEM, "Bo_Late_4712"] == "excused"
    (tmp_path / "marks.csv").write_text(f"{MARKS}{STEM},Bo_Late_4712,3,3\n", "utf-8")
    graded(tmp_path)
    (tmp_path / "sheet.csv").write_text(WORKSHEET, "utf-8")
    assert fill(tmp_path / "sheet.csv", STEM, tmp_path, ASKED, Scheme(late=20)) == 0
    assert "hours late,10.00,10.00" in (tmp_path / "upload_02.csv").read_text("utf-8")


def test_names_in_an_archive_lead_nowhere_else(tmp_path, capsys):
    members = {
        "../../escaped_1_assignsubmission_file_/x.ipynb": "{}",
        "/abs_2_assignsubmission_file_/x.ipynb": "{}",
        "a/../../b_3_4_x.ipynb": "{}",
        ".._5_6_x.ipynb": "{}",
        "notes.txt": "hello",
        "ok_7_8_x.py": "print()",
    }
    folder = tmp_path / "deep" / "grading"
    collect(archive(tmp_path / "all.zip", **members), STEM, folder)
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.ipynb")}
    assert written == {f"deep/grading/submitted/5/{STEM}/{STEM}.ipynb"}
    said = capsys.readouterr().err
    assert "'notes.txt': neither" in said
    assert "ok_7: no notebook" in said


def test_of_two_notebooks_the_newest_counts_and_a_huge_one_is_left_out(
    tmp_path, capsys, monkeypatch
):
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as made:
        for name, year, text in (("a_1_2_x-1.ipynb", 2026, "new"), ("a_1_1_x.ipynb", 2025, "old")):
            made.writestr(zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0)), text)
        made.writestr("b_2_3_x.ipynb", "much too large")
    monkeypatch.setattr(grade_lms, "LARGEST", 5)
    collect(path, STEM, tmp_path)
    (one,) = (tmp_path / "submitted").rglob("*.ipynb")
    assert one.read_text("utf-8") == "new"
    said = capsys.readouterr().err
    assert "a_1: 2 notebooks" in said
    assert "too large" in said


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"predictions": [1]}', '{"predictions": {"x": 1}}']
)
def test_a_damaged_logbook_counts_as_none(tmp_path, text):
    (tmp_path / "logbook.json").write_text(text, "utf-8")
    assert grade_lms.predictions_made(tmp_path / "logbook.json", STEM) == 0


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "Student,ID,Section\nA,1,x\n"])
def test_a_file_that_is_no_grade_file_is_refused(tmp_path, capsys, text):
    (tmp_path / "sheet.csv").write_text(text, "utf-8")
    (tmp_path / "marks.csv").write_text(MARKS, "utf-8")
    with pytest.raises(WrongFile, match="neither Moodle's"):
        fill(tmp_path / "sheet.csv", STEM, tmp_path, ASKED, Scheme())
    assert not (tmp_path / "upload_02.csv").exists()


def filled(folder, sheet=WORKSHEET, marks=f"{MARKS}{STEM},Bo_Late_4712,3,3\n", **scheme):
    """Collect Moodle's archive, and return the grades that come out, by number."""
    collect(archive(folder / "all.zip", **MOODLE), STEM, folder)
    (folder / "sheet.csv").write_text(sheet, "utf-8")
    if marks:
        (folder / "marks.csv").write_text(marks, "utf-8")
    if not (folder / "autograded").exists():
        graded(folder)
    fill(folder / "sheet.csv", STEM, folder, ASKED, Scheme(**scheme))
    with (folder / "upload_02.csv").open(newline="", encoding="utf-8") as file:
        parts = ";" if ";" in sheet else ","
        return {
            row["Identifier"][-4:]: row["Grade"] for row in csv.DictReader(file, delimiter=parts)
        }


def test_a_table_saved_by_a_spreadsheet_is_read(tmp_path):
    assert filled(tmp_path, WORKSHEET.replace(",", ";"))["4712"] == "10.00"
    assert filled(tmp_path, WORKSHEET.replace("10.00", '"10,00"'))["4712"] == "10.00"
    (tmp_path / "sheet.csv").write_text(WORKSHEET, "utf-16")
    with pytest.raises(WrongFile, match="UTF-8"):
        fill(tmp_path / "sheet.csv", STEM, tmp_path, ASKED, Scheme())


def test_who_handed_nothing_in_keeps_an_empty_grade(tmp_path):
    """nbgrader lists everybody it knows, for every lesson, with 0."""
    marks = f"{MARKS}{STEM},Bo_Late_4712,3,3\n{STEM},Cy_Absent_4713,0.0,3\n"
    assert filled(tmp_path, marks=marks)["4713"] == ""


def test_who_could_not_be_graded_gets_no_0_in_silence(tmp_path, capsys):
    """nbgrader's export has 0 for a notebook that is damaged, of another lesson, or ran into it."""
    marks = f"{MARKS}{STEM},Bo_Late_4712,0.0,3\n{STEM},Anne_Muster_4711,2,3\n"
    (tmp_path / "autograded" / "Anne_Muster_4711" / STEM).mkdir(parents=True)
    grades = filled(tmp_path, marks=marks)
    assert (grades["4711"], grades["4712"]) == ("6.67", "")
    assert "Bo_Late_4712: handed in, but not graded" in capsys.readouterr().err


def test_a_notebook_that_was_not_released_gets_no_0_in_silence(tmp_path, capsys):
    """That of the zip file runs and has no cell that counts: nbgrader's export has 0 for it."""
    place = tmp_path / "submitted" / "Cy_Absent_4713" / STEM
    place.mkdir(parents=True)
    (place / f"{STEM}.ipynb").write_text(json.dumps({"cells": [{"metadata": {}}]}), "utf-8")
    marks = f"{MARKS}{STEM},Bo_Late_4712,3,3\n{STEM},Cy_Absent_4713,0.0,3\n"
    grades = filled(tmp_path, marks=marks)
    assert (grades["4712"], grades["4713"]) == ("10.00", "")
    assert "Cy_Absent_4713: no mark" in capsys.readouterr().err


def test_whom_nbgrader_never_saw_is_named_too(tmp_path, capsys):
    """Its export has no row for a learner whose only notebook was damaged."""
    place = tmp_path / "submitted" / "Fay_Broken_4713" / STEM
    place.mkdir(parents=True)
    (place / f"{STEM}.ipynb").write_text(RELEASED[:9], "utf-8")
    assert filled(tmp_path)["4713"] == ""
    said = capsys.readouterr().err
    assert "Fay_Broken_4713: no mark for a notebook which cannot be read" in said
    assert "Anne_Muster_4711: handed in, but not graded" in said


def test_one_damaged_file_leaves_the_others(tmp_path, capsys):
    path = archive(tmp_path / "all.zip", **{"a_1_1_x.ipynb": "first one", "b_2_2_x.ipynb": "{}"})
    path.write_bytes(path.read_bytes().replace(b"first one", b"firsT one"))
    collect(path, STEM, tmp_path)
    assert "a_1: x.ipynb is damaged" in capsys.readouterr().err
    (one,) = (tmp_path / "submitted").rglob("*.ipynb")
    assert one.parts[-3] == "b_2"


def test_what_nbgrader_will_not_mark_is_told_when_it_comes_in(tmp_path, capsys):
    def notebook(*ids):
        cells = [{"metadata": {"nbgrader": {"grade_id": one}}} for one in ids]
        return json.dumps({"cells": [{"metadata": {}}, *cells]})

    texts = {
        "good": notebook(f"{STEM}-016", f"{STEM}-017"),
        "twice": notebook(f"{STEM}-016", f"{STEM}-016"),
        "other": notebook("06_how_much-014"),
        "zip": notebook(),
        "page": "<html>",
        "empty": "",
        "list": "[]",
    }
    members = {f"{who}_{n}_{n}_l.ipynb": text for n, (who, text) in enumerate(texts.items())}
    collect(archive(tmp_path / "all.zip", **members), STEM, tmp_path)
    told = capsys.readouterr().err
    why = {name: line.partition(",")[2] for line in told.splitlines() if (name := line[:3])}
    assert "goo" not in why
    assert "stands twice" in why["twi"]
    assert "not the one that was released" in why["oth"] == why["zip"]
    assert "cannot be read" in why["pag"] == why["emp"] == why["lis"]


def test_what_is_missing_is_named_with_the_way_to_it(tmp_path):
    with pytest.raises(WrongFile, match="ARGS=marks"):
        filled(tmp_path, marks="")
    for points in ("-", "Satisfactory"):
        with pytest.raises(WrongFile, match="in points"):
            filled(tmp_path, WORKSHEET.replace("10.00", points))
    for wrong in (tmp_path / "none.zip", tmp_path, tmp_path / "sheet.csv"):
        with pytest.raises(WrongFile, match="a zip file, was expected"):
            collect(wrong, STEM, tmp_path)


def test_what_a_teacher_wrote_about_lateness_stays(tmp_path):
    handed = archive(tmp_path / "all.zip", **MOODLE)
    collect(handed, STEM, tmp_path)
    late = tmp_path / "late.csv"
    for word, encoding, parts in ((" Yes", "utf-8", ","), ("Excused", "utf-8-sig", ";")):
        text = f"lesson,learner,late\n{STEM},Bo_Late_4712,{word}\n".replace(",", parts)
        late.write_text(text, encoding)
        collect(handed, STEM, tmp_path)
        assert grade_lms.read_late(tmp_path)[STEM, "Bo_Late_4712"] == word.strip().lower()
    late.write_text(f"lesson,learner,late\n{STEM},Bo_Late_4712,perhaps\n", "utf-8")
    with pytest.raises(WrongFile, match="not perhaps"):
        collect(handed, STEM, tmp_path)
    late.write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(WrongFile, match="the columns lesson"):
        collect(handed, STEM, tmp_path)


def test_files_of_the_system_are_none_and_browsers_may_add_an_ending(tmp_path, capsys):
    place = "A_1_assignsubmission_file_/"
    members = {f"{place}l.IPYNB.json": "mine", f"{place}logbook (1).json": "book",
               f"{place}package.json": "other", f"{place}._l.ipynb": "of the system",
               "__MACOSX/A_1_assignsubmission_file_/._l.ipynb": "of the system",
               "B_2_assignsubmission_file_/x.zip": "PK"}  # fmt: skip
    collect(archive(tmp_path / "all.zip", **members), STEM, tmp_path)
    folder = tmp_path / "submitted" / "A_1" / STEM
    found = {path.name: path.read_text("utf-8") for path in folder.iterdir()}
    assert found == {f"{STEM}.ipynb": "mine", "logbook.json": "book"}
    assert "B_2: no notebook: x.zip." in capsys.readouterr().err


def test_words_typed_into_moodle_are_a_learner_without_a_notebook(tmp_path, capsys):
    typed = {"C_3_assignsubmission_onlinetext_/onlinetext.html": "<p>see my drive</p>",
             "D_4_assignsubmission_onlinetext_onlinetext.html": "<p>done</p>"}  # fmt: skip
    assert collect(archive(tmp_path / "all.zip", **typed), STEM, tmp_path) == 0
    assert capsys.readouterr().err.splitlines() == [
        "C_3: no notebook: onlinetext.html.",
        "D_4: no notebook: onlinetext.html.",
        "2 learners in all.zip, 0 of them late.",
    ]


def test_each_lesson_asks_for_the_predictions_that_are_counted():
    assert {one.stem: predictions_asked(one) for one in LESSONS if predictions_asked(one) > 5} == {}
    assert ASKED == 4


# The dry run, with nbgrader


def solved(folder: Path, stem: str) -> nbformat.NotebookNode:
    """The released notebook with the course's own solutions in it."""
    notebook = nbformat.read(folder / "release" / stem / f"{stem}.ipynb", as_version=4)
    right = {cell.id: cell.source for cell in make_edition(LESSONS, stem, SOLUTION).cells}
    for cell in notebook.cells:
        identity = cell.metadata.get("nbgrader", {}).get("grade_id")
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = right[identity]
    return notebook


@pytest.mark.slow
@pytest.mark.full
def test_a_dry_run_with_two_submissions(nbgrader, graded_folder):
    """As the teachers' page asks for it: an archive in, a grade file out."""
    folder, grade = graded_folder, nbgrader
    grade(folder, "release", "02")
    right = nbformat.writes(solved(folder, STEM))
    wrong = right.replace("np.abs(W) > theta", "W > theta")
    assert wrong != right
    names = [*MOODLE]
    members = {**MOODLE, names[0]: right, names[2]: wrong}
    handed = archive(folder / "moodle.zip", **members)
    (folder / "sheet.csv").write_text(WORKSHEET, "utf-8")
    grade(folder, "collect", "02", str(handed))
    grade(folder, "autograde", "02")
    grade(folder, "feedback", "02")
    grade(folder, "marks")
    grade(folder, "fill", "02", str(folder / "sheet.csv"), "--predictions=10", "--late=20")
    text = (folder / "upload_02.csv").read_text("utf-8")
    assert "Änne Muster,Submitted for grading,10.00,10.00" in text
    assert "Bo Late,Submitted for grading - 2 hours late,4.80,10.00" in text  # 2 of 3, no logbook


@pytest.mark.slow
@pytest.mark.full
@pytest.mark.parametrize("stem", [one.stem for one in LESSONS])
def test_the_solutions_get_full_marks(nbgrader, graded_folder, stem):
    folder, grade = graded_folder, nbgrader
    grade(folder, "release", stem)
    place = folder / "submitted" / "solutions" / stem
    place.mkdir(parents=True)
    nbformat.write(solved(folder, stem), place / f"{stem}.ipynb")
    grade(folder, "autograde", stem)
    grade(folder, "marks")
    with (folder / "marks.csv").open(newline="") as file:
        (row,) = (
            one
            for one in csv.DictReader(file)
            if one["student_id"] == "solutions" and one["assignment"] == stem
        )
    assert float(row["score"]) == float(row["max_score"]) > 0
