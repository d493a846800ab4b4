"""What several test files share: tiny data, tiny models, a browser."""

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import programs
import pytest
import recording

# Shared assertions explain themselves like those of a test file.
pytest.register_assert_rewrite("answers")


# All that the checks answer is recorded: tests/test_exercises.py counts it.
recording.install()


def pytest_unconfigure() -> None:
    """Hand the record on to a run that asked for it."""
    recording.write()


class Batch(NamedTuple):
    """Inputs and integer labels."""

    x: np.ndarray
    y: np.ndarray


@pytest.fixture(scope="session")
def batch() -> Batch:
    """32 random points with 6 features and 3 classes: four steps of 8."""
    rng = np.random.default_rng(0)
    return Batch(rng.normal(size=(32, 6)).astype("float32"), rng.integers(0, 3, 32))


@pytest.fixture(scope="session")
def pictures() -> Batch:
    """64 random images for the article's CNN: two steps of 32."""
    rng = np.random.default_rng(0)
    return Batch(rng.random((64, 28, 28, 1), dtype="float32"), rng.integers(0, 10, 64))


@pytest.fixture(scope="session")
def tiny() -> Callable:
    """A function that builds a new, compiled network of 48 + 24 kernel weights.

    `optimizer` and everything else goes to `compile`; the initial weights are always the same.
    The optimizer is `built`, which halves the tracing, unless a test wants what Keras does.
    """
    from course_utils.backend import build_optimizer, keras

    def build(optimizer: object = "sgd", *, built: bool = True, **settings: object):
        keras.utils.set_random_seed(1)
        model = keras.Sequential(
            [
                keras.Input((6,)),
                keras.layers.Dense(8, activation="relu", name="hidden"),
                keras.layers.Dense(3, activation="softmax", name="output"),
            ],
            name="tiny",
        )
        model.compile(optimizer, "sparse_categorical_crossentropy", **settings)
        if built:
            build_optimizer(model)
        return model

    return build


@pytest.fixture
def clean_figures() -> Iterator[None]:
    """No figure and no setting of Matplotlib outlives its test."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    with mpl.rc_context():
        yield
    plt.close("all")


# ------------------------------------------------ the system's Chromium, cut off from the network

PATIENCE = 1000  # seconds, on however loaded a machine; what never comes ends by pytest's own limit
QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync")


@pytest.fixture(scope="session")
def browser() -> Iterator:
    """The browser, started once; tests are skipped where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api")
    path = programs.browser()
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
        self.context.set_default_timeout(1000 * PATIENCE)
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
        # A context that is closed while its page still loads has hung for minutes.
        with contextlib.suppress(Exception):
            one.page.goto("about:blank", timeout=10_000)
        one.context.close()
