"""What the tests with real nbgrader share: its environment, and a folder that a sandbox hides."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from front_door.paths import Clone
from front_door.peers import set_up_peer
from front_door.preflight import Refusal
from grade_sandbox import sandbox_problem

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def nbgrader() -> Callable:
    """A function that runs tools/grade.py in nbgrader's environment, or a reason to skip."""
    if problem := sandbox_problem():
        pytest.skip(problem)
    try:
        peer = set_up_peer(Clone(ROOT), "nbgrader")
    except Refusal as reason:
        pytest.skip(str(reason).splitlines()[0])

    def grade(folder: Path, *arguments: str) -> None:
        command = [str(peer.python), "tools/grade.py", *arguments, "--folder", str(folder)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ)
        assert done.returncode == 0, done.stderr

    return grade


@pytest.fixture(scope="module")
def graded_folder() -> Iterator[Path]:
    """A folder for one class; not among the temporary files, which no sandbox shows."""
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "build", prefix="grading-") as name:
        yield Path(name)
