"""Prune and retrain the article's CNN on MNIST, several seeds, with controls; notebook 05 plots it.

python benchmarks/mnist_retrain.py --seeds 5

Writes course_utils/lessons/results/mnist_retrain.csv, one row for each seed, network and epoch.
Seeds that the file holds already are not run again: delete it to start anew. On two cores a seed
takes about six minutes.
"""

import math

import by_seed

from course_utils import criteria, masking, models, pruning
from course_utils.lessons import recorded
from course_utils.lessons.data import Dataset

RESULTS = recorded.RESULTS / "mnist_retrain.csv"
FIELDS = (
    "seed",
    "network",
    "epoch",
    "sparsity",
    "val_accuracy",
    "val_loss",
    "test_accuracy",
    "test_loss",
)
BATCH, EPOCHS, THETA = 32, 10, 0.1  # the article's


def main() -> None:
    """Run the seeds that are missing, and append the rows of each as soon as they are there."""
    by_seed.run(__doc__, 5, RESULTS, FIELDS, lambda data, seed: one_seed(data, seed, EPOCHS))


def one_seed(data: Dataset, seed: int, epochs: int) -> list[dict]:
    """Train the dense network once, then the four ways of going on from it."""
    model = models.article_cnn(seed=seed)
    rows = train(model, data, "dense", epochs)
    dense = model.get_weights()
    masks = masking.by_threshold(criteria.magnitude(pruning.weights(model)), THETA)
    ways = {
        "article": None,
        "masked": masks,
        "random mask": masking.shuffle(masks, seed),
        "dense, longer": {},
    }
    for network, mask in ways.items():
        model = models.article_cnn(seed=seed)
        model.set_weights(dense)
        if mask is None:  # the article: zeros written once, then trained on
            pruning.attach(model, masks)
            pruning.detach(model)
        elif mask:
            pruning.attach(model, mask)
        rows += train(model, data, network, epochs, start=True)
    return [{"seed": seed, **row} for row in rows]


def train(model, data: Dataset, network: str, epochs: int, start: bool = False) -> list[dict]:
    """Train for `epochs`; return a row for each epoch, with row 0 before training if asked."""
    rows = [measured(model, data, network, 0)] if start else []
    for epoch in range(1, epochs + 1):
        model.fit(data.x_train, data.y_train, batch_size=BATCH, verbose=0)
        rows.append(measured(model, data, network, epoch))
        print(rows[-1], flush=True)
    return rows


def measured(model, data: Dataset, network: str, epoch: int) -> dict:
    """Return sparsity and accuracies; the test set is reported, never chosen on."""
    val = model.evaluate(data.x_val, data.y_val, batch_size=1000, verbose=0)
    test = model.evaluate(data.x_test, data.y_test, batch_size=1000, verbose=0)
    values = (masking.sparsity(pruning.weights(model)), val[1], val[0], test[1], test[0])
    assert all(math.isfinite(value) for value in values), f"{network} diverged at epoch {epoch}"
    numbers = dict(zip(FIELDS[3:], (round(value, 6) for value in values), strict=True))
    return {"network": network, "epoch": epoch, **numbers}


if __name__ == "__main__":
    main()
