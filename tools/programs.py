"""Find programs that are not Python's, and install what npm has locked."""

import json
import os
import shutil
import subprocess
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def browser() -> str | None:
    """Return the path of Chromium or Chrome, CHROME_PATH first, or None if there is none."""
    named = os.environ.get("CHROME_PATH")
    return named or next(filter(None, map(shutil.which, BROWSERS)), None)


def from_npm(folder: Path, name: str) -> Path | None:
    """Return a file below `folder`/node_modules; package-lock.json there is installed if needed.

    None where it is not what is locked, and cannot be brought: no npm, or no network.
    """
    npm = shutil.which("npm")
    if npm and not _is_locked(folder):
        subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=folder)
    path = folder / "node_modules" / name
    return path if path.is_file() and _is_locked(folder) else None


def _is_locked(folder: Path) -> bool:
    """Tell whether node_modules has the locked versions; npm writes at its end what it has."""
    wanted = _versions(folder / "package-lock.json")
    there = _versions(folder / "node_modules" / ".package-lock.json")
    return bool(there) and all(wanted.get(name) == version for name, version in there.items())


def _versions(lock: Path) -> dict[str, str]:
    if not lock.is_file():
        return {}
    packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    return {name: package["version"] for name, package in packages.items() if name}
