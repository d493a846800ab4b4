"""Notebook 08's recorded retrainings: what the table holds, and that its script makes such rows."""

import sys
from pathlib import Path

import pytest

from course_utils.lessons import recorded
from course_utils.lessons.data import load_digits

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import retraining


def lengths(longest):
    return [length for length in retraining.LENGTHS if length <= longest]


def test_the_table_has_every_way_of_the_plan_with_five_seeds():
    rows = recorded.rows("retraining")
    for (start, sparsity), ways in retraining.PLAN.items():
        mine = [row for row in rows if (row["start"], row["sparsity"]) == (start, sparsity)]
        planned = [(way, n) for way, longest in ways.items() for n in lengths(longest)]
        for one in [("none", 0), *planned]:
            seeds = [row["seed"] for row in mine if (row["way"], row["epochs"]) == one]
            assert seeds == [0, 1, 2, 3, 4], one


def test_rates_go_where_their_names_say():
    rate = retraining.rate
    assert [rate("fixed 1e-4", epoch, 2) for epoch in (0, 1, 2)] == [1e-4] * 3
    assert [rate("steep fall", epoch, 2) for epoch in (0, 2)] == pytest.approx([3e-3, 1e-5])
    # The last of four epochs begins at a quarter of the way from the low rate to the high one.
    assert [rate("rate rewound", epoch, 1) for epoch in (0, 1)] == pytest.approx([2.575e-4, 1e-5])
    assert rate("weights rewound", 0, 4) == rate("new fall", 0, 4) == 1e-3


@pytest.mark.full
def test_the_script_makes_rows_of_this_form(monkeypatch):
    plan = {("falling", 0.9): {"fixed 1e-3": 2, "new fall": 1, "weights rewound": 1}}
    monkeypatch.setattr(retraining, "PLAN", plan)
    rows = retraining.one_seed(load_digits().head(200), seed=1)
    assert all(tuple(row) == retraining.FIELDS for row in rows)
    assert [row["epochs"] for row in rows] == [0, 1, 2, 1, 1]
