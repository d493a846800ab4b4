"""Notebook 06's recorded choices: what the tables hold, and that their script makes such rows."""

import sys
from pathlib import Path

import numpy as np
import pytest

from course_utils.lessons import recorded
from course_utils.lessons.data import load_digits

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import how_much


def test_the_tables_are_complete():
    runs = recorded.by_run("how_much", "sparsity", over="sparsity")
    assert len(runs["pruned"]) >= 3, "a claim needs three seeds"
    assert {tuple(run) for run in runs["pruned"]} == {how_much.SPARSITIES}
    assert len(runs["dense"]) == len(runs["dense, longer"]) == len(runs["pruned"])
    luck = recorded.rows("how_much_luck")
    assert len(luck) == len(how_much.SUBSETS) * len(runs["pruned"])


def test_what_was_chosen_by_luck_looks_better_than_it_is():
    right = np.random.default_rng(0).random((1 + len(how_much.SPARSITIES), 2000)) < 0.9
    row = how_much.luck(right, seed=0, images=250)  # all networks are equally good
    assert row["loss_seen"] < row["loss_on_others"]


@pytest.mark.full
def test_the_script_makes_rows_of_this_form(monkeypatch):
    monkeypatch.setattr(how_much, "SPARSITIES", how_much.SPARSITIES[:2])  # each is a training
    rows, luck = how_much.one_seed(load_digits().head(200), seed=1, epochs=1)
    assert all(tuple(row) == how_much.FIELDS for row in rows)
    assert [row["sparsity"] for row in rows] == [0, 0, *how_much.SPARSITIES]
    assert all(tuple(row) == how_much.LUCK_FIELDS for row in luck)
