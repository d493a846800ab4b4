"""Every trial of a list, once, and on from where a file says that an earlier call stopped."""

from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from os import PathLike

from course_utils.extras.sweeping.running import Task, Watcher, Work
from course_utils.extras.sweeping.trials import Row, checked


def sweep(
    task: Task,
    trials: Iterable[Mapping[str, object]],
    executor: Executor | None = None,
    *,
    file: str | PathLike | None = None,
    progress: Watcher | None = None,
) -> list[Row]:
    """Call `task(**trial)` once for each trial; return a flat dictionary each, in their order.

    `task` returns a dictionary of numbers, `trials` are dictionaries of plain values (`grid` makes
    all combinations). A row holds both, and "seconds", which the task took. Without an executor
    the trials run here, one after the other; with one, side by side: `process_pool()`, the
    `get_executor()` of a Dask client, or any other of `concurrent.futures`. When a worker of a
    Dask cluster dies, Dask runs its trial again on another, and gives up one that has killed four.
    (The workers need this package, and in their environment what `process_pool` sets:
    TF_NUM_INTRAOP_THREADS …)

    `file` gets a line of JSON as soon as a trial has ended, so that the same call after an
    interruption, or with more trials, runs only what is missing. Lines of trials that are not in
    the list stay there, unread. What changes a result belongs into the trial, for nothing else
    tells results apart; one sweep at a time writes to a file. `results(file)` reads it.

    A trial that raises stops no other; at the end TrialsFailed names it, and the same call runs
    it again. Raises ValueError for a trial that stands twice and for a file of another task, and
    RuntimeError where a pool has lost a process and cannot go on.

    >>> def task(seed, width):
    ...     return {"loss": seed / width}
    >>> [row["loss"] for row in sweep(task, [{"seed": 1, "width": 2}, {"seed": 3, "width": 2}])]
    [0.5, 1.5]
    """
    wanted = checked(trials)
    with Work(task, executor, file, progress) as work:
        work.run(wanted, len(wanted))
    return work.rows(wanted)
