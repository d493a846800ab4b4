"""How much a test does: in a short run of the suite less of what only repeats."""

import os


def full_run() -> bool:
    """Tell whether pytest was started with `--full`, which conftest.py notes for all processes."""
    return os.environ.get("COURSE_FULL") == "1"
