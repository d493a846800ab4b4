"""The results that lessons plot without measuring them: what the tables hold, and that their
script still makes such tables."""

import sys
from pathlib import Path

import numpy as np
import pytest

from course_utils.lessons import recorded
from course_utils.lessons.data import load_digits

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import mnist_retrain

NETWORKS = {"dense", "article", "masked", "random mask", "dense, longer"}


def test_the_table_is_complete():
    sparsity = recorded.by_run("mnist_retrain", "sparsity")
    assert set(sparsity) == NETWORKS
    for network, runs in sparsity.items():
        assert len(runs) >= 3, "a claim needs three seeds"
        assert {len(run) for run in runs} == {10 if network == "dense" else 11}


def test_a_held_mask_keeps_its_sparsity_to_the_last_digit_and_the_article_does_not():
    sparsity = recorded.by_run("mnist_retrain", "sparsity")
    for masked, random, article in zip(
        sparsity["masked"], sparsity["random mask"], sparsity["article"], strict=True
    ):
        assert len(set(masked)) == 1
        assert masked == random
        assert article[0] == masked[0]
        assert article[-1] < article[0] / 2


def test_an_unknown_table_is_refused_with_the_names_of_those_there_are():
    with pytest.raises(FileNotFoundError, match="mnist_retrain"):
        recorded.rows("nothing")


@pytest.mark.full
def test_the_script_makes_rows_of_this_form():
    rows = mnist_retrain.one_seed(load_digits().head(200), seed=1, epochs=1)
    assert set(rows[0]) == set(mnist_retrain.FIELDS)
    last = {row["network"]: row for row in rows}
    assert set(last) == NETWORKS
    assert last["masked"]["sparsity"] == last["random mask"]["sparsity"] > 0.5
    assert last["dense, longer"]["sparsity"] == 0
    assert all(0 <= row["val_accuracy"] <= 1 for row in rows)
    assert np.isfinite([row["test_loss"] for row in rows]).all()
