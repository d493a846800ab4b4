"""Set the course up and run it: what `make` calls, and what Windows users call themselves.

    python3 tools/environment.py lab | test | setup | clean | help      (Windows: py -3 ...)

Standard library only. This file alone keeps to syntax that a Python of long ago can read,
because it has to run there to say that this Python is too old.
"""

import os
import subprocess
import sys

OLDEST, NEWEST = (3, 11), (3, 13)  # TensorFlow 2.21 has wheels for these and what lies between
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
REFUSAL = """\
This is Python {0}.{1}. The course needs Python 3.11, 3.12 or 3.13: TensorFlow's
packages exist for these only. Ways out:
  - name another Python of yours:  make lab PYTHON=python3.12
    (Windows:  py -3.12 tools/environment.py lab)
  - have none? Debian, Ubuntu:  sudo apt install python3.12 python3.12-venv
    where apt has no such version:  pipx install uv; uv python install 3.12
                                   make lab PYTHON="$(uv python find 3.12)"
    macOS, Windows: the installers on python.org"""


def suits(version):
    """Tell whether the pinned packages have wheels for this (major, minor, ...) of Python."""
    return OLDEST <= tuple(version[:2]) <= NEWEST


def hand_over():
    """Let the course's own Python go on, where there is one that is not this one."""
    venv = os.path.join(ROOT, ".venv")
    python = os.path.join(
        venv, *(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python"))
    )
    if os.path.realpath(sys.prefix) == os.path.realpath(venv) or not os.path.exists(python):
        sys.exit(REFUSAL.format(*sys.version_info))
    command = [python, os.path.abspath(__file__)] + sys.argv[1:]
    if os.name == "nt":  # there exec returns to the shell at once
        sys.exit(subprocess.call(command))
    os.execv(python, command)


if __name__ == "__main__":
    if not suits(sys.version_info):
        hand_over()
    sys.path.insert(0, HERE)
    from front_door.commands import main

    sys.exit(main(ROOT, sys.argv[1:]))
