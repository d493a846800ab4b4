"""What one can ask of tools/environment.py."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from front_door.install import set_up
from front_door.paths import Clone, course_variables
from front_door.peers import named_peers, set_up_peer
from front_door.preflight import Refusal

USAGE = """\
python3 tools/environment.py COMMAND      (Windows: py -3 tools/environment.py COMMAND)

  lab [ARGUMENTS]    set up if needed, then open JupyterLab at the first notebook
  test [ARGUMENTS]   set up if needed, then check style and run every test and notebook
  peers [NAMES]      set up if needed, then compare with other libraries: tfmot, torch, or both
  grade ARGUMENTS    set up nbgrader if needed, then release or grade exercises: grade --help
  setup              set up only
  run ARGUMENTS      run the course's Python, as in: run tools/notebooks.py build
  clean              remove the environment and the caches from this clone"""

FIRST_NOTEBOOK = "notebooks/00_start_here.ipynb"
TESTED = ("tests", "course_utils", "notebooks")
# Two files at a time: a process that has tested for long holds 2 GB, and lessons use both cores
# themselves now and then. A notebook's cells stay together; conftest.py puts the longest first.
SIDE_BY_SIDE = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
CACHES = (".venv", ".venv-peers", ".pytest_cache", ".ruff_cache", ".hypothesis", "dist")


def main(root: str, arguments: list[str]) -> int:
    """Do what the arguments ask; return the exit status."""
    for stream in (sys.stdout, sys.stderr):  # a path may hold letters that a console lacks
        stream.reconfigure(errors="backslashreplace")
    try:
        return _dispatch(Clone(Path(root)), arguments)
    except Refusal as reason:
        print(f"\n{reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Run the same command again: nothing half-made is kept.")
        return 130


def _dispatch(clone: Clone, arguments: list[str]) -> int:
    command, *rest = arguments or ["help"]
    match command:
        case "lab":
            return lab(clone, rest)
        case "test":
            return test(clone, rest)
        case "peers":
            return peers(clone, rest)
        case "grade":
            return grade(clone, rest)
        case "run":
            return run(clone, rest)
        case "setup":
            set_up(clone)
            print("The environment is ready: make lab, or python3 tools/environment.py lab")
            return 0
        case "clean":
            return clean(clone)
        case "help" | "-h" | "--help":
            print(USAGE)
            return 0
    print(f"Unknown command {command!r}.\n\n{USAGE}", file=sys.stderr)
    return 2


def lab(clone: Clone, arguments: list[str]) -> int:
    """Open JupyterLab on this machine alone, its token left on; Ctrl-C ends it."""
    set_up(clone)
    return _become(clone, lab_arguments(clone, arguments), {"COURSE_WIDGETS": "1"})


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
    """Check style, then run the tests, the doctests and the notebooks in their quick mode."""
    _require_clone(clone)
    set_up(clone)
    quick = {"COURSE_QUICK": "1"}
    checks = (["check"], ["format", "--check"])
    clean_style = [_call(clone, ["-m", "ruff", *check], quick) == 0 for check in checks]
    status = _call(clone, ["-m", "pytest", *pytest_arguments(clone, arguments)], quick)
    if not all(clean_style):  # last, since a green pytest would hide it
        print("The style check failed (first lines above). `make format` mends most of it.")
    return status if all(clean_style) else status or 1


def pytest_arguments(clone: Clone, arguments: list[str]) -> list[str]:
    """Return pytest's arguments: everything, unless the caller names a file or folder."""
    named = any((clone.root / word.split("::")[0]).exists() for word in arguments if word)
    return arguments if named else [*TESTED, *SIDE_BY_SIDE, *arguments]


def peers(clone: Clone, arguments: list[str]) -> int:
    """Run the tests against other libraries, each in its own environment; see tests/peers."""
    _require_clone(clone)
    names, rest = named_peers(arguments)
    set_up(clone)
    statuses = []
    for name in names:
        peer = set_up_peer(clone, name)
        statuses.append(_call(peer, ["-m", "pytest", f"tests/peers/test_{name}.py", *rest], {}))
    return max(statuses)


def grade(clone: Clone, arguments: list[str]) -> int:
    """Run tools/grade.py in nbgrader's own environment."""
    _require_clone(clone)
    set_up(clone)
    peer = set_up_peer(clone, "nbgrader")
    return _call(peer, ["tools/grade.py", *(arguments or ["--help"])], {})


def _require_clone(clone: Clone) -> None:
    if not (clone.root / "tests").is_dir():
        raise Refusal("This is the learners' edition: for that you need a clone of the course.")


def run(clone: Clone, arguments: list[str]) -> int:
    """Run the course's Python under the course's variables."""
    set_up(clone)
    return _become(clone, arguments, {})


def clean(clone: Clone) -> int:
    """Remove what the set-up and the tests made; notebooks and their outputs stay."""
    for name in CACHES:
        shutil.rmtree(clone.root / name, ignore_errors=True)
    for folder in ("course_utils", "tests", "tools", "notebooks"):
        for cache in [*clone.root.glob(f"{folder}/**/__pycache__")]:
            shutil.rmtree(cache, ignore_errors=True)
    return 0


def _call(clone: Clone, arguments: list[str], extra: dict[str, str]) -> int:
    """Run the course's Python in the clone's root and return its exit status."""
    variables = course_variables(clone, os.environ) | extra
    return subprocess.run([clone.python, *arguments], cwd=clone.root, env=variables).returncode


def _become(clone: Clone, arguments: list[str], extra: dict[str, str]) -> int:
    """Run the course's Python in this program's stead, so that Ctrl-C reaches it alone."""
    if os.name == "nt":  # there exec returns to the shell at once
        return _call(clone, arguments, extra)
    os.chdir(clone.root)
    variables = course_variables(clone, os.environ) | extra
    os.execve(clone.python, [str(clone.python), *arguments], variables)
