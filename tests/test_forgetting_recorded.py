"""What the recorded networks of lesson 19 must say for the lesson to say it, and that the scripts
still make such tables."""

import sys
from pathlib import Path

import numpy as np
import pytest

from course_utils.lessons import forgetting, recorded
from course_utils.lessons.data import load_digits

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import what_it_forgot
import what_it_shows

ROWS, KEPT = recorded.rows("what_it_forgot"), recorded.arrays("what_it_forgot")
SHOWS = recorded.rows("what_it_shows")
DENSE, CONTROL = ("dense, longer", 0.0), ("random mask", 0.9)
PRUNED = [("pruned", s) for s in (0.5, 0.9, 0.95, 0.98)]


def column(network, key, rows=ROWS):
    return np.array([r[key] for r in rows if (r["network"], r["sparsity"]) == network])


def answers(network):
    place = what_it_forgot.NETWORKS.index(network)
    return np.array([a[:, place] for a in KEPT.values() if a.shape[1] > place])


def test_there_are_ten_dense_networks_and_five_of_each_other_kind():
    for network in what_it_forgot.NETWORKS:
        count = 10 if network[0].startswith("dense") else 5
        assert column(network, "seed").tolist() == list(range(count))
        assert answers(network).shape == (count, 10_000)
        assert answers(network).dtype == np.uint8


def test_the_answers_and_the_table_are_of_the_same_networks():
    """Two networks cannot be further apart in accuracy than in the answers that differ."""
    accuracy, dense = column(DENSE, "test_accuracy"), answers(DENSE)
    for network in PRUNED:
        differs = (answers(network) != dense[:5]).mean(axis=1)
        apart = np.abs(column(network, "test_accuracy") - accuracy[:5])
        assert (apart <= differs + 1e-6).all()


def test_the_errors_of_the_digits_lie_around_the_whole_error():
    for row in ROWS:
        errors = [row[f"error {digit}"] for digit in range(10)]
        assert min(errors) < 1 - row["test_accuracy"] < max(errors)


def test_pruned_to_95_percent_is_as_good_as_dense_and_no_more_unlike_it_than_another_seed():
    apart = column(PRUNED[2], "test_accuracy").mean() - column(DENSE, "test_accuracy").mean()
    assert abs(apart) < 0.001
    dense, pruned = answers(DENSE)[:5], answers(PRUNED[2])
    pairs = [(i, j) for i in range(5) for j in range(5) if i != j]
    between, across = (
        np.mean([(dense[i] != group[j]).mean() for i, j in pairs]) for group in (dense, pruned)
    )
    assert abs(between - across) < 0.002


def test_the_most_pruned_networks_make_more_exemplars_than_chance_and_the_least_do_not():
    dense = answers(DENSE)
    chance = forgetting.by_chance(dense, size=5, draws=200)
    counts = [forgetting.exemplars(dense[5:], answers(n)).sum() for n in PRUNED]
    assert counts[-1] > chance.max()
    assert counts[0] <= chance.max()
    assert forgetting.exemplars(dense[5:], answers(("dense, early", 0.0))[:5]).sum() > counts[-1]


def test_pruning_makes_unsure_and_one_number_repairs_it():
    assert (column(PRUNED[3], "ece") > column(DENSE, "ece").max()).all()
    assert (column(PRUNED[3], "temperature") < 1).all()
    assert column(PRUNED[3], "ece_tempered").mean() < 0.3 * column(PRUNED[3], "ece").mean()


@pytest.mark.parametrize(("network", "kind"), [(PRUNED[3], "noise 3"), (PRUNED[2], "blur 3")])
def test_noise_and_blur_harm_pruned_networks_less(network, kind):
    pruned, dense = column(network, kind), column(DENSE, kind)
    se = np.sqrt(pruned.var(ddof=1) / len(pruned) + dense.var(ddof=1) / len(dense))
    assert pruned.mean() - dense.mean() > 2 * se


def test_the_script_makes_rows_of_this_form():
    data, networks = load_digits().head(200), (*what_it_forgot.NETWORKS[:2], CONTROL)
    worse = what_it_forgot.corrupted(data)
    rows, kept = what_it_forgot.one_seed(data, worse, seed=1, epochs=2, networks=networks)
    assert all(set(row) == set(what_it_forgot.FIELDS) for row in rows)
    assert [(row["network"], row["sparsity"]) for row in rows] == list(networks)
    assert kept.shape == (300, 3)
    wrong = (kept != data.y_test[:, None]).mean(axis=0)
    assert [1 - row["test_accuracy"] for row in rows] == pytest.approx(wrong, abs=1e-4)


# -------------------------------------------------------------------- what it shows: LeNet-300-100


def test_five_seeds_of_each_network_were_looked_at():
    for network in what_it_shows.NETWORKS:
        assert column(network, "seed", SHOWS).tolist() == list(range(5))


def test_the_counts_are_those_of_the_sparsities():
    for row in SHOWS:
        assert row["weights"] == pytest.approx((1 - row["sparsity"]) * 266_200, abs=1)
    assert (column(DENSE, "paths", SHOWS) == 784 * 300 * 100 * 10).all()


@pytest.mark.full
def test_the_other_script_makes_rows_of_this_form():
    kinds = (what_it_shows.NETWORKS[0], CONTROL)
    rows = what_it_shows.table(load_digits().head(200), seeds=2, epochs=1, kinds=kinds)
    assert [set(row) for row in rows] == [set(SHOWS[0])] * 4
    assert all(np.isfinite(v) for row in rows for k, v in row.items() if k != "network")
