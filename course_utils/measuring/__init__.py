"""Facts about a model: what each layer holds and costs, what its file weighs, when zeros return."""

from course_utils.measuring.files import file_bytes
from course_utils.measuring.report import LayerRow, Report, report
from course_utils.measuring.zeros import ZeroCounter

__all__ = ["LayerRow", "Report", "ZeroCounter", "file_bytes", "report"]
