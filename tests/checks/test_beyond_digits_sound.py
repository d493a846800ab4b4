"""Typical answers to the exercises on sound and words of notebook 14, and their hints."""

import numpy as np
from answers import Repeatable

from course_utils.lessons.checks import beyond_digits as check


def entries(inputs, units, outputs):
    return 3 * inputs + 6 * units + 3 + outputs


def gru(inputs, units, outputs):
    """All parameters of a GRU and of the dense layer behind it."""
    return 3 * units * (inputs + units + 2) + (units + 1) * outputs


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
        (lambda i, u, o: i + 2 * u - 1 + 2 + o, "three blocks"),
        (lambda i, u, o: 4 * i + 4 * (2 * u - 1) + 4 + o, "LSTM"),
        (lambda i, u, o: 3 * i + 3 * u + 6 + o, "its row of the recurrent kernel"),
        (lambda i, u, o: 3 * i + 6 * u + 6 + o, "have them twice"),
        (lambda i, u, o: entries(i, u, o) - 6, "count the biases"),
        (lambda i, u, o: entries(i, u, o) - 3, "two biases"),
        (lambda i, u, o: entries(i, u, 0), "its row of the output's kernel"),
        (lambda i, u, o: entries(i, u, 2 * o), "belongs to the output"),
        (lambda i, u, o: 3 * i + 6 + o, "as long as there are units"),
        (lambda i, u, o: gru(i, u, 0), "the whole layer"),
        (lambda i, u, o: gru(i, u - 1, 0), "what is left of the layer"),
        (lambda i, u, o: 12345, "was expected"),
        (lambda i, u, o: [entries(i, u, o)], "a number was expected"),
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
        lambda i, u, o: gru(i, u, o) - gru(i, u - 1, o),
        lambda i, u, o: 3 * (i + u + 2) + 3 * (u - 1) + o,
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
    assert model.count_params() - small.count_params() == entries(32, 64, 10)
