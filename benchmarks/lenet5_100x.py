"""LeNet-5 with a hundredth of its weights, in one run of 15 epochs, through public functions only.

python benchmarks/lenet5_100x.py --seeds 3

Gradual global magnitude pruning to 99 % (Zhu and Gupta's schedule), images shifted by up to one
pixel in all but the last four epochs, as is usual on MNIST. The setting was chosen on the
validation images; the test images are reported. Writes
course_utils/lessons/results/lenet5_100x.csv, one row a seed; `seconds` depends on what else the
machine does. Seeds that the file holds already are not run again.
"""

import itertools
import time

import by_seed
import numpy as np

from course_utils import masking, models, pruning, schedules
from course_utils.backend import keras
from course_utils.lessons import recorded
from course_utils.lessons.data import Dataset

RESULTS = recorded.RESULTS / "lenet5_100x.csv"
FIELDS = ("seed", "sparsity", "val_error", "test_error", "seconds")


def main() -> None:
    """Run the seeds that are missing, and append the row of each as soon as it is there."""
    by_seed.run(__doc__, 3, RESULTS, FIELDS, lambda data, seed: [measured(data, seed)])


def measured(data: Dataset, seed: int) -> dict:
    """Train and prune with one seed; return its row."""
    start = time.perf_counter()
    model = pruned_lenet5(data, seed)
    seconds = time.perf_counter() - start
    val, test = (
        1 - model.evaluate(x, y, batch_size=1000, verbose=0)[1]
        for x, y in ((data.x_val, data.y_val), (data.x_test, data.y_test))
    )
    share = masking.sparsity(pruning.weights(model))
    row = dict(
        zip(
            FIELDS,
            (seed, round(share, 6), round(val, 4), round(test, 4), round(seconds)),
            strict=True,
        )
    )
    print(row, flush=True)
    return row


def pruned_lenet5(data: Dataset, seed: int) -> keras.Model:
    """Return LeNet-5, trained for 15 epochs and pruned to 99 % on the way: in 15 lines."""
    model, rng = models.lenet5(seed=seed), np.random.default_rng(seed)
    shifts = list(itertools.product((-1, 0, 1), repeat=2))
    steps = 15 * -(-len(data.x_train) // 64)
    rate = keras.optimizers.schedules.CosineDecay(0.002, steps)
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    cubic = schedules.polynomial(0.99, begin=steps // 20, end=steps * 11 // 20, every=100)
    pruner = pruning.PruneOnSchedule(cubic)
    for epoch in range(15):
        x = data.x_train.copy()
        for part, shift in enumerate(rng.permutation(9) if epoch < 11 else []):
            x[part::9] = np.roll(x[part::9], shifts[shift], axis=(1, 2))
        model.fit(x, data.y_train, batch_size=64, verbose=0, callbacks=[pruner])
    return model


if __name__ == "__main__":
    main()
