"""Try every network of the zoo, each in a process of its own, and write docs/src/models.csv.

python tests/zoo/run_zoo.py [--seconds 600] [--gigabytes 6] [--out FILE] [PATTERN ...]

A pattern is such as "hub/Bert*" or "examples/*"; without one, all are tried. Rows of others stay.
Every process is forked from this one, which has Keras and nothing else: so a saved network is
loaded where nobody has heard of course_utils, or of keras-hub. That needs Linux.
"""

import argparse
import csv
import fnmatch
import importlib.metadata
import json
import multiprocessing
import os
import platform
import resource
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

os.environ |= {
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "OPENBLAS_NUM_THREADS": "1",
}

import catalogue
import trial

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "src" / "models.csv"
COLUMNS = [
    "network",
    "parameters",
    "built",
    "masks",
    "groups",
    "unseen",
    "result_30",
    "left_30",
    "outside_30",
    "own_30",
    "result_50",
    "left_50",
    "outside_50",
    "own_50",
    "verify",
    "loaded",
    "trained",
    "why",
    "seconds",
    "versions",
    "machine",
]
PACKAGES = ("keras", "tensorflow-cpu", "tensorflow", "keras-hub", "numpy")
FORK = multiprocessing.get_context("fork")


def main(arguments: list[str] | None = None) -> int:
    """Try the networks that were asked for; the status is 1 where a result is wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("patterns", nargs="*", default=[f"{part}/*" for part in catalogue.MODULES])
    parser.add_argument("--seconds", type=float, default=900, help="for one network")
    parser.add_argument("--gigabytes", type=float, default=12, help="for one network")
    parser.add_argument("--out", type=Path, default=TABLE)
    chosen = parser.parse_args(arguments)
    rows = {row["network"]: row for row in read(chosen.out)}
    wrong = 0
    for part in catalogue.MODULES:
        if any(pattern.split("/")[0] in (part, "*") for pattern in chosen.patterns):
            with Nursery(part, chosen.seconds, chosen.gigabytes) as nursery:
                for name in nursery.beside(names, part) or ():
                    if any(fnmatch.fnmatch(name, pattern) for pattern in chosen.patterns):
                        rows[name] = row = tried(name, nursery)
                        wrong += any(str(value).startswith("wrong") for value in row.values())
                        write(chosen.out, [*rows.values()])
                        print({key: row[key] for key in row if key not in COLUMNS[-2:]}, flush=True)
    return 1 if wrong else 0


class Nursery:
    """Calls functions, each in a process of its own that dies with it.

    `alone`: it is forked from this one, which knows Keras and nothing else. `beside`: from one that
    has imported a part of the zoo, too.
    """

    def __init__(self, part: str, seconds: float, gigabytes: float) -> None:
        self.limits = (seconds, gigabytes)
        self._end, other = FORK.Pipe()
        self._process = FORK.Process(target=_serve, args=(other, part, self.limits))

    def __enter__(self) -> "Nursery":
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()

    def alone(self, what: Callable, *given: object) -> object:
        return apart(what, given, self.limits)

    def beside(self, what: Callable, *given: object) -> object:
        self._end.send((what, given))
        return self._end.recv()


def _serve(end: object, part: str, limits: tuple[float, float]) -> None:
    catalogue.networks(part)
    while True:
        what, given = end.recv()
        end.send(apart(what, given, limits))


def names(part: str) -> list[str]:
    return sorted(catalogue.networks(part))


def tried(name: str, nursery: Nursery) -> dict[str, object]:
    """One row of the table."""
    row = {"network": name, "versions": versions(), "machine": machine()}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        row |= nursery.beside(attempt, name, folder)
        if (folder / "y.npz").exists():
            row["loaded"] = load(name, folder, nursery)
    return row


def load(name: str, folder: Path, nursery: Nursery) -> object:
    """Where the smaller network can be loaded; where nowhere, whether the original can."""
    found = nursery.alone(trial.loaded, folder)
    if found != "yes":
        again = nursery.beside(trial.loaded, folder, False)
        if again == "yes":
            return "with keras-hub" if name.startswith("hub") else "with its own layers"
        found = again
        for of_its_class, which in ((False, "the original's graph"), (True, "the original")):
            (folder / "not_saved").unlink(missing_ok=True)
            nursery.beside(original, name, folder, of_its_class)
            other = nursery.beside(trial.loaded, folder, False)
            found = found if other == "yes" else f"nor {which}: {other}"
    return found


def asked(name: str, folder: Path) -> tuple:
    return catalogue.networks(name.split("/")[0])[name], folder, catalogue.sizes(name)


def attempt(name: str, folder: Path) -> dict[str, object]:
    return trial.tried(*asked(name, folder))


def original(name: str, folder: Path, of_its_class: bool) -> None:
    trial.original(*asked(name, folder), of_its_class)


def apart(what: Callable, given: tuple, limits: tuple[float, float]) -> object:
    """Call a function in a process of its own; where that dies, a row or a word that says so."""
    seconds, gigabytes = limits
    receiver, sender = FORK.Pipe(duplex=False)
    process = FORK.Process(target=_child, args=(sender, gigabytes, what, given))
    process.start()
    sender.close()
    try:
        if receiver.poll(seconds):
            return json.loads(receiver.recv())
        return _dead(what, f"crash: takes more than {seconds:.0f} seconds")
    except EOFError:
        process.join()
        return _dead(what, f"crash: the process died ({process.exitcode})")
    finally:
        process.kill()
        process.join()


def _dead(what: Callable, word: str) -> object:
    return {"built": word} if what is attempt else word


def _child(sender: object, gigabytes: float, what: Callable, given: tuple) -> None:
    most = int(gigabytes * 2**30)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        sender.send(json.dumps(what(*given), default=str))
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)  # nothing of the parent's is to be tidied up here


def versions() -> str:
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return f"Python {platform.python_version()}, {', '.join(found)}"


def machine() -> str:
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"


def read(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(path: Path, rows: list[dict[str, object]]) -> None:
    ordered = sorted(rows, key=lambda row: row["network"].lower())
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n", extrasaction="ignore")
        table.writeheader()
        table.writerows(ordered)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
