"""What goes beyond pruning: search, sweeps, weight clustering, files, speed.

Each folder stands alone; nothing in the core or in `structure` needs one.
"""

from course_utils import _rooms

__dir__, __getattr__ = _rooms(__name__, __path__, {})
