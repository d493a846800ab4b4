"""The sandbox in which submissions run, and what a source for nbgrader holds; no nbgrader needed.

Whole submissions are graded in test_nbgrader, in a full run.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import grade_sandbox
import pytest
from grade_sandbox import course_problem, sandbox_problem, write_kernel
from grade_source import with_open_and_solved
from notebook_editions import BEGIN, END

ROOT = Path(__file__).parents[2]
LOOK = """
import json, os, resource, socket, sys
clone, *hidden = sys.argv[1:]
sys.path.insert(0, clone)
from course_utils import operators
found = {"hidden": [place for place in hidden if os.path.exists(place)], "written": []}
found["variables"] = sorted(os.environ)
found["core"] = resource.getrlimit(resource.RLIMIT_CORE)
try:
    socket.create_connection(("192.0.2.1", 80), 0.5)
    found["network"] = True
except OSError:
    found["network"] = False
for place in (os.path.dirname(operators.__file__), "/usr", "/tmp"):
    try:
        open(place + "/written.txt", "w").close()
        found["written"].append(place)
    except OSError:
        pass
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> dict:
    """What code finds that starts as a kernel does."""
    if problem := sandbox_problem():
        pytest.skip(problem)
    folder = tmp_path_factory.mktemp("kernel")
    (folder / "run").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("A_SECRET", "of the teacher's")
        write_kernel(folder, ROOT, folder / "run", None, {"COURSE_QUICK": "1"})
        start = json.loads((folder / "kernels" / "python3" / "kernel.json").read_text())["argv"]
        launcher = start.index("ipykernel_launcher") - 1
        hidden = [ROOT / "notebooks", ROOT / "tests", folder / "kernels", Path.home() / ".bashrc"]
        done = subprocess.run(
            [*start[:launcher], "-c", LOOK, str(ROOT), *map(str, hidden)],
            capture_output=True, text=True,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_it_sees_neither_solutions_nor_tests_nor_home_nor_network(found):
    assert found["hidden"] == []
    assert not found["network"]


def test_it_gets_its_own_variables_and_none_of_the_teachers(found):
    assert "COURSE_QUICK" in found["variables"]
    assert "A_SECRET" not in found["variables"]


def test_it_writes_into_its_own_folder_alone_and_leaves_no_core(found):
    assert found["written"] == ["/tmp"]
    assert found["core"] == [0, 0]


def test_a_sandbox_that_lacks_the_course_is_noticed(monkeypatch):
    """Every cell would fail there, and every mark would be 0."""
    if problem := sandbox_problem():
        pytest.skip(problem)
    python = [Path(sys.base_prefix).resolve(), Path(sys.prefix)]
    monkeypatch.setattr(grade_sandbox, "_seen", lambda root: iter(python))
    assert "No module named 'course_utils'" in course_problem(ROOT)


def test_every_solution_has_an_open_line_before_it():
    code = "def f(W):\n    # BEGIN SOLUTION\n    return W\n    # END SOLUTION"
    lines = with_open_and_solved(code).splitlines()
    assert lines[1] == "    ...  # your code here"
    assert [bool(BEGIN.match(line)) for line in lines].index(True) == 2
    assert sum(bool(END.match(line)) for line in lines) == 1


def test_the_folder_must_have_been_released(tmp_path):
    done = subprocess.run(
        [sys.executable, "tools/grade.py", "marks", "--folder", str(tmp_path / "none")],
        cwd=ROOT, capture_output=True, text=True, env={**os.environ},
    )  # fmt: skip
    assert done.returncode == 2
    assert "begin with release" in done.stderr
