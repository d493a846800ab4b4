"""Build the course's notebooks from notebooks/src, or check that they are up to date.

    python tools/notebooks.py build [--force] [--in-turns] [name ...]
    python tools/notebooks.py check [name ...]

`build` executes a notebook only if the source or tags of its code cells changed, or with `--force`;
otherwise it keeps the outputs. The lesson is run in quick mode, to see that it runs with its
exercises open, and written without outputs; the solutions keep those of the full run. `build` does
not see changes of the package: nbval finds those that change a printed result, `build --force`
brings figures up to date. A name may be short: `05`.

Learners run the notebooks in place, which changes the files. That is meant to be: `git checkout
notebooks` brings them back, and before a commit `build` restores every cell from the source.
"""

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lesson_length
import notebook_rules as rules
from nbformat import NotebookNode
from notebook_editions import (
    EDITIONS,
    LESSON,
    Lesson,
    edition_path,
    make_edition,
    read_lessons,
    tags_of,
)
from notebook_files import clean_outputs, load, load_raw, without_outputs, write

ROOT = Path(__file__).resolve().parents[1]


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["build", "check"])
    parser.add_argument("names", nargs="*", help="lessons, by name or number (default: all)")
    parser.add_argument("--force", action="store_true", help="execute even what did not change")
    parser.add_argument(
        "--in-turns",
        action="store_true",
        help="one notebook at a time: for lessons that time; notes the seconds of each",
    )
    parser.add_argument("--folder", type=Path, default=ROOT / "notebooks", help=argparse.SUPPRESS)
    # "Intermixed", so that names may follow the options.
    chosen = parser.parse_intermixed_args(arguments)
    try:
        if chosen.command == "build":
            problems = build(chosen.folder, chosen.names, chosen.force, chosen.in_turns)
        else:
            problems = check(chosen.folder, chosen.names)
    except UnknownName as error:
        problems = [str(error)]
    for problem in problems:
        print(problem)
    if chosen.command == "check":
        print(f"{len(problems)} problems found." if problems else "The notebooks are in order.")
    return 1 if problems else 0


class UnknownName(ValueError):
    """A lesson was asked for that has no source."""


def build(
    folder: Path, names: list[str] = (), force: bool = False, in_turns: bool = False
) -> list[str]:
    """Write both editions of each lesson; return what went wrong, one text a problem."""
    lessons = read_lessons(folder)
    problems = []
    for lesson in _select(lessons, names):
        found = rules.source_problems(lesson) or _build_lesson(
            folder, lessons, lesson, force, 1 if in_turns else len(EDITIONS)
        )
        problems += [f"{lesson.stem}: {what}" for what in found]
    return problems


def check(folder: Path, names: list[str] = ()) -> list[str]:
    """Say what is wrong with sources and committed notebooks, one sentence a problem."""
    lessons = read_lessons(folder)
    problems = [] if names else _left_over(folder, lessons)
    for lesson in _select(lessons, names):
        found = rules.source_problems(lesson)
        problems += [f"src/{lesson.stem}.py: {what}" for what in found]
        for edition in EDITIONS if not found else ():
            path = edition_path(folder, lesson.stem, edition)
            made = make_edition(lessons, lesson.stem, edition)
            found = rules.lint_lesson(made) + _check_file(path, made, edition, folder.parent)
            problems += [f"{path.relative_to(folder)}: {what}" for what in found]
    return problems


def _select(lessons: list[Lesson], names: list[str]) -> list[Lesson]:
    """Pick lessons by stem, number or path; all of them for no name."""
    wanted = [Path(name).name.removesuffix(".py").removesuffix(".ipynb") for name in names]
    for name in wanted:
        if not any(_is_called(lesson, name) for lesson in lessons):
            known = ", ".join(lesson.stem for lesson in lessons)
            raise UnknownName(f"There is no lesson {name!r} in src. There are: {known}.")
    return [
        lesson
        for lesson in lessons
        if not wanted or any(_is_called(lesson, name) for name in wanted)
    ]


def _is_called(lesson: Lesson, name: str) -> bool:
    return lesson.stem == name or lesson.stem.startswith(f"{name}_")


def _build_lesson(
    folder: Path, lessons: list[Lesson], lesson: Lesson, force: bool, at_once: int
) -> list[str]:
    """Write both editions, or neither if one of them has a problem."""
    made = {edition: make_edition(lessons, lesson.stem, edition) for edition in EDITIONS}
    paths = {edition: edition_path(folder, lesson.stem, edition) for edition in EDITIONS}

    def filled(edition: str) -> list[str]:
        note = lesson.stem if at_once == 1 and edition != LESSON else None
        return _fill(made[edition], edition, paths[edition], folder, force, note)

    # Both at once, as a rule: training with small batches keeps one core busy, not two.
    with ThreadPoolExecutor(at_once) as pool:
        found = dict(zip(EDITIONS, pool.map(filled, EDITIONS), strict=True))
    for edition, problems in found.items():
        if problems:
            return [f"{edition} edition, nothing written: {what}" for what in problems]
    for edition, notebook in made.items():
        path = paths[edition]
        if write(path, notebook):
            print(f"{path.relative_to(folder)}: written", flush=True)
    return []


def _fill(
    notebook: NotebookNode, edition: str, path: Path, folder: Path, force: bool, note: str | None
) -> list[str]:
    """Give a notebook its old outputs or new ones; return what is wrong with them.

    The seconds of a lesson named by `note` are written down.
    """
    if not force and _keep_outputs(notebook, load(path), edition):
        clean_outputs(notebook)
        # A notebook that was run and saved by hand may hold what must not be committed.
        if edition == LESSON or not rules.output_problems(notebook, edition, folder.parent):
            return []
    print(f"{path.relative_to(folder)}: executing", flush=True)
    started = time.perf_counter()
    failure = _execute(notebook, path.parent, edition == LESSON)
    if failure:
        return [failure]
    passed = time.perf_counter() - started
    if note:
        lesson_length.note_seconds(note, passed)
    print(f"{path.relative_to(folder)}: {passed:.0f} s", flush=True)
    clean_outputs(notebook)
    problems = rules.output_problems(notebook, edition, folder.parent)
    if edition == LESSON:
        without_outputs(notebook)
    return problems


def _keep_outputs(new: NotebookNode, old: NotebookNode | None, edition: str) -> bool:
    """Copy the outputs of `old` into `new` if every code cell is the same and has run.

    Of a lesson the cells alone must be the same: it is written without outputs.
    """
    bare = edition == LESSON
    if old is None or (rules.order_problems(old) and not bare):
        return False
    pairs = list(zip(_code_cells(new), _code_cells(old), strict=False))
    same = len(_code_cells(new)) == len(_code_cells(old)) and all(
        a.source == b.source and tags_of(a) == tags_of(b) and (bare or b.execution_count)
        for a, b in pairs
    )
    for cell, previous in pairs if same and not bare else ():
        cell.outputs, cell.execution_count = previous.outputs, previous.execution_count
    return same


def _code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _execute(notebook: NotebookNode, where: Path, quick: bool) -> str:
    from notebook_run import execute  # only here: `check` starts faster without Jupyter's client

    return execute(notebook, where, quick)


def _check_file(path: Path, made: NotebookNode, edition: str, root: Path) -> list[str]:
    """Hold the committed file against the edition that its source makes."""
    if not path.exists():
        return ["the notebook is missing: run build."]
    committed, raw = load(path), load_raw(path)
    if committed is None:
        return ["the file is no notebook of format 4: run build."]
    found = _step_problems(made, committed) + rules.order_problems(committed)
    if edition == LESSON:
        found += rules.bare_problems(committed)
    else:
        found += rules.output_problems(committed, edition, root)
    return (
        found + rules.link_problems(committed, path) + rules.file_problems(raw, path.stat().st_size)
    )


def _step_problems(made: NotebookNode, committed: NotebookNode) -> list[str]:
    """Say where the committed notebook differs from its source, outputs apart."""
    pairs = zip(map(_bare, made.cells), map(_bare, committed.cells), strict=False)
    for number, (ours, theirs) in enumerate(pairs, start=1):
        if ours != theirs:
            what = rules.first_line(made.cells[number - 1])
            return [f"cell {number} ({what!r}) is out of step with the source: run build."]
    if len(made.cells) != len(committed.cells):
        many = f"{len(committed.cells)} cells, the source makes {len(made.cells)}"
        return [f"the notebook has {many}: run build."]
    if {**made, "cells": []} != {**committed, "cells": []}:
        return ["the notebook's metadata is not what the source makes: run build."]
    return []


def _bare(cell: NotebookNode) -> dict:
    return {key: cell[key] for key in cell if key not in ("outputs", "execution_count")}


def _left_over(folder: Path, lessons: list[Lesson]) -> list[str]:
    """Find notebooks that no source makes."""
    expected = {edition_path(folder, lesson.stem, e) for lesson in lessons for e in EDITIONS}
    there = {*folder.glob("*.ipynb"), *(folder / "solutions").glob("*.ipynb")}
    return [
        f"{path.relative_to(folder)}: no source makes this notebook: remove it or write a source."
        for path in sorted(there - expected)
    ]


if __name__ == "__main__":
    sys.exit(main())
