"""What Marp makes of the decks: the committed pages, byte by byte, and PDFs with every slide."""

import re
import shutil
import unicodedata
from pathlib import Path

import programs
import pypdf
import pytest

import slides

pytestmark = [
    pytest.mark.slow,
    pytest.mark.full,
    pytest.mark.skipif(not shutil.which("npm"), reason="Marp needs Node.js and npm"),
]
# That none is stale is tested of all in test_slides, by what they are made from.
decks = pytest.mark.parametrize("deck", slides.decks(), ids=lambda deck: deck.stem)
WIDE = 1280 / 720


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A function that copies a deck's source; what is built goes beside the copy."""
    monkeypatch.setattr(slides, "decks", lambda: sorted(tmp_path.glob("*.md")))

    def copy(deck):
        return Path(shutil.copy(deck, tmp_path))

    return copy


@decks
def test_the_committed_page_is_what_its_source_gives_and_so_is_the_pdf(deck, copied, capsys):
    copy = copied(deck)
    assert slides.build([]) == 0
    assert copy.with_suffix(".html").read_bytes() == deck.with_suffix(".html").read_bytes()
    if not programs.browser():
        assert "CHROME_PATH" in capsys.readouterr().out
        pytest.skip("no Chromium or Chrome found: no PDF")

    pdf = pypdf.PdfReader(copy.with_suffix(".pdf"))
    titles = headings(deck)
    assert len(pdf.pages) == len(titles)
    for page, title in zip(pdf.pages, titles, strict=True):
        assert float(page.mediabox.width / page.mediabox.height) == pytest.approx(WIDE, rel=0.01)
        assert letters(title) in letters(page.extract_text()), title


def headings(deck):
    """The first heading of each slide, without marks."""
    slide = r"^# (.+?)$"
    return [
        re.sub(r"[*`]", "", found) for found in re.findall(slide, deck.read_text(), re.MULTILINE)
    ]


def letters(text):
    """A text without spaces, line breaks and ligatures, which PDFs have where they like."""
    return re.sub(r"\W", "", unicodedata.normalize("NFKC", text)).lower()
