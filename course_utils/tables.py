"""Tables as text for a terminal and as HTML for a notebook; the first column holds names."""

import html
from abc import ABC, abstractmethod
from collections.abc import Sequence

Table = Sequence[Sequence[str]]  # headings first


class Printed(ABC):
    """What prints as a table, in a terminal and in a notebook, with a summary below it.

    A class of this kind says what `table` is, and may say what `summary` is. In `words` it names
    the columns of words, which are aligned to the left.

    >>> class Files(Printed, words=("kind",)):
    ...     def table(self):
    ...         return [("file", "kind", "bytes"), ("a", "raw", "12"), ("b.gz", "compressed", "7")]
    >>> Files()
    file  kind        bytes
    -----------------------
    a     raw            12
    b.gz  compressed      7
    """

    _words: Sequence[str] = ("note",)

    def __init_subclass__(cls, words: Sequence[str] | None = None, **options: object) -> None:
        super().__init_subclass__(**options)
        cls._words = cls._words if words is None else words
        cls.__repr__ = cls.__str__  # in the class itself: a dataclass would write one of its own

    @abstractmethod
    def table(self) -> Table:
        """Return headings and rows as text."""

    def summary(self) -> Sequence[str]:
        """Return the lines below the table."""
        return ()

    def __str__(self) -> str:
        return as_text(self.table(), self.summary(), self._words)

    def _repr_html_(self) -> str:
        return as_html(self.table(), self.summary())


def as_text(table: Table, below: Sequence[str] = (), words: Sequence[str] = ("note",)) -> str:
    """Return a table in aligned columns, and lines below it.

    The first column and those whose headings are in `words` are aligned to the left, numbers to
    the right.

    >>> print(as_text([("file", "bytes"), ("a.keras", "12"), ("b", "1,234")]))
    file     bytes
    --------------
    a.keras     12
    b        1,234
    """
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    sides = [str.ljust if name in (table[0][0], *words) else str.rjust for name in table[0]]
    head, *rows = (
        "  ".join(side(cell, width) for side, cell, width in zip(sides, row, widths, strict=True))
        for row in table
    )
    return "\n".join([head, "-" * len(head), *rows, *(["", *below] if below else [])])


def as_html(table: Table, below: Sequence[str] = ()) -> str:
    """Return the same as HTML.

    >>> as_html([("file", "bytes"), ("a", "12")], ["raw"])
    '<table><tr><th>file</th><th>bytes</th></tr><tr><td>a</td><td>12</td></tr></table><p>raw</p>'
    """
    rows = ""
    for row in table:
        tag = "th" if row is table[0] else "td"
        rows += f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in row)}</tr>"
    lines = f"<p>{'<br>'.join(map(html.escape, below))}</p>" if below else ""
    return f"<table>{rows}</table>{lines}"
