"""Turn a lesson's percent script into its two editions, lesson and solutions.

Nothing here runs a cell or reads a committed notebook: the same source always gives the same cells.
"""

import copy
import functools
import re
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

LESSON, SOLUTION = "lesson", "solution"
EDITIONS = (LESSON, SOLUTION)
OPEN = "# your code here"
PLACEHOLDER = f"...  {OPEN}"

# "###" in place of "#" is nbgrader's spelling: a teacher may move to nbgrader for marks.
BEGIN = re.compile(r"^(\s*)#+ BEGIN SOLUTION\s*$")
END = re.compile(r"^\s*#+ END SOLUTION\s*$")

ASSIGNMENT = re.compile(r"\w+ = (?!.*\.\.\.)")

# The version of Python is left out on purpose: it would change with every machine.
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    },
}

# [text](target), ![text](target) and src="target" or href="target" of HTML.
LINK = re.compile(r"""(\]\(\s*|\b(?:src|href)=["'])([^)\s"']+)""")
CODE = re.compile(r"(```.*?```|~~~.*?~~~|`[^`\n]*`)", re.DOTALL)
TITLE = re.compile(r"^# (.+?)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True)
class Lesson:
    """A lesson's source: its file name without ending, and its cells."""

    stem: str
    cells: tuple[NotebookNode, ...]

    @property
    def title(self) -> str:
        """The first level-1 heading, or the file's name while there is none."""
        found = TITLE.search(self.cells[0].source) if self.cells else None
        return found[1] if found else self.stem


def read_lesson(path: Path) -> Lesson:
    """Read one percent script."""
    return Lesson(path.stem, copy.deepcopy(_cells(path.read_text("utf-8"))))


@functools.cache
def _cells(script: str) -> tuple[NotebookNode, ...]:
    """Parse a script once: all take a second, and the tests read them two dozen times."""
    return tuple(jupytext.reads(script, fmt="py:percent").cells)


def read_lessons(folder: Path) -> list[Lesson]:
    """Read every script of `folder`/src, in the order of the course."""
    return [read_lesson(path) for path in sorted((folder / "src").glob("*.py"))]


def edition_path(folder: Path, stem: str, edition: str) -> Path:
    """Say where an edition is written."""
    inside = folder if edition == LESSON else folder / "solutions"
    return inside / f"{stem}.ipynb"


def make_edition(lessons: list[Lesson], stem: str, edition: str) -> NotebookNode:
    """Make an edition without outputs. Neighbours in `lessons` give the links at its end."""
    place = [lesson.stem for lesson in lessons].index(stem)
    lesson = lessons[place]
    cells = [
        _cell(f"{stem}-{number:03}", cell, edition)
        for number, cell in enumerate(lesson.cells, start=1)
        if edition == SOLUTION or "solution-only" not in tags_of(cell)
    ]
    if edition == SOLUTION and cells:
        cells[0].source = _as_solutions(cells[0].source, stem)
    footer = _navigation(lessons, place)
    if footer:
        cells.append(_node("markdown", f"{stem}-navigation", footer, {}))
    return nbformat.from_dict(
        {"cells": cells, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}
    )


def tags_of(cell: NotebookNode) -> list[str]:
    """List a cell's tags."""
    return list(cell.metadata.get("tags", []))


def links(markdown: str) -> list[str]:
    """List the targets of links and images, leaving out what stands in code."""
    prose = CODE.sub("", markdown)
    return [target for _, target in LINK.findall(prose)]


def is_relative(target: str) -> bool:
    """Tell whether a link leads to a file beside the notebook."""
    return not re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|#|/", target)


def open_exercises(code: str) -> str:
    """Replace each solution block by one line at the indent of its first marker.

    A block that gives one name a value leaves the name, so that the check finds it.

    >>> print(open_exercises("def f():\\n    # BEGIN SOLUTION\\n    return 1\\n    # END SOLUTION"))
    def f():
        ...  # your code here
    >>> print(open_exercises("# BEGIN SOLUTION\\nmost = 24\\n# END SOLUTION"))
    most = ...  # your code here
    >>> print(open_exercises("# BEGIN SOLUTION\\nmost = 24\\nmost += 1\\n# END SOLUTION"))
    # your code here
    """
    kept, block, indent = [], None, ""
    for line in code.splitlines():
        if begin := BEGIN.match(line):
            block, indent = [], begin[1]
        elif END.match(line):
            kept.append(indent + _placeholder(block, indent))
            block = None
        else:
            (kept if block is None else block).append(line)
    return "\n".join(kept)


def _placeholder(block: list[str], indent: str) -> str:
    name = ASSIGNMENT.match(block[0].strip()) if len(block) == 1 else None
    if name:
        return f"{name[0]}{PLACEHOLDER}"
    return PLACEHOLDER if indent else OPEN  # a bare ... would be shown as the cell's result


def solved(code: str) -> str:
    """Keep the solutions and drop the marker lines."""
    lines = code.splitlines()
    return "\n".join(line for line in lines if not BEGIN.match(line) and not END.match(line))


def _cell(identity: str, cell: NotebookNode, edition: str) -> NotebookNode:
    tags = tags_of(cell)
    if cell.cell_type == "code":
        # nbval compares the output of a cell with this tag alone. The lesson has no outputs: what
        # it shows would answer what it asks.
        compared = edition == SOLUTION and "varies" not in tags
        tags += ["nbval-check-output"] if compared else []
        source = open_exercises(cell.source) if edition == LESSON else solved(cell.source)
    else:
        source = cell.source if edition == LESSON else one_folder_up(cell.source)
    return _node(cell.cell_type, identity, source, {"tags": tags} if tags else {})


def _node(kind: str, identity: str, source: str, metadata: dict) -> NotebookNode:
    cell = {"cell_type": kind, "id": identity, "metadata": metadata, "source": source}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return nbformat.from_dict(cell)


def one_folder_up(markdown: str) -> str:
    """Put `../` before relative links; the solutions have neighbours of the same names."""

    def moved(link: re.Match) -> str:
        before, target = link.groups()
        neighbour = re.fullmatch(r"[^/]+\.ipynb(#.*)?", target)
        return before + target if neighbour or not is_relative(target) else f"{before}../{target}"

    # Splitting at code leaves prose at the even places.
    parts = CODE.split(markdown)
    parts[::2] = [LINK.sub(moved, part) for part in parts[::2]]
    return "".join(parts)


def _as_solutions(first: str, stem: str) -> str:
    """Name the edition in the title and link back to the lesson."""
    back = f"These are the solutions. The lesson is [{stem}.ipynb](../{stem}.ipynb)."
    return TITLE.sub(lambda title: f"# {title[1]} — solutions\n\n{back}", first, count=1)


def _navigation(lessons: list[Lesson], place: int) -> str:
    """Link to the neighbours: `← previous | next →`."""
    parts = []
    if place > 0:
        before = lessons[place - 1]
        parts.append(f"← [{before.title}]({before.stem}.ipynb)")
    if place + 1 < len(lessons):
        after = lessons[place + 1]
        parts.append(f"[{after.title}]({after.stem}.ipynb) →")
    return " | ".join(parts)
