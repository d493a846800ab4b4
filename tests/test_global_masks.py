"""The recorded times of global masks: what the table holds, and that its script makes such rows."""

import sys
from pathlib import Path

from course_utils.lessons import recorded

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import global_masks


def test_masks_take_at_most_eight_copies_and_torch_takes_longer():
    table = {row["task"]: row for row in recorded.rows("global_masks")}
    assert all(row["weights"] == 25e6 for row in table.values())
    assert table[global_masks.COPY]["ratio"] == 1
    assert table["make_masks"]["ratio"] <= 8
    assert table[global_masks.OTHER]["ratio"] > table["magnitude and make_masks"]["ratio"]


def test_the_script_makes_rows_of_this_form():
    weights = global_masks.kernels(100_000)
    rows = global_masks.measured(weights, rounds=3)
    assert sum(W.size for W in weights.values()) == 100_000
    assert all(tuple(row) == global_masks.FIELDS for row in rows)
    tasks = {row["task"] for row in recorded.rows("global_masks")}
    assert {row["task"] for row in rows} >= tasks - {global_masks.OTHER}
    assert all(row["lowest"] <= row["ratio"] <= row["highest"] for row in rows)
