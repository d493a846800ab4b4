"""Draw the compass: the four choices that every pruning method makes, one or all of them lit.

python tools/compass.py        writes notebooks/figures/compass_*.svg
"""

from pathlib import Path

FOLDER = Path(__file__).parents[1] / "notebooks" / "figures"
CHOICES = {
    "criterion": "Which weights go?",
    "granularity": "One by one, or in groups?",
    "scope": "Each layer, or all at once?",
    "schedule": "When, and how fast?",
}
WIDTH, HEIGHT, GAP = 215, 62, 12
LIT, DARK = ("#0072B2", "#ffffff"), ("#eeeeee", "#666666")  # fill and text


def main(folder: Path = FOLDER) -> None:
    """Write one picture a choice, and one with all of them lit."""
    for name in (*CHOICES, "all"):
        lit = CHOICES if name == "all" else (name,)
        (folder / f"compass_{name}.svg").write_text(drawn(lit), encoding="utf-8")


def drawn(lit: tuple[str, ...] | dict[str, str]) -> str:
    """Return the picture with some choices lit."""
    width = len(CHOICES) * (WIDTH + GAP) - GAP
    boxes = (
        _box(name, question, place * (WIDTH + GAP), name in lit)
        for place, (name, question) in enumerate(CHOICES.items())
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" '
        f'width="{width}" height="{HEIGHT}" font-family="Helvetica, Arial, sans-serif">\n'
        + "".join(boxes)
        + "</svg>\n"
    )


def _box(name: str, question: str, left: int, lit: bool) -> str:
    fill, ink = LIT if lit else DARK
    middle = left + WIDTH / 2
    return (
        f'<rect x="{left}" width="{WIDTH}" height="{HEIGHT}" rx="8" fill="{fill}"/>'
        f'<g fill="{ink}" text-anchor="middle"><text x="{middle}" y="26" font-size="18" '
        f'font-weight="bold">{name}</text>'
        f'<text x="{middle}" y="48" font-size="15">{question}</text></g>\n'
    )


if __name__ == "__main__":
    main()
