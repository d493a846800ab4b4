"""A process of its own for each submitted file, with limits that the system holds.

On Linux the system ends a process that takes more processor time, address space or disk than it
may, and the whole process group is killed when time is up. macOS does not hold the limit on
address space. Windows holds none of them: there only the time on the clock is limited.
"""

import contextlib
import os
import signal
import subprocess
import tempfile
from pathlib import Path

from course_utils.lessons.scoreboard.limits import Limits, Refused

try:
    import resource
except ImportError:  # Windows
    resource = None

# What the system needs to start a program at all. Nothing else is handed on: no keys, no proxies,
# no settings of the person who runs the scoreboard.
_HANDED_ON = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "LANG")
_ENDINGS = {
    "SIGXCPU": "it took more processor time than allowed.",
    "SIGXFSZ": "it wrote more than allowed.",
    "SIGKILL": "it was killed by the system, as a rule for its memory.",
}


def run(command: list[str], folder: Path, limits: Limits) -> bytes:
    """Run a command in `folder`, in a process group of its own; return what it printed.

    It gets a bare environment, no input, and `limits.wall_seconds`. Its other limits it sets
    itself, before anything else (`limit_this_process`). Whatever it has started is killed when it
    ends. Raises Refused if it takes too long, dies, or prints more than it may.
    """
    # Into a file: whoever fills a pipe fills this process, and a grandchild could hold it open.
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(command, stdout=printed, **_surroundings(folder))
        try:
            status = process.wait(limits.wall_seconds)
        except subprocess.TimeoutExpired:
            raise Refused(f"it took longer than {limits.wall_seconds} seconds.") from None
        finally:
            _kill(process)
        _require_good(status)
        printed.seek(0)
        output = printed.read(limits.output_bytes + 1)
    if len(output) > limits.output_bytes:
        raise Refused("the process that judged it printed far too much.")
    return output


def limit_this_process(limits: Limits) -> None:
    """Limit what this process may take from here on, where the system can hold it to that."""
    if resource is None:
        return
    wanted = {
        "RLIMIT_CPU": limits.cpu_seconds,
        "RLIMIT_AS": limits.memory_bytes,
        "RLIMIT_FSIZE": limits.unpacked_bytes,
        "RLIMIT_CORE": 0,
    }
    for name, most in wanted.items():
        _lower(getattr(resource, name, None), most)


def _lower(kind: int | None, most: int) -> None:
    if kind is None:
        return
    _, hard = resource.getrlimit(kind)
    # One above the limit that is felt: where both are one, the kernel kills without saying why.
    highest = most + 1 if hard == resource.RLIM_INFINITY else min(most + 1, hard)
    with contextlib.suppress(ValueError, OSError):  # macOS refuses some of them
        resource.setrlimit(kind, (min(most, highest), highest))


def _surroundings(folder: Path) -> dict:
    kept = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
    home = {name: str(folder) for name in ("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP")}
    return {
        "cwd": folder,
        "env": kept | home | _SETTINGS,
        "stdin": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
        "start_new_session": True,  # a group of its own, which can be killed as a whole
    }


# One thread: the same answers at every run, and times that can be compared. No graphics card.
_SETTINGS = {
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "",
}


def _kill(process: subprocess.Popen) -> None:
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def _require_good(status: int) -> None:
    if status < 0:
        name = signal.Signals(-status).name
        reason = _ENDINGS.get(name, f"judging it ended in a crash ({name}), often for its memory.")
        raise Refused(reason)
    if status:
        raise Refused(f"judging it failed (status {status}).")
