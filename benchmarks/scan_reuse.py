"""What does a sensitivity scan save by keeping what did not change? Time beside a plain loop.

python benchmarks/scan_reuse.py [--vgg]

LeNet-5 on 10,000 images; with --vgg also VGG16 on 128 images of 48x48 (few, small ones: a pass of
VGG16 on one of 224x224 takes 15 billion MACs). Writes course_utils/lessons/results/scan_reuse.csv.
In one process, in turns, on the same masks, batches and numbers of right answers:

- "scan": search.sensitivity, with all that belongs to it: ranking, compiling, putting masks on;
- "loop": for every kernel and level, masks are put on and the whole model is evaluated by a
  function that is compiled once, before the clock starts;
- "evaluate": the usual loop of `model.evaluate`, once only, for LeNet-5 only.

VGG16 takes one round; compiling its 23 layers costs what a few passes cost, so that on far fewer
images less of the saving would arrive.

Only the ratios are to be relied on. `macs` is the ratio that reuse allows, counted; `time` the
ratio measured, the median over the rounds; `arrived` the share time / macs.
"""

import argparse
import csv
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

from course_utils import criteria, masking, models, pruning
from course_utils.backend import keras
from course_utils.backend import tensorflow as tf
from course_utils.extras import search
from course_utils.lessons import recorded

RESULTS = recorded.RESULTS / "scan_reuse.csv"
FIELDS = (
    "network", "images", "kernels", "levels", "rounds", "macs", "time", "lowest", "highest",
    "arrived", "evaluate", "kept_mb", "scan_seconds",
)  # fmt: skip
LEVELS = (0.5, 0.7, 0.8, 0.9, 0.95)


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--vgg", action="store_true", help="time VGG16 as well")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rows = [measured(models.lenet5(), images(10_000, (28, 28, 1)), 500, options.rounds)]
    if options.vgg:
        size = (48, 48, 3)
        vgg = keras.applications.VGG16(weights=None, input_shape=size, classes=10)
        rows.append(measured(vgg, images(128, size), 16, 1, (0.5, 0.7, 0.9), usual=False))
    write(rows, sys.stdout)
    if not options.vgg:
        print("Not recorded: the table has a row of VGG16 as well, with --vgg.")
        return
    with RESULTS.open("w", newline="") as file:
        write(rows, file)


def write(rows: list[dict], file: object) -> None:
    """Write rows as CSV."""
    writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def images(count: int, shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return noise and labels by chance: what is computed takes as long as for anything else."""
    rng = np.random.default_rng(0)
    return rng.random((count, *shape), dtype="float32"), rng.integers(0, 10, count)


def measured(
    model: keras.Model,
    data: tuple[np.ndarray, np.ndarray],
    size: int,
    rounds: int,
    levels: tuple[float, ...] = LEVELS,
    *,
    usual: bool = True,
) -> dict:
    """Return a row: the times of all ways, taken in turns, as ratios to the scan's."""
    ways = ways_of(model, data, size, levels)
    if not usual:
        del ways["evaluate"]
    seconds, found = {name: [] for name in ways}, {}
    for number in range(rounds + 1):
        for name in list(ways)[:: 1 if number % 2 else -1]:
            # Once is enough of what takes longest.
            if (name == "evaluate") == (number == 0):
                start = time.perf_counter()
                found[name] = ways[name]()
                seconds[name].append(time.perf_counter() - start)
    scan = found["scan"]
    for name in set(found) - {"scan"}:
        apart = [
            abs(scan.results[n][s] - v) for n in scan.results for s, v in found[name][n].items()
        ]
        assert max(apart) < 1e-6, "all ways must find the same accuracies"
    return row(model, scan, seconds)


def ways_of(model: keras.Model, data: tuple, size: int, levels: tuple) -> dict[str, Callable]:
    """Return the ways to scan, by name, each a function without arguments."""
    x, y = data
    compute = tf.function(lambda batch: model(batch, training=False))
    compute(tf.convert_to_tensor(x[:size]))  # compiled before the clock starts

    def evaluated() -> float:
        right = 0
        for start in range(0, len(x), size):
            outputs = compute(tf.convert_to_tensor(x[start : start + size])).numpy()
            right += int((outputs.argmax(axis=1) == y[start : start + size]).sum())
        return right / len(x)

    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return {
        "scan": lambda: search.sensitivity(model, x, y, levels, batch_size=size),
        "loop": lambda: looped(model, levels, evaluated),
        "evaluate": lambda: looped(
            model, levels, lambda: model.evaluate(x, y, batch_size=size, verbose=0)[1]
        ),
    }


def looped(model: keras.Model, levels: tuple, evaluated: Callable) -> dict[str, dict]:
    """Put every mask on, evaluate, and take it off again."""
    results: dict[str, dict] = {}
    for name, variable in pruning.kernels(model).items():
        W = pruning.weights(model, include=name)
        for level in levels:
            masks = masking.make_masks(criteria.magnitude(W), level, "layer")
            variable.assign(masking.apply(W, masks)[name])
            results.setdefault(name, {})[level] = evaluated()
        variable.assign(W[name])
    return results


def row(model: keras.Model, scan: search.Scan, seconds: dict[str, list[float]]) -> dict:
    """Return the ratios of a network as a row of the table."""
    base = seconds["scan"]
    ratios = [loop / mine for loop, mine in zip(seconds["loop"], base, strict=True)]
    numbers = {
        "macs": scan.saving,
        "time": statistics.median(ratios),
        "lowest": min(ratios),
        "highest": max(ratios),
        "arrived": statistics.median(ratios) / scan.saving,
        "kept_mb": scan.kept_bytes / 1e6,
        "scan_seconds": statistics.median(base),
    }
    if "evaluate" in seconds:
        numbers["evaluate"] = seconds["evaluate"][0] / statistics.median(base)
    levels = len(next(iter(scan.results.values())))
    rounded = {name: float(f"{value:.3g}") for name, value in numbers.items()}
    return {
        "network": model.name, "images": scan.examples, "kernels": len(scan.results),
        "levels": levels, "rounds": len(base), "evaluate": "", **rounded,
    }  # fmt: skip


if __name__ == "__main__":
    main()
