"""Import TensorFlow and Keras without their start-up chatter.

Every other module takes Keras from here: `from course_utils.backend import keras`.
"""

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def silent_stderr() -> Iterator[None]:
    """Send file descriptor 2 to nowhere: two of TensorFlow's C++ lines obey no setting."""
    try:
        saved = os.dup(2)
    except OSError:  # no stderr at all, as under pythonw on Windows
        yield
        return
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(sink)


# Both are read when TensorFlow loads; a value that the user has set stays.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

# An error is a Python exception and still arrives; only what C++ prints is dropped.
with silent_stderr():
    import keras
    import tensorflow

if keras.backend.backend() != "tensorflow":
    raise ImportError(
        f"course_utils needs Keras on TensorFlow, but Keras runs on {keras.backend.backend()!r}. "
        "Set the environment variable KERAS_BACKEND=tensorflow before Python starts."
    )

__all__ = ["keras", "silent_stderr", "tensorflow"]
