"""Prose or code? Lines of the standard library as rows of characters.

No file of one split is in another, and no line is there twice. Other versions of Python have other
lines, and results differ a little.
"""

import tokenize
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from course_utils.arrays import whole
from course_utils.lessons.tasks.lines import CODE, PROSE, labelled, library

LENGTH = 40  # characters of a line that are looked at
SHORTEST = 12  # a shorter line says too little
CHARACTERS = 96  # 0 where the line is over, then the 95 printable ones of ASCII
MOST = 150  # of each kind from one file, so that no file rules
SHARES = (0.7, 0.1, 0.2)  # of the files, for training, validation and test
KINDS = ("code", "prose")


@dataclass(frozen=True, repr=False, eq=False)
class Lines:
    """Hold lines: their `text`, `ids` int32 (n, LENGTH), and `kind`, int64: 0 code, 1 prose.

    `files` are the names of the modules that they come from.
    """

    text: tuple[str, ...]
    ids: np.ndarray
    kind: np.ndarray
    files: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.text)

    def __repr__(self) -> str:
        """Show how many, of how many files."""
        return f"{len(self):,} lines of {len(self.files)} files, half code, half prose"


def load_lines(counts: tuple[int, int, int], seed: int = 0) -> tuple[Lines, Lines, Lines]:
    """Return training, validation and test lines of this Python's standard library.

    So many of each, half of them code and half prose, fewer where the library has no more.

    Raises FileNotFoundError where the library is not kept as files.

    >>> train, val, test = load_lines((200, 50, 50))
    >>> len(train), set(train.files) & set(test.files)
    (200, set())
    """
    rng, files = np.random.default_rng(whole(seed, "seed")), library()
    files = [files[i] for i in rng.permutation(len(files))]
    ends = np.round(np.cumsum((0, *SHARES)) * len(files)).astype(int)
    seen: set[str] = set()
    return tuple(
        _gathered(files[start:end], count // 2, seen)
        for start, end, count in zip(ends, ends[1:], counts, strict=False)
    )


def encoded(text: list[str] | tuple[str, ...]) -> np.ndarray:
    """Return the first LENGTH characters of each line as numbers, int32 (n, LENGTH), 0 before it.

    Raises TypeError for one line alone, ValueError for characters that are not printable ASCII.

    >>> encoded(["if x"])[0, -6:].tolist()
    [0, 0, 74, 71, 1, 89]
    """
    if isinstance(text, str):
        raise TypeError(f"lines are expected in a list, such as [{text!r:.40}]")
    if unknown := sorted({c for line in text for c in line if not " " <= c <= "~"}):
        raise ValueError(f"only printable ASCII has a number; {unknown[:5]} have none")
    ids = np.zeros((len(text), LENGTH), np.int32)
    for row, line in zip(ids, text, strict=True):
        short = line[:LENGTH].encode()
        row[LENGTH - len(short) :] = np.frombuffer(short, np.uint8) - 31
    return ids


def counts(ids: np.ndarray) -> np.ndarray:
    """Return how often each character is in each line, int (n, CHARACTERS): a simple baseline.

    >>> counts(encoded(["aab"]))[0, [66, 67]].tolist()
    [2, 1]
    """
    rows = np.arange(len(ids))[:, None] * CHARACTERS
    return np.bincount((ids + rows).ravel(), minlength=len(ids) * CHARACTERS).reshape(len(ids), -1)


def _gathered(files: list[Path], each: int, seen: set[str]) -> Lines:
    """Read files until there are `each` lines of either kind that are not in `seen`; add them.

    What counts is long enough and of printable ASCII.
    """
    found: dict[int, list[str]] = {CODE: [], PROSE: []}
    used = []
    for path in files:
        if min(len(lines) for lines in found.values()) >= each:
            break
        used.append(path.name)
        room = {kind: min(each, len(lines) + MOST) for kind, lines in found.items()}
        try:
            with tokenize.open(path) as file:
                lines = labelled(file.read())
        except (SyntaxError, ValueError):  # a library holds files that are wrong on purpose
            continue
        for line, kind in lines:
            plain = len(line) >= SHORTEST and all(" " <= c <= "~" for c in line)
            if plain and line[:LENGTH] not in seen and len(found[kind]) < room[kind]:
                seen.add(line[:LENGTH])
                found[kind].append(line)
    text = (*found[CODE], *found[PROSE])
    kind = np.repeat([CODE, PROSE], [len(found[CODE]), len(found[PROSE])])
    return Lines(text, encoded(text), kind.astype(np.int64), tuple(used))
