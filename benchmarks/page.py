"""Make benchmarks/README.md, its figures, and the block on the front page, from the result files.

python benchmarks/page.py                       writes them
python benchmarks/page.py --results DIR --to DIR   of other result files, elsewhere

Nothing on the page is typed by hand: tests/test_benchmarks.py makes it again and compares. A ratio
that is worse than the peer's is shown as such.
"""

import argparse
import io
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import turns
from bench import RESULTS, read
from comparing import Compared, Table, compared, spread
from frontier import PANELS, Point, ours, published
from page_figures import FIGURES, frontier
from page_tables import TABLES, grid, lessons
from parts import COMMON, FULL, PARTS, SHORT

from course_utils.lessons import plots

FRONT = turns.ROOT / "README.md"
MARKS = ("<!-- benchmarks: made by python benchmarks/page.py -->", "<!-- end of benchmarks -->")
STRONGEST = 3
TOP = """# Beside other libraries, and the records

Made from the files in [results](results) and
[published.csv](../course_utils/lessons/results/published.csv) by
`python benchmarks/page.py`; `make bench` measures anew. Every library is asked in turns, in a
process of its own, and a ratio is of two times that were taken within one repetition. Numbers are
medians, with quartiles in brackets; A : B says how many times as long A takes as B. Below 1 the
other library is faster; where both quartiles are, or the only run is, the course is marked
**slower**. A single run in its favour is named as such, and is no win.
"""


def asked(part: str, what: str) -> str:
    """Say what the short run asks for, and the full one where that is more."""
    (cases,) = (each.cases for each in PARTS if each.name == part)
    short, full = (cases[mode][0].question[what] for mode in (SHORT, FULL))
    return f"{short:,}" + (f" (`make bench-full`: {full:,})" if full != short else "")


PARTS_SAY = {
    "training": (
        "Pruned and plain training",
        f"The article's CNN, {asked('training', 'steps')} steps a run. *Held* is a mask attached,"
        " *scheduled* a cubic schedule that ranks all weights anew every 100 steps; tfmot's are in"
        " Keras 2. Each is a multiple of plain training in the same Keras, and the ratio is of"
        " these two multiples.",
    ),
    "masks": (
        "Global masks",
        "Random weights in 50 kernels, 90 % go. × a copy: as a multiple of copying the weights. The"
        " ratios take the course's time with scores."
        " torch's function applies the masks as well; tfmot cuts each kernel alone. Memory is what"
        " the process takes beyond what it had before there were weights, these included.",
    ),
    "scan": (
        "A sensitivity scan",
        f"Four kernels, five levels and the whole network, {asked('scan', 'images')} images; all"
        " three find the same accuracies, or nothing is written. Each compiles its own function,"
        " within the clock.",
    ),
    "halving": (
        "Half of every width",
        "Networks of keras.applications at 224 pixels, and twins of as many parameters in plain"
        " torch, weights at random; each time in a new process. The difference is the largest of"
        " the small network from the large one with zeros in the removed channels, as a share of"
        " the largest output.",
    ),
    "course": (
        "From nothing to a lab that answers",
        "A clone, its environment with empty caches, and JupyterLab until it answers.",
    ),
}


def main(arguments: list[str] | None = None) -> None:
    """Write everything that differs from what is there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--to", type=Path, default=turns.HERE)
    options = parser.parse_args(arguments)
    files = made(options.results)
    if options.to == turns.HERE:
        files[f"../{FRONT.name}"] = front_page(options.results)
    for name, content in files.items():
        path = options.to / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
            print(f"{name}: written", file=sys.stderr)


def made(results: Path) -> dict[str, bytes]:
    """Return the page and its figures, by their names."""
    tables = tables_of(results)
    found = [*compared(tables)]
    files = {
        f"figures/{name}.svg": svg(lambda name=name: FIGURES[name](tables[name]))
        for name in FIGURES
        if tables[name]
    }
    files["figures/frontier.svg"] = svg(lambda: frontier(published(), ours()))
    lines = [TOP]
    for part in PARTS:
        title, text = PARTS_SAY[part.name]
        lines += [f"## {title}", "", text, ""]
        lines += section(part.name, tables[part.name], found)
    lines += ["## Error against size on MNIST", "", *records()]
    files["README.md"] = ("\n".join(lines).rstrip() + "\n").encode()
    return files


def tables_of(results: Path) -> dict[str, Table]:
    return {part.name: Table(results / f"{part.name}.csv") for part in PARTS}


def section(name: str, table: Table, found: list[Compared]) -> list[str]:
    if table:
        lines = [*TABLES[name](table, found), "", f"![{PARTS_SAY[name][0]}](figures/{name}.svg)"]
        lines += ["", f"[results/{name}.csv](results/{name}.csv): {origin(table)}", ""]
    else:
        lines = ["Not measured yet.", ""]
    if name == "course":
        lines += [*lessons(read(turns.ROOT / "notebooks" / "seconds.csv")), ""]
    return lines


def origin(table: Table) -> str:
    """Say on what machine, when and with which versions a result file was made."""
    said = {key: list(dict.fromkeys(row[key] for row in table.rows if row[key])) for key in COMMON}
    versions = [
        f"{name} {', '.join(said[name.lower()])}"
        for name in ("Python", "NumPy", "TensorFlow", "Keras")
    ]
    days = sorted(said["date"])
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    machine = f"{', '.join(said['machine'])}, {', '.join(said['cores'])} cores"
    return f"{machine}; {when}; {', '.join([*versions, *said['peer']])}."


def records() -> list[str]:
    """Return the figure of the frontier, and the tables behind it."""
    mine = [
        [
            PANELS[p.record][0],
            f"{p.size:,.0f} {PANELS[p.record][2]}",
            f"{p.error:.2f} ± {p.sd:.2f} %" if p.seeds > 1 else f"{p.error:.2f} %",
            str(p.seeds),
            f"[{p.name}](../course_utils/lessons/results/{table_of(p)}.csv)",
        ]
        for p in ours()
    ]
    theirs = [
        [
            PANELS[p.record][0],
            p.name,
            f"{p.size:,.1f}".removesuffix(".0"),
            PANELS[p.record][2],
            f"{p.error:g} %",
            p.source,
            p.read_in + (f" ({p.note})" if p.note else ""),
        ]
        for p in published()
    ]
    return [
        "![Test error over size: published points and this course's](figures/frontier.svg)",
        "",
        "The course's, chosen on validation images, never on test images; mean and sd of seeds:",
        "",
        *grid(["network", "size", "test error", "seeds", "recorded in"], mine),
        "",
        "What others have published, each number as read in the place named last"
        " ([published.csv](../course_utils/lessons/results/published.csv)). Many are single runs,"
        " and reference networks differ a little:",
        "",
        *grid(["network", "method", "size", "of what", "test error", "source", "read in"], theirs),
    ]


def table_of(point: Point) -> str:
    old = ("lenet5_100x", "structured_lenet5", "few_kilobytes")
    return point.name if point.name in old else "records"


def front_page(results: Path) -> bytes:
    """Return the README with the block between its marks made anew."""
    text = FRONT.read_text("utf-8")
    before, rest = text.split(MARKS[0])
    _, after = rest.split(MARKS[1])
    return f"{before}{MARKS[0]}\n{block(results)}{MARKS[1]}{after}".encode()


def block(results: Path) -> str:
    """Return what the front page shows: the strongest ratios, how many are worse, the frontier."""
    found = [*compared(tables_of(results))]
    lines = []
    if best := strongest(found):
        lines += ["Beside other libraries, on one machine and in turns:", ""]
        lines += [
            f"- {each.what}: {spread(each.ratios)} times as fast as {each.peer}" for each in best
        ]
        lines += ["", "Each is the case of its kind that favours us least.", ""]
    if found:
        slower = sum(each.verdict == "slower" for each in found)
        lines += [
            f"In {slower} of all {len(found)} comparisons the other is faster:"
            " [all of them](benchmarks/README.md), with the machine and every run. `make bench`"
            " measures them on yours.",
            "",
        ]
    lines += [
        "![Test error on MNIST over the size of LeNets: published points and this course's]"
        "(benchmarks/figures/frontier.svg)",
        "",
        "*LeNets on MNIST: error against size, beside"
        " [what others have published](benchmarks/README.md).*",
    ]
    return "\n".join(lines) + "\n"


def strongest(found: list[Compared]) -> list[Compared]:
    """Return the largest ratios; of each part and peer the least favourable case stands for all."""
    least: dict[tuple[str, str], Compared] = {}
    for each in sorted(found, key=lambda each: -each.median):
        least[each.part, each.peer] = each
    faster = [each for each in least.values() if each.verdict == "faster"]
    return sorted(faster, key=lambda each: -each.median)[:STRONGEST]


def svg(draw) -> bytes:
    """Return a figure as SVG; the same figure gives the same bytes."""
    with plt.rc_context():
        plots.use_style()
        plt.rcParams["svg.hashsalt"] = "benchmarks"
        fig, file = draw(), io.BytesIO()
        fig.savefig(file, format="svg", metadata={"Date": None}, facecolor="white")
        plt.close(fig)
    return file.getvalue()


if __name__ == "__main__":
    main()
