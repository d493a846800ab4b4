"""Judge one network: your own here, a stranger's file elsewhere, and compare its answers.

The process that judges a file is not told the right answers. It hands back its own, and they are
compared here.
"""

import json
import os
import stat
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from course_utils.lessons.data import Dataset, load_mnist
from course_utils.lessons.scoreboard.child import RESULT, SUBMISSION
from course_utils.lessons.scoreboard.entries import Budget, Entry, Limits, Refused, missed, one_line
from course_utils.lessons.scoreboard.isolation import Supervisor


def judge(model: object, budget: Budget | None = None, data: Dataset | None = None) -> Entry:
    """Return what your network reaches and costs on the validation images, as a file.

    For yourself, before you hand it in: the scoreboard takes the test images. The network is
    written as a sparse file, read back, and answers in this process. What speaks against it is said
    in `Entry.refused`. `data` defaults to `load_mnist()`.
    """
    from course_utils.extras import export
    from course_utils.lessons.scoreboard import network

    data, budget = data or load_mnist(), budget or Budget()
    name = one_line(model.name, 60)
    try:
        file = export.sparse_file(model)
        said = json.dumps(network.judged(file, data.x_val, Limits()))
        found = understood(said.encode(), len(data.y_val))
    except (Refused, ValueError) as reason:
        return Entry(name, refused=one_line(reason))
    return _compared(Entry(name, bytes=len(file)), found, data.y_val, budget)


@dataclass(frozen=True)
class Task:
    """Images, their labels and the limits, ready for judging any number of files."""

    images: Path  # an npy file, for the processes
    labels: np.ndarray
    budget: Budget
    limits: Limits
    supervisor: Supervisor

    def entry(self, path: Path) -> Entry:
        """Return what is found out about one file, in a process of its own."""
        name = one_line(path.name, 60)
        try:
            if path.suffix == ".keras":
                raise Refused(
                    "a .keras file may hold code: hand in a sparse file, "
                    f"export.write_sparse(model, {one_line(path.stem, 60) + '.sparse'!r})."
                )
            data = bytes_of(path, self.limits.file_bytes)
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                (Path(folder) / SUBMISSION).write_bytes(data)
                job = {"limits": asdict(self.limits), "images": str(self.images), "folder": folder}
                self.supervisor.ask(job)
                result = bytes_of(Path(folder) / RESULT, self.limits.output_bytes)
            found = understood(result, len(self.labels))
        except Refused as reason:
            return Entry(name, refused=one_line(reason))
        return _compared(Entry(name, bytes=len(data)), found, self.labels, self.budget)


def bytes_of(path: Path, most: int) -> bytes:
    """Return the bytes of an ordinary file of at most so many; a link or a pipe is not opened.

    Raises Refused for anything else.

    >>> bytes_of(Path(), 100)
    Traceback (most recent call last):
    course_utils.lessons.scoreboard.entries.Refused: it is no ordinary file.
    """
    flags = (getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
    try:
        handle = os.open(path, os.O_RDONLY | sum(flags))
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise Refused("it is no ordinary file.")
        with open(handle, "rb") as stream:
            data = stream.read(most + 1)
    except OSError as error:
        raise Refused(f"it cannot be opened as an ordinary file ({error.strerror}).") from error
    if len(data) > most:
        raise Refused(f"it has more than the {most:,} bytes allowed.")
    return data


def understood(output: bytes, count: int) -> dict:
    """Return what a judging process wrote down, believing nothing; `count` answers are due.

    Raises Refused with the reason that it gave, or because it gave no result.

    >>> understood(b'{"refused": "it is empty."}', 10)
    Traceback (most recent call last):
    course_utils.lessons.scoreboard.entries.Refused: it is empty.
    """
    try:
        found = json.loads(output)
        refused = isinstance(found, dict) and found.get("refused")
        plain = refused or _plain(found, count)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise Refused("the process that judged it gave something else than a result.") from error
    if refused:
        raise Refused(one_line(refused))
    return plain


def _compared(entry: Entry, found: dict, labels: np.ndarray, budget: Budget) -> Entry:
    """Return an entry with what was found out about a network, its answers held against labels."""
    digits = np.array(list(found.pop("answers")), np.int64)
    known = asdict(entry) | found | {"accuracy": float(np.mean(digits == labels))}
    return Entry(**known | {"missed": tuple(missed(known, budget))})


def _plain(found: dict, count: int) -> dict:
    digits = found["answers"]
    if len(digits) != count or not set(digits) <= set("0123456789"):
        raise ValueError("one digit an image was expected")
    plain = {"answers": digits, "sparsity": float(found["sparsity"])}
    plain |= {name: int(found[name]) for name in ("macs", "parameters")}
    for key, name in (("times", "submitted"), ("reference", "reference")):
        low, median, high = map(float, found["times"][name])
        plain[key] = (low, median, high)
    numbers = np.array([*plain["times"], *plain["reference"], plain["sparsity"]])
    if not np.isfinite(numbers).all() or min(plain["reference"]) <= 0:
        raise ValueError("sizes and times are positive")
    return plain
