"""Typical answers to the exercises of notebook 18, and the hint that each of them gets."""

import numpy as np
from answers import Repeatable

from course_utils.lessons.checks import sounds_and_words as check


def entries(inputs, units, outputs):
    return 3 * inputs, 6 * units - 3, 6, outputs


def but(place, change):
    """The right answer with one of its four numbers changed."""

    def answer(i, u, o):
        found = list(entries(i, u, o))
        found[place] = change(i, u, o)
        return found

    return answer


def by_loop(values, W, b, gone):
    total = np.tile(b, (len(values), 1))
    for head in range(len(W)):
        if head != gone:
            total = total + values[:, head] @ W[head]
    return total


def by_mask(values, W, b, gone):
    keep = np.arange(len(W)) != gone
    return np.einsum("thd,hdw->tw", values[:, keep], W[keep]) + b


def scaled(values, W, b, gone):
    return (by_mask(values, W, b, gone) - b) * len(W) / (len(W) - 1) + b


def averaged(values, W, b, gone):
    return (by_mask(values, W, b, gone) - b) / (len(W) - 1) + b


def in_place(values, W, b, gone):
    values[:, gone] = 0
    return np.einsum("thd,hdw->tw", values, W) + b


def without(axis):
    def answer(values, W, b, gone):
        values = values.copy()
        values[(slice(None),) * axis + (gone,)] = 0
        return np.einsum("thd,hdw->tw", values, W) + b

    return answer


WRONG = {
    check.unit_entries: [
        (but(0, lambda i, u, o: i), "three blocks"),
        (but(0, lambda i, u, o: 4 * i), "LSTM"),
        (but(0, lambda i, u, o: 3 * i * u), "whole array"),
        (but(1, lambda i, u, o: 6 * u), "have them twice"),
        (but(1, lambda i, u, o: 3 * u), "its row goes as well"),
        (but(1, lambda i, u, o: 3 * u - 3), "its own columns"),
        (but(1, lambda i, u, o: 6 * u - 1), "were expected"),
        (but(2, lambda i, u, o: 3), "two biases"),
        (but(2, lambda i, u, o: 0), "has biases"),
        (but(3, lambda i, u, o: 0), "the layer behind"),
        (but(3, lambda i, u, o: o + 1), "which stays"),
        # Both likely mistakes at once: in a sum they would cancel.
        (lambda i, u, o: (3 * i, 6 * u, 3, o), "have them twice"),
        (lambda i, u, o: sum(entries(i, u, o)), "four numbers"),
        (lambda i, u, o: entries(i, u, o)[:3], "shape"),
        (lambda i, u, o: (12345,) * 4, "were expected"),
    ],
    check.without_head: [
        (lambda v, W, b, g: np.einsum("thd,hdw->tw", v, W) + b, "all heads are still in it"),
        (lambda v, W, b, g: v[:, g] @ W[g], "this is what goes"),
        (lambda v, W, b, g: v[:, g] @ W[g] + b, "this is what goes"),
        (lambda v, W, b, g: by_mask(v, W, 0 * b, g), "the bias b is added once"),
        (scaled, "nothing is scaled up"),
        (averaged, "there is no mean"),
        (lambda v, W, b, g: by_mask(v, W, b, (g - 1) % len(W)), "counted from 0"),
        (without(0), "a place of the line"),
        (without(2), "one entry of every head"),
        (in_place, "changed the array"),
        (lambda v, W, b, g: by_mask(v, W, b, g).T, "shape"),
        (lambda v, W, b, g: by_mask(v, W, b, g) + 1, "differs from the right one"),
    ],
}
RIGHT = {
    check.unit_entries: [
        entries,
        lambda i, u, o: np.array([3 * i, 3 * u + 3 * (u - 1), 3 * 2, o]),
        lambda i, u, o: [3 * i, 3 * (u**2 - (u - 1) ** 2), 6, o],
    ],
    check.without_head: [by_loop, by_mask, without(1)],
}


class TestAnswers(Repeatable):
    wrong, right = WRONG, RIGHT


def test_the_parameters_of_a_unit_are_what_a_network_loses_with_it():
    from course_utils import structure
    from course_utils.lessons.tasks import hearing

    model = hearing.vowel_gru()
    small, _ = structure.shrink(model, masks={"gru": np.arange(64) != 7})
    assert model.count_params() - small.count_params() == sum(entries(32, 64, 10))
