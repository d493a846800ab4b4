"""What the recorded table of pruned sounds and words must say for lesson 18 to say it."""

import numpy as np
import pytest

from course_utils.lessons import recorded

ROWS = recorded.rows("sounds_and_words_pruned")
NETWORKS = ("vowel_cnn", "vowel_gru", "text_gru", "text_transformer")
COUNTED, LOUDNESS = (
    next(row["accuracy"] for row in ROWS if row["network"] == name)
    for name in ("counts", "loudness")
)


def column(key, **wanted):
    """The values of a column in the rows that fit, by seed."""
    rows = [row for row in ROWS if all(row[k] == v for k, v in wanted.items())]
    return np.array([row[key] for row in sorted(rows, key=lambda row: row["seed"])])


def accuracy(network, what="none", criterion="none", share=0.0):
    return column("accuracy", network=network, what=what, criterion=criterion, share=share)


@pytest.mark.parametrize("network", NETWORKS)
def test_there_are_five_seeds_of_every_way(network):
    ways = {(r["what"], r["criterion"], r["share"]) for r in ROWS if r["network"] == network}
    assert len(ways) == 1 + 2 * 3 + 2 * 2 + 1
    for what, criterion, share in ways:
        found = column("seed", network=network, what=what, criterion=criterion, share=share)
        assert found.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("network", NETWORKS)
def test_zeros_leave_the_work_as_it_was_and_structure_does_not(network):
    whole = column("macs", network=network, what="none")
    assert set(column("macs", network=network, what="weights")) == set(whole)
    for criterion in ("taylor", "chance", "scratch"):
        left = column("macs", network=network, what="structure", criterion=criterion, share=0.75)
        assert (left < 0.4 * whole).all()


def test_whole_networks_beat_what_needs_none():
    for network in ("vowel_cnn", "vowel_gru"):
        assert accuracy(network).min() > LOUDNESS + 0.05
    for network in ("text_gru", "text_transformer"):
        assert accuracy(network).min() > COUNTED + 0.01


def test_the_widths_of_a_small_gru_follow_from_its_parameters():
    """16 units are left: 3 u (i + u + 2) + (u + 1) o."""
    found = column("parameters", network="vowel_gru", what="structure", share=0.75)
    assert set(found) == {3 * 16 * (32 + 16 + 2) + 17 * 10}


@pytest.mark.parametrize("network", ["vowel_cnn", "vowel_gru"])
def test_on_speech_magnitude_beats_chance_and_scratch_beats_what_was_cut(network):
    large, lot = (accuracy(network, "weights", c, 0.8).mean() for c in ("magnitude", "chance"))
    assert large > lot + 0.2
    scratch, cut = (accuracy(network, "structure", c, 0.75).mean() for c in ("scratch", "taylor"))
    assert scratch > cut


@pytest.mark.parametrize("network", ["text_gru", "text_transformer"])
def test_on_text_chance_comes_close_and_in_the_end_does_as_well(network):
    large, lot = (accuracy(network, "weights", c, 0.8).mean() for c in ("magnitude", "chance"))
    assert 0.01 < large - lot < 0.04
    large, lot = (accuracy(network, "weights", c, 0.95).mean() for c in ("magnitude", "chance"))
    assert abs(large - lot) < 0.02


def test_a_pruned_reader_can_be_worse_than_counting():
    assert accuracy("text_gru", "weights", "magnitude", 0.95).mean() < COUNTED
