"""What the recorded table of the pruned detector and U-Net must say for the course to say it."""

import sys
from pathlib import Path

import numpy as np
import pytest

from course_utils import measuring, structure
from course_utils.lessons import recorded, tasks

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import pictures_pruned

ROWS = recorded.rows("pictures_pruned")
SEEDS = len({row["seed"] for row in ROWS})
BUILD = {"detector": tasks.detector, "unet": tasks.unet}
both = pytest.mark.parametrize("network", BUILD)


def column(network, what, criterion, share, key="quality"):
    """One value a seed."""
    wanted = (network, what, criterion, share)
    found = [r for r in ROWS if (r["network"], r["what"], r["criterion"], r["share"]) == wanted]
    assert sorted(row["seed"] for row in found) == list(range(SEEDS))
    return np.array([row[key] for row in found])


def test_it_has_the_columns_and_the_ways_of_the_script():
    assert tuple(ROWS[0]) == pictures_pruned.FIELDS
    levels = pictures_pruned.LEVELS
    each = 1 + 2 * len(levels["weights"]) + 2 * len(levels["structure"]) + 1
    assert len(ROWS) == 2 * SEEDS * each


@both
def test_parameters_and_macs_are_those_of_the_networks_without_what_was_removed(network):
    model = BUILD[network]()
    total = measuring.report(model).total
    for share in pictures_pruned.LEVELS["weights"]:
        zeros = round(share * total.weights)
        for criterion in ("magnitude", "chance"):
            assert set(column(network, "weights", criterion, share, "macs")) == {total.macs}
            left = column(network, "weights", criterion, share, "parameters")
            # A weight that is kept may be exactly zero only by a rare accident of training.
            assert np.abs(left - (total.parameters - zeros)).max() <= 5
    for share in pictures_pruned.LEVELS["structure"]:
        small, _ = structure.shrink(model, share)
        macs = measuring.report(small).total.macs
        for criterion in ("taylor", "chance"):
            assert set(column(network, "structure", criterion, share, "macs")) == {macs}


@both
def test_magnitude_beats_chance_at_every_share(network):
    for share in pictures_pruned.LEVELS["weights"]:
        chosen = column(network, "weights", "magnitude", share)
        assert chosen.min() > column(network, "weights", "chance", share).max()


@both
def test_half_the_channels_by_taylor_beat_chance_and_the_same_shape_from_scratch(network):
    pruned, luck, scratch = (
        column(network, "structure", criterion, 0.5)
        for criterion in ("taylor", "chance", "scratch")
    )
    assert pruned.mean() > luck.mean()
    assert pruned.min() > scratch.max()


def test_the_unet_bears_fewer_weights_better_than_fewer_channels():
    whole = column("unet", "none", "none", 0).mean()
    zeros = column("unet", "weights", "magnitude", 0.8).mean()
    smaller = column("unet", "structure", "taylor", 0.5).mean()
    assert whole - smaller > whole - zeros > 0
