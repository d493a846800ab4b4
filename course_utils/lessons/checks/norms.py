"""Checks for notebook 01: normalization, norms of filters, and how much can exceed θ."""

from collections.abc import Callable, Iterator

import numpy as np

from course_utils import operators
from course_utils.lessons.checks.verdict import as_array, call, compare, exercise, number


@exercise("Right: norm 1, same signs, same proportions.")
def normalize(function: Callable) -> Iterator[str]:
    """Check a function W -> W / ‖W‖ (Frobenius) on random matrices with signs."""
    W = np.random.default_rng(1).normal(0, 2, size=(4, 6))
    got = as_array(call(function, W), W.shape)
    single = "each row or column got norm 1 by itself. One norm for the whole matrix is asked for."
    yield from compare(
        got, operators.normalize(W),
        f"the result has norm {np.linalg.norm(got):.4f}; 1 was expected, and W's proportions.",
        ("the signs are gone. Divide W itself by the norm, not |W|.",
         np.abs(W) / np.linalg.norm(W)),
        ("you divided by the largest entry: that is the norm of order infinity, not Frobenius.",
         W / np.abs(W).max()),
        ("for a matrix, np.linalg.norm(W, 2) is the spectral norm. Leave the 2 out.",
         W / np.linalg.norm(W, 2)),
        ("you divided by Σ|w|, the norm of order 1. Frobenius is the root of Σw².",
         W / np.abs(W).sum()),
        ("the root is missing: divide by √Σw², not by Σw².", W / (W**2).sum()),
        (single, W / np.linalg.norm(W, axis=0)),
        (single, W / np.linalg.norm(W, axis=1, keepdims=True)),
        ("this squeezes W into [0, 1] and moves its zero; a norm only scales.",
         (W - W.min()) / (W.max() - W.min())),
    )  # fmt: skip


@exercise("Right: one norm for each filter, over all its entries.")
def filter_norms(function: Callable) -> Iterator[str]:
    """Check a function from a kernel (height, width, inputs, filters) to one L2 norm a filter."""
    kernel = np.random.default_rng(2).normal(size=(3, 3, 2, 5))
    got = np.squeeze(np.asarray(call(function, kernel)))
    right = operators.norm(kernel, granularity="filter").ravel()
    if got.shape == (2,):
        yield "you got one number for each *input channel*. Filters are the last axis."
    if got.shape == ():
        yield "you got one number for the whole kernel. Sum over axes (0, 1, 2) only."
    if got.shape == (2, 5):
        yield "a filter spans all its input channels: sum over axis 2 as well."
    if got.shape != (5,):
        yield f"the result has shape {got.shape}; this kernel has 5 filters."
    yield from compare(
        got, right, "the shape is right, the numbers are not: take √Σw² over axes (0, 1, 2).",
        ("this is the norm of order 1, Σ|w|. The L2 norm is the root of the sum of squares.",
         np.abs(kernel).sum(axis=(0, 1, 2))),
        ("the root is missing.", right**2),
    )  # fmt: skip


@exercise("Right: 25 such entries would have squares that sum above 1.")
def most_above(answer: object) -> Iterator[str]:
    """Check the largest number of entries of f(W) that can exceed 0.2 in size."""
    value = number(answer)
    if value == 25:
        yield "nearly: 25 entries of exactly 0.2 use up the sum of squares, and none *exceeds* 0.2."
    if value == 5:
        yield "you divided 1 by 0.2. The norm is about squares: Σf² = 1."
    if value > 25:
        yield "the size of the matrix does not help: Σf² = 1 bounds how many entries can be large."
    if value != 24:
        yield "if k entries exceed 0.2, their squares sum to more than 0.04 k. Where is that 1?"
