"""Run trials here or on any executor, each once, and put each result into the file at once."""

import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import partial
from os import PathLike
from typing import Protocol

from course_utils.extras.sweeping import journal
from course_utils.extras.sweeping.journal import Entry
from course_utils.extras.sweeping.trials import (
    Row,
    Trial,
    in_words,
    numbers,
    row,
    task_name,
    within,
)

Task = Callable[..., Mapping[str, float]]
Outcome = tuple[dict[str, float], float] | Exception  # a result and its seconds, or what it raised


class Watcher(Protocol):
    """What shows how far a sweep is: `course_utils.lessons.progress.Trials` is one."""

    def show(self, done: int, total: int, known: int) -> None:
        """Take in how many are done, of how many, and how many of them were in the file."""

    def close(self) -> None:
        """Take in that nothing more will come."""


class TrialsFailed(RuntimeError):
    """Some trials ended in an error: `failures` are pairs (trial, error), `rows` the others."""

    def __init__(self, message: str, failures: list[tuple[Trial, Exception]], rows: list[Row]):
        super().__init__(message)
        self.failures = failures
        self.rows = rows


@dataclass
class Work:
    """A task, where it runs, and what has come of it: `done` and `failed`, by the trials' keys."""

    task: Task
    executor: Executor | None
    file: str | PathLike | None
    progress: Watcher | None
    done: dict[str, Entry] = field(default_factory=dict)
    failed: dict[str, tuple[Trial, Exception]] = field(default_factory=dict)
    known: int = 0  # of those done, how many the file had

    def __post_init__(self) -> None:
        _refuse_what_cannot_travel(self.task, self.executor)
        self._found = journal.known(self.file, task_name(self.task)) if self.file else {}

    def __enter__(self) -> "Work":
        return self

    def __exit__(self, *error: object) -> None:
        if self.progress:
            self.progress.close()

    def run(self, trials: Mapping[str, Trial], total: int) -> None:
        """Look trials up in the file, and run the missing ones; `total` is for the progress."""
        over = self.done.keys() | self.failed.keys()
        fresh = {name: trial for name, trial in trials.items() if name not in over}
        held = {name: self._found[name] for name in fresh if name in self._found}
        self.done |= held
        self.known += len(held)
        self._show(total)
        missing = {name: trial for name, trial in fresh.items() if name not in held}
        if self.file and missing:
            journal.mend(self.file)
        try:
            for name, outcome in _outcomes(self.task, missing, self.executor):
                self._take(name, missing[name], outcome)
                self._show(total)
        except BrokenExecutor as error:
            raise RuntimeError(_broken(len(self.done), total, self.file)) from error

    def rows(self, trials: Mapping[str, Trial]) -> list[Row]:
        """Return the rows of these trials, in order; raise TrialsFailed if some have none."""
        done = [(trial, self.done[name]) for name, trial in trials.items() if name in self.done]
        rows = [row(trial, entry.result, entry.seconds) for trial, entry in done]
        if self.failed:
            failures = list(self.failed.values())
            text = _said(failures, len(trials), self.file)
            raise TrialsFailed(text, failures, rows) from failures[0][1]
        return rows

    def _take(self, name: str, trial: Trial, outcome: Outcome) -> None:
        if isinstance(outcome, Exception):
            self.failed[name] = (trial, outcome)
            return
        self.done[name] = Entry(task_name(self.task), trial, *outcome)
        if self.file:
            journal.append(self.file, self.done[name])

    def _show(self, total: int) -> None:
        if self.progress:
            self.progress.show(len(self.done), total, self.known)


def _refuse_what_cannot_travel(task: Task, executor: Executor | None) -> None:
    """Raise ValueError for a task that a process pool could not find: its processes would die."""
    name = task_name(task)
    main = sys.modules["__main__"]
    here = getattr(within(task), "__module__", "") == "__main__" and not hasattr(main, "__file__")
    if isinstance(executor, ProcessPoolExecutor) and (here or "<" in name):
        raise ValueError(
            f"a process pool cannot find {name!r}: its processes import a task from its module. "
            "Write it into a .py file, at the top level, and import it from there. (Dask sends "
            "the function itself.)"
        )


def _outcomes(
    task: Task, trials: Mapping[str, Trial], executor: Executor | None
) -> Iterator[tuple[str, Outcome]]:
    """Yield trials as they end, by their keys."""
    if executor is None:
        for name, trial in trials.items():
            yield name, _outcome(partial(timed, task, trial))
        return
    # Dask takes calls that look alike for one: without the last argument, a trial that failed
    # once would only be given its old error.
    futures = {executor.submit(timed, task, t, uuid.uuid4().hex): n for n, t in trials.items()}
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


def _outcome(get: Callable[[], Outcome]) -> Outcome:
    try:
        return get()
    except BrokenExecutor:
        raise  # not this trial's fault, and no other will come
    except Exception as error:  # whatever a trial raises, the others go on
        return error


def _said(failures: list[tuple[Trial, Exception]], total: int, file: object) -> str:
    trials, error = [trial for trial, _ in failures], failures[0][1]
    kept = (
        f"in {file}; the same call runs only what failed again"
        if file
        else "in this error's .rows (with file=... it would outlast it)"
    )
    return (
        f"{len(failures)} of {total} trials failed: {in_words(trials)}. The first raised "
        f"{type(error).__name__}: {str(error).rstrip('.')}. What the others gave is {kept}."
    )


def _broken(done: int, total: int, file: object) -> str:
    kept = (
        f"{done} of {total} results are in {file}: make a new pool, and the same call goes on "
        "from there."
        if file
        else "With file=... a sweep keeps its results, and the same call goes on from there."
    )
    return (
        "a process of the pool died (killed, or out of memory), and Python's pool cannot go on "
        f"without it. {kept}"
    )
