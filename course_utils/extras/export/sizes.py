"""What a model weighs as a file: as .keras without what training needs, and in every format."""

import gzip
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from course_utils.backend import keras, model_of
from course_utils.extras.export.litert import PRECISIONS, litert
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
        rows = [("file", "bytes", "gzip", "note")]
        for row in self.rows:
            sizes = ("-", "-") if row.note else (f"{row.raw:,}", f"{row.compressed:,}")
            rows.append((row.name, *sizes, row.note or "-"))
        return rows


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
    rows = [_sized(".keras", _keras_file, model), _sized("sparse file", sparse_file, model)]
    for kind in (*PRECISIONS, "float32 sparse", "float16 sparse"):
        precision, _, sparse = kind.partition(" ")
        given = samples if precision == "int8" else None
        if precision != "int8" or samples is not None:
            how = {"samples": given, "sparse": bool(sparse), "inputs": some}
            rows.append(_sized(f"LiteRT {kind}", litert, model, precision, **how))
    return FileSizes(model_of(model).name, tuple(rows))


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


def _sized(name: str, make: Callable[..., bytes], *given: object, **how: object) -> FileSize:
    try:
        data = make(*given, **how)
    except Exception as error:  # a layer of one's own raises what it likes, over many lines
        return FileSize(name, 0, 0, " ".join(str(error).split()))
    return FileSize(name, len(data), len(gzip.compress(data, mtime=0)))
