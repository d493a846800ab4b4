"""Checks for notebook 01: normalization, norms of filters, and how much can exceed θ."""

from collections.abc import Callable, Iterator

import numpy as np

from course_utils import operators
from course_utils.lessons.checks.verdict import as_array, call, compare, exercise, number


@exercise("Right: norm 1, same signs, same proportions.")
def normalize(function: Callable) -> Iterator[str]:
    """Check a function W -> W / ‖W‖ (Frobenius) on random matrices with signs."""
    for shape in ((4, 6), (7, 3), (2, 30)):
        W = np.random.default_rng(1).normal(0, 2, size=shape)
        got = as_array(call(function, W), W.shape)
        yield from compare(
            got, operators.normalize(W),
            f"for a matrix of shape {shape} the result has norm {np.linalg.norm(got):.4f}; 1 was "
            "expected, and W's proportions.",
            ("the signs are gone. Divide W itself by the norm, not |W|.",
             np.abs(W) / np.linalg.norm(W)),
            ("you divided by the largest entry: that is the norm of order infinity, not Frobenius.",
             W / np.abs(W).max()),
            ("for a matrix, np.linalg.norm(W, 2) is the spectral norm. Leave the 2 out.",
             W / np.linalg.norm(W, 2)),
            ("you divided by Σ|w|, the norm of order 1. Frobenius is the root of Σw².",
             W / np.abs(W).sum()),
            ("the root is missing: divide by √Σw², not by Σw².", W / (W**2).sum()),
            ("x ** 1 / 2 is half of x. Write x ** 0.5, or np.sqrt(x).", W / ((W**2).sum() / 2)),
            ("you summed the entries before squaring. Square each of them first.",
             W / W.sum(), W / abs(W.sum())),
            ("you divided by the root of the mean square. Take the root of the *sum*.",
             W / np.sqrt((W**2).mean())),
            ("each row or column got norm 1 by itself. One norm for the whole matrix is asked for.",
             W / np.linalg.norm(W, axis=0), W / np.linalg.norm(W, axis=1, keepdims=True)),
            ("this squeezes W into [0, 1] and moves its zero; a norm only scales.",
             (W - W.min()) / (W.max() - W.min())),
        )  # fmt: skip


@exercise("Right: one norm for each filter, over all its entries.")
def filter_norms(function: Callable) -> Iterator[str]:
    """Check a function from a kernel (height, width, inputs, filters) to one L2 norm a filter."""
    for shape in ((3, 3, 2, 5), (5, 1, 4, 7)):
        kernel = np.random.default_rng(2).normal(size=shape)
        got = np.asarray(call(function, kernel))
        got = got.ravel() if got.shape[:-1] == (1, 1, 1) else got  # axes that were kept
        right = operators.norm(kernel, granularity="filter").ravel()
        first = "one norm came, that of the first filter. Does `return` stand inside the loop?"
        if got.shape == () and got.dtype == float and np.isclose(got, right[0]):
            yield first
        yield from compare(
            got.shape, right.shape, f"for a kernel of shape {shape} the result has shape "
            f"{got.shape}; this kernel has {len(right)} filters.",
            ("you got one number for each *input channel*. Filters are the last axis.", shape[2:3]),
            ("you got one number for the whole kernel. Sum over axes (0, 1, 2) only.", ()),
            (first, (1,)),
            ("a filter spans all its input channels: sum over axis 2 as well.", shape[2:]),
        )  # fmt: skip
        yield from compare(
            got, right, "the shape is right, the numbers are not: take √Σw² over axes (0, 1, 2).",
            ("this is the norm of order 1, Σ|w|. The L2 norm is the root of the sum of squares.",
             np.abs(kernel).sum(axis=(0, 1, 2))),
            ("the root is missing.", right**2),
            ("this is the root of the *mean* square. The norm is the root of the sum.",
             right / np.sqrt(kernel[..., 0].size)),
            ("this is the largest size in each filter, the norm of order infinity.",
             np.abs(kernel).max(axis=(0, 1, 2))),
            ("the reshape mixed the filters. Keep the last axis last: reshape(-1, filters).",
             np.linalg.norm(kernel.reshape(shape[-1], -1), axis=1)),
        )  # fmt: skip


@exercise("Right: the squares of 16 such entries would sum to more than 1.")
def most_above(answer: object) -> Iterator[str]:
    """Check the largest number of entries of f(W) that can exceed 0.25 in size."""
    value = number(answer)
    yield from compare(
        value, 15,
        "if k entries exceed 0.25, their squares sum to more than k / 16. When is that 1?",
        ("nearly: 16 entries of exactly 0.25 use up the sum of squares; none *exceeds* 0.25.", 16),
        ("you divided 1 by 0.25. The norm is about squares: Σf² = 1.", 3, 4),
        ("the size of the matrix does not help: Σf² = 1 bounds how many entries can be large.",
         value if value > 16 else np.nan),
    )  # fmt: skip
