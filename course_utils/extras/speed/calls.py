"""What `latency` can time: a Keras model, a LiteRT file, a dense and a sparse matrix product."""

import os

import numpy as np

from course_utils.arrays import checked, whole
from course_utils.backend import keras, model_of, tf
from course_utils.extras.speed.latency import TimedCall, cores
from course_utils.extras.speed.runtime import Inputs, LiteRT, needed
from course_utils.pruning.examples import inputs_of, tensors
from course_utils.pruning.probing import probe


def keras_call(model: keras.Model, x: object = None) -> TimedCall:
    """Return a call that computes the model's outputs for the batch `x`, as a compiled graph.

    `x` is a batch of arrays, or a dataset, all of it; None is one example of random numbers, of
    the shape that the model declares. Without what `predict` does around it. TensorFlow fixes its
    threads when it first computes: for one thread set TF_NUM_INTRAOP_THREADS=1 before it is
    imported, or call `tf.config.threading.set_intra_op_parallelism_threads(1)` before anything is
    computed. Raises TypeError or ValueError for what is no model, or no batch that it takes.

    >>> from course_utils.models import article_cnn
    >>> keras_call(article_cnn(), np.zeros((1, 28, 28, 1), "float32"))().shape
    TensorShape([1, 10])
    """
    model = model_of(model)
    made = probe(model, rng=np.random.default_rng(0)) if x is None else inputs_of(x, model)
    batch = tensors(made)
    compute = tf.function(lambda batch: model(batch, training=False))
    asked = os.environ.get("TF_NUM_INTRAOP_THREADS", "")
    threads = tf.config.threading.get_intra_op_parallelism_threads()
    threads = threads or (int(asked) if asked.isdigit() else 0) or cores()
    return TimedCall(lambda: compute(batch), threads)


def litert_call(data: bytes, x: Inputs, threads: int = 1) -> TimedCall:
    """Return a call that runs a LiteRT file on the batch `x`, copied in and out each time.

    Quantizing `x` is not timed. Raises what `runtime.LiteRT` raises.
    """
    x, file = inputs_of(x), LiteRT(data, threads)
    file(x)  # which lays out its memory, or refuses
    asked = file.asked(x)

    def run() -> list[np.ndarray]:
        found = file.compute(**asked)
        return [found[name] for name in file.made]

    return TimedCall(run, threads)


def dense_call(W: np.ndarray, x: np.ndarray, threads: int = 1) -> TimedCall:
    """Return a call that computes x @ W with NumPy's BLAS: (batch, inputs) @ (inputs, outputs).

    Zeros in W are multiplied like all else. BLAS is held to so many threads while it is timed.
    Raises ImportError without threadpoolctl.

    >>> dense_call(np.eye(3), np.ones((2, 3)))().shape
    (2, 3)
    """
    (W, x), threads = _matrices(W, x), whole(threads, "threads", least=1)
    control = needed("threadpoolctl", "threadpoolctl").ThreadpoolController()
    return TimedCall(lambda: x @ W, threads, lambda: control.limit(limits=threads, user_api="blas"))


def csr_call(W: np.ndarray, x: np.ndarray) -> TimedCall:
    """Return a call that computes W.T @ x.T with SciPy, W.T in compressed sparse rows.

    The result is that of `dense_call`, transposed. SciPy's product has one thread. Neither the
    conversion of W nor the transposition of x is timed. Raises ImportError without SciPy.

    >>> csr_call(np.eye(3), np.ones((2, 3)))().shape
    (3, 2)
    """
    W, x = _matrices(W, x)
    sparse = needed("scipy.sparse", "scipy").csr_array(W.T)
    columns = np.ascontiguousarray(x.T)
    if len(x) == 1:  # SciPy has a faster product for a vector
        vector = columns[:, 0].copy()
        return TimedCall(lambda: (sparse @ vector)[:, None], 1)
    return TimedCall(lambda: sparse @ columns, 1)


def _matrices(W: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    W, x = checked(W, "W"), checked(x, "x")
    if W.ndim != 2 or x.ndim != 2 or x.shape[1] != W.shape[0]:
        raise ValueError(
            f"W must be a matrix (inputs, outputs) and x one (batch, inputs), not {W.shape} and "
            f"{x.shape}. A convolution's kernel: W.reshape(-1, W.shape[-1])."
        )
    return np.ascontiguousarray(W), np.ascontiguousarray(x, W.dtype)
