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


@pytest.mark.parametrize("choice", CHOICES[:3])
def test_no_criterion_beats_chance_everywhere_without_training(choice):
    apart = [
        (values("removed", layer, share, choice) - values("removed", layer, share, "chance")).mean()
        for layer, share in itertools.product(LAYERS, SHARES)
    ]
    assert min(apart) < 0 < max(apart)


def test_reconstruction_levels_the_choices():
    after = [values("reconstructed", "all", 0.5, c) for c in ("L2 norm", "Taylor", "chance")]
    before = [values("removed", "all", 0.5, c) for c in ("L2 norm", "Taylor", "chance")]
    assert np.ptp([v.mean() for v in after]) < 0.02 < np.ptp([v.mean() for v in before])
