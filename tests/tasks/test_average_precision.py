"""Boxes and average precision: cases worked by hand, and scikit-learn where no box matters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_curve

from course_utils.lessons.tasks import box_iou, mean_average_precision, precision_recall
from course_utils.lessons.tasks.boxes import Objects

UNIT = [0.0, 0.0, 10.0, 10.0]
HALF = [0.0, 0.0, 10.0, 5.0]  # overlaps UNIT by exactly a half
ASIDE = [20.0, 20.0, 30.0, 30.0]


def objects(*rows):
    """(scene, label, box, score) a row."""
    scene, label, box, score = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Objects(
        np.array(scene, int), np.array(label, int),
        np.array(box, float).reshape(-1, 4), np.array(score, float),
    )  # fmt: skip


def ap(found, truth):
    return mean_average_precision(objects(*found), objects(*truth))


# ------------------------------------------------------------------------------------------- boxes


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (UNIT, 1.0),
        (HALF, 0.5),
        (ASIDE, 0.0),
        ([0, 10, 10, 20], 0.0),  # they touch
        ([5, 5, 15, 15], 25 / 175),
        ([2, 2, 4, 4], 4 / 100),  # one within the other
        ([0, 0, 0, 10], 0.0),  # no area
        ([12, 12, 8, 8], 0.0),  # turned over
    ],
)
def test_boxes_overlap_as_computed_by_hand(other, expected):
    assert box_iou(np.array(UNIT), np.array(other)) == pytest.approx(expected)


corner, length = st.integers(0, 12), st.integers(1, 8)


@given(corner, corner, length, length, corner, corner, length, length)
def test_overlap_is_that_of_pixels_counted(a, b, h, w, c, d, k, m):
    one, two = np.zeros((2, 24, 24), bool)
    one[a : a + h, b : b + w], two[c : c + k, d : d + m] = True, True
    counted = (one & two).sum() / (one | two).sum()
    boxes = np.array([a, b, a + h, b + w]), np.array([c, d, c + k, d + m])
    assert box_iou(*boxes) == pytest.approx(counted)
    assert box_iou(*boxes[::-1]) == box_iou(*boxes)


def test_two_empty_boxes_have_no_overlap_and_warn_of_nothing():
    assert box_iou(np.zeros(4), np.zeros(4)) == 0


# ----------------------------------------------------------------------------- average precision


def test_all_found_is_1_and_nothing_found_is_0():
    truth = [(0, 3, UNIT, 1), (1, 5, ASIDE, 1)]
    assert ap(truth, truth) == 1
    assert ap([], truth) == 0


def test_three_found_two_there_by_hand():
    """Right, wrong, right: precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1; the area is 5/6."""
    found = [(0, 3, UNIT, 0.9), (0, 3, ASIDE, 0.8), (1, 3, UNIT, 0.7)]
    truth = [(0, 3, UNIT, 1), (1, 3, UNIT, 1)]
    precision, recall = precision_recall(objects(*found), objects(*truth), 3)
    assert precision == pytest.approx([1, 1 / 2, 2 / 3])
    assert recall == pytest.approx([1 / 2, 1 / 2, 1])
    assert ap(found, truth) == pytest.approx(5 / 6)


def test_precision_that_rises_later_counts_from_the_start():
    """Wrong, right, right: 0, 1/2, 2/3; between the points the largest to the right: 2/3."""
    found = [(0, 3, ASIDE, 0.9), (0, 3, UNIT, 0.8), (1, 3, UNIT, 0.7)]
    assert ap(found, [(0, 3, UNIT, 1), (1, 3, UNIT, 1)]) == pytest.approx(2 / 3)


def test_what_is_never_found_lowers_the_area():
    truth = [(scene, 3, UNIT, 1) for scene in range(4)]
    assert ap([(0, 3, UNIT, 0.9)], truth) == pytest.approx(1 / 4)


def test_one_object_found_twice_is_wrong_the_second_time():
    found, truth = [(0, 3, UNIT, 0.9), (0, 3, UNIT, 0.8)], [(0, 3, UNIT, 1)]
    precision, _ = precision_recall(objects(*found), objects(*truth), 3)
    assert precision.tolist() == [1, 0.5]
    assert ap(found, truth) == 1  # all are found by then


def test_the_second_of_two_close_objects_is_not_taken_by_a_box_that_lies_on_the_first():
    """VOC's rule: a box is held against the one it overlaps most, and only against that."""
    near = [0.0, 2.0, 10.0, 12.0]  # overlaps UNIT by 80 of 120
    found = [(0, 3, UNIT, 0.9), (0, 3, UNIT, 0.8)]
    precision, recall = precision_recall(
        objects(*found), objects((0, 3, UNIT, 1), (0, 3, near, 1)), 3
    )
    assert precision.tolist() == [1, 0.5]
    assert recall.tolist() == [0.5, 0.5]


def test_an_overlap_of_exactly_the_limit_counts():
    less = [0.0, 0.0, 10.0, 4.99]
    assert ap([(0, 3, HALF, 1)], [(0, 3, UNIT, 1)]) == 1.0
    assert ap([(0, 3, less, 1)], [(0, 3, UNIT, 1)]) == 0.0


def test_the_right_box_in_another_scene_or_of_another_class_is_wrong():
    truth = [(0, 3, UNIT, 1)]
    assert ap([(1, 3, UNIT, 1)], truth) == 0
    assert ap([(0, 4, UNIT, 1)], truth) == 0


def test_the_mean_is_over_classes_not_over_objects():
    truth = [*((scene, 3, UNIT, 1) for scene in range(9)), (9, 5, UNIT, 1)]
    found = objects(*truth[:9])
    assert mean_average_precision(found, objects(*truth)) == pytest.approx(0.5)


@given(st.data())
def test_without_boxes_it_is_the_area_below_scikit_learns_curve(data):
    """Each object found stands alone in its scene, so that only its score and rightness count."""
    right = np.array(data.draw(st.lists(st.booleans(), min_size=2, max_size=30)))
    right[0] = True
    scores = np.array(data.draw(st.permutations(range(len(right)))), float)
    truth = objects(*((scene, 3, UNIT, 1) for scene in np.flatnonzero(right)))
    found = objects(*((scene, 3, UNIT, score) for scene, score in enumerate(scores)))
    precision, recall, _ = precision_recall_curve(right, scores)
    falling = np.maximum.accumulate(precision)  # scikit-learn's recall runs downwards
    expected = -np.sum(np.diff(recall) * falling[:-1])
    assert mean_average_precision(found, truth) == pytest.approx(expected)


@given(st.integers(0, 2**31))
def test_the_order_of_the_objects_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    rows = [(int(s), int(k), [t, t, t + 9.0, t + 9.0], float(score)) for s, k, t, score in zip(
        rng.integers(0, 4, 20), rng.integers(0, 3, 20), rng.random(20) * 8, rng.random(20),
        strict=True,
    )]  # fmt: skip
    truth, found = objects(*rows[:8]), objects(*rows[8:])
    order = rng.permutation(12)
    mixed = found.where(order)
    assert mean_average_precision(mixed, truth) == mean_average_precision(found, truth)


# ------------------------------------------------------------------------------------------ errors


def test_what_cannot_be_ranked_or_counted_is_refused():
    there = objects((0, 3, UNIT, 1))
    with pytest.raises(ValueError, match="nothing can be found"):
        mean_average_precision(there, objects())
    with pytest.raises(ValueError, match="NaN"):
        mean_average_precision(objects((0, 3, UNIT, np.nan)), there)
