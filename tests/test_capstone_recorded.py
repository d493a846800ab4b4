"""What the recorded races of the capstone must say for lesson 20 to say it."""

import numpy as np
import pytest

from course_utils.lessons import recorded

ROWS = recorded.rows("capstone_compared")
NETWORKS = ("pruned", "small dense", "smaller dense")


def column(network, bits, key):
    found = [r for r in ROWS if (r["network"], r["bits"]) == (network, bits)]
    return np.array([r[key] for r in sorted(found, key=lambda r: r["seed"])])


@pytest.mark.parametrize("network", NETWORKS)
def test_there_are_five_seeds_in_both_precisions_which_agree(network):
    for bits in (32, 16):
        assert column(network, bits, "seed").tolist() == [0, 1, 2, 3, 4]
    apart = column(network, 32, "test_accuracy") - column(network, 16, "test_accuracy")
    assert np.abs(apart).max() < 0.003
    assert (column(network, 16, "bytes") < 0.7 * column(network, 32, "bytes")).all()


def test_all_three_trained_for_as_long():
    for network in NETWORKS[1:]:
        assert (column(network, 32, "epochs") == column("pruned", 32, "epochs")).all()
