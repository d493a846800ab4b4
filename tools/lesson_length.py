"""How long a lesson takes, by what is in it. Its head says so, and none is longer than a sitting.

    python tools/lesson_length.py [NN ...]      prints minutes, words and cells of each lesson

A reader who studies a text takes about 150 words a minute; a cell, with what it shows, takes a
minute, an exercise five. The computer's seconds come from notebooks/seconds.csv, which `make
notebooks` writes. What is folded away is not counted, and the open task is work for another day.
"""

import csv
import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nbformat import NotebookNode
from notebook_editions import CODE, Lesson, read_lessons, tags_of

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
SECONDS = NOTEBOOKS / "seconds.csv"
WORDS_A_MINUTE, MINUTES_A_CELL, MINUTES_AN_EXERCISE = 150, 1, 5
MOST_MINUTES, MOST_CELLS, MOST_WORDS = 60, 75, 2600

FOLDED = re.compile(r"<details>.*?</details>", re.DOTALL)
NOT_READ = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|<[^>]+>|^\s*[|#>-]+|[|]", re.MULTILINE)
SAID = re.compile(r"\bAbout (\d+) minutes\b")
OPEN_TASK, SECTION = "## An open task", re.compile(r"^## ", re.MULTILINE)


@dataclass(frozen=True)
class Length:
    """What a lesson asks of a reader; `cells` has all of them, `code` those that are read."""

    words: int
    cells: int
    code: int
    exercises: int
    seconds: float

    @property
    def minutes(self) -> int:
        """The whole, to the nearest five minutes."""
        read = self.words / WORDS_A_MINUTE + self.code * MINUTES_A_CELL
        done = self.exercises * MINUTES_AN_EXERCISE + self.seconds / 60
        return 5 * round((read + done) / 5)


def measure(lesson: Lesson) -> Length:
    """Count a source's words, cells and exercises, as learners see them."""
    cells = [cell for cell in sitting(lesson) if "solution-only" not in tags_of(cell)]
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    summaries = sum(cell.source.startswith("predict.summary()") for cell in cells)
    kinds = [set(tags_of(cell)) for cell in cells if cell.cell_type == "code"]
    return Length(
        words=len(words(text)),
        cells=len(cells),
        code=sum(not kind & {"check", "exercise"} for kind in kinds) - summaries,
        exercises=sum("exercise" in kind for kind in kinds),
        seconds=seconds().get(lesson.stem, 0.0),
    )


def sitting(lesson: Lesson) -> list[NotebookNode]:
    """List the cells without those of the open task: from its heading to the next section."""
    kept, inside = [], False
    for cell in lesson.cells:
        if cell.cell_type == "markdown" and SECTION.match(cell.source):
            inside = cell.source.startswith(OPEN_TASK)
        kept += [] if inside else [cell]
    return kept


def words(markdown: str) -> list[str]:
    """List the words outside folded boxes; of a link its text counts, a formula as one word.

    >>> words("See [the *first* part](a.ipynb). <details>not this</details> | $a + b$ |")
    ['See', 'the', '*first*', 'part.', 'FORMULA']
    """
    open_text = FOLDED.sub(" ", markdown)
    plain = re.sub(r"\$\$.*?\$\$|\$[^$\n]*\$", "FORMULA", CODE.sub("CODE", open_text))
    return [word for word in NOT_READ.sub(r"\1", plain).split() if re.search(r"\w", word)]


def problems(lesson: Lesson) -> list[str]:
    """Say what is too long, and whether the head says the right minutes."""
    length, head = measure(lesson), "\n".join(cell.source for cell in lesson.cells[:2])
    limits = (
        ("minutes", length.minutes, MOST_MINUTES),
        ("cells", length.cells, MOST_CELLS),
        ("words outside folded boxes", length.words, MOST_WORDS),
    )
    found = [f"{value} {what}; at most {most}." for what, value, most in limits if value > most]
    said = SAID.search(head)
    if not said or int(said[1]) != length.minutes:
        found.append(f"the head must say 'About {length.minutes} minutes', by its length.")
    promised = re.search(r"\bminutes, and an\s+open\s+task\b", head)
    if bool(promised) != (len(sitting(lesson)) < len(lesson.cells)):
        found.append("the head says 'minutes, and an open task' where there is one, only there.")
    return found


@cache
def seconds() -> dict[str, float]:
    """Return what the solutions of each lesson took to run in full, as last measured."""
    if not SECONDS.exists():
        return {}
    with SECONDS.open(newline="", encoding="utf-8") as file:
        return {row["lesson"]: float(row["seconds"]) for row in csv.DictReader(file)}


def note_seconds(stem: str, value: float) -> None:
    """Write what a full run took into the table."""
    rows = seconds() | {stem: round(value, 1)}
    with SECONDS.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["lesson", "seconds"])
        writer.writerows(sorted(rows.items()))
    seconds.cache_clear()


def main(names: list[str]) -> int:
    """Print a table."""
    print("lesson                     minutes  words  cells  exercises  seconds")
    for lesson in read_lessons(NOTEBOOKS):
        if not names or lesson.stem[:2] in names:
            found = measure(lesson)
            print(
                f"{lesson.stem:28}{found.minutes:6}{found.words:7}{found.cells:7}"
                f"{found.exercises:11}{found.seconds:9.1f}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
