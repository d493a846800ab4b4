"""Lottery tickets of LeNet-300-100 on MNIST, several seeds, with controls; notebook 10 plots them.

python benchmarks/lottery_tickets.py --seeds 5

Iterative magnitude pruning as in Frankle and Carbin 2019 (arXiv 1803.03635, section 2): 20 % of the
rest a round, 10 % in the last layer. To save time two rounds are made at once, and every training
is short: 5 epochs on 20,000 images. Writes course_utils/lessons/results/lottery_tickets.csv, one
row for each seed, network and round. Seeds that the file holds already are not run again: delete it
to start anew. On two cores a seed takes about three minutes.
"""

import math

import by_seed

from course_utils import criteria, masking, models, pruning
from course_utils.lessons import recorded
from course_utils.lessons.data import Dataset

RESULTS = recorded.RESULTS / "lottery_tickets.csv"
FIELDS = ("seed", "network", "round", "left", "val_accuracy_first", "val_accuracy", "test_accuracy")
IMAGES, BATCH, EPOCHS = 20_000, 128, 5
ROUNDS, AT_ONCE = 20, 2


def main() -> None:
    """Run the seeds that are missing, and append the rows of each as soon as they are there."""
    by_seed.run(
        __doc__, 5, RESULTS, FIELDS, lambda data, seed: one_seed(data.head(IMAGES), seed, EPOCHS)
    )


def one_seed(data: Dataset, seed: int, epochs: int) -> list[dict]:
    """Train the dense network, then find tickets in rounds, and train each beside its controls."""
    finder, longer, control = (models.lenet300(seed=seed) for _ in range(3))
    start = finder.get_weights()
    dense = train(finder, data, "dense", 0, epochs)
    longer.set_weights(finder.get_weights())
    rows = [dense]
    for number in range(AT_ONCE, ROUNDS + 1, AT_ONCE):
        masks, seeds = ticket_masks(finder, number), 1000 * seed + number
        pruning.rewind(finder, start, masks)
        rows.append(train(finder, data, "ticket", number, epochs))
        pruning.rewind(control, pruning.reinitialized(control, seeds), masks)
        rows.append(train(control, data, "new weights", number, epochs))
        pruning.rewind(control, start, masking.shuffle(masks, seeds))
        rows.append(train(control, data, "shuffled mask", number, epochs))
        pruning.attach(longer, ticket_masks(longer, number))
        rows.append(train(longer, data, "trained on", number, epochs))
    return [{"seed": seed, **row} for row in rows]


def ticket_masks(model, number: int) -> masking.Masks:
    """Return masks of the largest trained weights, at the sparsities of round `number`."""
    sparsities = dict.fromkeys(pruning.weights(model), 1 - 0.8**number)
    sparsities["fc3/kernel"] = 1 - 0.9**number
    scores = masking.exclude(
        criteria.magnitude(pruning.weights(model)), pruning.masks_from_zeros(model)
    )
    return masking.make_masks(scores, sparsities)


def train(model, data: Dataset, network: str, number: int, epochs: int) -> dict:
    """Train with a new optimizer; return accuracies after the first epoch and after the last."""
    models.compiled(model)
    model.fit(data.x_train, data.y_train, batch_size=BATCH, verbose=0)
    first = model.evaluate(data.x_val, data.y_val, batch_size=1000, verbose=0)
    model.fit(data.x_train, data.y_train, batch_size=BATCH, epochs=epochs - 1, verbose=0)
    val = model.evaluate(data.x_val, data.y_val, batch_size=1000, verbose=0)
    test = model.evaluate(data.x_test, data.y_test, batch_size=1000, verbose=0)
    assert math.isfinite(val[0]), f"{network} diverged in round {number}"
    left = 1 - masking.sparsity(pruning.held_masks(model) or pruning.weights(model))
    values = (left, first[1], val[1], test[1])
    numbers = dict(zip(FIELDS[3:], (round(value, 6) for value in values), strict=True))
    row = {"network": network, "round": number, **numbers}
    print(row, flush=True)
    return row


if __name__ == "__main__":
    main()
