"""Lesson 16's recorded comparison of plans: what it holds, and that its script makes such rows."""

import sys
from pathlib import Path

import numpy as np
import pytest

from course_utils.lessons import recorded

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import plans_compared


def test_the_table_has_every_trial_of_five_seeds_once():
    rows = recorded.rows("plans_compared")
    names = ("seed", "of", "budget", "network")
    found = [tuple(row[name] for name in names) for row in rows]
    assert found == [tuple(t[name] for name in names) for t in plans_compared.trials(5)]
    assert all(tuple(row) == plans_compared.FIELDS for row in rows)


def test_all_ways_left_equally_much():
    """Of weights exactly; of channels, which go in steps, a plan may leave less than it might."""
    for row in recorded.rows("plans_compared"):
        if row["of"] == "macs":
            assert 0.93 * row["budget"] <= row["kept"] <= row["budget"], row
        else:
            assert row["kept"] == pytest.approx(row["budget"], abs=1e-4), row


def of_weights(network, value):
    rows = [r for r in recorded.rows("plans_compared") if r["of"] == "weights"]
    return np.array([row[value] for row in rows if row["network"] == network])


def test_before_retraining_whoever_looked_at_the_layers_beats_one_that_did_not():
    for way in ("plan", "lamp"):
        assert (of_weights(way, "val_before") > of_weights("uniform", "val_before")).all()
        assert (of_weights(way, "val_before") > of_weights("global", "val_before")).all()


def test_after_retraining_plan_and_lamp_are_level_and_ahead_of_global_and_erk():
    apart = 100 * (of_weights("plan", "test") - of_weights("lamp", "test"))
    assert abs(apart.mean()) < 2.78 * apart.std(ddof=1) / np.sqrt(5)
    for way in ("plan", "lamp"):
        for other in ("global", "erk"):
            assert (of_weights(way, "test") > of_weights(other, "test")).all()


@pytest.mark.slow
@pytest.mark.full
def test_the_script_makes_rows_of_this_form():
    some = [("macs", "plan"), ("macs", "global"), ("weights", "lamp"), ("weights", "erk")]
    rows = {
        trial["network"]: plans_compared.compared(**trial, quick=True)
        for trial in plans_compared.trials(1)
        if (trial["of"], trial["network"]) in some
    }
    assert len(rows) == len(some)
    for name, row in rows.items():
        assert {"seed", "of", "budget", "network", *row} == set(plans_compared.FIELDS)
        low, high = (0.2, 0.26) if name in plans_compared.WAYS else (0.0199, 0.0201)
        assert low < row["kept"] < high
        assert 0 <= row["val"] <= 1
        assert row["retraining"] > 0
