"""How much a submitted file may be, hold and take, and how a refusal is said."""

from dataclasses import dataclass


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
