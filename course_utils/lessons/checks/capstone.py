"""Checks for notebook 16: the stop rule, the choice on validation data, a budget that is met."""

import operator
from collections.abc import Callable, Iterator

import numpy as np

from course_utils.lessons.checks.verdict import call, exercise, number
from course_utils.lessons.data import Dataset
from course_utils.lessons.scoreboard import Budget, Entry, judge

Candidate = dict[str, object]


@exercise("Right: it stops at the first network that failed, and keeps the one before it.")
def stop_rule(function: Callable) -> Iterator[str]:
    """Check a function (accuracies, floor) -> how many of the networks passed before the stop."""
    rng, floor = np.random.default_rng(16), 0.98
    cases = [[0.99, 0.985, 0.97, 0.99, 0.99, 0.96], [0.99, 0.98, 0.9], [0.5, 0.99]]
    cases += [[0.99, 0.981], []]
    cases += [list(rng.uniform(0.97, 1, 8).round(3)) for _ in range(5)]
    for accuracies in cases:
        failed = [i for i, accuracy in enumerate(accuracies) if accuracy < floor]
        right = failed[0] if failed else len(accuracies)
        got = number(call(function, accuracies, floor))
        if got != right:
            yield _wrong_stop(got, right, accuracies, floor)


def _wrong_stop(got: float, right: int, accuracies: list[float], floor: float) -> str:
    given = f"for {accuracies} and a floor of {floor}"
    strict = next((i for i, a in enumerate(accuracies) if a <= floor), len(accuracies))
    passing = [i for i, accuracy in enumerate(accuracies) if accuracy >= floor]
    if got == right + 1 or not accuracies:
        return f"{given} you count one too many: the network that failed is not kept."
    if got == strict:
        return f"{given} a network exactly at the floor was turned away; at least the floor passes."
    if passing and got == passing[-1] + 1:
        return f"{given} you went on after a network had failed: the first failure stops."
    if got == len(passing):
        return f"{given} you count all that pass; those after the first failure never existed."
    if got == right - 1:
        return f"{given} you give the place of the last that passed; how many passed is asked."
    if got == int(np.argmax(accuracies)):
        return f"{given} you chose the best accuracy: that is the network pruned least."
    return f"{given} {right} was expected, and {got:g} came."


@exercise("Right: the smallest of those that pass, and the test images were not asked.")
def choice(function: Callable) -> Iterator[str]:
    """Check a function (candidates, budget) -> the name of the one to hand in."""
    rng, budget = np.random.default_rng(16), Budget(0.98, 20_000)
    for _ in range(10):
        candidates = _drawn(rng)
        right, got = _chosen(candidates, budget, "validation"), call(function, candidates, budget)
        if got != right:
            yield _wrong_choice(got, right, candidates, budget)


def _drawn(rng: np.random.Generator) -> list[Candidate]:
    """Return candidates for which the ways to choose wrongly lead to different ones."""
    size, good = rng.permutation(np.arange(9, 19)) * 1_000, rng.uniform(0.9805, 0.989, 2)
    rows = [
        ("smallest of all", 3_000, 0.95, 0.955),
        ("lucky on the test images", 7_000, 0.979, 0.984),
        ("small", min(size[:2]), good[0], 0.979),
        ("middle", max(size[:2]) + 500, good[1], 0.985),
        ("best", 25_000, 0.993, 0.9901),
        ("best within the bytes", 19_500, 0.99, 0.9835),
    ]
    keys = ("name", "bytes", "validation", "test")
    return [dict(zip(keys, rows[i], strict=True)) for i in rng.permutation(len(rows))]


def _chosen(candidates: list[Candidate], budget: Budget, split: str) -> str:
    fitting = [c for c in candidates if c[split] >= budget.accuracy and c["bytes"] <= budget.bytes]
    return min(fitting, key=operator.itemgetter("bytes"))["name"]


def _wrong_choice(got: object, right: str, candidates: list[Candidate], budget: Budget) -> str:
    if isinstance(got, dict):
        return "return the name alone, candidate['name']."
    taken = {c["name"]: c for c in candidates}.get(got) if isinstance(got, str) else None
    if taken is None:
        return f"{got!r} is the name of no candidate."
    if got == _chosen(candidates, budget, "test"):
        return "you chose by the test images. They are asked once, when the choice is made."
    if taken["bytes"] > budget.bytes:
        return f"{got!r} has more bytes than the budget allows."
    if taken["validation"] < budget.accuracy:
        return f"{got!r} stays below {budget.accuracy:.0%} on the validation images."
    return f"{got!r} meets the budget, but {right!r} does with fewer bytes."


@exercise("Right: within the budget, by the same judge as the scoreboard's.")
def network(model: object, budget: Budget, data: Dataset) -> Iterator[str]:
    """Check a Keras model: it is judged as a file, on the validation images."""
    if not callable(getattr(model, "save", None)):
        yield "a Keras model was expected, ready to be saved."
    yield from _falls_short(judge(model, budget, data), budget)


def _falls_short(entry: Entry, budget: Budget) -> Iterator[str]:
    if entry.refused:
        yield f"the judge refuses it: {entry.refused}"
    if entry.bytes > budget.bytes and entry.accuracy >= budget.accuracy:
        yield (
            f"{entry.accuracy:.2%} on the validation images is enough, but {entry.bytes:,} bytes "
            f"are more than {budget.bytes:,}. What is the largest part of them?"
        )
    if entry.accuracy < budget.accuracy:
        yield (
            f"{entry.accuracy:.2%} on the validation images; {budget.accuracy:.2%} is the least. "
            "More training, a smaller step, or fewer weights taken out?"
        )
    if entry.missed:
        yield f"not within the budget: {'; '.join(entry.missed)}."
