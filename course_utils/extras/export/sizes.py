"""One table of what a model weighs as a file, in every format."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

from course_utils.backend import keras
from course_utils.extras.export.keras_file import gzipped, keras_file
from course_utils.extras.export.litert import litert
from course_utils.extras.export.sparse import sparse_file
from course_utils.extras.speed.runtime import Inputs
from course_utils.tables import as_html, as_text


@dataclass(frozen=True)
class FileSize:
    """A file's bytes, as it is and after gzip; 0 and the reason where there is no such file."""

    name: str
    raw: int
    compressed: int
    note: str = ""


@dataclass(frozen=True)
class FileSizes:
    """What `sizes` found; prints as a table in a terminal and in a notebook."""

    model: str
    rows: tuple[FileSize, ...]

    def __getitem__(self, name: str) -> FileSize:
        """Return the row of one file."""
        return {row.name: row for row in self.rows}[name]

    def to_dict(self) -> dict[str, dict]:
        """Return plain numbers by file, for json or a data frame."""
        return {row.name: asdict(row) for row in self.rows}

    def table(self) -> list[tuple[str, ...]]:
        """Return headings and rows as text; the column of notes only where there are some."""
        noted = any(row.note for row in self.rows)
        rows = [(r.name, _count(r.raw), _count(r.compressed), r.note or "-") for r in self.rows]
        table = [("file", "bytes", "gzip", "note"), *rows]
        return table if noted else [row[:3] for row in table]

    def __str__(self) -> str:
        return as_text(self.table())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return as_html(self.table())


def sizes(model: keras.Model, samples: Inputs | None = None) -> FileSizes:
    """Return the bytes of a model as a file in every format, raw and after gzip.

    Each file is really written. `samples`, some hundred inputs, are what int8 needs; without
    them there is no int8 row. A format that the model cannot take has a row with the reason.

    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    >>> [row.name for row in sizes(model).rows][:3]
    ['.keras', '.keras with optimizer', 'sparse file']
    """
    return FileSizes(model.name, tuple(_sized(n, make) for n, make in _files(model, samples)))


def _files(model: keras.Model, samples: Inputs | None) -> Iterator[tuple[str, Callable[[], bytes]]]:
    yield ".keras", lambda: keras_file(model)
    yield ".keras with optimizer", lambda: keras_file(model, optimizer=True)
    yield "sparse file", lambda: sparse_file(model)
    for precision in ("float32", "float16", "dynamic"):
        yield f"LiteRT {precision}", lambda p=precision: litert(model, p)
    if samples is not None:
        yield "LiteRT int8", lambda: litert(model, "int8", samples=samples)
    for precision in ("float32", "float16"):
        yield (
            f"LiteRT {precision} sparse",
            lambda p=precision: litert(model, p, samples=samples, sparse=True),
        )


def _sized(name: str, make: Callable[[], bytes]) -> FileSize:
    try:
        data = make()
    except (ImportError, ValueError) as error:
        return FileSize(name, 0, 0, str(error))
    return FileSize(name, len(data), len(gzipped(data)))


def _count(number: int) -> str:
    return f"{number:,}" if number else "-"
