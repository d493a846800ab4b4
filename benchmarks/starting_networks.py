"""Train the networks that lessons begin with, by the recipes of course_utils/lessons/networks.py.

    python benchmarks/starting_networks.py [NAME ...]      default: all that have no file yet

Writes NAME.weights.h5 and the table of digests and test accuracies into the package.
"""

import csv
import hashlib
import sys

from by_seed import mnist

from course_utils.backend import keras
from course_utils.lessons import networks, tasks

FIELDS = ("network", "test_accuracy", "sha256")


def main(names: list[str]) -> None:
    """Train, save, and write the table anew."""
    mnist()
    path = networks.FOLDER / "networks.csv"
    rows = networks.table() if path.exists() else {}
    for name in names or [one for one in networks.RECIPES if one not in rows]:
        model, (_, test) = networks.train(name), networks.splits(name)
        accuracy = quality(model, *test)
        file = networks.FOLDER / f"{name}.weights.h5"
        model.save_weights(file)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        rows[name] = {"network": name, "test_accuracy": f"{accuracy:.4f}", "sha256": digest}
        with path.open("w", newline="") as out:
            writer = csv.DictWriter(out, FIELDS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows[one] for one in sorted(rows))


def quality(model: keras.Model, x: object, y: object) -> float:
    """Return how good a network is: its accuracy, mean average precision, or mean IoU."""
    if model.name == "detector":
        return tasks.mean_average_precision(tasks.detect(model, x), y)
    if model.name == "unet":
        return tasks.mean_iou(model, x, y)
    return model.evaluate(x, y, 1000, verbose=0, return_dict=True)["accuracy"]


if __name__ == "__main__":
    main(sys.argv[1:])
