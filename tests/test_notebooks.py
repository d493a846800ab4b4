"""The committed notebooks: in step with their sources, executed, clean and in the common form.

That their code still runs and gives the same results is nbval's part.
"""

import lesson_length
import pytest
from notebook_editions import read_lesson, read_lessons

import notebooks

FOLDER = notebooks.ROOT / "notebooks"
STEMS = [path.stem for path in sorted((FOLDER / "src").glob("*.py"))]


@pytest.mark.parametrize("stem", STEMS)
def test_lesson_and_its_notebooks_are_in_order(stem):
    assert notebooks.check(FOLDER, [stem]) == []


@pytest.mark.parametrize("stem", STEMS)
def test_lesson_is_one_sitting_and_its_head_says_how_long(stem):
    assert lesson_length.problems(read_lesson(FOLDER / "src" / f"{stem}.py")) == []


@pytest.mark.parametrize("stem", STEMS)
def test_lesson_is_quick_to_compute(stem):
    """It takes at most 90 s on two idle cores."""
    assert 0 < lesson_length.seconds()[stem] <= 90


def test_no_notebook_is_left_over():
    assert [what for what in notebooks.check(FOLDER) if "no source makes" in what] == []


def test_lessons_are_numbered_without_gaps():
    numbers = [lesson.stem.split("_")[0] for lesson in read_lessons(FOLDER)]
    assert numbers == [f"{number:02}" for number in range(len(numbers))]
