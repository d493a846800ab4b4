"""Ratios from the result files: paired within a repetition, with medians and quartiles."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from bench import read
from parts import OURS, PRUNING, TFMOT, TORCH

SCORED = "magnitude and make_masks"
COPY, RULE, GLOBAL = "copy", "threshold in each kernel", "global_unstructured"
LARGE = 1e7  # weights, from which on memory is told: below, what else is loaded weighs more
Thing = tuple[str, str]  # library, way


class Table:
    """The rows of one result file, by case, library and way, in the order of the repetitions."""

    def __init__(self, path: Path) -> None:
        self.rows = read(path)

    def __bool__(self) -> bool:
        return bool(self.rows)

    @property
    def cases(self) -> list[str]:
        return list(dict.fromkeys(row["case"] for row in self.rows))

    def column(self, case: str, thing: Thing, value: str = "seconds") -> np.ndarray:
        """Return one number a repetition; those that were not measured are left out."""
        rows = (r for r in self.rows if (r["case"], r["library"], r["way"]) == (case, *thing))
        found = sorted((int(row["repetition"]), row[value]) for row in rows)
        return np.array([float(number) for _, number in found if number])

    def over(self, case: str, top: Thing, bottom: Thing, value: str = "seconds") -> np.ndarray:
        """Return top over bottom, in every repetition that has both."""
        return self.column(case, top, value) / self.column(case, bottom, value)

    def repetitions(self, case: str) -> int:
        return len({row["repetition"] for row in self.rows if row["case"] == case})


class Compared(NamedTuple):
    """How many times as much the other takes as the course does, in each repetition."""

    part: str
    what: str
    peer: str
    ratios: np.ndarray

    @property
    def median(self) -> float:
        return float(np.median(self.ratios))

    @property
    def verdict(self) -> str:
        """ "faster" or "slower" if the quartiles lie on one side of 1; one run is no win."""
        low, _, high = np.quantile(self.ratios, (0.25, 0.5, 0.75))
        if len(self.ratios) == 1 and low > 1:
            return "a single run"
        return "faster" if low > 1 else "slower" if high < 1 else "not told apart"


def compared(tables: dict[str, Table]) -> Iterator[Compared]:
    """Return every comparison with what a reader would use instead."""
    table = tables["training"]
    for case in table.cases:
        for way in ("held", "scheduled"):
            theirs, mine = (cost(table, case, library, way) for library in (TFMOT, OURS))
            yield Compared("training", f"{way} masks in training, {case}", "tfmot", theirs / mine)
    table = tables["masks"]
    for case in table.cases:
        for library, way in ((TORCH, GLOBAL), (TFMOT, RULE)):
            ratios = table.over(case, (library, way), (OURS, SCORED))
            peer = {TORCH: "torch's `global_unstructured`", TFMOT: "tfmot's rule"}[library]
            yield Compared("masks", f"masks of {float(case):,.0f} weights", peer, ratios)
    table = tables["scan"]
    for case in table.cases:
        for way, peer in (("evaluate", "a loop of `evaluate`"), ("loop", "a compiled loop")):
            ratios = table.over(case, (OURS, way), (OURS, "scan"))
            yield Compared("scan", f"a sensitivity scan of {case}", peer, ratios)
    table = tables["halving"]
    for case in table.cases:
        ratios = table.over(case, (PRUNING, case), (OURS, case))
        yield Compared("halving", f"halving {case}", PRUNING, ratios)


def cost(table: Table, case: str, library: str, way: str) -> np.ndarray:
    """Return the time of training in one way, as a multiple of plain training beside it."""
    return table.over(case, (library, way), (library, "plain"))


def memory(table: Table, case: str, thing: Thing) -> np.ndarray:
    """Return the peak of the memory as a multiple of the weights."""
    return table.column(case, thing, "peak") / table.column(case, thing, "bytes")


def arrived(table: Table, case: str, library: str) -> np.ndarray:
    """Return the share of the multiply-accumulates saved that is saved as time, too."""
    thing = (library, case)
    time, macs = (
        1 - table.column(case, thing, less) / table.column(case, thing, whole)
        for less, whole in (("seconds_half", "seconds_full"), ("macs_left", "macs"))
    )
    return time / macs


def slope(weights: list[float], seconds: list[float]) -> float:
    """Return the power of the number of weights with which seconds grow."""
    return float(np.polyfit(np.log(weights), np.log(seconds), 1)[0])


def spread(numbers: np.ndarray, digits: int = 3) -> str:
    """Write a median with its quartiles.

    >>> spread(np.array([1.0, 2.0, 3.0]))
    '2 (1.5 to 2.5)'
    """
    if not len(numbers):
        return "–"
    low, median, high = np.quantile(numbers, (0.25, 0.5, 0.75))
    texts = [number(value, digits) for value in (median, low, high)]
    return texts[0] if len(numbers) == 1 else f"{texts[0]} ({texts[1]} to {texts[2]})"


def number(value: float, digits: int = 3) -> str:
    """Write a number with so many digits that count, and never as a power of ten.

    >>> number(0.012345), number(1234.5), number(2.0)
    ('0.0123', '1234', '2')
    """
    decimals = max(0, digits - 1 - int(np.floor(np.log10(abs(value) or 1))))
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
