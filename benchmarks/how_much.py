"""How much can go: the procedure of notebook 06 with several seeds, and what luck adds to it.

python benchmarks/how_much.py --seeds 5

For each seed: LeNet-5, four epochs on 20,000 images of MNIST; then for each sparsity one pass more
with the mask held, and a dense control that trains one pass more as well. Writes two tables into
course_utils/lessons/results/: how_much.csv, one row for each seed and network, and
how_much_luck.csv: the sparsity chosen on random subsets of the test images, the loss of accuracy
seen on the subset, and that on all others. Seeds that the files hold already are not run again:
delete both to start anew. On two cores a seed takes about a minute.
"""

import by_seed
import numpy as np

from course_utils import criteria, masking, models, pruning
from course_utils.lessons import recorded
from course_utils.lessons.data import Dataset

RESULTS = recorded.RESULTS / "how_much.csv"
LUCK = recorded.RESULTS / "how_much_luck.csv"
FIELDS = ("seed", "network", "sparsity", "val_accuracy", "test_accuracy")
LUCK_FIELDS = ("seed", "images", "sparsity", "loss_seen", "loss_on_others")
IMAGES, BATCH, EPOCHS, VALIDATION = 20_000, 128, 4, 5_000
SPARSITIES = (0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.98)
TOLERANCE, SUBSETS, DRAWS = 0.005, (250, 1000, 4000), 1000


def main() -> None:
    """Run the seeds that are missing, and append the rows of each as soon as they are there."""
    options, data = by_seed.parser(__doc__, 5).parse_args(), by_seed.mnist()
    for seed in by_seed.missing(LUCK, options.seeds):  # it is written last
        rows, luck = one_seed(data.head(IMAGES), seed, EPOCHS)
        by_seed.append(RESULTS, FIELDS, rows)
        by_seed.append(LUCK, LUCK_FIELDS, luck)


def one_seed(data: Dataset, seed: int, epochs: int) -> tuple[list[dict], list[dict]]:
    """Train the dense network, prune and retrain it at each sparsity; return both tables' rows."""
    model = models.lenet5(seed=seed)
    model.fit(data.x_train, data.y_train, batch_size=BATCH, epochs=epochs, verbose=0)
    dense = model.get_weights()
    rows, right = [measured(model, data, seed, "dense", 0.0)], [answers(model, data)]
    for sparsity in (0.0, *SPARSITIES):
        model = retrained(dense, data, seed, sparsity)
        name = "pruned" if sparsity else "dense, longer"
        rows.append(measured(model, data, seed, name, sparsity))
        if sparsity:
            right.append(answers(model, data))
        print(rows[-1], flush=True)
    return rows, [luck(np.array(right), seed, n) for n in SUBSETS if n < len(data.y_test)]


def retrained(dense: list, data: Dataset, seed: int, sparsity: float):
    """Return the network pruned by global magnitude and trained on for one pass, mask held."""
    model = models.lenet5(seed=seed)
    model.set_weights(dense)
    if sparsity:
        scores = criteria.magnitude(pruning.weights(model))
        pruning.attach(model, masking.make_masks(scores, sparsity))
    model.fit(data.x_train, data.y_train, batch_size=BATCH, verbose=0)
    assert not any(pruning.regrown(model).values())
    return model


def measured(model, data: Dataset, seed: int, network: str, sparsity: float) -> dict:
    """Return one row; the test accuracy is reported, never chosen on, except in `luck`."""
    x, y = data.x_val[:VALIDATION], data.y_val[:VALIDATION]
    val = model.evaluate(x, y, batch_size=1000, verbose=0)[1]
    values = (seed, network, sparsity, round(val, 6), round(float(answers(model, data).mean()), 6))
    return dict(zip(FIELDS, values, strict=True))


def answers(model, data: Dataset) -> np.ndarray:
    """Return for each test image whether it is answered rightly."""
    return model.predict(data.x_test, batch_size=1000, verbose=0).argmax(1) == data.y_test


def luck(right: np.ndarray, seed: int, images: int) -> dict:
    """Choose on random subsets of the images; return the mean loss there, and on the others.

    `right` has a row for the dense network, then one for each sparsity.
    """
    rng = np.random.default_rng(seed)
    lost = right[0].astype(float) - right  # a row for each network, 1 where only dense was right
    draws = []
    for _ in range(DRAWS):
        order = rng.permutation(right.shape[1])
        seen = lost[:, order[:images]].mean(axis=1)
        held = int(np.cumprod(seen[1:] <= TOLERANCE).sum())  # so many in a row: 0 is dense
        others = lost[held, order[images:]].mean()
        draws.append(((0.0, *SPARSITIES)[held], seen[held], others))
    values = (round(float(value), 6) for value in np.mean(draws, axis=0))
    return dict(zip(LUCK_FIELDS, (seed, images, *values), strict=True))


if __name__ == "__main__":
    main()
