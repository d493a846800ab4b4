"""Half the width everywhere: how much of the MACs saved arrives as time saved?

python benchmarks/halved_widths.py --repetitions 9

Halves every width of the article's CNN and of LeNet-5, and times both sizes in turns, on one thread
and on two, with batches of 256 and of 1, in LiteRT and in Keras, with the kernels that TensorFlow
picks (on x86 processors oneDNN's). The share that arrives is (1 - t_half / t_full) /
(1 - MACs_half / MACs_full), with medians of many calls; each repetition is a row of
course_utils/lessons/results/halved_widths.csv. Rely on the shares, not on the milliseconds: both
sizes ran within the same seconds.
"""

import argparse
import csv
import itertools
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from course_utils import measuring, models, structure
from course_utils.backend import keras
from course_utils.extras import export, speed
from course_utils.lessons import recorded

RESULTS = recorded.RESULTS / "halved_widths.csv"
FIELDS = (
    "network", "runtime", "threads", "batch", "repetition",
    "macs_full", "macs_half", "ms_full", "ms_half", "share",
)  # fmt: skip
NETWORKS = {"article CNN": models.article_cnn, "LeNet-5": models.lenet5}
RUNTIMES = ("Keras", "LiteRT")
CALLS = {1: 300, 256: 40}  # in a repetition, by batch


def main() -> None:
    """Measure each runtime on each number of threads, and write all rows."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repetitions", type=int, default=9)
    options = parser.parse_args()
    ways = itertools.product(RUNTIMES, (1, 2))
    rows = [row for way in ways for row in apart(*way, options.repetitions)]
    with RESULTS.open("w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def apart(runtime: str, threads: int, repetitions: int) -> list[dict]:
    """Measure in a new process: TensorFlow reads the number of its threads once, at the start."""
    os.environ["TF_NUM_INTRAOP_THREADS"] = str(threads)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(measured, runtime, threads, repetitions).result()


def measured(
    runtime: str, threads: int, repetitions: int, calls: dict[int, int] = CALLS
) -> list[dict]:
    """Return a row for each network, batch and repetition."""
    rows = []
    for name, make in NETWORKS.items():
        sizes = {"full": make(), "half": structure.shrink(make(), 0.5)[0]}
        macs = {size: measuring.report(model).total.macs for size, model in sizes.items()}
        for batch, repeats in calls.items():
            both = timed_calls(runtime, sizes, batch, threads)
            for repetition in range(repetitions):
                found = speed.latency(both, repeats, seed=repetition)
                ms = {size: 1e3 * found[size].median for size in sizes}
                rows.append(row((name, runtime, threads, batch, repetition), macs, ms))
    return rows


def timed_calls(
    runtime: str, sizes: dict[str, keras.Model], batch: int, threads: int
) -> dict[str, speed.TimedCall]:
    """Return what is timed: both sizes of a network in one runtime, on the same batch."""
    x = np.random.default_rng(0).random((batch, 28, 28, 1), dtype="float32")
    if runtime != "LiteRT":
        return {size: speed.keras_call(model, x) for size, model in sizes.items()}
    files = {size: export.litert(model) for size, model in sizes.items()}
    return {size: speed.litert_call(data, x, threads) for size, data in files.items()}


def row(key: tuple, macs: dict[str, int], ms: dict[str, float]) -> dict:
    """Return one row of the table."""
    share = (1 - ms["half"] / ms["full"]) / (1 - macs["half"] / macs["full"])
    numbers = (round(ms["full"], 4), round(ms["half"], 4), round(share, 4))
    found = dict(zip(FIELDS, (*key, macs["full"], macs["half"], *numbers), strict=True))
    print(found, flush=True)
    return found


if __name__ == "__main__":
    main()
