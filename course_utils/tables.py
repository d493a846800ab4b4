"""Tables as text for a terminal and as HTML for a notebook; the first column holds names."""

import html
from abc import ABC, abstractmethod
from collections.abc import Sequence

Table = Sequence[Sequence[str]]  # headings first


class Printed(ABC):
    """Something that prints as a table, in a terminal and in a notebook, with a summary below.

    A subclass defines `table`, and may define `summary`. The first column and those named in
    `words` are aligned to the left, numbers to the right.

    >>> class Files(Printed, words=("kind",)):
    ...     def table(self):
    ...         return [("file", "kind", "bytes"), ("a", "raw", "12"), ("b.gz", "compressed", "7")]
    >>> Files()
    file  kind        bytes
    -----------------------
    a     raw            12
    b.gz  compressed      7
    """

    def __init_subclass__(cls, words: Sequence[str] = ("note",), **options: object) -> None:
        super().__init_subclass__(**options)
        cls._words = words
        cls.__repr__ = cls.__str__  # in the class itself: a dataclass would write one of its own

    @abstractmethod
    def table(self) -> Table:
        """Return headings and rows as text."""

    def summary(self) -> Sequence[str]:
        """Return the lines below the table."""
        return ()

    def _row(self, name: str) -> object:
        if name not in (found := {row.name: row for row in self.rows}):
            raise KeyError(f"no row is called {name!r}; there are {[*found]}.")
        return found[name]

    def __str__(self) -> str:
        table, below = self.table(), self.summary()
        left = (table[0][0], *self._words)
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        sides = [str.ljust if name in left else str.rjust for name in table[0]]
        head, *rows = (
            "  ".join(pad(cell, width) for pad, cell, width in zip(sides, row, widths, strict=True))
            for row in table
        )
        return "\n".join([head, "-" * len(head), *rows, *(["", *below] if below else [])])

    def _repr_html_(self) -> str:
        rows, below = "", self.summary()
        for row in self.table():
            tag = "td" if rows else "th"
            rows += f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in row)}</tr>"
        lines = f"<p>{'<br>'.join(map(html.escape, below))}</p>" if below else ""
        return f"<table>{rows}</table>{lines}"
