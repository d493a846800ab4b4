"""Make the decks: one HTML file each, which is committed, and one PDF, which is not.

python tools/slides.py build [DECK ...] [--force]     make what is out of date
python tools/slides.py check                          say which HTML is out of date

Marp turns the Markdown into slides and the formulas into pictures; both work without network. It
is installed by npm from slides/package-lock.json into slides/node_modules, once. For PDFs it drives
the system's Chromium; where there is none, the HTML is made alone.
"""

import argparse
import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import programs
from slide_figures import DeckError, with_pictures

ROOT = Path(__file__).parents[1]
SLIDES, NOTEBOOKS = ROOT / "slides", ROOT / "notebooks" / "solutions"
THEME, CONFIG = SLIDES / "course.css", SLIDES / "marp.config.mjs"
FONT = SLIDES / "chinese.woff"  # made by tools/slide_font.py
STAMP = re.compile(r'<meta name="made-from" content="([0-9a-f]{64})">')
ORIGIN = re.compile(r"<!-- from \w+:.*?-->\n*", re.DOTALL)
# Marp names a deck's theme by chance, anew each time.
THEME_NAME = re.compile(r'data-theme="([0-9a-z]{40,})"')


def main(arguments: list[str]) -> int:
    """Do what the arguments ask; return the exit status."""
    asked = _parser().parse_args(arguments)
    try:
        return check() if asked.command == "check" else build(asked.decks, asked.force)
    except DeckError as error:
        print(error, file=sys.stderr)
        return 1


def decks() -> list[Path]:
    """List the decks' sources, in the order of the course."""
    return sorted(SLIDES.glob("[0-9]_*.md"))


def complete(deck: Path) -> str:
    """Return all that a deck is made from, its pictures as data. Raises DeckError."""
    try:
        return with_pictures(deck.read_text(encoding="utf-8"), SLIDES, NOTEBOOKS)
    except DeckError as error:
        raise DeckError(f"{deck.name}: {error}") from None


def digest(deck: Path) -> str:
    """Return the SHA-256 of what a deck is made from: source, pictures, theme, settings, Marp."""
    files = (CONFIG, SLIDES / "package-lock.json")
    parts = (complete(deck), theme(), *(file.read_text(encoding="utf-8") for file in files))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def theme() -> str:
    """Return the theme with its font in it, so that a deck is one file."""
    font = base64.b64encode(FONT.read_bytes()).decode()
    return f"""{THEME.read_text(encoding="utf-8")}
@font-face {{
  font-family: "Course Chinese";
  src: url("data:font/woff;base64,{font}") format("woff");
  unicode-range: U+3000-303F, U+3400-9FFF, U+FF00-FFEF;
}}
"""


def is_stale(deck: Path) -> bool:
    """Tell whether a deck's HTML is missing, or was made from something else than is there now."""
    page = deck.with_suffix(".html")
    found = STAMP.search(page.read_text(encoding="utf-8")) if page.is_file() else None
    return not found or found[1] != digest(deck)


def check() -> int:
    """Print the decks that are out of date; return 1 if there are any."""
    stale = [deck.name for deck in decks() if is_stale(deck)]
    print("\n".join(f"{name}: out of date; run make slides" for name in stale) or "in order")
    return 1 if stale else 0


def build(names: list[str], force: bool = False) -> int:
    """Make the HTML of decks that are out of date, and the PDFs that are older than their HTML."""
    chosen = [deck for deck in decks() if not names or deck.stem in names or deck.stem[0] in names]
    for deck in chosen:
        if force or is_stale(deck):
            deck.with_suffix(".html").write_text(_html(deck), encoding="utf-8")
            print(f"{deck.stem}.html: written")
    if not programs.browser():
        print("PDFs need Chromium or Chrome, and none was found; CHROME_PATH names one.")
        return 0
    for deck in chosen:
        page, paper = deck.with_suffix(".html"), deck.with_suffix(".pdf")
        if force or not paper.is_file() or paper.stat().st_mtime < page.stat().st_mtime:
            paper.write_bytes(_marp(deck, "--pdf", "--pdf-outlines", "--allow-local-files"))
            print(f"{paper.name}: written")
    return 0


def _html(deck: Path) -> str:
    """Return a deck as one page with its stamp; the same source gives the same page."""
    page = _marp(deck, "--html").decode("utf-8")
    for name in set(THEME_NAME.findall(page)):
        page = page.replace(name, "course")
    return page.replace("<head>", f'<head><meta name="made-from" content="{digest(deck)}">', 1)


def _marp(deck: Path, *options: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / deck.name
        # A comment is a speaker's note to Marp; those that say where a number is from are not.
        source.write_text(ORIGIN.sub("", complete(deck)), encoding="utf-8")
        look = Path(folder) / THEME.name
        look.write_text(theme(), encoding="utf-8")
        command = [*_program(), str(source), "-c", str(CONFIG), "--theme", str(look), "-o", "-"]
        variables = os.environ | {"CHROME_PATH": programs.browser() or ""}
        done = subprocess.run(
            [*command, *options], capture_output=True, env=variables, stdin=subprocess.DEVNULL
        )
    if done.returncode:
        raise DeckError(f"{deck.name}: Marp failed:\n{done.stderr.decode(errors='replace')}")
    return done.stdout


def _program() -> list[str]:
    """Return the command of Marp, installing it first where it is not there."""
    node = shutil.which("node")
    program = programs.from_npm(SLIDES, "@marp-team/marp-cli/marp-cli.js") if node else None
    if not program:
        raise DeckError(
            "slides are made by Marp, which needs Node.js 18 or later and, once, a network."
        )
    return [node, str(program)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=["build", "check"])
    parser.add_argument("decks", nargs="*", help="as in 2 or 2_prune_and_retrain; all if none")
    parser.add_argument("--force", action="store_true", help="also what is up to date")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
