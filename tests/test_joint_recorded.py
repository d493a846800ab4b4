"""What the recorded tables of joint compression and transfer must say for the course to say it."""

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

from course_utils import criteria, masking, models, pruning
from course_utils.lessons import recorded
from course_utils.lessons.data import load_digits

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import few_kilobytes
import transfer_pruned

ROWS = recorded.rows("few_kilobytes")
MOVED = recorded.rows("transfer_pruned")
STAGES = ("dense", "pruned", "trimmed", "shared", "tuned", "biases", "coded")


def stage(name, key):
    return np.array([row[key] for row in ROWS if row["stage"] == name])


def moved(start, examples):
    return np.array(
        [r["test_error"] for r in MOVED if (r["start"], r["examples"]) == (start, examples)]
    )


def test_there_are_five_seeds_of_every_stage():
    for name in (*STAGES, "labels", "teacher"):
        assert stage(name, "seed").tolist() == [0, 1, 2, 3, 4]


def test_a_hundredth_of_the_weights_is_left_and_no_stage_makes_the_file_larger():
    assert (stage("pruned", "weights") == 4305).all()
    sizes = [stage(name, "bytes") for name in STAGES]
    assert all((after <= before).all() for before, after in itertools.pairwise(sizes))


def test_the_file_is_one_of_a_few_kilobytes_two_hundred_times_smaller():
    assert stage("coded", "bytes").max() < 8_000
    assert (stage("dense", "bytes") / stage("coded", "bytes")).min() > 200


def test_sharing_and_coding_cost_less_than_can_be_told():
    apart = stage("coded", "test_error") - stage("pruned", "test_error")
    assert abs(apart.mean()) < 0.001


def test_a_code_changes_no_output():
    np.testing.assert_array_equal(stage("biases", "test_error"), stage("coded", "test_error"))
    np.testing.assert_array_equal(stage("pruned", "test_error"), stage("trimmed", "test_error"))


def test_with_a_teacher_every_one_of_the_five_is_worse():
    assert (stage("teacher", "test_error") > stage("labels", "test_error")).all()


def test_there_are_five_seeds_of_every_transfer():
    for start in ("scratch", "dense", "pruned 95%", "pruned 98%", "pruned after"):
        for examples in transfer_pruned.EXAMPLES:
            assert len(moved(start, examples)) == 5


@pytest.mark.parametrize("examples", transfer_pruned.EXAMPLES)
def test_what_transfer_is_worth(examples):
    """Dense helps against scratch; pruned before is worse than dense; pruned after is not."""
    dense = moved("dense", examples).mean()
    assert dense < moved("scratch", examples).mean()
    assert dense < moved("pruned 98%", examples).mean()
    assert moved("pruned after", examples).mean() < moved("pruned 98%", examples).mean()


def pruned(model, sparsity):
    scores = criteria.magnitude(pruning.weights(model))
    pruning.attach(model, masking.make_masks(scores, sparsity))
    return model


@pytest.mark.full
def test_the_scripts_make_rows_of_these_forms():
    data = load_digits().head(100)
    found = few_kilobytes.stages(pruned(models.lenet5(), 0.99), data, seed=1)
    assert set(found[0]) == set(few_kilobytes.FIELDS)
    assert [row["stage"] for row in found] == list(STAGES[2:])
    sources = {0.95: pruned(models.lenet5(classes=5), 0.95)}
    row = transfer_pruned.moved(0.95, sources, data, seed=1, examples=2, steps=1)
    assert set(row) == set(transfer_pruned.FIELDS)
    assert (row["start"], row["sparsity"]) == ("pruned 95%", pytest.approx(0.95, abs=0.01))
