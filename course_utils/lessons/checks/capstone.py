"""Checks for notebook 20: who is clearly worse, what may choose, a budget that is met."""

import operator
from collections.abc import Callable, Iterator

import numpy as np

from course_utils.lessons.checks.verdict import call, exercise
from course_utils.lessons.data import Dataset
from course_utils.lessons.scoreboard import Budget, Entry, judge

Candidate = dict[str, object]


@exercise("Right: the smallest that is not clearly worse, judged image by image.")
def decision(function: Callable) -> Iterator[str]:
    """Check (right, size) -> the smallest network that is not clearly worse than the best."""
    rng = np.random.default_rng(20)
    for turn in range(8):
        right, size, rule = _race(rng, n=(2_000, 600)[turn % 2], swapped=turn >= 4)
        got = call(function, right, size)
        if not isinstance(got, str) or got not in size:
            yield f"{got!r} is the name of no network."
        if got != rule["right"]:
            yield _HINTS[next((what for what, name in rule.items() if name == got), "other")]


_HINTS = {
    "best": "you took the most accurate network, though a smaller one is not clearly worse.",
    "smallest": "you took the smallest network, and it is clearly worse. Does your standard error "
    "lack the root of the number of images?",
    "unpaired": "this network is clearly worse, and yours did not notice: all networks answer the "
    "same images, so take the difference image by image before its standard error.",
    "strict": "a smaller network is worse by less than two standard errors of the differences: "
    "that is not clearly.",
    "other": "a network can lose by luck: hand in the smallest that is not clearly worse.",
}


def _race(rng: np.random.Generator, n: int, swapped: bool) -> tuple[dict, dict, dict]:
    """Return answers, sizes, and which name each way of choosing leads to.

    Each network loses some of the images that the best one has right, and wins some others.
    """
    changes = {  # lost, won: the differences in standard errors are 0, 0.3, 1.5, 3 and many
        "best": (0, 0), "near": (20, 18), "strict": (22, 13), "unpaired": (14, 2),
        "smallest": (90, 0),
    }  # fmt: skip
    letters = dict(zip(changes, rng.permutation(list("ABCDE")).tolist(), strict=True))
    order = rng.permutation(n)
    best = np.ones(n, bool)
    best[order[:50]] = False
    right = {}
    for what, (lost, won) in changes.items():
        answers = best.copy()
        answers[rng.choice(order[50:], lost, replace=False)] = False
        answers[rng.choice(order[:50], won, replace=False)] = True
        right[letters[what]] = answers
    by_size = ["smallest", "unpaired", "strict", "near", "best"]
    if swapped:
        by_size[2:4] = "near", "strict"
    sizes = np.sort(rng.choice(np.arange(4_000, 30_000), 5, replace=False))
    size = {letters[what]: int(bytes_) for what, bytes_ in zip(by_size, sizes, strict=True)}
    rule = {"right": letters["near" if swapped else "strict"], "strict": letters["near"]}
    rule |= {what: letters[what] for what in ("unpaired", "best", "smallest")}
    return dict(sorted(right.items())), dict(sorted(size.items())), rule


@exercise("Right: the smallest of those that pass, and the test images were not asked.")
def choice(function: Callable) -> Iterator[str]:
    """Check a function (candidates, budget) -> the name of the one to hand in."""
    rng, budget = np.random.default_rng(16), Budget(0.98, 20_000)
    for _ in range(10):
        candidates = _drawn(rng)
        right, got = _chosen(candidates, budget, "validation"), call(function, candidates, budget)
        if isinstance(got, dict):
            yield "return the name alone, candidate['name']."
        taken = {c["name"]: c for c in candidates}.get(got) if isinstance(got, str) else None
        if taken is None:
            yield f"{got!r} is the name of no candidate."
        if got == right:
            continue
        if got == _chosen(candidates, budget, "test"):
            yield "you chose by the test images. They are asked once, when the choice is made."
        if got == _chosen(candidates, budget, "validation", "test"):
            yield "you asked the test images as well. They report; they do not choose."
        if taken["bytes"] > budget.bytes:
            yield f"{got!r} has more bytes than the budget allows."
        if taken["validation"] < budget.accuracy:
            yield f"{got!r} stays below {budget.accuracy:.0%} on the validation images."
        yield f"{got!r} meets the budget, but {right!r} does with fewer bytes."


def _drawn(rng: np.random.Generator) -> list[Candidate]:
    """Return candidates for which the ways to choose wrongly lead to different ones."""
    size, good = rng.permutation(np.arange(9, 19)) * 1_000, rng.uniform(0.9805, 0.989, 2)
    rows = [
        (3_000, 0.95, 0.955),
        (7_000, 0.979, 0.984),  # lucky on the test images
        (int(min(size[:2])), good[0], 0.979),  # this one
        (int(max(size[:2])) + 500, good[1], 0.985),
        (25_000, 0.993, 0.9901),
        (19_500, 0.99, 0.9835),
    ]
    keys, order = ("name", "bytes", "validation", "test"), rng.permutation(len(rows))
    names = rng.permutation(["ash", "birch", "cedar", "elm", "fir", "oak"]).tolist()
    return [dict(zip(keys, (names[i], *rows[i]), strict=True)) for i in order]


def _chosen(candidates: list[Candidate], budget: Budget, *splits: str) -> str:
    enough = [c for c in candidates if all(c[split] >= budget.accuracy for split in splits)]
    fitting = [c for c in enough if c["bytes"] <= budget.bytes]
    return min(fitting, key=operator.itemgetter("bytes"))["name"]


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
