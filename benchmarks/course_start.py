"""From nothing to a lab that answers: a clone, its environment, JupyterLab.

make bench ARGS=course

A worker of benchmarks/turns.py, one way a step, in this order: "clone" copies the repository as
`git clone` does, "environment" sets it up with empty caches, so that everything is fetched, and
"lab" starts JupyterLab and waits until it answers.
"""

import atexit
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import turns

PLACE = turns.ROOT / "build" / "bench" / "from-nothing"
CLONE, CACHE = PLACE / "clone", PLACE / "cache"
ENVIRONMENT = ["tools/environment.py"]
WAIT = 300  # seconds for the lab


def answer(way: str, seed: int) -> dict:
    """Take one step and return its seconds and the bytes that are there then."""
    seconds, folder = turns.timed(STEPS[way])
    size = bytes_of(folder) if folder else ""
    if way == "lab":
        shutil.rmtree(PLACE)
    return {"seconds": seconds, "bytes": size}


def clone() -> Path:
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    # By the protocol, as from a server: a plain path would link the files.
    command = ["git", "clone", "--quiet", turns.ROOT.as_uri(), str(CLONE)]
    subprocess.run(command, check=True, stdout=sys.stderr)
    return CLONE


def environment() -> Path:
    """Set up as `make setup` does, with the Python that made this clone's own environment."""
    subprocess.run(
        [base_python(), *ENVIRONMENT, "setup"],
        cwd=CLONE,
        env=surroundings(),
        check=True,
        stdout=sys.stderr,
    )
    return CLONE / ".venv"


def lab() -> None:
    """Start JupyterLab, wait until it answers, and end it."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = [base_python(), *ENVIRONMENT, "lab", "--no-browser", f"--port={port}"]
    with (PLACE / "lab.log").open("w") as log:
        server = subprocess.Popen(command, cwd=CLONE, env=surroundings(), stdout=log, stderr=log)
    try:
        end = time.monotonic() + WAIT
        while not answers(f"http://localhost:{port}/api"):
            if server.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the lab did not answer: {(PLACE / 'lab.log').read_text()}")
            time.sleep(0.1)
    finally:
        server.terminate()
        server.wait()


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as reply:
            return reply.status == 200
    except (OSError, urllib.error.URLError):
        return False


def surroundings() -> dict[str, str]:
    """Return the variables of a shell that has neither this clone's environment nor a cache."""
    dropped = ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME")
    variables = {key: value for key, value in os.environ.items() if key not in dropped}
    return variables | {"UV_CACHE_DIR": str(CACHE / "uv"), "PIP_CACHE_DIR": str(CACHE / "pip")}


def base_python() -> str:
    return getattr(sys, "_base_executable", None) or sys.executable


def bytes_of(folder: Path) -> int:
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files)


STEPS = {each.__name__: each for each in (clone, environment, lab)}


if __name__ == "__main__":
    atexit.register(shutil.rmtree, PLACE, ignore_errors=True)
    turns.serve(answer)
