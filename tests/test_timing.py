"""Lesson 13's sentence about two times: told apart only where chance does not explain it."""

import pytest

from course_utils.extras.speed import Latencies, Timing
from course_utils.lessons.timing import against


def timings(**medians):
    rows = (Timing(n.replace("_", ", "), m, 0.98 * m, 1.02 * m, 9, 1) for n, m in medians.items())
    return Latencies(tuple(rows))


@pytest.mark.parametrize(
    ("again", "other", "word"),
    [(1.01, 0.5, ", told apart"), (1.3, 0.6, "not told"), (1.0, 1.01, "not told")],
)
def test_a_difference_counts_only_beyond_the_quartiles_and_beyond_chance(again, other, word):
    assert word in against(timings(dense=1.0, dense_again=again, half=other), "half", "dense")
