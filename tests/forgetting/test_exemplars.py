"""Pruning-identified exemplars: the definition, word by word, and the control by chance."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from course_utils.lessons import forgetting

LABELS = arrays(np.uint8, (5, 12), elements=st.integers(0, 3))


def most_common(column):
    counts = Counter(column.tolist())
    return min(label for label, n in counts.items() if n == max(counts.values()))


@given(LABELS)
def test_the_modal_label_is_the_most_common_the_smallest_on_a_tie(predicted):
    expected = [most_common(column) for column in predicted.T]
    assert forgetting.modal(predicted).tolist() == expected


@given(LABELS, LABELS)
def test_an_exemplar_is_an_image_whose_modal_labels_differ(dense, pruned):
    found = forgetting.exemplars(dense, pruned)
    pairs = zip(dense.T, pruned.T, strict=True)
    assert found.tolist() == [most_common(a) != most_common(b) for a, b in pairs]
    assert (found == forgetting.exemplars(pruned, dense)).all()
    assert not forgetting.exemplars(dense, dense[::-1]).any()


def test_a_few_networks_that_differ_make_no_exemplar():
    dense = np.tile([3, 5], (5, 1))
    pruned = dense.copy()
    pruned[:2, 0] = 8  # two of five
    assert not forgetting.exemplars(dense, pruned).any()
    pruned[2, 0] = 8
    assert forgetting.exemplars(dense, pruned).tolist() == [True, False]


def test_it_does_not_matter_which_answer_is_right():
    """Hooker et al. compare the two populations: the truth is looked at afterwards."""
    dense, pruned = np.zeros((3, 1), int), np.ones((3, 1), int)
    assert forgetting.exemplars(dense, pruned).all()
    assert forgetting.exemplars(pruned, dense).all()


def networks(seed, n, images, doubt):
    """Labels of networks that answer 0 or 1, and differ on images of which they are in doubt."""
    rng = np.random.default_rng(seed)
    leaning = np.where(np.arange(images) < doubt, rng.random(images), 1.0)
    return (rng.random((n, images)) < leaning).astype(np.uint8)


def test_networks_that_differ_in_nothing_make_no_exemplars_by_chance():
    same = np.tile([1, 2, 3], (6, 1))
    assert forgetting.by_chance(same, size=3, draws=10).tolist() == [0] * 10


def test_two_groups_of_one_population_lie_within_chance_and_another_population_beyond():
    population = networks(0, 10, images=400, doubt=60)
    chance = forgetting.by_chance(population, size=5, draws=100)
    assert 0 < chance.mean() < 60
    split = forgetting.exemplars(population[::2], population[1::2]).sum()
    assert chance.min() <= split <= chance.max()
    other = population[:5].copy()
    other[:, 300:] = 0
    assert forgetting.exemplars(population[5:], other).sum() > chance.max()


def test_larger_groups_leave_less_to_chance():
    population = networks(1, 40, images=400, doubt=200)
    small, large = (forgetting.by_chance(population, n, draws=30).mean() for n in (1, 20))
    assert large < 0.6 * small


def test_chance_is_the_same_for_the_same_seed():
    population = networks(2, 6, 50, 30)
    one, other = (forgetting.by_chance(population, 3, draws=9, seed=4) for _ in range(2))
    assert one.tolist() == other.tolist()


def test_what_is_no_population_is_refused():
    with pytest.raises(ValueError, match="one row a network"):
        forgetting.modal([1, 2])
    with pytest.raises(ValueError, match="same images"):
        forgetting.exemplars(np.zeros((2, 3), int), np.zeros((2, 4), int))
    with pytest.raises(TypeError, match="whole numbers"):
        forgetting.exemplars(np.zeros((2, 3)), np.zeros((2, 3), int))
    with pytest.raises(ValueError, match="size must be from 1 to 2"):
        forgetting.by_chance(np.zeros((5, 3), int), size=3)
