"""How much a test does: in a short run of the suite less of what only repeats."""

import os
from collections.abc import Iterable, Mapping

import pytest


def full_run() -> bool:
    """Tell whether pytest was started with `--full`, which conftest.py notes for all processes."""
    return os.environ.get("COURSE_FULL") == "1"


def few(cases: Iterable | Mapping, *kept: object) -> list:
    """Parameters, of which a short run takes those of these names (or values) alone.

    Cases are values that name themselves, or {name: value}; a tuple is several parameters.
    """
    named = cases.items() if isinstance(cases, Mapping) else [(str(case), case) for case in cases]
    names = {str(name) for name in kept}
    made = [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)),
            id=name,
            marks=() if name in names else pytest.mark.full,
        )
        for name, case in named
    ]
    unknown = names - {param.id for param in made}
    assert not unknown, f"no such cases: {unknown}"
    return made
