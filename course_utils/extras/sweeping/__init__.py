"""Many trials of one task: every combination or a search, on any executor, into one file.

A trial is a dictionary of plain values, a task a function of them that returns numbers. Nothing
here imports TensorFlow, so that a worker loads only what its task needs.
"""

from course_utils.extras.sweeping.journal import results
from course_utils.extras.sweeping.pool import process_pool
from course_utils.extras.sweeping.running import TrialsFailed, sweep
from course_utils.extras.sweeping.searching import best, search
from course_utils.extras.sweeping.trials import grid

__all__ = ["TrialsFailed", "best", "grid", "process_pool", "results", "search", "sweep"]
