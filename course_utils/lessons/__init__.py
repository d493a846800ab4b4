"""What the lessons need and a library does not: data, checks, plots, tasks, recorded results."""

import warnings

from course_utils import _rooms

# Lessons prune on purpose until a layer collapses, and show what is left.
warnings.filterwarnings("ignore", ".*layer collapse: ", UserWarning)

__dir__, __getattr__ = _rooms(__name__, __path__, {})
