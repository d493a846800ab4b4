"""Run what learners wrote where it can do no harm: a kernel in a sandbox.

nbgrader runs the cells of every submission, whatever is in them. Here only the kernel runs them, in
bubblewrap (bwrap, Linux): without network, with the system's programs, the course's packages and
MNIST to read, a folder of its own to write, and nothing else in sight: no gradebook, no solutions,
no other submission, no home folder, none of the teacher's variables.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

KERNEL_MEMORY = 12 * 2**30  # bytes of a process's data; TensorFlow asks for more than it uses
KERNEL_SECONDS = 3600  # of processor time
LARGEST_FILE = 200 * 2**20
OWN_FOLDER = 2**30  # bytes that a submission can write in all

# Limits that bwrap does not set: memory, time, the size of files, no core dumps.
LIMITED = (
    "import os, resource, sys; "
    f"resource.setrlimit(resource.RLIMIT_DATA, ({KERNEL_MEMORY}, {KERNEL_MEMORY})); "
    f"resource.setrlimit(resource.RLIMIT_CPU, ({KERNEL_SECONDS}, {KERNEL_SECONDS})); "
    f"resource.setrlimit(resource.RLIMIT_FSIZE, ({LARGEST_FILE}, {LARGEST_FILE})); "
    "resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); "
    "os.execv(sys.argv[1], sys.argv[1:])"
)

# What Python, its packages and Matplotlib read of the system. Not all of /etc: it has passwords.
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
SETTINGS = ("alternatives", "fonts", "group", "ld.so.cache", "localtime", "nsswitch.conf", "passwd")
DATA = "/data"
# Of the teacher's variables a kernel gets these alone: the language, and what some processors need.
KEPT = ("LANG", "LC_ALL", "LC_CTYPE", "TZ", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


def sandbox_problem() -> str | None:
    """Say why kernels cannot be put into a sandbox here, or return None if they can."""
    if not shutil.which("bwrap"):
        return "bubblewrap (the program bwrap) is not installed; it exists for Linux only"
    tried = subprocess.run(
        ["bwrap", "--ro-bind", "/", "/", "--unshare-all", "--clearenv", "true"],
        capture_output=True,
        text=True,
    )
    return f"bubblewrap does not work here: {tried.stderr.strip()}" if tried.returncode else None


def course_problem(root: Path) -> str | None:
    """Say why no lesson runs in the sandbox, where everybody would get 0; None if lessons do."""
    with tempfile.TemporaryDirectory(prefix="grade-") as runtime:
        sandbox = _sandbox(root, Path(runtime), None, {})
        command = [*sandbox, sys.executable, "-c", "import course_utils"]
        tried = subprocess.run(command, capture_output=True, text=True)
    said = tried.stderr.strip().splitlines() or [f"it ends with status {tried.returncode}"]
    return f"the course cannot be imported in the sandbox: {said[-1]}" if tried.returncode else None


def write_kernel(
    folder: Path, root: Path, runtime: Path, mnist: Path | None, variables: dict[str, str]
) -> Path:
    """Write a kernel called python3 that starts in the sandbox; return the folder to search.

    `root` is the clone, `runtime` where the sockets lie, `mnist` its file, `variables` all that the
    kernel finds in its environment beside `KEPT`.
    """
    kernel = folder / "kernels" / "python3"
    kernel.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    sandbox = _sandbox(root, runtime, mnist, variables)
    # Isolated (-I), or a file resource.py beside the submission would be run outside.
    start = [sys.executable, "-I", "-c", LIMITED, *sandbox, *command]
    spec = {"argv": start, "display_name": "Python 3", "language": "python"}
    spec["interrupt_mode"] = "message"  # a signal would end the sandbox, not the cell
    (kernel / "kernel.json").write_text(json.dumps(spec, indent=1), encoding="utf-8")
    return folder


def _sandbox(root: Path, runtime: Path, mnist: Path | None, variables: dict[str, str]) -> list[str]:
    bwrap = shutil.which("bwrap") or "bwrap"
    in_memory = [*_limit(bwrap), "--tmpfs"]
    options = [word for place in SYSTEM for word in ("--ro-bind-try", place, place)]
    for name in SETTINGS:
        options += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    options += ["--dev", "/dev", "--proc", "/proc", *in_memory, "/tmp"]
    for place in dict.fromkeys(_seen(root)):
        options += ["--ro-bind-try", str(place), str(place)]
    for place in _own_files(root):  # of whoever works here: what was run, and where
        options += [*in_memory, str(place)]
    if mnist:
        options += ["--ro-bind", str(mnist), f"{DATA}/mnist.npz"]
        variables = variables | {"COURSE_DATA_DIR": DATA}
    options += ["--bind", str(runtime), str(runtime), "--remount-ro", "/", "--chdir", "/tmp"]
    options += ["--unshare-all", "--die-with-parent", "--new-session", "--clearenv"]
    own = {"HOME": "/tmp", "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    own |= {name: f"/tmp/{name.lower()}" for name in ("IPYTHONDIR", "MPLCONFIGDIR", "KERAS_HOME")}
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    for name, value in {**kept, **own, **variables}.items():
        options += ["--setenv", name, value]
    return [bwrap, *options]


def _limit(bwrap: str) -> list[str]:
    """Bound the next folder in memory, where bwrap (from 0.8) can."""
    told = subprocess.run([bwrap, "--help"], capture_output=True, text=True)
    return ["--size", str(OWN_FOLDER)] if "--size" in told.stdout + told.stderr else []


def _seen(root: Path) -> Iterator[Path]:
    """The places that a lesson needs: Python, its packages, the course's own."""
    yield from {Path(sys.base_prefix).resolve(), Path(sys.executable).resolve().parent.parent}
    yield from (root / ".venv", root / ".venv-peers" / "nbgrader")
    # Not always the clone's own name for it: a path to the clone may lead through a link.
    spec = importlib.util.find_spec("course_utils")
    yield Path(spec.origin).parent if spec and spec.origin else root / "course_utils"


def _own_files(root: Path) -> Iterator[Path]:
    places = (root / ".venv" / "var", root / ".venv-peers" / "nbgrader" / "var")
    yield from (place for place in places if place.is_dir())
