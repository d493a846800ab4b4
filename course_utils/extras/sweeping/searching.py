"""Let Optuna choose the trials: each batch in the light of the results before it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from types import ModuleType

from course_utils.extras.sweeping.journal import Entry
from course_utils.extras.sweeping.running import Task, Watcher, Work
from course_utils.extras.sweeping.trials import Row, Trial, key


@dataclass(frozen=True)
class Search:
    """What to search: where, for what, and how long.

    `space` gives each of the task's arguments a list of values, or one of Optuna's distributions,
    as `optuna.distributions.FloatDistribution(0.8, 0.99)`. `goal` says which of the task's
    numbers should become large or small, {"accuracy": "maximize"}; with several, `best` returns
    the trials that no other beats. `batch` trials are chosen, and run, at once: as many as there
    are workers.

    >>> Search({"scope": ["global", "layer"]}, {"accuracy": "maximize"}).trials
    20
    """

    space: Mapping[str, object]
    goal: Mapping[str, str]
    trials: int = 20
    batch: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.space or not self.goal:
            raise ValueError("a search needs a space, and a goal in it.")
        if not set(self.goal.values()) <= {"maximize", "minimize"}:
            raise ValueError(f"a goal is 'maximize' or 'minimize'; got {dict(self.goal)}.")
        if min(self.trials, self.batch) < 1:
            raise ValueError(f"trials ({self.trials}) and batch ({self.batch}) start at 1.")


def search(
    task: Task,
    wanted: Search,
    executor: Executor | None = None,
    *,
    file: str | PathLike | None = None,
    progress: Watcher | None = None,
) -> list[Row]:
    """Return the rows of the trials that Optuna asks for, in its order; all else as in `sweep`.

    Optuna's TPE sampler (Akiba et al. 2019, arXiv 1907.10902) chooses a batch, the batch runs, and
    its results are told in the order in which they were asked for. So the same seed asks for the
    same trials, however long each of them takes, and a search that goes on from its `file` repeats
    its way there without running anything twice. A trial that is asked for again is not run again,
    so there may be fewer rows than trials. One that fails, or has a NaN for a goal, is told as
    failed. Raises ImportError without Optuna, ValueError where a goal is not among the task's
    numbers, and what `sweep` raises.

    >>> def task(x):
    ...     return {"loss": (x - 3) ** 2}
    >>> wanted = Search({"x": [1, 2, 3, 4]}, {"loss": "minimize"})
    >>> best(search(task, wanted), wanted.goal)[0]["x"]
    3
    """
    optuna = _optuna()
    asked: dict[str, Trial] = {}
    repeats = 0
    with Work(task, executor, file, progress) as work, _quiet(optuna):
        study, space = _study(optuna, wanted)
        while (left := wanted.trials - len(asked) - repeats) > 0:
            batch = [study.ask(space) for _ in range(min(wanted.batch, left))]
            chosen = [_trial(one.params, wanted.space) for one in batch]
            names = [key(trial) for trial in chosen]
            repeats += len(names) - len({*names} - {*asked})
            asked |= {name: t for name, t in zip(names, chosen, strict=True) if name not in asked}
            work.run(asked, wanted.trials - repeats)
            for one, name in zip(batch, names, strict=True):
                _tell(study, one, work.done.get(name), wanted.goal)
    return work.rows(asked)


def best(rows: Sequence[Row], goal: Mapping[str, str]) -> list[Row]:
    """Return the rows that no other beats: as good in every goal, and better in one.

    With one goal the best, all of them if they are equal; with several the Pareto front, in the
    order of the rows. A row with NaN in a goal is never among them. Raises KeyError where a row
    lacks a goal.

    >>> rows = [{"n": 1, "a": 0.7}, {"n": 2, "a": 0.6}, {"n": 3, "a": 0.9}]
    >>> [row["n"] for row in best(rows, {"a": "maximize", "n": "minimize"})]
    [1, 3]
    """
    worth = [
        tuple(row[name] if way == "maximize" else -row[name] for name, way in goal.items())
        for row in rows
    ]
    known = [values for values in worth if not any(map(math.isnan, values))]
    return [
        row
        for row, mine in zip(rows, worth, strict=True)
        if mine in known and not any(_beats(other, mine) for other in known)
    ]


def _beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a >= b for a, b in zip(one, other, strict=True))


def _study(optuna: ModuleType, wanted: Search) -> tuple[object, dict[str, object]]:
    """Return Optuna's study, and its space: where there is a list, the places in it."""
    space = {
        name: values
        if isinstance(values, optuna.distributions.BaseDistribution)
        else optuna.distributions.CategoricalDistribution(range(len(values)))
        for name, values in wanted.space.items()
    }
    sampler = optuna.samplers.TPESampler(seed=wanted.seed)
    study = optuna.create_study(directions=list(wanted.goal.values()), sampler=sampler)
    return study, space


def _trial(params: Mapping[str, object], space: Mapping[str, object]) -> Trial:
    """Return what Optuna chose as the task's arguments."""
    return {
        name: values[params[name]] if isinstance(values, Sequence) else params[name]
        for name, values in space.items()
    }


def _tell(study: object, one: object, entry: Entry | None, goal: Mapping[str, str]) -> None:
    missing = [name for name in goal if entry and name not in entry.result]
    if missing:
        raise ValueError(
            f"the goal {missing[0]!r} is not among the task's numbers {sorted(entry.result)}."
        )
    values = [entry.result[name] for name in goal] if entry else [math.nan]
    if any(map(math.isnan, values)):
        study.tell(one, state=_optuna().trial.TrialState.FAIL)
    else:
        study.tell(one, values)


def _optuna() -> ModuleType:
    try:
        import optuna
    except ImportError as error:
        raise ImportError(
            "A search needs the package optuna, which is not installed here: pip install optuna, "
            "or everything for searching with the extra [search]."
        ) from error
    return optuna


@contextmanager
def _quiet(optuna: ModuleType) -> Iterator[None]:
    """Keep Optuna from announcing every study on stderr."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
