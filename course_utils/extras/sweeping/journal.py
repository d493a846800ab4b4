"""The file of a sweep: one line of JSON for each result, written once, read when it goes on."""

import json
from os import PathLike
from pathlib import Path

from course_utils.extras.sweeping.trials import key, plain

Line = dict[str, object]
FIELDS = {"task": str, "trial": dict, "result": dict, "seconds": float}  # of each line, in order
START = b'{"task": '


def known(file: str | PathLike, task: str) -> dict[str, Line]:
    """Return the lines of a task, by the key of the trial; none where there is no file yet.

    A last line that was being written when its process died is left out. Raises ValueError, and
    changes nothing, for a file of another task, and, with the line's number, for one that no sweep
    wrote.
    """
    data = Path(file).read_bytes() if Path(file).exists() else b""
    lines = []
    for number, line in enumerate(_without_half_line(data).splitlines(), 1):
        values = _parsed(line)
        whole = isinstance(values, dict) and tuple(values) == tuple(FIELDS)
        if not whole or not all(map(isinstance, values.values(), FIELDS.values())):
            raise ValueError(
                f"line {number} of {file} is no result of a sweep: {line[:40]!r}. Give another "
                "file, or mend that line; nothing was changed."
            )
        lines.append(values)
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
        data = _without_half_line(stream.read())
        stream.truncate(len(data))
        if data[-1:] not in (b"", b"\n"):
            stream.write(b"\n")


def _without_half_line(data: bytes) -> bytes:
    """Leave out the beginning of a result that the file ends in, if its process died meanwhile."""
    last = data.rpartition(b"\n")[2]
    begun = last.startswith(START) or START.startswith(last)
    return data[: len(data) - len(last)] if begun and _parsed(last) is None else data


def _parsed(line: bytes) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return None
