"""Grade the exercises with nbgrader, in a folder of its own.

python tools/grade.py release [LESSON ...]     make assignments of the lessons, without solutions
python tools/grade.py autograde [LESSON ...]   run and mark what lies in submitted/ (--only NAME)
python tools/grade.py feedback [LESSON ...]    write a page for each learner, and a zip for Moodle
python tools/grade.py marks                    write marks.csv
python tools/grade.py collect LESSON FILE.zip  take submissions from Moodle's or Canvas's archive
python tools/grade.py fill LESSON FILE.csv     fill a grade file in, for the platform: upload_NN.csv

The folder is grading/ in the clone, or --folder. Submissions go to submitted/LEARNER/LESSON/. They
are run in a sandbox; where there is none, autograde refuses, unless --trust-submissions says that
whoever wrote them may do all that you may.
"""

import argparse
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable
from pathlib import Path

from grade_lms import Scheme, WrongFile, bundle_feedback, collect, fill, no_marks_for
from grade_look import deserves_a_look
from grade_sandbox import course_problem, sandbox_problem, write_kernel
from grade_source import predictions_asked, write_course
from notebook_editions import read_lessons

ROOT = Path(__file__).parents[1]
# nbgrader gives no point to a cell that warns, right or not.
QUICK = {"COURSE_QUICK": "1", "COURSE_WIDGETS": "0", "PYTHONWARNINGS": "ignore"}


def main(arguments: list[str]) -> int:
    """Do what the arguments ask; return nbgrader's exit status."""
    try:
        return _done(arguments)
    except WrongFile as reason:
        print(reason, file=sys.stderr)
        return 1


def _done(arguments: list[str]) -> int:
    asked = _parser().parse_intermixed_args(arguments)
    folder = asked.folder.resolve()
    files = [Path(name) for name in asked.lessons if name.lower().endswith((".zip", ".csv"))]
    asked.lessons = [name for name in asked.lessons if Path(name) not in files]
    lessons = read_lessons(ROOT / "notebooks")
    known = [one.stem for one in lessons]
    unknown = [name for name in asked.lessons if not any(_named(stem, [name]) for stem in known)]
    if unknown:
        print(f"No lesson is called {' or '.join(unknown)}.", file=sys.stderr)
        return 2
    stems = [stem for stem in known if not asked.lessons or _named(stem, asked.lessons)]
    if asked.command in ("collect", "fill") and (len(files) != 1 or len(stems) != 1):
        print(f"{asked.command} takes one lesson and one file.", file=sys.stderr)
        return 2
    match asked.command:
        case "collect":
            return collect(files[0], stems[0], folder)
        case "fill":
            (lesson,) = (one for one in lessons if one.stem == stems[0])
            scheme = Scheme(asked.predictions, asked.late)
            return fill(files[0], stems[0], folder, predictions_asked(lesson), scheme)
        case "release":
            write_course(lessons, stems, folder)
            return _worst(_nbgrader(folder, "generate_assignment", stem) for stem in stems)
        case "autograde":
            return autograde(folder, stems, asked.trust_submissions, asked.only)
        case "feedback":
            done = sorted({stem for stem, _ in _handed_in(folder / "autograded", stems)})
            status = _worst([_nbgrader(folder, "generate_feedback", stem) for stem in done])
            for stem in done:
                bundle_feedback(stem, folder)
            return status
        case _:
            return _nbgrader(folder, "export", "--to", "marks.csv")


def autograde(folder: Path, stems: list[str], trust: bool = False, only: str = "") -> int:
    """Run and mark all submissions of the lessons; in a sandbox, unless they are trusted.

    With `only`, those of learners in whose name it stands.
    """
    problem = None if trust else sandbox_problem()
    if problem:
        print(
            f"Submissions are programs, and nothing was run: {problem}.\nInstall bubblewrap, or "
            "grade in a virtual machine or container that holds nothing else, and there\nsay "
            "--trust-submissions.",
            file=sys.stderr,
        )
        return 1
    if not trust and (problem := course_problem(ROOT)):
        print(f"Nothing was run: {problem}.\nmake clean, then make setup.", file=sys.stderr)
        return 1
    statuses, looks = [], []
    for stem, learner in _handed_in(folder / "submitted", stems):
        if only not in learner:
            continue
        wrong = _in_vain(folder / "submitted" / learner / stem / f"{stem}.ipynb", stem)
        statuses.append(1 if wrong else _run_and_mark(folder, stem, learner, trust))
        odd = [f"not run, {wrong}"] if wrong else _odd(folder, stem, learner, statuses[-1])
        looks += [f"{learner}, {stem}: {what}." for what in odd]
    if statuses:  # here, since nbgrader says much about each
        looks.append(f"{statuses.count(0)} of {len(statuses)} marked.")
    else:
        looks.append(f"Nothing to mark: no submission lies in {folder}/submitted/LEARNER/LESSON.")
    print("", *looks, sep="\n", file=sys.stderr)
    return _worst(statuses or [1])


def _odd(folder: Path, stem: str, learner: str, status: int) -> list[str]:
    """List what a teacher should look at in a submission that was run."""
    if status:
        return ["not marked, nbgrader says above why"]
    places = ("autograded", learner, stem), ("release", stem)
    return deserves_a_look(*(folder.joinpath(*place, f"{stem}.ipynb") for place in places))


def _run_and_mark(folder: Path, stem: str, learner: str, trust: bool) -> int:
    """Grade one submission, with folders that no other one has used."""
    mnist = _mnist()
    with tempfile.TemporaryDirectory(prefix="grade-", ignore_cleanup_errors=True) as short:
        runtime = Path(short, "run")  # paths of sockets must be short
        runtime.mkdir(mode=0o700)
        variables = {"JUPYTER_RUNTIME_DIR": str(runtime)}
        options = [f"--student={learner}"]
        options += [f"--KernelManager.connection_file={runtime / 'kernel.json'}"]
        if not trust:
            kernels = write_kernel(Path(short, "jupyter"), ROOT, runtime, mnist, QUICK)
            variables["JUPYTER_PATH"] = f"{kernels}{os.pathsep}{_shared()}"
        elif mnist:
            variables["COURSE_DATA_DIR"] = str(mnist.parent)
        return _nbgrader(folder, "autograde", stem, *options, **variables)


def _handed_in(folder: Path, stems: list[str]) -> list[tuple[str, str]]:
    """List (lesson, learner) of what lies in LEARNER/LESSON below a folder."""
    found = [(place.name, place.parent.name) for place in folder.glob("*/*") if place.is_dir()]
    return sorted((stem, learner) for stem, learner in found if stem in stems)


def _in_vain(path: Path, stem: str) -> str | None:
    """Say why to run a submission would be in vain: it must be the lesson's notebook, itself."""
    if any(place.is_symlink() for place in (path, path.parent, path.parent.parent)):
        return "it is a link to something else"
    if not path.is_file():
        return f"there is no {path.name}"
    odd = no_marks_for(path.read_bytes(), stem)
    return odd and f"no marks for a notebook {odd}"


def _mnist() -> Path | None:
    """Find MNIST as the lessons do, also where `make lab` has put it."""
    named, keras = os.environ.get("COURSE_DATA_DIR"), os.environ.get("KERAS_HOME")
    caches = [Path(keras)] if keras else []
    caches += [Path("~/.keras").expanduser(), ROOT / ".venv" / "var" / "keras"]
    places = [Path(named).expanduser()] if named else []
    places += [cache / "datasets" for cache in caches]
    files = (place.resolve() / "mnist.npz" for place in places)
    return next((file for file in files if file.is_file()), None)


def _worst(statuses: Iterable[int]) -> int:
    """Return the status of what went wrong, if anything did; one ended by a signal is below 0."""
    return max(map(abs, statuses), default=0)


def _nbgrader(folder: Path, *arguments: str, **variables: str) -> int:
    if not folder.is_dir():
        print(f"{folder} is not there: begin with release.", file=sys.stderr)
        return 2
    again = ["--force"] if arguments[0] != "export" else []
    command = [sys.executable, "-m", "nbgrader", *arguments, *again]
    # nbgrader calls alembic by its name, to make the gradebook; it lies in .venv and must find
    # nbgrader, which does not.
    path = os.pathsep.join([*map(str, _programs()), os.environ.get("PATH", "")])
    packages = sysconfig.get_path("purelib")
    ours = {"JUPYTER_PATH": str(_shared()), "PATH": path, "PYTHONPATH": packages, **QUICK}
    environment = {**os.environ, **ours, **variables}
    return subprocess.run(command, cwd=folder, env=environment).returncode


def _shared() -> Path:
    """Where .venv keeps Jupyter's templates, which the environment on top of it does not see."""
    return ROOT / ".venv" / "share" / "jupyter"


def _programs() -> list[Path]:
    inside = "Scripts" if os.name == "nt" else "bin"
    return [Path(sys.executable).parent, ROOT / ".venv" / inside]


def _named(stem: str, names: list[str]) -> bool:
    return stem in names or stem.split("_")[0] in names


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = ["release", "autograde", "feedback", "marks", "collect", "fill"]
    parser.add_argument("command", choices=commands)
    parser.add_argument("lessons", nargs="*", help="as in 02 or 02_prune_operator; all if none")
    parser.add_argument("--folder", type=Path, default=ROOT / "grading")
    parser.add_argument("--trust-submissions", action="store_true")
    parser.add_argument("--only", default="", help="autograde those whose name holds this")
    parser.add_argument("--predictions", type=_percent, default=0, help="share of a mark, in %%")
    parser.add_argument("--late", type=_percent, default=0, help="what lateness takes off, in %%")
    return parser


def _percent(text: str) -> float:
    if not re.fullmatch(r"\d{1,2}(\.\d+)?|100", text):
        raise argparse.ArgumentTypeError(f"a number from 0 to 100 was expected, not {text}")
    return float(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
