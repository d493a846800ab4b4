"""Grade the exercises with nbgrader, in a folder of its own.

python tools/grade.py release [LESSON ...]     make assignments of the lessons, without solutions
python tools/grade.py autograde LESSON         run and mark what lies in submitted/
python tools/grade.py feedback LESSON          write a page for each learner
python tools/grade.py marks                    write marks.csv

The folder is grading/ in the clone, or --folder. Submissions go to submitted/LEARNER/LESSON/. They
are run in a sandbox; where there is none, autograde refuses, unless --trust-submissions says that
whoever wrote them may do all that you may.
"""

import argparse
import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from grade_sandbox import sandbox_problem, write_kernel
from grade_source import write_course
from notebook_editions import read_lessons

ROOT = Path(__file__).parents[1]
QUICK = {"COURSE_QUICK": "1", "COURSE_WIDGETS": "0"}


def main(arguments: list[str]) -> int:
    """Do what the arguments ask; return nbgrader's exit status."""
    asked = _parser().parse_args(arguments)
    folder = asked.folder.resolve()
    lessons = read_lessons(ROOT / "notebooks")
    stems = [one.stem for one in lessons if not asked.lessons or _named(one.stem, asked.lessons)]
    if not stems:
        print(f"No lesson is called {' or '.join(asked.lessons)}.", file=sys.stderr)
        return 2
    match asked.command:
        case "release":
            write_course(lessons, stems, folder)
            return max(_nbgrader(folder, "generate_assignment", stem) for stem in stems)
        case "autograde":
            return autograde(folder, stems, asked.trust_submissions)
        case "feedback":
            return max(_nbgrader(folder, "generate_feedback", stem) for stem in stems)
        case _:
            return _nbgrader(folder, "export", "--to", "marks.csv")


def autograde(folder: Path, stems: list[str], trust: bool = False) -> int:
    """Run and mark all submissions of the lessons; in a sandbox, unless they are trusted."""
    problem = None if trust else sandbox_problem()
    if problem:
        print(
            f"Submissions are programs, and nothing was run: {problem}.\nInstall bubblewrap, or "
            "grade in a virtual machine or container that holds nothing else, and there\nsay "
            "--trust-submissions.",
            file=sys.stderr,
        )
        return 1
    data = os.environ.get("COURSE_DATA_DIR")
    with tempfile.TemporaryDirectory(prefix="grade-") as short:  # paths of sockets must be short
        runtime = Path(short, "run")
        runtime.mkdir(mode=0o700)
        variables = {"JUPYTER_RUNTIME_DIR": str(runtime)}
        options = [f"--KernelManager.connection_file={runtime / 'kernel.json'}"]
        if not trust:
            kernels = write_kernel(Path(short, "jupyter"), ROOT, runtime, data and Path(data))
            variables["JUPYTER_PATH"] = f"{kernels}{os.pathsep}{_shared()}"
        return max(_nbgrader(folder, "autograde", s, *options, **variables) for s in stems)


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
    parser.add_argument("command", choices=["release", "autograde", "feedback", "marks"])
    parser.add_argument("lessons", nargs="*", help="as in 02 or 02_prune_operator; all if none")
    parser.add_argument("--folder", type=Path, default=ROOT / "grading")
    parser.add_argument("--trust-submissions", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
