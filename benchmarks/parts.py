"""What `make bench` measures: the parts, their cases, and how often each is repeated.

A part has cases, and a case repetitions. A repetition asks every library for everything once, in a
new order, and gives a row for each answer. Standard library only.
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import turns

COMMON = (
    "date", "machine", "cores", "python", "numpy", "tensorflow", "keras", "peer", "seed",
    "case", "repetition", "library", "way", "seconds",
)  # fmt: skip
QUICK, SHORT, FULL = MODES = ("quick", "short", "full")
OURS, TFMOT, TORCH, PRUNING = "course_utils", "tfmot", "torch", "Torch-Pruning"
EVERY = "*"  # a way that is named after the case


class Case(NamedTuple):
    """What is asked, and how long: so many repetitions, or those that fit into the seconds."""

    name: str
    question: dict
    repetitions: int
    seconds: float


class Part(NamedTuple):
    """A result file: its own fields, who is asked for what, and the cases of every mode."""

    name: str
    own: tuple[str, ...]
    scripts: dict[str, tuple[str, str]]  # library: (environment, script)
    ways: tuple[tuple[str, str], ...]  # (library, way)
    cases: dict[str, list[Case]]
    fresh: bool = False  # every answer comes from a new process, and needs no warm-up
    steps: bool = False  # the ways follow on one another, and need no warm-up

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns of the result file."""
        return (*COMMON, *self.own)

    @contextlib.contextmanager
    def session(self, case: Case, log: Path) -> Iterator[Callable[[int], list[dict]]]:
        """Give a function that does one repetition; what it started ends with the session."""
        if self.fresh:
            yield lambda number: self.apart(case, number, log)
            return
        with contextlib.ExitStack() as stack:
            workers = {
                library: stack.enter_context(turns.Worker(environment, script, log))
                for library, (environment, script) in self.scripts.items()
            }
            if not self.steps:
                self.asked(workers, case, -1)  # it compiles and meets cold memory: not counted
            yield lambda number: self.asked(workers, case, number)

    def asked(self, workers: dict[str, turns.Worker], case: Case, number: int) -> list[dict]:
        """Ask for everything once; the number of the repetition is the seed of its order."""
        ways = [*self.wanted(case)]
        if not self.steps:
            ways = turns.shuffled(ways, number)
        return [row(workers[library], library, way, case, number) for library, way in ways]

    def apart(self, case: Case, number: int, log: Path) -> list[dict]:
        """Ask for everything once, each in a new process; who comes first changes."""
        ways, rows = [*self.wanted(case)], []
        for library, way in ways if number % 2 == 0 else ways[::-1]:
            with turns.Worker(*self.scripts[library], log) as worker:
                rows.append(row(worker, library, way, case, number))
        return rows

    def wanted(self, case: Case) -> Iterator[tuple[str, str]]:
        for library, way in self.ways:
            yield library, case.name if way == EVERY else way


def row(worker: turns.Worker, library: str, way: str, case: Case, number: int) -> dict:
    """Ask one worker and return its answer as a row."""
    seed = max(number, 0)
    question = {**case.question}
    if "verify" in question:  # exactness is no matter of time: once is enough
        question["verify"] = question["verify"] and number == 0
    found = worker.ask(way=way, seed=seed, **question)
    known = {"peer": worker.peer, "seed": seed, "case": case.name, "repetition": number}
    return {**known, "library": library, "way": way, **found}


def training(batch: int, steps: int, repetitions: int, seconds: float) -> Case:
    return Case(f"batch {batch}", {"batch": batch, "steps": steps}, repetitions, seconds)


def masks(weights: float, repetitions: int, seconds: float) -> Case:
    return Case(f"{weights:.3g}", {"weights": int(weights)}, repetitions, seconds)


def halving(network: str, repetitions: int, seconds: float, batch: int = 1, calls: int = 5) -> Case:
    question = {"verify": True, "batch": batch, "calls": calls}
    return Case(network, question, repetitions, seconds)


COSTS = (
    "peak", "bytes", "parameters", "parameters_left", "macs", "macs_left", "seconds_full",
    "seconds_half", "difference",
)  # fmt: skip
NETWORKS = {"ResNet50": 50, "VGG16": 75, "MobileNetV2": 35, "DenseNet121": 60}  # seconds
PARTS = (
    Part(
        "training",
        (),
        {OURS: ("", "step_cost.py"), TFMOT: ("tfmot", "step_cost_tfmot.py")},
        (
            *((OURS, way) for way in ("plain", "idle", "held", "scheduled")),
            *((TFMOT, way) for way in ("plain", "held", "scheduled")),
        ),
        {
            QUICK: [training(32, 10, 2, 5)],
            SHORT: [training(32, 100, 15, 65), training(128, 100, 15, 100)],
            FULL: [training(32, 100, 120, 600), training(128, 100, 120, 1200)],
        },
    ),
    Part(
        "masks",
        ("peak", "bytes"),
        {
            OURS: ("", "global_masks.py"),
            TFMOT: ("tfmot", "global_masks.py"),
            TORCH: ("torch", "global_masks.py"),
        },
        (
            *((OURS, way) for way in ("copy", "make_masks", "magnitude and make_masks")),
            *((TFMOT, way) for way in ("copy", "threshold in each kernel")),
            *((TORCH, way) for way in ("copy", "global_unstructured")),
        ),
        {
            QUICK: [masks(1e5, 2, 5), masks(1e6, 2, 5)],
            SHORT: [
                *(masks(weights, 15, 8) for weights in (1e5, 1e6)),
                *(masks(1e7, 9, 15), masks(2.5e7, 7, 30), masks(1e8, 3, 30)),
            ],
            FULL: [
                *(masks(weights, 50, 60) for weights in (1e5, 3e5, 1e6, 3e6)),
                *(masks(1e7, 30, 120), masks(2.5e7, 25, 300), masks(1e8, 15, 600)),
            ],
        },
    ),
    Part(
        "scan",
        ("evaluations",),
        {OURS: ("", "scan_loop.py")},
        tuple((OURS, way) for way in ("scan", "loop", "evaluate")),
        {
            QUICK: [Case("LeNet-5", {"images": 256}, 2, 5)],
            SHORT: [Case("LeNet-5", {"images": 2_000}, 7, 60)],
            FULL: [Case("LeNet-5", {"images": 2_000}, 60, 600)],
        },
    ),
    Part(
        "halving",
        COSTS,
        {OURS: ("", "shrink_cost.py"), PRUNING: ("torch", "shrink_cost_torch.py")},
        ((OURS, EVERY), (PRUNING, EVERY)),
        {
            QUICK: [halving("MobileNetV2", 1, 5, calls=1)],
            SHORT: [halving(network, 3, seconds) for network, seconds in NETWORKS.items()],
            FULL: [halving(network, 15, 600, calls=15) for network in NETWORKS],
        },
        fresh=True,
    ),
    Part(
        "course",
        ("bytes",),
        {OURS: ("", "course_start.py")},
        tuple((OURS, way) for way in ("clone", "environment", "lab")),
        {
            QUICK: [Case("from nothing", {}, 1, 5)],
            SHORT: [Case("from nothing", {}, 1, 60)],
            FULL: [Case("from nothing", {}, 3, 900)],
        },
        steps=True,
    ),
)
