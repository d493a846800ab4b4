"""The glossary, English and Chinese: docs/src/glossary.csv, with the lesson where a term begins."""

import re
from pathlib import Path

from notebook_editions import Lesson
from page_coverage import read_table

CHINESE = re.compile(r"[\u4e00-\u9fff]+")

TOP = """# Glossary, English and Chinese

The words of the course, made from [glossary.csv](src/glossary.csv) by `make pages`. One word for
one thing. The last column is the lesson where the Chinese term first stands.

| English | 中文 | what it is | lesson |
|---|---|---|---|
"""


def first_lessons(lessons: list[Lesson]) -> dict[str, Lesson]:
    """Say for each Chinese term of the lessons in which of them it first stands."""
    found: dict[str, Lesson] = {}
    for lesson in lessons:
        for cell in lesson.cells:
            for term in CHINESE.findall(cell.source):
                found.setdefault(term, lesson)
    return found


def variants(row: dict[str, str]) -> list[str]:
    """List a row's Chinese terms: one, or several with a slash between them."""
    return [term.strip() for term in row["chinese"].split("/")]


def words(row: dict[str, str]) -> list[str]:
    """List the Chinese words in a row: "k 均值" has one, and that is what lessons are searched for.

    >>> words({"chinese": "k 均值"}), words({"chinese": "结构剪枝 / 结构化剪枝"})
    (['均值'], ['结构剪枝', '结构化剪枝'])
    """
    return CHINESE.findall(row["chinese"])


def problems(folder: Path, lessons: list[Lesson]) -> list[str]:
    """Say which terms only the lessons have, only the table has, or stand there twice."""
    rows = read_table(folder / "glossary.csv")
    known = {word for row in rows for word in words(row)}
    used = first_lessons(lessons)
    found = [f"glossary.csv lacks {term} ({used[term].stem})." for term in set(used) - known]
    found += [f"glossary.csv: {term} is in no lesson." for term in known - set(used)]
    terms = [term for row in rows for term in variants(row)]
    found += [f"glossary.csv: {term} stands there twice." for term in _doubles(terms)]
    english = [row["english"] for row in rows]
    found += [f"glossary.csv: {term!r} stands there twice." for term in _doubles(english)]
    found += [f"glossary.csv: {row['english']} has no meaning." for row in rows if not row["is"]]
    return sorted(found)


def _doubles(terms: list[str]) -> set[str]:
    return {term for term in terms if terms.count(term) > 1}


def make(folder: Path, lessons: list[Lesson]) -> str:
    """Write the page, in the order of the English terms."""
    used = first_lessons(lessons)
    rows = sorted(read_table(folder / "glossary.csv"), key=lambda row: row["english"].lower())
    return TOP + "".join(f"{_line(row, used)}\n" for row in rows)


def _line(row: dict[str, str], used: dict[str, Lesson]) -> str:
    stems = sorted({used[word].stem for word in words(row) if word in used})
    link = f"[{stems[0].split('_')[0]}](../notebooks/{stems[0]}.ipynb)" if stems else ""
    return f"| {row['english']} | {' / '.join(variants(row))} | {row['is']} | {link} |"
