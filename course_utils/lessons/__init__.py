"""What the lessons need and a library does not: data, checks, plots, tasks, recorded results."""

import logging

from course_utils import _rooms

# Many small trainings in one kernel set off hints on speed, which name addresses.
logging.getLogger("tensorflow").addFilter(lambda said: "retracing" not in said.getMessage())

__dir__, __getattr__ = _rooms(__name__, __path__, {})
