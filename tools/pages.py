"""Make the pages in docs/ from docs/src and the lessons, or check that they are up to date.

python tools/pages.py build
python tools/pages.py check
"""

import argparse
import sys
from pathlib import Path

import page_coverage
import page_faq
import page_glossary
import page_models
import page_references
from notebook_editions import read_lessons

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "coverage": page_coverage,
    "faq": page_faq,
    "glossary": page_glossary,
    "models": page_models,
    "references": page_references,
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["build", "check"])
    chosen = parser.parse_args(arguments)
    found = build(ROOT) if chosen.command == "build" else check(ROOT)
    for problem in found:
        print(problem)
    if chosen.command == "check":
        print(f"{len(found)} problems found." if found else "The pages are in order.")
    return 1 if found else 0


def build(root: Path) -> list[str]:
    """Write every page, also with gaps; return what is wrong with its sources."""
    for path, text in made(root).items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")
            print(f"{path.relative_to(root)}: written")
    return source_problems(root)


def check(root: Path) -> list[str]:
    """Say what is wrong with the sources, and which pages are not what they make."""
    stale = [
        f"{path.relative_to(root)}: not what its sources make: run make pages."
        for path, text in made(root).items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    return source_problems(root) + stale


def made(root: Path) -> dict[Path, str]:
    """Make the text of every page."""
    lessons = read_lessons(root / "notebooks")
    return {
        root / "docs" / f"{name}.md": page.make(root / "docs" / "src", lessons)
        for name, page in PAGES.items()
    }


def source_problems(root: Path) -> list[str]:
    """Say what is wrong with the tables, the markers and the terms."""
    lessons = read_lessons(root / "notebooks")
    return [what for page in PAGES.values() for what in page.problems(root / "docs/src", lessons)]


if __name__ == "__main__":
    sys.exit(main())
