"""A process of its own for each submitted file, with limits that the system holds.

A supervisor, in a bare environment, starts them one after the other. On Linux they are forks of it,
so that TensorFlow starts once for all; elsewhere each starts anew. On Linux the system ends a
process that takes more processor time, address space or disk than it may. macOS does not hold the
limit on address space. Windows holds none of them: there only the time on the clock is limited.
"""

import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from course_utils.extras.sweeping.pool import THREADS
from course_utils.lessons.scoreboard.entries import Limits, Refused

try:
    import resource
except ImportError:  # Windows
    resource = None

# The supervisor has one thread and is a program of our own: there a fork is safe.
_PROCESSES = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
# What the system needs to start a program at all. Nothing else is handed on: no keys, no proxies,
# no settings of the person who runs the scoreboard.
_HANDED_ON = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "LANG")
_HOMES = ("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP")
# One thread: the same answers at every run, and times that can be compared. No graphics card, and
# no oneDNN, which takes a hundred times as long for float16 on some processors.
_SETTINGS = dict.fromkeys(THREADS, "1") | {
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "CUDA_VISIBLE_DEVICES": "",
}
_ENDINGS = {
    "SIGXCPU": "it took more processor time than allowed.",
    "SIGXFSZ": "it wrote more than allowed.",
    "SIGKILL": "it was killed by the system, as a rule for its memory.",
}


class Supervisor:
    """The process that starts the judging ones, started itself when it is needed first.

    Used in a `with` statement; `ask` raises Refused with the reason why a job came to nothing.
    """

    def __init__(self, *command: str) -> None:
        # -I: neither the working folder nor the user's settings can put other code in our place.
        self._command = [sys.executable, "-I", *command]
        self._process = None

    def __enter__(self) -> "Supervisor":
        self._home = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        return self

    def __exit__(self, *error: object) -> None:
        if self._process:
            _kill(self._process)
            self._process.wait()
            self._process.stdin.close()
            self._process.stdout.close()
        self._home.cleanup()

    def ask(self, job: dict) -> None:
        """Have a job done: one line of JSON there, and one back, the reason of a refusal."""
        if self._process is None or self._process.poll() is not None:
            kept = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
            self._process = subprocess.Popen(
                self._command,
                cwd=self._home.name,
                env=kept | dict.fromkeys(_HOMES, self._home.name) | _SETTINGS,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # a group of its own, which can be killed as a whole
            )
        try:
            self._process.stdin.write(f"{json.dumps(job)}\n".encode())
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except OSError:
            answer = b""
        if not answer:
            raise Refused("the process that has it judged came to an end.")
        if reason := json.loads(answer):
            raise Refused(reason)


def run(function: Callable[[], object], folder: Path, limits: Limits) -> None:
    """Call a function in a process of its own, in `folder`, within limits. For the supervisor.

    It has no input and prints nowhere. Whatever it has started is killed when it ends. Raises
    Refused if it takes too long or dies.
    """
    process = _PROCESSES.Process(target=_within, args=(function, folder, limits))
    process.start()
    process.join(limits.wall_seconds)
    status = process.exitcode
    _kill(process)
    process.join()
    if status is None:
        raise Refused(f"it took longer than {limits.wall_seconds} seconds.")
    if status < 0:
        name = signal.Signals(-status).name
        reason = _ENDINGS.get(name, f"judging it ended in a crash ({name}), often for its memory.")
        raise Refused(reason)
    if status:
        raise Refused(f"judging it failed (status {status}).")


def _within(function: Callable[[], object], folder: Path, limits: Limits) -> None:
    if hasattr(os, "setsid"):
        os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):  # the supervisor's own lines go through these
        os.dup2(nowhere, stream)
    os.chdir(folder)
    os.environ.update(dict.fromkeys(_HOMES, str(folder)))
    wanted = {
        "RLIMIT_CPU": limits.cpu_seconds,
        "RLIMIT_AS": limits.memory_bytes,
        "RLIMIT_FSIZE": limits.output_bytes,
        "RLIMIT_CORE": 0,
    }
    for name, most in wanted.items():
        # Windows has none of them, and macOS refuses some.
        with contextlib.suppress(AttributeError, ValueError, OSError):
            kind = getattr(resource, name)
            _, hard = resource.getrlimit(kind)
            # One above the limit that is felt: where both are one, the kernel kills without a word.
            highest = most + 1 if hard == resource.RLIM_INFINITY else min(most + 1, hard)
            resource.setrlimit(kind, (min(most, highest), highest))
    function()


def _kill(process: subprocess.Popen | multiprocessing.Process) -> None:
    """Kill a process and its group."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
