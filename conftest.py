"""How the suite is run: which tests, in which order, and what they cost.

`--full` runs the tests marked `full`, too. `--seconds FILE` writes what each file costs.
"""

import csv
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """The suite's own options."""
    group = parser.getgroup("course")
    group.addoption("--seconds", metavar="FILE", help="write processor seconds of each file")


def processor_seconds() -> float:
    """What this process and the children it has waited for have used up to now."""
    return sum(os.times()[:4])


class Seconds:
    """Processor seconds of every test file, children included; written at the end."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.files: dict[str, float] = defaultdict(float)
        self.before = processor_seconds()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Iterator[None]:
        """Add to the report what has been used since the last one; it travels between processes."""
        report = yield
        now = processor_seconds()
        report.processor, self.before = now - self.before, now
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add a report's seconds to its file's; in the process that reports."""
        self.files[report.nodeid] += report.processor

    def pytest_sessionfinish(self) -> None:
        """Write the table, largest first."""
        rows = sorted(self.files.items(), key=lambda row: -row[1])
        with self.path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows((k, f"{v:.2f}") for k, v in rows)


def pytest_configure(config: pytest.Config) -> None:
    """Start to count."""
    if path := config.getoption("--seconds"):
        config.pluginmanager.register(Seconds(path))
