"""Lessons in JupyterLab, as `make lab` opens it: offline, and controls move their pictures."""

import contextlib
import json
import os
import re
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
# All that have one; the first needs no TensorFlow, and is enough for a short run.
LESSONS = [
    "03_worked_example.ipynb",
    *(
        pytest.param(f"{name}.ipynb", marks=pytest.mark.full)
        for name in (
            "00_start_here",
            "02_prune_operator",
            "06_how_much",
            "08_while_training",
            "12_channels_together",
        )
    ),
]
ERROR = "application/vnd.jupyter.error"
ALL_RAN = """() => ![...document.querySelectorAll('.jp-InputPrompt')]
    .some(prompt => prompt.textContent.includes('*'))"""
CONTROLS = ".widget-button, .widget-slider [role=slider], .widget-dropdown select"
CHANGED = "old => document.querySelector('img.widget-image').src !== old"

pytestmark = pytest.mark.slow


@pytest.fixture(params=LESSONS)
def lesson(tmp_path, request) -> Iterator[str]:
    """The address of a copied lesson in JupyterLab, started with the arguments of `make lab`."""
    pytest.importorskip("jupyterlab")
    shutil.copy(ROOT / "notebooks" / request.param, tmp_path)
    ours = commands.lab_arguments(Clone(tmp_path), ["--no-browser", "--port=0"])
    variables = {"COURSE_WIDGETS": "1", "COURSE_QUICK": "1"}
    variables["JUPYTER_RUNTIME_DIR"] = str(tmp_path / "runtime")
    server = subprocess.Popen(
        [sys.executable, *ours],
        env=os.environ | variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        about = _about(server, tmp_path / "runtime")
        at = f"http://127.0.0.1:{about['port']}"
        yield f"{at}/lab/tree/{request.param}?token={about['token']}"
    finally:
        server.terminate()
        server.wait()


def _about(server: subprocess.Popen, runtime: Path) -> dict:
    """Wait for the file in which a Jupyter server says where it listens."""
    while True:
        assert server.poll() is None, "JupyterLab ended at once"
        for file in runtime.glob("jpserver-*.json"):
            with contextlib.suppress(json.JSONDecodeError):  # half written
                return json.loads(file.read_text())
        time.sleep(0.1)


def test_a_lesson_runs_and_its_slider_moves_the_picture(lesson, visit):
    opened = visit(lesson, viewport={"width": 1400, "height": 900})
    page = opened.page
    page.get_by_text("| Idle").wait_for()  # before its kernel is there, it asks for one
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    control = page.locator(CONTROLS).first
    control.wait_for(state="attached")
    control.scroll_into_view_if_needed()
    before = page.locator("img.widget-image").first.get_attribute("src")
    kind = control.evaluate("one => one.tagName")
    if kind == "BUTTON":
        page.locator(".widget-button").nth(1).click()
    elif kind == "SELECT":
        control.select_option(index=1)
    else:
        readout = page.locator(".widget-readout").first
        readout.filter(has_text=re.compile(r"\d")).wait_for()  # it is drawn after its slider
        number = readout.inner_text()
        for key in ("ArrowRight", "ArrowLeft"):  # it may begin at its end
            if readout.inner_text() == number:
                control.press(key)
        assert readout.inner_text() != number
    page.wait_for_function(CHANGED, arg=before)  # where the kernel is busy, when it is done
    assert page.locator("img.widget-image").first.evaluate("it => it.naturalWidth") > 300

    page.wait_for_function(ALL_RAN)
    assert page.locator(f"[data-mime-type='{ERROR}']").count() == 0
    assert opened.outside == []
