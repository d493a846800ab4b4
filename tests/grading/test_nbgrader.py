"""Real nbgrader on real submissions, from the release to the marks, with kernels in a sandbox.

It needs nbgrader's own environment (made here if there is a network) and bubblewrap.
"""

import csv
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from front_door.paths import Clone
from front_door.peers import Peer, set_up_peer
from front_door.preflight import Refusal
from grade_sandbox import sandbox_problem

ROOT = Path(__file__).parents[2]
LESSON = "02_prune_operator"
RIGHT = {
    "my_prune": "def my_prune(W, theta):\n    return np.where(np.abs(W) > theta, W, 0)",
    "my_mask": (
        "def my_mask(W, sparsity):\n"
        "    gone = np.argsort(np.abs(W), axis=None, kind='stable')[: round(sparsity * W.size)]\n"
        "    return ~np.isin(np.arange(W.size), gone).reshape(W.shape)"
    ),
    "my_energy_lost": (
        "def my_energy_lost(W, mask):\n    return 1 - ((W * mask) ** 2).sum() / (W**2).sum()"
    ),
}
# What a submission has in place of each answer, and the marks that it should get.
SUBMISSIONS = {
    "perfect": (RIGHT, 3),
    "empty": ({}, 0),
    "no_bars": (RIGHT | {"my_prune": "def my_prune(W, theta):\n    return W * (W > theta)"}, 2),
    "in_place": (
        RIGHT | {"my_prune": "def my_prune(W, theta):\n    W[abs(W) <= theta] = 0\n    return W"},
        2,
    ),
    "by_threshold": (
        RIGHT
        | {
            "my_mask": "def my_mask(W, sparsity):\n"
            "    return np.abs(W) > np.quantile(np.abs(W), sparsity)",
            "my_energy_lost": "def my_energy_lost(W, mask):\n    return np.mean(~mask)",
        },
        1,
    ),
    "does_not_parse": (RIGHT | {"my_mask": "def my_mask(W, sparsity)\n    return W"}, 2),
    "dies": (RIGHT | {"my_energy_lost": "import os; os._exit(0)"}, None),
}


@pytest.fixture(scope="module")
def nbgrader() -> Peer:
    """nbgrader's environment, or a reason to skip."""
    if problem := sandbox_problem():
        pytest.skip(problem)
    try:
        return set_up_peer(Clone(ROOT), "nbgrader")
    except Refusal as reason:
        pytest.skip(str(reason).splitlines()[0])


pytestmark = [pytest.mark.slow, pytest.mark.full]


@pytest.fixture(scope="module")
def graded(nbgrader) -> Iterator[Path]:
    """A folder in which all submissions have been released, handed in, graded, and fed back.

    Not among the temporary files, which no sandbox shows: it must be hidden for its own sake.
    """
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "build", prefix="grading-") as name:
        folder = Path(name)
        grade(nbgrader, folder, "release", LESSON)
        for learner, (answers, _) in SUBMISSIONS.items():
            hand_in(folder, learner, answers)
        hand_in(folder, "snoop", RIGHT | {"my_prune": snoop(folder)})
        hand_in(folder, "forger", RIGHT | {"my_mask": "..."}, forged=True)
        hostile(folder / "submitted" / "snoop" / LESSON, folder)
        borrowed = folder / "submitted" / "borrower" / LESSON
        borrowed.mkdir(parents=True)
        (borrowed / f"{LESSON}.ipynb").symlink_to(
            folder / "submitted" / "perfect" / LESSON / f"{LESSON}.ipynb"
        )
        torn = folder / "submitted" / "torn" / LESSON / f"{LESSON}.ipynb"
        torn.parent.mkdir(parents=True)
        torn.write_bytes((folder / "release" / LESSON / f"{LESSON}.ipynb").read_bytes()[:5000])
        said = grade(nbgrader, folder, "autograde", "--trust-nothing", status=2)
        assert "unrecognized" in said
        said = grade(nbgrader, folder, "autograde", status=None)
        assert f"borrower, {LESSON}: not run, it is a link" in said
        assert f"torn, {LESSON}: not run, no marks for a notebook which cannot be read" in said
        grade(nbgrader, folder, "feedback", status=None)
        grade(nbgrader, folder, "marks")
        yield folder


def hostile(place: Path, folder: Path) -> None:
    """Files beside a notebook: a module that Python might load outside, and somebody else's."""
    (place / "resource.py").write_text(f"open({str(folder / 'escaped')!r}, 'w').close()")
    (place / "notes.txt").symlink_to(Path.home() / ".bashrc")


def snoop(folder: Path) -> str:
    """Code that reads what it should not see, and gives a right answer only if it saw nothing."""
    hidden = [
        str(ROOT / "notebooks"),
        str(ROOT / "tests"),
        str(folder),
        str(Path.home() / ".bashrc"),
    ]
    return f"""
import os, socket, warnings
seen = [place for place in {hidden} if os.path.exists(place)]
seen += [name for name in os.environ if "SECRET" in name]
seen += [file for place, _, files in os.walk({str(ROOT / ".venv" / "var")!r}) for file in files]
try:
    socket.create_connection(("192.0.2.1", 80), 0.5)
    seen.append("network")
except OSError:
    pass
try:
    open({str(ROOT / "course_utils" / "written.txt")!r}, "w").close()
    seen.append("written")
except OSError:
    pass
def my_prune(W, theta):
    assert not seen, seen
    warnings.warn("which is no reason to take the point away")
    return W * (abs(W) > theta)
"""


def grade(nbgrader: Peer, folder: Path, *arguments: str, status: int | None = 0) -> str:
    command = [str(nbgrader.python), "tools/grade.py", *arguments, "--folder", str(folder)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "A_SECRET": "of the teacher's"},
    )  # fmt: skip
    assert status is None or done.returncode == status, done.stderr
    return done.stderr


def hand_in(folder: Path, learner: str, answers: dict[str, str], forged: bool = False) -> None:
    """Write a learner's notebook: the released one, with some cells replaced."""
    notebook = nbformat.read(folder / "release" / LESSON / f"{LESSON}.ipynb", as_version=4)
    for cell in notebook.cells:
        for name, answer in answers.items():
            if cell.metadata.get("nbgrader", {}).get("solution") and f"def {name}(" in cell.source:
                cell.source = answer
        if forged and cell.metadata.get("nbgrader", {}).get("grade"):
            cell.source = "True"  # the check itself is rewritten
    path = folder / "submitted" / learner / LESSON / f"{LESSON}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)


def marks(folder: Path) -> dict[str, float]:
    with (folder / "marks.csv").open(newline="") as file:
        return {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}


@pytest.mark.parametrize("learner", [name for name, (_, points) in SUBMISSIONS.items() if points])
def test_marks_are_right(graded, learner):
    assert marks(graded)[learner] == SUBMISSIONS[learner][1]


def test_nothing_written_is_nothing_earned(graded):
    assert marks(graded)["empty"] == 0


def test_a_kernel_that_dies_earns_nothing_and_stops_nobody_else(graded):
    assert marks(graded).get("dies", 0) == 0
    assert marks(graded)["perfect"] == 3


def test_a_rewritten_check_is_put_back(graded):
    assert marks(graded)["forger"] == 2


def test_a_submission_sees_neither_solutions_nor_network(graded):
    assert marks(graded)["snoop"] == 3
    assert not (ROOT / "course_utils" / "written.txt").exists()


def test_what_lies_beside_a_notebook_is_neither_run_nor_handed_on(graded):
    assert not (graded / "escaped").exists()
    for folder in ("autograded", "feedback"):
        names = {path.name for path in (graded / folder / "snoop").rglob("*") if path.is_file()}
        assert len(names) == 1, names


def test_a_link_to_another_submission_is_not_marked(graded):
    assert "borrower" not in marks(graded)


def test_two_lessons_of_which_one_is_unknown_are_refused(nbgrader, tmp_path):
    said = grade(nbgrader, tmp_path / "none", "release", "02", "99", status=2)
    assert "No lesson is called 99" in said
    assert not (tmp_path / "none").exists()


def test_feedback_says_what_the_check_said(graded):
    for learner, mark in (("no_bars", "✗"), ("perfect", "✓")):
        page = graded / "feedback" / learner / LESSON / f"{LESSON}.html"
        assert mark in page.read_text(encoding="utf-8")


def test_the_release_holds_no_solution_and_runs_on(graded):
    notebook = nbformat.read(graded / "release" / LESSON / f"{LESSON}.ipynb", as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells)
    assert "SOLUTION" not in text
    assert "HIDDEN" not in text
    assert "np.argsort(np.abs(W).ravel(), kind" not in text
    assert text.count("...  # your code here") == 3
    assert all(not cell.get("outputs") for cell in notebook.cells)


def test_without_a_sandbox_nothing_is_run(nbgrader, graded, tmp_path):
    """No bwrap on the path: refused with words; it is not tried outside."""
    code = (
        "import sys; sys.path.insert(0, 'tools'); import grade, grade_sandbox, pathlib;"
        "grade_sandbox.shutil.which = lambda name: None;"
        f"sys.exit(grade.autograde(pathlib.Path({str(graded)!r}), [{LESSON!r}]))"
    )
    done = subprocess.run(
        [str(nbgrader.python), "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "nothing was run" in done.stderr
    assert "--trust-submissions" in done.stderr
