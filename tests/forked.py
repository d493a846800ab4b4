"""Python code in a process of its own that has Keras already: forked from one that imported it.

Starting TensorFlow takes six seconds of a processor. A dozen tests need a process only because it
is killed, or must not know the package, or sets what has to be set before the first operation.
On Linux they share one start; elsewhere, where a process with threads is no good parent, each gets
a new Python.
"""

import functools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

# One thread, so that a fork copies all there is of the process.
SETTINGS = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3", "OPENBLAS_NUM_THREADS": "1"}


def run(code: str, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run code as `python -c` does, to its end; what it printed comes back as text."""
    command = [sys.executable, "-c", code, *arguments]
    if sys.platform != "linux":
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        job = {"code": code, "argv": ["-c", *arguments], "cwd": str(cwd or Path.cwd())}
        server = _server()
        print(json.dumps(job | {"out": str(out), "err": str(err)}), file=server.stdin, flush=True)
        status = int(server.stdout.readline())
        return subprocess.CompletedProcess(command, status, out.read_text(), err.read_text())


@functools.cache
def _server() -> subprocess.Popen:
    """The process that has Keras."""
    return subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | SETTINGS,
    )  # fmt: skip


def stop() -> None:
    """End the process that has Keras, if it was started."""
    if _server.cache_info().currsize:
        _server().communicate()
        _server.cache_clear()


def _next_job() -> dict | None:
    """Fork for every line of the input; the child gets its job, the parent None at the end."""
    for line in sys.stdin:
        if not (child := os.fork()):
            return json.loads(line)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    return None


def _become(job: dict) -> None:
    """Run the job's code as the main module of this process."""
    for number, path in ((0, os.devnull), (1, job["out"]), (2, job["err"])):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), number)
    os.chdir(job["cwd"])
    sys.argv, sys.path[0] = job["argv"], ""
    exec(compile(job["code"], "<string>", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    import keras  # noqa: F401

    if job := _next_job():
        _become(job)
