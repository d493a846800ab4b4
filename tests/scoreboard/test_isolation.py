"""Processes that sleep, print junk, die, eat memory, or leave others behind."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from course_utils.lessons.scoreboard.isolation import run
from course_utils.lessons.scoreboard.judging import understood
from course_utils.lessons.scoreboard.limits import Limits, Refused

LIMITS = Limits(wall_seconds=1000, output_bytes=1_000)
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds all limits")
posix_only = pytest.mark.skipif(os.name == "nt", reason="Windows has no such limits")
LIMITED = """
import sys
from course_utils.lessons.scoreboard import Limits, isolation
isolation.limit_this_process(Limits({}))
try:
    {}
except (MemoryError, OSError):
    sys.exit(7)
"""


def python(code, folder, limits=LIMITS):
    return run([sys.executable, "-I", "-c", code], folder, limits)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import time; time.sleep(10_000)", "longer than 1 seconds"),
        ("while True: pass", "longer than 1 seconds"),
        ("import sys; sys.exit(3)", "status 3"),
        ("raise ValueError('a secret')", "status 1"),
        ("print('x' * 2_000)", "far too much"),
    ],
)
def test_a_process_that_does_not_come_back_well_is_a_refusal(code, reason, tmp_path):
    limits = replace(LIMITS, wall_seconds=1) if "longer" in reason else LIMITS
    with pytest.raises(Refused, match=reason):
        python(code, tmp_path, limits)


@posix_only
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "killed by the system"),
    ],
)
def test_a_process_that_dies_is_a_refusal(code, reason, tmp_path):
    with pytest.raises(Refused, match=reason):
        python(code, tmp_path)


@linux_only
@pytest.mark.parametrize(
    ("limit", "code", "reason"),
    [
        ("cpu_seconds=1", "while True: pass", "processor time"),
        ("memory_bytes=500_000_000", "bytearray(10**9)", "status 7"),
        (
            "unpacked_bytes=1000",
            "import pathlib; pathlib.Path('x').write_bytes(bytes(9**6))",
            "status 7",
        ),
    ],
)
def test_the_system_holds_a_process_to_its_limits(limit, code, reason, tmp_path):
    with pytest.raises(Refused, match=reason):
        python(LIMITED.format(limit, code), tmp_path)


@posix_only
def test_what_a_process_leaves_behind_is_killed_as_well(tmp_path):
    child = "import time; time.sleep(10_000)"
    code = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}])\n"
        "print(child.pid)"
    )
    left = int(python(code, tmp_path))
    while _runs(left):  # a killed process is gone once the system has cleared it away
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return subprocess.run(["ps", "-p", str(pid)], capture_output=True).returncode == 0
    return state != "Z"


def test_a_process_gets_nothing_of_our_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://example.org")
    seen = python("import os; print(sorted(os.environ), os.environ['HOME'])", tmp_path)
    assert b"TOKEN" not in seen
    assert b"PROXY" not in seen
    assert str(tmp_path).encode() in seen


def test_our_settings_do_not_change_the_code_that_judges(tmp_path):
    (tmp_path / "course_utils.py").write_text("print('replaced')")
    code = "import course_utils.lessons.scoreboard.limits as m; print(m.__file__)"
    assert b"scoreboard" in python(code, tmp_path)


RESULT = {
    "bytes": 1,
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
            str(RESULT | change).replace("'", '"').replace('"Infinity"', "Infinity").encode()
            for change in (
                {"answers": "01"},
                {"answers": "01x"},
                {"answers": [0, 1, 2]},
                {"bytes": 0},
                {"bytes": "Infinity"},
                {"bytes": "many"},
                {"times": {}},
                {"times": {"submitted": [1, 2], "reference": [1, 2, 3]}},
                {"sparsity": "NaN"},
            )
        ),
    ],
)
def test_what_is_no_result_is_a_refusal(output):
    with pytest.raises(Refused, match="something else than a result"):
        understood(output, 3)


def test_a_result_and_a_reason_are_understood():
    assert understood(str(RESULT).replace("'", '"').encode(), 3)["answers"] == "012"
    with pytest.raises(Refused, match=r"^a\?b$"):
        understood(b'{"refused": "a\\u001bb"}', 3)
