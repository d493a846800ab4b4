"""The coverage table: each element and each error of the article, and the cells that treat it.

A cell of a source says in its metadata what it treats: `# %% [markdown] covers="18" corrects="11"`.
The numbers are those of docs/src/elements.csv and docs/src/errata.csv. Notebooks do not carry them.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from nbformat import NotebookNode
from notebook_editions import CODE, Lesson

MARKERS = {"covers": "elements", "corrects": "errata"}
OTHER_KEYS = {"tags", "lines_to_next_cell"}  # the second is jupytext's
HEADING = re.compile(r"^#+ (.+?)\s*$", re.MULTILINE)

TOP = """# What the course covers of the article

Made from [elements.csv](src/elements.csv), [errata.csv](src/errata.csv) and the markers in
`notebooks/src` by `make pages`. The {elements} things that the article teaches are named in the
course's own words, in the article's order, with its section. *Taught* means: as it stands.
*Corrected* means: taught, and put right; the number leads to what was wrong.
"""


@dataclass(frozen=True)
class Place:
    """A cell that treats something: its lesson, and the heading under which it stands."""

    stem: str
    title: str
    heading: str

    def link(self) -> str:
        """Write it as a link from docs/ to the lesson, with the heading in words."""
        anchor = quote(self.heading.replace(" ", "-"), safe="")
        number = self.title.split(" ")[0]
        return f"[{number} · {_escaped(self.heading)}](../notebooks/{self.stem}.ipynb#{anchor})"


Places = dict[str, dict[int, list[Place]]]


def read_table(path: Path) -> list[dict[str, str]]:
    """Read one of the tables in docs/src."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def numbers(text: str) -> list[int]:
    """Read the numbers of a marker or a table's column.

    >>> numbers("18 19")
    [18, 19]
    """
    return [int(part) for part in text.split()]


def marked_cells(lesson: Lesson) -> Iterator[tuple[NotebookNode, str]]:
    """Give each cell with the heading under which it begins; exercises are no places to look."""
    heading = lesson.title
    for cell in lesson.cells:
        headings = [name for name in headings_of(cell) if not name.startswith("Exercise")]
        if headings and cell.source.startswith("#"):
            heading = headings[0]
        yield cell, heading
        heading = headings[-1] if headings else heading


def headings_of(cell: NotebookNode) -> list[str]:
    """List the headings in a cell, without their marks."""
    if cell.cell_type != "markdown":
        return []
    return HEADING.findall(CODE.sub("", cell.source))


def places(lessons: list[Lesson]) -> Places:
    """Collect the marked places: {"covers": {18: [Place, …]}, "corrects": …}."""
    found: Places = {marker: {} for marker in MARKERS}
    for lesson in lessons:
        for cell, heading in marked_cells(lesson):
            place = Place(lesson.stem, lesson.title, heading)
            for marker, by_number in found.items():
                for number in numbers(cell.metadata.get(marker, "")):
                    listed = by_number.setdefault(number, [])
                    listed += [place] if place not in listed else []
    return found


def marker_problems(lessons: list[Lesson], known: dict[str, set[int]]) -> list[str]:
    """Say which markers are misspelt, or name a number that no table has."""
    found = []
    for lesson in lessons:
        for number, cell in enumerate(lesson.cells, start=1):
            where = f"src/{lesson.stem}.py, cell {number}"
            strange = sorted(set(cell.metadata) - set(MARKERS) - OTHER_KEYS)
            found += [f"{where}: unknown key {key!r}; known: {[*MARKERS]}." for key in strange]
            for marker, table in MARKERS.items():
                try:
                    marked = set(numbers(cell.metadata.get(marker, "")))
                except ValueError:
                    found.append(f"{where}: {marker} must hold numbers with blanks between them.")
                    continue
                unknown = sorted(marked - known[marker])
                found += [f"{where}: {marker} {n}, which {table}.csv has not." for n in unknown]
    return found


def coverage_problems(elements: list[dict], errata: list[dict], found: Places) -> list[str]:
    """Say what no cell treats, and what is covered only where nothing is put right."""
    problems = []
    for marker, table in (("covers", elements), ("corrects", errata)):
        for row in table:
            if int(row["number"]) not in found[marker]:
                name = f"{MARKERS[marker]}.csv {row['number']}"
                problems.append(f"{name} ({row.get('what') or row['said']}): no cell {marker} it.")
    for row in elements:
        taught = set(found["covers"].get(int(row["number"]), []))
        fixed = {p for n in numbers(row["errata"]) for p in found["corrects"].get(n, [])}
        if row["errata"] and taught and not taught & fixed:
            what = f"element {row['number']} ({row['what']})"
            problems.append(f"{what}: no cell that covers it corrects {row['errata']}.")
    return problems


def problems(folder: Path, lessons: list[Lesson]) -> list[str]:
    """Say everything that is wrong with the tables and the markers; `folder` is docs/src."""
    elements, errata = (read_table(folder / f"{name}.csv") for name in MARKERS.values())
    known = {
        marker: {int(row["number"]) for row in table}
        for marker, table in zip(MARKERS, (elements, errata), strict=True)
    }
    found = marker_problems(lessons, known)
    return found or coverage_problems(elements, errata, places(lessons))


def make(folder: Path, lessons: list[Lesson]) -> str:
    """Write the page."""
    elements, errata = (read_table(folder / f"{name}.csv") for name in MARKERS.values())
    found, right = places(lessons), {row["number"]: row["right"] for row in errata}
    lines = [TOP.format(elements=len(elements))]
    lines += ["| | § | the article's element | in the course | where |", "|---|---|---|---|---|"]
    lines += [_element_row(row, found["covers"], right) for row in elements]
    lines += ["", "## What was wrong", ""]
    lines += ["| | § | the article says | right is | where |", "|---|---|---|---|---|"]
    lines += [_erratum_row(row, found["corrects"]) for row in errata]
    return "\n".join(lines) + "\n"


def _element_row(row: dict[str, str], found: dict[int, list[Place]], right: dict) -> str:
    fixes = [f"[{n}](#e{n}): {_escaped(right[n])}" for n in row["errata"].split()]
    how = f"**corrected**, {'<br>'.join(fixes)}" if fixes else "taught"
    what = f"{row['kind']}: {_escaped(row['what'])}"
    return f"| {row['number']} | {row['section']} | {what} | {how} | {_links(row, found)} |"


def _erratum_row(row: dict[str, str], found: dict[int, list[Place]]) -> str:
    said, right = _escaped(row["said"]), _escaped(row["right"])
    name = f'<a id="e{row["number"]}"></a>{row["number"]}'
    return f"| {name} | {row['section']} | {said} | {right} | {_links(row, found)} |"


def _links(row: dict[str, str], found: dict[int, list[Place]]) -> str:
    return "<br>".join(place.link() for place in found.get(int(row["number"]), []))


def _escaped(text: str) -> str:
    return text.replace("|", r"\|")
