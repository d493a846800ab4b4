"""Typical answers to the exercises of notebook 15, and the hint that each of them gets."""

import numpy as np
from answers import OfFunctions

from course_utils.lessons.checks import distillation_and_int8 as check


def soft(x, axis=-1):
    return np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)


def divergence(t, s, T):
    p, q = soft(t / T), soft(s / T)
    return T**2 * (p * np.log(p / q)).sum(axis=1).mean()


def by_logs(t, s, T):
    """With logarithms of softmaxes, which never overflow."""
    a, b = (x / T - np.logaddexp.reduce(x / T, axis=1)[:, None] for x in (t, s))
    return float(np.mean(np.sum(np.exp(a) * (a - b), axis=1)) * T * T)


def by_loop(t, s, T):
    total = 0
    for one, other in zip(t, s, strict=True):
        p, q = soft(one / T), soft(other / T)
        total += sum(a * (np.log(a) - np.log(b)) for a, b in zip(p, q, strict=True))
    return T * T * total / len(t)


def cross_entropy(t, s, T):
    return -(T**2) * (soft(t / T) * np.log(soft(s / T))).sum(axis=1).mean()


def along(axis):
    def answer(t, s, T):
        p, q = soft(t / T, axis), soft(s / T, axis)
        return T**2 * (p * np.log(p / q)).sum(axis=1).mean()

    return answer


def eight(W):
    top = np.abs(W).max(axis=0)
    scale = np.where(top > 0, top, 1) / 127
    return np.round(W / scale).astype("int8"), scale


def by_columns(W):
    q, scales = np.zeros(W.shape, int), []
    for j in range(W.shape[1]):
        scales.append(max(abs(W[:, j]).max() / 127, 1e-12))
        q[:, j] = np.rint(W[:, j] / scales[-1])
    return q, scales


def as_keras(W):
    """Keras's way: the inverse with a small number on top, and q clipped."""
    scale = 127 / (np.abs(W).max(axis=0, keepdims=True) + 1e-12)
    return np.clip(np.round(W * scale), -127, 127), 1 / scale


def careless(W):
    with np.errstate(invalid="ignore"):
        scale = np.abs(W).max(axis=0) / 127
        return np.round(W / scale), scale


def scaled_by(scale_of, rounded=np.round):
    def answer(W):
        scale = scale_of(W)
        scale = np.where(scale == 0, 1, scale)
        return rounded(W / scale), scale

    return answer


def largest(W):
    return np.abs(W).max(axis=0)


WRONG = {
    check.divergence: [
        (lambda t, s, T: divergence(t, s, T) / T**2, "temperature²"),
        (lambda t, s, T: divergence(t, s, T) / T, "squared"),
        (lambda t, s, T: divergence(s, t, T), "exchanged"),
        (lambda t, s, T: divergence(t * T * T, s * T * T, T), "do not multiply"),
        (lambda t, s, T: T**2 * divergence(t, s, 1), "before the softmax, too"),
        (lambda t, s, T: len(t) * divergence(t, s, T), "sum over images"),
        (lambda t, s, T: divergence(t, s, T) / t.shape[1], "images *and* classes"),
        (cross_entropy, "cross-entropy"),
        (lambda t, s, T: divergence(t, s, T) / np.log(2), "natural logarithm"),
        (lambda t, s, T: -divergence(t, s, T), "never negative"),
        (lambda t, s, T: np.mean((t - s) ** 2), "was expected"),
        (lambda t, s, T: np.full(len(t), 1.0) if len(t) > 1 else divergence(t, s, T), "each image"),
        (lambda t, s, T: "0", "a number was expected"),
        (along(0), "last axis"),
        (along(None), "last axis"),
        (lambda t, s, T: (t / T * np.log(np.abs(t / s))).sum(axis=1).mean(), "was expected"),
    ],
    check.eight_bits: [
        (lambda W: eight(W)[0], "return q, scale"),
        (lambda W: eight(W)[::-1], "whole numbers first"),
        (lambda W: (np.round(W * 127 / abs(W).max()), abs(W).max() / 127), "whole kernel"),
        (lambda W: tuple(x.T for x in eight(W.T)), "scales of rows"),
        (careless, "0/0"),
        (lambda W: (W / eight(W)[1], eight(W)[1]), "round them"),
        (scaled_by(lambda W: largest(W) / 127, np.trunc), "decimals off"),
        (scaled_by(lambda W: largest(W) / 127, np.floor), "rounded down"),
        (scaled_by(lambda W: largest(W) / 128), "not 128"),
        (scaled_by(lambda W: largest(W) / 255), "becomes 127"),
        (scaled_by(lambda W: W.max(axis=0) / 127), "may be negative"),
        (scaled_by(lambda W: np.ptp(W, axis=0) / 255), "least to largest"),
        (lambda W: (eight(W)[0], 1 / eight(W)[1]), "max / 127"),
        (lambda W: (eight(W)[0], largest(W)), "divide them by 127"),
        (lambda W: (np.abs(eight(W)[0]), eight(W)[1]), "signs are lost"),
        (lambda W: (eight(W)[0] + 1, eight(W)[1]), "no longer 0"),
        (lambda W: (np.round(W), eight(W)[1]), "q is not W / scale"),
        (lambda W: eight(W)[0] * eight(W)[1], "two things"),
    ],
}
RIGHT = {
    check.divergence: [divergence, by_logs, by_loop],
    check.eight_bits: [eight, by_columns, as_keras],
}


class TestAnswers(OfFunctions):
    wrong, right = WRONG, RIGHT
