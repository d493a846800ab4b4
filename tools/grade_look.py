"""Say what deserves a teacher's look in a submission that was run: where it stopped, what it lacks.

A mark alone does not tell a wrong answer from a cell that was deleted, or one that never ended.
"""

import json
from pathlib import Path

LONGEST = 60  # characters of a cell's first line


def deserves_a_look(ran: Path, released: Path) -> list[str]:
    """List what is odd about a notebook that nbgrader ran, beside the one that was handed out."""
    cells, asked = _cells(ran), _cells(released)
    there = {_grade(cell).get("grade_id") for cell in cells}
    gone = [
        f"{_first_line(cell)}: this check is gone, and earns nothing"
        for cell in asked
        if _grade(cell).get("grade") and _grade(cell)["grade_id"] not in there
    ]
    return gone + _first_stop(cells)


def _first_stop(cells: list[dict]) -> list[str]:
    """Name the first cell that stopped by more than a check's "no": others may follow from it."""
    for cell in cells:
        names = {one.get("ename") for one in cell.get("outputs", [])} - {None, "AssertionError"}
        if "CellTimeoutError" in names:
            return [f"{_first_line(cell)}: does not end"]
        if names:
            (name, *_) = sorted(map(_plain, names))
            return [f"{_first_line(cell)}: stops with {name}"]
    return []


def _cells(path: Path) -> list[dict]:
    try:
        cells = json.loads(path.read_bytes())["cells"]
        return [cell for cell in cells if cell["cell_type"] == "code"]
    except (OSError, ValueError, KeyError, TypeError):  # nothing there that one could look at
        return []


def _grade(cell: dict) -> dict:
    return cell.get("metadata", {}).get("nbgrader", {})


def _first_line(cell: dict) -> str:
    source = "".join(cell.get("source", ""))
    return _plain((source.strip().splitlines() or ["an empty cell"])[0])


def _plain(text: object) -> str:
    """Return the start of a text, without what could steer a terminal: learners wrote it."""
    return "".join(letter for letter in str(text) if letter.isprintable())[:LONGEST]
