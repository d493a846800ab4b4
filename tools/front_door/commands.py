"""What one can ask of tools/environment.py."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

from front_door.install import set_up
from front_door.paths import Clone, course_variables
from front_door.peers import HOSTS, LIBRARIES, set_up_peer
from front_door.preflight import Refusal

FIRST_NOTEBOOK = "notebooks/00_start_here.ipynb"
TESTED = ("tests", "course_utils", "notebooks")
# Two files at a time: a process that has tested for long holds 2 GB, and lessons use both cores
# themselves now and then. A notebook's cells stay together; conftest.py puts the longest first.
SIDE_BY_SIDE = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
LINT_IMPORTS = "from importlinter.cli import lint_imports_command as lint; lint()"
STYLE = (
    ["-m", "ruff", "check"],
    ["-m", "ruff", "format", "--check"],
    ["-c", LINT_IMPORTS, "--no-logo", "--no-cache"],
)
CACHES = (".venv", ".venv-peers", ".*_cache", ".hypothesis", "dist")


def main(root: str, arguments: list[str]) -> int:
    """Do what the arguments ask; return the exit status."""
    for stream in (sys.stdout, sys.stderr):  # a path may hold letters that a console lacks
        stream.reconfigure(errors="backslashreplace")
    name, *rest = arguments or ["help"]
    if name not in COMMANDS:
        asked = name in ("help", "-h", "--help")
        text = usage() if asked else f"Unknown command {name!r}.\n\n{usage()}"
        print(text, file=sys.stdout if asked else sys.stderr)
        return 0 if asked else 2
    clone, command = Clone(Path(root)), COMMANDS[name]
    try:
        if command in CLONES and not (clone.root / "tests").is_dir():
            raise Refusal("This is the learners' edition: for that you need a clone of the course.")
        if command is not clean:
            set_up(clone)
        return command(clone, rest)
    except Refusal as reason:
        print(f"\n{reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Run the same command again: nothing half-made is kept.")
        return 130


def usage() -> str:
    """Tell what each command does: the first line of its docstring."""
    lines = [f"  {name:<7} {what.__doc__.splitlines()[0]}" for name, what in COMMANDS.items()]
    return "\n".join(["tools/environment.py COMMAND [ARGUMENTS], set up first if needed:", *lines])


def lab(clone: Clone, arguments: list[str]) -> int:
    """Open JupyterLab on this machine alone, its token left on; Ctrl-C ends it."""
    variables = {"COURSE_WIDGETS": "1", "COURSE_LOGBOOK": str(clone.root / "logbook.json")}
    return _call(clone, lab_arguments(clone, arguments), variables, stay=False)


def lab_arguments(clone: Clone, arguments: list[str]) -> list[str]:
    """Return Python's arguments that start JupyterLab; the caller's own win over ours."""
    ours = [
        f"--ServerApp.root_dir={clone.root}",
        f"--LabApp.default_url=/lab/tree/{FIRST_NOTEBOOK}",
        "--ServerApp.ip=localhost",
        "--ServerApp.answer_yes=True",  # Ctrl-C ends the server without asking back
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LanguageServerManager.autodetect=False",  # the lock brings none; the search calls npm
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # in a container; the token still guards
        ours.append("--allow-root")
    return ["-m", "jupyterlab", *ours, *arguments]


def test(clone: Clone, arguments: list[str]) -> int:
    """Check style, then run tests and notebooks in their quick mode; --full: the long ones, too."""
    quick = {
        "COURSE_QUICK": "1",
        "PYTHONDONTWRITEBYTECODE": "",  # or each process compiles all that it imports once more
        "PYTHONPATH": str(clone.root / "tools" / "without"),
    }
    clean_style = [_call(clone, check, quick) == 0 for check in STYLE]
    status = _call(clone, ["-m", "pytest", *pytest_arguments(clone, arguments)], quick)
    if not all(clean_style):  # last, since a green pytest would hide it
        print("Style or imports failed (first lines above). `make format` mends most of style.")
    return status if all(clean_style) else status or 1


def pytest_arguments(clone: Clone, arguments: list[str]) -> list[str]:
    """Return pytest's arguments: everything, unless the caller names a file or folder."""
    named = any((clone.root / word.split("::")[0]).exists() for word in arguments if word)
    return arguments if named else [*TESTED, *SIDE_BY_SIDE, *arguments]


def peers(clone: Clone, arguments: list[str]) -> int:
    """Compare with other libraries: tfmot, torch, or both; or try lessons as on colab."""
    known = {**LIBRARIES, **HOSTS}
    names = [word for word in arguments if word in known] or LIBRARIES
    rest = [word for word in arguments if word not in known]
    statuses = []
    for name in names:
        peer = set_up_peer(clone, name)
        tests = ["-m", "pytest", f"tests/peers/test_{name}.py", *rest]
        host = name in HOSTS  # which has no pytest, and minutes of lessons
        statuses.append(_call(clone if host else peer, tests + ["--full"] * host, {}))
    return max(statuses)


def zoo(clone: Clone, arguments: list[str]) -> int:
    """Try every network of the zoo and write docs/src/models.csv; ARGS: patterns of names."""
    peer = set_up_peer(clone, "keras-hub")
    return _call(peer, ["tests/zoo/run_zoo.py", *arguments], {})


def bench(clone: Clone, arguments: list[str]) -> int:
    """Time the course beside other libraries and write benchmarks/README.md (long: --full)."""
    for name in LIBRARIES:
        try:
            set_up_peer(clone, name)
        except Refusal as reason:  # what needs none of it can still be measured
            print(reason, file=sys.stderr)
    return _call(clone, ["benchmarks/bench.py", *arguments], {})


def grade(clone: Clone, arguments: list[str]) -> int:
    """Release or grade exercises, in nbgrader's own environment; see grade --help."""
    peer = set_up_peer(clone, "nbgrader")
    return _call(peer, ["tools/grade.py", *(arguments or ["--help"])], {})


def hub(clone: Clone, arguments: list[str]) -> int:
    """Serve a room with JupyterHub, from one environment; see docs/teachers.md."""
    if not shutil.which("configurable-http-proxy"):
        raise Refusal(
            "JupyterHub's proxy is missing (it needs Node.js):\n"
            "  npm install --global configurable-http-proxy"
        )
    as_root = os.name == "posix" and os.geteuid() == 0  # who starts Python for other accounts
    if as_root and (closed := closed_folder(clone.python)):
        raise Refusal(
            f"Learners' accounts could not start Python: {closed} is closed to them.\n"
            "Take a Python and a folder that all may read:\n"
            "  make clean; make setup PYTHON=/usr/bin/python3"
        )
    peer = set_up_peer(clone, "jupyterhub")
    command = ["-m", "jupyterhub", "--config", "classroom/jupyterhub_config.py", *arguments]
    return _call(peer, command, {}, stay=False)


def closed_folder(program: Path) -> Path | None:
    """Return the last folder to a program that other accounts may not enter, or None."""
    places = sorted({*program.absolute().parents, *program.resolve().parents}, reverse=True)
    return next((one for one in places if not one.stat().st_mode & stat.S_IXOTH), None)


def setup(clone: Clone, arguments: list[str]) -> int:
    """Set up, and nothing else."""
    print("The environment is ready: make lab, or python3 tools/environment.py lab")
    return 0


def run(clone: Clone, arguments: list[str]) -> int:
    """Run the course's Python, as in: run tools/notebooks.py build."""
    return _call(clone, arguments, {}, stay=False)


def clean(clone: Clone, arguments: list[str]) -> int:
    """Remove what the set-up and the tests made; notebooks and their outputs stay."""
    compiled = (
        f"{name}/**/__pycache__" for name in ("course_utils", "tests", "tools", "notebooks")
    )
    for pattern in (*CACHES, *compiled):
        for folder in [*clone.root.glob(pattern)]:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


CLONES = (test, peers, zoo, bench, grade, hub)  # what the learners' edition lacks
COMMANDS = {each.__name__: each for each in (lab, *CLONES, setup, run, clean)}


def _call(clone: Clone, arguments: list[str], extra: dict[str, str], *, stay: bool = True) -> int:
    """Run the course's Python in the clone's root and return its exit status.

    Without `stay` it takes this program's place, so that Ctrl-C reaches it alone.
    """
    variables = course_variables(clone, os.environ) | extra
    command = [str(clone.python), *arguments]
    if stay or os.name == "nt":  # there exec returns to the shell at once
        return subprocess.run(command, cwd=clone.root, env=variables).returncode
    os.chdir(clone.root)
    return os.execve(command[0], command, variables)
