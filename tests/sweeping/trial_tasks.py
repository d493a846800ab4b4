"""Tasks that a worker process can import: cheap ones, ones that fail or die, and a training."""

import os
import signal
import time
from pathlib import Path

import numpy as np


def square(x: float, power: int = 2) -> dict[str, float]:
    return {"value": x**power, "half": x / 2}


def told(x: int, folder: str) -> dict[str, float]:
    """Leave a mark for each call, so that a test can count calls."""
    mark = f"{x}-{os.getpid()}-{time.monotonic_ns()}"
    (Path(folder) / mark).touch()
    return {"value": x**2, "pid": os.getpid()}


def stops(x: int, folder: str) -> dict[str, float]:
    """As `told`, but the trial that a file `stop` beside the folder names does not end."""
    row, stop = told(x, folder), Path(folder).with_name("stop")
    while stop.exists() and stop.read_text() == str(x):
        time.sleep(0.02)
    return row


def stops_once(x: int, folder: str) -> dict[str, float]:
    """As `told`, but the first call for 4 does not end."""
    row = told(x, folder)
    while x == 4 and len([*Path(folder).glob("4-*")]) == 1:
        time.sleep(0.02)
    return row


def refuses(x: int, bad: str) -> dict[str, float]:
    """Raise for one x as long as a file says so."""
    if Path(bad).exists() and x == int(Path(bad).read_text()):
        raise ArithmeticError(f"no {x} today")
    return {"value": x}


def dies(x: int, bad: str) -> dict[str, float]:
    """Kill the process that runs it, for one x, when the file that `bad` names has three lines."""
    if Path(bad).exists() and x == 2:
        results = Path(Path(bad).read_text())
        while not results.exists() or results.read_text().count("\n") < 3:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGKILL)
    return {"value": x}


def threads(x: int) -> dict[str, float]:
    from course_utils.extras.sweeping.pool import THREADS

    return {name.lower(): int(os.environ[name]) for name in THREADS}


def train(seed: int, sparsity: float) -> dict[str, float]:
    """Prune and retrain a network of 72 weights, and count."""
    from course_utils import criteria, masking, pruning
    from course_utils.backend import keras

    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8), keras.layers.Dense(3)])
    model.compile("sgd", "sparse_categorical_crossentropy")
    pruning.attach(model, masking.make_masks(criteria.magnitude(pruning.weights(model)), sparsity))
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(32, 6)), rng.integers(0, 3, 32)
    model.fit(x, y, batch_size=8, verbose=0)
    left = sum(int(np.count_nonzero(W)) for W in pruning.weights(model).values())
    return {"left": left, "loss": np.float32(1.0)}
