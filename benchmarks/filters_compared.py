"""Which filters go: norm, Taylor and chance, layer by layer; then what training makes of it.

python benchmarks/filters_compared.py --seeds 5

LeNet-5 is trained on 10,000 images of MNIST for 3 epochs. "removed": a share of the channels of one
layer, or of all, goes, and 2,000 validation images are answered at once, without training; for
chance the mean of 5 draws. `most` is the share of answers that the digit answered most often gets.
"reconstructed" (1,000 images) and "tuned" (1 epoch) follow for half of all channels. "budget": a tenth of the
MACs, chosen by Taylor per MAC and trained for 3 epochs, beside as many channels by lot, the same
widths and equal shares of all widths from new weights (6 epochs), and the whole network trained on
for 3 epochs. Writes course_utils/lessons/results/filters_compared.csv, seed after seed; seeds that
the file holds already are not run again.
"""

import by_seed
import numpy as np

from course_utils import models, structure
from course_utils.backend import keras
from course_utils.lessons import recorded
from course_utils.lessons.data import Dataset

RESULTS = recorded.RESULTS / "filters_compared.csv"
FIELDS = ("seed", "step", "layer", "share", "choice", "val", "most", "test")
SHARES, DRAWS, EPOCHS, BUDGET = (0.3, 0.5, 0.7), 5, 3, 0.1
ALL = "all"


def main() -> None:
    """Run the seeds that are missing, and append the rows of each as soon as they are there."""
    by_seed.run(__doc__, 5, RESULTS, FIELDS, measured)


def measured(data: Dataset, seed: int) -> list[dict]:
    """Train with one seed, and return its rows."""
    data = data.head(10_000)
    model = train(models.lenet5(seed=seed), data, EPOCHS)
    channels = structure.channel_groups(model)
    norms = {order: structure.filter_norms(channels, order) for order in (1, 2)}
    taylor = structure.taylor(channels, data.x_train[:1000], data.y_train[:1000], batch_size=64)
    lots = [structure.random(channels, 100 * seed + draw) for draw in range(DRAWS)]
    choices = {"L2 norm": [norms[2]], "L1 norm": [norms[1]], "Taylor": [taylor], "chance": lots}
    rows = [row((seed, "whole", ALL, 0, "none"), [model], data)]
    for layer in (*channels.groups, ALL):
        for share in SHARES:
            for choice, scores in choices.items():
                kept = [masks_of(one, layer, share) for one in scores]
                small = [structure.shrink(channels, masks=masks)[0] for masks in kept]
                rows.append(row((seed, "removed", layer, share, choice), small, data))
    for share in SHARES[1:2]:
        for choice in ("L2 norm", "Taylor", "chance"):
            masks, key = masks_of(choices[choice][0], ALL, share), (ALL, share, choice)
            fitted, _ = structure.reconstruct(channels, masks, data.x_train[:1000])
            rows.append(row((seed, "reconstructed", *key), [fitted], data))
            tuned = train(structure.shrink(channels, masks=masks)[0], data, 1)
            rows.append(row((seed, "tuned", *key), [tuned], data))
    return rows + within(channels, taylor, data, seed)


def masks_of(scores: dict, layer: str, share: float) -> dict[str, np.ndarray]:
    """Return masks that take a share of one layer, or of all."""
    return structure.choose(
        {name: S for name, S in scores.items() if layer in (name, ALL)}, share, "layer"
    )


def within(channels: structure.Channels, taylor: dict, data: Dataset, seed: int) -> list[dict]:
    """Return the rows of the networks with a tenth of the MACs, and of the whole one."""
    cost = structure.costs(channels).macs
    masks = structure.within_budget(structure.per_cost(taylor, cost), cost, BUDGET)
    draw = np.random.default_rng(seed)
    lot = {name: draw.permutation(mask) for name, mask in masks.items()}
    shares = np.linspace(0.5, 0.9, 401)
    equal = (structure.choose(taylor, share, "layer") for share in shares)
    even = next(one for one in equal if cost(one) <= BUDGET * cost({}))
    whole = keras.models.clone_model(channels.model)
    whole.set_weights(channels.model.get_weights())
    networks = {
        "pruned": (structure.shrink(channels, masks=masks)[0], EPOCHS),
        "by lot": (structure.shrink(channels, masks=lot)[0], EPOCHS),
        "same widths, new": (fresh(channels, masks, seed), 2 * EPOCHS),
        "equal shares, new": (fresh(channels, even, seed), 2 * EPOCHS),
        "whole, longer": (models.compiled(whole), EPOCHS),
    }
    return [
        row((seed, "budget", ALL, BUDGET, name), [train(model, data, epochs)], data)
        for name, (model, epochs) in networks.items()
    ]


def fresh(channels: structure.Channels, masks: dict, seed: int) -> keras.Model:
    """Return a network of those widths with new weights."""
    keras.utils.set_random_seed(seed)
    return models.compiled(
        keras.models.clone_model(structure.shrink(channels, masks=masks)[0])
    )


def train(model: keras.Model, data: Dataset, epochs: int) -> keras.Model:
    """Train as the lesson does."""
    model.fit(data.x_train, data.y_train, 128, epochs, verbose=0)
    return model


def row(key: tuple, networks: list[keras.Model], data: Dataset) -> dict:
    """Return one row: means over the networks; the test images only for those in a budget."""
    x, y = data.x_val[:2000], data.y_val[:2000]
    answers = [answered(model, x) for model in networks]
    val = np.mean([np.mean(given == y) for given in answers])
    most = np.mean([np.bincount(given).max() / len(given) for given in answers])
    test = np.mean(answered(networks[0], data.x_test) == data.y_test) if key[1] == "budget" else val
    numbers = (round(float(value), 4) for value in (val, most, test))
    found = dict(zip(FIELDS, (*key, *numbers), strict=True))
    if key[1] != "budget":
        found["test"] = ""
    print(found, flush=True)
    return found


def answered(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """Return the classes that the network answers."""
    parts = np.array_split(x, -(-len(x) // 1000))  # not too many at once
    return np.concatenate([np.asarray(model(part)) for part in parts]).argmax(axis=1)


if __name__ == "__main__":
    main()
