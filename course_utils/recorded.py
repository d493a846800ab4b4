"""Results that took too long to measure in a lesson: measured once, committed as data.

Each table is a CSV file in benchmarks/results, made by the script in benchmarks/ of the same name.
"""

import csv
from importlib import resources
from pathlib import Path

# In a clone they lie beside the package; an installed package carries them inside.
_PLACES = ("../benchmarks/results", "results")


def rows(name: str) -> list[dict[str, float | str]]:
    """Return the rows of a recorded table, numbers as floats.

    Raises FileNotFoundError, with the tables that are there, if the name is unknown.

    >>> sorted(rows("mnist_retrain")[0])[:3]
    ['epoch', 'network', 'seed']
    """
    package = Path(str(resources.files("course_utils")))
    tables = {p.stem: p for place in _PLACES for p in (package / place).glob("*.csv")}
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
