"""Look at the machine before anything is installed, and say what to do where it will not do."""

import importlib.util
import os
import platform
import shutil
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

GIGABYTE = 10**9
ROOM_NEEDED = 23 * GIGABYTE // 10  # the environment takes that where the cache cannot be linked to


class Refusal(Exception):
    """A reason to stop, worded for the person at the keyboard, with the way out."""


@dataclass(frozen=True)
class Machine:
    """What decides whether the pinned wheels fit: read once, so that tests can invent one."""

    system: str  # Linux, Darwin, Windows
    processor: str  # x86_64, AMD64, aarch64, arm64
    libc: str  # glibc, or empty
    wide: bool  # 64-bit Python
    plain_cpython: bool  # CPython with its global lock


def this_machine() -> Machine:
    """Describe the machine and the Python that runs this."""
    windows = sys.platform == "win32"
    # On Windows the Python counts, not the processor: an amd64 one also runs on ARM.
    processor = sysconfig.get_platform().removeprefix("win-") if windows else platform.machine()
    return Machine(
        system=platform.system(),
        processor=processor,
        libc=platform.libc_ver()[0],
        wide=sys.maxsize > 2**32,
        plain_cpython=platform.python_implementation() == "CPython"
        and not sysconfig.get_config_var("Py_GIL_DISABLED"),
    )


def platform_problem(machine: Machine) -> str | None:
    """Say why TensorFlow has no package for this machine, or return None.

    >>> platform_problem(Machine("Linux", "x86_64", "glibc", wide=True, plain_cpython=True))
    """
    if not machine.wide:
        return "This Python is a 32-bit one; TensorFlow is 64-bit only. Install a 64-bit Python."
    if not machine.plain_cpython:
        return "TensorFlow needs the usual CPython (not PyPy, not the free-threaded build)."
    kind = (machine.system, machine.processor.lower())
    if kind == ("Darwin", "x86_64"):
        return (
            "TensorFlow has no package for Macs with an Intel processor since version 2.17.\n"
            "Use a Linux machine or a hosted notebook. (On a Mac with Apple silicon this message\n"
            "means that your Python is an Intel one: install the arm64 or universal Python.)"
        )
    if kind in {("Darwin", "arm64"), ("Windows", "amd64")}:
        return None
    if machine.system == "Linux" and kind[1] in {"x86_64", "aarch64"}:
        return None if machine.libc == "glibc" else _musl_problem()
    return (
        f"TensorFlow has no package for {machine.system} on {machine.processor}. It has for Linux\n"
        "on x86-64 and ARM64, for Windows on x86-64, and for Macs with Apple silicon."
    )


def _musl_problem() -> str:
    return (
        "TensorFlow has no package for Linux without glibc (Alpine, for instance).\n"
        "Use a Debian or Ubuntu system or container."
    )


def venv_problem(has_ensurepip: bool, version: tuple[int, int]) -> str | None:
    """Say what Debian's Python lacks to make environments, or return None."""
    if has_ensurepip:
        return None
    return (
        "This Python cannot make virtual environments: Debian and Ubuntu keep that part in a\n"
        "package of its own. Install it, then run the same command again:\n"
        f"    sudo apt install python3-venv        (or python{version[0]}.{version[1]}-venv)"
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


def require_fit(root: Path) -> None:
    """Raise Refusal where this machine, this Python or this folder will not do."""
    has_ensurepip = importlib.util.find_spec("ensurepip") is not None
    problem = (
        platform_problem(this_machine())
        or folder_problem(root, os.access(root, os.W_OK))
        or venv_problem(has_ensurepip, sys.version_info[:2])
    )
    if problem:
        raise Refusal(problem)


def room_warning(free: int) -> str | None:
    """Warn where less than the needed bytes are free: a linked cache may still make it fit."""
    if free >= ROOM_NEEDED:
        return None
    return (
        f"Only {free / GIGABYTE:.1f} GB are free on this disk; the environment may take up to "
        f"{ROOM_NEEDED / GIGABYTE:.1f} GB. Trying all the same."
    )


def advice_after_failure(root: Path) -> str:
    """Return the ways out after an installer gave up; its own words stand above ours."""
    if shutil.disk_usage(root).free < ROOM_NEEDED / 10:
        return (
            "The disk is full. The environment takes about 2.1 GB in .venv; free some room\n"
            "(`make clean` removes what was begun), then run the same command again."
        )
    lines = [
        "The packages could not be installed; the reason stands above. Most often:",
        "  - no network: the first set-up needs it (about 500 MB), later calls do not;",
        "  - a proxy or a mirror: set HTTPS_PROXY, or PIP_INDEX_URL and UV_DEFAULT_INDEX;",
        "  - a disk or a quota that is full: the environment takes about 2.1 GB.",
    ]
    if os.name == "nt":
        lines.append("  - a path too long for Windows: clone to a short one, as C:\\course.")
    return "\n".join([*lines, "Then run the same command again; nothing half-made is kept."])
