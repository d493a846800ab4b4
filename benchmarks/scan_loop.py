"""How long does a sensitivity scan take, beside the usual loop of `model.evaluate`?

make bench ARGS=scan

A worker of benchmarks/turns.py: LeNet-5 on images of noise, on the same masks and batches:

- "scan": search.sensitivity, with all that belongs to it: ranking, compiling, putting masks on;
- "loop": for every kernel and level, masks are put on and the whole model is evaluated by a
  function that is compiled once, within the clock as the scan's is;
- "evaluate": the same loop around `model.evaluate`.

All must find the same accuracies. The table course_utils/lessons/results/scan_reuse.csv is of
another scan, which kept what comes before the touched layer instead of computing it again. It was
measured by benchmarks/scan_reuse.py of commit 8bb661a, the last to have that scan.
"""

import functools
from collections.abc import Callable

import numpy as np
import turns

from course_utils import criteria, masking, models, pruning
from course_utils.backend import keras, tf
from course_utils.extras import search

LEVELS = (0.5, 0.7, 0.8, 0.9, 0.95)
Results = dict[str, dict[float, float]]


def answer(way: str, images: int, seed: int, size: int = 128) -> dict:
    """Scan in one way; return the seconds, and how many accuracies were found."""
    ways, expected = prepared(images, size)
    seconds, results = turns.timed(ways[way])
    assert_same(results, expected)
    return {"seconds": seconds, "evaluations": sum(map(len, results.values()))}


@functools.lru_cache(maxsize=1)
def prepared(count: int, size: int) -> tuple[dict[str, Callable[[], Results]], Results]:
    """Return the ways to scan, and what they must find."""
    ways = ways_of(models.lenet5(), *images(count, (28, 28, 1)), size)
    return ways, ways["loop"]()


def assert_same(results: Results, expected: Results) -> None:
    """Hold every accuracy of two scans against each other."""
    assert list(results) == list(expected)
    for kernel, levels in expected.items():
        same = np.allclose(list(results[kernel].values()), list(levels.values()), atol=1e-6)
        assert same, f"the accuracies of {kernel} are {results[kernel]}, not {levels}"


def images(count: int, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return noise and labels by chance: what is computed takes as long as for anything else."""
    rng = np.random.default_rng(0)
    return rng.random((count, *shape), dtype="float32"), rng.integers(0, 10, count)


def ways_of(
    model: keras.Model, x: np.ndarray, y: np.ndarray, size: int
) -> dict[str, Callable[[], Results]]:
    """Return the ways to scan, by name, each a function without arguments."""

    def right(compute: Callable) -> float:
        found = 0
        for start in range(0, len(x), size):
            outputs = compute(x[start : start + size], training=False).numpy()
            found += int((outputs.argmax(axis=1) == y[start : start + size]).sum())
        return found / len(x)

    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return {
        "scan": lambda: search.sensitivity(model, x, y, LEVELS, batch_size=size).results,
        "loop": lambda: looped(model, functools.partial(right, tf.function(model))),
        "evaluate": lambda: looped(
            model, lambda: model.evaluate(x, y, batch_size=size, verbose=0)[1]
        ),
    }


def looped(model: keras.Model, evaluated: Callable[[], float]) -> Results:
    """Evaluate the whole model, as a scan does; then with every mask on, and take it off again."""
    results: Results = {}
    evaluated()
    for name, variable in pruning.kernels(model).items():
        W = pruning.weights(model, include=name)
        for level in LEVELS:
            masks = masking.make_masks(criteria.magnitude(W), level, "layer")
            variable.assign(masking.apply(W, masks)[name])
            results.setdefault(name, {})[level] = evaluated()
        variable.assign(W[name])
    return results


if __name__ == "__main__":
    turns.serve(answer)
