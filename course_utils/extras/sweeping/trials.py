"""Trials as plain values: what a task is called with, and what it gives back."""

import itertools
import json
from collections.abc import Iterable, Mapping

Trial = dict[str, object]  # {"seed": 0, "criterion": "magnitude"}
Row = dict[str, object]  # a trial, what came of it, and "seconds"


def grid(**axes: Iterable) -> list[Trial]:
    """Return every combination of the values, as one dictionary each; the last axis runs fastest.

    Raises ValueError for an axis without values, and TypeError for text, whose letters are hardly
    meant.

    >>> grid(seed=range(2), scope=["global", "layer"])[1]
    {'seed': 0, 'scope': 'layer'}
    """
    for name, values in axes.items():
        if isinstance(values, str) or not isinstance(values, Iterable):
            raise TypeError(f"{name}={values!r} is one value; write {name}=[{values!r}].")
    lists = {name: list(values) for name, values in axes.items()}
    for name, values in lists.items():
        if not values:
            raise ValueError(f"{name} has no values, and so there are no trials.")
    return [dict(zip(lists, values, strict=True)) for values in itertools.product(*lists.values())]


def key(trial: Mapping[str, object]) -> str:
    """Return the text that tells one trial from another, whatever the order of its names.

    >>> key({"seed": 0, "scope": "layer"}) == key({"scope": "layer", "seed": 0})
    True
    """
    return json.dumps(trial, sort_keys=True, default=plain)


def by_key(trials: Iterable[Mapping[str, object]]) -> dict[str, Trial]:
    """Return trials by their keys, in order. Raises ValueError where one stands twice.

    >>> list(by_key([{"seed": 0}, {"seed": 1}]))
    ['{"seed": 0}', '{"seed": 1}']
    """
    found: dict[str, Trial] = {}
    for trial in trials if isinstance(trials, Iterable) else [trials]:
        if not isinstance(trial, Mapping):
            raise TypeError(f"trials are dictionaries in a list, [{{'seed': 0}}], not {trial!r}.")
        if "seconds" in trial:
            raise ValueError("'seconds' is what a trial took: call the task's argument otherwise.")
        if key(trial) in found:
            raise ValueError(
                f"the trial {trial} stands twice in the list: take one out, or add a seed."
            )
        found[key(trial)] = dict(trial)
    return found


def numbers(result: object, trial: Trial) -> dict[str, float]:
    """Return what a task gave back as a dictionary of numbers, as it would be read from a file.

    Raises TypeError where it is none, and ValueError where a name is one of the trial's.

    >>> numbers({"accuracy": 1}, {"seed": 0})
    {'accuracy': 1}
    """
    if not isinstance(result, Mapping):
        raise TypeError(f"a task returns a dictionary of numbers, not {type(result).__name__}.")
    values = json.loads(json.dumps(dict(result), default=plain))
    wrong = [name for name, value in values.items() if not isinstance(value, int | float)]
    if wrong:
        raise TypeError(f"a task returns numbers; {wrong[0]!r} is {values[wrong[0]]!r}.")
    taken = sorted({*trial, "seconds"} & set(values))
    if taken:
        raise ValueError(f"the task returns {taken}, names that the trial has: rename them there.")
    return values


def plain(value: object) -> object:
    """Return what JSON does not know, NumPy's numbers, as Python's. Raises TypeError for others."""
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        return value.item()
    raise TypeError(
        f"{value!r} is no plain value: give numbers, text, True, False, None, or lists and "
        "dictionaries of them, and let the task make what it needs from these."
    )
