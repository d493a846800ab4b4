"""Turn lessons into nbgrader's assignments: the same cells, with its metadata and markers."""

import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from notebook_editions import (
    BEGIN,
    END,
    LESSON,
    METADATA,
    OPEN,
    Lesson,
    make_edition,
    open_exercises,
    tags_of,
)

POINTS = 1

CONFIG = '''\
"""nbgrader's settings for this course, written anew at every release; yours: own_settings.py."""

c = get_config()
c.CourseDirectory.course_id = "pruning"
# An open exercise reads as it does in the course: it runs, and its check says "not yet".
c.ClearSolutions.code_stub = {"python": ""}
# A lesson trains in its quick mode; a cell that takes longer than this is ended.
c.ExecutePreprocessor.timeout = 600
c.Execute.raise_on_iopub_timeout = False
# Sockets in the file system: a kernel without network is reached all the same.
c.KernelManager.transport = "ipc"
# Of a submission its notebook is taken, and nothing that lies beside it.
c.CourseDirectory.ignore = ["*"]
load_subconfig("own_settings.py")
'''


def write_course(lessons: list[Lesson], stems: list[str], folder: Path) -> list[Path]:
    """Write nbgrader's settings and the source of each assignment; return the notebooks."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    written = []
    for stem in stems:
        path = folder / "source" / stem / f"{stem}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(assignment(lessons, stem), path)
        written.append(path)
    return written


def assignment(lessons: list[Lesson], stem: str) -> NotebookNode:
    """Return a lesson as nbgrader's source notebook: solutions in markers, checks with points."""
    lesson = next(one for one in lessons if one.stem == stem)
    by_id = {f"{stem}-{n:03}": cell for n, cell in enumerate(lesson.cells, start=1)}
    cells = [
        _graded(cell, by_id[cell.id].source) if cell.id in by_id else cell
        for cell in make_edition(lessons, stem, LESSON).cells
    ]
    return nbformat.from_dict(
        {"cells": cells, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}
    )


def predictions_asked(lesson: Lesson) -> int:
    """Count the predictions that a lesson asks for."""
    return sum(
        len(re.findall(r"\bpredict\(\s*[\"']", cell.source))
        for cell in lesson.cells
        if cell.cell_type == "code"
    )


def _graded(cell: NotebookNode, source: str) -> NotebookNode:
    tags = tags_of(cell)
    if "exercise" in tags:
        cell.source = with_open_and_solved(source)
        cell.metadata["nbgrader"] = _metadata(cell.id, solution=True)
    elif "check" in tags:
        # Hidden until it is graded: a learner sees the sentence alone, never an AssertionError.
        strict = [f"verdict = {cell.source}", "print(verdict)", "assert verdict, verdict"]
        hidden = ["### BEGIN HIDDEN TESTS", *strict, "### END HIDDEN TESTS"]
        cell.source = "\n".join([cell.source, *hidden])
        cell.metadata["nbgrader"] = _metadata(cell.id, grade=True, locked=True, points=POINTS)
    return cell


def _metadata(identity: str, **parts: object) -> dict:
    plain = {"grade": False, "locked": False, "solution": False, "task": False}
    return {"schema_version": 3, "grade_id": identity, **plain, **parts}


def with_open_and_solved(code: str) -> str:
    """Put the open line before each solution, so that what is left without it still runs.

    >>> print(with_open_and_solved("# BEGIN SOLUTION\\nmost = 24\\n# END SOLUTION"))
    most = ...  # your code here
    ### BEGIN SOLUTION
    most = 24
    ### END SOLUTION
    """
    opened = iter(line for line in open_exercises(code).splitlines() if OPEN in line)
    lines = []
    for line in code.splitlines():
        if BEGIN.match(line):
            lines += [next(opened), _marker(line, "BEGIN")]
        else:
            lines.append(_marker(line, "END") if END.match(line) else line)
    return "\n".join(lines)


def _marker(line: str, word: str) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    return f"{indent}### {word} SOLUTION"
