"""The page of references: every source that lessons and package name, with its identifier.

docs/src/references.csv has one row a source. Where it is cited is read from the sources themselves:
"arXiv 1506.02626" or "doi 10.1109/5.726791" (or a link to either), also across a line's end.
"""

import re
from collections import Counter
from pathlib import Path

from notebook_editions import Lesson
from page_coverage import read_table

ARXIV = re.compile(r"(?:arxiv:?\s+|arxiv:|arxiv\.org/abs/)(\d{4}\.\d{4,5})", re.IGNORECASE)
DOI = re.compile(r"(?:doi:?\s+|doi:|doi\.org/)(10\.\d{4,9}/[^\s),;\"`]*[\w])", re.IGNORECASE)
FORMS = {
    "arxiv": re.compile(r"\d{4}\.\d{4,5}"),
    "doi": re.compile(r"10\.\d{4,9}/\S*\w"),
    "isbn": re.compile(r"97[89]\d{10}"),
    "url": re.compile(r"https?://\S+"),
}
LINKS = {"arxiv": "[arXiv {0}](https://arxiv.org/abs/{0})", "doi": "[doi {0}](https://doi.org/{0})"}
CONTINUED = re.compile(r"\n[ \t]*(?:#[ \t]*)?")  # a comment's or docstring's line goes on

TOP = """# References

Every source of the lessons and the package, made from [references.csv](src/references.csv)
by `make pages`. Numbers are lessons, names are modules of `course_utils`.
"""
WRONG = """
## What the article cites, as it really is

The article's sections 8.1 and 8.3 and its list of references, corrected; the numbers lead to what
was [wrong](coverage.md#what-was-wrong).
"""


def cited(text: str) -> set[tuple[str, str]]:
    """Collect the identifiers in a text: {("arxiv", "1506.02626"), …}.

    >>> sorted(cited("LeNet-5 (doi\\n#   10.1109/5.726791), Han (arXiv 1506.02626)."))
    [('arxiv', '1506.02626'), ('doi', '10.1109/5.726791')]
    """
    flat = CONTINUED.sub(" ", text)
    found = {("arxiv", name) for name in ARXIV.findall(flat)}
    return found | {("doi", name.lower()) for name in DOI.findall(flat)}


def citations(root: Path) -> dict[tuple[str, str], list[str]]:
    """Say where each identifier is cited: lessons by number, modules by name, other pages."""
    package = root / "course_utils"
    names = {
        path: path.stem.split("_")[0] for path in sorted((root / "notebooks/src").glob("*.py"))
    }
    for path in sorted(package.rglob("*.py")):
        names[path] = f"`{'.'.join(path.relative_to(package).with_suffix('').parts)}`"
    for path in sorted((root / "docs").glob("*.md")):
        names[path] = f"[{path.stem}]({path.name})"
    names.pop(root / "docs" / "references.md", None)  # it cites everything
    found: dict[tuple[str, str], list[str]] = {}
    for path, name in names.items():
        for key in cited(path.read_text("utf-8")):
            found.setdefault(key, []).append(name)
    return found


def key_of(row: dict[str, str]) -> tuple[str, str]:
    """Give a row's identifier as `cited` writes it (DOIs do not tell capitals apart)."""
    return row["scheme"], row["identifier"].lower()


def problems(folder: Path, lessons: list[Lesson]) -> list[str]:
    """Say what is wrong with the table, and what it lacks or has in vain."""
    rows = read_table(folder / "references.csv")
    found = [what for row in rows for what in row_problems(row)]
    twice = [key for key, count in Counter(map(key_of, rows)).items() if count > 1]
    found += [f"references.csv: {' '.join(key)} stands there twice." for key in twice]
    there = citations(folder.parents[1])
    known = {key_of(row) for row in rows}
    for scheme, name in sorted(set(there) - known):
        where = ", ".join(there[scheme, name])
        found.append(f"{scheme} {name}, cited in {where}, is not in references.csv: add a row.")
    for row in rows:
        if row["scheme"] in LINKS and key_of(row) not in there:
            found.append(f"references.csv: {row['identifier']} ({row['title']}) is cited nowhere.")
    return found


def row_problems(row: dict[str, str]) -> list[str]:
    """Say what is wrong with one row."""
    name = f"references.csv, {row['title'] or row['identifier']!r}"
    found = [f"{name}: {key} is empty." for key in ("authors", "title", "year") if not row[key]]
    form = FORMS.get(row["scheme"])
    if form is None:
        return [*found, f"{name}: unknown scheme {row['scheme']!r}; known: {[*FORMS]}."]
    if not form.fullmatch(row["identifier"]):
        found.append(f"{name}: {row['identifier']!r} is no {row['scheme']}.")
    if row["scheme"] == "isbn" and not valid_isbn(row["identifier"]):
        found.append(f"{name}: the check digit of {row['identifier']} is wrong.")
    return found


def valid_isbn(digits: str) -> bool:
    """Check the last digit of an ISBN-13.

    >>> valid_isbn("9780262035613"), valid_isbn("9780262035614")
    (True, False)
    """
    weights = (1, 3) * 6 + (1,)
    return sum(w * int(d) for w, d in zip(weights, digits, strict=True)) % 10 == 0


def make(folder: Path, lessons: list[Lesson]) -> str:
    """Write the page."""
    rows = sorted(read_table(folder / "references.csv"), key=_order)
    there = citations(folder.parents[1])
    lines = [TOP, *(_entry(row, there) for row in rows), WRONG]
    wrong = sorted((row for row in rows if row["errata"]), key=lambda row: _first_erratum(row))
    lines += [f"{_entry(row, there)}{_errata(row)}" for row in wrong]
    return "\n".join(lines) + "\n"


def _order(row: dict[str, str]) -> tuple[str, str]:
    surname = re.sub(r"(?:[^ ,]+\. ?|[^ ,]+\.-[^ ,]+\. ?)*", "", row["authors"].split(",")[0])
    return surname.strip().lower(), row["year"]


def _first_erratum(row: dict[str, str]) -> int:
    return int(row["errata"].split()[0])


def _entry(row: dict[str, str], there: dict[tuple[str, str], list[str]]) -> str:
    venue = f", {row['venue']}" if row["venue"] else ""
    scheme, name = row["scheme"], row["identifier"]
    default = f"<{name}>" if scheme == "url" else f"ISBN {name}"
    link = LINKS[scheme].format(name) if scheme in LINKS else default
    where = ", ".join(there.get(key_of(row), []))
    return f"- {row['authors']} ({row['year']}), *{row['title']}*{venue}. {link}" + (
        f" ({where})" if where else ""
    )


def _errata(row: dict[str, str]) -> str:
    links = ", ".join(f"[{number}](coverage.md#e{number})" for number in row["errata"].split())
    return f": {links}"
