"""What the recorded table of the structured LeNet-5 must say for the course to say it."""

import numpy as np

from course_utils.lessons import recorded

ROWS = recorded.rows("structured_lenet5")


def column(network, key):
    return np.array([row[key] for row in ROWS if row["network"] == network])


def test_there_are_five_seeds_of_each():
    for network in ("pruned", "scratch"):
        assert column(network, "seed").tolist() == [0, 1, 2, 3, 4]


def test_the_budget_of_150_000_macs_is_kept():
    assert max(row["macs"] for row in ROWS) <= 150_000


def test_macs_and_parameters_follow_from_the_widths():
    for row in ROWS:
        a, b, c = (int(row[key]) for key in ("conv1", "conv2", "fc1"))
        assert row["macs"] == 25 * a * 24**2 + 25 * a * b * 8**2 + 16 * b * c + 10 * c
        assert row["parameters"] == 26 * a + (25 * a + 1) * b + (16 * b + 1) * c + 10 * c + 10


def test_the_mean_error_is_at_most_one_percent():
    assert column("pruned", "test_error").mean() <= 0.01


def test_the_same_widths_from_scratch_do_as_well():
    """Honest, and published: Liu et al. 2019 (arXiv 1810.05270)."""
    apart = column("pruned", "test_error") - column("scratch", "test_error")
    assert abs(apart.mean()) < 0.001
