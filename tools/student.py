"""Make the learners' edition: the lessons without outputs, the package, and no solved lesson.

python tools/student.py [FOLDER]      writes pruning-course.zip into FOLDER (dist/ in the clone)
    --released      with the lessons that `make grade ARGS=release` made, which alone nbgrader
                    marks, in the place of their own
"""

import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
from notebook_editions import LESSON, Lesson, make_edition, read_lessons

ROOT = Path(__file__).parents[1]
NAME, RELEASED = "pruning-course", "--released"
# Only what is named here is handed out: sources, solutions, tests and teachers' pages are not.
FILES = (
    ".dockerignore",
    "LICENSE",
    "LICENSE-TEXT",
    "classroom/Containerfile",
    "environment.yml",
    "pyproject.toml",
    "requirements.lock",
    "tools/environment.py",
    "docs/coverage.md",
    "docs/faq.md",
    "docs/glossary.md",
    "docs/models.md",
    "docs/prerequisites.md",
    "docs/references.md",
)
FOLDERS = ("course_utils", "notebooks/figures", "tools/front_door")
OWN_SOURCES = re.compile(rb"\[([^\]]*)\]\(src/[^)]*\)")  # tables that pages are made from
EPOCH = (1980, 1, 1, 0, 0, 0)  # so that the same course gives the same bytes

README = """\
# Pruning neural networks, a course in notebooks

You need Python 3.11, 3.12 or 3.13 (on Debian and Ubuntu also `python3-venv`), about 2.7 GB of disk,
and a network connection for the first call. Then, in this folder,

    python3 tools/environment.py lab          (Windows: py -3 tools/environment.py lab)

sets everything up in .venv and opens JupyterLab at the first notebook. With make, `make lab` is the
same. Begin with notebooks/00_start_here.ipynb and follow the arrows at the end of each lesson.

When a notebook is in a mess: *Kernel*, *Restart Kernel and Run All Cells*. No cell needs an answer
of yours from further up. To have a notebook as it was, take it out of the zip file again.

Terms in English and Chinese: [glossary](docs/glossary.md); [questions](docs/faq.md);
[sources](docs/references.md).
"""
MAKEFILE = """\
PYTHON ?= python3

lab:
\t@$(PYTHON) tools/environment.py lab $(ARGS)

setup:
\t@$(PYTHON) tools/environment.py setup

scoreboard:
\t@$(PYTHON) tools/environment.py run -m course_utils.lessons.scoreboard $(ARGS)

clean:
\t@$(PYTHON) tools/environment.py clean

.PHONY: lab setup scoreboard clean
"""


def main(arguments: list[str]) -> int:
    """Write the zip file and say where it is."""
    folders = [word for word in arguments if word != RELEASED]
    if folders[1:] or any(word.startswith("-") for word in folders):
        print(__doc__)
        return 2
    released = dict(for_nbgrader()) if RELEASED in arguments else {}
    if RELEASED in arguments and not released:
        print('No lesson is released yet. One is by make grade ARGS="release 02".', file=sys.stderr)
        return 1
    folder = Path(folders[0]) if folders else ROOT / "dist"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{NAME}.zip"
    content = dict(sorted((dict(edition()) | released).items()))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in content.items():
            file.writestr(zipfile.ZipInfo(f"{NAME}/{name}", EPOCH), text, zipfile.ZIP_DEFLATED)
    count = sum(name.endswith(".ipynb") for name in content)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, {count} lessons, no solutions")
    if released:
        print("As released for nbgrader:", ", ".join(Path(name).stem for name in sorted(released)))
    return 0


def edition() -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file that learners get."""
    yield "README.md", README.encode()
    yield "Makefile", MAKEFILE.encode()
    for name in FILES:
        content = (ROOT / name).read_bytes()
        yield name, OWN_SOURCES.sub(rb"\1", content) if name.endswith(".md") else content
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            name = path.relative_to(ROOT)
            hidden = any(part.startswith(".") or part == "__pycache__" for part in name.parts)
            if path.is_file() and not hidden:
                yield name.as_posix(), path.read_bytes()
    lessons = read_lessons(ROOT / "notebooks")
    for lesson in lessons:
        yield f"notebooks/{lesson.stem}.ipynb", not_run(lessons, lesson).encode()


def for_nbgrader() -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each lesson that was released for marking."""
    for lesson in read_lessons(ROOT / "notebooks"):
        path = ROOT / "grading" / "release" / lesson.stem / f"{lesson.stem}.ipynb"
        if path.is_file():
            yield f"notebooks/{lesson.stem}.ipynb", path.read_bytes()


def not_run(lessons: list[Lesson], lesson: Lesson) -> str:
    """Return a lesson as nobody has run it: what it shows would answer what it asks.

    Made from its source: somebody may have written answers into the notebook beside it.
    """
    return nbformat.writes(make_edition(lessons, lesson.stem, LESSON))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
