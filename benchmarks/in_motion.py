"""What the pictures that move show: a layer through lesson 00, and masks under a schedule.

python benchmarks/in_motion.py

Runs the beginning of lesson 00 (LeNet-5 as it comes with the course: cut by 90 %, one step, one
pass over 5,000 images; first with nothing held, then with the mask) and LeNet-300-100 under the
cubic schedule of lesson 08. Writes course_utils/lessons/results/in_motion.npz, from which
`python tools/animations.py` draws. One run each, MNIST; half a minute on two cores.
"""

import numpy as np

from course_utils import masking, models, pruning, schedules
from course_utils.backend import keras
from course_utils.lessons import networks, recorded
from course_utils.lessons.data import load_mnist

RESULTS = recorded.RESULTS / "in_motion.npz"
BINS = 81  # 0 is in the middle of one
EPOCHS, FINAL = 6, 0.98
LOOKS = (0, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 1)  # at which shares of the training


def main() -> None:
    """Measure both, and write the arrays."""
    found = {**through_time(), **under_a_schedule()}
    np.savez_compressed(RESULTS, **found)
    print({name: array.shape for name, array in found.items()})


def through_time() -> dict[str, np.ndarray]:
    """Return what fc1 of LeNet-5 holds at four stages, nothing held, then with the mask held.

    counts (run, stage, bin) between `edges`; zeros, and accuracy on 2,000 images, (run, stage).
    """
    data = load_mnist().head(5000, held_out=2000)
    runs = [_stages(data, held) for held in (False, True)]
    limit = max(np.abs(W).max() for run in runs for W, _ in run)
    edges = np.linspace(-limit, limit, BINS + 1)
    return {
        "edges": edges,
        "counts": np.array([[np.histogram(W, edges)[0] for W, _ in run] for run in runs]),
        "zeros": np.array([[np.sum(W == 0) for W, _ in run] for run in runs]),
        "accuracy": np.array([[accuracy for _, accuracy in run] for run in runs]),
    }


def _stages(data: object, held: bool) -> list[tuple[np.ndarray, float]]:
    model, stages = networks.trained("lenet5", data), []

    def look() -> None:
        accuracy = model.evaluate(data.x_val, data.y_val, batch_size=500, verbose=0)[1]
        stages.append((pruning.weights(model)["fc1/kernel"], accuracy))

    look()
    pruning.prune(model, 0.9)
    if not held:
        pruning.detach(model)
    look()
    for x, y in ((data.x_train[:128], data.y_train[:128]), (data.x_train, data.y_train)):
        model.fit(x, y, batch_size=128, verbose=0)
        look()
    return stages


def under_a_schedule() -> dict[str, np.ndarray]:
    """Return the masks of LeNet-300-100 at nine steps of its training.

    `steps`; the masks of the four units of fc1 that end with the most connections, (step, 4, 784);
    the share of each layer that stays; the sparsity that was asked for, at each of all steps.
    """
    data = load_mnist().head(20_000)
    steps = EPOCHS * -(-len(data.x_train) // 128)
    begin, end, every = steps // 10, 7 * steps // 10, steps // 40
    asked = schedules.polynomial(FINAL, begin, end, every=every)
    model = models.lenet300(seed=0)
    at = [round(steps * share) for share in LOOKS]
    masks: dict[int, dict[str, np.ndarray]] = {}

    def look(batch: int | None = None, logs: dict | None = None) -> None:
        step = int(model.optimizer.iterations)
        if step in at and step not in masks:
            ones = {name: np.ones(W.shape, bool) for name, W in pruning.weights(model).items()}
            masks[step] = pruning.held_masks(model) or ones

    watch = keras.callbacks.LambdaCallback(on_train_batch_begin=look, on_train_end=look)
    pruner = pruning.PruneOnSchedule(asked, min_kept=500)
    model.fit(data.x_train, data.y_train, 128, EPOCHS, verbose=0, callbacks=[pruner, watch])
    assert list(masks) == at
    assert abs(masking.sparsity(masks[steps]) - FINAL) < 1e-4
    most = np.argsort(-masks[steps]["fc1/kernel"].sum(axis=0), kind="stable")[:4]
    return {
        "steps": np.array(at),
        "units": np.array([mask["fc1/kernel"][:, most].T for mask in masks.values()], bool),
        "kept": np.array([[mask.mean() for mask in m.values()] for m in masks.values()]),
        "asked": np.array([asked(step) for step in range(steps + 1)]),
    }


if __name__ == "__main__":
    main()
