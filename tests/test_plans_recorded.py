"""Lesson 16's recorded comparison of plans: what it holds, and that its script makes such rows."""

import sys
from pathlib import Path

import numpy as np
import pytest

from course_utils.lessons import recorded

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import plans_compared
import tuned_shares


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


def test_a_search_that_starts_from_lamp_only_goes_where_the_loss_falls():
    names = ("a", "b")
    scores = {name: np.arange(1.0, 101).reshape(10, 10) for name in names}
    start = {name: S > 80 for name, S in scores.items()}
    wanted = 5  # weights of the first layer

    def loss(masks):
        return abs(int(masks["a"].sum()) - wanted)

    found = tuned_shares.tuned(scores, start, loss)
    assert loss(found) < 2
    assert sum(int(mask.sum()) for mask in found.values()) == 40


@pytest.mark.slow
@pytest.mark.full
def test_the_script_makes_rows_of_this_form():
    some = [("macs", "plan"), ("macs", "global"), ("weights", "lamp"), ("weights", "in rounds")]
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
