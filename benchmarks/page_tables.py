"""The tables of benchmarks/README.md: medians with quartiles, worse ones shown as such."""

from collections.abc import Callable

import numpy as np
from comparing import (
    COPY,
    GLOBAL,
    LARGE,
    RULE,
    SCORED,
    Compared,
    Table,
    arrived,
    cost,
    memory,
    number,
    spread,
)
from parts import OURS, PRUNING, TFMOT, TORCH

Lines = list[str]


def grid(head: list[str], rows: list[list[str]]) -> Lines:
    marks = ["---", *["--:"] * (len(head) - 1)]
    return [f"| {' | '.join(cells)} |" for cells in (head, marks, *rows)]


def verdicts(found: list[Compared], part: str) -> dict[tuple[str, str], str]:
    """Return the ratio of every comparison of a part, in words where it is not in our favour."""
    return {
        (each.what, each.peer): spread(each.ratios)
        + {"faster": "", "slower": " **slower**"}.get(each.verdict, f", {each.verdict}")
        for each in found
        if each.part == part
    }


def training(table: Table, found: list[Compared]) -> Lines:
    said, rows = verdicts(found, "training"), []
    for case in table.cases:
        for way in ("held", "scheduled"):
            both = [spread(cost(table, case, library, way)) for library in (OURS, TFMOT)]
            ratio = said[f"{way} masks in training, {case}", TFMOT]
            rows.append([f"{case}, {way}", *both, ratio, str(table.repetitions(case))])
        rows.append(
            [f"{case}, an idle callback", spread(cost(table, case, OURS, "idle")), *[""] * 3]
        )
    head = ["", "course_utils, × plain", "tfmot, × plain", "tfmot : course_utils", "repetitions"]
    return grid(head, rows)


def masks(table: Table, found: list[Compared]) -> Lines:
    said, rows = verdicts(found, "masks"), []
    for case in table.cases:
        what = f"masks of {float(case):,.0f} weights"
        copies = [
            spread(table.over(case, (OURS, way), (OURS, COPY))) for way in ("make_masks", SCORED)
        ]
        theirs = [said[what, "torch's `global_unstructured`"], said[what, "tfmot's rule"]]
        rows.append([f"{float(case):,.0f}", *copies, *theirs, str(table.repetitions(case))])
    head = [
        "weights", "masks, × a copy", "with scores, × a copy", "torch : course_utils",
        "tfmot : course_utils", "repetitions",
    ]  # fmt: skip
    lines = grid(head, rows)
    things = ((OURS, "make_masks"), (OURS, SCORED), (TORCH, GLOBAL), (TFMOT, RULE))
    peaks = [
        [f"{float(case):,.0f}", *(spread(memory(table, case, thing)) for thing in things)]
        for case in table.cases
        if float(case) >= LARGE
    ]
    if peaks and any(row["peak"] > "0" for row in table.rows):
        head = ["peak memory, × the weights", "masks", "with scores", "torch", "tfmot"]
        lines += ["", *grid(head, peaks)]
    return lines


def scan(table: Table, found: list[Compared]) -> Lines:
    said = verdicts(found, "scan")
    rows = [
        [
            case,
            spread(table.column(case, (OURS, "scan"))),
            *(said[f"a sensitivity scan of {case}", p] for p in PLAIN),
            str(table.repetitions(case)),
        ]
        for case in table.cases
    ]
    head = ["", "`search.sensitivity`, s", *(f"{p} : scan" for p in PLAIN), "repetitions"]
    return grid(head, rows)


PLAIN = ("a loop of `evaluate`", "a compiled loop")


def halving(table: Table, found: list[Compared]) -> Lines:
    said, rows, exact = verdicts(found, "halving"), [], []
    for case in table.cases:
        both = [(library, case) for library in (OURS, PRUNING)]
        left = [
            np.median(
                table.column(case, b, "parameters_left") / table.column(case, b, "parameters")
            )
            for b in both
        ]
        rows.append(
            [
                case,
                *(spread(table.column(case, thing)) for thing in both),
                said[f"halving {case}", PRUNING],
                *(spread(memory(table, case, thing)) for thing in both),
                str(table.repetitions(case)),
            ]
        )
        exact.append(
            [
                case,
                *(f"{share:.2%}" for share in left),
                *(f"{max(table.column(case, b, 'difference'), default=np.nan):.1e}" for b in both),
                *(spread(arrived(table, case, library), 2) for library, _ in both),
            ]
        )
    names = ("course_utils", PRUNING)
    head = ["", *(f"{name}, s" for name in names), f"{PRUNING} : course_utils"]
    head += [*(f"peak memory, × the network, {name}" for name in names), "repetitions"]
    more = ["", *(f"parameters left, {name}" for name in names)]
    more += [f"difference from zeros, {name}" for name in names]
    more += [f"share of the saved MACs that arrives as time, {name}" for name in names]
    return [*grid(head, rows), "", *grid(more, exact)]


def course(table: Table, found: list[Compared]) -> Lines:
    case, rows = table.cases[0], []
    for way in dict.fromkeys(row["way"] for row in table.rows):
        size = table.column(case, (OURS, way), "bytes") / 1e6
        rows.append([way, spread(table.column(case, (OURS, way))), spread(size)])
    return grid(["step", "seconds", "MB"], rows)


def lessons(rows: list[dict]) -> Lines:
    """Say what the lessons take, from the table that `make notebooks` writes."""
    seconds = {row["lesson"]: float(row["seconds"]) for row in rows}
    middle, longest = float(np.median([*seconds.values()])), max(seconds, key=seconds.get)
    return [
        f"The {len(seconds)} lessons, solved, take {number(sum(seconds.values()) / 60)} minutes in"
        f" all, half of them less than {number(middle)} seconds each, the longest,"
        f" `{longest}`, {number(seconds[longest])} seconds; `make notebooks` measures that"
        " ([seconds.csv](../notebooks/seconds.csv)).",
    ]


TABLES: dict[str, Callable[[Table, list[Compared]], Lines]] = {
    each.__name__: each for each in (training, masks, scan, halving, course)
}
