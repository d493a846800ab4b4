"""Typical answers to the exercises of notebook 01, and the hint that each of them gets."""

import numpy as np
import pytest

from course_utils.lessons.checks import norms


def in_place(W):
    W /= np.linalg.norm(W)
    return W


WRONG_NORMALIZE = {
    "forgets the signs": (lambda W: np.abs(W) / np.linalg.norm(W), "signs are gone"),
    "divides by the largest": (lambda W: W / np.abs(W).max(), "order infinity"),
    "takes the spectral norm": (lambda W: W / np.linalg.norm(W, 2), "spectral"),
    "divides by the sum": (lambda W: W / np.abs(W).sum(), "order 1"),
    "halves": (lambda W: W / (np.sum(W**2) ** 1 / 2), "x ** 0.5"),
    "forgets the root": (lambda W: W / (W**2).sum(), "root is missing"),
    "works by rows": (lambda W: W / np.linalg.norm(W, axis=1, keepdims=True), "whole matrix"),
    "squeezes into [0, 1]": (lambda W: (W - W.min()) / np.ptp(W), "moves its zero"),
    "takes the mean": (lambda W: W / np.sqrt((W**2).mean()), "root of the *sum*"),
    "knows one shape": (lambda W: W / np.linalg.norm(W) if W.size == 24 else W, "shape (7, 3)"),
    "works by columns": (lambda W: W / np.linalg.norm(W, axis=0), "whole matrix"),
    "forgets the bars": (lambda W: W / W.sum(), "before squaring"),
    "squares the sum": (lambda W: W / np.sqrt(W.sum() ** 2), "before squaring"),
    "divides by the spread": (lambda W: W / W.std(), "the result has norm"),
    "flattens": (lambda W: W.ravel() / np.linalg.norm(W), "shape (24,)"),
    "changes its input": (in_place, "changed the array"),
    "is no function": (np.ones(3), "function was expected"),
}
WRONG_FILTERS = {
    "returns one number": (lambda k: np.linalg.norm(k[..., 0]), "inside the loop"),
    "returns too early": (lambda k: [np.linalg.norm(k[..., 0])], "inside the loop"),
    "by channel": (lambda k: np.sqrt((k**2).sum(axis=(0, 1, 3))), "input channel"),
    "the whole kernel": (lambda k: np.linalg.norm(k), "whole kernel"),
    "each slice apart": (lambda k: np.sqrt((k**2).sum(axis=(0, 1))), "all its input channels"),
    "order 1": (lambda k: np.abs(k).sum(axis=(0, 1, 2)), "order 1"),
    "no root": (lambda k: (k**2).sum(axis=(0, 1, 2)), "root is missing"),
    "the mean": (lambda k: np.sqrt((k**2).mean(axis=(0, 1, 2))), "*mean* square"),
    "the largest": (lambda k: np.abs(k).max(axis=(0, 1, 2)), "order infinity"),
    "three axes for NumPy": (lambda k: np.linalg.norm(k, axis=(0, 1, 2)), "one axis or two"),
    "knows one shape": (lambda k: np.linalg.norm(k.reshape(18, 5), axis=0), "stops with"),
    "for 8 filters": (lambda k: [k[..., i].sum() for i in range(8)], "shape (3, 3, 2, 5)"),
    "fixed length": (lambda k: [np.linalg.norm(k[..., i]) for i in range(5)], "has 7 filters"),
    "mixes filters": (lambda k: np.linalg.norm(k.reshape(k.shape[-1], -1), axis=1), "mixed"),
    "without squares": (lambda k: np.sqrt(k.sum(axis=(0, 1, 2)) ** 2), "the numbers are not"),
}
WRONG_MOST = {
    16: "nearly",
    int(1 / 0.25**2): "nearly",
    1 // 0.25**2: "nearly",
    4: "about squares",
    3: "about squares",
    346_112: "does not help",
    24: "does not help",
    9: "When is that 1",
}


@pytest.mark.parametrize("name", WRONG_NORMALIZE)
def test_normalize_hints(name):
    answer, hint = WRONG_NORMALIZE[name]
    verdict = norms.normalize(answer)
    assert not verdict
    assert hint in repr(verdict)


@pytest.mark.parametrize(
    "answer",
    [
        lambda W: W / np.sqrt(np.sum(W**2)),
        lambda W: W / np.linalg.norm(W),
        lambda W: np.array([w / np.sqrt((W * W).sum()) for w in W]),
    ],
)
def test_normalize_accepts(answer):
    assert norms.normalize(answer)


@pytest.mark.parametrize("name", WRONG_FILTERS)
def test_filter_hints(name):
    answer, hint = WRONG_FILTERS[name]
    verdict = norms.filter_norms(answer)
    assert not verdict
    assert hint in repr(verdict)


@pytest.mark.parametrize(
    "answer",
    [
        lambda k: np.sqrt((k**2).sum(axis=(0, 1, 2))),
        lambda k: np.linalg.norm(k.reshape(-1, k.shape[-1]), axis=0),
        lambda k: [np.linalg.norm(k[..., i]) for i in range(k.shape[-1])],
        lambda k: np.sqrt((k**2).sum(axis=(0, 1, 2), keepdims=True)),
    ],
)
def test_filter_accepts(answer):
    assert norms.filter_norms(answer)


@pytest.mark.parametrize("answer", WRONG_MOST)
def test_most_hints(answer):
    verdict = norms.most_above(answer)
    assert not verdict
    assert WRONG_MOST[answer] in repr(verdict)


@pytest.mark.parametrize("answer", [15, 15.0, np.int64(15), 1 / 0.25**2 - 1])
def test_most_accepts(answer):
    assert norms.most_above(answer)


@pytest.mark.parametrize("check", [norms.normalize, norms.filter_norms, norms.most_above])
def test_an_open_exercise_is_not_yet_wrong(check):
    assert repr(check(...)).startswith("… not yet")


def test_an_unwritten_function_is_not_yet_wrong():
    assert repr(norms.normalize(lambda W: ...)).startswith("… not yet")
