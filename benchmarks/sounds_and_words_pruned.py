"""Vowels and lines of text: four networks with fewer weights, or fewer units and heads.

python benchmarks/sounds_and_words_pruned.py --seeds 5

Each network is trained, then pruned once, then trained for two epochs more. Of the weights, a share
is held at zero, by magnitude or by chance, all kernels ranked together. Of the structure, the same
share of every group goes (filters, units, entries of the embedding, heads), by Taylor's score or by
chance. "none" is the network with nothing removed and the same two epochs; "scratch" is the shape
with a quarter of each group left, with new weights and as many epochs as the pruned one had in all.
The data are the same for all seeds; weights, batches and chance are not. Accuracies are those of
the test split; nothing was chosen by them. The baselines are logistic regressions that know of no
order: "counts" on how often each character of a line occurs, "loudness" on how loud each band of a
vowel's spectrogram is in the mean. Writes course_utils/lessons/results/sounds_and_words_pruned.csv.
What it holds already is not run again.
The lines are those of this interpreter's standard library, whose version stands in the last column.
"""

import itertools
import platform
from collections.abc import Callable, Iterator

import by_seed
import every_way
import numpy as np
from sklearn.linear_model import LogisticRegression

from course_utils import measuring
from course_utils.backend import keras
from course_utils.lessons import recorded
from course_utils.lessons.tasks import hearing, reading, speech, text

RESULTS = recorded.RESULTS / "sounds_and_words_pruned.csv"
FIELDS = (
    "network", "seed", "what", "criterion", "share", "accuracy", "parameters", "macs", "bytes",
    "python",
)  # fmt: skip
LEVELS = {"weights": (0.8, 0.9, 0.95), "structure": (0.5, 0.75)}
SPEAKERS, LINES = (150, 30, 60), (8000, 1000, 3000)
EPOCHS = {"vowel_cnn": 8, "vowel_gru": 8, "text_gru": 5, "text_transformer": 5}
AFTER, BATCH, SCRATCH = 2, 128, 0.75
Split = tuple[np.ndarray, np.ndarray]


def main() -> None:
    """Run what is missing, and append the rows of each network as soon as they are there."""
    options = by_seed.parser(__doc__, 5).parse_args()
    rows = recorded.rows(RESULTS.stem) if RESULTS.exists() else []
    done = {(row["network"], row["seed"]) for row in rows}
    data = splits()
    for name, build, seen in (
        ("counts", reading.text_gru, text.counts),
        ("loudness", hearing.vowel_gru, lambda x: x.mean(axis=1)),
    ):
        if (name, 0) not in done:
            by_seed.append(RESULTS, FIELDS, [baseline(name, seen, *data[build])])
    for seed, build in itertools.product(range(options.seeds), data):
        if (build.__name__, seed) not in done:
            by_seed.append(RESULTS, FIELDS, list(measured(build, seed, *data[build])))


def splits() -> dict[Callable[..., keras.Model], tuple[Split, Split]]:
    """Return training and test data for each of the four networks."""
    sounds = [speech.load_vowels(SPEAKERS)[i] for i in (0, 2)]
    heard = tuple((hearing.log_mel(part.waves), part.vowel) for part in sounds)
    lines = text.load_lines(LINES)
    read = tuple((lines[i].ids, lines[i].kind) for i in (0, 2))
    return {
        hearing.vowel_cnn: heard,
        hearing.vowel_gru: heard,
        reading.text_gru: read,
        reading.text_transformer: read,
    }


def baseline(name: str, seen: Callable, train: Split, test: Split) -> dict:
    """Return the row of a logistic regression on what is seen of the inputs."""
    simple = LogisticRegression(max_iter=1000).fit(seen(train[0]), train[1])
    found = round(simple.score(seen(test[0]), test[1]), 4)
    parameters = simple.coef_.size + simple.intercept_.size
    values = (name, 0, "none", "none", 0.0, found, parameters, simple.coef_.size, 0)
    return dict(zip(FIELDS, (*values, platform.python_version()), strict=True))


def measured(
    build: Callable[..., keras.Model], seed: int, train: Split, test: Split
) -> Iterator[dict]:
    """Train one network, prune it in every way, and yield a row for each."""
    model = build(seed=seed)
    epochs = EPOCHS[model.name]
    model.fit(*train, BATCH, epochs, verbose=0)
    some = tuple(part[:1000] for part in train)
    for (what, criterion, share), pruned in every_way.ways(model, some, LEVELS, SCRATCH, seed):
        pruned.fit(*train, BATCH, AFTER + epochs * (criterion == "scratch"), verbose=0)
        total = measuring.report(pruned).total
        values = (
            model.name, seed, what, criterion, share, round(every_way.accuracy(pruned, *test), 4),
            total.parameters - total.zeros, total.macs, measuring.file_bytes(pruned, True),
            platform.python_version(),
        )  # fmt: skip
        print(*values, flush=True)
        yield dict(zip(FIELDS, values, strict=True))


if __name__ == "__main__":
    main()
