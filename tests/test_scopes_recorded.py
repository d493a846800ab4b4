"""Notebook 06's recorded scopes: what the table holds, and that its script makes such rows."""

import sys
from pathlib import Path

import pytest

from course_utils.lessons import recorded
from course_utils.lessons.data import load_digits

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import scopes_compared

WAYS_IN_ORDER = ("global", "layer", "erk", "lamp")
WAYS = set(WAYS_IN_ORDER)


def test_the_table_is_complete():
    table = recorded.rows("scopes_compared")
    assert len({row["seed"] for row in table}) >= 5, "a ranking needs five seeds"
    for budget in (*scopes_compared.LEVELS, "plan"):
        rows = [row for row in table if row["budget"] == budget]
        ways = WAYS | {"plan"} if budget == "plan" else WAYS
        assert {(row["seed"], row["way"]) for row in rows} == {
            (row["seed"], way) for row in table for way in ways
        }


def test_ways_of_one_budget_have_as_many_zeros():
    zeros = {}
    for row in recorded.rows("scopes_compared"):
        zeros.setdefault((row["seed"], row["budget"]), set()).add(round(row["sparsity"], 5))
    assert all(len(values) == 1 for values in zeros.values())


@pytest.mark.full
def test_the_script_makes_rows_of_this_form(monkeypatch):
    monkeypatch.setattr(scopes_compared, "LEVELS", (0.9,))
    monkeypatch.setattr(scopes_compared, "STEPS", (0.5,))
    rows = scopes_compared.one_seed(load_digits().head(200), seed=1, epochs=1)
    assert all(tuple(row) == scopes_compared.FIELDS for row in rows)
    assert [row["way"] for row in rows if row["budget"] == "plan"] == [*WAYS_IN_ORDER, "plan"]
