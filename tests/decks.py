"""A deck as its slides, and the minutes that their notes give them."""

import re
from pathlib import Path

from quotes import COMMENT

MINUTES = re.compile(r"^\s*(\d+) min\.", re.MULTILINE)


def slides_of(deck: Path) -> list[str]:
    """Split a deck where its slides end; the front matter goes."""
    _, _, body = deck.read_text(encoding="utf-8").removeprefix("---").partition("\n---\n")
    return re.split(r"^---$", body, flags=re.MULTILINE)


def notes(slide: str) -> list[str]:
    """The comments of a slide that are neither directives of Marp nor quotes."""
    found = [text.strip() for text in COMMENT.findall(slide)]
    return [text for text in found if not text.startswith(("_", "from "))]


def minutes(slide: str) -> int:
    """How long a slide takes, as its note says; the title takes no time."""
    found = MINUTES.search(notes(slide)[0])
    return int(found[1]) if found else 0
