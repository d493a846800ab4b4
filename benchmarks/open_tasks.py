"""The marks of the open tasks: what the solutions' own answers reach; lessons 05 to 21 show them.

python benchmarks/open_tasks.py --seeds 5 [--lesson 08 ...] [--speeds]

Each answer is the code of the solutions' edition, run with another seed; the judge tries other
networks with each. Writes course_utils/lessons/results/open_tasks.csv, one row for each lesson and
seed. Rows that the file holds already are not measured again: delete a lesson's to start it anew. A
seed of all lessons takes about three minutes. `--speeds` measures open_tasks_speeds.csv anew: the
processor's time of sixty small CNNs for 64 images, in turns: other programs hardly change it.
"""

import ast
import itertools
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import by_seed
import numpy as np

from course_utils import measuring, models
from course_utils.backend import keras, tf
from course_utils.extras import speed
from course_utils.lessons import recorded
from course_utils.lessons.open_tasks.task import Task

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import notebook_editions as editions  # noqa: E402

RESULTS = recorded.RESULTS / "open_tasks.csv"
SPEEDS = recorded.RESULTS / "open_tasks_speeds.csv"
FIELDS = ("lesson", "seed", "score")
layers = keras.layers


def main() -> None:
    """Measure what is missing, and append each row as soon as it is there."""
    parser = by_seed.parser(__doc__, 5)
    parser.add_argument("--lesson", nargs="*", help="the numbers of lessons, or all")
    parser.add_argument("--speeds", action="store_true")
    options = parser.parse_args()
    if options.speeds:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        write_speeds()
    by_seed.mnist()
    known = recorded.rows(RESULTS.stem) if RESULTS.exists() else []
    done = {(row["lesson"], row["seed"]) for row in known}
    for seed, stem in itertools.product(range(options.seeds), with_tasks(options.lesson)):
        if (stem, seed) not in done:
            score = measured(stem, seed)
            print(stem, seed, score, flush=True)
            row = {"lesson": stem, "seed": seed, "score": round(score, 4)}
            by_seed.append(RESULTS, FIELDS, [row])


def with_tasks(numbers: list[str] | None = None) -> list[str]:
    """List the lessons that end in an open task."""
    stems = [
        path.stem for path in sorted((ROOT / "notebooks/src").glob("*.py")) if cells(path.stem)
    ]
    return [stem for stem in stems if not numbers or stem[:2] in numbers]


def cells(stem: str) -> list[str]:
    """Return the code of a lesson's open task: the answer, and the call of the judge."""
    lesson = editions.read_lesson(ROOT / "notebooks/src" / f"{stem}.py")
    tags = [editions.tags_of(cell) for cell in lesson.cells]
    places = [place for place, found in enumerate(tags) if "open-task" in found]
    return [lesson.cells[at].source for one in places for at in (one, one + 1)]


def answered(stem: str, seed: int) -> tuple[Task, object]:
    """Run a lesson's first cell, its imports, and its answer; return the task and the answer."""
    lesson = editions.read_lesson(ROOT / "notebooks/src" / f"{stem}.py")
    first = next(cell.source for cell in lesson.cells if cell.cell_type == "code")
    imports = [
        line for line in ast.parse(first).body if isinstance(line, ast.Import | ast.ImportFrom)
    ]
    answer, judge = cells(stem)
    names = {"print": lambda *_: None}  # the mark is not there yet
    names["begin"] = lambda: keras.utils.set_random_seed(seed)  # making a network sets a seed, too
    exec(ast.unparse(ast.Module(imports, [])), names)
    exec(editions.solved(re.sub("^# BEGIN SOLUTION", "begin()", answer, flags=re.MULTILINE)), names)
    return names["task"], names[ast.parse(judge).body[-1].value.args[0].id]


def measured(stem: str, seed: int) -> float:
    """Return the score of the course's own answer with a seed."""
    task, answer = answered(stem, seed)
    return task.measure(answer, seed)


def write_speeds(count: int = 60, rounds: int = 40) -> None:
    """Time small CNNs of random widths, all in turns."""
    rng = np.random.default_rng(0)
    networks = [drawn(rng) for _ in range(count)]
    images = rng.random((64, 28, 28, 1)).astype("float32")
    calls = [speed.keras_call(model, images) for model in networks]
    times = [[spent(calls[place]) for place in range(count)] for _ in range(rounds)]
    middle = np.median(times[5:], axis=0)
    rows = []
    for number, model in enumerate(networks):
        total = measuring.report(model).total
        sizes = [int(np.prod(layer.output.shape[1:])) for layer in model.layers]
        rows.append({
            "network": number, "layers": len(sizes), "macs": total.macs,
            "parameters": total.parameters, "numbers_between": sum(sizes), "largest": max(sizes),
            "milliseconds": round(1e3 * middle[number], 4),
        })  # fmt: skip
    SPEEDS.unlink(missing_ok=True)
    by_seed.append(SPEEDS, list(rows[0]), rows)


def spent(call: Callable[[], object]) -> float:
    """Return the processor's seconds of a call."""
    begin = time.process_time()
    call()
    return time.process_time() - begin


def drawn(rng: np.random.Generator) -> keras.Model:
    """Return a CNN with one to four convolutions of random widths."""
    image = x = keras.Input((28, 28, 1))
    for _ in range(rng.integers(1, 5)):
        width, size = int(2 ** rng.uniform(2, 6)), int(rng.choice([1, 3, 5]))
        x = layers.Conv2D(width, size, padding="same", activation="relu")(x)
        if rng.random() < 0.6 and x.shape[1] > 4:
            x = layers.MaxPooling2D()(x)
    if rng.random() < 0.5:
        x = layers.Dense(int(2 ** rng.uniform(4, 7)), activation="relu")(layers.Flatten()(x))
    else:
        x = layers.GlobalAveragePooling2D()(x)
    return models.compiled(keras.Model(image, layers.Dense(10, activation="softmax")(x)))


if __name__ == "__main__":
    main()
