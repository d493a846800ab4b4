"""A lesson in JupyterLab, as `make lab` opens it: offline, and its slider moves the picture."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from front_door import commands
from front_door.paths import Clone

ROOT = Path(__file__).parents[2]
LESSON = "03_worked_example.ipynb"  # no TensorFlow: its kernel is up in seconds
SECONDS = 120
ERROR = "application/vnd.jupyter.error"
ALL_RAN = """() => ![...document.querySelectorAll('.jp-InputPrompt')]
    .some(prompt => prompt.textContent.includes('*'))"""

pytestmark = pytest.mark.slow


@pytest.fixture
def lesson(tmp_path) -> Iterator[str]:
    """The address of a copied lesson in JupyterLab, started with the arguments of `make lab`."""
    pytest.importorskip("jupyterlab")
    shutil.copy(ROOT / "notebooks" / LESSON, tmp_path)
    ours = commands.lab_arguments(Clone(tmp_path), ["--no-browser", "--port=0"])
    variables = {"COURSE_WIDGETS": "1", "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime")}
    server = subprocess.Popen(
        [sys.executable, *ours],
        env=os.environ | variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        about = _about(server, tmp_path / "runtime")
        at = f"http://127.0.0.1:{about['port']}"
        yield f"{at}/lab/tree/{LESSON}?token={about['token']}"
    finally:
        server.terminate()
        server.wait(timeout=30)


def _about(server: subprocess.Popen, runtime: Path) -> dict:
    """Wait for the file in which a Jupyter server says where it listens."""
    for _ in range(10 * SECONDS):
        assert server.poll() is None, "JupyterLab ended at once"
        for file in runtime.glob("jpserver-*.json"):
            with contextlib.suppress(json.JSONDecodeError):  # half written
                return json.loads(file.read_text())
        time.sleep(0.1)
    raise AssertionError("JupyterLab did not start")


def test_a_lesson_runs_and_its_slider_moves_the_picture(lesson, visit):
    opened = visit(lesson, viewport={"width": 1400, "height": 900})
    page = opened.page
    page.set_default_timeout(1000 * SECONDS)
    page.get_by_text("| Idle").wait_for()  # before its kernel is there, it asks for one
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    handle = page.get_by_role("slider").first
    handle.wait_for(state="attached")
    picture = page.locator("img.widget-image").first
    readout = page.locator(".widget-readout").first
    handle.scroll_into_view_if_needed()
    readout.filter(has_text="0.20").wait_for()  # its number is drawn after itself
    before = picture.get_attribute("src")
    handle.press("ArrowRight")
    page.wait_for_function(
        "old => document.querySelector('img.widget-image').src !== old", arg=before
    )
    assert readout.inner_text() == "0.22"
    assert picture.evaluate("image => image.naturalWidth") > 300

    page.wait_for_function(ALL_RAN)
    assert page.locator(f"[data-mime-type='{ERROR}']").count() == 0
    assert opened.outside == []
