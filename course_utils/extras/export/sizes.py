"""One table of what a model weighs as a file, in every format."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from course_utils.backend import keras, model_of
from course_utils.extras.export.keras_file import keras_bytes
from course_utils.extras.export.litert import litert
from course_utils.extras.export.sparse import sparse_file
from course_utils.tables import Printed


@dataclass(frozen=True)
class FileSize:
    """A file's bytes, as it is and after gzip; 0 and the reason where there is no such file."""

    name: str
    raw: int
    compressed: int
    note: str = ""


@dataclass(frozen=True, repr=False)
class FileSizes(Printed):
    """What `sizes` found; prints as a table."""

    model: str
    rows: tuple[FileSize, ...]

    def __getitem__(self, name: str) -> FileSize:
        """Return the row of one file."""
        return {row.name: row for row in self.rows}[name]

    def table(self) -> list[tuple[str, ...]]:
        """Return headings and rows as text."""
        counts = [
            ("-", "-") if row.note else (f"{row.raw:,}", f"{row.compressed:,}") for row in self.rows
        ]
        rows = [
            (row.name, *both, row.note or "-") for row, both in zip(self.rows, counts, strict=True)
        ]
        return [("file", "bytes", "gzip", "note"), *rows]


def sizes(model: keras.Model, samples: object = None, *, inputs: object = None) -> FileSizes:
    """Return the bytes of a model as a file in every format, raw and after gzip.

    Each file is really written, and those of LiteRT run. `samples`, some hundred inputs, are what
    int8 needs; without them there is no int8 row. `inputs`, a batch, tell sizes that the model
    leaves open. A format that the model cannot take has a row with the reason.

    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    >>> [row.name for row in sizes(model).rows][:3]
    ['.keras', 'sparse file', 'LiteRT float32']
    """
    given = {"samples": samples, "inputs": inputs}
    makers: dict[str, Callable[[], bytes]] = {"sparse file": partial(sparse_file, model)}
    for precision in ("float32", "float16", "dynamic", "int8"):
        if precision != "int8" or samples is not None:
            makers[f"LiteRT {precision}"] = partial(litert, model, precision, **given)
    for precision in ("float32", "float16"):
        makers[f"LiteRT {precision} sparse"] = partial(
            litert, model, precision, sparse=True, **given
        )
    keras_file = _sized(".keras", lambda: [keras_bytes(model, zipped) for zipped in (False, True)])
    files = (_sized(name, partial(_both, make)) for name, make in makers.items())
    return FileSizes(model_of(model).name, (keras_file, *files))


def _both(make: Callable[[], bytes]) -> list[int]:
    data = make()
    return [len(data), len(gzip.compress(data, mtime=0))]


def _sized(name: str, sizes: Callable[[], list[int]]) -> FileSize:
    try:
        return FileSize(name, *sizes())
    except (ImportError, ValueError, TypeError) as error:
        return FileSize(name, 0, 0, str(error))
