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

from front_door.paths import Clone, course_variables
from front_door.preflight import INSTALL_FAILED, Refusal, require_fit, room_warning

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
    for file in clone.pinned:
        if not file.is_file():
            raise Refusal(f"{file.name} is missing from this clone. Restore it: git restore .")
    uv_pin = lock_entry(clone.lock.read_text("utf-8"), "uv")
    with one_at_a_time(clone):
        state = environment_state(clone)
        if state == "ready":
            return
        require_fit(clone.root)
        clone.stamp.unlink(missing_ok=True)
        if state == "absent":
            _make_venv(clone)
        _install(clone, uv_pin)
        settings = clone.venv / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(json.dumps(LAB_SETTINGS, indent=2), "utf-8")
        # From outside its folder: the editable install may not bear the path.
        if subprocess.run([clone.python, "-c", "import course_utils"], cwd=clone.venv).returncode:
            raise Refusal(
                "The environment was made, but the course's package cannot be imported from it;\n"
                "the reason stands above. Clone to a path of plain letters, and try there."
            )
        write_stamp(clone)


def environment_state(clone: Clone) -> str:
    """Return "ready", "outdated" (whole, but for other pins) or "absent" (also: broken, moved)."""
    wanted = _wanted_stamp(clone)
    try:
        found = dict(json.loads(clone.stamp.read_text("utf-8")))
    except (OSError, ValueError, TypeError):  # none there, or none that can be read
        found = {}
    if found == wanted:
        return "ready"
    same_venv = all(wanted[key] and found.get(key) == wanted[key] for key in ("python", "place"))
    return "outdated" if same_venv else "absent"


def write_stamp(clone: Clone) -> None:
    """Declare the environment finished, in one step."""
    draft = clone.stamp.with_suffix(".part")
    draft.write_text(json.dumps(_wanted_stamp(clone), indent=2), "utf-8")
    draft.replace(clone.stamp)


def _wanted_stamp(clone: Clone) -> dict[str, str]:
    """Return what the stamp of a finished environment says: the pins, the Python, the place."""
    pins = b"\0".join(file.read_bytes() for file in clone.pinned)
    try:
        done = subprocess.run([clone.python, "-c", PROBE], capture_output=True, text=True)
    except OSError:  # no Python, or one that does not run
        done = None
    return {
        "pins": hashlib.sha256(pins).hexdigest(),
        "python": done.stdout.strip() if done and done.returncode == 0 else "",
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
    """Install the pinned packages, then the course's own, with uv or, failing that, with pip."""
    python, pip = str(clone.python), [str(clone.python), "-m", "pip", "install"]
    pin = clone.venv / "uv-requirement.txt"
    pin.write_text(uv_pin, "utf-8")
    uv = [*pip, "--quiet", "--retries", "2", "--require-hashes", "-r", str(pin)]
    with_uv = [python, "-m", "uv", "pip", "install", "--python", python]
    if call_installer(clone, uv) and _install_with(clone, with_uv):
        return
    _say("uv did not get through; trying the same with pip, which takes a few minutes.")
    if not _install_with(clone, pip):
        raise Refusal(INSTALL_FAILED)


def _install_with(clone: Clone, installer: list[str]) -> bool:
    pinned = ["--require-hashes", "-r", str(clone.lock)]
    package = ["--no-deps", "--no-build-isolation", "--editable", str(clone.root)]
    return all(call_installer(clone, [*installer, *what]) for what in (pinned, package))


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


def _say(message: str) -> None:
    print(message, flush=True)
