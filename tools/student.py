"""Make the learners' edition: the lessons without outputs, the package, and no solution anywhere.

python tools/student.py [FOLDER]      writes pruning-course.zip into FOLDER (dist/ in the clone)
"""

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[1]
NAME = "pruning-course"
# Only what is named here is handed out: sources, solutions, tests and teachers' pages are not.
FILES = (
    "LICENSE",
    "LICENSE-TEXT",
    "environment.yml",
    "pyproject.toml",
    "requirements.lock",
    "tools/environment.py",
    "docs/coverage.md",
    "docs/faq.md",
    "docs/glossary.md",
    "docs/references.md",
)
FOLDERS = ("course_utils", "notebooks/figures", "tools/front_door")
EPOCH = (1980, 1, 1, 0, 0, 0)  # so that the same course gives the same bytes

README = """\
# Pruning neural networks, a course in notebooks

You need Python 3.11, 3.12 or 3.13 (on Debian and Ubuntu also `python3-venv`), about 2.3 GB of disk,
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

clean:
\t@$(PYTHON) tools/environment.py clean

.PHONY: lab setup clean
"""


def main(arguments: list[str]) -> int:
    """Write the zip file and say where it is."""
    folder = Path(arguments[0]) if arguments else ROOT / "dist"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{NAME}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in sorted(edition()):
            file.writestr(zipfile.ZipInfo(f"{NAME}/{name}", EPOCH), content, zipfile.ZIP_DEFLATED)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, {len(lessons())} lessons, no solutions")
    return 0


def edition() -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file that learners get."""
    yield "README.md", README.encode()
    yield "Makefile", MAKEFILE.encode()
    for name in FILES:
        yield name, (ROOT / name).read_bytes()
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), path.read_bytes()
    for path in lessons():
        yield f"notebooks/{path.name}", without_outputs(path).encode()


def lessons() -> list[Path]:
    """List the lessons with open exercises."""
    return sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))


def without_outputs(path: Path) -> str:
    """Return a notebook as nobody has run it: what it shows would answer what it asks."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return nbformat.writes(notebook)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
