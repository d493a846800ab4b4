"""Compare what criteria say of single weights with the truth, several seeds; notebook 07 shows it.

python benchmarks/single_weights.py --seeds 5

A network of 708 weights on 2,000 training images of 7x7 pixels, early in training (3 passes) and
late (300). The truth about a weight is the change of the mean loss when it alone is 0. Writes
course_utils/lessons/results/single_weights.csv, one row for each seed, time and criterion: the rank
correlation of its scores with the size of the true change, and the loss when 50 % and 80 % of the
weights are cut by it at once. "truth" ranks by the true changes themselves. A seed takes about 15
seconds of processor time.
"""

import by_seed
import numpy as np
from criteria_compared import scored
from scipy.stats import spearmanr

from course_utils import masking
from course_utils.backend import keras
from course_utils.lessons import recorded
from course_utils.lessons.data import Dataset

RESULTS = recorded.RESULTS / "single_weights.csv"
FIELDS = ("seed", "when", "network", "rank_correlation", "loss_50", "loss_80")
# How many times over the images lie in what is trained on, and the passes over that: 300 in all.
# (An epoch of Keras takes as long as many steps of so small a network.)
TRAINING = {"early": (1, 3), "late": (33, 9)}
KERNELS = {"hidden/kernel": 0, "output/kernel": 2}  # and their places in get_weights()


def main() -> None:
    """Run the seeds that are missing, and append the rows of each as soon as they are there."""
    by_seed.run(__doc__, 5, RESULTS, FIELDS, one_seed)


def one_seed(data: Dataset, seed: int) -> list[dict]:
    """Train one small network, and hold every criterion against the truth, early and late."""
    x = data.x_train[:2000].reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4)).reshape(-1, 49)
    y = data.y_train[:2000]
    keras.utils.set_random_seed(seed)
    hidden = keras.layers.Dense(12, "relu", name="hidden")
    output = keras.layers.Dense(10, "softmax", name="output")
    model = keras.Sequential([keras.Input((49,)), hidden, output])
    fast = {"steps_per_execution": 20}
    model.compile(keras.optimizers.Adam(0.005), "sparse_categorical_crossentropy", **fast)
    rows = []
    for when, (times, passes) in TRAINING.items():
        model.fit(np.tile(x, (times, 1)), np.tile(y, times), 100, epochs=passes, verbose=0)
        W = [np.array(w, np.float64) for w in model.get_weights()]
        truth = true_changes(W, x, y)
        by_truth = {name: np.abs(change) for name, change in truth.items()}
        known = scored(model, x, y, seed, samples=40) | {"truth": by_truth}
        for name, scores in known.items():
            size = [np.abs(flat(truth)), flat(scores)]
            cut = [loss(masked(W, masking.make_masks(scores, s)), x, y) for s in (0.0, 0.5, 0.8)]
            rows.append([seed, when, name, spearmanr(*size)[0], *cut[1:]])
            print(rows[-1], flush=True)
        rows.append([seed, when, "dense", 0.0, cut[0], cut[0]])
    shown = [row[:3] + [round(float(value), 4) for value in row[3:]] for row in rows]
    return [dict(zip(FIELDS, row, strict=True)) for row in shown]


def true_changes(W: list[np.ndarray], x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Return, for each weight, how much the loss changes when it alone is 0."""
    whole, changes = loss(W, x, y), {}
    for name, index in KERNELS.items():
        changes[name] = np.empty(W[index].shape)
        for place in np.ndindex(W[index].shape):
            kept, W[index][place] = W[index][place], 0.0
            changes[name][place] = loss(W, x, y) - whole
            W[index][place] = kept
    return changes


def loss(W: list[np.ndarray], x: np.ndarray, y: np.ndarray) -> float:
    """Return the mean cross-entropy of the network with these weights."""
    W1, b1, W2, b2 = W
    z = np.maximum(x @ W1 + b1, 0) @ W2 + b2
    z -= z.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), y]))


def masked(W: list[np.ndarray], masks: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Return the weights with those cut that the masks cut."""
    W = list(W)
    for name, index in KERNELS.items():
        W[index] = W[index] * masks[name]
    return W


def flat(arrays: dict[str, np.ndarray]) -> np.ndarray:
    """Return all kernels' numbers in one row."""
    return np.concatenate([arrays[name].ravel() for name in KERNELS])


if __name__ == "__main__":
    main()
