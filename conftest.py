"""How the suite is run: what the short run leaves out, the order of files, and what they cost.

`--full` also runs the tests marked `full`, and draws more examples for each property.
`--seconds FILE` writes the processor seconds of each file; tests/seconds.csv is such a table, and
processes that share the work begin with what takes longest there.
"""

import csv
import gc
import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import forked
import pytest
from hypothesis import HealthCheck, settings

TABLE = Path(__file__).parent / "tests" / "seconds.csv"
NEW = 10.0  # seconds that a file is taken to need until it stands in the table

# The same examples in every run, on any machine, however loaded it is.
settings.register_profile(
    "short",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=20,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("full", settings.get_profile("short"), max_examples=60)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The suite's own options."""
    group = parser.getgroup("course", "the course's own")
    group.addoption("--full", action="store_true", help="leave nothing out, however long it takes")
    group.addoption("--seconds", metavar="FILE", help="write the processor seconds of each file")


def pytest_configure(config: pytest.Config) -> None:
    """Say how thorough the run is before any test file is read: its own settings build on it."""
    if config.getoption("--full"):
        os.environ["COURSE_FULL"] = "1"
    settings.load_profile("full" if config.getoption("--full") else "short")
    if sys.platform == "linux" and config.getoption("nbval_current_env", False):
        # nbval's kernels come from tests/forked.py, so that TensorFlow starts twice, not 34 times.
        config.option.nbval_current_env, config.option.nbval_kernel_name = False, "forked"
    if path := config.getoption("--seconds"):
        config.pluginmanager.register(Seconds(Path(path)))


def pytest_unconfigure() -> None:
    """Leave no process behind, and wait for it: what it took belongs to what the run took."""
    forked.stop()


def pytest_report_header(config: pytest.Config) -> str:
    """Say what is left out."""
    return "full run" if config.getoption("--full") else "short run; all there is runs with --full"


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Import without garbage collection, and never look again at what is there then.

    Of half a million new objects nearly all stay; to go through them takes a tenth of the run.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Have a process with Keras ready before the kernel of a notebook is started."""
    if item.config.option.nbval_kernel_name == "forked" and file_of(item.nodeid).endswith(".ipynb"):
        forked.start()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked full; where processes share the work, put the longest files first.

    In one process files keep their order, in which a failure is found near its cause.
    """
    if not config.getoption("--full"):
        left_out = [item for item in items if item.get_closest_marker("full")]
        items[:] = [item for item in items if not item.get_closest_marker("full")]
        config.hook.pytest_deselected(items=left_out)
    if hasattr(config, "workerinput"):
        known = read_seconds()
        units, seconds = {item: unit_of(item.nodeid) for item in items}, defaultdict(float)
        for file in {file_of(item.nodeid) for item in items}:
            seconds[unit_of(file)] += known.get(file, NEW)
        items.sort(key=lambda item: (-seconds[units[item]], units[item]))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Spread files as `--dist loadfile` does, but keep together what builds on one another."""
    from xdist.scheduler import LoadFileScheduling

    class Units(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit_of(nodeid)

    return Units(config, log) if config.getoption("dist") == "loadfile" else None


def file_of(nodeid: str) -> str:
    """The file of a test, relative to the clone."""
    return nodeid.split("::")[0]


def unit_of(nodeid: str) -> str:
    """What runs in one process: a file, or the tests of all checks with those that count them."""
    file = file_of(nodeid)
    counts = file == "tests/test_exercises.py"
    return "tests/checks" if counts or file.startswith("tests/checks/") else file


def read_seconds() -> dict[str, float]:
    """What each file needs, by the committed table."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        return {row["file"]: float(row["seconds"]) for row in csv.DictReader(file)}


class Seconds:
    """Processor seconds of every file's tests, with those of the processes that they started."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.of: dict[str, float] = defaultdict(float)
        self.before = self.now()

    def now(self) -> float:
        """What this process and those that it has waited for have used, and what is forked."""
        return sum(os.times()[:4]) + forked.seconds()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Iterator[None]:
        """Give a report what has been used since the last one; it travels between processes."""
        report = yield
        now = self.now()
        report.processor, self.before = now - self.before, now
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add what a report brings to its file."""
        self.of[file_of(report.nodeid)] += report.processor

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the table, longest first; only the process that all reports reach does so."""
        if hasattr(session.config, "workerinput"):
            return
        rows = sorted(self.of.items(), key=lambda row: (-row[1], row[0]))
        with self.path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["file", "seconds"])
            writer.writerows((name, f"{seconds:.1f}") for name, seconds in rows)
