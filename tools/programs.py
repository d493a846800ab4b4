"""Find programs that are not Python's, and install what npm has locked."""

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

    None where it is not there and there is no npm to bring it.
    """
    path = folder / "node_modules" / name
    npm = shutil.which("npm")
    if not path.is_file() and npm:
        subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=folder, check=True)
    return path if path.is_file() else None
