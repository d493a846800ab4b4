"""The hosted lessons where Colab's packages are, and nothing else: they run, and replace nothing.

Every lesson is opened as from a cold link, in a folder that holds the notebook alone; its first
cell installs the package from this clone, as it was last committed.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import hosted
import nbformat
import pytest
from front_door.install import environment_state
from front_door.paths import Clone
from front_door.peers import Peer
from notebook_editions import read_lessons

ROOT = Path(__file__).parents[2]
LESSONS = {lesson.stem: lesson for lesson in read_lessons(ROOT / "notebooks")}
COLAB = Peer(ROOT, "colab")
# Of the course's own environment, and of this user's home, nothing may help.
OWN = ("PYTHONPATH", "VIRTUAL_ENV", "COURSE_DATA_DIR", "COURSE_LOGBOOK", "KERAS_HOME")
LIST = """
import importlib.metadata, json, site
(ours,) = site.getsitepackages()
names = {True: {}, False: {}}
for one in importlib.metadata.distributions():
    here = str(one.locate_file("")).startswith(ours)
    names[here].setdefault(one.name.lower().replace("_", "-"), one.version)
print(json.dumps([names[False], names[True]]))
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.full,
    pytest.mark.skipif(
        environment_state(Clone(ROOT)) != "ready" or environment_state(COLAB) != "ready",
        reason="`make peers ARGS=colab` installs what Colab brings and runs these tests",
    ),
]


class Session(NamedTuple):
    """A new session on the host: its Python, its environment variables, its folder."""

    python: Path
    variables: dict[str, str]
    folder: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        command = [str(self.python), *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=self.variables, capture_output=True, text=True
        )

    def packages(self) -> tuple[dict[str, str], dict[str, str]]:
        """{name: version} of what the host has, and of what has been installed on top of it."""
        brought, added = json.loads(self.run("-c", LIST).stdout)
        return brought, added


@pytest.fixture(scope="module")
def session(tmp_path_factory) -> Session:
    """An environment on top of the host's, so that what is installed can be told apart."""
    folder = tmp_path_factory.mktemp("colab")
    venv, home = folder / "env", folder / "home"
    home.mkdir()
    command = [str(COLAB.python), "-m", "venv", "--without-pip", str(venv)]
    subprocess.run(command, check=True)
    inside = "Scripts/python.exe" if sys.platform == "win32" else "bin/python"
    (below,) = COLAB.venv.glob("[Ll]ib/**/site-packages")
    (packages,) = venv.glob("[Ll]ib/**/site-packages")
    (packages / "host.pth").write_text(f"import site; site.addsitedir({str(below)!r})\n", "utf-8")
    kept = {name: value for name, value in os.environ.items() if name not in OWN}
    path = os.pathsep.join([str((venv / inside).parent), kept["PATH"]])
    variables = {**kept, "HOME": str(home), "PATH": path, "COURSE_QUICK": "1"}
    return Session(venv / inside, variables, folder)


@pytest.fixture(scope="module")
def installed(session) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Run the first cell alone; what was there before, what is then, and what came."""
    before, nothing = session.packages()
    assert nothing == {}
    done = session.run("-c", hosted.install(ROOT.as_uri()))
    assert done.returncode == 0, done.stderr
    return before, *session.packages()


def test_the_host_has_the_versions_that_are_pinned(installed):
    lines = COLAB.requirements.read_text("utf-8").splitlines()
    pins = dict(line.lower().replace("_", "-").split("==") for line in lines if "==" in line)
    before = installed[0]
    assert {name: before.get(name) for name in pins} == pins
    assert "cnn-pruning-course" not in before


def test_the_first_cell_adds_what_is_missing_and_replaces_nothing(installed):
    before, after, added = installed
    assert after == before
    assert added.keys() & before.keys() == set()  # nor is anything put in front of it
    assert {"cnn-pruning-course", "ai-edge-litert", "optuna", "distributed"} <= added.keys()


@pytest.mark.parametrize("stem", LESSONS)
def test_a_lesson_runs_from_a_cold_link(session, installed, stem):
    folder = session.folder / stem
    folder.mkdir()
    text = hosted.hosted([*LESSONS.values()], LESSONS[stem], "someone/pruning-course")
    notebook = nbformat.reads(text, as_version=4)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert first.source == hosted.install("https://github.com/someone/pruning-course")
    nbformat.write(notebook, folder / f"{stem}.ipynb")
    arguments = ["--to", "notebook", "--execute", "--output", "done.ipynb", f"{stem}.ipynb"]
    done = session._replace(folder=folder).run("-m", "nbconvert", *arguments)
    assert done.returncode == 0, done.stderr[-3000:]
    assert session.packages() == installed[1:]
