"""Which filters go: norm, Taylor and chance, layer by layer; then what training makes of it.

python benchmarks/filters_compared.py --seeds 5

LeNet-5 is trained on 5,000 images of MNIST for 4 epochs. "removed": a share of the channels of one
layer, or of all, is at 0, and 1,000 validation images are answered at once, without training; for
chance the mean of 5 draws. `most` is the share of answers that the most frequent digit gets.
"reconstructed": half of all channels are removed, and the rest is fitted with 1,000 images.
"budget": a tenth of the MACs, chosen by Taylor per MAC and trained for 2 epochs, beside as many
channels by lot, and the same widths and equal shares of all widths from new weights (6 epochs).
These two steps are judged on 5,000 validation images, "budget" on the test images, too. Writes
course_utils/lessons/results/filters_compared.csv, seed after seed; seeds that the file holds
already are not run again.
"""

import by_seed
import numpy as np

from course_utils import models, structure
from course_utils.backend import keras
from course_utils.lessons import recorded
from course_utils.lessons.data import Dataset

RESULTS = recorded.RESULTS / "filters_compared.csv"
FIELDS = ("seed", "step", "layer", "share", "choice", "val", "most", "test")
SHARES, DRAWS, FIRST, MORE, BUDGET = (0.3, 0.5, 0.7), 5, 4, 2, 0.1
ALL = "all"


def main() -> None:
    """Run the seeds that are missing, and append the rows of each as soon as they are there."""
    by_seed.run(__doc__, 5, RESULTS, FIELDS, measured)


def measured(data: Dataset, seed: int) -> list[dict]:
    """Train with one seed, and return its rows."""
    data = data.head(5_000)
    model = train(models.lenet5(seed=seed), data, FIRST)
    channels = structure.channel_groups(model)
    norms = {order: structure.filter_norms(channels, order) for order in (1, 2)}
    taylor = structure.taylor(channels, data.x_train[:1000], data.y_train[:1000], batch_size=64)
    lots = [structure.random(channels, 100 * seed + draw) for draw in range(DRAWS)]
    choices = {"L2 norm": [norms[2]], "L1 norm": [norms[1]], "Taylor": [taylor], "chance": lots}
    rows = [row((seed, "whole", ALL, 0, "none"), [answered(model, data.x_val[:1000])], data)]
    known = outputs(model, data.x_val[:1000])
    for layer in (*channels.groups, ALL):
        for share in SHARES:
            for choice, scores in choices.items():
                some = [gated(model, known, masks_of(one, layer, share)) for one in scores]
                rows.append(row((seed, "removed", layer, share, choice), some, data))
    for choice in ("L2 norm", "Taylor", "chance"):
        masks, x = masks_of(choices[choice][0], ALL, 0.5), data.x_val[:5000]
        fitted, _ = structure.reconstruct(channels, masks, data.x_train[:1000])
        rows.append(row((seed, "reconstructed", ALL, 0.5, choice), [answered(fitted, x)], data))
    return rows + within(channels, taylor, data, seed)


def masks_of(scores: dict, layer: str, share: float) -> dict[str, np.ndarray]:
    """Return masks that take a share of one layer, or of all."""
    some = {name: values for name, values in scores.items() if layer in (name, ALL)}
    return structure.choose(some, share, "layer")


def outputs(model: keras.Sequential, x: np.ndarray) -> dict[str, np.ndarray]:
    """Return what each layer makes of `x`."""
    found = {}
    for layer in model.layers:
        found[layer.name] = x = np.asarray(layer(x))
    return found


def gated(model: keras.Sequential, known: dict, masks: dict) -> np.ndarray:
    """Return the classes answered with the channels at 0 that masks take."""
    names = [layer.name for layer in model.layers]
    first = min(masks, key=names.index)
    x = known[first] * masks[first]
    for layer in model.layers[names.index(first) + 1 :]:
        x = layer(x) * masks.get(layer.name, 1)
    return np.asarray(x).argmax(axis=1)


def within(channels: structure.Channels, taylor: dict, data: Dataset, seed: int) -> list[dict]:
    """Return the rows of the networks with a tenth of the MACs, and of the whole one."""
    cost = structure.costs(channels).macs
    masks = structure.within_budget(structure.per_cost(taylor, cost), cost, BUDGET)
    draw = np.random.default_rng(seed)
    lot = {name: draw.permutation(mask) for name, mask in masks.items()}
    equal = (structure.choose(taylor, share, "layer") for share in np.linspace(0.5, 0.9, 401))
    even = next(one for one in equal if cost(one) <= BUDGET * cost({}))
    small, other = (structure.shrink(channels, masks=one)[0] for one in (masks, even))
    lot_weights = structure.shrink(channels, masks=lot)[0].get_weights()
    starts = {
        "pruned": (small, small.get_weights(), MORE),
        "by lot": (small, lot_weights, MORE),
        "same widths, new": (small, new_weights(small, seed), FIRST + MORE),
        "equal shares, new": (other, new_weights(other, seed), FIRST + MORE),
    }
    rows = []
    for name, (model, weights, epochs) in starts.items():
        model.set_weights(weights)
        for variable in model.optimizer.variables:  # as a new one, without a new trace
            if variable is not model.optimizer.learning_rate:
                variable.assign(0 * variable)
        train(model, data, epochs)
        found = row((seed, "budget", ALL, BUDGET, name), [answered(model, data.x_val[:5000])], data)
        right = np.mean(answered(model, data.x_test) == data.y_test)
        rows.append(found | {"test": round(float(right), 4)})
    return rows


def new_weights(model: keras.Model, seed: int) -> list[np.ndarray]:
    """Return random weights for a network of those widths."""
    keras.utils.set_random_seed(seed)
    return keras.models.clone_model(model).get_weights()


def train(model: keras.Model, data: Dataset, epochs: int) -> keras.Model:
    """Train as the lessons do."""
    model.fit(data.x_train, data.y_train, 128, epochs, verbose=0)
    return model


def row(key: tuple, answers: list[np.ndarray], data: Dataset) -> dict:
    """Return one row: means over the answers given."""
    right = np.mean([np.mean(given == data.y_val[: len(given)]) for given in answers])
    most = np.mean([np.bincount(given).max() / len(given) for given in answers])
    values = (*key, round(float(right), 4), round(float(most), 4), "")
    found = dict(zip(FIELDS, values, strict=True))
    print(found, flush=True)
    return found


def answered(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """Return the classes that the network answers."""
    parts = np.array_split(x, -(-len(x) // 1000))  # not too many at once
    return np.concatenate([np.asarray(model(part)) for part in parts]).argmax(axis=1)


if __name__ == "__main__":
    main()
