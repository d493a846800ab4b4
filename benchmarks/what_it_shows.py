"""Does a pruned network show how it works?  LeNet-300-100, five seeds, dense and random controls.

python benchmarks/what_it_shows.py --seeds 5

For each seed: four epochs on 20,000 images of MNIST; then global magnitude at each sparsity and two
epochs more with the mask held. "dense, longer" trains as long, "random mask" has as many zeros in
each layer at random places. Writes course_utils/lessons/results/what_it_shows.csv, one row for each
seed and network:

weights, paths, inputs, units: what is left; `inputs` and `units` have a way to an output (of fc1)
selectivity: of fc1's units, the mean; after Morcos et al. 2018 (arXiv 1803.06959)
map_agreement: correlation between seeds of the map "sum of |w| by pixel" of fc1, mean over pairs
map_ink: correlation of that map with the standard deviation of each pixel over training images
saliency_agreement, saliency_pixels: of |gradient| maps of 500 validation images, the correlation
  between seeds, and in how many pixels 90 % of the map lies
without_map, without_ink, without_any: validation accuracy with 100 pixels blackened, those that are
  largest in the map, those that vary most, and some by chance

On one core it takes about three minutes.
"""

import csv

import by_seed
import looking
import numpy as np

from course_utils import criteria, masking, models, pruning
from course_utils.lessons import recorded
from course_utils.lessons.data import Dataset

RESULTS = recorded.RESULTS / "what_it_shows.csv"
IMAGES, BATCH, EPOCHS, RETRAIN, SOME, PIXELS = 20_000, 128, 4, 2, 500, 100
NETWORKS = (
    ("dense, longer", 0.0), ("pruned", 0.9), ("pruned", 0.98),
    ("random mask", 0.9), ("random mask", 0.98),
)  # fmt: skip


def main() -> None:
    """Train all networks, measure each by itself and beside the other seeds, write the table."""
    options, data = by_seed.parser(__doc__, 5).parse_args(), by_seed.mnist()
    rows = table(data.head(IMAGES), options.seeds, EPOCHS)
    with RESULTS.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def table(data: Dataset, seeds: int, epochs: int, kinds: tuple = NETWORKS) -> list[dict]:
    """Return all rows: agreement needs all seeds of a network at once."""
    models_of = [networks(data, seed, epochs, kinds) for seed in range(seeds)]
    rows = []
    for place, (network, sparsity) in enumerate(kinds):
        found = [measured(of_seed[place], data) for of_seed in models_of]
        for seed, (numbers, maps) in enumerate(found):
            others = [maps_of for other, (_, maps_of) in enumerate(found) if other != seed]
            numbers |= {f"{key}_agreement": likeness(maps[key], others, key) for key in maps}
            rounded = {name: round(float(value), 5) for name, value in numbers.items()}
            rows.append({"seed": seed, "network": network, "sparsity": sparsity, **rounded})
            print(rows[-1], flush=True)
    return rows


def likeness(own: np.ndarray, others: list[dict], key: str) -> float:
    """Return the mean agreement of a seed's maps with those of each other seed."""
    return float(np.mean([looking.agreement(np.stack([own, m[key]])) for m in others]))


def networks(data: Dataset, seed: int, epochs: int, kinds: tuple) -> list:
    """Return the networks of one seed, in the order of `kinds`."""
    model = models.lenet300(seed=seed)
    model.fit(data.x_train, data.y_train, batch_size=BATCH, epochs=epochs, verbose=0)
    dense = model.get_weights()
    return [retrained(dense, data, seed, s, name == "random mask") for name, s in kinds]


def retrained(dense: list, data: Dataset, seed: int, sparsity: float, random: bool):
    """Return the network pruned by global magnitude and trained on, mask held."""
    model = models.lenet300(seed=seed)
    model.set_weights(dense)
    if sparsity:
        masks = masking.make_masks(criteria.magnitude(pruning.weights(model)), sparsity)
        pruning.attach(model, masking.shuffle(masks, seed) if random else masks)
    model.fit(data.x_train, data.y_train, batch_size=BATCH, epochs=RETRAIN, verbose=0)
    assert not any(pruning.regrown(model).values())
    return model


def measured(model, data: Dataset) -> tuple[dict, dict[str, np.ndarray]]:
    """Return what is asked of one network, and the maps that are compared between seeds."""
    arrays = model.get_weights()
    layers = list(zip(arrays[::2], arrays[1::2], strict=True))
    W, b = layers[0]
    strength, some = np.abs(W).sum(axis=1), flattened(data.x_val[:SOME])
    saliency = looking.saliency(layers, some)
    ink = flattened(data.x_train).std(axis=0)
    lot = np.random.default_rng(0).random(ink.size)
    inputs, units, *_ = looking.reached([W for W, _ in layers])
    hidden = np.maximum(flattened(data.x_val) @ W + b, 0)
    numbers = {
        "test_accuracy": accuracy(model, data.x_test, data.y_test),
        "weights": sum(np.count_nonzero(W) for W, _ in layers),
        "paths": looking.paths([W for W, _ in layers]),
        "inputs": inputs.sum(),
        "units": (units & W.any(axis=0)).sum(),
        "selectivity": np.nanmean(looking.selectivity(hidden, data.y_val)),
        "map_ink": np.corrcoef(strength, ink)[0, 1],
        "saliency_pixels": area(saliency),
        "without_map": accuracy(model, without(data.x_val, strength), data.y_val),
        "without_ink": accuracy(model, without(data.x_val, ink), data.y_val),
        "without_any": accuracy(model, without(data.x_val, lot), data.y_val),
    }
    return numbers, {"map": strength[None], "saliency": saliency}


def area(saliency: np.ndarray, share: float = 0.9) -> float:
    """Return in how many pixels a share of a map lies, the mean over maps that are not all 0."""
    if not saliency.any():
        return 0.0
    ordered = -np.sort(-saliency[saliency.any(axis=1)], axis=1)
    reached = np.cumsum(ordered, axis=1) >= share * ordered.sum(axis=1, keepdims=True)
    return float((reached.argmax(axis=1) + 1).mean())


def without(x: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Return images with the pixels of the largest scores black."""
    black = flattened(x).copy()
    black[:, np.argsort(-score, kind="stable")[:PIXELS]] = 0
    return black.reshape(x.shape)


def flattened(x: np.ndarray) -> np.ndarray:
    """Return images as rows of pixels."""
    return x.reshape(len(x), -1)


def accuracy(model, x: np.ndarray, y: np.ndarray) -> float:
    """Return the share of images that are answered rightly."""
    return float(np.mean(model.predict(x, batch_size=1000, verbose=0).argmax(axis=1) == y))


if __name__ == "__main__":
    main()
