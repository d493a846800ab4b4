"""The lessons' sources, read once for all tests that look at them."""

from pathlib import Path

from notebook_editions import read_lessons

LESSONS = read_lessons(Path(__file__).parents[1] / "notebooks")
