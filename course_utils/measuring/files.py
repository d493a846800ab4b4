"""What a model's file weighs."""

import gzip
import io

import h5py

from course_utils.backend import keras


def file_bytes(model: keras.Model, compressed: bool = False) -> int:
    """Return the bytes of an HDF5 file of the model's weights, written whole, in memory.

    The weights alone: a file that Keras 3 saves of a trained model holds the optimizer's state as
    well, which makes an Adam-trained network three times as large. `compressed`: after gzip.
    """
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for index, W in enumerate(model.get_weights()):
            file.create_dataset(str(index), data=W)
    data = buffer.getvalue()
    return len(gzip.compress(data, compresslevel=9, mtime=0)) if compressed else len(data)
