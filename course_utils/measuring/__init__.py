"""Facts about a model: what it holds and costs, what its file weighs, how long it takes."""

from course_utils.measuring.calls import csr_call, dense_call, keras_call, litert_call
from course_utils.measuring.files import file_bytes
from course_utils.measuring.latency import Call, Latencies, Timing, cores, latency
from course_utils.measuring.report import LayerRow, Report, report
from course_utils.measuring.runtime import predict_litert
from course_utils.measuring.zeros import ZeroCounter

__all__ = [
    "Call",
    "Latencies",
    "LayerRow",
    "Report",
    "Timing",
    "ZeroCounter",
    "cores",
    "csr_call",
    "dense_call",
    "file_bytes",
    "keras_call",
    "latency",
    "litert_call",
    "predict_litert",
    "report",
]
