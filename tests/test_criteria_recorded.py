"""The recorded comparisons of criteria: whole, and with the controls where they must be."""

import itertools

import pytest

from course_utils.lessons import recorded

NAMES = (
    "magnitude", "LAMP", "|gradient|", "first order", "Taylor", "OBD, Fisher", "OBD, Hutchinson",
    "Wanda", "random",
)  # fmt: skip
SEEDS = range(5)


def keys(table: str, *columns: str) -> list[tuple]:
    return [tuple(row[column] for column in columns) for row in recorded.rows(table)]


def test_every_criterion_is_cut_at_every_sparsity_with_five_seeds():
    cuts = itertools.product(SEEDS, (*NAMES, "shuffled"), (0.5, 0.8, 0.9, 0.95, 0.98))
    dense = [(seed, "dense", 0.0) for seed in SEEDS]
    found = keys("criteria_compared", "seed", "network", "sparsity")
    assert sorted(found) == sorted([*dense, *cuts])


def test_every_criterion_is_held_against_the_truth_with_five_seeds():
    looks = itertools.product(SEEDS, ("early", "late"), (*NAMES, "truth", "dense"))
    assert sorted(keys("single_weights", "seed", "when", "network")) == sorted(looks)


def test_the_truth_agrees_with_itself_and_chance_with_nothing():
    for row in recorded.rows("single_weights"):
        assert -1 <= row["rank_correlation"] <= 1
        if row["network"] == "truth":
            assert row["rank_correlation"] == 1
        if row["network"] == "random":
            assert row["rank_correlation"] == pytest.approx(0, abs=0.15)
