"""Every exercise of the course: typical mistakes get their own hints, right answers pass.

The tests in tests/checks hold single answers against single hints. Here it is counted what they
tried: no exercise may have fewer than four mistakes with different hints, or three different right
answers. Where they ran in this process, before, that is known; else they are run.
"""

import functools
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import recording
from course import LESSONS
from notebook_editions import tags_of

ROOT = Path(__file__).parents[1]
ALIAS = re.compile(r"^from course_utils\.lessons\.checks import (\w+) as (check\w*)$", re.MULTILINE)
CALL = re.compile(r"\b(check\w*)\.(\w+)\(")
# An open exercise, whose check is the judge of the scoreboard: its hints are tested where it is.
OPEN = {"capstone.network"}


def exercises() -> list[tuple[str, str]]:
    """(lesson, "module.function") of every check cell of the course."""
    found = []
    for lesson in LESSONS:
        code = "\n".join(cell.source for cell in lesson.cells if cell.cell_type == "code")
        for cell in lesson.cells:
            if "check" in tags_of(cell):
                modules = {alias: module for module, alias in ALIAS.findall(code)}
                called = CALL.findall(cell.source)
                found += [(lesson.stem, f"{modules[alias]}.{name}") for alias, name in called]
    return found


@pytest.fixture(scope="module")
def run_of_all(tmp_path_factory) -> Callable[[], dict[str, tuple]]:
    """A function that runs tests/checks, once, and returns what its checks answered."""

    record = tmp_path_factory.mktemp("seen") / "seen.json"

    @functools.cache
    def run() -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", "pytest", "tests/checks", "-q", "-p", "no:cacheprovider"],
            cwd=ROOT, env={**os.environ, "RECORDED": str(record)}, capture_output=True, text=True,
        )  # fmt: skip

    def seen() -> dict[str, tuple]:
        assert run().returncode == 0, run().stdout[-2000:]
        return json.loads(record.read_text(encoding="utf-8"))

    return seen


def is_enough(hints: list[str], right: int) -> bool:
    return len(hints) >= 4 and right >= 3


def test_every_lesson_has_two_to_four_exercises():
    counts = {lesson.stem: 0 for lesson in LESSONS}
    for stem, _ in exercises():
        counts[stem] += 1
    assert {stem: n for stem, n in counts.items() if not 2 <= n <= 4} == {}


@pytest.mark.parametrize(
    ("lesson", "exercise"), [pair for pair in exercises() if pair[1] not in OPEN]
)
def test_an_exercise_knows_its_mistakes_and_more_than_one_right_answer(
    run_of_all, lesson, exercise
):
    """Four mistakes, each with its hint; and three right answers: the solution and two others."""
    known = recording.seen(exercise)
    if not is_enough(*known):  # the tests beside this file ran elsewhere, or not all of them
        known = run_of_all()[exercise]
    assert is_enough(*known), f"{lesson}: {known}"


@pytest.mark.parametrize("lesson", sorted({stem for stem, _ in exercises()}))
def test_the_course_s_own_solutions_are_right(lesson):
    """In the committed solutions, each check says so; `make notebooks` tries the open ones."""
    path = ROOT / "notebooks" / "solutions" / f"{lesson}.ipynb"
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if "check" in cell["metadata"].get("tags", []):
            (output,) = cell["outputs"]
            said = "".join(output.get("text", output.get("data", {}).get("text/plain", "")))
            assert said.startswith("✓"), said
