"""Which networks of others can be pruned, how far, and why not: made from docs/src/models.csv.

`make zoo` writes that table, one row a network; see tests/zoo.
"""

from collections import Counter
from pathlib import Path

from notebook_editions import Lesson
from page_coverage import read_table

PARTS = {
    "applications": "keras.applications",
    "examples": "In the manner of keras.io's examples",
    "hub": "keras-hub",
}
OUTCOMES = {
    "exact": "smaller, and exact",
    "none": "nothing can go",
    "blind": "not to be judged",
    "refused": "refused, with a reason",
    "crash": "failed",
    "wrong": "wrong",
}
HEAD = "| network | parameters | masks | left at 50 % | verified | loads | why not more |"
LONGEST = 160  # letters of a reason

TOP = """# Which networks can be pruned

What becomes of {count} networks as others write them, with random weights: from
keras.applications, in the manner of keras.io's examples, and from keras-hub, whose backbones and
tasks are tried in small configurations. Made from [models.csv](src/models.csv) by `make pages`;
`make zoo` tries them anew, each in a process of its own.

Each network is pruned to 80 % zeros and trained a step: *held* says that the zeros stayed (and says
little where *nothing moved*: the step changed no kernel; *not by fit*: as it came, it takes no
targets made up for it there either, and the step was made by hand). Then it loses 30 % and 50 % of
the channels of every group from which some can go. What is left must compute what the original
computes with the others at zero, and two oracles judge that: `verify=True`, and one that shares no
code with the package. It numbers the weights, reads off the smaller network which of them it kept,
writes zeros over all others in the original, and runs that. *Twice* is by both. The smaller network
is trained a step, and its file loaded by a process that knows Keras alone, or the original's layers
as well. Where Keras cannot read the file, its answer is shown, *nor the original's graph* where it
reads that no better (only the class of the original tells what its layers do not): `save_weights`
is the way then.

*Left* are the parameters of the smaller network at 50 %, as a share, and without embeddings.
Tried with {versions}.
"""


def part(row: dict[str, str]) -> str:
    """Say to which part of the zoo a row belongs."""
    return row["network"].split("/")[0]


def outcome(row: dict[str, str]) -> str:
    """Say how a trial ended, by the worst of what it says.

    >>> row = {"built": "yes", "result_30": "exact", "result_50": "exact", "verify": "2e-07"}
    >>> outcome(row), outcome({**row, "verify": "wrong: 0.5"})
    ('exact', 'wrong')
    """
    columns = ("built", "masks", "result_30", "result_50", "verify", "loaded", "trained")
    said = {key: row.get(key, "") for key in columns}
    if any(value.startswith("wrong") for value in said.values()):
        return "wrong"
    for key in ("built", "result_50"):
        kind = said[key].split(":")[0]
        if kind in OUTCOMES:
            return kind
    return "crash"


def problems(folder: Path, lessons: list[Lesson]) -> list[str]:
    """Say which results are wrong: of these there must be none."""
    rows = read_table(folder / "models.csv")
    names = Counter(row["network"] for row in rows)
    found = [f"models.csv: {name} stands there twice." for name in names if names[name] > 1]
    return found + [f"models.csv: {r['network']} is wrong." for r in rows if outcome(r) == "wrong"]


def make(folder: Path, lessons: list[Lesson]) -> str:
    """Write the page."""
    rows = read_table(folder / "models.csv")
    versions = "; and with ".join(
        sorted({f"{row['versions']} on {row['machine']}" for row in rows})
    )
    lines = [TOP.format(count=len(rows), versions=versions), *_summary(rows)]
    for name, title in PARTS.items():
        mine = [row for row in rows if part(row) == name]
        if mine:
            lines += ["", f"## {title}", ""]
            lines += [
                "| network | parameters | masks | left at 50 % | verified | loads | why not more |"
            ]
            lines += ["|---|---|---|---|---|---|---|", *map(_row, mine)]
    return "\n".join(lines) + "\n"


def _summary(rows: list[dict[str, str]]) -> list[str]:
    lines = [f"| | networks | masks held | {' | '.join(OUTCOMES.values())} | loads |"]
    lines += ["|---" * (4 + len(OUTCOMES)) + "|"]
    for name, title in PARTS.items():
        mine = [row for row in rows if part(row) == name]
        held = sum(row["masks"].startswith("held") for row in mine)
        ends = Counter(map(outcome, mine))
        loads = sum(row["loaded"].startswith(("yes", "with")) for row in mine)
        cells = (title, len(mine), held, *(ends[key] for key in OUTCOMES), loads)
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


def _row(row: dict[str, str]) -> str:
    end, name = outcome(row), row["network"].split("/")[1]
    left = f"{float(row['left_50']):.0%}" if row["left_50"] else OUTCOMES[end]
    if row["outside_50"] and row["outside_50"] != row["left_50"]:
        left += f" ({float(row['outside_50']):.0%})"
    reason = row["why"]
    for key in ("verify", "result_50", "built"):
        if row[key].startswith(("refused", "crash", "wrong")):
            reason = row[key]
    both = [one for one in (row["own_50"], row["verify"]) if one[:1].isdigit()]
    checked = {0: "", 1: "once", 2: "twice"}[len(both)]
    cells = (name, f"{int(row['parameters'] or 0):,}", _short(row["masks"]), left, checked)
    return f"| {' | '.join([*cells, _short(row['loaded']), _short(reason)])} |"


def _short(text: str) -> str:
    text = text if len(text) <= LONGEST else text[: text.rfind(" ", 0, LONGEST)] + " …"
    return text.replace("|", r"\|").replace("<", "&lt;").replace("*", r"\*")
