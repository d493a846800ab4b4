"""Two libraries in turns, each in a process and an environment of its own.

A script that calls `serve` becomes a worker: it reads a question a line, as JSON, and answers each
with a line. `Worker` starts such a script with the Python of .venv, or of a peer's environment in
.venv-peers, and asks. One question is at work at a time, so that two libraries which cannot be
loaded together are still timed within the same seconds. Standard library only: every environment
imports it.
"""

import contextlib
import importlib.metadata
import json
import os
import platform
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
LIMIT = 900  # seconds for one answer: what takes longer hangs
PATIENCE = 5  # seconds for a worker to end by itself
PACKAGES = {
    "numpy": ("numpy",),
    "tensorflow": ("tensorflow-cpu", "tensorflow"),
    "keras": ("keras",),
}
LIBRARIES = {  # by environment, what of it is compared
    "tfmot": ("tensorflow-model-optimization", "tf-keras"),
    "torch": ("torch", "torch-pruning"),
}


class Worker:
    """A process that answers questions; it ends with the `with` block that it was started in."""

    def __init__(self, environment: str, script: str, log: Path) -> None:
        python, self.limit = python_of(environment), LIMIT
        variables = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
        variables["PYTHONUNBUFFERED"] = "1"
        self.log, self.script = log, script
        with log.open("a") as errors:
            self.process = subprocess.Popen(
                [str(python), str(HERE / script), "--serve"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=ROOT,
                env=variables,
                start_new_session=True,  # so that what it started ends with it
            )
        with self.ended_on_failure():
            self.peer = self.answered()["peer"]

    def ask(self, **question: object) -> dict:
        """Return the answer to a question; raises RuntimeError where there is none."""
        self.process.stdin.write(json.dumps(question).encode() + b"\n")
        self.process.stdin.flush()
        return self.answered()

    def answered(self) -> dict:
        ready, _, _ = select.select([self.process.stdout], [], [], self.limit)
        line = self.process.stdout.readline() if ready else b""
        if not line:
            why = "it ended" if ready else f"nothing within {self.limit} s"
            raise RuntimeError(f"{self.script} gave no answer ({why}); see {self.log}")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"{self.script}: {answer['error']}; see {self.log}")
        return answer

    @contextlib.contextmanager
    def ended_on_failure(self):
        try:
            yield
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        """Let the process end; where it is still at work, end it and what it has started."""
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            if hasattr(os, "killpg"):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def serve(answer: Callable[..., dict]) -> None:
    """Answer the questions on standard input until it ends; what else is printed goes to stderr."""
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    out.write(json.dumps({"peer": peer()}) + "\n")
    for line in sys.stdin:
        try:
            found = answer(**json.loads(line))
        except Exception as reason:
            import traceback

            traceback.print_exc()
            found = {"error": f"{type(reason).__name__}: {reason}"}
        out.write(json.dumps(found) + "\n")


def shuffled(ways: Iterable[tuple[str, str]], seed: int) -> list[tuple[str, str]]:
    """Return what is asked for in an order drawn from the seed, so that none always comes first."""
    order = list(ways)
    random.Random(seed).shuffle(order)
    return order


def python_of(environment: str) -> Path:
    """Return the Python of .venv ("") or of a peer; raises FileNotFoundError where it is not."""
    if not environment:
        return Path(sys.executable)
    folder = ROOT / ".venv-peers" / environment
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        raise FileNotFoundError(f"no environment of {environment}: make peers ARGS={environment}")
    return python


def peer() -> str:
    """Return the names and versions of what this process's environment adds to the course's."""
    found = next((names for key, names in LIBRARIES.items() if Path(sys.prefix).name == key), ())
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in found)


def surroundings() -> dict[str, object]:
    """Return the machine and the versions that every row of a result file has."""
    return {
        "machine": processor(),
        "cores": len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count(),
        "python": platform.python_version(),
        **{name: version(*packages) for name, packages in PACKAGES.items()},
    }


def version(*packages: str) -> str:
    for package in packages:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            return importlib.metadata.version(package)
    return ""


def processor() -> str:
    """Return the processor's name; never that of the machine."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def timed(work: Callable, *given: object) -> tuple[float, object]:
    """Return the seconds that a call takes, and what it returns."""
    start = time.perf_counter()
    made = work(*given)
    return time.perf_counter() - start, made


def memory(field: str) -> int:
    """Return this process's memory in bytes, now (VmRSS) or at its peak (VmHWM); 0 off Linux."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(field)), 0)


def forget_peak() -> None:
    """Let the peak of this process's memory begin anew."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
