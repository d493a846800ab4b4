"""Run what learners wrote where it can do no harm: a kernel in a sandbox.

nbgrader runs the cells of every submission, whatever is in them. Here only the kernel runs them, in
bubblewrap (bwrap, Linux): without network, with a read-only system, with nothing of the course but
the package, and without the gradebook, the solutions, other submissions and the home folder.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

KERNEL_MEMORY = 12 * 2**30  # bytes of address space; TensorFlow asks for far more than it uses
LARGEST_FILE = 200 * 2**20

# Limits that bwrap does not set: memory, the size of files, no core dumps.
LIMITED = (
    "import os, resource, sys; "
    f"resource.setrlimit(resource.RLIMIT_DATA, ({KERNEL_MEMORY}, {KERNEL_MEMORY})); "
    f"resource.setrlimit(resource.RLIMIT_FSIZE, ({LARGEST_FILE}, {LARGEST_FILE})); "
    "resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); "
    "os.execv(sys.argv[1], sys.argv[1:])"
)


def sandbox_problem() -> str | None:
    """Say why kernels cannot be put into a sandbox here, or return None if they can."""
    if not shutil.which("bwrap"):
        return "bubblewrap (the program bwrap) is not installed; it exists for Linux only"
    tried = subprocess.run(
        ["bwrap", "--ro-bind", "/", "/", "--unshare-all", "true"], capture_output=True, text=True
    )
    return f"bubblewrap does not work here: {tried.stderr.strip()}" if tried.returncode else None


def write_kernel(folder: Path, root: Path, runtime: Path, data: Path | None) -> Path:
    """Write a kernel called python3 that starts in the sandbox; return the folder to search.

    `root` is the clone, `runtime` where the sockets lie, `data` a folder of data sets to be read.
    """
    kernel = folder / "kernels" / "python3"
    kernel.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    start = [sys.executable, "-c", LIMITED, *_sandbox(root, runtime, data), *command]
    spec = {"argv": start, "display_name": "Python 3", "language": "python"}
    spec["interrupt_mode"] = "message"  # a signal would end the sandbox, not the cell
    (kernel / "kernel.json").write_text(json.dumps(spec, indent=1), encoding="utf-8")
    return folder


def _sandbox(root: Path, runtime: Path, data: Path | None) -> list[str]:
    bwrap = shutil.which("bwrap") or "bwrap"
    options = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    hidden = ["/tmp", "/run", str(Path.home()), str(root)]
    options += [word for place in hidden if Path(place).is_dir() for word in ("--tmpfs", place)]
    for place in dict.fromkeys(_seen(root, data)):
        options += ["--ro-bind", str(place), str(place)]
    options += ["--bind", str(runtime), str(runtime), "--chdir", "/tmp"]
    # In the sandbox the kernel's parent has another number; it would think that it is gone.
    options += ["--unshare-all", "--die-with-parent", "--new-session"]
    options += ["--unsetenv", "JPY_PARENT_PID"]
    for name in ("IPYTHONDIR", "MPLCONFIGDIR"):  # elsewhere they cannot write
        options += ["--setenv", name, f"/tmp/{name.lower()}"]
    return [bwrap, *options]


def _seen(root: Path, data: Path | None) -> Iterator[Path]:
    """The places that a lesson needs, which may lie in what is hidden."""
    yield from (root / ".venv", root / ".venv-peers" / "nbgrader", root / "course_utils")
    # Where Python itself lies: a version manager may have put it into the home folder.
    yield from {Path(sys.base_prefix).resolve(), Path(sys.executable).resolve().parent.parent}
    keras = Path.home() / ".keras" / "datasets"
    yield from (place for place in (keras, data) if place and place.is_dir())
