"""Processes that have Keras already: forked from one that imported it, scripts and kernels alike.

Starting TensorFlow takes six seconds of a processor. Every notebook needs a kernel, and a dozen
tests need a process because it is killed, or must not know the package, or sets what has to be set
before the first operation. On Linux they share one start; elsewhere, where a process with threads
is no good parent, each gets a new Python.

    python forked.py SOCKET         serves until its input ends
    python forked.py -f FILE        is a kernel to Jupyter, by tests/kernels/forked/kernel.json
"""

import contextlib
import functools
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil

# One thread, so that a fork copies all there is of the process; the rest as backend.py sets it.
SETTINGS = {
    "KERAS_BACKEND": "tensorflow",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}
INTERRUPT = b"interrupt"
# Keras has imported Matplotlib, which looks for a kernel then, and finds none.
KERNEL = """
import os, sys
import matplotlib
from ipykernel.kernelapp import IPKernelApp
sys.argv.append(f"--IPKernelApp.parent_handle={os.getppid()}")
matplotlib.rcParams["backend"] = "module://matplotlib_inline.backend_inline"
if os.environ.get("COURSE_FULL") != "1":  # draw figures, but do not lay them out: half their time
    from matplotlib.layout_engine import ConstrainedLayoutEngine
    ConstrainedLayoutEngine.execute = lambda self, figure: None
    sys.argv.append("--InlineBackend.print_figure_kwargs={'bbox_inches': None}")
IPKernelApp.launch_instance()
"""


def run(code: str, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run code as `python -c` does, to its end; what it printed comes back as text."""
    command = [sys.executable, "-c", code, *arguments]
    if sys.platform != "linux":
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    start()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        with (
            open(os.devnull) as nothing,
            _started(code, ["-c", *arguments], cwd or Path.cwd(), (nothing, out, err)) as job,
        ):
            status = _status(job)
        for file in (out, err):
            file.seek(0)
        return subprocess.CompletedProcess(command, status, out.read(), err.read())


def kernel(arguments: list[str]) -> int:
    """Stand in for a forked kernel until it ends: what is asked of this process, it gets."""
    with _started(KERNEL, ["kernel", *arguments], Path.cwd(), (sys.stdin, 1, 2)) as job:
        signal.signal(signal.SIGINT, lambda *_: job.send(INTERRUPT))
        return _status(job)


def start() -> None:
    """Start the process that has Keras, where there is none yet; Jupyter finds its kernels then."""
    _server()


def stop() -> None:
    """End the process that has Keras, and what was forked from it."""
    if _server.cache_info().currsize:
        process, folder = _server()
        process.communicate()
        folder.cleanup()
        _server.cache_clear()
        del os.environ["COURSE_FORKED"], os.environ["JUPYTER_PATH"]


def seconds() -> float:
    """Processor seconds of the process that has Keras and of what was forked from it, so far."""
    if not _server.cache_info().currsize:
        return 0.0
    server, used = psutil.Process(_server()[0].pid), 0.0
    for process in (server, *server.children()):
        with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
            used += sum(process.cpu_times()[:4])
    return used


@functools.cache
def _server() -> tuple[subprocess.Popen, tempfile.TemporaryDirectory]:
    folder = tempfile.TemporaryDirectory()
    path = str(Path(folder.name, "socket"))
    os.environ |= {"COURSE_FORKED": path, "JUPYTER_PATH": str(Path(__file__).parent)}
    process = subprocess.Popen(
        [sys.executable, __file__, path],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | SETTINGS,
    )  # fmt: skip
    process.stdout.readline()  # it listens
    return process, folder


def _started(code: str, argv: list[str], cwd: Path, files: tuple) -> socket.socket:
    """Have code run in a new fork, with these files as its input, output and errors."""
    job = socket.socket(socket.AF_UNIX)
    job.connect(os.environ["COURSE_FORKED"])
    about = {"code": code, "argv": argv, "cwd": str(cwd), "env": dict(os.environ) | SETTINGS}
    numbers = [file if isinstance(file, int) else file.fileno() for file in files]
    socket.send_fds(job, [b"files"], numbers)
    job.sendall(json.dumps(about).encode() + b"\n")
    return job


def _status(job: socket.socket) -> int:
    """Wait for the end of a job; where the server is gone, it counts as killed."""
    return int(job.makefile().readline() or -signal.SIGKILL)


def serve(path: str) -> tuple[dict, list[int]] | None:
    """Fork for whoever connects, and tell how it ended; who hangs up ends the fork.

    A fork returns what it was asked for and its files, the server nothing when its input ends.
    """
    jobs = {}  # a connection: the process that was forked for it
    with socket.socket(socket.AF_UNIX) as listener, selectors.DefaultSelector() as waiting:
        listener.bind(path)
        listener.listen()
        for what in (sys.stdin, listener):
            waiting.register(what, selectors.EVENT_READ)
        print("listening", flush=True)
        while True:
            for key, _ in waiting.select():
                job = key.data or key.fileobj
                if job is sys.stdin:
                    for child in jobs.values():
                        _kill(child, signal.SIGKILL)
                    return None
                if job is listener:
                    job, _ = listener.accept()
                    _, files, _, _ = socket.recv_fds(job, len(b"files"), 3)
                    about = json.loads(job.makefile().readline())
                    if not (child := os.fork()):
                        return about, files
                    for number in files:
                        os.close(number)
                    jobs[job] = child
                    waiting.register(job, selectors.EVENT_READ)
                    waiting.register(os.pidfd_open(child), selectors.EVENT_READ, job)
                elif key.data:  # it has ended
                    waiting.unregister(key.fd)
                    os.close(key.fd)
                    status = os.waitstatus_to_exitcode(os.waitpid(jobs.pop(job), 0)[1])
                    with contextlib.suppress(OSError):  # nobody may be listening any more
                        job.sendall(b"%d\n" % status)
                    with contextlib.suppress(KeyError):
                        waiting.unregister(job)
                    job.close()
                elif job not in jobs:
                    pass  # its end was in the same list, before this
                elif job.recv(len(INTERRUPT)):
                    _kill(jobs[job], signal.SIGINT)
                else:
                    waiting.unregister(job)
                    _kill(jobs[job], signal.SIGKILL)


def _kill(child: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, number)


def _become(about: dict, files: list[int]) -> None:
    """Run a job's code as the main module of this process, and end it."""
    for number, file in enumerate(files):
        os.dup2(file, number)
    os.chdir(about["cwd"])
    os.environ.clear()
    os.environ.update(about["env"])
    sys.argv, sys.path[0] = about["argv"], ""
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(n, mode, buffering=1, closefd=False) for n, mode in enumerate("rww")
    )
    main = type(sys)("__main__")
    sys.modules["__main__"] = main
    exec(compile(about["code"], "<string>", "exec"), vars(main))


if __name__ == "__main__":
    if sys.argv[1] == "-f":
        sys.exit(kernel(sys.argv[1:]))
    for name in ("keras", "ipykernel.kernelapp", "scipy.ndimage", "scipy.stats", "sklearn.metrics"):
        importlib.import_module(name)
    gc.freeze()  # what all forks share is neither searched for garbage nor copied for that
    if forked := serve(sys.argv[1]):
        _become(*forked)
