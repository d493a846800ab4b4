"""Processes that sleep, write without end, die, eat memory, or leave others behind."""

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from course_utils.lessons.scoreboard.entries import Refused
from course_utils.lessons.scoreboard.isolation import Supervisor
from course_utils.lessons.scoreboard.judging import understood

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds all limits")

# A supervisor as small as can be: what it is told to run, it runs, and says how that ended.
SUPERVISOR = """
import json, sys
from functools import partial
from pathlib import Path
from course_utils.lessons.scoreboard.isolation import run
from course_utils.lessons.scoreboard.entries import Limits, Refused

for line in sys.stdin:
    code, folder, limits = json.loads(line)
    try:
        run(partial(exec, code), Path(folder), Limits(**{"wall_seconds": 1000, **limits}))
        print(json.dumps(""), flush=True)
    except Refused as reason:
        print(json.dumps(str(reason)), flush=True)
"""
LEAVE = "import pathlib, subprocess, sys\nchild = subprocess.Popen([sys.executable, '-c', {!r}])\n"
LEAVE = LEAVE.format("import time; time.sleep(10_000)")
LEAVE += "pathlib.Path('left').write_text(str(child.pid))"


@pytest.fixture(scope="module")
def supervisor():
    with Supervisor("-c", SUPERVISOR) as supervisor:
        yield supervisor


@linux_only
@pytest.mark.parametrize(
    ("code", "limits", "reason"),
    [
        ("import time; time.sleep(10_000)", {"wall_seconds": 1}, "longer than 1 seconds"),
        ("while True: pass", {"cpu_seconds": 1}, "processor time"),
        ("bytearray(10**9)", {"memory_bytes": 500_000_000}, "status 1"),
        ("import sys; sys.exit(3)", {}, "status 3"),
        ("raise ValueError('a secret')", {}, "status 1"),
        ("open('x', 'wb').write(bytes(9**6))", {"output_bytes": 1000}, "status 1"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", {}, "SIGSEGV"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", {}, "killed by the system"),
        ("import os; os.write(1, b'junk\\n'); os.close(1); os.read(0, 9)", {}, ""),
        ("import os; os.fork() or os.execvp('sleep', ['sleep', '60'])", {"wall_seconds": 5}, ""),
    ],
)
def test_a_process_that_does_not_come_back_well_is_a_refusal(
    code, limits, reason, supervisor, tmp_path
):
    """Those without a reason do: they can neither speak for the supervisor nor hold it up."""
    job = [code, str(tmp_path), limits]
    with pytest.raises(Refused, match=reason) if reason else contextlib.nullcontext():
        supervisor.ask(job)


@linux_only
def test_what_a_process_leaves_behind_is_killed_as_well(supervisor, tmp_path):
    supervisor.ask([LEAVE, str(tmp_path), {}])
    left = int((tmp_path / "left").read_text())
    while _runs(left):  # a killed process is gone once the system has cleared it away
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return subprocess.run(["ps", "-p", str(pid)], capture_output=True).returncode == 0
    return state != "Z"


def asked(code: str) -> str:
    """What a process of this code says where a reason is due."""
    with Supervisor("-c", f"import json\n{code}") as supervisor, pytest.raises(Refused) as caught:
        supervisor.ask({})
    return str(caught.value)


def test_a_process_gets_nothing_of_our_settings(monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://example.org")
    seen = asked("import os\nprint(json.dumps(f'{dict(os.environ)} {os.getcwd()}'))")
    assert "TOKEN" not in seen
    assert "PROXY" not in seen
    assert "'HOME'" in seen
    assert repr(os.environ.get("HOME")) not in seen


def test_our_settings_do_not_change_the_code_that_judges(tmp_path, monkeypatch):
    (tmp_path / "course_utils.py").write_text("replaced = True")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    code = "import course_utils.lessons.scoreboard.entries as m\nprint(json.dumps(m.__file__))"
    assert "scoreboard" in asked(code)


def test_a_supervisor_that_died_is_a_refusal_and_another_one_starts():
    with Supervisor("-c", "input()") as supervisor:
        pids = set()
        for _ in range(2):
            with pytest.raises(Refused, match="came to an end"):
                supervisor.ask({})
            supervisor._process.wait()
            pids.add(supervisor._process.pid)
    assert len(pids) == 2


RESULT = {
    "macs": 1,
    "parameters": 1,
    "sparsity": 0.5,
    "answers": "012",
    "times": {"submitted": [1, 2, 3], "reference": [1, 2, 3]},
}


@pytest.mark.parametrize(
    "output",
    [
        b"",
        b"junk",
        b"\xff\xfe",
        b"[" * 50_000,
        b"[]",
        b"{}",
        b"3",
        *(
            json.dumps(RESULT | change).encode()
            for change in (
                {"answers": "01"},
                {"answers": "01x"},
                {"answers": [0, 1, 2]},
                {"macs": float("inf")},
                {"macs": "many"},
                {"times": {}},
                {"times": {"submitted": [1, 2], "reference": [1, 2, 3]}},
                {"times": {"submitted": [1, 2, 3], "reference": [0, 0, 0]}},
                {"sparsity": float("nan")},
            )
        ),
    ],
)
def test_what_is_no_result_is_a_refusal(output):
    with pytest.raises(Refused, match="something else than a result"):
        understood(output, 3)


def test_a_result_and_a_reason_are_understood():
    assert understood(json.dumps(RESULT).encode(), 3)["answers"] == "012"
    with pytest.raises(Refused, match=r"^a\?b$"):
        understood(b'{"refused": "a\\u001bb"}', 3)
