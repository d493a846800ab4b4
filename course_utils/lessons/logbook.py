"""What a learner has done, over all lessons: exercises, predictions, scores. Kept at home.

`make lab` names the file, logbook.json in the clone, in $COURSE_LOGBOOK; nothing is ever sent
anywhere. Without that variable the logbook lasts as long as the kernel.
"""

import contextlib
import json
import os
from pathlib import Path

from course_utils.extras.sparsefile.container import write_whole

Entries = dict[str, dict[str, dict]]  # kind -> name -> what was noted

# The lessons in order, by the names of their files, and how many exercises each has.
LESSONS = {
    "start_here": 2, "norms": 3, "prune_operator": 3, "worked_example": 3, "cnn_parts": 3,
    "prune_and_retrain": 3, "how_much": 3, "which_weights": 3, "while_training": 2,
    "regrowth": 2, "lottery_tickets": 3, "structural_pruning": 4, "channels_together": 2,
    "faster": 4, "joint_compression": 3, "distillation_and_int8": 2, "automatic_pruning": 2,
    "beyond_digits": 2, "sounds_and_words": 2, "what_did_it_forget": 3, "capstone": 3,
    "somebody_elses_network": 2,
}  # fmt: skip

_here: Entries = {}  # this kernel's own: what others write into the file meanwhile is theirs


def note(kind: str, name: str, what: dict) -> None:
    """Write an entry in the place of an earlier one of the same kind and name.

    A file that cannot be written keeps nobody from going on: the kernel remembers.
    """
    _here.setdefault(kind, {})[name] = what
    _keep(read())


def read() -> Entries:
    """Return all entries; of a file that is missing or damaged none but this kernel's."""
    path = _file()
    try:
        stored = json.loads(path.read_text(encoding="utf-8")) if path else {}
        assert all(isinstance(one, dict) for part in stored.values() for one in part.values())
    except (OSError, ValueError, AssertionError, AttributeError):
        stored = {}
    return {kind: stored.get(kind, {}) | _here.get(kind, {}) for kind in {*stored, *_here}}


def forget(kind: str, lesson: str) -> None:
    """Take out the entries of a kind that a lesson has."""
    known = read()
    for entries in (known, _here):
        part = entries.get(kind, {}).items()
        entries[kind] = {n: what for n, what in part if not n.startswith(f"{lesson}: ")}
    _keep(known)


def _keep(entries: Entries) -> None:
    path = _file()
    if path:
        with contextlib.suppress(OSError):
            write_whole(json.dumps(entries, indent=1, ensure_ascii=False).encode(), path)


def _file() -> Path | None:
    named = os.environ.get("COURSE_LOGBOOK")
    return Path(named) if named else None


class Page:
    """A learner's progress, one line a lesson."""

    def __init__(self, entries: Entries) -> None:
        self.entries = entries

    def __repr__(self) -> str:
        lines = [f"{'lesson':28}{'exercises':>10}{'predictions':>13}{'right':>7}  open task"]
        for place, (lesson, many) in enumerate(LESSONS.items()):
            solved = len(self._of(lesson, "exercises"))
            said = self._of(lesson, "predictions")
            right = sum(one.get("said") == one.get("was") for one in said)
            name = f"{place:02} {lesson.replace('_', ' ')}"
            line = f"{name:28}{f'{solved} of {many}':>10}{len(said):>13}{right:>7}"
            scores = [f"  {one.get('score', '')}" for one in self._of(lesson, "open tasks")]
            lines.append("".join([line, *scores]))
        return "\n".join(lines)

    def _of(self, lesson: str, kind: str) -> list[dict]:
        part = self.entries.get(kind, {})
        return [what for name, what in part.items() if name.startswith(f"{lesson}: ")]


def page() -> Page:
    """Return the progress over all lessons, to be shown by a cell."""
    return Page(read())
