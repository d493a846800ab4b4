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


def test_before_retraining_a_plan_that_looked_at_the_layers_beats_one_that_did_not():
    def before(network, budget):
        return np.array(
            [
                row["val_before"]
                for row in recorded.rows("plans_compared")
                if (row["network"], row["of"], row["budget"]) == (network, "weights", budget)
            ]
        )

    for budget in plans_compared.BUDGETS["weights"]:
        assert before("plan", budget).mean() > before("uniform", budget).mean()


@pytest.mark.slow
@pytest.mark.full
def test_the_script_makes_rows_of_this_form():
    rows = {
        trial["network"]: plans_compared.compared(**trial, quick=True)
        for trial in plans_compared.trials(1)
        if trial["of"] == "macs" or trial["budget"] == 0.05
    }
    assert set(rows) == set(plans_compared.WAYS)
    for row in rows.values():
        assert {"seed", "of", "budget", "network", *row} == set(plans_compared.FIELDS)
        assert 0.2 < row["kept"] < 0.26
        assert 0 <= row["val"] <= 1
        assert row["retraining"] > 0
