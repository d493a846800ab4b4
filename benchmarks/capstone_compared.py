"""The capstone's loop beside small networks that were never pruned, five seeds, two precisions.

python benchmarks/capstone_compared.py --seeds 5

For each seed: LeNet-5 is trained for two epochs on 20,000 images of MNIST and goes through lesson
20's loop, one epoch after each step; the network before the first that misses the floor on the
validation images is "pruned". "small dense" has two narrow convolutions and is trained for as many
epochs in all; "smaller dense", too, and its file is about as large as the pruned one's. All are
kept in 32 and in 16 bits, and every row holds the bytes of the sparse file and the accuracy on all
test images. Nothing is chosen on those. Writes
course_utils/lessons/results/capstone_compared.csv. Seeds that it holds are not run again.
"""

import by_seed
import numpy as np
from every_way import accuracy, copied

from course_utils import criteria, masking, measuring, models, pruning, structure
from course_utils.backend import keras
from course_utils.extras import export
from course_utils.lessons import networks, recorded
from course_utils.lessons.data import Dataset

RESULTS = recorded.RESULTS / "capstone_compared.csv"
FIELDS = (
    "seed", "network", "bits", "validation_accuracy", "test_accuracy", "bytes", "macs",
    "parameters", "epochs",
)  # fmt: skip
STEPS = (
    ("macs", 0.15), ("parameters", 0.03), ("weights", 0.8), ("weights", 0.9), ("weights", 0.95),
)  # fmt: skip
IMAGES, BATCH, EPOCHS, ACCURACY = 20_000, 64, 2, 0.96


def one_seed(data: Dataset, seed: int) -> list[dict]:
    """Return the rows of the three networks, in both precisions."""
    data = data.head(IMAGES)
    pruned, epochs = loop(trained(models.lenet5(seed=seed), data, EPOCHS), data)
    made = {"pruned": pruned, "small dense": trained(networks.small_dense(seed=seed), data, epochs)}
    made["smaller dense"] = trained(networks.small_dense((3, 7), seed), data, epochs)
    return [
        row(data, seed, name, bits, model, epochs)
        for name, whole in made.items()
        for bits, model in ((32, whole), (16, halved(whole)))
    ]


def loop(model: keras.Model, data: Dataset) -> tuple[keras.Model, int]:
    """Return the last network that passed before one that did not, and how long it trained."""
    floor = ACCURACY + 2 * np.sqrt(ACCURACY * (1 - ACCURACY) / len(data.y_val))
    total = measuring.report(model).total
    kept, epochs = copied(model), EPOCHS
    for kind, share in STEPS:
        model = cut(model, kind, share, total, data)
        trained(model, data, 1)
        if accuracy(model, data.x_val, data.y_val) < floor:
            break
        kept, epochs = copied(model), epochs + 1
    return kept, epochs


def cut(model: keras.Model, kind: str, share: float, total: object, data: Dataset) -> keras.Model:
    """Return the network after one step of the list."""
    if kind == "weights":
        weights, still = pruning.weights(model), pruning.masks_from_zeros(model)
        scores = masking.exclude(criteria.magnitude(weights), still)
        pruning.attach(model, masking.make_masks(scores, share))
        return model
    channels = structure.channel_groups(model)
    cost = getattr(structure.costs(channels), kind)
    scores = structure.taylor(channels, data.x_train[:1000], data.y_train[:1000], batch_size=64)
    scores = structure.per_cost(scores, cost)
    masks = structure.within_budget(scores, cost, share * getattr(total, kind))
    return structure.shrink(channels, masks=masks)[0]


def trained(model: keras.Model, data: Dataset, epochs: int) -> keras.Model:
    """Train, and return the model."""
    model.fit(data.x_train, data.y_train, BATCH, epochs, verbose=0)
    return model


def halved(model: keras.Model) -> keras.Model:
    """Return a copy that keeps its weights in 16 bits, and computes in them."""

    def half(layer: keras.Layer) -> keras.Layer:
        return layer.__class__.from_config({**layer.get_config(), "dtype": "float16"})

    new = keras.models.clone_model(model, clone_function=half)
    new.set_weights(model.get_weights())
    return new


def row(
    data: Dataset, seed: int, name: str, bits: int, model: keras.Model, epochs: int
) -> dict[str, object]:
    """Measure one network."""
    total = measuring.report(model).total
    values = (
        seed, name, bits, round(accuracy(model, data.x_val, data.y_val), 4),
        round(accuracy(model, data.x_test, data.y_test), 4), len(export.sparse_file(model)),
        total.macs, total.parameters - total.zeros, epochs,
    )  # fmt: skip
    print(*values, flush=True)
    return dict(zip(FIELDS, values, strict=True))


if __name__ == "__main__":
    by_seed.run(__doc__, 5, RESULTS, FIELDS, one_seed)
