"""Put the lessons' own pictures into a deck, so that no figure is drawn twice.

A deck names a picture by the lesson and the heading under which it stands there:

    ![w:900 What it shows, in words](lesson:05_prune_and_retrain#part-2-hold-the-mask)
    ![w:900 The second one there](lesson:05_prune_and_retrain#part-3-compared-with-what:2)

What is shown is the output of the committed notebook, or a file beside the deck.
"""

import base64
import json
import mimetypes
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)


class DeckError(ValueError):
    """Something in a deck's source that its author must mend."""


def slug(heading: str) -> str:
    """Return a heading as the end of a link, as GitHub makes it.

    >>> slug("Part 2: hold the mask")
    'part-2-hold-the-mask'
    """
    kept = re.sub(r"[^\w\- ]", "", heading.lower())
    return kept.replace(" ", "-")


def with_pictures(source: str, folder: Path, notebooks: Path) -> str:
    """Return a deck's Markdown with every picture in it as data, so that it is one file."""

    def inlined(found: re.Match) -> str:
        return f"![{found[1]}]({picture(found[2], folder, notebooks)})"

    return PICTURE.sub(inlined, source)


def picture(target: str, folder: Path, notebooks: Path) -> str:
    """Return a picture as a data URI. Raises DeckError if it is not there."""
    if target.startswith("lesson:"):
        return f"data:image/png;base64,{_from_lesson(target.removeprefix('lesson:'), notebooks)}"
    path = folder / target
    if not path.is_file():
        raise DeckError(f"no picture {target!r} beside the deck.")
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _from_lesson(target: str, notebooks: Path) -> str:
    stem, _, place = target.partition("#")
    anchor, _, number = place.partition(":")
    path = notebooks / f"{stem}.ipynb"
    if not path.is_file():
        raise DeckError(f"no lesson {stem!r}.")
    there = list(pictures_of(path))
    mine = [data for heading, data in there if heading == anchor]
    if not 1 <= int(number or 1) <= len(mine):
        counts = ", ".join(f"#{name} ({n})" for name, n in Counter(h for h, _ in there).items())
        raise DeckError(f"no picture {target!r}; lesson {stem} has some under {counts}.")
    return mine[int(number or 1) - 1]


def pictures_of(notebook: Path) -> Iterator[tuple[str, str]]:
    """Yield each picture of a notebook's outputs, as base64, with the last heading before it."""
    heading = ""
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            found = HEADING.findall("".join(cell["source"]))
            heading = slug(found[-1]) if found else heading
        for output in cell.get("outputs", []):
            if data := output.get("data", {}).get("image/png"):
                yield heading, "".join(data).replace("\n", "")
