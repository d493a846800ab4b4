"""What a submitted file may take, what is asked of its network, what is known of it, or refused."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """What a network must reach and may cost, lesson 20's if not said; bytes of its sparse file.

    `milliseconds`: for 64 images, on one thread of the machine that judges. Times are not the
    same twice, so it is missed only where even the lower quartile lies above it. Raises ValueError
    for an accuracy outside [0, 1], and for sizes and times of 0 or less.

    >>> Budget(accuracy=0.98, bytes=20_000)
    Budget(accuracy=0.98, bytes=20000, milliseconds=50.0)
    """

    accuracy: float = 0.96  # at least; 1 is all
    bytes: int = 15_000  # at most
    milliseconds: float = 50.0  # at most

    def __post_init__(self) -> None:
        if not (0 <= self.accuracy <= 1 and self.bytes > 0 and self.milliseconds > 0):
            raise ValueError(
                "a budget has an accuracy between 0 and 1 (0.98, not 98), and bytes and "
                f"milliseconds above 0, not {self}."
            )


@dataclass(frozen=True)
class Entry:
    """What was found out about one file; `refused` says why nothing was.

    `times` and `reference`: low quartile, median and high quartile in milliseconds, for 64 images.
    """

    name: str
    refused: str = ""
    accuracy: float = 0.0
    bytes: int = 0  # of its sparse file
    macs: int = 0
    parameters: int = 0
    sparsity: float = 0.0
    times: tuple[float, ...] = ()
    reference: tuple[float, ...] = ()
    missed: tuple[str, ...] = ()  # what of the budget

    @property
    def passed(self) -> bool:
        """Whether it was judged, and met the budget."""
        return not self.refused and not self.missed

    def __str__(self) -> str:
        if self.refused:
            return f"{self.name} is refused: {self.refused}"
        low, median, high = (time / self.reference[1] for time in self.times)
        facts = (
            f"accuracy {self.accuracy:.2%}, {self.bytes:,} bytes as a sparse file, {self.macs:,} "
            f"MACs, {median:.2f} times the article's CNN's time ({low:.2f} to {high:.2f})"
        )
        return f"{self.name}: {facts}; {'; '.join(self.missed) or 'within the budget'}"

    __repr__ = __str__


def missed(known: dict, budget: Budget) -> Iterator[str]:
    """Yield what of a budget is not met by the facts known of a network.

    >>> facts = {"accuracy": 0.97, "bytes": 10, "times": (1.0, 2.0, 3.0)}
    >>> list(missed(facts, Budget(accuracy=0.98, milliseconds=1.5)))
    ['accuracy 97.00% of 98.00%']
    """
    if known["accuracy"] < budget.accuracy:
        yield f"accuracy {known['accuracy']:.2%} of {budget.accuracy:.2%}"
    if known["bytes"] > budget.bytes:
        yield f"{known['bytes']:,} of {budget.bytes:,} bytes"
    if known["times"][0] > budget.milliseconds:
        yield f"{known['times'][0]:.3g} of {budget.milliseconds:g} ms"


@dataclass(frozen=True)
class Limits:
    """What one submitted file may be, hold and take; the defaults leave room for VGG-like widths.

    `memory_bytes` is of address space: TensorFlow alone took 1.5 GB of it (version 2.21, on one
    thread, Linux), of which 0.6 GB were really used.

    >>> Limits(wall_seconds=30).wall_seconds
    30
    """

    file_bytes: int = 16_000_000
    parameters: int = 4_000_000
    activations: int = 1_000_000  # numbers that one layer makes of one image
    memory_bytes: int = 4_000_000_000
    cpu_seconds: int = 60
    wall_seconds: int = 180
    output_bytes: int = 100_000  # what the judging process may write


class Refused(Exception):
    """A file is not judged; the text says why, in words for the person who handed it in."""


def one_line(text: object, longest: int = 300) -> str:
    """Return text from a stranger as one printable line: it may hold a terminal's commands.

    >>> one_line("a\\x1b[2Jb\\nc")
    'a?[2Jb c'
    """
    words = " ".join(str(text).split())
    plain = "".join(c if c.isprintable() else "?" for c in words)
    return plain if len(plain) <= longest else f"{plain[: longest - 3]}..."
