"""The script that times global masks."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import global_masks


def test_the_script_times_the_same_weights_for_every_task():
    weights = global_masks.kernels(100_000)
    assert sum(W.size for W in weights.values()) == 100_000
    for way in ("copy", "make_masks", "magnitude and make_masks"):
        found = global_masks.answer(way, weights=100_000, seed=0)
        assert found["seconds"] > 0
        assert found["bytes"] == sum(W.nbytes for W in weights.values())
