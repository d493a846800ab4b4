"""The file of a sweep: one line of JSON for each result, written once, read when it goes on."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from course_utils.extras.sweeping.trials import Row, Trial, key, row

_FIELDS = ("task", "trial", "result", "seconds")
_START = b'{"task": '  # of each line that is written here


@dataclass(frozen=True)
class Entry:
    """One line: which task, called with what, gave what, and how long that took."""

    task: str
    trial: Trial
    result: dict[str, float]
    seconds: float


def results(file: str | PathLike) -> list[Row]:
    """Return what a sweep's file holds, one flat dictionary a line: trial, result and "seconds".

    A last line that was being written when its process died is left out. Raises ValueError, with
    the line's number, for a file that no sweep wrote, and FileNotFoundError for none.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     append(f"{folder}/sweep.jsonl", Entry("train", {"seed": 0}, {"accuracy": 0.9}, 1.5))
    ...     results(f"{folder}/sweep.jsonl")
    [{'seed': 0, 'accuracy': 0.9, 'seconds': 1.5}]
    """
    return [row(e.trial, e.result, e.seconds) for e in _entries(file, Path(file).read_bytes())]


def known(file: str | PathLike, task: str) -> dict[str, Entry]:
    """Return the results of a task, by the key of the trial; none where there is no file yet.

    Raises ValueError, and changes nothing, for a file of another task, or that no sweep wrote.
    """
    path = Path(file)
    entries = list(_entries(file, path.read_bytes())) if path.exists() else []
    others = {entry.task for entry in entries} - {task}
    if others:
        raise ValueError(
            f"{file} holds results of the task {min(others)!r}, not of {task!r}: give another "
            "file. (If the function was only renamed, put the new name into the file's lines.)"
        )
    found: dict[str, Entry] = {}
    for entry in entries:
        found.setdefault(key(entry.trial), entry)
    return found


def append(file: str | PathLike, entry: Entry) -> None:
    """Write one result at the end of the file, whole, in one go; the first one makes the file."""
    values = {name: getattr(entry, name) for name in _FIELDS}
    with open(file, "ab", buffering=0) as stream:  # unbuffered: a dying process loses none
        stream.write(json.dumps(values).encode() + b"\n")


def mend(file: str | PathLike) -> None:
    """Have the file end where a new line can start: a half line goes, a whole one is ended.

    Makes the file where there is none: what cannot be written is better known before the work.
    """
    with open(file, "a+b") as stream:
        stream.seek(0)
        data = stream.read()
        half = _half_line(data)
        stream.truncate(len(data) - len(half))
        if not half and data[-1:] not in (b"", b"\n"):
            stream.write(b"\n")


def _entries(file: str | PathLike, data: bytes) -> Iterator[Entry]:
    whole = data[: len(data) - len(_half_line(data))]
    for number, line in enumerate(whole.splitlines(), 1):
        yield _entry(line, f"line {number} of {file}")


def _half_line(data: bytes) -> bytes:
    """Return the beginning of a result that the file ends in, if its process died meanwhile."""
    last = data.rpartition(b"\n")[2]
    begun = last.startswith(_START) or _START.startswith(last)
    return last if begun and not _is_json(last) else b""


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _entry(line: bytes, where: str) -> Entry:
    try:
        values = json.loads(line)
    except ValueError as error:
        raise ValueError(f"{where} is no JSON: {_advice(line)}") from error
    kinds = (str, Mapping, Mapping, float)
    whole = isinstance(values, dict) and tuple(values) == _FIELDS
    if not whole or not all(map(isinstance, values.values(), kinds)):
        raise ValueError(f"{where} is no result of a sweep: {_advice(line)}")
    return Entry(**values)


def _advice(line: bytes) -> str:
    return f"{line[:40]!r}. Give another file, or mend that line; nothing was changed."
