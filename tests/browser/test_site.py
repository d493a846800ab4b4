"""The site: built without a warning, complete, offline, readable by everyone on any screen."""

import functools
import http.server
import re
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import build_site
import pytest
from sizes import full_run

ROOT = Path(__file__).parents[2]
AXE = ROOT / "site" / "node_modules" / "axe-core" / "axe.min.js"
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
SIZES = {"desktop": DESKTOP, "phone": PHONE}
INDEX, LESSON = "index.html", "notebooks/05_prune_and_retrain.html"
FEW = ("02", "05")  # lessons of a short run; a full one builds all, and looks at all of SAMPLE
SAMPLE = (
    INDEX,
    "notebooks/01_norms.html",
    LESSON,
    "notebooks/12_channels_together.html",
    "notebooks/solutions/02_prune_operator.html",
    "docs/coverage.html",
    "docs/faq.html",
    "docs/glossary.html",
    "docs/teachers.html",
    "reference/masking.html",
    "slides.html",
    "search.html",
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pages(browser, tmp_path_factory) -> Path:
    """The folder of the built site."""
    folder = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_site, "SOURCE", folder / "source")
        patch.setattr(build_site, "PAGES", folder / "pages")
        try:
            assert build_site.main([] if full_run() else [*FEW]) == 0
        except SystemExit as reason:
            pytest.skip(str(reason))
    return folder / "pages"


@pytest.fixture(scope="module")
def address(pages) -> Iterator[str]:
    """Where a server on this machine shows the site."""

    class Silent(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    handler = functools.partial(Silent, directory=str(pages))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Page(HTMLParser):
    """What a page links to, loads, and calls by a name."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links, self.loads, self.names, self.unnamed = [], [], set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, given: list) -> None:
        values = dict(given)
        self.names |= {values[key] for key in ("id", "name") if values.get(key)}
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if tag in ("script", "img", "iframe", "source") and values.get("src"):
            self.loads.append(values["src"])
        if tag == "link" and values.get("rel") in (
            "stylesheet",
            "preload",
            "icon",
            "shortcut icon",
        ):
            self.loads.append(values["href"])
        if tag == "img" and "alt" not in values:
            self.unnamed.append(values.get("src", "")[:60])


@pytest.fixture(scope="module")
def parsed(pages) -> dict[Path, Page]:
    slides = pages / "slides"
    return {p: Page(p) for p in pages.rglob("*.html") if slides not in p.parents}


@pytest.mark.full
def test_every_lesson_and_module_has_its_page(pages):
    lessons = {path.stem for path in (ROOT / "notebooks").glob("[0-9]*.ipynb")}
    assert {path.stem for path in (pages / "notebooks").glob("*.html")} == lessons
    rooms = {path.stem for path in (pages / "reference").iterdir()}
    assert {"course_utils", "masking", "structure", "extras.search", "lessons.plots"} <= rooms
    assert "lessons.checks" not in rooms
    plots = (pages / "reference" / "lessons.plots.html").read_text("utf-8")
    assert 'id="course_utils.lessons.plots.bars"' in plots, "a folder's page shows what is in it"
    assert len([*(pages / "slides").glob("*.html")]) >= 4


@pytest.mark.full
def test_every_link_leads_somewhere(parsed, pages):
    lost = []
    for path, page in parsed.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or "_modules" in path.parts:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            found = parsed.get(target)
            if not target.exists() or (
                found and parts.fragment and unquote(parts.fragment) not in found.names
            ):
                lost.append(f"{path.relative_to(pages)}: {link}")
    assert lost == []


def test_no_link_leads_to_a_notebook_or_a_source(parsed):
    links = {urlsplit(link) for page in parsed.values() for link in page.links}
    mine = {link.path for link in links if not link.scheme and "_sources/" not in link.path}
    assert not [path for path in mine if path.endswith((".ipynb", ".md"))]


def test_nothing_is_loaded_from_elsewhere(parsed, pages):
    loads = {load for page in parsed.values() for load in page.loads}
    assert [load for load in loads if re.match(r"(https?:)?//", load)] == []
    styles = "\n".join(path.read_text("utf-8") for path in pages.rglob("*.css"))
    assert re.findall(r"(?:@import|url\()\s*['\"]?(?:https?:)?//[^)'\"]+", styles) == []


def looks(*kinds: object, short: tuple) -> list:
    """Every page of the sample in every one of these kinds; all but `short` in a full run only."""
    every = [(name, kind) for name in SAMPLE for kind in kinds]
    return [pytest.param(*one, marks=() if one in short else pytest.mark.full) for one in every]


def drawn(opened: object) -> object:
    """The same page when its formulas are drawn."""
    opened.page.evaluate("async () => { await window.MathJax?.startup?.promise }")
    return opened


@pytest.mark.parametrize(
    ("name", "size"), looks("desktop", "phone", short=((INDEX, "desktop"), (LESSON, "phone")))
)
def test_a_page_is_whole_and_fits(visit, address, name, size):
    opened = drawn(visit(f"{address}/{name}", viewport=SIZES[size]))
    width = opened.page.evaluate("document.documentElement.scrollWidth")
    assert width <= SIZES[size]["width"] + 1
    assert opened.outside == []
    assert opened.complaints == []
    assert opened.page.evaluate(BROKEN) == []


BROKEN = "() => [...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)"


@pytest.mark.parametrize(("name", "scheme"), looks("light", "dark", short=((LESSON, "light"),)))
def test_everyone_can_read_it(visit, address, name, scheme):
    """axe-core: contrast, alternative texts, names of controls, order of headings, and more."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm ci in site/")
    page = drawn(visit(f"{address}/{name}", viewport=DESKTOP, color_scheme=scheme)).page
    page.add_script_tag(path=str(AXE))
    found = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa']})")
    told = {one["id"]: [node["target"] for node in one["nodes"]][:3] for one in found["violations"]}
    assert told == {}


def test_formulas_are_drawn_without_a_network(visit, address):
    page = visit(f"{address}/notebooks/02_prune_operator.html", viewport=DESKTOP).page
    page.wait_for_selector("article mjx-container svg")
    assert page.locator("mjx-container").count() > 5
    assert page.locator("[data-mjx-error]").count() == 0


def test_it_can_be_searched_by_keyboard_alone(visit, address):
    page = visit(f"{address}/index.html", viewport=DESKTOP).page
    page.keyboard.press("Tab")
    assert "skip" in page.evaluate("document.activeElement.textContent").lower()
    page.keyboard.press("Enter")
    page.keyboard.press("Control+k")
    page.keyboard.type("operator")
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results li")
    found = page.locator("#search-results li a").first
    found.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"^[^?]*operator"))  # not the address of the search itself


def test_a_phone_opens_the_list_of_lessons(visit, address):
    page = visit(f"{address}/{LESSON}", viewport=PHONE).page
    page.locator("button.primary-toggle").first.click()
    lesson = page.get_by_role("link", name="02 · The prune operator").first
    lesson.wait_for(state="visible")
    lesson.click()
    page.wait_for_url(re.compile("02_prune_operator"))


def test_each_deck_opens_from_its_page(visit, address):
    page = visit(f"{address}/slides.html", viewport=DESKTOP).page
    page.locator("article a[href*='slides/1_']").click()
    page.wait_for_selector("svg[data-marpit-svg]")
