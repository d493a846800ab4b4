"""Read arrays from an npz file and verify them; download such a file; keep it.

Everything here fails with OSError or ValueError and a text for people, and leaves no half-written
file behind. `course_utils.lessons.data` decides what to do then.
"""

import contextlib
import hashlib
import io
import os
import queue
import threading
import time
import uuid
from collections.abc import Mapping
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import BinaryIO
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import numpy as np

# Name of an array -> its shape and the SHA-256 of its bytes; all are uint8.
Expected = Mapping[str, tuple[tuple[int, ...], str]]
Arrays = dict[str, np.ndarray]

LARGEST_ANSWER = 64_000_000  # bytes; MNIST has 11.5 million


def read_arrays(source: Path | bytes, expected: Expected) -> Arrays:
    """Return the expected uint8 arrays of an npz file, verified by shape and SHA-256.

    The container is free: compressed or not, any order, further arrays beside. Pickles are never
    opened. Raises OSError when the file cannot be read, ValueError when it is a wrong one.

    >>> read_arrays(b"<!DOCTYPE html><title>Log in</title>", {})
    Traceback (most recent call last):
    ValueError: it is a web page, not an npz file
    """
    if isinstance(source, bytes):
        return _read_stream(io.BytesIO(source), expected)
    # Asked first, because opening a pipe would wait for ever.
    if source.exists() and not source.is_file():
        raise ValueError("it is not a file (a folder, for instance)")
    with source.open("rb") as stream:
        return _read_stream(stream, expected)


def download(url: str, silence: float = 10.0, whole: float = 120.0) -> bytes:
    """Return the bytes at an http(s) address.

    Gives up after `silence` seconds in which nothing comes, and after `whole` seconds in all.
    Raises OSError: no connection, no answer, an error page, an answer cut short or far too long.
    """
    deadline = time.monotonic() + whole
    try:
        with _open(url, min(silence, whole)) as answer:
            return _read_answer(answer, deadline)
    except HTTPError as error:
        error.close()  # an error page is an open answer as well
        raise
    except (HTTPException, ValueError) as error:
        raise ConnectionError(f"the server broke the rules of HTTP ({error!r})") from error


def keep(content: bytes, path: Path) -> None:
    """Write a whole file, or nothing: other processes see the old file or the new one.

    Raises OSError when the place cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # In the same folder, since only within one file system a rename is atomic; a name of its own,
    # since two processes may be here at once. Not tempfile: its files are closed to other users.
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    except BaseException:  # a pressed stop button too
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def why(error: Exception) -> str:
    """Say in one line what an error was about, without its path, number and wrapping.

    >>> why(URLError(OSError(101, "Network is unreachable")))
    'Network is unreachable'
    """
    if isinstance(error, URLError) and not isinstance(error, HTTPError):
        error = error.reason
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())


def _read_stream(stream: BinaryIO, expected: Expected) -> Arrays:
    _require_zip(stream.read(4))
    stream.seek(0)
    try:
        with np.load(stream, allow_pickle=False) as npz:
            missing = [name for name in expected if name not in npz.files]
            arrays = {name: npz[name] for name in expected if name not in missing}
            held = ", ".join(npz.files)
    except Exception as error:  # a damaged zip raises a dozen kinds: zlib, struct, memory, ...
        raise ValueError(f"it is cut short, damaged or no npz file ({why(error)})") from error
    if missing:
        raise ValueError(f"it has no array {missing[0]} (it holds: {held or 'nothing'})")
    for name, array in arrays.items():
        _verify(name, array, *expected[name])
    return arrays


def _require_zip(start: bytes) -> None:
    # Told apart here, because NumPy takes anything unknown for a pickle and says so.
    if not start:
        raise ValueError("it is empty")
    if start.lstrip().startswith(b"<"):
        raise ValueError("it is a web page, not an npz file")
    if not start.startswith(b"PK"):
        raise ValueError("it is not an npz file")


def _verify(name: str, array: np.ndarray, shape: tuple[int, ...], digest: str) -> None:
    if array.dtype != np.uint8 or array.shape != shape:
        raise ValueError(f"{name} is {array.dtype} {array.shape}, expected uint8 {shape}")
    found = hashlib.sha256(np.ascontiguousarray(array)).hexdigest()
    if found != digest:
        raise ValueError(
            f"{name} has the right shape and wrong values "
            f"(SHA-256 {found[:8]}..., expected {digest[:8]}...)"
        )


def _open(url: str, seconds: float) -> HTTPResponse:
    # A socket's time limit neither covers the name look-up nor counts a host's several addresses
    # together, so a network that swallows packets could hold a lesson for minutes. A thread can
    # be left behind; as a daemon it does not keep Python from ending.
    box: queue.Queue[HTTPResponse | Exception] = queue.Queue()

    def connect() -> None:
        try:
            box.put(urlopen(url, timeout=seconds))
        except (OSError, HTTPException, ValueError) as error:
            box.put(error)

    threading.Thread(target=connect, daemon=True).start()
    try:
        answer = box.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer within {seconds:g} s") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _read_answer(answer: HTTPResponse, deadline: float) -> bytes:
    content = bytearray()
    # read1 returns what has come; read would wait for a full block, however slowly it drips.
    while chunk := answer.read1(1 << 16):
        content += chunk
        if len(content) > LARGEST_ANSWER:
            raise ConnectionError(f"the answer is longer than {LARGEST_ANSWER:,} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError(f"too slow: {len(content):,} bytes came in the time allowed")
    if answer.length:  # bytes announced and not sent
        raise ConnectionError(f"cut short: {answer.length:,} bytes are missing")
    return bytes(content)
