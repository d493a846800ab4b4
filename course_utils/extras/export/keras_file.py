"""The .keras file of a model, with or without what its training needs."""

import gzip
import tempfile
from pathlib import Path

from course_utils.backend import keras


def keras_bytes(model: keras.Model, compressed: bool = False, optimizer: bool = False) -> int:
    """Return the bytes of a .keras file of the model, really written.

    Without the state of the optimizer, which makes an Adam-trained model three times as large;
    `optimizer=True`: as `model.save` writes it, all that training needs to go on. `compressed`:
    after gzip, since a .keras file itself is not compressed. Raises ValueError, where the
    optimizer is to be left out, for a model that is neither Sequential nor Functional.

    >>> from course_utils.models import article_cnn
    >>> 4 * 347_146 < keras_bytes(article_cnn()) < 4 * 347_146 + 50_000
    True
    """
    data = keras_file(model, optimizer)
    return len(gzipped(data)) if compressed else len(data)


def keras_file(model: keras.Model, optimizer: bool = False) -> bytes:
    """Return a .keras file of the model, with or without the optimizer's state.

    Raises what `keras_bytes` raises.

    >>> from course_utils.models import article_cnn
    >>> keras_file(article_cnn())[:2]  # a zip file
    b'PK'
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        (model if optimizer else _without_optimizer(model)).save(path)
        return path.read_bytes()


def gzipped(data: bytes) -> bytes:
    """Return data after gzip at its best, the same bytes at every call.

    >>> len(gzipped(bytes(1000))) < 50
    True
    """
    return gzip.compress(data, compresslevel=9, mtime=0)


def _without_optimizer(model: keras.Model) -> keras.Model:
    """Return the same layers as a model that was never compiled; weights are shared, not copied."""
    if not getattr(model, "inputs", None):
        raise ValueError(
            f"model {model.name!r} is neither Sequential nor Functional, so it cannot be saved "
            "without its optimizer: ask for optimizer=True."
        )
    return keras.Model(model.inputs, model.outputs, name=model.name)
