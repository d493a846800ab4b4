"""What a model weighs as a file: as .keras without what training needs, and in every format."""

import gzip
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from course_utils.backend import keras, model_of
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
        return self._row(name)

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
    some = samples if inputs is None else inputs
    makers: dict[str, Callable[[], bytes]] = {
        ".keras": partial(_keras_file, model),
        "sparse file": partial(sparse_file, model),
    }
    for precision in ("float32", "float16", "dynamic", "int8"):
        if precision != "int8" or samples is not None:
            given = {"samples": samples} if precision == "int8" else {}
            makers[f"LiteRT {precision}"] = partial(litert, model, precision, inputs=some, **given)
    for precision in ("float32", "float16"):
        makers[f"LiteRT {precision} sparse"] = partial(
            litert, model, precision, sparse=True, inputs=some
        )
    return FileSizes(model_of(model).name, tuple(_sized(*maker) for maker in makers.items()))


def keras_bytes(model: keras.Model, compressed: bool = False) -> int:
    """Return the bytes of a .keras file of the model, really written.

    Without the state of the optimizer, which makes an Adam-trained model three times as large.
    `compressed`: after gzip, since a .keras file itself is not compressed. Raises ValueError for a
    model that is neither Sequential nor Functional, TypeError for what is no model.

    >>> from course_utils.models import article_cnn
    >>> 4 * 347_146 < keras_bytes(article_cnn()) < 4 * 347_146 + 50_000
    True
    """
    data = _keras_file(model)
    return len(gzip.compress(data, mtime=0)) if compressed else len(data)


def _keras_file(model: keras.Model) -> bytes:
    model = model_of(model)
    if not getattr(model, "inputs", None):
        raise ValueError(
            f"model {model.name!r} is neither Sequential nor Functional, so it cannot be saved "
            "without its optimizer: save it with model.save(path), and look at that file."
        )
    # The same layers, as a model that was never compiled; weights are shared, not copied.
    plain = keras.Model(model.inputs, model.outputs, name=model.name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        plain.save(path)
        return path.read_bytes()


def _sized(name: str, make: Callable[[], bytes]) -> FileSize:
    try:
        data = make()
    except Exception as error:  # a layer of one's own raises what it likes, over many lines
        return FileSize(name, 0, 0, " ".join(str(error).split()))
    return FileSize(name, len(data), len(gzip.compress(data, mtime=0)))
