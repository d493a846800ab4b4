"""Error against size on MNIST: what the course reaches beside what others have published."""

import statistics
from collections import defaultdict
from typing import NamedTuple

from course_utils.lessons import recorded

PANELS = {  # record: title, what is on the x axis, its label
    "lenet300": ("LeNet-300-100", "compression", "times fewer weights"),
    "lenet5": ("LeNet-5", "compression", "times fewer weights"),
    "few_macs": ("LeNet-5, fewer channels", "macs", "multiply-accumulates"),
    "lenet5_file": ("LeNet-5 as a file", "bytes", "bytes"),
}


class Point(NamedTuple):
    """A network: its test error in percent, with the sd of the seeds, and its size."""

    record: str
    name: str
    size: float
    error: float
    sd: float = 0.0
    seeds: int = 0
    source: str = ""
    read_in: str = ""
    note: str = ""
    label: str = ""


def published() -> list[Point]:
    """Return what others reached, each number read in the source that is named."""
    return [
        Point(
            row["record"],
            row["method"],
            row[PANELS[row["record"]][1]],
            row["test_error"],
            **{key: row[key] for key in ("source", "read_in", "note", "label")},
        )
        for row in recorded.rows("published")
    ]


def ours() -> list[Point]:
    """Return what the course's recorded networks reach, means over their seeds."""
    found = [
        ("lenet5", "lenet5_100x", 1 / (1 - row["sparsity"]), row["test_error"])
        for row in recorded.rows("lenet5_100x")
    ]
    found += [
        ("few_macs", "structured_lenet5", row["macs"], row["test_error"])
        for row in recorded.rows("structured_lenet5")
        if row["network"] == "pruned"
    ]
    found += [
        ("lenet5_file", "few_kilobytes", row["bytes"], row["test_error"])
        for row in recorded.rows("few_kilobytes")
        if row["stage"] == "coded"
    ]
    if (recorded.RESULTS / "records.csv").exists():
        for row in recorded.rows("records"):
            panel = panel_of(row)
            found.append((panel, row["record"], row[PANELS[panel][1]], row["test_error"]))
    runs = defaultdict(list)
    for panel, name, size, error in found:
        runs[panel, name].append((size, 100 * error))
    return [mean_of(*key, values) for key, values in runs.items()]


def panel_of(row: dict) -> str:
    """Tell where a row of records.csv belongs: its name may say more than that, as lenet5_100x."""
    names = [name for name in PANELS if row["record"].startswith(name)]
    if not names:
        raise ValueError(f"records.csv: {row['record']!r} begins with none of {', '.join(PANELS)}.")
    return max(names, key=len)


def mean_of(panel: str, name: str, values: list[tuple[float, float]]) -> Point:
    sizes, errors = zip(*values, strict=True)
    sd = statistics.stdev(errors) if len(errors) > 1 else 0.0
    return Point(panel, name, statistics.mean(sizes), statistics.mean(errors), sd, len(errors))
