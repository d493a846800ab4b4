"""Data cut into batches once: of arrays Keras makes a pipeline anew in each fit.

That takes a tenth of a second of a processor, ten times what the steps of a tiny network take.
"""

import numpy as np

from course_utils.backend import tf

KEPT: dict[tuple, tuple] = {}  # with their arrays, so that an id stays that of its array


def cut(x: np.ndarray, y: np.ndarray, size: int = 8) -> tf.data.Dataset:
    """These inputs and labels, in their order, `size` at a time."""
    key = id(x), id(y), size
    if key not in KEPT:
        KEPT[key] = tf.data.Dataset.from_tensor_slices((x, y)).batch(size), x, y
    return KEPT[key][0]
