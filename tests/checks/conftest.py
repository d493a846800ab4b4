"""All that the checks answer here is recorded: tests/test_exercises.py counts it."""

import recording

recording.install()


def pytest_sessionfinish() -> None:
    """Hand it on to a run that asked for it."""
    recording.write()
