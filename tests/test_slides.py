"""The decks: of the right length, with notes and alternative texts, up to date, and quoting right.

How they look in a browser is tested in tests/browser.
"""

import re
from pathlib import Path

import pytest
import slide_font
from decks import MINUTES, minutes, notes, slides_of
from fontTools.ttLib import TTFont
from quotes import outputs, quoted
from slide_figures import PICTURE, DeckError, picture

import slides

ROOT = Path(__file__).parents[1]
SOLVED, DECKS = slides.NOTEBOOKS, slides.decks()

decks = pytest.mark.parametrize("deck", DECKS, ids=lambda deck: deck.stem)


@decks
def test_it_is_up_to_date(deck):
    assert not slides.is_stale(deck), "run make slides"


@decks
def test_it_has_the_length_of_a_lesson(deck):
    assert 15 <= len(slides_of(deck)) <= 25


@decks
def test_every_slide_has_notes_that_say_how_long(deck):
    for number, slide in enumerate(slides_of(deck)[1:], start=2):
        assert len(notes(slide)) == 1, f"slide {number}"
        assert MINUTES.search(notes(slide)[0]), f"slide {number}"


@decks
def test_its_minutes_add_up_to_what_it_says(deck):
    pages = slides_of(deck)
    said = int(re.search(r"(\d+) minutes of (?:talking|slides)", notes(pages[0])[0])[1])
    total = sum(map(minutes, pages))
    assert total == said
    assert 35 <= total <= 60


@decks
def test_every_picture_says_what_it_shows(deck):
    for text, _ in PICTURE.findall(deck.read_text(encoding="utf-8")):
        words = re.sub(r"\b(?:[wh]:\d+|bg|right:\d+%|contain)\s*", "", text)
        assert len(words.split()) >= 5, text


def test_its_font_has_every_chinese_character_of_the_decks():
    there = TTFont(slides.FONT).getBestCmap()
    lacking = {character for character in slide_font.used() if ord(character) not in there}
    assert lacking == set(), "run tools/slide_font.py"


def quotes() -> list:
    """(deck, slide, lesson, text) for all that slides say they quote."""
    return [
        (deck.stem, number, lesson, text)
        for deck in DECKS
        for number, slide in enumerate(slides_of(deck), start=1)
        for lesson, text in quoted(slide)
    ]


@pytest.mark.parametrize(("deck", "slide", "lesson", "text"), quotes())
def test_what_a_slide_quotes_stands_in_the_lesson(deck, slide, lesson, text):
    assert text in outputs(lesson), f"{deck}, slide {slide}"


def test_a_figure_that_is_not_there_is_named():
    with pytest.raises(DeckError, match=r"no lesson '99_nothing'"):
        picture("lesson:99_nothing#here", ROOT, SOLVED)
    with pytest.raises(DeckError, match=r"some under #how-long-is-a-vector"):
        picture("lesson:01_norms#nowhere", ROOT, SOLVED)
    with pytest.raises(DeckError, match=r"no picture '01_norms#how-long-is-a-vector:7'"):
        picture("lesson:01_norms#how-long-is-a-vector:7", ROOT, SOLVED)
    with pytest.raises(DeckError, match=r"beside the deck"):
        picture("missing.svg", ROOT, SOLVED)


def test_a_changed_source_makes_a_deck_stale(tmp_path, monkeypatch):
    deck = DECKS[0]
    copy = tmp_path / deck.name
    copy.write_text(deck.read_text(encoding="utf-8"), encoding="utf-8")
    copy.with_suffix(".html").write_bytes(deck.with_suffix(".html").read_bytes())
    assert not slides.is_stale(copy)
    copy.write_text(copy.read_text(encoding="utf-8").replace("norm", "Norm", 1), encoding="utf-8")
    assert slides.is_stale(copy)
    copy.with_suffix(".html").unlink()
    assert slides.is_stale(copy)
