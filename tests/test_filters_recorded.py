"""Notebook 11's recorded table of criteria and chance: complete, and as the lesson says."""

import itertools

import numpy as np
import pytest

from course_utils.lessons import recorded

ROWS = recorded.rows("filters_compared")
LAYERS, SHARES = ("conv1", "conv2", "fc1", "all"), (0.3, 0.5, 0.7)
CHOICES = ("L2 norm", "L1 norm", "Taylor", "chance")
BUDGET = ("pruned", "by lot", "same widths, new", "equal shares, new")


def values(step, layer, share, choice, key="val"):
    wanted = {"step": step, "layer": layer, "share": share, "choice": choice}
    return np.array([row[key] for row in ROWS if wanted.items() <= row.items()])


def test_every_place_has_five_seeds():
    for place in itertools.product(["removed"], LAYERS, SHARES, CHOICES):
        assert len(values(*place)) == 5
    assert all(len(values("budget", "all", 0.1, name, "test")) == 5 for name in BUDGET)


def t_of(choice, layer, share):
    apart = values("removed", layer, share, choice) - values("removed", layer, share, "chance")
    return apart.mean() / (apart.std(ddof=1) / np.sqrt(len(apart)))


@pytest.mark.parametrize("choice", CHOICES[:2])
def test_without_training_the_norm_cannot_be_told_from_chance(choice):
    assert all(abs(t_of(choice, *place)) < 2.78 for place in itertools.product(LAYERS, SHARES))


def test_taylor_is_better_where_little_goes_and_worse_in_fc1_where_much_does():
    assert t_of("Taylor", "fc1", 0.7) < -2.78 < 2.78 < t_of("Taylor", "all", 0.3)


def test_the_widths_count_and_the_kept_weights_do_not():
    pruned, lot, same, equal = (values("budget", "all", 0.1, name, "test") for name in BUDGET)
    assert (lot < pruned).all()
    assert (pruned <= same).all()
    assert (equal < same).all()


def test_reconstruction_levels_the_choices():
    after = [values("reconstructed", "all", 0.5, c) for c in ("L2 norm", "Taylor", "chance")]
    before = [values("removed", "all", 0.5, c) for c in ("L2 norm", "Taylor", "chance")]
    assert np.ptp([v.mean() for v in after]) < 0.02 < np.ptp([v.mean() for v in before])
