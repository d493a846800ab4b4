"""Trials as plain values: what a task is called with, and what it gives back."""

import itertools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

Trial = dict[str, object]  # {"seed": 0, "criterion": "magnitude"}
Row = dict[str, object]  # a trial, what came of it, and "seconds"

_PLAIN = (str, int, float, bool, type(None))


def grid(**axes: Iterable) -> list[Trial]:
    """Return every combination of the values, as one dictionary each; the last axis runs fastest.

    Raises ValueError for an axis without values, and TypeError for text, whose letters are hardly
    meant.

    >>> grid(seed=range(2), scope=["global", "layer"])[1]
    {'seed': 0, 'scope': 'layer'}
    """
    for name, values in axes.items():
        if isinstance(values, str):
            raise TypeError(f"{name}={values!r} is one value; write {name}=[{values!r}].")
    lists = {name: list(values) for name, values in axes.items()}
    for name, values in lists.items():
        if not values:
            raise ValueError(f"{name} has no values, and so there are no trials.")
    return [dict(zip(lists, values, strict=True)) for values in itertools.product(*lists.values())]


def plain(value: object) -> object:
    """Return a value as JSON can hold it: NumPy's numbers become Python's, tuples become lists.

    Raises TypeError for what is neither a number, text, True, False, None nor made of them.

    >>> plain((1, {"s": 0.5}))
    [1, {'s': 0.5}]
    """
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if not isinstance(value, _PLAIN):
        raise TypeError(
            f"{value!r} is no plain value: give numbers, text, True, False, None, or lists and "
            "dictionaries of them, and let the task make what it needs from these."
        )
    return value


def key(trial: Mapping[str, object]) -> str:
    """Return the text that tells one trial from another, whatever the order of its names.

    >>> key({"seed": 0, "scope": "layer"}) == key({"scope": "layer", "seed": 0})
    True
    """
    return json.dumps(plain(trial), sort_keys=True)


def checked(trials: Iterable[Mapping[str, object]]) -> dict[str, Trial]:
    """Return trials by their keys, in order. Raises ValueError where one stands twice.

    >>> list(checked([{"seed": 0}, {"seed": 1}]))
    ['{"seed": 0}', '{"seed": 1}']
    """
    found: dict[str, Trial] = {}
    for trial in trials:
        if "seconds" in trial:
            raise ValueError("'seconds' is what a trial took: call the task's argument otherwise.")
        name = key(trial)
        if name in found:
            raise ValueError(
                f"the trial {trial} stands twice in the list: take one out, or tell them apart, "
                "by a seed for instance."
            )
        found[name] = {str(name): value for name, value in trial.items()}
    return found


def row(trial: Trial, result: Mapping[str, object], seconds: float) -> Row:
    """Return one flat dictionary: the trial, its result, and the seconds.

    >>> row({"seed": 0}, {"accuracy": 0.9}, 1.5)
    {'seed': 0, 'accuracy': 0.9, 'seconds': 1.5}
    """
    return {**trial, **result, "seconds": seconds}


def numbers(result: object, trial: Trial) -> dict[str, float]:
    """Return what a task gave back as a dictionary of numbers, under names that are not taken.

    Raises TypeError where it is none, and ValueError where a name is one of the trial's.

    >>> numbers({"accuracy": 1}, {"seed": 0})
    {'accuracy': 1}
    """
    if not isinstance(result, Mapping):
        raise TypeError(f"a task returns a dictionary of numbers, not {type(result).__name__}.")
    values = {str(name): plain(value) for name, value in result.items()}
    wrong = [name for name, value in values.items() if not isinstance(value, int | float)]
    if wrong:
        raise TypeError(f"a task returns numbers; {wrong[0]!r} is {values[wrong[0]]!r}.")
    taken = sorted({*trial, "seconds"} & set(values))
    if taken:
        raise ValueError(f"the task returns {taken}, names that the trial has: rename them there.")
    return values


def task_name(task: Callable) -> str:
    """Return the name under which a task's results are kept.

    >>> task_name(grid)
    'grid'
    """
    function = within(task)
    return getattr(function, "__qualname__", type(function).__qualname__)


def within(task: Callable) -> Callable:
    """Return the function within a `functools.partial`, or the task itself."""
    while isinstance(task, partial):
        task = task.func
    return task


def in_words(trials: Sequence[Trial], most: int = 3) -> str:
    """Name trials in a sentence, the first few of many.

    >>> in_words([{"seed": 0}, {"seed": 1}], most=1)
    "{'seed': 0} and 1 more"
    """
    more = f" and {len(trials) - most} more" if len(trials) > most else ""
    return ", ".join(map(str, trials[:most])) + more
