"""The file: what it is, its text and heads, the bytes of every array, and a checksum.

    8 bytes    MAGIC
    4 bytes    the length of what follows, lowest byte first
    ...        JSON, compressed with zlib: {"text": ..., "arrays": [head, ...]}
    ...        the bytes of the arrays, one after another
    32 bytes   SHA-256 of everything before: against damage, not against forgery

So a reader believes nothing: every number is compared with what is there, and nothing larger than
`largest` is made.
"""

import contextlib
import hashlib
import json
import struct
import uuid
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import astuple
from pathlib import Path

import numpy as np

from course_utils.arrays import whole
from course_utils.extras.sparsefile.tensors import Head, checked_head, restore, split, store

MAGIC = b"\x93SPARSE\x02"
LARGEST = 150_000_000  # values of all arrays together; VGG16 has 138 million
LARGEST_JSON = 4_000_000  # bytes; read, they take up to thirty times as many
_DIGEST = 32


def encode(arrays: Mapping[str, np.ndarray], text: str = "", *, codes: bool = True) -> bytes:
    """Return arrays and a text as the bytes of a sparse file.

    Each array takes the fewest bytes of: all its values; its non-zeros and their gaps; either
    with a table of the different values, where many are the same; gaps and places in a table in
    Huffman's code, where that is shorter, unless `codes` is False. Raises TypeError for dtypes
    that a file cannot hold. Source: Han et al. 2016 (arXiv 1510.00149), sections 2 to 4.

    >>> len(encode({"fc/kernel": np.eye(100, dtype="float32")})) < 500  # of 40,000
    True
    """
    if not isinstance(text, str) or not all(isinstance(name, str) for name in arrays):
        raise TypeError(f"text and the names of arrays must be str, not {text!r:.80}, {[*arrays]}.")
    stored = [store(name, np.asarray(array), codes) for name, array in arrays.items()]
    about = {"text": text, "arrays": [astuple(head) for head, _ in stored]}
    header = zlib.compress(json.dumps(about, separators=(",", ":")).encode(), 9)
    parts = [MAGIC, struct.pack("<I", len(header)), header, *(data for _, data in stored)]
    return b"".join([*parts, hashlib.sha256(b"".join(parts)).digest()])


def decode(data: bytes, largest: int = LARGEST) -> tuple[dict[str, np.ndarray], str]:
    """Return the arrays and the text of a sparse file, as `encode` got them, bit for bit.

    Raises ValueError for anything else: another kind of file, one cut short, damaged or forged,
    and one whose arrays have more than `largest` values together, however small it is itself.

    >>> arrays, text = decode(encode({"fc/kernel": np.eye(2)}, "two rows"))
    >>> arrays["fc/kernel"].tolist(), text
    ([[1.0, 0.0], [0.0, 1.0]], 'two rows')
    """
    largest = whole(largest, "largest")
    with _one_refusal():
        about, body = _opened(data)
        heads, text = _checked(about, largest)
        bodies = split(body, [sum(head.parts()) for head in heads])
        return {h.name: restore(h, b) for h, b in zip(heads, bodies, strict=True)}, text


def parts(data: bytes) -> dict[str, dict[str, int]]:
    """Return the bytes of each array's gaps, table and values in a sparse file.

    The rest of the file is its description (the text and the heads), and its frame. Raises
    ValueError for anything else than a sparse file.

    >>> parts(encode({"fc/kernel": np.eye(100)[::50]}))["fc/kernel"]
    {'gaps': 2, 'table': 8, 'values': 1}
    """
    with _one_refusal():
        heads, _ = _checked(_opened(data)[0], LARGEST)
    return {h.name: dict(zip(("gaps", "table", "values"), h.parts(), strict=True)) for h in heads}


def write_whole(content: bytes, path: Path) -> None:
    """Write a whole file, or nothing: other processes see the old file or the new one.

    Raises OSError when the place cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # In the same folder, since only within one file system a rename is atomic; a name of its own,
    # since two processes may be here at once. Not tempfile: its files are closed to other users.
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:  # after a pressed stop button, too
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def _one_refusal() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise ValueError(f"This is no sparse file that can be read: {error}.") from error


def _opened(data: bytes) -> tuple[object, bytes]:
    """Return the JSON and the arrays' bytes of a file whose frame is whole."""
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TypeError(f"data must be the bytes of a sparse file, not {type(data).__name__}.")
    data = bytes(data)
    if not data.startswith(MAGIC):
        raise ValueError("it starts like another kind of file")
    start = len(MAGIC) + 4
    if hashlib.sha256(data[:-_DIGEST]).digest() != data[-_DIGEST:] or len(data) < start + _DIGEST:
        raise ValueError("it is cut short or damaged (its checksum differs)")
    (length,) = struct.unpack("<I", data[start - 4 : start])
    body, unpacker = data[start:-_DIGEST], zlib.decompressobj()
    try:
        text = unpacker.decompress(body[:length], LARGEST_JSON)
        if not unpacker.eof:
            raise ValueError("its description is cut short or too long")
        return json.loads(text), body[length:]
    except (zlib.error, RecursionError) as error:
        raise ValueError("its description cannot be unpacked") from error


def _checked(about: object, largest: int) -> tuple[list[Head], str]:
    known = isinstance(about, dict) and set(about) == {"text", "arrays"}
    if not known or not isinstance(about["text"], str) or not isinstance(about["arrays"], list):
        raise ValueError("its description is none that this package writes")
    heads = [checked_head(fields) for fields in about["arrays"]]
    if len({head.name for head in heads}) < len(heads):
        raise ValueError("two of its arrays have the same name")
    total = sum(head.size for head in heads)
    if total > largest:
        raise ValueError(f"its arrays have {total:,} values; at most {largest:,} are read")
    return heads, about["text"]
