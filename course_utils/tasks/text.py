"""Prose or code? Lines of the standard library as rows of characters, and two small networks.

No file of one split is in another, and no line is there twice. Other versions of Python have other
lines, and results differ a little.
"""

import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from course_utils.arrays import checked_seed
from course_utils.backend import keras
from course_utils.tasks.lines import CODE, PROSE, labelled, library

layers, ops = keras.layers, keras.ops

LENGTH = 40  # characters of a line that are looked at
WIDTH = 32  # of what a network knows of each place
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
    rng, files = np.random.default_rng(checked_seed(seed)), library()
    files = [files[i] for i in rng.permutation(len(files))]
    ends = np.round(np.cumsum((0, *SHARES)) * len(files)).astype(int)
    seen: set[str] = set()
    return tuple(
        _gathered(files[start:end], count // 2, seen)
        for start, end, count in zip(ends, ends[1:], counts, strict=False)
    )


def encoded(text: list[str] | tuple[str, ...]) -> np.ndarray:
    """Return the first LENGTH characters of each line as numbers, int32 (n, LENGTH), 0 before it.

    Raises ValueError for characters that are not printable ASCII.

    >>> encoded(["if x"])[0, -6:].tolist()
    [0, 0, 74, 71, 1, 89]
    """
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


def text_gru(units: int = 48, seed: int = 0) -> keras.Model:
    """Build a network that looks at groups of five characters, and reads those one by one.

    >>> text_gru().output_shape
    (None, 2)
    """
    keras.utils.set_random_seed(seed)
    ids, x = _groups()
    return _compiled(ids, layers.GRU(units, name="gru")(x), "text_gru")


def text_transformer(heads: int = 4, seed: int = 0) -> keras.Model:
    """Build a small Transformer over groups of five characters: one block, then the mean.

    Attention, then a dense part for each place, each added to what flows past it. Source: Vaswani
    et al. 2017 (arXiv 1706.03762); here the normalization comes before each part, and what a
    place adds is learned.

    >>> text_transformer().output_shape
    (None, 2)
    """
    keras.utils.set_random_seed(seed)
    ids, x = _groups()
    places = ops.cumsum(ops.ones_like(ids[:, ::2]), axis=1) - 1
    x = layers.Add(name="placed")([x, layers.Embedding(LENGTH // 2, WIDTH, name="places")(places)])
    seen = layers.LayerNormalization(name="norm1")(x)
    attention = layers.MultiHeadAttention(heads, WIDTH // heads, name="attention")
    x = layers.Add(name="add1")([x, attention(seen, seen)])
    hidden = layers.Dense(4 * WIDTH, activation="relu", name="forward")(
        layers.LayerNormalization(name="norm2")(x)
    )
    x = layers.Add(name="add2")([x, layers.Dense(WIDTH, name="back")(hidden)])
    x = layers.GlobalAveragePooling1D(name="mean")(layers.LayerNormalization(name="norm3")(x))
    return _compiled(ids, x, "text_transformer")


def _groups() -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Return an input of ids, and what stands at every second place: (LENGTH / 2, WIDTH)."""
    ids = keras.Input((LENGTH,), dtype="int32", name="ids")
    x = layers.Embedding(CHARACTERS, 16, name="characters")(ids)
    x = layers.Conv1D(WIDTH, 5, padding="same", activation="relu", name="conv")(x)
    return ids, layers.MaxPooling1D(2, name="pool")(x)


def _compiled(ids: keras.KerasTensor, x: keras.KerasTensor, name: str) -> keras.Model:
    model = keras.Model(
        ids, layers.Dense(len(KINDS), activation="softmax", name="output")(x), name=name
    )
    model.compile(
        keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def _gathered(files: list[Path], each: int, seen: set[str]) -> Lines:
    """Read files until there are `each` lines of either kind that are not in `seen`; add them."""
    found: dict[int, list[str]] = {CODE: [], PROSE: []}
    used = []
    for path in files:
        if min(len(lines) for lines in found.values()) >= each:
            break
        used.append(path.name)
        room = {kind: min(each, len(lines) + MOST) for kind, lines in found.items()}
        for line, kind in _readable(path):
            if line[:LENGTH] not in seen and len(found[kind]) < room[kind]:
                seen.add(line[:LENGTH])
                found[kind].append(line)
    text = (*found[CODE], *found[PROSE])
    kind = np.repeat([CODE, PROSE], [len(found[CODE]), len(found[PROSE])])
    return Lines(text, encoded(text), kind.astype(np.int64), tuple(used))


def _readable(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the labelled lines of a file that are long enough and of printable ASCII."""
    try:
        with tokenize.open(path) as file:
            found = labelled(file.read())
    except (SyntaxError, ValueError):  # a library holds files that are wrong on purpose
        return
    for line, kind in found:
        if len(line) >= SHORTEST and all(" " <= c <= "~" for c in line):
            yield line, kind
