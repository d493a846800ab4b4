"""The file of a sweep: one line of JSON for each result, written once, read when it goes on."""

import json
from collections.abc import Mapping
from os import PathLike
from pathlib import Path

from course_utils.extras.sweeping.trials import Row, key, plain

Line = dict[str, object]
FIELDS = {"task": str, "trial": dict, "result": dict, "seconds": float}  # of each line, in order
START = b'{"task": '


def results(file: str | PathLike) -> list[Row]:
    """Return what a sweep's file holds, one flat dictionary a line: trial, result and "seconds".

    A last line that was being written when its process died is left out. Raises ValueError, with
    the line's number, for a file that no sweep wrote, and FileNotFoundError for none.

    >>> import tempfile
    >>> line = {"task": "train", "trial": {"seed": 0}, "result": {"error": 0.1}, "seconds": 1.5}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     append(f"{folder}/sweep.jsonl", line)
    ...     results(f"{folder}/sweep.jsonl")
    [{'seed': 0, 'error': 0.1, 'seconds': 1.5}]
    """
    return [row(line["trial"], line) for line in _read(file)]


def row(trial: Mapping[str, object], line: Line) -> Row:
    """Return a trial and the line of its result as one flat dictionary."""
    return {**trial, **line["result"], "seconds": line["seconds"]}


def known(file: str | PathLike, task: str) -> dict[str, Line]:
    """Return the lines of a task, by the key of the trial; none where there is no file yet.

    Raises ValueError, and changes nothing, for a file of another task, or that no sweep wrote.
    """
    lines = _read(file) if Path(file).exists() else []
    others = {line["task"] for line in lines} - {task}
    if others:
        raise ValueError(
            f"{file} holds results of the task {min(others)!r}, not of {task!r}: give another "
            "file. (If the function was only renamed, put the new name into the file's lines.)"
        )
    return {key(line["trial"]): line for line in reversed(lines)}


def append(file: str | PathLike, line: Line) -> None:
    """Write one result at the end of the file, whole, in one go; the first one makes the file."""
    with open(file, "ab", buffering=0) as stream:  # unbuffered: a dying process loses none
        stream.write(json.dumps(line, default=plain).encode() + b"\n")


def mend(file: str | PathLike) -> None:
    """Have the file end where a new line can start: a half line goes, a whole one is ended.

    Makes the file where there is none: what cannot be written is better known before the work.
    """
    with open(file, "a+b") as stream:
        stream.seek(0)
        data = stream.read()
        whole = _without_half_line(data)
        stream.truncate(len(whole))
        if whole == data and data[-1:] not in (b"", b"\n"):
            stream.write(b"\n")


def _read(file: str | PathLike) -> list[Line]:
    lines = _without_half_line(Path(file).read_bytes()).splitlines()
    return [_checked(line, f"line {number} of {file}") for number, line in enumerate(lines, 1)]


def _without_half_line(data: bytes) -> bytes:
    """Leave out the beginning of a result that the file ends in, if its process died meanwhile."""
    last = data.rpartition(b"\n")[2]
    begun = last.startswith(START) or START.startswith(last)
    return data[: len(data) - len(last)] if begun and _parsed(last) is None else data


def _checked(line: bytes, where: str) -> Line:
    values = _parsed(line)
    whole = isinstance(values, dict) and tuple(values) == tuple(FIELDS)
    if not whole or not all(map(isinstance, values.values(), FIELDS.values())):
        raise ValueError(
            f"{where} is no result of a sweep: {line[:40]!r}. Mend that line; nothing was changed."
        )
    return values


def _parsed(line: bytes) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return None
