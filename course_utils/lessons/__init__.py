"""What the lessons need and a library does not: data, checks, plots, tasks, recorded results."""

from course_utils import _rooms

__dir__, __getattr__ = _rooms(__name__, __path__, {})
