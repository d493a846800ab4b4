"""Checks for notebook 15: how far a student is from its teacher, and a kernel in eight bits."""

from collections.abc import Callable, Iterator

import numpy as np
from scipy.special import rel_entr, softmax

from course_utils.lessons.checks.verdict import as_array, call, compare, exercise, number


@exercise("Right: nothing apart is 0, and it is never less.")
def divergence(function: Callable) -> Iterator[str]:
    """Check (teacher, student, temperature) -> T² times the mean divergence of soft answers."""
    rng = np.random.default_rng(15)
    for rows, classes, T in ((1, 3, 1.0), (4, 3, 2.0), (5, 10, 4.0)):
        teacher, student = rng.normal(0, 3, (2, rows, classes))
        p, q = softmax([teacher / T, student / T], axis=2)
        each = rel_entr(p, q).sum(axis=1)
        right, answer = T**2 * each.mean(), call(function, teacher, student, T)
        if np.shape(answer) == (rows,) and rows > 1:
            yield "this is one number for each image. Return their mean."
        got = number(answer)
        hot, cold = softmax([teacher * T, student * T], axis=2)
        down, across = softmax([teacher / T, student / T], axis=1)
        whole = softmax(teacher / T), softmax(student / T)
        yield from compare(
            got, right, f"for {rows} images and T = {T:g}, {right:.4f} was expected; {got:.4f} "
            "came.",
            ("the factor temperature² is missing: without it a high temperature makes the loss, "
             "and its gradients, small.", each.mean()),
            ("the factor is the temperature squared.", T * each.mean()),
            ("teacher and student are exchanged: the teacher's shares weigh the logarithms.",
             T**2 * rel_entr(q, p).sum(axis=1).mean()),
            ("divide by the temperature before the softmax, do not multiply.",
             T**2 * rel_entr(hot, cold).sum(axis=1).mean()),
            ("the temperature must divide the outputs before the softmax, too.",
             T**2 * rel_entr(*softmax([teacher, student], axis=2)).sum(axis=1).mean()),
            ("this is the sum over images. Return their mean.", T**2 * each.sum()),
            ("this is the mean over images *and* classes. Sum over classes.",
             T**2 * each.mean() / classes),
            ("this is the cross-entropy, -Σ p log q. The divergence is 0 where both agree.",
             -(T**2) * (p * np.log(q)).sum(axis=1).mean()),
            ("use the natural logarithm.", right / np.log(2)),
            ("the sign: a divergence is never negative.", -right),
            ("the softmax runs over the classes of one image, the last axis.",
             *(T**2 * rel_entr(*pair).sum(axis=1).mean() for pair in ((down, across), whole))),
        )  # fmt: skip


@exercise("Right: zeros stay zeros, and each column uses all of its range.")
def eight_bits(function: Callable) -> Iterator[str]:
    """Check W (in, out) -> (whole numbers from -127 to 127, one scale for each column)."""
    rng = np.random.default_rng(16)
    for rows, columns, empty in ((4, 3, False), (30, 5, False), (6, 4, True)):
        W = rng.normal(0, rng.uniform(0.05, 2, columns), (rows, columns))
        W[rng.random(W.shape) < 0.4] = 0
        W[0] = 0.5 * (-1) ** np.arange(columns) + W[0]
        W[:, -1] *= not empty  # a column that is pruned as a whole
        answer = call(function, W)
        if not isinstance(answer, tuple | list) or len(answer) != 2:
            yield "two things were expected, (q, scale): return q, scale"
        q, scale = (np.asarray(part) for part in answer)
        if q.shape != W.shape and scale.shape == W.shape:
            yield "the order is (q, scale): the whole numbers first"
        if scale.ndim == 0 or scale.size == 1:
            yield "this is one scale for the whole kernel. Give each column its own"
        if scale.size == rows != columns:
            yield "a column is one output, W[:, j]: these are scales of rows"
        q, scale = as_array(q, W.shape), as_array(scale.reshape(-1), (columns,))
        yield from _eight_hints(q, scale.astype(float), W)


def _eight_hints(q: np.ndarray, scale: np.ndarray, W: np.ndarray) -> Iterator[str]:
    top, some = np.abs(W).max(axis=0), np.abs(W).max(axis=0) > 0
    right = top / 127
    if not (np.isfinite(scale).all() and np.isfinite(q.astype(float)).all()):
        yield "a column of nothing but zeros gives 0/0. Its whole numbers should be 0."
    if q.dtype.kind == "f" and not np.isin(q, np.round(q)).all():
        yield "q must hold whole numbers: round them."
    if q.dtype.kind == "u" or (q.min() >= 0 > W.min()):
        yield "the signs are lost: q runs from -127 to 127."
    if np.any(q[W == 0] != 0):
        yield "a pruned weight is no longer 0. With a scale and nothing added, 0 stays 0."
    yield from compare(
        scale[some], right[some], "scale times 127 should be the largest size in each column.",
        ("these are 127 / max; w ≈ scale · q wants max / 127.", 1 / right[some]),
        ("divide by 127, not 128: -127 to 127 is symmetric.", top[some] / 128),
        ("divide by 127: the largest weight becomes 127 or -127.", top[some] / 255,
         top[some] / 256),
        ("this is the range from least to largest. The largest *size* counts, so that 0 stays 0.",
         np.ptp(W, axis=0)[some] / 255),
        ("sizes, |w|: in a column the largest may be negative.", W.max(axis=0)[some] / 127),
        ("these are the largest sizes; divide them by 127.", top[some]),
    )  # fmt: skip
    exact = np.divide(W, right, out=np.zeros_like(W), where=some)
    yield from compare(
        q.astype(float)[:, some], np.round(exact)[:, some],
        "q is not W / scale, rounded to the nearest whole number.",
        ("you cut the decimals off: round first, then convert.", np.trunc(exact)[:, some]),
        ("you rounded down: take the nearest whole number.", np.floor(exact)[:, some]),
        ("you rounded up: take the nearest whole number.", np.ceil(exact)[:, some]),
        ("this is W again. Divide by the scale.", W[:, some]),
        ("these are the weights that come back, scale · q. Return q itself.",
         (np.round(exact) * right)[:, some]),
    )  # fmt: skip
    if np.abs(q.astype(float)).max() > 127:
        yield "q runs from -127 to 127."
