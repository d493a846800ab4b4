"""LeNet-5 in a few kilobytes: what each stage of joint compression saves, and what it costs.

python benchmarks/few_kilobytes.py --seeds 5

For each seed: LeNet-5 on MNIST, images shifted by up to one pixel; pruned gradually to 99 %; units
that nothing reads removed; 15 values in each kernel by k-means, tuned for one pass; biases shared,
too, and all in Huffman's code. After each stage a file is written and read back, and the network
that was read is measured. Beside them one pass more of the pruned network on 20,000 images, with
and without the dense network as a teacher. What was chosen (15 values, one pass) was chosen on
validation images. Writes course_utils/lessons/results/few_kilobytes.csv, one row for each seed and
stage; seeds that the file holds already are not run again. One seed takes about five minutes on one
core.
"""

import itertools

import by_seed
import numpy as np

from course_utils import models, pruning, schedules, structure
from course_utils.backend import keras
from course_utils.extras import clustering, export, sparsefile
from course_utils.lessons import recorded
from course_utils.lessons.data import Dataset

RESULTS = recorded.RESULTS / "few_kilobytes.csv"
FIELDS = (
    "seed", "stage", "bytes", "gaps", "tables", "values", "weights", "val_error", "test_error",
)  # fmt: skip
SHIFTS = list(itertools.product((-1, 0, 1), repeat=2))
SPARSITY, CLUSTERS, BATCH = 0.99, 15, 128
DENSE, PRUNING = 4, 6  # epochs
SOME = 20_000  # images, with a teacher and without


def main() -> None:
    """Run the seeds that are missing, and append the rows of each as soon as they are there."""
    by_seed.run(__doc__, 5, RESULTS, FIELDS, one_seed)


def one_seed(data: Dataset, seed: int, dense: int = DENSE, prune: int = PRUNING) -> list[dict]:
    """Return the rows of one seed: the stages, then what stands beside them."""
    model = models.lenet5(seed=seed)
    train(model, data, dense, 0.002, seed)
    teacher = copied(model)
    rows = [row(seed, "dense", model, data)]
    steps = prune * -(-len(data.x_train) // BATCH)
    cubic = schedules.polynomial(SPARSITY, begin=0, end=steps * 6 // 10, every=50)
    train(model, data, prune, 0.002, seed, pruning.PruneOnSchedule(cubic))
    rows.append(row(seed, "pruned", model, data))
    rows += stages(copied(model), data, seed)
    return rows + taught(model, teacher, data.head(SOME), seed)


def stages(model: keras.Model, data: Dataset, seed: int) -> list[dict]:
    """Remove what nothing reads, share, tune, code; return a row for each stage."""
    read = (pruning.weights(model)["fc2/kernel"] != 0).any(axis=1)
    model, _ = structure.shrink(model, masks={"fc1": read}, verify=True)
    rows = [row(seed, "trimmed", model, data)]
    clustering.hold_codebooks(model, clustering.cluster(pruning.weights(model), CLUSTERS))
    rows.append(row(seed, "shared", model, data))
    train(model, data, 1, 0.001, seed)
    rows.append(row(seed, "tuned", model, data))
    share_biases(model)
    rows.append(row(seed, "biases", model, data))
    rows.append(row(seed, "coded", model, data, codes=True))
    return rows


def taught(model: keras.Model, teacher: keras.Model, data: Dataset, seed: int) -> list[dict]:
    """Train the pruned network for one pass more, by labels alone and with a teacher."""
    rows = []
    for stage in ("labels", "teacher"):
        student = held(copied(model))
        if stage == "labels":
            train(student, data, 1, 0.0005, seed)
        else:
            distill(student, copied(teacher), data)
        assert not any(pruning.regrown(student).values())
        rows.append(row(seed, stage, student, data))
    return rows


def distill(student: keras.Model, teacher: keras.Model, data: Dataset) -> None:
    """Train a student on labels and on its teacher's outputs before the softmax."""
    for one in (student, teacher):
        one.layers[-1].activation = keras.activations.linear
    # As a word, "kl_divergence", this loss is taken before the softmax in Keras 3.15, and is none.
    divergence = keras.losses.KLDivergence()
    loss = keras.distillation.LogitsDistillation(temperature=4.0, loss=divergence)
    distiller = keras.distillation.Distiller(teacher, student, loss)
    distiller.compile(
        keras.optimizers.Adam(falling(0.0005, 1, data)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        steps_per_execution=20,
    )
    distiller.fit(data.x_train, data.y_train, batch_size=BATCH, verbose=0)
    student.layers[-1].activation = keras.activations.softmax


def train(
    model: keras.Model, data: Dataset, epochs: int, rate: float, seed: int, *callbacks: object
) -> None:
    """Train with Adam and a falling rate; images shift in all but the last two epochs."""
    rng = np.random.default_rng(seed)
    model.compile(
        keras.optimizers.Adam(falling(rate, epochs, data)), "sparse_categorical_crossentropy",
        metrics=["accuracy"], steps_per_execution=1 if callbacks else 20,
    )  # fmt: skip
    for epoch in range(epochs):
        x = data.x_train.copy()
        for part, shift in enumerate(rng.permutation(9) if epoch < epochs - 2 else []):
            x[part::9] = np.roll(x[part::9], SHIFTS[shift], axis=(1, 2))
        model.fit(x, data.y_train, batch_size=BATCH, verbose=0, callbacks=list(callbacks))


def falling(rate: float, epochs: int, data: Dataset) -> keras.optimizers.schedules.CosineDecay:
    """Return a learning rate that falls to zero."""
    return keras.optimizers.schedules.CosineDecay(rate, epochs * -(-len(data.x_train) // BATCH))


def copied(model: keras.Model) -> keras.Model:
    """Return a compiled network with the same weights, and with no masks."""
    copy = models.lenet5(seed=0)
    copy.set_weights(model.get_weights())
    return copy


def held(model: keras.Model) -> keras.Model:
    """Hold the zeros of a network."""
    pruning.attach(model, pruning.masks_from_zeros(model))
    return model


def share_biases(model: keras.Model) -> None:
    """Give the biases few different values as well."""
    biases = {w.path: w for w in model.weights if w.name == "bias"}
    values = {path: keras.ops.convert_to_numpy(w) for path, w in biases.items()}
    for path, value in clustering.cluster(values, CLUSTERS).items():
        biases[path].assign(value)


def row(seed: int, stage: str, model: keras.Model, data: Dataset, codes: bool = False) -> dict:
    """Write a file, read it back, and return the row of what was read."""
    file = export.sparse_file(model, codes=codes)
    read = models.compiled(export.read_sparse(file))
    kinds = [
        sum(part[kind] for part in sparsefile.parts(file).values())
        for kind in ("gaps", "table", "values")
    ]
    left = sum(int(np.count_nonzero(W)) for W in pruning.weights(read).values())
    errors = (
        round(1 - read.evaluate(x, y, batch_size=1000, verbose=0)[1], 4)
        for x, y in ((data.x_val, data.y_val), (data.x_test, data.y_test))
    )
    found = dict(zip(FIELDS, (seed, stage, len(file), *kinds, left, *errors), strict=True))
    print(found, flush=True)
    return found


if __name__ == "__main__":
    main()
