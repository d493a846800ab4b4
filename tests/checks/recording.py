"""A plugin for pytest that writes down what the checks answered: pytest -p recording.

It wraps `judge` before the checks import it. At the end it writes, for each exercise, the hints
that wrong answers got and the number of different right answers, to the file in RECORDED.
"""

import collections
import json
import os
import re
import sys
from pathlib import Path

from course_utils.lessons.checks import verdict

HINTS: dict[str, set[str]] = collections.defaultdict(set)
RIGHT: dict[str, set[str]] = collections.defaultdict(set)
judge = verdict.judge


def recording(
    answer: object, findings: verdict.Findings, praise: str, *rest: object
) -> verdict.Verdict:
    """Judge, and remember for whom."""
    asked = sys._getframe(1).f_code
    exercise = f"{Path(asked.co_filename).stem}.{asked.co_name}"
    if asked.co_filename == verdict.__file__:  # a check made by `exercise`
        exercise = f"{findings.__module__.rpartition('.')[2]}.{findings.__name__}"
    given = judge(answer, findings, praise, *rest)
    if given.mark == verdict.RIGHT:
        code = getattr(answer, "__code__", None)
        RIGHT[exercise].add(f"{code.co_code}{code.co_consts}" if code else repr(answer))
    elif given.mark == verdict.WRONG:
        HINTS[exercise].add(re.sub(r"[-+\d.,]+", "#", given.text))
    return given


verdict.judge = recording


def pytest_sessionfinish() -> None:
    """Write what was seen."""
    names = {*HINTS, *RIGHT}
    seen = {name: [sorted(HINTS[name]), len(RIGHT[name])] for name in sorted(names)}
    Path(os.environ["RECORDED"]).write_text(json.dumps(seen), encoding="utf-8")
