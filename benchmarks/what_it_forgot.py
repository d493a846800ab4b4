"""What a pruned network forgets: the article's CNN at four sparsities, five seeds, with controls.

python benchmarks/what_it_forgot.py --seeds 5 --more 5

For each seed: four epochs on 20,000 images of MNIST; then global magnitude at each sparsity and two
epochs more with the mask held. Controls: "dense, longer" trains as long with nothing pruned,
"random mask" has as many zeros in each layer at random places, "dense, early" is the dense network
after one epoch, weaker without any pruning. Of --more seeds there are the dense networks alone: how
far two groups of dense networks differ is the control for how far pruned ones do. Nothing is chosen
on the test images.

Writes course_utils/lessons/results/what_it_forgot.csv, one row for each seed and network, and
what_it_forgot.npz: the answers to all test images, uint8 (images, networks) for each seed, with the
networks in the order of NETWORKS. The temperature is fitted on 5,000 validation images; corruptions
are measured on the first 1,000 test images. Seeds that the files hold already are not run again:
delete both to start anew. A seed takes one core about two minutes.
"""

import by_seed
import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from sklearn.metrics import log_loss

from course_utils import criteria, masking, models, pruning
from course_utils.lessons import forgetting, recorded
from course_utils.lessons.data import Dataset

RESULTS = recorded.RESULTS / "what_it_forgot.csv"
ANSWERS = recorded.RESULTS / "what_it_forgot.npz"
IMAGES, BATCH, EPOCHS, RETRAIN, SOME, CORRUPTED = 20_000, 128, 4, 2, 5_000, 1_000
NETWORKS = (
    ("dense, early", 0.0), ("dense, longer", 0.0), ("pruned", 0.5), ("pruned", 0.9),
    ("pruned", 0.95), ("pruned", 0.98), ("random mask", 0.9),
)  # fmt: skip
STEPS = [(kind, severity) for kind in forgetting.KINDS for severity in (1, 3, 5)]
FIELDS = (
    "seed", "network", "sparsity", "train_accuracy", "val_accuracy", "test_accuracy",
    "nll", "ece", "temperature", "nll_tempered", "ece_tempered",
    *(f"error {digit}" for digit in range(10)), *(f"{kind} {step}" for kind, step in STEPS),
)  # fmt: skip


def main() -> None:
    """Run the seeds that are missing, and keep the results of each as soon as they are there."""
    parser = by_seed.parser(__doc__, 5)
    parser.add_argument("--more", type=int, default=5, help="seeds of dense networks alone")
    options, data = parser.parse_args(), by_seed.mnist()
    worse = corrupted(data)
    for seed in by_seed.missing(RESULTS, options.seeds + options.more):
        networks = NETWORKS if seed < options.seeds else NETWORKS[:2]
        keep(seed, *one_seed(data.head(IMAGES), worse, seed, EPOCHS, networks))


def corrupted(data: Dataset) -> dict[tuple[str, int], np.ndarray]:
    """Return the first test images at each step of each corruption."""
    return {step: forgetting.corrupt(data.x_test[:CORRUPTED], *step) for step in STEPS}


def keep(seed: int, rows: list[dict], answers: np.ndarray) -> None:
    """Write the answers of one seed, then its rows behind those that are there."""
    old = recorded.arrays(ANSWERS.stem) if ANSWERS.exists() else {}
    np.savez_compressed(ANSWERS, **old | {f"seed {seed}": answers})
    by_seed.append(RESULTS, FIELDS, rows)


def one_seed(
    data: Dataset, worse: dict, seed: int, epochs: int, networks: tuple = NETWORKS
) -> tuple[list[dict], np.ndarray]:
    """Train one dense network and all that follow from it; return rows, and answers as uint8."""
    model = models.article_cnn(seed=seed)
    train(model, data, 1)
    found = [measured(model, data, worse)]
    train(model, data, epochs - 1)
    dense = model.get_weights()
    for network, sparsity in networks[1:]:
        model = retrained(dense, data, seed, sparsity, network == "random mask")
        found.append(measured(model, data, worse))
        print(seed, network, sparsity, found[-1][0]["test_accuracy"], flush=True)
    rows = [
        {"seed": seed, "network": network, "sparsity": sparsity, **row}
        for (network, sparsity), (row, _) in zip(networks, found, strict=True)
    ]
    return rows, np.stack([answers for _, answers in found], axis=1).astype(np.uint8)


def retrained(dense: list, data: Dataset, seed: int, sparsity: float, random: bool):
    """Return the network pruned by global magnitude and trained on, mask held."""
    model = models.article_cnn(seed=seed)
    model.set_weights(dense)
    if sparsity:
        masks = masking.make_masks(criteria.magnitude(pruning.weights(model)), sparsity)
        pruning.attach(model, masking.shuffle(masks, seed) if random else masks)
    train(model, data, RETRAIN)
    assert not any(pruning.regrown(model).values())
    return model


def train(model, data: Dataset, epochs: int) -> None:
    """Train on; many steps are run at a time, which changes nothing but the time."""
    model.steps_per_execution = 20
    model.fit(data.x_train, data.y_train, batch_size=BATCH, epochs=epochs, verbose=0)


def at_temperature(p: np.ndarray, temperature: float) -> np.ndarray:
    """Return probabilities with their logits divided by a temperature (Guo et al. 2017)."""
    # Logits are the logarithms up to a constant, which the division below takes out again.
    logits = np.log(np.maximum(p.astype(np.float64), np.finfo(np.float32).tiny))
    return softmax(logits / temperature, axis=1)


def nll(p: np.ndarray, labels: np.ndarray) -> float:
    """Return the negative log-likelihood, the mean of -ln p(true class), in nats."""
    return log_loss(labels, p, labels=range(p.shape[1]))


def best_temperature(p: np.ndarray, labels: np.ndarray) -> float:
    """Return the temperature from 0.2 to 5 with the lowest negative log-likelihood."""

    def loss(log_T: float) -> float:
        return nll(at_temperature(p, np.exp(log_T)), labels)

    found = minimize_scalar(loss, bounds=np.log([0.2, 5.0]), options={"xatol": 1e-3})
    return float(np.exp(found.x))


def measured(model, data: Dataset, worse: dict) -> tuple[dict, np.ndarray]:
    """Return what is asked of one network on data that it did not see, and its answers."""
    p = probabilities(model, data.x_test)
    p_val, y_val, y = probabilities(model, data.x_val[:SOME]), data.y_val[:SOME], data.y_test
    temperature = best_temperature(p_val, y_val)
    cooler, seen = at_temperature(p, temperature), data.x_train[:SOME]
    numbers = {
        "train_accuracy": accuracy(probabilities(model, seen), data.y_train[:SOME]),
        "val_accuracy": accuracy(p_val, y_val),
        "test_accuracy": accuracy(p, y),
        "nll": nll(p, y),
        "ece": forgetting.ece(p, y),
        "temperature": temperature,
        "nll_tempered": nll(cooler, y),
        "ece_tempered": forgetting.ece(cooler, y),
    }
    errors = forgetting.class_errors(p.argmax(axis=1), y)
    numbers |= {f"error {digit}": error for digit, error in enumerate(errors)}
    for (kind, step), x in worse.items():
        numbers[f"{kind} {step}"] = accuracy(probabilities(model, x), y[: len(x)])
    return {name: round(float(value), 5) for name, value in numbers.items()}, p.argmax(axis=1)


def probabilities(model, x: np.ndarray) -> np.ndarray:
    """Return the class probabilities of each image."""
    parts = np.array_split(x, -(-len(x) // 200))  # not too many at once
    return np.concatenate([np.asarray(model(part)) for part in parts])


def accuracy(p: np.ndarray, y: np.ndarray) -> float:
    """Return the share of images whose most probable class is the right one."""
    return float(np.mean(p.argmax(axis=1) == y))


if __name__ == "__main__":
    main()
