"""What the hub starts for a learner, under the learner's own account: copy, then serve.

Lessons are copied once. What is there already is never overwritten.
"""

import os
import shutil
import sys
from pathlib import Path

COURSE = Path(__file__).resolve().parents[1]
PARTS = ("notebooks/*.ipynb", "notebooks/figures/*", "docs/[!t]*.md")  # without the teachers' page


def copy_lessons(target: Path) -> list[str]:
    """Copy what a learner gets and has not yet; return the names."""
    copied = []
    for path in (path for part in PARTS for path in sorted(COURSE.glob(part))):
        place = target / path.relative_to(COURSE)
        if path.is_file() and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
            copied.append(place.name)
    return copied


if __name__ == "__main__":
    lessons = Path.home() / "pruning-course"
    copy_lessons(lessons)
    os.environ["COURSE_LOGBOOK"] = str(lessons / "logbook.json")
    os.chdir(Path.home())
    os.execv(sys.executable, [sys.executable, "-m", "jupyterhub.singleuser", *sys.argv[1:]])
