"""When weights go, and whether they come back: LeNet-300-100 at 98 %; notebooks 08 and 09 plot it.

python benchmarks/schedules_compared.py --seeds 5

Every network ends at the same sparsity after the same number of epochs: 10, on 30,000 images of
MNIST. They differ in when weights go, and in what may come back; "small dense" has as few weights
in layers of 6 and 38 units. Writes
course_utils/lessons/results/schedules_compared.csv, one row for each seed and network;
`mean_density` is the share of weights that were there, averaged over all steps of the training.
Seeds that the file holds already are not run again: delete it to start anew. On two cores a seed
takes two minutes.
"""

import math

import by_seed

from course_utils import criteria, masking, models, pruning, regrowth, schedules
from course_utils.backend import keras
from course_utils.lessons import recorded
from course_utils.lessons.data import Dataset

RESULTS = recorded.RESULTS / "schedules_compared.csv"
FIELDS = (
    "seed",
    "network",
    "epoch",
    "sparsity",
    "mean_density",
    "val_accuracy",
    "val_loss",
    "test_accuracy",
)
IMAGES, BATCH, EPOCHS, FINAL = 30_000, 128, 10, 0.98
SIZE = 266_200  # weights of LeNet-300-100
NETWORKS = (
    "dense",
    "small dense",
    "one shot",
    "iterative",
    "cubic",
    "one cycle",
    "surgery",
    "SNIP",
    "static random",
    "SET",
    "RigL",
)


def main() -> None:
    """Run the seeds that are missing, and append the rows of each as soon as they are there."""
    by_seed.run(
        __doc__, 5, RESULTS, FIELDS, lambda data, seed: one_seed(data.head(IMAGES), seed, EPOCHS)
    )


def one_seed(data: Dataset, seed: int, epochs: int) -> list[dict]:
    """Train every network once, all from the same initial weights."""
    return [{"seed": seed, **trained(network, data, seed, epochs)} for network in NETWORKS]


def trained(network: str, data: Dataset, seed: int, epochs: int) -> dict:
    """Train one network; return what it is worth and what it cost."""
    model = small_dense(seed) if network == "small dense" else models.lenet300(seed=seed)
    pruner = pruner_of(network, model, data, seed, epochs)
    model.fit(
        data.x_train, data.y_train, batch_size=BATCH, epochs=epochs, verbose=0, callbacks=[pruner]
    )
    val = model.evaluate(data.x_val, data.y_val, batch_size=1000, verbose=0)
    test = model.evaluate(data.x_test, data.y_test, batch_size=1000, verbose=0)
    assert math.isfinite(val[0]), f"{network} diverged"
    density = mean_density(pruner.history, int(model.optimizer.iterations))
    density *= sum(W.size for W in pruning.weights(model).values()) / SIZE
    values = (pruner.sparsity, density, val[1], val[0], test[1])
    numbers = dict(zip(FIELDS[3:], (round(value, 6) for value in values), strict=True))
    row = {"network": network, "epoch": epochs, **numbers}
    print(row, flush=True)
    return row


def small_dense(seed: int) -> keras.Model:
    """Return LeNet-300-100 with fewer units: 5,312 weights, 2 % of its 266,200."""
    keras.utils.set_random_seed(seed)
    inner = [keras.layers.Dense(units, activation="relu") for units in (6, 38)]
    output = keras.layers.Dense(10, activation="softmax")
    shape = keras.Input((28, 28, 1))
    return models.compiled(keras.Sequential([shape, keras.layers.Flatten(), *inner, output]))


def pruner_of(network: str, model, data: Dataset, seed: int, epochs: int):
    """Return the callback that makes a network what its name says."""
    epoch = -(-len(data.x_train) // BATCH)
    slow = {"begin": epoch, "end": 7 * epoch, "every": epoch // 4}
    constant = schedules.constant(FINAL)
    at = pruning.PruneOnSchedule
    if network in ("dense", "small dense"):
        return at(schedules.constant(0.0))
    if network == "one shot":
        return at(schedules.one_shot(FINAL, at=epochs * epoch // 2))
    if network == "iterative":
        return at(schedules.iterative(FINAL, begin=epoch, every=epoch, rounds=7))
    if network == "cubic":
        return at(schedules.polynomial(FINAL, **slow))
    if network == "one cycle":
        return at(schedules.one_cycle(FINAL, **slow))
    if network == "surgery":
        rule = regrowth.surgery(every=10, end=8 * epoch)
        return at(schedules.polynomial(FINAL, **slow), regrow=rule)
    if network == "SNIP":
        g = pruning.gradients(model, data.x_train[:2000], data.y_train[:2000])
        return at(constant, criterion=lambda weights: criteria.first_order(weights, g))
    scores = criteria.random(pruning.weights(model), seed)
    pruning.attach(model, masking.make_masks(scores, FINAL, "erk"))
    return at(constant, scope="erk", regrow=regrowth_of(network, model, data, seed, 8 * epoch))


def regrowth_of(network: str, model, data: Dataset, seed: int, end: int):
    """Return how a sparse network moves its weights: not at all, at random, or by gradient."""
    if network == "SET":
        return regrowth.sparse_evolution(every=50, end=end, seed=seed)
    if network == "RigL":
        gradients = pruning.fresh_gradients(model, data.x_train, data.y_train, seed=seed)
        return regrowth.rigl(gradients, every=50, end=end)
    return None


def mean_density(history: dict[int, float], steps: int) -> float:
    """Return the share of weights that were there, averaged over the steps of a training."""
    begins = [*history, steps]
    parts = zip(begins, begins[1:], history.values(), strict=False)
    return sum((end - begin) * (1 - sparsity) for begin, end, sparsity in parts) / steps


if __name__ == "__main__":
    main()
