"""What does pruning cost while a network trains? Pruned over plain training, in one process.

python benchmarks/step_cost.py --pairs 15

Trains the article's CNN in short runs of 200 steps, plain and pruned in turn, and takes the ratio
of each pair; writes course_utils/lessons/results/step_cost.csv. Only the ratios are to be relied
on: they are taken within one run, of neighbours in time. "held" is a mask attached, "scheduled" is
PruneOnSchedule with Zhu and Gupta's schedule moving every 100 steps, all weights ranked anew, and
"idle" a callback that does nothing, which Keras charges for as well.
"""

import argparse
import csv
import statistics
import time

import numpy as np

from course_utils import criteria, masking, models, pruning, schedules
from course_utils.backend import keras
from course_utils.lessons import recorded

RESULTS = recorded.RESULTS / "step_cost.csv"
STEPS = 200
WAYS = ("plain", "idle", "held", "scheduled")


class Idle(keras.callbacks.Callback):
    """Do nothing, at every batch, as any callback of one's own."""

    def on_train_batch_begin(self, batch, logs=None):
        """Do nothing."""

    def on_train_batch_end(self, batch, logs=None):
        """Do nothing."""


def main() -> None:
    """Measure both batch sizes, print and write the medians of the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pairs", type=int, default=15)
    options = parser.parse_args()
    rows = [row for batch in (32, 128) for row in measured(batch, options.pairs)]
    with RESULTS.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def measured(batch: int, pairs: int) -> list[dict]:
    """Return a row for each way to train: the median ratio to plain training, and its spread."""
    rng = np.random.default_rng(0)
    x = rng.random((batch * STEPS, 28, 28, 1), dtype="float32")
    y = rng.integers(0, 10, len(x))
    trained = {way: network(way) for way in WAYS}
    seconds = {way: [] for way in WAYS}
    for number in range(pairs + 1):  # the first compiles, and is thrown away
        order = WAYS if number % 2 else WAYS[::-1]  # so that no way always comes first
        for way in order:
            seconds[way].append(timed(trained[way], way, x, y, batch))
    plain = seconds["plain"][1:]
    rows = []
    for way in WAYS[1:]:
        ratios = [mine / base for mine, base in zip(seconds[way][1:], plain, strict=True)]
        quarters = statistics.quantiles(ratios, n=4)
        rows.append(
            {
                "batch": batch,
                "way": way,
                "pairs": pairs,
                "ratio": round(quarters[1], 4),
                "lower_quartile": round(quarters[0], 4),
                "upper_quartile": round(quarters[2], 4),
                "plain_ms_per_step": round(1e3 * statistics.median(plain) / STEPS, 3),
            }
        )
        print(rows[-1], flush=True)
    return rows


def network(way: str) -> keras.Model:
    """Return the article's CNN, with a mask attached where one is only held."""
    model = models.article_cnn()
    if way == "held":
        scores = criteria.magnitude(pruning.weights(model))
        pruning.attach(model, masking.make_masks(scores, 0.8))
    return model


def timed(model: keras.Model, way: str, x: np.ndarray, y: np.ndarray, batch: int) -> float:
    """Train for STEPS steps and return the seconds."""
    # It goes on rising, however often the model has been trained.
    rising = schedules.polynomial(0.9, begin=0, end=100_000, every=100)
    ways = {"idle": [Idle()], "scheduled": [pruning.PruneOnSchedule(rising)]}
    callbacks = ways.get(way, [])
    start = time.perf_counter()
    model.fit(x, y, batch_size=batch, shuffle=False, verbose=0, callbacks=callbacks)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
