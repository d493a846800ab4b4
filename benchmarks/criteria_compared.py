"""Compare criteria and their controls on MNIST, several seeds; notebook 07 plots it.

python benchmarks/criteria_compared.py --seeds 5

LeNet-300-100, 20,000 training images, batch 128: a dense network of 4 epochs for each seed; from it
every criterion prunes once, all weights ranked together, and one epoch of retraining follows with
the mask held. Writes course_utils/lessons/results/criteria_compared.csv, one row for each seed,
criterion and sparsity: validation accuracy before and after retraining. Seeds that the file holds
already are not run again. On two cores a seed takes one to three minutes.
"""

import by_seed
import numpy as np

from course_utils import criteria, masking, models, pruning
from course_utils.lessons import recorded
from course_utils.lessons.data import Dataset

RESULTS = recorded.RESULTS / "criteria_compared.csv"
FIELDS = ("seed", "network", "sparsity", "pruned", "retrained")
SPARSITIES = (0.5, 0.8, 0.9, 0.95, 0.98)


def main() -> None:
    """Run the seeds that are missing, and append the rows of each as soon as they are there."""
    by_seed.run(__doc__, 5, RESULTS, FIELDS, lambda data, seed: one_seed(data.head(20_000), seed))


def one_seed(data: Dataset, seed: int) -> list[dict]:
    """Train one dense network, and prune it by every criterion at every sparsity."""
    model = models.lenet300(seed=seed)
    model.fit(data.x_train, data.y_train, batch_size=128, epochs=4, verbose=0)
    dense = model.get_weights()
    rows = [row(seed, "dense", 0.0, accuracy(model, data), retrained(model, data))]
    scores = scored(dense, data, seed)
    for sparsity in SPARSITIES:
        masks = {name: masking.make_masks(S, sparsity) for name, S in scores.items()}
        masks["shuffled"] = masking.shuffle(masks["magnitude"], seed)
        for name, mask in masks.items():
            model = models.lenet300(seed=seed)
            model.set_weights(dense)
            pruning.attach(model, mask)
            before = accuracy(model, data)
            rows.append(row(seed, name, sparsity, before, retrained(model, data)))
            print(rows[-1], flush=True)
    return rows


def scored(dense: list[np.ndarray], data: Dataset, seed: int) -> dict[str, dict]:
    """Return the scores of the dense network by every criterion."""
    model = models.lenet300(seed=seed)
    model.set_weights(dense)
    x, y = data.x_train[:2000], data.y_train[:2000]
    W = pruning.weights(model)
    slopes = pruning.gradients(model, x, y)
    return {
        "magnitude": criteria.magnitude(W),
        "LAMP": criteria.lamp(W),
        "|gradient|": criteria.gradient(pruning.gradients(model, x[:500], y[:500], reduce="size")),
        "Taylor": criteria.taylor(W, slopes),
        "OBD, Fisher": criteria.obd(W, pruning.gradients(model, x[:500], y[:500], reduce="square")),
        "OBD, Hutchinson": criteria.obd(W, pruning.curvature(model, x, y, samples=20, seed=seed)),
        "Wanda": criteria.wanda(W, pruning.input_norms(model, x)),
        "random": criteria.random(W, seed),
    }


def accuracy(model, data: Dataset) -> float:
    """Return the accuracy on the validation images."""
    return model.evaluate(data.x_val, data.y_val, batch_size=1000, verbose=0)[1]


def retrained(model, data: Dataset) -> float:
    """Train for one epoch, with the mask if one is held, and return the accuracy."""
    models.compiled(model)
    model.fit(data.x_train, data.y_train, batch_size=128, verbose=0)
    assert not any(pruning.regrown(model).values())
    return accuracy(model, data)


def row(seed: int, network: str, sparsity: float, pruned: float, after: float) -> dict:
    """Return one row of the table."""
    return dict(
        zip(FIELDS, (seed, network, sparsity, round(pruned, 4), round(after, 4)), strict=True)
    )


if __name__ == "__main__":
    main()
