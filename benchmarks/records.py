"""How few weights, multiply-accumulates and bytes LeNets can do with on MNIST, seed by seed.

python benchmarks/records.py lenet300 --seeds 5
python benchmarks/records.py lenet5 --seeds 5
python benchmarks/records.py few_macs --seeds 5
python benchmarks/records.py lenet5_12x --seeds 5        (and 40x, 120x, 400x: the frontier)

Everything was fixed before: the recipes were chosen on the last 10,000 training images, never on
test images. Then each seed trains on all 60,000 and meets the test images once. What made them
good, in this order: a penalty on sizes (L1) from the first step on; a large learning rate that
stays up while weights go, and falls afterwards; digits that are shifted and bent; LAMP's order for
LeNet-5, whose first convolution magnitude starves; many epochs.

- lenet300: LeNet-300-100, a 68th of its weights;
- lenet5: LeNet-5, a 280th; then units that nothing reads are removed, kernels share 15 values,
  are tuned for two epochs, and a file is written and read back ("lenet5_file");
- few_macs: LeNet-5 with channels removed in rounds by their Taylor scores, until the widths are 3,
  8 and 130, of 99,540 multiply-accumulates; then it learns from what it was before (distillation).

Writes course_utils/lessons/results/records.csv, one row a network; `seconds` depends on what else
the machine does. Rows that the file holds already are not made again.
"""

import time
from collections.abc import Callable

import by_seed
import few_kilobytes
import numpy as np
from distorted import distorted
from every_way import copied

from course_utils import criteria, measuring, models, pruning, schedules, structure
from course_utils.arrays import Arrays
from course_utils.backend import keras
from course_utils.extras import clustering, export, regularizing
from course_utils.lessons import recorded
from course_utils.lessons.data import Dataset

RESULTS = recorded.RESULTS / "records.csv"
FIELDS = (
    "seed", "record", "weights", "compression", "macs", "bytes", "test_error", "epochs", "seconds",
)  # fmt: skip
FILE = RESULTS.with_name("lenet5_record.sparse")  # seed 0's, which lesson 14 reads
BATCH, COPIES, VALUES = 128, 8, 15
# Of 100,000 multiply-accumulates or less: from LeNet-5's widths to these, in so many rounds.
WIDTHS, ROUNDS = {"conv1": (20, 3), "conv2": (50, 8), "fc1": (500, 130)}, 8
HEAT = 3.0  # the temperature at which a teacher's answers are softened


class Digits:
    """All 60,000 training images, and copies of them that are bent and shifted."""

    def __init__(self, data: Dataset, seed: int, bend: float) -> None:
        rng = np.random.default_rng(seed)
        self.x = np.concatenate([data.x_train, data.x_val])
        self.y = np.concatenate([data.y_train, data.y_val])
        self.images = [*(distorted(self.x, rng, bend) for _ in range(COPIES)), self.x]
        self.epochs = 0  # so many were trained
        self.targets, self.loss = [self.y] * (COPIES + 1), "sparse_categorical_crossentropy"

    def learn_from(self, teacher: keras.Model) -> None:
        """From now on a teacher's softened answers are nine tenths of what is learned."""
        labels, self.loss = np.eye(10, dtype="float32")[self.y], distilled
        for place, x in enumerate(self.images):
            sure = teacher.predict(x, batch_size=1000, verbose=0) ** (1 / HEAT)
            soft = sure / sure.sum(axis=1, keepdims=True)
            self.targets[place] = np.concatenate([labels, soft], axis=1)

    def fit(
        self,
        model: keras.Model,
        epochs: int,
        rate: float,
        *callbacks: keras.callbacks.Callback,
        falls: bool = False,
        plain: int = 0,
    ) -> None:
        """Train with Adam, at a rate that stays or falls to 0, the last epochs on plain images."""
        steps = epochs * -(-len(self.x) // BATCH)
        model.compile(
            keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps))
            if falls
            else keras.optimizers.Adam(rate),
            self.loss,
            steps_per_execution=1 if callbacks else 20,
        )
        for epoch in range(epochs):
            place = self.epochs % COPIES if epoch < epochs - plain else COPIES
            x, y = self.images[place], self.targets[place]
            model.fit(x, y, batch_size=BATCH, verbose=0, callbacks=list(callbacks))
            self.epochs += 1


def lenet300(data: Dataset, seed: int) -> list[dict]:
    """Return the row of LeNet-300-100 with 3,915 weights."""
    start, digits, model = time.perf_counter(), Digits(data, seed, 0.7), models.lenet300(seed=seed)
    regularizing.regularize(model, keras.regularizers.L1(6e-5))
    prune(model, digits, 3_915, 30, 0.002)
    digits.fit(model, 30, 0.002, falls=True, plain=15)
    return [row("lenet300", seed, model, data, digits, start, 266_200)]


def sparse_lenet5(
    data: Dataset, seed: int, record: str, weights: int
) -> tuple[keras.Model, Digits, float, dict]:
    """Return LeNet-5 with so many weights, what it learned from, when it began, and its row."""
    start, digits, model = time.perf_counter(), Digits(data, seed, 0.5), models.lenet5(seed=seed)
    penalty = keras.regularizers.L1(6e-5)
    regularizing.regularize(model, penalty)
    prune(model, digits, weights, 18, 0.004, criteria.lamp)
    model = trimmed(model)  # half of the work is saved from here on
    regularizing.regularize(model, penalty)
    digits.fit(model, 24, 0.004, falls=True, plain=4)
    return model, digits, start, row(record, seed, model, data, digits, start, 430_500)


def lenet5_over(times: int) -> Callable[[Dataset, int], list[dict]]:
    """Return what makes the row of LeNet-5 with so many times fewer weights."""

    def rows(data: Dataset, seed: int) -> list[dict]:
        return [sparse_lenet5(data, seed, f"lenet5_{times}x", round(430_500 / times))[-1]]

    return rows


def lenet5(data: Dataset, seed: int) -> list[dict]:
    """Return the rows of LeNet-5 with 1,537 weights, and of a file of it."""
    model, digits, start, first = sparse_lenet5(data, seed, "lenet5", 1_537)
    regularizing.regularize(model, None)
    clustering.hold_codebooks(model, clustering.cluster(pruning.weights(model), VALUES))
    digits.fit(model, 2, 0.001, falls=True, plain=1)
    few_kilobytes.share_biases(model)
    file = export.sparse_file(model, codes=True)
    if seed == 0:
        FILE.write_bytes(file)
    read = models.compiled(export.read_sparse(file))
    return [first, row("lenet5_file", seed, read, data, digits, start, 430_500, len(file))]


def few_macs(data: Dataset, seed: int) -> list[dict]:
    """Return the row of LeNet-5 with at most 100,000 multiply-accumulates."""
    start, digits, model = time.perf_counter(), Digits(data, seed, 0.5), models.lenet5(seed=seed)
    digits.fit(model, 12, 0.002, falls=True)
    teacher = copied(model)
    for number in range(1, ROUNDS + 1):
        model = narrowed(model, data, number)
        digits.fit(model, 1, 0.001)
    digits.learn_from(teacher)
    digits.fit(model, 45, 0.002, falls=True, plain=14)
    return [row("few_macs", seed, model, data, digits, start, 430_500)]


def narrowed(model: keras.Model, data: Dataset, number: int) -> keras.Model:
    """Return the network after so many rounds on the way from LeNet-5's widths to WIDTHS."""
    some = slice(2000 * number, 2000 * (number + 1))
    scores = structure.taylor(model, data.x_train[some], data.y_train[some], batch_size=64)
    masks = {}
    for name, (widest, narrowest) in WIDTHS.items():
        most = round(widest * (narrowest / widest) ** (number / ROUNDS))
        masks[name] = np.isin(np.arange(len(scores[name])), np.argsort(-scores[name])[:most])
    return structure.shrink(model, masks=masks)[0]


def distilled(target: np.ndarray, output: np.ndarray) -> np.ndarray:
    """Return the loss: a tenth from the label, nine from the teacher at temperature 3.

    A target holds the label as one of ten, then the teacher's softened answer. Source: Hinton,
    Vinyals and Dean 2015 (arXiv 1503.02531), section 2.
    """
    ops, own = keras.ops, keras.ops.log(keras.ops.clip(output, 1e-7, 1))
    soft = ops.log_softmax(own / HEAT)
    hard = ops.sum(target[:, :10] * own, axis=1)
    return -0.1 * hard - 0.9 * HEAT**2 * ops.sum(target[:, 10:] * soft, axis=1)


def prune(
    model: keras.Model,
    digits: Digits,
    weights: int,
    epochs: int,
    rate: float,
    criterion: Callable[[Arrays], Arrays] = criteria.magnitude,
) -> None:
    """Bring a network gradually to so many weights, at a rate that stays."""
    total = sum(W.size for W in pruning.weights(model).values())
    steps = epochs * -(-len(digits.x) // BATCH)
    cubic = schedules.polynomial(1 - weights / total, begin=steps // 10, end=steps, every=50)
    digits.fit(model, epochs, rate, pruning.PruneOnSchedule(cubic, criterion))


def trimmed(model: keras.Model) -> keras.Model:
    """Return LeNet-5 without the channels that nothing reads, its zeros held."""
    for layer, reader in (("fc1", "fc2"), ("conv2", "fc1"), ("conv1", "conv2")):
        kernel = pruning.weights(model)[f"{reader}/kernel"]
        channels = model.get_layer(layer).bias.shape[0]
        read = (kernel.reshape(-1, channels, kernel.shape[-1]) != 0).any(axis=(0, 2))
        if not read.all():
            model, _ = structure.shrink(model, masks={layer: read}, verify=True)
    pruning.attach(model, pruning.masks_from_zeros(model))
    return model


def row(
    record: str,
    seed: int,
    model: keras.Model,
    data: Dataset,
    digits: Digits,
    start: float,
    whole: int,
    size: int | str = "",
) -> dict:
    """Return the row of one network: its test images are met here, and only here."""
    left = sum(int(np.count_nonzero(W)) for W in pruning.weights(model).values())
    answers = model.predict(data.x_test, batch_size=1000, verbose=0).argmax(axis=1)
    error = float(np.mean(answers != data.y_test))
    values = (
        seed, record, left, round(whole / left, 1), measuring.report(model).total.macs, size,
        round(error, 4), digits.epochs, round(time.perf_counter() - start),
    )  # fmt: skip
    found = dict(zip(FIELDS, values, strict=True))
    print(found, flush=True)
    return found


RECORDS = {made.__name__: made for made in (lenet300, lenet5, few_macs)}
RECORDS |= {f"lenet5_{times}x": lenet5_over(times) for times in (12, 40, 120, 400)}


def main() -> None:
    """Make the rows of one record that are missing; append each seed's when it is there."""
    parser = by_seed.parser(__doc__, 5)
    parser.add_argument("record", choices=RECORDS)
    options, data = parser.parse_args(), by_seed.mnist()
    rows = recorded.rows(RESULTS.stem) if RESULTS.exists() else []
    done = {row["seed"] for row in rows if row["record"] == options.record}
    for seed in range(options.seeds):
        if seed not in done:
            by_seed.append(RESULTS, FIELDS, RECORDS[options.record](data, seed))


if __name__ == "__main__":
    main()
