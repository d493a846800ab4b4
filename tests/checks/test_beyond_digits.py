"""Typical answers to the exercises of notebook 17, and the hint that each gets."""

import numpy as np
from answers import Repeatable

from course_utils.lessons.checks import beyond_digits as check
from course_utils.lessons.tasks import box_iou


def area(box):
    return (box[2] - box[0]) * (box[3] - box[1])


def sides(a, b, floor=0):
    return [max(min(a[i + 2], b[i + 2]) - max(a[i], b[i]), floor) for i in (0, 1)]


def shared(a, b):
    return np.prod(sides(a, b))


def iou(a, b):
    return shared(a, b) / (area(a) + area(b) - shared(a, b))


def never_cut_off(a, b):
    product = np.prod(sides(a, b, floor=-np.inf))
    return product / (area(a) + area(b) - product)


def with_one(a, b):
    return iou(*(np.concatenate([box[:2], box[2:] + 1]) for box in (a, b)))


def in_place(a, b):
    a[2:] -= a[:2]
    return iou(a, b)


WRONG = {
    check.overlap: [
        (lambda a, b: shared(a, b) / (area(a) + area(b)), "take it off once"),
        (lambda a, b: shared(a, b) / min(area(a), area(b)), "not the smaller one"),
        (lambda a, b: shared(a, b) / max(area(a), area(b)), "not the larger one"),
        (lambda a, b: shared(a, b) / area(a), "in either order"),
        (shared, "Divide it by the union"),
        (lambda a, b: area(a) + area(b) - shared(a, b), "this is the union"),
        (lambda a, b: 1 - iou(a, b), "1 - IoU"),
        (never_cut_off, "cut each off at 0"),
        (with_one, "nothing is added"),
        (lambda a, b: 0.4, "was expected"),
        (lambda a, b: float(shared(a, b) > 0), "was expected"),
        (lambda a, b: round(iou(a, b), 2), "was expected"),
        (lambda a, b: iou(a, b) ** 0.5, "was expected"),
        (lambda a, b: f"{iou(a, b)}", "a number was expected"),
        (lambda a, b: 100 * iou(a, b), "was expected"),
        (lambda a, b: [iou(a, b)], "a number was expected"),
        (in_place, "changed the array"),
    ],
    check.skip_cost: [
        (lambda n, s, b, w: n * n * 9 * (s + b) * w, "whole convolution"),
        (lambda n, s, b, w: n * n * 9 * b * w, "The skip was asked"),
        (lambda n, s, b, w: 9 * s * w, "these are weights"),
        (lambda n, s, b, w: n * n * s * w, "3 x 3 weights"),
        (lambda n, s, b, w: n * n * 3 * s * w, "nine weights"),
        (lambda n, s, b, w: n * 9 * s * w, "side x side"),
        (lambda n, s, b, w: n * n * 9 * s, "every channel that goes out"),
        (lambda n, s, b, w: s / (s + b), "a share"),
        (lambda n, s, b, w: 2 * n * n * 9 * s * w, "count it once"),
        (lambda n, s, b, w: n * n * 9 * s * b, "not in it"),
        (lambda n, s, b, w: 12345, "was expected"),
    ],
}
RIGHT = {
    check.overlap: [
        iou,
        lambda a, b: float(box_iou(a, b)),
        lambda a, b: iou(b, a),
    ],
    check.skip_cost: [
        lambda n, s, b, w: n * n * 9 * s * w,
        lambda n, s, b, w: n**2 * (3 * 3 * (s + b) * w - 3 * 3 * b * w),
        lambda n, s, b, w: float(np.prod([n, n, 3, 3, s, w])),
    ],
}


class TestAnswers(Repeatable):
    wrong, right = WRONG, RIGHT
