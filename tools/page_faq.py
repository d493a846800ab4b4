"""Questions and answers: docs/src/faq.md, its figures computed from the recorded results.

In the source, `{name}` is a figure of FIGURES, and `[[05: Part 2: hold the mask]]` a link to that
heading of lesson 05. No measured number is typed by hand.
"""

import csv
import re
from collections.abc import Callable
from pathlib import Path
from statistics import mean, median, quantiles, stdev

from notebook_editions import Lesson
from page_coverage import Place, headings_of

from course_utils.lessons import recorded

TIMED = Path(__file__).parents[1] / "benchmarks" / "results"
FIGURE = re.compile(r"\{(\w+)\}")
LINK = re.compile(r"\[\[(\d\d): ([^\]]+)\]\]")
MADE = "<!-- Made from docs/src/faq.md and the recorded results: make pages. -->\n\n"


def values(table: str, value: str, **wanted: object) -> list[float]:
    """List one column of the rows of a recorded table that have the wanted entries.

    >>> len(values("how_much", "val_accuracy", network="pruned", sparsity=0.9))
    5
    """
    rows = recorded.rows(table)
    return [row[value] for row in rows if all(row[key] == wish for key, wish in wanted.items())]


def percent(numbers: list[float], digits: int = 1) -> str:
    """Write mean and standard deviation of shares in percent."""
    return f"{100 * mean(numbers):.{digits}f} ± {100 * stdev(numbers):.{digits}f} %"


def _how_much(network: str, sparsity: float) -> str:
    return percent(values("how_much", "test_accuracy", network=network, sparsity=sparsity))


def _retrained(network: str, value: str, digits: int = 1) -> str:
    return percent([run[-1] for run in recorded.by_run("mnist_retrain", value)[network]], digits)


def _criterion(network: str, value: str, sparsity: float) -> str:
    return percent(values("criteria_compared", value, network=network, sparsity=sparsity))


def _forgot(network: str, sparsity: float, value: str = "test_accuracy") -> str:
    return percent(values("what_it_forgot", value, network=network, sparsity=sparsity))


def _arrives(runtime: str, batch: int) -> str:
    wanted = {"network": "LeNet-5", "runtime": runtime, "batch": batch, "threads": 1}
    return f"{100 * median(values('halved_widths', 'share', **wanted)):.0f} %"


def timed(part: str, way: str, case: str) -> list[float]:
    """List the seconds that `make bench` found, of the course's own side, by repetition."""
    with (TIMED / f"{part}.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["library"] == "course_utils"]
    wanted = [row for row in rows if (row["way"], row["case"]) == (way, case)]
    return [float(row["seconds"]) for row in sorted(wanted, key=lambda r: int(r["repetition"]))]


def step_cost(way: str) -> list[float]:
    """List how many times as long training takes as plain training beside it, batches of 128."""
    pairs = zip(*(timed("training", each, "batch 128") for each in (way, "plain")), strict=True)
    return [seconds / plain for seconds, plain in pairs]


def _step(way: str) -> str:
    return f"{median(step_cost(way)):.2f}"


def _macs_halved() -> str:
    full = values("halved_widths", "macs_full", network="LeNet-5")[0]
    return f"{100 * values('halved_widths', 'macs_half', network='LeNet-5')[0] / full:.0f} %"


def _break_even(index_bits: int) -> str:
    """Find the density below which values with their indices take less room than all values."""
    return f"{100 * 32 / (32 + index_bits):.0f} %"


def _idle_quartiles() -> str:
    low, _, high = quantiles(step_cost("idle"), n=4, method="inclusive")
    return f"{low:.2f} to {high:.2f}"


def _ranking_seconds() -> str:
    return f"{median(timed('masks', 'magnitude and make_masks', '2.5e+07')):.2f} s"


def _chosen(tolerance: float = 0.005) -> list[float]:
    """Choose a sparsity for each seed by lesson 06's procedure, on validation data."""
    chosen = []
    for seed in sorted(set(values("how_much", "seed"))):
        (dense,) = values("how_much", "val_accuracy", seed=seed, network="dense")
        passed = [0.0]
        for sparsity in sorted(values("how_much", "sparsity", seed=seed, network="pruned")):
            wanted = {"seed": seed, "network": "pruned", "sparsity": sparsity}
            if values("how_much", "val_accuracy", **wanted)[0] < dense - tolerance:
                break
            passed.append(sparsity)
        chosen.append(passed[-1])
    return chosen


FIGURES: dict[str, Callable[[], str]] = {
    "dense": lambda: _how_much("dense", 0.0),
    "longer": lambda: _how_much("dense, longer", 0.0),
    "at_80": lambda: _how_much("pruned", 0.8),
    "at_90": lambda: _how_much("pruned", 0.9),
    "at_95": lambda: _how_much("pruned", 0.95),
    "at_98": lambda: _how_much("pruned", 0.98),
    "chosen": lambda: ", ".join(f"{100 * s:.0f} %" for s in _chosen()),
    "article_zeros": lambda: _retrained("article", "sparsity"),
    "held_zeros": lambda: _retrained("masked", "sparsity"),
    "held_test": lambda: _retrained("masked", "test_accuracy", 2),
    "longer_test": lambda: _retrained("dense, longer", "test_accuracy", 2),
    "random_test": lambda: _retrained("random mask", "test_accuracy", 2),
    "forgot_dense": lambda: _forgot("dense, longer", 0.0),
    "forgot_90": lambda: _forgot("pruned", 0.9),
    "forgot_98": lambda: _forgot("pruned", 0.98),
    "seven_dense": lambda: _forgot("dense, longer", 0.0, "error 7"),
    "seven_98": lambda: _forgot("pruned", 0.98, "error 7"),
    "zero_dense": lambda: _forgot("dense, longer", 0.0, "error 0"),
    "zero_98": lambda: _forgot("pruned", 0.98, "error 0"),
    "step_held": lambda: _step("held"),
    "step_scheduled": lambda: _step("scheduled"),
    "step_idle": _idle_quartiles,
    "ranking": _ranking_seconds,
    "macs_halved": _macs_halved,
    "arrives_lite": lambda: _arrives("LiteRT", 256),
    "arrives_keras": lambda: _arrives("Keras", 256),
    "arrives_keras_one": lambda: _arrives("Keras", 1),
    "index_16": lambda: _break_even(16),
    "index_32": lambda: _break_even(32),
    "size_right_after": lambda: _criterion("magnitude", "pruned", 0.95),
    "size_retrained": lambda: _criterion("magnitude", "retrained", 0.95),
    "taylor_retrained": lambda: _criterion("Taylor", "retrained", 0.95),
    "lamp_retrained": lambda: _criterion("LAMP", "retrained", 0.95),
    "random_retrained": lambda: _criterion("random", "retrained", 0.95),
    "structured": lambda: percent(values("structured_lenet5", "test_error", network="pruned"), 2),
    "scratch": lambda: percent(values("structured_lenet5", "test_error", network="scratch"), 2),
}


def headings(lessons: list[Lesson]) -> dict[tuple[str, str], Place]:
    """Collect every heading of the lessons: {("05", "Part 2: hold the mask"): Place, …}."""
    found = {}
    for lesson in lessons:
        for cell in lesson.cells:
            for heading in headings_of(cell):
                place = Place(lesson.stem, lesson.title, heading)
                found[lesson.stem.split("_")[0], heading] = place
    return found


def problems(folder: Path, lessons: list[Lesson]) -> list[str]:
    """Say which figures and headings the page names in vain, and which figures it does not use."""
    text = (folder / "faq.md").read_text("utf-8")
    named, there = set(FIGURE.findall(text)), headings(lessons)
    found = [f"faq.md: there is no figure {name!r}." for name in sorted(named - set(FIGURES))]
    found += [f"faq.md does not use the figure {name!r}." for name in sorted(set(FIGURES) - named)]
    missing = sorted(set(LINK.findall(text)) - set(there))
    return found + [f"faq.md: lesson {n} has no heading {heading!r}." for n, heading in missing]


def make(folder: Path, lessons: list[Lesson]) -> str:
    """Write the page: figures computed, links made."""
    there = headings(lessons)

    def link(match: re.Match) -> str:
        place = there.get(match.groups())
        return place.link() if place else match[0]

    def figure(match: re.Match) -> str:
        return FIGURES[match[1]]() if match[1] in FIGURES else match[0]

    text = (folder / "faq.md").read_text("utf-8")
    return MADE + LINK.sub(link, FIGURE.sub(figure, text))
