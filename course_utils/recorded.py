"""Results that took too long to measure in a lesson: measured once, committed as data.

Each table is a CSV file in results/, made by the script of the same name in benchmarks/. They lie
inside the package, so that the lessons find them wherever it is installed.
"""

import csv
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def rows(name: str) -> list[dict[str, float | str]]:
    """Return the rows of a recorded table, numbers as floats.

    Raises FileNotFoundError, with the tables that are there, if the name is unknown.

    >>> sorted(rows("mnist_retrain")[0])[:3]
    ['epoch', 'network', 'seed']
    """
    tables = {path.stem: path for path in RESULTS.glob("*.csv")}
    if name not in tables:
        raise FileNotFoundError(f"no recorded results called {name!r}; there are {sorted(tables)}.")
    with tables[name].open(newline="") as file:
        return [{key: _number(value) for key, value in row.items()} for row in csv.DictReader(file)]


def by_run(name: str, value: str, *, over: str = "epoch") -> dict[str, list[list[float]]]:
    """Return, for each network of a table, one list a seed of `value` in the order of `over`.

    >>> sorted(by_run("mnist_retrain", "sparsity"))[:2]
    ['article', 'dense']
    """
    runs: dict[str, dict[float, list[tuple[float, float]]]] = {}
    for row in rows(name):
        runs.setdefault(row["network"], {}).setdefault(row["seed"], []).append(
            (row[over], row[value])
        )
    return {
        network: [[v for _, v in sorted(points)] for _, points in sorted(seeds.items())]
        for network, seeds in runs.items()
    }


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
