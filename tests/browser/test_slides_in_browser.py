"""Every deck, opened offline: it is complete, fits its slides, and asks for nothing."""

from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).parents[2] / "slides").glob("[0-9]_*.html"))
SHORT, *LONG = PAGES
decks = pytest.mark.parametrize(
    "path",
    [SHORT, *(pytest.param(path, marks=pytest.mark.full) for path in LONG)],
    ids=lambda path: path.stem,
)

# Marp draws each slide as an SVG of 1280 x 720 with the HTML inside. Text that is too long makes
# the section scroll; a picture that is too large leaves its bounds.
OVERFLOWING = """() => [...document.querySelectorAll('section')].flatMap((section, number) => {
    const box = section.getBoundingClientRect();
    const out = [];
    if (section.scrollHeight > section.clientHeight + 1) out.push('too high');
    if (section.scrollWidth > section.clientWidth + 1) out.push('too wide');
    const bottom = section.querySelector('footer')?.getBoundingClientRect().top ?? box.bottom;
    for (const part of section.querySelectorAll('p, li, table, pre, img, h1, mjx-container')) {
        const r = part.getBoundingClientRect();
        const name = part.tagName + ' ' + part.textContent.trim().slice(0, 40);
        if (r.width && (r.right > box.right + 1 || r.left < box.left - 1)) out.push(name);
        if (r.height && r.bottom > bottom + 1) out.push(name + ' meets the footer');
    }
    return out.map(what => `${section.id}: ${what}`);
})"""
BROKEN = """() => [...document.images].filter(i => !i.complete || !i.naturalWidth)
    .map(i => i.alt || i.src.slice(0, 60))"""
# Marp's own navigation shows one slide at a time; for measuring all must be laid out.
ALL_AT_ONCE = "svg[data-marpit-svg] { display: block !important; visibility: visible !important }"


def test_there_are_decks():
    assert len(PAGES) >= 4


@decks
def test_a_deck_is_whole(visit, path):
    opened = visit(path.as_uri(), viewport={"width": 1280, "height": 720})
    page = opened.page
    page.add_style_tag(content=ALL_AT_ONCE)
    assert page.evaluate(OVERFLOWING) == []
    assert page.evaluate(BROKEN) == []
    assert opened.outside == []
    assert opened.complaints == []


@decks
def test_a_deck_turns_its_pages_by_keyboard(visit, path):
    page = visit(path.as_uri(), viewport={"width": 1280, "height": 720}).page
    page.keyboard.press("ArrowRight")
    page.wait_for_function("location.hash === '#2'")
    page.keyboard.press("End")
    last = page.evaluate("document.querySelectorAll('svg[data-marpit-svg]').length")
    page.wait_for_function(f"location.hash === '#{last}'")


def test_a_slide_that_is_too_full_is_found(visit, tmp_path):
    source = PAGES[0].read_text(encoding="utf-8")
    longer = source.replace("</h1>", "</h1>" + "<p>too much text</p>" * 30, 1)
    broken = tmp_path / "broken.html"
    broken.write_text(
        longer.replace('src="data:image/png;base64,', 'src="data:image/png;base64,x', 1)
    )
    page = visit(broken.as_uri(), viewport={"width": 1280, "height": 720}).page
    page.add_style_tag(content=ALL_AT_ONCE)
    assert any("1: " in what for what in page.evaluate(OVERFLOWING))
    assert len(page.evaluate(BROKEN)) == 1
