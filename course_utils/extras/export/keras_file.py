"""What a model weighs as a .keras file, without what training needs."""

import gzip
import tempfile
from pathlib import Path

from course_utils.backend import keras, model_of


def keras_bytes(model: keras.Model, compressed: bool = False) -> int:
    """Return the bytes of a .keras file of the model, really written.

    Without the state of the optimizer, which makes an Adam-trained model three times as large.
    `compressed`: after gzip, since a .keras file itself is not compressed. Raises ValueError for a
    model that is neither Sequential nor Functional, TypeError for what is no model.

    >>> from course_utils.models import article_cnn
    >>> 4 * 347_146 < keras_bytes(article_cnn()) < 4 * 347_146 + 50_000
    True
    """
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
        data = path.read_bytes()
    return len(gzip.compress(data, mtime=0)) if compressed else len(data)
