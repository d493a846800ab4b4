"""Look at the machine before anything is installed, and say what to do where it will not do."""

import importlib.util
import os
import platform
import sys
import sysconfig
from pathlib import Path

GIGABYTE = 10**9
ROOM_NEEDED = 23 * GIGABYTE // 10  # the environment takes that where the cache cannot be linked to
WITH_TENSORFLOW = ("Linux x86_64", "Linux aarch64", "Darwin arm64", "Windows amd64")

INSTALL_FAILED = """\
The packages could not be installed; the reason stands above. Most often:
  - no network: the first set-up needs it (about 500 MB), later calls do not;
  - a proxy or a mirror: set HTTPS_PROXY, or PIP_INDEX_URL and UV_DEFAULT_INDEX;
  - a disk or a quota that is full: the environment takes about 2.1 GB;
  - on Windows a path too long: clone to a short one, as C:\\course.
Then run the same command again; nothing half-made is kept."""


class Refusal(Exception):
    """A reason to stop, worded for the person at the keyboard, with the way out."""


def require_fit(root: Path) -> None:
    """Raise Refusal where this machine, this Python or this folder will not do."""
    # On Windows the Python counts, not the processor: an amd64 one also runs on ARM.
    windows = sysconfig.get_platform().removeprefix("win-")
    processor = windows if sys.platform == "win32" else platform.machine()
    free_threaded = sysconfig.get_config_var("Py_GIL_DISABLED")
    problem = (
        python_problem(sys.maxsize, "free-threaded" if free_threaded else sys.implementation.name)
        or platform_problem(platform.system(), processor, platform.libc_ver()[0])
        or folder_problem(root, os.access(root, os.W_OK))
        or venv_problem(importlib.util.find_spec("ensurepip") is not None)
    )
    if problem:
        raise Refusal(problem)


def python_problem(largest: int, kind: str) -> str | None:
    """Say why TensorFlow has no package for this kind of Python, or return None."""
    if largest <= 2**32:
        return "This Python is a 32-bit one; TensorFlow is 64-bit only. Install a 64-bit Python."
    return None if kind == "cpython" else f"TensorFlow needs the usual CPython, and this is {kind}."


def platform_problem(system: str, processor: str, libc: str) -> str | None:
    """Say that TensorFlow has no package for this machine, or return None.

    >>> platform_problem("Linux", "x86_64", "glibc")
    """
    fits = f"{system} {processor.lower()}" in WITH_TENSORFLOW
    if fits and (system != "Linux" or libc == "glibc"):
        return None
    return (
        f"TensorFlow has no package for {system} on {processor}. It has for Linux on x86-64 and\n"
        "ARM64 (with glibc: Alpine has none), for Windows on x86-64, and for Macs with Apple\n"
        "silicon (with an arm64 or universal Python, not an Intel one). Use one of these, or a\n"
        "hosted notebook."
    )


def folder_problem(root: Path, writable: bool) -> str | None:
    """Say why no environment can stand in this folder, or return None."""
    if os.pathsep in str(root):
        return (
            f"The folder's path holds the character '{os.pathsep}'; no environment can bear that:\n"
            f"    {root}\nMove or rename the folder, then run the same command again."
        )
    if not writable:
        return (
            f"This folder cannot be written to:\n    {root}\n"
            "The course keeps its environment in .venv inside it. Clone it to a folder of your own."
        )
    return None


def venv_problem(has_ensurepip: bool) -> str | None:
    """Say what Debian's Python lacks to make environments, or return None."""
    if has_ensurepip:
        return None
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return (
        "This Python cannot make virtual environments: Debian and Ubuntu keep that part in a\n"
        "package of its own. Install it, then run the same command again:\n"
        f"    sudo apt install python{version}-venv"
    )


def room_warning(free: int) -> str | None:
    """Warn where less than the needed bytes are free: a linked cache may still make it fit."""
    if free >= ROOM_NEEDED:
        return None
    return (
        f"Only {free / GIGABYTE:.1f} GB are free on this disk; the environment may take up to "
        f"{ROOM_NEEDED / GIGABYTE:.1f} GB. Trying all the same."
    )
