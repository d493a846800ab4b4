"""Facts about a model: what it holds and costs, and what its file weighs."""

from course_utils.measuring.report import LayerRow, Report, file_bytes, report
from course_utils.measuring.zeros import ZeroCounter

__all__ = ["LayerRow", "Report", "ZeroCounter", "file_bytes", "report"]
