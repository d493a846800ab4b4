"""The helper that gives a test a process of its own: what comes back is what `python -c` gives."""

import sys

import forked
import pytest

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks here")

KNOWS = "import sys; print('keras' in sys.modules, 'course_utils' in sys.modules)"
FAILS = "import sys; print('seen', *sys.argv[1:]); sys.exit('sorry')"
DIES = "import os; print('last', flush=True); os.kill(os.getpid(), 9)"


@pytest.mark.parametrize(
    ("code", "status", "out", "err"),
    [
        pytest.param(KNOWS, 0, "True False\n", "", marks=linux_only),
        (FAILS, 1, "seen a b\n", "sorry\n"),
        ("undefined", 1, "", "NameError: name 'undefined' is not defined\n"),
        pytest.param(DIES, -9, "last\n", "", marks=linux_only),
    ],
)
def test_status_and_both_streams_come_back(code, status, out, err):
    done = forked.run(code, "a", "b")
    assert done.returncode == status
    assert done.stdout == out
    assert done.stderr.splitlines()[-1:] == err.splitlines()


def test_a_process_leaves_nothing_to_the_next(tmp_path):
    forked.run("import os, sys; os.environ['LEFT'] = '1'; sys.left = 1; os.chdir('/')")
    done = forked.run(
        "import os, sys; print('LEFT' in os.environ, hasattr(sys, 'left'), os.getcwd())",
        cwd=tmp_path,
    )
    assert done.stdout == f"False False {tmp_path}\n"
