"""The helper that gives a test a process of its own: what comes back is what `python -c` gives."""

import sys
import time
from pathlib import Path

import forked
import pytest
from jupyter_client.manager import start_new_kernel

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


@linux_only
def test_a_kernel_can_be_interrupted_and_ends_with_who_asked_for_it():
    forked.start()
    manager, client = start_new_kernel(kernel_name="forked")
    try:
        reply = client.execute_interactive(
            "import os, sys; print(os.getpid(), 'keras' in sys.modules)",
            output_hook=(said := []).append,
        )
        assert reply["content"]["status"] == "ok"
        number, known = next(m["content"]["text"] for m in said if "text" in m["content"]).split()
        assert known == "True"
        waits = client.execute("import time; print('now', flush=True); time.sleep(1000)")
        while client.get_iopub_msg(timeout=600)["content"].get("text") != "now\n":
            pass
        manager.interrupt_kernel()
        while (reply := client.get_shell_msg(timeout=600))["parent_header"]["msg_id"] != waits:
            pass
        assert reply["content"]["ename"] == "KeyboardInterrupt"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)  # a kill, which the kernel does not see
    while Path("/proc", number).exists():
        time.sleep(0.05)
