"""How long a model takes: in Keras, in LiteRT, as a dense and as a sparse product of matrices."""

from course_utils.extras.speed.calls import csr_call, dense_call, keras_call, litert_call
from course_utils.extras.speed.latency import Latencies, TimedCall, Timing, cores, latency
from course_utils.extras.speed.runtime import predict_litert

__all__ = [
    "Latencies",
    "TimedCall",
    "Timing",
    "cores",
    "csr_call",
    "dense_call",
    "keras_call",
    "latency",
    "litert_call",
    "predict_litert",
]
