"""Typical answers to the exercises of notebook 07, and the hint that each of them gets."""

import numpy as np
from answers import OfFunctions

from course_utils.lessons.checks import which_weights as check


def lamp(w):
    squares = np.asarray(w) ** 2
    return np.array([s / squares[squares >= s].sum() for s in squares])


def sorted_lamp(w):
    order = np.argsort(np.abs(w))
    squares = w[order] ** 2
    scores = np.empty(len(w))
    scores[order] = squares / np.cumsum(squares[::-1])[::-1]
    return scores


def sums(w, keep):
    return np.array([(w**2)[keep(w**2, s)].sum() for s in w**2])


def permuted(mask, rng):
    return rng.permutation(mask.ravel()).reshape(mask.shape)


def chosen(mask, rng):
    flat = np.zeros(mask.size, bool)
    flat[rng.choice(mask.size, mask.sum(), replace=False)] = True
    return flat.reshape(mask.shape)


def ranked(mask, rng):
    scores = rng.random(mask.size)
    return (np.argsort(np.argsort(scores)) < mask.sum()).reshape(mask.shape)


WRONG = {
    check.taylor: [
        (lambda W, G: W * G, "take the size"),
        (lambda W, G: np.abs(G), "gradient alone"),
        (lambda W, G: np.abs(W), "this is magnitude"),
        (lambda W, G: np.abs(W) + np.abs(G), "multiply"),
        (lambda W, G: W**2 * np.abs(G), "no squares"),
        (lambda W, G: np.abs(W @ G.T), "shape"),
        (lambda W, G: np.ones_like(W), "something else"),
    ],
    check.lamp: [
        (lambda w: w**2 / (w**2).sum(), "not all of them"),
        (lambda w: np.sort(lamp(w)), "sorted"),
        (lambda w: w**2 / sums(w, lambda a, s: a <= s), "not *larger*"),
        (
            lambda w: (
                w**2 / np.maximum(sums(w, lambda a, s: a > s), 1e-12) ** (w**2 < (w**2).max())
            ),
            "the largest scores 1",
        ),
        (
            lambda w: np.abs(w) / np.array([np.abs(w)[np.abs(w) >= s].sum() for s in np.abs(w)]),
            "squares, not sizes",
        ),
        (lambda w: np.abs(w), "came"),
    ],
    check.control: [
        (lambda m, rng: m, "nothing has moved"),
        (lambda m, rng: ~permuted(m, rng), "wrong way round"),
        (lambda m, rng: rng.random(m.shape) < m.mean(), "exactly as many"),
        (lambda m, rng: permuted(m, np.random.default_rng(7)), "generator that is given"),
        (lambda m, rng: rng.permutation(m), "whole rows"),
        (lambda m, rng: rng.permuted(m, axis=0), "by itself"),
        (lambda m, rng: permuted(m, rng).astype(int), "True and False"),
    ],
}
RIGHT = {
    check.taylor: [
        lambda W, G: np.abs(W * G),
        lambda W, G: np.abs(W) * np.abs(G),
        lambda W, G: np.sqrt((W * G) ** 2),
    ],
    check.lamp: [lamp, sorted_lamp, lambda w: w**2 / sums(w, lambda a, s: a >= s)],
    check.control: [permuted, chosen, ranked],
}


class TestAnswers(OfFunctions):
    wrong, right = WRONG, RIGHT
