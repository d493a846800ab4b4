"""What pages and decks quote of the lessons, in comments: `<!-- from 01_norms: text | text -->`."""

import json
import re
from functools import cache
from pathlib import Path

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
QUOTES = re.compile(r"^\s*from (\w+): (.*)$", re.DOTALL)


def quoted(text: str) -> list[tuple[str, str]]:
    """(lesson, text) for all that the comments of a text say is quoted."""
    found = []
    for comment in COMMENT.findall(text):
        if said := QUOTES.match(comment):
            texts = said[2].strip().replace("\\|", "\0").split(" | ")
            found += [(said[1], one.replace("\0", "|")) for one in texts]
    return found


@cache
def outputs(lesson: str) -> str:
    """All text that the committed solutions printed."""
    notebook = json.loads((NOTEBOOKS / "solutions" / f"{lesson}.ipynb").read_text(encoding="utf-8"))
    texts = []
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            texts += [output.get("text", ""), output.get("data", {}).get("text/plain", "")]
    return "\n".join("".join(text) for text in texts)
