"""Make the hosted edition: lessons that open on Colab and Binder, from a public repository.

python tools/hosted.py OWNER/NAME [FOLDER]      writes one notebook a lesson into notebooks/hosted

Each has badges and a first cell that installs what is missing and replaces nothing. Pictures and
pages are named by their addresses: a copy that a learner saves has no neighbours. Commit the folder
to the repository that is named, on its branch main.
"""

import os
import re
import sys
from pathlib import Path

import nbformat
from notebook_editions import CODE, LESSON, LINK, Lesson, is_relative, make_edition, read_lessons

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "notebooks" / "hosted"
NAME = re.compile(r"[\w.-]+/[\w.-]+")
COLAB = "https://colab.research.google.com"
BINDER = "https://mybinder.org"
BADGES = """\
[![Open in Colab]({colab}/assets/colab-badge.svg)]({colab}/github/{repository}/blob/main/{path})
[![Open in Binder]({binder}/badge_logo.svg)]({binder}/v2/gh/{place})

This is the edition for hosted notebooks. The next cell installs what is missing there, which takes
a minute or two, and replaces nothing; on Binder everything is there already. To keep your work on
Colab, save a copy in Drive. [All lessons]({home}#the-notebooks)
"""
# Modules that lessons import, and what brings them. What is installed stays at its version: pip is
# held to it, and fails rather than replace it.
INSTALL = """\
import importlib.metadata
import importlib.util
import pathlib
import subprocess
import sys
import tempfile

wanted = {{
    "tensorflow": "tensorflow", "matplotlib": "matplotlib", "ipywidgets": "ipywidgets",
    "scipy": "scipy", "sklearn": "scikit-learn", "threadpoolctl": "threadpoolctl",
    "ai_edge_litert": "ai-edge-litert", "optuna": "optuna", "distributed": "distributed",
    "tqdm": "tqdm", "PIL": "pillow",
}}  # fmt: skip
missing = [package for name, package in wanted.items() if not importlib.util.find_spec(name)]
pip = [sys.executable, "-m", "pip", "install", "-q"]
if missing:
    held = "\\n".join(
        f"{{one.name}}=={{one.version}}" for one in importlib.metadata.distributions() if one.name
    )
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "held.txt").write_text(held)
        subprocess.run([*pip, "-c", f"{{folder}}/held.txt", *missing], check=True)
if not importlib.util.find_spec("course_utils"):
    subprocess.run([*pip, "--no-deps", "git+{address}"], check=True)
    importlib.invalidate_caches()
"""


def main(arguments: list[str]) -> int:
    """Write the edition and say where it is."""
    if not arguments or not NAME.fullmatch(arguments[0]):
        print(__doc__)
        return 2
    folder = Path(arguments[1]) if len(arguments) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    lessons = read_lessons(ROOT / "notebooks")
    for lesson in lessons:
        text = hosted(lessons, lesson, arguments[0])
        (folder / f"{lesson.stem}.ipynb").write_text(text, encoding="utf-8")
    print(f"{folder}: {len(lessons)} lessons for {arguments[0]}")
    return 0


def hosted(lessons: list[Lesson], lesson: Lesson, repository: str) -> str:
    """Return a lesson with badges and the installing cell before its own cells."""
    notebook = make_edition(lessons, lesson.stem, LESSON)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = with_addresses(cell.source, repository)
    name = f"notebooks/hosted/{lesson.stem}.ipynb"
    places = {"colab": COLAB, "binder": BINDER, "repository": repository, "path": name}
    places["home"] = f"https://github.com/{repository}"
    badges = BADGES.format(**places, place=f"{repository}/main?urlpath=lab/tree/{name}")
    first = [
        _cell("markdown", f"{lesson.stem}-badges", badges),
        _cell("code", f"{lesson.stem}-install", install(f"https://github.com/{repository}")),
    ]
    notebook.cells = [notebook.cells[0], *first, *notebook.cells[1:]]
    return nbformat.writes(notebook)


def with_addresses(markdown: str, repository: str) -> str:
    """Name pictures and pages by their addresses; lessons stay neighbours, with Binder's kernel.

    >>> with_addresses("![](figures/x.svg) [a](01_norms.ipynb) [b](../docs/faq.md#c)", "me/it")
    '![](https://raw.githubusercontent.com/me/it/main/notebooks/figures/x.svg?sanitize=true) \
[a](01_norms.ipynb) [b](https://github.com/me/it/blob/main/docs/faq.md#c)'
    """

    def moved(link: re.Match) -> str:
        before, target = link.groups()
        if not is_relative(target) or re.fullmatch(r"[^/]+\.ipynb(#.*)?", target):
            return before + target
        path = os.path.normpath(f"notebooks/{target}").replace(os.sep, "/")
        if path.endswith(".svg"):  # the flag: as a picture, where it would be text
            return (
                f"{before}https://raw.githubusercontent.com/{repository}/main/{path}?sanitize=true"
            )
        return f"{before}https://github.com/{repository}/blob/main/{path}"

    # Splitting at code leaves prose at the even places.
    parts = CODE.split(markdown)
    parts[::2] = [LINK.sub(moved, part) for part in parts[::2]]
    return "".join(parts)


def install(address: str) -> str:
    """Return the code of the first cell, for a repository's address."""
    return INSTALL.format(address=address).rstrip("\n")


def _cell(kind: str, identity: str, source: str) -> dict:
    cell = {"cell_type": kind, "id": identity, "metadata": {}, "source": source.rstrip("\n")}
    run = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return nbformat.from_dict(cell | run)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
