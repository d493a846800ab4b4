"""Build the whole course as web pages that need no network: lessons, pages, slides, reference.

python tools/build_site.py           writes build/site/index.html
python tools/build_site.py 02 05     the same of these lessons alone, to look at them

Sphinx reads build/site-source, which is put together here: the committed notebooks with their
outputs, the pages of docs/, and one page for each room of the package. MathJax comes from npm, by
site/package-lock.json.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

import programs
from notebook_editions import LINK, Lesson, read_lessons
from slide_figures import slug

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build"
SOURCE, PAGES = BUILD / "site-source", BUILD / "site"
SITE = ROOT / "site"
PACKAGE = ROOT / "course_utils"
FORMULA = re.compile(r"\$[^$]*\$")
# Links of pages in docs/ to what is in the repository, and no page of the site.
NOT_HERE = re.compile(r"\[([^\]]*)\]\((?:src/|\.\./(?:slides|notebooks/solutions)\))[^)]*\)?")
# Decks lie beside the pages and are none of them: MyST would take a link to one for an anchor.
DECK = re.compile(r"\[([^\]]+)\]\((\.\./slides/\w+\.html(?:#\d+)?)\)")
FILE = re.compile(r'(<a href="[\w./-]+)\.(?:ipynb|md)"')  # of a lesson or page, written in HTML


def main(arguments: list[str]) -> int:
    """Build the pages of all lessons, or of those with these numbers; return Sphinx's status."""
    if not {*arguments} <= {lesson.stem[:2] for lesson in read_lessons(ROOT / "notebooks")}:
        print(__doc__)
        return 2
    put_together(SOURCE, arguments)
    shutil.rmtree(PAGES, ignore_errors=True)
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html"]
    if not arguments:  # few pages have links to the others, of which Sphinx warns
        command += ["-W", "--keep-going"]
    status = subprocess.run([*command, str(SOURCE), str(PAGES)], cwd=ROOT).returncode
    if status == 0:
        (PAGES / "slides").mkdir()
        for deck in (ROOT / "slides").glob("*.html"):
            (PAGES / "slides" / deck.name).write_text(to_pages(deck.read_text("utf-8")), "utf-8")
        print(f"{PAGES / 'index.html'}: {len([*PAGES.rglob('*.html')])} pages")
    return status


def put_together(folder: Path, numbers: Sequence[str] = ()) -> None:
    """Write everything that Sphinx reads into a folder, anew; or of some lessons, and no more."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SITE, folder, ignore=shutil.ignore_patterns("node_modules", "package*.json"))
    shutil.copy(_mathjax(), folder / "_static" / "tex-svg.js")
    # A lesson whose notebook has not been made yet is left out.
    found = read_lessons(ROOT / "notebooks")
    made = [one for one in found if (ROOT / "notebooks" / f"{one.stem}.ipynb").is_file()]
    lessons = [one for one in made if not numbers or one.stem[:2] in numbers]
    for lesson in lessons:
        for name in (f"{lesson.stem}.ipynb", f"solutions/{lesson.stem}.ipynb"):
            _copy_notebook(ROOT / "notebooks" / name, folder / "notebooks" / name)
    shutil.copytree(ROOT / "notebooks" / "figures", folder / "notebooks" / "figures")
    for page in [] if numbers else sorted((ROOT / "docs").glob("*.md")):
        text = NOT_HERE.sub(r"\1", with_site_links(page.read_text(encoding="utf-8")))
        text = DECK.sub(r'<a href="\2">\1</a>', text)
        (folder / "docs").mkdir(exist_ok=True)
        (folder / "docs" / page.name).write_text(text, encoding="utf-8")
    modules = {} if numbers else write_reference(folder / "reference")
    _write_contents(folder, lessons, modules)


def _mathjax() -> Path:
    """Return MathJax in one file, installing it first where it is not there."""
    path = programs.from_npm(SITE, "mathjax/es5/tex-svg.js")
    if not path:
        raise SystemExit(
            "Formulas need MathJax, which Node.js's npm installs, with a network, once."
        )
    return path


def _copy_notebook(source: Path, target: Path) -> None:
    notebook = json.loads(source.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = to_pages(with_site_links("".join(cell["source"])))
        for output in cell.get("outputs", []):
            # A slider is a picture here; a page cannot compute.
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(notebook), encoding="utf-8")


def with_site_links(markdown: str) -> str:
    """Turn the anchors that JupyterLab makes of headings into those of the pages.

    >>> with_site_links("[so](05_x.ipynb#Part-2%3A-hold-the-mask)")
    '[so](05_x.ipynb#part-2-hold-the-mask)'
    """

    def moved(link: re.Match) -> str:
        target, mark, anchor = link[2].partition("#")
        if not mark or "://" in target or not target.endswith(".ipynb"):
            return link[0]
        words = FORMULA.sub("", unquote(anchor)).replace("-", " ")  # MyST leaves formulas out
        return f"{link[1]}{target}#{slug(words)}"

    return LINK.sub(moved, markdown)


def to_pages(html: str) -> str:
    """Let links that are written in HTML lead to pages, which Sphinx does for Markdown's alone.

    >>> to_pages('<a href="../docs/coverage.md">more</a>')
    '<a href="../docs/coverage.html">more</a>'
    """
    return FILE.sub(r'\1.html"', html)


def write_reference(folder: Path) -> dict[str, list[str]]:
    """Write one page for each room of the package, from its docstrings; return names by floor."""
    folder.mkdir(parents=True)
    core = [name for name in _rooms(PACKAGE) if name not in ("extras", "lessons")]
    floors = {
        "The package": ["course_utils", *core],
        "Extras": [f"extras.{name}" for name in _rooms(PACKAGE / "extras")],
        "What lessons need": [f"lessons.{name}" for name in _rooms(PACKAGE / "lessons")],
    }
    for name in (name for names in floors.values() for name in names):
        front = name == "course_utils"  # it says what there is; the rooms' pages show it
        title = name if front else f"course_utils.{name}"
        text = f"{title}\n{'=' * len(title)}\n\n.. automodule:: {title}\n"
        text += "" if front else "   :members:\n"
        if (PACKAGE / name.replace(".", "/")).is_dir():  # what a folder shows, it imports
            text += "   :imported-members:\n"
        (folder / f"{name}.rst").write_text(text, encoding="utf-8")
    return floors


def _rooms(folder: Path) -> list[str]:
    """Name the public modules and packages of a folder; checks would give answers away."""
    modules = [*folder.glob("*.py"), *(init.parent for init in folder.glob("*/__init__.py"))]
    return sorted({path.stem for path in modules if path.stem not in ("__init__", "checks")})


def _write_contents(folder: Path, lessons: list[Lesson], floors: dict[str, list[str]]) -> None:
    index = (folder / "index.md").read_text(encoding="utf-8")
    pages = [f"docs/{path.stem}" for path in sorted((folder / "docs").glob("*.md"))]
    slides = [(path.stem, path) for path in sorted((ROOT / "slides").glob("[0-9]_*.html"))]
    parts = {
        "Lessons": [f"notebooks/{lesson.stem}" for lesson in lessons],
        "Pages": [*pages, "slides"],
        "Solutions": [f"notebooks/solutions/{lesson.stem}" for lesson in lessons],
        **{floor: [f"reference/{name}" for name in names] for floor, names in floors.items()},
    }
    trees = "".join(_tree(caption, names) for caption, names in parts.items())
    (folder / "index.md").write_text(f"{index}\n{trees}", encoding="utf-8")
    rows = "\n".join(f'- <a href="slides/{stem}.html">{_title(path)}</a>' for stem, path in slides)
    text = (
        f"# Slides\n\nEach deck is one page; arrow keys turn it, *P* shows the notes.\n\n{rows}\n"
    )
    (folder / "slides.md").write_text(text, encoding="utf-8")


def _tree(caption: str, names: list[str]) -> str:
    return "\n".join(["```{toctree}", f":caption: {caption}", ":maxdepth: 1", "", *names, "```\n"])


def _title(deck: Path) -> str:
    found = re.search(r"^title: (.+)$", deck.with_suffix(".md").read_text("utf-8"), re.MULTILINE)
    return found[1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
