"""Many trials of one task: every combination, on any executor, into one file.

A trial is a dictionary of plain values, a task a function of them that returns numbers. Nothing
here imports TensorFlow, so that a worker loads only what its task needs. To have the next trial
chosen in the light of those before it, give the task to Optuna's `study.optimize`, as lesson 16.
"""

from course_utils.extras.sweeping.pool import process_pool
from course_utils.extras.sweeping.running import TrialsFailed, sweep
from course_utils.extras.sweeping.trials import grid

__all__ = ["TrialsFailed", "grid", "process_pool", "sweep"]
