"""What a pruned network is worth on another task: trained on digits 0 to 4, moved to 5 to 9.

python benchmarks/transfer_pruned.py --seeds 5

For each seed: LeNet-5 on the digits 0 to 4, dense, and pruned gradually to 95 and 98 %. Then a new
last layer for the digits 5 to 9, and training on few examples of each, with these starts: from
scratch; dense, transferred; pruned, transferred with its mask; and dense, transferred, then pruned
on the few examples (as Molchanov et al. 2017, arXiv 1611.06440, do it). All make as many steps.
Nothing is chosen on the test images. Writes course_utils/lessons/results/transfer_pruned.csv, one
row for each seed, start and number of examples; seeds that the file holds already are not run
again. One seed takes about two minutes on one core.
"""

import by_seed
import numpy as np

from course_utils import masking, models, pruning, schedules
from course_utils.backend import keras
from course_utils.lessons import recorded
from course_utils.lessons.data import Dataset

RESULTS = recorded.RESULTS / "transfer_pruned.csv"
FIELDS = ("seed", "examples", "start", "sparsity", "source_error", "test_error")
EXAMPLES = (5, 20, 100)  # of each digit
SPARSITIES = (0.95, 0.98)
IMAGES, EPOCHS, STEPS = 12_000, 4, 120


def main() -> None:
    """Run the seeds that are missing, and append the rows of each as soon as they are there."""
    by_seed.run(__doc__, 5, RESULTS, FIELDS, one_seed)


def one_seed(data: Dataset, seed: int, epochs: int = EPOCHS, steps: int = STEPS) -> list[dict]:
    """Return the rows of one seed."""
    x, y = digits(data.x_train, data.y_train, 0)
    sources = {0.0: models.lenet5(classes=5, seed=seed)}
    for sparsity in (0.0, *SPARSITIES):
        model = sources.setdefault(sparsity, models.lenet5(classes=5, seed=seed))
        total = epochs * -(-len(x[:IMAGES]) // 128)
        cubic = schedules.polynomial(sparsity, begin=total // 10, end=total * 7 // 10, every=20)
        callbacks = [pruning.PruneOnSchedule(cubic)] if sparsity else []
        model.fit(
            x[:IMAGES], y[:IMAGES], batch_size=128, epochs=epochs, verbose=0, callbacks=callbacks
        )
    return [
        moved(start, sources, data, seed, examples, steps)
        for examples in EXAMPLES
        for start in ("scratch", "dense", *SPARSITIES, "pruned after")
    ]


def moved(start, sources: dict, data: Dataset, seed: int, examples: int, steps: int) -> dict:
    """Train on few examples of the digits 5 to 9 from one start; return its row."""
    x, y = few(data, examples, seed)
    source = sources[start if start in SPARSITIES else 0.0]
    model = models.lenet5(classes=5, seed=seed + 100)
    if start != "scratch":
        transfer(source, model)
    if start in SPARSITIES:
        masks = pruning.masks_from_zeros(model)
        pruning.attach(model, {name: mask for name, mask in masks.items() if "fc2" not in name})
    callbacks = []
    if start == "pruned after":
        cubic = schedules.polynomial(SPARSITIES[0], begin=0, end=steps * 6 // 10, every=5)
        callbacks = [pruning.PruneOnSchedule(cubic, exclude="fc2/*")]
    epochs = -(-steps // -(-len(x) // 32))
    model.fit(x, y, batch_size=32, epochs=epochs, verbose=0, callbacks=callbacks)
    return row(start, model, source, data, (seed, examples))


def few(data: Dataset, examples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return so many examples of each of the digits 5 to 9, other ones for each seed."""
    x, y = digits(data.x_train, data.y_train, 5)
    order = np.random.default_rng(seed).permutation(len(y))
    places = np.concatenate([order[y[order] == digit][:examples] for digit in range(5)])
    return x[places], y[places]


def digits(x: np.ndarray, y: np.ndarray, first: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the images of five digits, labelled 0 to 4."""
    taken = (y >= first) & (y < first + 5)
    return x[taken], y[taken] - first


def transfer(source: keras.Model, model: keras.Model) -> None:
    """Copy all layers but the last."""
    for one, other in zip(source.layers[:-1], model.layers[:-1], strict=True):
        other.set_weights(one.get_weights())


def row(start, model: keras.Model, source: keras.Model, data: Dataset, known: tuple) -> dict:
    """Return the row of one network; sparsity is that of all kernels but the last."""
    name = f"pruned {start:.0%}" if start in SPARSITIES else start
    share = masking.sparsity(pruning.weights(model, exclude="fc2/*"))
    errors = (
        round(1 - one.evaluate(*digits(data.x_test, data.y_test, first), 1000, verbose=0)[1], 4)
        for one, first in ((source, 0), (model, 5))
    )
    found = dict(zip(FIELDS, (*known, name, round(share, 4), *errors), strict=True))
    print(found, flush=True)
    return found


if __name__ == "__main__":
    main()
