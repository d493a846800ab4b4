"""Time global masks over 25 million weights, against copying the weights and against torch.

python benchmarks/global_masks.py

Prints a table and, with torch, writes it to course_utils/lessons/results/global_masks.csv. Times
differ from machine to machine and from hour to hour: only the ratios are to be relied on. Each
round does all tasks in turn, and a ratio is the median over the rounds, with the lowest and
highest, of a task's time to that of the copy beside it. The copy and the masks both go into new
arrays; a copy into arrays that are there shows what getting the memory costs. It differs much from
process to process, and with it the ratios: 2 to 7 for the masks were seen.

torch is timed where it is installed: after `make peers`, run the script with
.venv-peers/torch/bin/python. A round takes a quarter of a second without torch, four with it.
"""

import argparse
import csv
import statistics
import sys
import time
from collections.abc import Callable
from typing import TextIO

import numpy as np

from course_utils import criteria
from course_utils.lessons import recorded
from course_utils.masking import make_masks

try:
    import torch
    from torch.nn.utils import prune
except ImportError:
    torch = None

RESULTS = recorded.RESULTS / "global_masks.csv"
FIELDS = ("task", "weights", "kernels", "rounds", "seconds", "ratio", "lowest", "highest")
WEIGHTS, SPARSITY = 25_000_000, 0.9
COPY = "copy the weights"
OTHER = "torch global_unstructured"


def main() -> None:
    """Measure, write the table and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    rows = measured(kernels(WEIGHTS), options.rounds)
    write(rows, sys.stdout)
    if torch is None:
        print("Not recorded: torch is not installed here. `make peers`, then see --help.")
        return
    with RESULTS.open("w", newline="") as file:
        write(rows, file)


def write(rows: list[dict], file: TextIO) -> None:
    """Write rows as CSV."""
    writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def kernels(total: int) -> dict[str, np.ndarray]:
    """Return float32 weights of `total` entries in 50 kernels, the last ones the largest.

    In a residual network of 50 layers, most of the 25 million weights are in a few kernels, too.
    """
    rng = np.random.default_rng(0)
    ends = (np.linspace(0, 1, 51) ** 3 * total).round().astype(int)
    sizes = np.diff(ends)
    return {
        f"layer{i}/kernel": rng.standard_normal(size, "float32") for i, size in enumerate(sizes)
    }


def measured(weights: dict[str, np.ndarray], rounds: int) -> list[dict]:
    """Return a row for each task, its times taken in turn with those of the others."""
    scores = criteria.magnitude(weights)
    todo = tasks(weights, scores)
    seconds = {task: [] for task in todo}
    for _ in range(rounds + 1):
        for task, (prepare, work) in todo.items():
            given = prepare()
            start = time.perf_counter()
            made = work(given)
            seconds[task].append(time.perf_counter() - start)
            del made, given
    counts = {"weights": sum(W.size for W in weights.values()), "kernels": len(weights)}
    # The first round meets cold memory and lazy imports; it does not count.
    return [row(task, times[1:], seconds[COPY][1:], counts) for task, times in seconds.items()]


def tasks(weights: dict, scores: dict) -> dict[str, tuple[Callable, Callable]]:
    """Return, by name, what is done before the clock starts and what is timed."""
    held = {name: np.ones_like(W) for name, W in weights.items()}
    made = {
        COPY: (lambda: weights, lambda given: {name: W.copy() for name, W in given.items()}),
        "copy into arrays that are there": (lambda: weights, lambda given: copy_into(held, given)),
        "make_masks": (lambda: scores, lambda given: make_masks(given, SPARSITY)),
        "magnitude and make_masks": (
            lambda: weights,
            lambda given: make_masks(criteria.magnitude(given), SPARSITY),
        ),
    }
    if torch is not None:
        made[OTHER] = (lambda: modules(weights), prune_with_torch)
    return made


def copy_into(held: dict, given: dict) -> None:
    """Copy arrays into others of the same names and shapes."""
    for name, W in given.items():
        np.copyto(held[name], W)


def modules(weights: dict) -> list[tuple]:
    """Return modules of torch that hold these weights, not yet pruned."""
    layers = [torch.nn.Module() for _ in weights]
    for layer, W in zip(layers, weights.values(), strict=True):
        layer.weight = torch.nn.Parameter(torch.from_numpy(W))
    return [(layer, "weight") for layer in layers]


def prune_with_torch(pairs: list[tuple]) -> None:
    """Prune globally by magnitude: it scores and ranks, makes the masks and applies them."""
    prune.global_unstructured(pairs, prune.L1Unstructured, amount=SPARSITY)


def row(task: str, times: list[float], copies: list[float], counts: dict) -> dict:
    """Return the medians of a task: of its seconds, and of its ratio to the copy beside it."""
    ratios = [time / copy for time, copy in zip(times, copies, strict=True)]
    numbers = {
        "seconds": statistics.median(times),
        "ratio": statistics.median(ratios),
        "lowest": min(ratios),
        "highest": max(ratios),
    }
    rounded = {name: float(f"{value:.3g}") for name, value in numbers.items()}
    return {"task": task, **counts, "rounds": len(times), **rounded}


if __name__ == "__main__":
    main()
