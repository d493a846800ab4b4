"""The learners' edition: whole, without solutions, and it runs by itself."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import student
from notebook_editions import BEGIN, END, is_relative, links, read_lessons

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The unpacked edition, at a path with a space."""
    place = tmp_path_factory.mktemp("a learner")
    assert student.main([str(place)]) == 0
    zipfile.ZipFile(place / "pruning-course.zip").extractall(place)
    return place / "pruning-course"


def cells(folder: Path) -> list[tuple[Path, dict]]:
    found = []
    for path in sorted((folder / "notebooks").glob("*.ipynb")):
        found += [(path, cell) for cell in json.loads(path.read_text("utf-8"))["cells"]]
    return found


def solutions() -> list[str]:
    """Every line of every solution that says enough to be recognized."""
    lines = []
    for lesson in read_lessons(ROOT / "notebooks"):
        for cell in lesson.cells:
            inside = False
            for line in cell.source.splitlines():
                if BEGIN.match(line) or END.match(line):
                    inside = bool(BEGIN.match(line))
                elif inside and len(line.strip()) > 25:
                    lines.append(line.strip())
    return lines


def test_every_lesson_is_there_once(folder):
    names = {path.stem for path in (folder / "notebooks").glob("*.ipynb")}
    assert names == {lesson.stem for lesson in read_lessons(ROOT / "notebooks")}


def test_no_solution_is_in_it(folder):
    text = "\n".join("".join(cell["source"]) for _, cell in cells(folder))
    code = "\n".join(
        "".join(cell["source"])
        for _, cell in cells(folder)
        if {"exercise", "open-task"} & {*cell["metadata"].get("tags", [])}
    )
    assert "SOLUTION" not in text
    assert len(solutions()) > 30
    assert [line for line in solutions() if line in code] == []
    assert not any("solution" in path.name.lower() for path in folder.rglob("*"))
    assert not (folder / "tests").exists()
    assert not (folder / "notebooks" / "src").exists()


def test_nothing_shown_answers_a_question(folder):
    assert not any(cell.get("outputs") for _, cell in cells(folder))


def test_its_links_lead_somewhere(folder):
    for path, cell in cells(folder):
        if cell["cell_type"] == "markdown":
            for target in filter(is_relative, links("".join(cell["source"]))):
                assert (path.parent / target.split("#")[0]).exists(), f"{path.name}: {target}"


def test_the_links_of_its_pages_lead_somewhere(folder):
    for page in [folder / "README.md", *(folder / "docs").glob("*.md")]:
        for target in filter(is_relative, links(page.read_text("utf-8"))):
            assert (page.parent / target.split("#")[0]).exists(), f"{page.name}: {target}"


def test_the_same_course_gives_the_same_bytes(folder, tmp_path):
    student.main([str(tmp_path)])
    again = (tmp_path / "pruning-course.zip").read_bytes()
    assert again == (folder.parent / "pruning-course.zip").read_bytes()


@pytest.mark.full
def test_its_lessons_run_with_its_own_package(folder):
    """Two quick ones; that the code is that of the tested lessons is tested above."""
    names = [str(folder / "notebooks" / f"{n}.ipynb") for n in ("01_norms", "02_prune_operator")]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval-lax"]
    done = subprocess.run(
        [*command, "--nbval-current-env", "--rootdir", str(folder), *names],
        cwd=folder, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(folder)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]


def test_answers_written_into_a_lesson_stay_here(tmp_path, monkeypatch):
    """Whoever gives the course works in the same folder."""
    shutil.copytree(ROOT / "notebooks" / "src", tmp_path / "notebooks" / "src")
    (tmp_path / "notebooks" / "01_norms.ipynb").write_text("most = 24")
    (tmp_path / "notebooks" / "01_solved.ipynb").write_text("most = 24")
    for name in (*student.FILES, *student.FOLDERS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.setattr(student, "ROOT", tmp_path)
    edition = dict(student.edition())
    lessons = [name for name in edition if name.endswith(".ipynb")]
    assert len(lessons) == len(read_lessons(ROOT / "notebooks"))
    assert not any(b"most = 24" in edition[name] for name in lessons)


def test_released_lessons_take_the_place_of_their_own(tmp_path, monkeypatch, capsys):
    """Those alone nbgrader marks; they are put into the zip file, or none is made."""
    for name in (*student.FILES, *student.FOLDERS, "notebooks/src"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.setattr(student, "ROOT", tmp_path)
    assert student.main(["--released"]) == 1
    assert "No lesson is released yet" in capsys.readouterr().err
    assert not (tmp_path / "dist").exists()

    release = tmp_path / "grading" / "release" / "01_norms" / "01_norms.ipynb"
    release.parent.mkdir(parents=True)
    release.write_text("released")
    assert student.main(["--released"]) == 0
    assert capsys.readouterr().out.endswith("As released for nbgrader: 01_norms\n")
    with zipfile.ZipFile(tmp_path / "dist" / "pruning-course.zip") as made:
        assert made.read("pruning-course/notebooks/01_norms.ipynb") == b"released"
        assert len(made.read("pruning-course/notebooks/02_prune_operator.ipynb")) > 1000
        names = made.namelist()
    assert len(names) == len({*names})


@pytest.mark.parametrize("command", ["test", "peers", "grade"])
def test_what_only_a_clone_can_do_is_refused_with_words(folder, command):
    done = subprocess.run(
        [sys.executable, "tools/environment.py", command],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.strip().startswith("This is the learners' edition")


def test_the_set_up_starts(folder):
    done = subprocess.run(
        [sys.executable, "tools/environment.py", "help"],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0
    assert "JupyterLab" in done.stdout
