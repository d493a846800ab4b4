"""How to retrain a pruned network: which rate, how long, rewound or not; notebook 08 plots it.

python benchmarks/retraining.py --seeds 5

LeNet-300-100 on 20,000 images of MNIST, batches of 128. Two dense networks of one seed start from
the same weights and train for 4 epochs with Adam: "constant" at a rate of 1e-3 throughout (as
lenet300 in course_utils/lessons/networks.py), "falling" from 1e-3 in a straight line to 1e-5.
Either is pruned once, the smallest weights of all layers together, and trained on with a new Adam:

- "fixed 1e-5" to "fixed 3e-3": at this rate throughout;
- "new fall", "steep fall": from 1e-3 or 3e-3 in a straight line to 1e-5, in the epochs there are;
- "rate rewound": the last epochs of the old schedule once more (Renda et al. 2020);
- "weights rewound": the same from the weights of that time (the same paper).

Rows with sparsity 0 are the control: nothing pruned, trained on in the same way. All trainings of a
seed see the images in the same order. Writes course_utils/lessons/results/retraining.csv, one row
for each seed, start, sparsity, way and number of epochs; 0 epochs is right after the cut. Seeds
that the file holds already are not run again: delete it to start anew. A seed takes 80 seconds of
one core. Keras's `fit` would take three times that, so steps are compiled by the epoch here.
"""

import by_seed
import numpy as np

from course_utils import criteria, masking, models, pruning
from course_utils.backend import keras, tf
from course_utils.lessons import recorded
from course_utils.lessons.data import Dataset

RESULTS = recorded.RESULTS / "retraining.csv"
FIELDS = ("seed", "start", "sparsity", "way", "epochs", "val_accuracy", "test_accuracy")
IMAGES, BATCH, EPOCHS = 20_000, 128, 4
HIGH, LOW, LENGTHS = 1e-3, 1e-5, (1, 2, 4, 8)
CONSTANT = {"fixed 3e-3": 3e-3, "fixed 1e-3": 1e-3, "fixed 1e-4": 1e-4, "fixed 1e-5": 1e-5}
FALLING = {"new fall": HIGH, "steep fall": 3e-3}
REWOUND = ("rate rewound", "weights rewound")
# (start, sparsity): {way: the most epochs}
PLAN = {
    ("falling", 0.98): {"fixed 1e-3": 8, "fixed 1e-5": 2}
    | dict.fromkeys(("fixed 3e-3", "fixed 1e-4", "new fall", "steep fall", *REWOUND), 4),
    ("falling", 0.9): {"fixed 1e-3": 2, "fixed 1e-4": 2},
    ("falling", 0.0): {"fixed 1e-3": 2, "fixed 1e-4": 2},
    ("constant", 0.9): {"fixed 1e-3": 2, "fixed 1e-4": 2},
    ("constant", 0.0): {"fixed 1e-3": 2, "fixed 1e-4": 2},
}


def main() -> None:
    """Run the seeds that are missing, and append the rows of each as soon as they are there."""
    by_seed.run(__doc__, 5, RESULTS, FIELDS, lambda data, seed: one_seed(data.head(IMAGES), seed))


def one_seed(data: Dataset, seed: int) -> list[dict]:
    """Train the two dense networks, then prune and retrain them in every way of the plan."""
    trainer, kept, rows = Trainer(data, seed), {}, []
    for start, low in (("falling", LOW), ("constant", HIGH)):
        kept[start] = [trainer.initial]
        trainer.begin(trainer.initial, trainer.nothing_pruned)
        for epoch in range(EPOCHS):
            trainer.epoch(epoch, line(HIGH, low, EPOCHS, epoch), line(HIGH, low, EPOCHS, epoch + 1))
            kept[start].append(trainer.model.get_weights())
    for (start, sparsity), ways in PLAN.items():
        trainer.begin(kept[start][-1], trainer.nothing_pruned)
        masks = masking.make_masks(criteria.magnitude(pruning.weights(trainer.model)), sparsity)
        trainer.begin(kept[start][-1], masks)
        found = [("none", 0, trainer.measured())]
        for way, longest in ways.items():
            found += [(way, *one) for one in retrained(trainer, way, longest, kept[start], masks)]
        for way, epochs, values in found:
            rows.append(
                dict(zip(FIELDS, (seed, start, sparsity, way, epochs, *values), strict=True))
            )
            print(rows[-1], flush=True)
    return rows


def retrained(trainer: "Trainer", way: str, longest: int, kept: list, masks: masking.Masks):
    """Yield (epochs, values) for every length of one way to retrain."""
    for epochs in (length for length in LENGTHS if length <= longest):
        if way in CONSTANT and epochs > 1:
            begin = epochs // 2  # the run of the length before goes on
        else:
            begin = 0
            trainer.begin(kept[-1 - epochs] if way == "weights rewound" else kept[-1], masks)
        for epoch in range(begin, epochs):
            first, last = (rate(way, at, epochs) for at in (epoch, epoch + 1))
            trainer.epoch(epoch, first, last)
        yield epochs, trainer.measured()


def rate(way: str, epoch: int, epochs: int) -> float:
    """Return the learning rate after `epoch` of `epochs` of a retraining."""
    if way in CONSTANT:
        return CONSTANT[way]
    if way in FALLING:
        return line(FALLING[way], LOW, epochs, epoch)
    return line(HIGH, LOW, EPOCHS, EPOCHS - epochs + epoch)


def line(high: float, low: float, epochs: int, epoch: int) -> float:
    """Return the rate after `epoch` of `epochs`, on the straight line from `high` to `low`."""
    return high + (low - high) * epoch / epochs


class Trainer:
    """LeNet-300-100 under masks, and a compiled function that trains it for an epoch."""

    def __init__(self, data: Dataset, seed: int):
        self.model, self.data, self.seed = models.lenet300(seed=seed), data, seed
        self.initial = self.model.get_weights()
        self.nothing_pruned = {k: np.ones_like(w) for k, w in pruning.weights(self.model).items()}
        pruning.attach(self.model, self.nothing_pruned)
        adam, variables = self.model.optimizer, self.model.trainable_variables
        adam.build(variables)
        x, y = tf.constant(data.x_train), tf.constant(data.y_train.astype("int32"))
        loss = keras.losses.SparseCategoricalCrossentropy()

        @tf.function
        def epoch(order: tf.Tensor, rates: tf.Tensor) -> None:
            for i in tf.range(len(rates)):
                batch = order[i * BATCH : (i + 1) * BATCH]
                adam.learning_rate.assign(rates[i])
                with tf.GradientTape() as tape:
                    value = loss(tf.gather(y, batch), self.model(tf.gather(x, batch)))
                adam.apply(tape.gradient(value, variables), variables)

        self._epoch = epoch

    def begin(self, weights: list[np.ndarray], masks: masking.Masks) -> None:
        """Take these weights under these masks, and an Adam that remembers nothing."""
        self.model.set_weights(weights)
        pruning.attach(self.model, masks)
        for variable in self.model.optimizer.variables:
            variable.assign(keras.ops.zeros_like(variable))

    def epoch(self, number: int, first: float, last: float) -> None:
        """Train for one epoch in which the rate goes from `first` to `last`."""
        size, rng = len(self.data.x_train), np.random.default_rng((self.seed, number))
        steps = -(-size // BATCH)
        rates = np.linspace(first, last, steps, endpoint=False, dtype="float32")
        self._epoch(tf.constant(rng.permutation(size).astype("int32")), tf.constant(rates))

    def measured(self) -> tuple[float, float]:
        """Return the accuracies of the validation and the test set."""
        parts = ((self.data.x_val, self.data.y_val), (self.data.x_test, self.data.y_test))
        answers = [np.argmax(self.model.predict_on_batch(x), axis=1) == y for x, y in parts]
        return tuple(round(float(one.mean()), 6) for one in answers)


if __name__ == "__main__":
    main()
