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
        (lambda W, G: np.abs(W * G.mean(axis=0)), "examples cancel"),
        (lambda W, G: (W * G).mean(axis=0), "examples cancel"),
        (lambda W, G: np.abs(G[0] * W) / len(G), "inside the loop"),
        (lambda W, G: -W * G.mean(0), "examples cancel"),
        (lambda W, G: (W * G.mean(0)) ** 2, "examples cancel"),
        (lambda W, G: ((W * G) ** 2).mean(0), "these are squares"),
        (lambda W, G: 0.5 * W**2 * (G**2).mean(0), "these are squares"),
        (lambda W, G: np.linalg.norm(W * G, axis=0) / np.sqrt(len(G)), "these are squares"),
        (lambda W, G: np.abs(W * G), "every example"),
        (lambda W, G: np.abs(W * G).mean(), "score of its own"),
        (lambda W, G: np.abs(W * G).mean(axis=(1, 2)), "score of its own"),
        (lambda W, G: np.abs(W * G).mean(axis=1), "shape"),
        (lambda W, G: np.abs(W * G).sum(axis=0), "take the mean"),
        (lambda W, G: np.abs(W * G).max(axis=0), "worst example"),
        (lambda W, G: W * np.abs(G).mean(axis=0), "too, take the size"),
        (lambda W, G: np.abs(G).mean(axis=0), "gradient alone"),
        (lambda W, G: np.abs(W), "this is magnitude"),
        (lambda W, G: np.abs(W) + np.abs(G).mean(axis=0), "multiply"),
        (lambda W, G: np.median(np.abs(W * G), axis=0), "something else"),
        (lambda W, G: np.abs(W * G[0]), "inside the loop"),
        (lambda W, G: np.ones_like(W), "something else"),
    ],
    check.lamp: [
        (lambda w: w**2 / (w**2).sum(), "not all of them"),
        (lambda w: np.sort(lamp(w)), "sorted"),
        (lambda w: w**2 / sums(w, lambda a, s: a > s), "the largest scores 1"),
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
        (lambda w: sums(w, lambda a, s: a >= s) / w**2, "upside down"),
        (lambda w: np.abs(w), "came"),
        (lambda w: w**2 / np.cumsum(w**2), "came"),
        (lambda w: lamp(w) * np.sign(w), "came"),
        (lambda w: [a * a / (w[w >= a] ** 2).sum() for a in w], "signs do not count"),
    ],
    check.control: [
        (lambda m, rng: m, "nothing has moved"),
        (lambda m, rng: rng.permuted(m, axis=1), "not row by row"),
        (lambda m, rng: ~permuted(m, rng), "wrong way round"),
        (lambda m, rng: rng.random(m.shape) < m.mean(), "exactly as many"),
        (lambda m, rng: permuted(m, np.random.default_rng(7)), "generator that is given"),
        (lambda m, rng: rng.permutation(m), "whole rows"),
        (lambda m, rng: rng.permuted(m, axis=0), "by itself"),
        (lambda m, rng: rng.random(m.shape), "True and False"),
        (lambda m, rng: permuted(m, rng) * 2, "True and False"),
        (lambda m, rng: rng.permutation(m.ravel()), "shape"),
        (lambda m, rng: np.zeros_like(m), "exactly as many"),
    ],
}
RIGHT = {
    check.taylor: [
        lambda W, G: np.abs(W * G).mean(axis=0),
        lambda W, G: np.abs(W) * np.abs(G).mean(axis=0),
        lambda W, G: np.mean([np.sqrt((W * g) ** 2) for g in G], axis=0).tolist(),
    ],
    check.lamp: [lamp, sorted_lamp, lambda w: w**2 / sums(w, lambda a, s: a >= s)],
    check.control: [permuted, chosen, ranked, lambda m, rng: permuted(m, rng) * 1.0],
}


class TestAnswers(OfFunctions):
    wrong, right = WRONG, RIGHT
