"""One headless browser for all tests here: the system's Chromium, cut off from the network."""

import os
import shutil
from collections.abc import Iterator

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync")


@pytest.fixture(scope="session")
def browser() -> Iterator:
    """The browser, started once; tests are skipped where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api")
    path = os.environ.get("CHROME_PATH") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not path:
        pytest.skip("no Chromium or Chrome found; set CHROME_PATH to one")
    with sync_api.sync_playwright() as playwright:
        root = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
        found = playwright.chromium.launch(executable_path=path, args=[*QUIET, *root])
        yield found
        found.close()


class Visit:
    """A page that was opened, with what it asked for and what it complained of."""

    def __init__(self, browser: object, url: str, **options: object) -> None:
        self.context = browser.new_context(offline=not url.startswith("http://127."), **options)
        self.page = self.context.new_page()
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._said)
        self.page.goto(url, wait_until="load")

    def _said(self, message: object) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    @property
    def outside(self) -> list[str]:
        """What was asked for that lies neither in the page itself nor on this machine."""
        inside = ("file:", "data:", "blob:", "http://127.0.0.1")
        return [url for url in self.asked if not url.startswith(inside)]


@pytest.fixture
def visit(browser) -> Iterator:
    """A function that opens a page: visit(url, **options of the context) -> Visit."""
    visits = []

    def go(url: str, **options: object) -> Visit:
        visits.append(Visit(browser, url, **options))
        return visits[-1]

    yield go
    for one in visits:
        one.context.close()
