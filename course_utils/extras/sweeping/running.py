"""Run trials here or on any executor, each once, and put each result into the file at once."""

import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor, as_completed
from functools import partial
from os import PathLike

from course_utils.extras.sweeping import journal
from course_utils.extras.sweeping.trials import Row, Trial, by_key, numbers

Task = Callable[..., Mapping[str, float]]


class TrialsFailed(RuntimeError):
    """Some trials ended in an error: `failures` are pairs (trial, error), `rows` the others."""

    def __init__(self, failures: list[tuple[Trial, Exception]], rows: list[Row], file: object):
        trials, error = [str(trial) for trial, _ in failures], failures[0][1]
        more = f" and {len(trials) - 3} more" if len(trials) > 3 else ""
        kept = (
            f"in {file}; the same call runs only what failed again"
            if file
            else "in this error's .rows (with file=... it would outlast it)"
        )
        super().__init__(
            f"{len(trials)} of {len(trials) + len(rows)} trials failed: {', '.join(trials[:3])}"
            f"{more}. The first raised {type(error).__name__}: {str(error).rstrip('.')}. What the "
            f"others gave is {kept}."
        )
        self.failures, self.rows = failures, rows


def sweep(
    task: Task,
    trials: Iterable[Mapping[str, object]],
    executor: Executor | None = None,
    *,
    file: str | PathLike | None = None,
    progress: object = None,
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
    the list stay there, unread. What changes a result belongs in the trial, for nothing else
    tells results apart; one sweep at a time writes to a file. `progress` is told by
    `show(done, total, known)` and `close()`, as `lessons.progress.Trials`.

    A trial that raises stops no other; at the end TrialsFailed names it, and the same call runs
    it again. Raises ValueError for a trial that stands twice and for a file of another task, and
    RuntimeError where a pool has lost a process and cannot go on.

    >>> def task(seed, width):
    ...     return {"loss": seed / width}
    >>> [row["loss"] for row in sweep(task, [{"seed": 1, "width": 2}, {"seed": 3, "width": 2}])]
    [0.5, 1.5]
    """
    wanted, name = by_key(trials), _name(task, executor)
    held = journal.known(file, name) if file else {}
    done = {one: held[one] for one in wanted if one in held}
    missing = {one: trial for one, trial in wanted.items() if one not in done}
    known, failures = len(done), []
    if file and missing:
        journal.mend(file)
    show = partial(progress.show, total=len(wanted), known=known) if progress else lambda done: None
    show(known)
    try:
        for one, outcome in _outcomes(task, missing, executor):
            if isinstance(outcome, Exception):
                failures.append((wanted[one], outcome))
            else:
                done[one] = dict(zip(journal.FIELDS, (name, wanted[one], *outcome), strict=True))
                if file:
                    journal.append(file, done[one])
            show(len(done))
    except BrokenExecutor as error:
        kept = f"{len(done)} of {len(wanted)} results are in {file}" if file else "with file=..."
        raise RuntimeError(
            "a process of the pool died (killed, or out of memory), and Python's pool cannot go on "
            f"without it. {kept}: make a new pool, and the same call goes on from there."
        ) from error
    finally:
        if progress:
            progress.close()
    rows = [
        {**trial, **done[one]["result"], "seconds": done[one]["seconds"]}
        for one, trial in wanted.items()
        if one in done
    ]
    if failures:
        raise TrialsFailed(failures, rows, file) from failures[0][1]
    return rows


def _outcomes(
    task: Task, trials: Mapping[str, Trial], executor: Executor | None
) -> Iterator[tuple[str, tuple[dict[str, float], float] | Exception]]:
    """Yield trials as they end, by their keys: result and seconds, or what was raised."""
    if executor is None:
        for one, trial in trials.items():
            yield one, _outcome(partial(timed, task, trial))
        return
    # Dask takes calls that look alike for one: without the last argument, a trial that failed
    # once would only be given its old error.
    futures = {executor.submit(timed, task, t, uuid.uuid4().hex): one for one, t in trials.items()}
    try:
        for future in as_completed(futures):
            yield futures[future], _outcome(future.result)
    finally:
        for future in futures:
            future.cancel()


def timed(task: Task, trial: Trial, label: str = "") -> tuple[dict[str, float], float]:
    """Run one trial where this is called; return its result, and the seconds it took."""
    start = time.perf_counter()
    result = numbers(task(**trial), trial)
    return result, time.perf_counter() - start


def _outcome(get: Callable[[], object]) -> object:
    try:
        return get()
    except BrokenExecutor:
        raise  # not this trial's fault, and no other will come
    except Exception as error:  # whatever a trial raises, the others go on
        return error


def _name(task: Task, executor: Executor | None) -> str:
    """Return the task's name; raise ValueError for one that a process pool could not find."""
    if not callable(task) or not isinstance(executor, Executor | None):
        raise TypeError(f"give a function and an executor, or None, not {task!r}, {executor!r}.")
    function = task
    while isinstance(function, partial):
        function = function.func
    name = getattr(function, "__qualname__", type(function).__qualname__)
    main = sys.modules["__main__"]
    here = getattr(function, "__module__", "") == "__main__" and not hasattr(main, "__file__")
    if isinstance(executor, ProcessPoolExecutor) and (here or "<" in name):
        raise ValueError(
            f"a process pool cannot find {name!r}: its processes import a task from its module. "
            "Write it into a .py file, at the top level, and import it from there. (Dask sends "
            "the function itself.)"
        )
    return name
