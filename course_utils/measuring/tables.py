"""Tables as text for a terminal and as HTML for a notebook; the first column holds names."""

import html
from collections.abc import Sequence

Table = Sequence[Sequence[str]]  # headings first


def as_text(table: Table, below: Sequence[str] = ()) -> str:
    """Return a table in aligned columns, and lines below it; a last column "note" holds words.

    >>> print(as_text([("file", "bytes"), ("a.keras", "12"), ("b", "1,234")]))
    file     bytes
    --------------
    a.keras     12
    b        1,234
    """
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    head, *rows = ("  ".join(_aligned(row, widths, table[0])).rstrip() for row in table)
    return "\n".join([head, "-" * len(head), *rows, *(["", *below] if below else [])])


def as_html(table: Table, below: Sequence[str] = ()) -> str:
    """Return the same as HTML.

    >>> as_html([("file", "bytes"), ("a", "12")], ["raw"])
    '<table><tr><th>file</th><th>bytes</th></tr><tr><td>a</td><td>12</td></tr></table><p>raw</p>'
    """
    head, *rows = table
    titles, *body = (_row(row, tag) for row, tag in [(head, "th"), *((r, "td") for r in rows)])
    lines = f"<p>{'<br>'.join(map(html.escape, below))}</p>" if below else ""
    return f"<table>{titles}{''.join(body)}</table>{lines}"


def _aligned(cells: Sequence[str], widths: Sequence[int], headings: Sequence[str]) -> list[str]:
    words = (headings[0], "note")
    return [
        cell.ljust(width) if heading in words else cell.rjust(width)
        for cell, width, heading in zip(cells, widths, headings, strict=True)
    ]


def _row(cells: Sequence[str], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"
