"""Every exercise of the course: typical mistakes get their own hints, right answers pass.

The tests in tests/checks hold single answers against single hints. Here their run is watched: no
exercise may have fewer than four mistakes with different hints, or three different right answers.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from notebook_editions import read_lessons, tags_of

ROOT = Path(__file__).parents[1]
ALIAS = re.compile(r"^from course_utils\.checks import (\w+) as (check\w*)$", re.MULTILINE)
CALL = re.compile(r"\b(check\w*)\.(\w+)\(")
# An open exercise, whose check is the judge of the scoreboard: its hints are tested where it is.
OPEN = {"capstone.network"}


def exercises() -> list[tuple[str, str]]:
    """(lesson, "module.function") of every check cell of the course."""
    found = []
    for lesson in read_lessons(ROOT / "notebooks"):
        code = "\n".join(cell.source for cell in lesson.cells if cell.cell_type == "code")
        for cell in lesson.cells:
            if "check" in tags_of(cell):
                modules = {alias: module for module, alias in ALIAS.findall(code)}
                called = CALL.findall(cell.source)
                found += [(lesson.stem, f"{modules[alias]}.{name}") for alias, name in called]
    return found


@pytest.fixture(scope="module")
def seen(tmp_path_factory) -> dict[str, list]:
    """What the checks answered in a run of tests/checks: {exercise: [hints, right answers]}."""
    record = tmp_path_factory.mktemp("seen") / "seen.json"
    place = {"RECORDED": str(record), "PYTHONPATH": str(ROOT / "tests" / "checks")}
    command = [sys.executable, "-m", "pytest", "tests/checks", "-q", "-p", "recording"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider"],
        cwd=ROOT, env={**os.environ, **place}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    return json.loads(record.read_text(encoding="utf-8"))


def test_every_lesson_has_two_to_four_exercises():
    counts = {lesson.stem: 0 for lesson in read_lessons(ROOT / "notebooks")}
    for stem, _ in exercises():
        counts[stem] += 1
    assert {stem: n for stem, n in counts.items() if not 2 <= n <= 4} == {}


@pytest.mark.parametrize(("lesson", "exercise"), exercises())
def test_an_exercise_knows_its_mistakes_and_more_than_one_right_answer(seen, lesson, exercise):
    hints, right = seen[exercise]
    if exercise not in OPEN:
        assert len(hints) >= 4, f"{lesson}: {hints}"
        assert right >= 3, f"{lesson}: the solution and two others"


@pytest.mark.parametrize("lesson", sorted({stem for stem, _ in exercises()}))
def test_the_course_s_own_solutions_are_right(lesson):
    """In the committed solutions, each check says so; in the open lesson none does."""
    for folder, mark in (("solutions", "✓"), (".", "…")):
        path = ROOT / "notebooks" / folder / f"{lesson}.ipynb"
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if "check" in cell["metadata"].get("tags", []):
                (output,) = cell["outputs"]
                said = "".join(output.get("text", output.get("data", {}).get("text/plain", "")))
                assert said.startswith(mark), said
