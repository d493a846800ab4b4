"""Judge one submitted file: read it, let a process of its own look into it, compare its answers.

The process is not told the right answers. It hands back its own, and they are compared here.
"""

import json
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from course_utils.lessons.data import Dataset, load_mnist
from course_utils.lessons.scoreboard.entries import Budget, Entry, missed
from course_utils.lessons.scoreboard.isolation import run
from course_utils.lessons.scoreboard.limits import Limits, Refused, one_line

_COUNTS = ("bytes", "macs", "parameters")


@dataclass(frozen=True)
class Task:
    """Images, their labels and the limits, ready for judging any number of files."""

    images: Path  # an npy file, for the processes
    labels: np.ndarray
    budget: Budget
    limits: Limits


def judge(
    path: str | Path,
    budget: Budget | None = None,
    data: Dataset | None = None,
    limits: Limits | None = None,
) -> Entry:
    """Return what a .keras file reaches and costs, on validation images, never raising for it.

    For yourself, before you hand a network in: the scoreboard takes the test images. The file is
    opened in a process of its own, within `limits`; what is wrong with it is said in
    `Entry.refused`. `data` defaults to `load_mnist()`. Raises ValueError for a budget that makes
    no sense.
    """
    data = data or load_mnist()
    with prepared(data.x_val, data.y_val, budget, limits) as task:
        return judged(Path(path), task)


@contextmanager
def prepared(
    images: np.ndarray, labels: np.ndarray, budget: Budget | None, limits: Limits | None
) -> Iterator[Task]:
    """Write the images where the processes can read them; hand out a task for `judged`."""
    budget = budget or Budget()
    budget.require_sense()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "images.npy"
        np.save(path, images)
        yield Task(path, labels, budget, limits or Limits())


def judged(path: Path, task: Task) -> Entry:
    """Return what is found out about one file."""
    name = one_line(path.name, 60)
    try:
        data = _read(path, task.limits)
        found = _in_its_own_process(data, task)
    except Refused as reason:
        return Entry(name, refused=one_line(reason))
    return _compared(Entry(name, file_bytes=len(data)), found, task)


def _read(path: Path, limits: Limits) -> bytes:
    """Return the bytes of an ordinary file of bounded size; a link or a pipe is not opened."""
    flags = (getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
    try:
        with open(os.open(path, os.O_RDONLY | sum(flags)), "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise Refused("it is no ordinary file.")
            data = stream.read(limits.file_bytes + 1)
    except OSError as error:
        raise Refused(f"it cannot be opened as an ordinary file ({error.strerror}).") from error
    if len(data) > limits.file_bytes:
        raise Refused(f"it has more than the {limits.file_bytes:,} bytes allowed.")
    return data


def _in_its_own_process(data: bytes, task: Task) -> dict:
    job = json.dumps({"limits": asdict(task.limits), "images": str(task.images)})
    # -I: neither the working folder nor the user's settings can put other code in our place.
    command = [sys.executable, "-I", "-m", "course_utils.lessons.scoreboard.child", job]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        (Path(folder) / "submission").write_bytes(data)
        return understood(run(command, Path(folder), task.limits), len(task.labels))


def understood(output: bytes, count: int) -> dict:
    """Return what a judging process printed, believing nothing; `count` answers are due.

    Raises Refused with the reason that it gave, or because it gave no result.

    >>> understood(b'{"refused": "it is empty."}', 10)
    Traceback (most recent call last):
    course_utils.lessons.scoreboard.limits.Refused: it is empty.
    """
    try:
        found = json.loads(output)
        refused = isinstance(found, dict) and found.get("refused")
        plain = refused or _plain(found, count)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise Refused("the process that judged it printed something else than a result.") from error
    if refused:
        raise Refused(one_line(refused))
    return plain


def _plain(found: dict, count: int) -> dict:
    digits = found["answers"]
    if len(digits) != count or not set(digits) <= set("0123456789"):
        raise ValueError("one digit an image was expected")
    plain = {name: int(found[name]) for name in _COUNTS} | {"sparsity": float(found["sparsity"])}
    for key, name in (("times", "submitted"), ("reference", "reference")):
        low, median, high = map(float, found["times"][name])
        plain[key] = (low, median, high)
    numbers = np.array([*plain["times"], *plain["reference"], plain["sparsity"]])
    if not np.isfinite(numbers).all() or min(plain["bytes"], *plain["reference"]) <= 0:
        raise ValueError("sizes and times are positive")
    return plain | {"answers": digits}


def _compared(entry: Entry, found: dict, task: Task) -> Entry:
    digits = np.array(list(found.pop("answers")), np.int64)
    accuracy = float(np.mean(digits == task.labels))
    known = {**asdict(entry), **found, "accuracy": accuracy}
    return Entry(**known | {"missed": tuple(missed(known, task.budget))})
