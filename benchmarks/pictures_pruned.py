"""Boxes and pixels: a detector and a U-Net with fewer weights, or with fewer channels.

python benchmarks/pictures_pruned.py --seeds 5

Each network is trained on scenes of MNIST digits, then pruned once, then trained for one epoch
more. Of the weights, a share is held at zero, by magnitude or by chance, all kernels ranked
together. Of the structure, the same share of every group of channels goes, by Taylor's score or by
chance. "none" is the network with nothing removed and the same epoch more; "scratch" has the shape
with half of each group left, new weights, and as many epochs as the pruned one had in all. Scenes
are the same for all seeds; weights, batches and chance are not. The quality is mean average
precision (IoU 0.5) and mean IoU, on the test scenes. Widths, rates and canvas were chosen on
validation scenes; the shares that are removed were chosen after a look at the test scores of seed
0, so that the curves show where they bend. Writes course_utils/lessons/results/pictures_pruned.csv.
Seeds that the file holds already are not run again.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import by_seed
import every_way

from course_utils import measuring
from course_utils.backend import keras
from course_utils.lessons import recorded, tasks
from course_utils.lessons.data import Dataset

RESULTS = recorded.RESULTS / "pictures_pruned.csv"
FIELDS = (
    "network", "seed", "what", "criterion", "share", "quality", "parameters", "macs", "bytes",
)  # fmt: skip
LEVELS = {"weights": (0.5, 0.8, 0.9), "structure": (0.25, 0.5, 0.75)}
SCENES, EPOCHS, AFTER, BATCH, SCRATCH = (4096, 1, 1000), 4, 1, 32, 0.5
RATE, RATE_AFTER = 5e-3, 3e-3


class Task(NamedTuple):
    """A network, what it is trained with (x, y), and how good it is."""

    build: Callable[..., keras.Model]
    train: tuple
    quality: Callable[[keras.Model], float]


def main() -> None:
    """Run the seeds that are missing, and append the rows of each as soon as they are there."""
    options, data = by_seed.parser(__doc__, 5).parse_args(), by_seed.mnist()
    both = (detection(data, SCENES), segmentation(data, SCENES))
    for seed in by_seed.missing(RESULTS, options.seeds):
        rows = [row for task in both for row in measured(task, seed)]
        by_seed.append(RESULTS, FIELDS, rows)


def detection(data: Dataset, counts: tuple[int, int, int]) -> Task:
    """Return the detector, and its scenes."""
    train, _, test = tasks.load_scenes(data, counts)
    cells = tasks.to_cells(train.objects, len(train), train.images.shape[1])
    return Task(
        tasks.detector,
        (train.images, cells),
        lambda m: tasks.mean_average_precision(tasks.detect(m, test.images), test.objects),
    )


def segmentation(data: Dataset, counts: tuple[int, int, int]) -> Task:
    """Return the U-Net, and its scenes."""
    train, _, test = tasks.load_scenes(data, counts, tasks.Canvas(24, (14,), 3))
    return Task(
        tasks.unet,
        (train.images, train.pixels),
        lambda model: tasks.mean_iou(model, test.images, test.pixels),
    )


def measured(task: Task, seed: int) -> Iterator[dict]:
    """Train one network, prune it in every way, and yield a row for each."""
    model = task.build(seed=seed)
    fit(model, task.train, EPOCHS, RATE)
    some = tuple(part[:1000] for part in task.train)
    for (what, criterion, share), pruned in every_way.ways(model, some, LEVELS, SCRATCH, seed):
        if criterion == "scratch":
            fit(pruned, task.train, EPOCHS, RATE)
        fit(pruned, task.train, AFTER, RATE_AFTER)
        total = measuring.report(pruned).total
        values = (
            model.name, seed, what, criterion, share, round(task.quality(pruned), 4),
            total.parameters - total.zeros, total.macs, measuring.file_bytes(pruned, True),
        )  # fmt: skip
        print(*values, flush=True)
        yield dict(zip(FIELDS, values, strict=True))


def fit(model: keras.Model, train: tuple, epochs: int, rate: float) -> None:
    """Train with Adam, whose rate falls to zero."""
    falling = keras.optimizers.schedules.CosineDecay(rate, epochs * -(-len(train[0]) // BATCH))
    model.compile(keras.optimizers.Adam(falling), model.loss)
    model.fit(*train, BATCH, epochs, verbose=0)


if __name__ == "__main__":
    main()
