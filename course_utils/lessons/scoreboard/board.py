"""Judge a folder of .keras files, and rank what met the budget: the same at every run."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from course_utils.lessons.data import Dataset, load_mnist
from course_utils.lessons.scoreboard.entries import Budget, Entry
from course_utils.lessons.scoreboard.judging import judged, prepared
from course_utils.lessons.scoreboard.limits import Limits

_HEADINGS = (
    "rank", "file", "accuracy", "bytes", ".keras", "MACs", "parameters", "zeros", "time", "missed",
)  # fmt: skip


@dataclass(frozen=True)
class Scoreboard:
    """Entries in their order: those within the budget, the others, the refused.

    Prints as a table in a terminal and in a notebook.
    """

    data: str
    digest: str  # of the images and labels, SHA-256
    budget: Budget
    entries: tuple[Entry, ...]

    def ranks(self) -> list[tuple[str, str]]:
        """Return rank and name of all entries: "1", "2=" for a tie, "-" for the others."""
        keys = [_size(entry) for entry in self.entries if entry.passed]
        places = [f"{keys.index(key) + 1}{'=' if keys.count(key) > 1 else ''}" for key in keys]
        places += ["-"] * (len(self.entries) - len(keys))
        return [(place, e.name) for place, e in zip(places, self.entries, strict=True)]

    def table(self) -> list[tuple[str, ...]]:
        """Return headings and rows as text; the refused are below the table."""
        judged_ones = [entry for entry in self.entries if not entry.refused]
        ranks = [rank for rank, _ in self.ranks()]
        return [_HEADINGS, *map(_cells, ranks[: len(judged_ones)], judged_ones)]

    def summary(self) -> list[str]:
        """Return the lines below the table: what was refused, and on what all were judged."""
        asked = self.budget
        return [
            *(str(entry) for entry in self.entries if entry.refused),
            f"budget: accuracy {asked.accuracy:.2%}, {asked.bytes:,} bytes as a sparse file, "
            f"{asked.milliseconds:g} ms; ranked by these bytes, then by MACs; = is a tie",
            "time: median and quartiles for 64 images, as multiples of the article's CNN's; they "
            "do not rank",
            f"judged on {self.data}, SHA-256 {self.digest[:16]}",
        ]

    def to_dict(self) -> dict:
        """Return plain lists and numbers, for json or a data frame."""
        rows = [
            {"rank": rank, **asdict(entry)}
            for (rank, _), entry in zip(self.ranks(), self.entries, strict=True)
        ]
        return {
            "data": self.data,
            "sha256": self.digest,
            "budget": asdict(self.budget),
            "entries": rows,
        }

    # The tables come with TensorFlow, which a judging process should not need for a bad file.
    def __str__(self) -> str:
        from course_utils.tables import as_text

        return as_text(self.table(), self.summary(), words=("file", "missed"))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from course_utils.tables import as_html

        return as_html(self.table(), self.summary())


def scoreboard(
    folder: str | Path,
    budget: Budget | None = None,
    data: Dataset | None = None,
    limits: Limits | None = None,
    jobs: int = 1,
) -> Scoreboard:
    """Judge every .keras file of a folder on the test images; return them in their order.

    First come those within the budget: fewest bytes as a sparse file, then fewest MACs, and where
    both are equal, by name, as a tie. `jobs` files are judged at once; more than one disturbs the
    times. No file can make it fail. Raises ValueError for a folder that is none, or holds no
    .keras file, and for a budget that makes no sense.
    """
    paths = _submissions(Path(folder))
    data = data or load_mnist()
    with (
        prepared(data.x_test, data.y_test, budget, limits) as task,
        ThreadPoolExecutor(jobs) as pool,
    ):
        entries = list(pool.map(lambda path: judged(path, task), paths))
    caption = f"{len(data.y_test):,} test images of {data.caption}"
    return Scoreboard(caption, _digest(data), task.budget, tuple(sorted(entries, key=_order)))


def _submissions(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder: name one that holds .keras files.")
    paths = sorted(path for path in folder.iterdir() if path.name.endswith(".keras"))
    if not paths:
        raise ValueError(f"{folder} holds no .keras file: hand one in with model.save(...).")
    return paths


def _digest(data: Dataset) -> str:
    arrays = (data.x_test, data.y_test)
    return hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)).hexdigest()


def _order(entry: Entry) -> tuple:
    return bool(entry.refused), not entry.passed, _size(entry), entry.name


def _size(entry: Entry) -> tuple[int, int]:
    return entry.bytes, entry.macs


def _cells(rank: str, entry: Entry) -> tuple[str, ...]:
    low, median, high = (time / entry.reference[1] for time in entry.times)
    counts = (entry.bytes, entry.file_bytes, entry.macs, entry.parameters)
    return (
        rank,
        entry.name,
        f"{entry.accuracy:.2%}",
        *(f"{count:,}" for count in counts),
        f"{entry.sparsity:.1%}",
        f"{median:.2f} ({low:.2f}-{high:.2f})",
        "; ".join(entry.missed) or "-",
    )
