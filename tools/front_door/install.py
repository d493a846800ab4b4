"""Make the environment in .venv from requirements.lock: whole, or not believed to be there."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from front_door.paths import Clone, course_variables
from front_door.preflight import Refusal, advice_after_failure, require_fit, room_warning

try:
    import fcntl
except ImportError:  # Windows: two set-ups at once are not guarded against there
    fcntl = None

PROBE = "import sys; print('%d.%d' % sys.version_info[:2])"
# No pop-up that asks about news, and none about updates: the versions are pinned.
LAB_SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}
}


def set_up(clone: Clone) -> None:
    """Bring .venv to what the lock and pyproject ask for; return at once where it is so already."""
    uv_pin = lock_entry(_read_pins(clone), "uv")
    with one_at_a_time(clone):
        state = environment_state(clone)
        if state == "ready":
            return
        require_fit(clone.root)
        clone.stamp.unlink(missing_ok=True)
        if state == "absent":
            _make_venv(clone)
        _install(clone, uv_pin)
        _write_lab_settings(clone)
        _prove(clone)
        write_stamp(clone)


def environment_state(clone: Clone) -> str:
    """Return "ready", "outdated" (whole, but for other pins) or "absent" (also: broken, moved)."""
    found, wanted = _read_stamp(clone), wanted_stamp(clone)
    if found == wanted:
        return "ready"
    same_venv = all(wanted[key] and found.get(key) == wanted[key] for key in ("python", "place"))
    return "outdated" if same_venv else "absent"


def wanted_stamp(clone: Clone) -> dict[str, str]:
    """Return what the stamp of a finished environment says: the pins, the Python, the place."""
    digest = hashlib.sha256(b"\0".join(file.read_bytes() for file in clone.pinned))
    return {
        "pins": digest.hexdigest(),
        "python": _version_of(clone.python),
        "place": str(clone.venv.resolve()),  # a copied or moved environment points to its old place
    }


def lock_entry(lock: str, name: str) -> str:
    """Return the lines of one package in a lock, hashes and all.

    >>> lock_entry("a==1 \\\\\\n    --hash=sha256:0\\nb==2 \\\\\\n    --hash=sha256:1\\n", "b")
    'b==2 \\\\\\n    --hash=sha256:1\\n'
    """
    found = re.search(rf"^{re.escape(name)}==.*\n(?:[ \t]+.*\n)*", lock, flags=re.MULTILINE)
    if not found:
        raise Refusal(f"requirements.lock does not pin {name}. Restore it: git restore .")
    return found[0]


def _read_pins(clone: Clone) -> str:
    """Return the lock's text."""
    for file in (clone.lock, clone.project):
        if not file.is_file():
            raise Refusal(f"{file.name} is missing from this clone. Restore it: git restore .")
    return clone.lock.read_text("utf-8")


@contextlib.contextmanager
def one_at_a_time(clone: Clone) -> Iterator[None]:
    """Let a second set-up of the same clone wait for the first."""
    with clone.lock.open("rb") as handle:
        if fcntl:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                _say("Another set-up is at work in this clone; waiting for it.")
                fcntl.flock(handle, fcntl.LOCK_EX)
            except OSError:  # a file system without locks: go on unguarded
                pass
        yield


def _make_venv(clone: Clone) -> None:
    """Make an empty environment, in place of anything that stands there."""
    if clone.venv.exists():
        _say("Removing the .venv that stands here: unfinished, moved, or not made by the course.")
    if warning := room_warning(shutil.disk_usage(clone.root).free):
        _say(warning)
    major, minor = sys.version_info[:2]
    _say(f"Making the environment in .venv with Python {major}.{minor}. This happens once.")
    # The base Python: inside another environment, sys.executable would chain the two.
    base = getattr(sys, "_base_executable", None) or sys.executable
    if not call_installer(clone, [base, "-m", "venv", "--clear", str(clone.venv)]):
        raise Refusal(
            "Python could not make the environment; the reason stands above.\n"
            "A file in use? Close the JupyterLab that still runs from this clone, and try again."
        )


def _install(clone: Clone, uv_pin: str) -> None:
    """Install the pinned packages and the course's own, with uv, or else with pip."""
    python = str(clone.python)
    with_uv = [python, "-m", "uv", "pip", "install", "--python", python]
    if _install_uv(clone, uv_pin) and _install_with(clone, with_uv):
        return
    _say("uv did not get through; trying the same with pip, which takes a few minutes.")
    if not _install_with(clone, [python, "-m", "pip", "install"]):
        raise Refusal(advice_after_failure(clone.root))


def _install_uv(clone: Clone, pin: str) -> bool:
    """Install the fast installer alone, at the lock's own version and hashes."""
    wanted = clone.venv / "uv-requirement.txt"
    wanted.write_text(pin, "utf-8")
    pip = [str(clone.python), "-m", "pip", "install", "--quiet", "--retries", "2"]
    return call_installer(clone, [*pip, "--require-hashes", "-r", str(wanted)])


def _install_with(clone: Clone, installer: list[str]) -> bool:
    """Install everything pinned, then the package itself, editable."""
    package = ["--no-deps", "--no-build-isolation", "--editable", str(clone.root)]
    return call_installer(
        clone, [*installer, "--require-hashes", "-r", str(clone.lock)]
    ) and call_installer(clone, [*installer, *package])


def call_installer(clone: Clone, command: list[str]) -> bool:
    """Run an installer under settings that leave the pins in force; tell whether it succeeded."""
    quiet = {
        "PIP_CONSTRAINT": os.devnull,  # a machine-wide constraints file must not move our pins
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_USER": "0",
        "UV_PYTHON_DOWNLOADS": "never",
    }
    variables = course_variables(clone, os.environ) | quiet
    return subprocess.run(command, cwd=clone.root, env=variables).returncode == 0


def _prove(clone: Clone) -> None:
    """Import the package from outside its folder: the editable install may not bear the path."""
    if subprocess.run([clone.python, "-c", "import course_utils"], cwd=clone.venv).returncode != 0:
        raise Refusal(
            "The environment was made, but the course's package cannot be imported from it;\n"
            "the reason stands above. Clone to a path of plain letters, and try there."
        )


def _write_lab_settings(clone: Clone) -> None:
    """Store JupyterLab's settings for this environment alone."""
    file = clone.venv / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(LAB_SETTINGS, indent=2), "utf-8")


def write_stamp(clone: Clone) -> None:
    """Declare the environment finished, in one step."""
    draft = clone.stamp.with_suffix(".part")
    draft.write_text(json.dumps(wanted_stamp(clone), indent=2), "utf-8")
    draft.replace(clone.stamp)


def _read_stamp(clone: Clone) -> dict[str, str]:
    """Return the stamp, or nothing where there is none that can be read."""
    try:
        return dict(json.loads(clone.stamp.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _version_of(python: Path) -> str:
    """Return "3.12" for a Python that runs, "" for one that does not."""
    try:
        done = subprocess.run([python, "-c", PROBE], capture_output=True, text=True)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _say(message: str) -> None:
    print(message, flush=True)
