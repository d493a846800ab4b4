"""What the scripts share that train one seed after the other, into a table that grows.

A seed's rows are written all at once, when it is done; seeds that the table holds are not run
again.
"""

import argparse
import csv
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from course_utils.lessons import recorded
from course_utils.lessons.data import Dataset, load_mnist


def run(doc: str, seeds: int, table: Path, fields: Sequence[str], one_seed: Callable) -> None:
    """Do all that such a script does: one_seed(MNIST, seed) returns the rows of a seed."""
    options, data = parser(doc, seeds).parse_args(), mnist()
    for seed in missing(table, options.seeds):
        append(table, fields, one_seed(data, seed))


def parser(doc: str, seeds: int) -> argparse.ArgumentParser:
    """Return a parser of arguments that knows --seeds."""
    made = argparse.ArgumentParser(description=doc.split("\n")[0])
    made.add_argument("--seeds", type=int, default=seeds)
    return made


def mnist() -> Dataset:
    """Return MNIST, or end with words where only its stand-in is there."""
    data = load_mnist()
    if data.stand_in:
        sys.exit("These results are about MNIST, and it was not found: set COURSE_DATA_DIR.")
    return data


def missing(table: Path, seeds: int) -> list[int]:
    """Return the seeds below `seeds` that the table does not hold yet."""
    done = {row["seed"] for row in recorded.rows(table.stem)} if table.exists() else set()
    return [seed for seed in range(seeds) if seed not in done]


def append(table: Path, fields: Sequence[str], rows: list[dict]) -> None:
    """Write the rows of one seed behind those that are there, all at once."""
    fresh = not table.exists()
    with table.open("a", newline="") as file:
        writer = csv.DictWriter(file, fields, lineterminator="\n")
        if fresh:
            writer.writeheader()
        writer.writerows(rows)
