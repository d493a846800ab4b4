"""Let Optuna choose the trials: each one in the light of the results before it."""

import math
from collections.abc import Mapping, Sequence
from os import PathLike
from types import ModuleType

from course_utils.extras.sweeping.running import Task, TrialsFailed, sweep
from course_utils.extras.sweeping.trials import Row, Trial, key


def search(
    task: Task,
    space: Mapping[str, object],
    goal: Mapping[str, str],
    trials: int = 20,
    seed: int = 0,
    *,
    file: str | PathLike | None = None,
    progress: object = None,
) -> list[Row]:
    """Return the rows of the trials that Optuna asks for, in its order; all else as in `sweep`.

    `space` gives each of the task's arguments a list of values, or one of Optuna's distributions,
    as `optuna.distributions.FloatDistribution(0.8, 0.99)`. `goal` says which of the task's numbers
    should become large or small, {"accuracy": "maximize"}; there may be several (see `best`).

    Optuna's TPE sampler (Akiba et al. 2019, arXiv 1907.10902) chooses one trial after the other,
    and the same seed the same ones: a search that goes on from its `file` repeats its way there
    without running anything twice. What is asked for again is not run again, so there may be fewer
    rows than trials. A trial that fails, or has a NaN for a goal, is told as failed.

    Raises ImportError without Optuna, ValueError where a goal is not among the task's numbers, and
    what `sweep` raises.

    >>> def task(x):
    ...     return {"loss": (x - 3) ** 2}
    >>> rows = search(task, {"x": [1, 2, 3, 4]}, {"loss": "minimize"})
    >>> best(rows, {"loss": "minimize"})[0]["x"]
    3
    """
    if not space or not goal:
        raise ValueError("a search needs a space, and a goal in it.")
    if not set(goal.values()) <= {"maximize", "minimize"}:
        raise ValueError(f"a goal is 'maximize' or 'minimize'; got {dict(goal)}.")
    if trials < 1:
        raise ValueError(f"trials must be at least 1, not {trials}.")
    optuna = _optuna()
    study, distributions = _study(optuna, space, goal, seed)
    found, failures = {}, []
    try:
        for number in range(trials):
            asked = study.ask(distributions)
            trial = _in_space(asked.params, space)
            if key(trial) not in found:
                try:
                    [found[key(trial)]] = sweep(task, [trial], file=file)
                except TrialsFailed as error:
                    found[key(trial)] = None
                    failures += error.failures
            values = _values(found[key(trial)], goal, trial)
            study.tell(asked, values, None if values else optuna.trial.TrialState.FAIL)
            if progress:
                progress.show(len(found), trials - number - 1 + len(found))
    finally:
        if progress:
            progress.close()
    rows = [row for row in found.values() if row]
    if failures:
        raise TrialsFailed(failures, rows, file) from failures[0][1]
    return rows


def best(rows: Sequence[Row], goal: Mapping[str, str]) -> list[Row]:
    """Return the rows that no other beats: as good in every goal, and better in one.

    With one goal the best, all of them if they are equal; with several the Pareto front, in the
    order of the rows. A row with NaN in a goal is never among them. Raises KeyError where a row
    lacks a goal.

    >>> rows = [{"n": 1, "a": 0.7}, {"n": 2, "a": 0.6}, {"n": 3, "a": 0.9}]
    >>> [row["n"] for row in best(rows, {"a": "maximize", "n": "minimize"})]
    [1, 3]
    """

    def worth(row: Row) -> tuple[float, ...]:
        return tuple(row[n] if way == "maximize" else -row[n] for n, way in goal.items())

    known = [row for row in rows if not any(map(math.isnan, worth(row)))]
    return [row for row in known if not any(_beats(worth(other), worth(row)) for other in known)]


def _beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a >= b for a, b in zip(one, other, strict=True))


def _optuna() -> ModuleType:
    try:
        import optuna
    except ImportError as error:
        raise ImportError(
            "A search needs the package optuna, which is not installed here: pip install optuna, "
            "or everything for searching with the extra [search]."
        ) from error
    return optuna


def _study(
    optuna: ModuleType, space: Mapping, goal: Mapping[str, str], seed: int
) -> tuple[object, dict[str, object]]:
    """Return Optuna's study, and its space: where there is a list, the places in it."""
    places = optuna.distributions.CategoricalDistribution
    distributions = {
        name: places(range(len(values))) if isinstance(values, Sequence) else values
        for name, values in space.items()
    }
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # it announces every study on stderr
    sampler = optuna.samplers.TPESampler(seed=seed)
    study = optuna.create_study(directions=list(goal.values()), sampler=sampler)
    optuna.logging.set_verbosity(before)
    return study, distributions


def _in_space(params: Mapping[str, object], space: Mapping[str, object]) -> Trial:
    """Return what Optuna chose as the task's arguments."""
    return {
        name: values[params[name]] if isinstance(values, Sequence) else params[name]
        for name, values in space.items()
    }


def _values(row: Row | None, goal: Mapping[str, str], trial: Trial) -> list[float] | None:
    """Return what Optuna is told of a trial; None where it failed, or gave a NaN."""
    if row is None:
        return None
    missing = [name for name in goal if name not in row]
    if missing:
        numbers = sorted({*row} - {*trial, "seconds"})
        raise ValueError(f"the goal {missing[0]!r} is not among the task's numbers {numbers}.")
    values = [row[name] for name in goal]
    return None if any(map(math.isnan, values)) else values
