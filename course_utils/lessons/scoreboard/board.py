"""Judge a folder of sparse files, and rank what met the budget: the same at every run."""

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from course_utils.lessons.data import Dataset, load_mnist
from course_utils.lessons.scoreboard.entries import Budget, Entry, Limits
from course_utils.lessons.scoreboard.isolation import Supervisor
from course_utils.lessons.scoreboard.judging import Task
from course_utils.tables import Printed

JUDGING = "course_utils.lessons.scoreboard.child"
_HEADINGS = (
    "rank", "file", "accuracy", "bytes", "MACs", "parameters", "zeros", "time", "missed",
)  # fmt: skip


@dataclass(frozen=True)
class Scoreboard(Printed, words=("file", "missed")):
    """Entries in their order: those within the budget, the others, the refused."""

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
            f"budget: accuracy {asked.accuracy:.2%}, {asked.bytes:,} bytes, "
            f"{asked.milliseconds:g} ms; ranked by bytes, then by MACs; = is a tie",
            "time: median and quartiles for 64 images, as multiples of the article's CNN's; they "
            "do not rank",
            f"judged on {self.data}, SHA-256 {self.digest[:16]}",
        ]


def scoreboard(
    folder: str | Path,
    budget: Budget | None = None,
    data: Dataset | None = None,
    limits: Limits | None = None,
) -> Scoreboard:
    """Judge every sparse file of a folder on the test images; return them in their order.

    First come those within the budget: fewest bytes, then fewest MACs, and where both are equal, by
    name, as a tie. A .keras file is refused with a word on what to hand in. No file can make it
    fail. Raises ValueError for a folder that is none, or holds no such file.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder: name one that holds .sparse files.")
    paths = sorted(path for path in folder.iterdir() if path.suffix in (".sparse", ".keras"))
    if not paths:
        raise ValueError(
            f"{folder} holds no .sparse file: hand one in with "
            "export.write_sparse(model, 'FOLDER/NAME.sparse')."
        )
    data, budget = data or load_mnist(), budget or Budget()
    with tempfile.TemporaryDirectory() as shared, Supervisor("-m", JUDGING) as supervisor:
        images = Path(shared) / "images.npy"
        np.save(images, data.x_test)
        task = Task(images, data.y_test, budget, limits or Limits(), supervisor)
        entries = [task.entry(path) for path in paths]
    caption = f"{len(data.y_test):,} test images of {data.caption}"
    digest = hashlib.sha256(data.x_test.tobytes() + data.y_test.tobytes()).hexdigest()
    return Scoreboard(caption, digest, budget, tuple(sorted(entries, key=_order)))


def _order(entry: Entry) -> tuple:
    return bool(entry.refused), not entry.passed, _size(entry), entry.name


def _size(entry: Entry) -> tuple[int, int]:
    return entry.bytes, entry.macs


def _cells(rank: str, entry: Entry) -> tuple[str, ...]:
    low, median, high = (time / entry.reference[1] for time in entry.times)
    counts = (f"{count:,}" for count in (entry.bytes, entry.macs, entry.parameters))
    relative, missed = f"{median:.2f} ({low:.2f}-{high:.2f})", "; ".join(entry.missed) or "-"
    shares = f"{entry.accuracy:.2%}", f"{entry.sparsity:.1%}"
    return rank, entry.name, shares[0], *counts, shares[1], relative, missed
