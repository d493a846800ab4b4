"""LeNet-5 with at most 150,000 MACs: filters and units removed in rounds, through public functions.

python benchmarks/structured_lenet5.py --seeds 5

Each round removes the channels with the least Taylor score per MAC, then trains for one epoch; the
budget falls by the same factor each round. Then the small network is trained on. "scratch" is a new
network of the very same widths, trained from random weights for as many epochs in all. Images are
shifted by up to one pixel in all but the last four epochs, as is usual on MNIST. The setting was
chosen on the validation images of seed 0; the test images are reported. Writes
course_utils/lessons/results/structured_lenet5.csv, one row a network; `seconds` depends on what
else the machine does. Seeds that the file holds already are not run again.
"""

import itertools
import time
from collections.abc import Callable

import by_seed
import numpy as np

from course_utils import measuring, models, structure
from course_utils.backend import keras
from course_utils.lessons import recorded
from course_utils.lessons.data import Dataset

RESULTS = recorded.RESULTS / "structured_lenet5.csv"
FIELDS = (
    "seed", "network", "conv1", "conv2", "fc1", "macs", "parameters",
    "val_error", "test_error", "seconds",
)  # fmt: skip
BUDGET, FIRST, ROUNDS, LAST = 150_000, 5, 8, 22  # MACs; epochs before, with and after removal
SHIFTS = list(itertools.product((-1, 0, 1), repeat=2))


def main() -> None:
    """Run the seeds that are missing, and append the rows of each as soon as they are there."""
    by_seed.run(__doc__, 5, RESULTS, FIELDS, measured)


def measured(data: Dataset, seed: int) -> list[dict]:
    """Prune and train with one seed, then train the same widths from scratch; return both rows."""
    start = time.perf_counter()
    small = pruned_lenet5(data, seed)
    middle = time.perf_counter()
    scratch = new_weights(small, seed)
    train(scratch, data, FIRST + ROUNDS + LAST, 0.002, seed)
    seconds = (middle - start, time.perf_counter() - middle)
    pairs = zip(("pruned", "scratch"), (small, scratch), seconds, strict=True)
    return [row(seed, name, model, data, took) for name, model, took in pairs]


def pruned_lenet5(data: Dataset, seed: int) -> keras.Model:
    """Return LeNet-5 with channels removed until its MACs are within the budget."""
    model = models.lenet5(seed=seed)
    train(model, data, FIRST, 0.001, seed, settle=0)
    model = in_rounds(
        model, data, BUDGET, lambda m, number: train(m, data, 1, 0.001, seed + number, settle=0)
    )
    train(model, data, LAST, 0.002, seed)
    return model


def in_rounds(
    model: keras.Model, data: Dataset, macs: int, train: Callable[[keras.Model, int], None]
) -> keras.Model:
    """Return a network of at most so many MACs; train(model, number of the round) follows each."""
    whole = measuring.report(model).total.macs
    for number in range(1, ROUNDS + 1):
        channels = structure.channel_groups(model)
        some = slice(2000 * number, 2000 * (number + 1))
        scores = structure.taylor(channels, data.x_train[some], data.y_train[some], batch_size=64)
        cost = structure.costs(channels).macs
        budget = whole * (macs / whole) ** (number / ROUNDS)
        masks = structure.within_budget(structure.per_cost(scores, cost), cost, budget)
        model, _ = structure.shrink(channels, masks=masks)
        train(model, number)
    return model


def train(
    model: keras.Model, data: Dataset, epochs: int, rate: float, seed: int, settle: int = 4
) -> None:
    """Train with Adam and a falling rate; images shift in all but the last `settle` epochs."""
    steps, rng = epochs * -(-len(data.x_train) // 64), np.random.default_rng(seed)
    falling = keras.optimizers.schedules.CosineDecay(rate, steps) if settle else rate
    model.compile(
        keras.optimizers.Adam(falling), "sparse_categorical_crossentropy",
        metrics=["accuracy"], steps_per_execution=20,
    )  # fmt: skip
    for epoch in range(epochs):
        x = data.x_train.copy()
        for part, shift in enumerate(rng.permutation(9) if epoch < epochs - settle else []):
            x[part::9] = np.roll(x[part::9], SHIFTS[shift], axis=(1, 2))
        model.fit(x, data.y_train, batch_size=64, verbose=0)


def new_weights(model: keras.Model, seed: int) -> keras.Model:
    """Return a network of the same widths with random weights."""
    keras.utils.set_random_seed(seed)
    return keras.models.clone_model(model)


def row(seed: int, name: str, model: keras.Model, data: Dataset, seconds: float) -> dict:
    """Return the row of one network."""
    val, test = (
        1 - model.evaluate(x, y, batch_size=1000, verbose=0)[1]
        for x, y in ((data.x_val, data.y_val), (data.x_test, data.y_test))
    )
    widths = [model.get_layer("conv1").filters, model.get_layer("conv2").filters]
    total = measuring.report(model).total
    values = (
        seed, name, *widths, model.get_layer("fc1").units, total.macs, total.parameters,
        round(val, 4), round(test, 4), round(seconds),
    )  # fmt: skip
    found = dict(zip(FIELDS, values, strict=True))
    print(found, flush=True)
    return found


if __name__ == "__main__":
    main()
