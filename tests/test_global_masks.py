"""The recorded times of global masks: what the table holds, and what its script times."""

import sys
from pathlib import Path

from course_utils.lessons import recorded

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import global_masks


def test_masks_take_at_most_eight_copies_and_torch_takes_longer():
    table = {row["task"]: row for row in recorded.rows("global_masks")}
    assert all(row["weights"] == 25e6 for row in table.values())
    assert table["copy the weights"]["ratio"] == 1
    assert table["make_masks"]["ratio"] <= 8
    theirs = table["torch global_unstructured"]["ratio"]
    assert theirs > table["magnitude and make_masks"]["ratio"]


def test_the_script_times_the_same_weights_for_every_task():
    weights = global_masks.kernels(100_000)
    assert sum(W.size for W in weights.values()) == 100_000
    for way in ("copy", "make_masks", "magnitude and make_masks"):
        found = global_masks.answer(way, weights=100_000, seed=0)
        assert found["seconds"] > 0
        assert found["bytes"] == sum(W.nbytes for W in weights.values())
