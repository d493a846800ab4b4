"""Compare criteria and their controls on MNIST, several seeds; notebook 07 plots it.

python benchmarks/criteria_compared.py --seeds 5

LeNet-300-100, 20,000 training images, batch 128: a dense network of 4 epochs for each seed; from it
every criterion prunes once, all weights ranked together, and one epoch of retraining follows with
the mask held, by a fresh Adam and over the images in the same order for all masks of a seed. What
looks at gradients or inputs looks at the same 2,000 training images. Writes
course_utils/lessons/results/criteria_compared.csv, one row for each seed, criterion and sparsity:
validation accuracy before and after retraining. Seeds that the file holds already are not run
again. On two idle cores a seed takes about one minute.
"""

import by_seed

from course_utils import criteria, masking, models, pruning
from course_utils.backend import keras
from course_utils.lessons import recorded
from course_utils.lessons.data import Dataset

RESULTS = recorded.RESULTS / "criteria_compared.csv"
FIELDS = ("seed", "network", "sparsity", "pruned", "retrained")
SPARSITIES = (0.5, 0.8, 0.9, 0.95, 0.98)
REDUCED = ("mean", "size", "square")


def main() -> None:
    """Run the seeds that are missing, and append the rows of each as soon as they are there."""
    by_seed.run(__doc__, 5, RESULTS, FIELDS, lambda data, seed: one_seed(data.head(20_000), seed))


def one_seed(data: Dataset, seed: int) -> list[dict]:
    """Train one dense network, and prune it by every criterion at every sparsity."""
    model = models.lenet300(seed=seed)
    model.fit(data.x_train, data.y_train, batch_size=128, epochs=4, verbose=0)
    dense = model.get_weights()
    scores = scored(model, data.x_train[:2000], data.y_train[:2000], seed)
    models.compiled(model)  # a fresh optimizer, whose state every run starts from
    model.optimizer.build(model.trainable_variables)
    pruning.attach(model, masking.make_masks(scores["magnitude"], 0.0))
    start = (dense, [variable.numpy() for variable in model.optimizer.variables])
    cuts = {("dense", 0.0): masking.make_masks(scores["magnitude"], 0.0)}
    for s in SPARSITIES:
        cuts |= {(name, s): masking.make_masks(S, s) for name, S in scores.items()}
        cuts["shuffled", s] = masking.shuffle(cuts["magnitude", s], seed)
    rows = []
    for (name, s), masks in cuts.items():
        before, after = pruned_and_retrained(model, start, masks, data, seed)
        rows.append(row(seed, name, s, before, after))
        print(rows[-1], flush=True)
    return rows


def scored(model, x, y, seed: int, samples: int = 20) -> dict[str, dict]:
    """Return the scores by every criterion; `samples` are those of Hutchinson's estimate."""
    W = pruning.weights(model)
    mean, size, square = (pruning.gradients(model, x, y, reduce=of) for of in REDUCED)
    curvature = pruning.curvature(model, x, y, samples=samples, seed=seed)
    return {
        "magnitude": criteria.magnitude(W),
        "LAMP": criteria.lamp(W),
        "|gradient|": criteria.gradient(size),
        "first order": criteria.first_order(W, mean),
        "Taylor": criteria.taylor(W, size),
        "OBD, Fisher": criteria.obd(W, square),
        "OBD, Hutchinson": criteria.obd(W, curvature),
        "Wanda": criteria.wanda(W, pruning.input_norms(model, x)),
        "random": criteria.random(W, seed),
    }


def pruned_and_retrained(model, start: tuple, masks: dict, data: Dataset, seed: int) -> tuple:
    """Return the validation accuracy before and after one epoch with the mask held."""
    weights, state = start
    model.set_weights(weights)
    for variable, value in zip(model.optimizer.variables, state, strict=True):
        variable.assign(value)
    pruning.attach(model, masks)
    before = accuracy(model, data)
    keras.utils.set_random_seed(seed)
    model.fit(data.x_train, data.y_train, batch_size=128, verbose=0)
    assert not any(pruning.regrown(model).values())
    return before, accuracy(model, data)


def accuracy(model, data: Dataset) -> float:
    """Return the accuracy on the validation images."""
    return model.evaluate(data.x_val, data.y_val, batch_size=1000, verbose=0)[1]


def row(seed: int, network: str, sparsity: float, pruned: float, after: float) -> dict:
    """Return one row of the table."""
    return dict(
        zip(FIELDS, (seed, network, sparsity, round(pruned, 4), round(after, 4)), strict=True)
    )


if __name__ == "__main__":
    main()
