"""Results that took too long to measure in a lesson: measured once, committed as data.

Each table is a CSV file in results/, made by the script of the same name in benchmarks/; what is no
table, such as the answers of many networks, is an .npz file beside it. They lie inside the package,
so that the lessons find them wherever it is installed.
"""

import csv
import hashlib
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).parent / "results"


def rows(name: str) -> list[dict[str, float | str]]:
    """Return the rows of a recorded table, numbers as floats.

    Raises FileNotFoundError, with the tables that are there, if the name is unknown.

    >>> sorted(rows("mnist_retrain")[0])[:3]
    ['epoch', 'network', 'seed']
    """
    with _found(name, ".csv").open(newline="") as file:
        return [{key: _number(value) for key, value in row.items()} for row in csv.DictReader(file)]


def arrays(name: str) -> dict[str, np.ndarray]:
    """Return the recorded arrays of a name.

    Raises FileNotFoundError, with those that are there, if the name is unknown.

    >>> arrays("what_it_forgot")["seed 0"].dtype
    dtype('uint8')
    """
    with np.load(_found(name, ".npz"), allow_pickle=False) as file:
        return dict(file)


def by_run(name: str, value: str, *, over: str = "epoch") -> dict[str, list[list[float]]]:
    """Return, for each network of a table, one list a seed of `value` in the order of `over`.

    >>> sorted(by_run("mnist_retrain", "sparsity"))[:2]
    ['article', 'dense']
    """
    runs: dict[str, dict[float, list[float]]] = {row["network"]: {} for row in rows(name)}
    for row in sorted(rows(name), key=lambda row: (row["seed"], row[over])):
        runs[row["network"]].setdefault(row["seed"], []).append(row[value])
    return {network: [*seeds.values()] for network, seeds in runs.items()}


def intact(path: Path, sha256: str) -> Path:
    """Return the path of a file that is the course's own; raises ValueError for another one.

    >>> intact(RESULTS / "lenet5_100x.csv", "0")
    Traceback (most recent call last):
    ValueError: lenet5_100x.csv is damaged or another file: fetch the course's again.
    """
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise ValueError(f"{path.name} is damaged or another file: fetch the course's again.")
    return path


def _found(name: str, kind: str) -> Path:
    known = {path.stem: path for path in RESULTS.glob(f"*{kind}")}
    if name not in known:
        raise FileNotFoundError(f"no recorded results called {name!r}; there are {sorted(known)}.")
    return known[name]


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
