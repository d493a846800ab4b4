"""Checks for notebook 13: a summary of times, 2:4, a width from a table, int8."""

from collections.abc import Callable, Iterator

import numpy as np

from course_utils import masking
from course_utils.lessons.checks.verdict import (
    Mistake,
    Unsolved,
    alike,
    as_array,
    as_mask,
    call,
    compare,
    exercise,
    hints,
    number,
)


@exercise("Right: the usual call, and how far to trust that number.")
def summary(function: Callable) -> Iterator[str]:
    """Check a function (times, warmup) -> (median, lower quartile, upper quartile)."""
    rng = np.random.default_rng(11)
    for count, warmup in ((23, 3), (40, 1), (12, 0)):
        times = rng.lognormal(-6, 0.4, count)
        times[:warmup] *= 9
        times[-1] *= 20  # something else ran meanwhile
        answer = call(function, times, warmup)
        if not isinstance(answer, tuple | list | np.ndarray) or len(answer) != 3:
            yield "return three numbers: the median, the lower and the upper quartile."
        yield from _wrong_numbers([number(value) for value in answer], times, warmup)


def _wrong_numbers(got: list[float], times: np.ndarray, warmup: int) -> Iterator[str]:
    rest = times[warmup:]
    low, median, high = np.quantile(rest, [0.25, 0.5, 0.75])
    yield from compare(
        got[0], median,
        f"for the times tried, the median {got[0]:.6f} came and {median:.6f} was expected.",
        ("the warm-up is still in it: leave out the first `warmup` calls.", np.median(times)),
        ("the fastest calls are missing: the *first* ones go, so do not sort before.",
         np.median(np.sort(times)[warmup:])),
        ("the last calls are missing; the warm-up comes first.",
         np.median(times[: len(times) - warmup])),
        ("these are the warm-up calls; take what remains after them.",
         np.median(times[:warmup]) if warmup else np.nan),
        ("this is the mean: one call that was disturbed moves it far. Take the median.",
         rest.mean()),
        ("this is the best call of all, which nobody gets twice. Take the median.", rest.min()),
        ("all three are there, in another order: the median first, then low, then high.",
         low if alike(got, [low, median, high]) else np.nan),
    )  # fmt: skip
    yield from hints(
        got[1:],
        ("these are the extremes. A quartile leaves a quarter of the calls outside.",
         [rest.min(), rest.max()]),
        ("the quartiles are the wrong way round: the lower one comes first.", [high, low]),
    )  # fmt: skip
    if alike(got[1:], [low - median, high - median]) or alike(got[2], rest.std()):
        yield "give the quartiles themselves, as times: np.quantile(..., 0.25) and 0.75."
    if not (_between(got[1], rest, 0.25) and _between(got[2], rest, 0.75)):
        yield f"the quartiles {low:.6f} and {high:.6f} were expected; {got[1:]} came."


def _between(got: float, times: np.ndarray, share: float) -> bool:
    """Whether it is a quantile by any of the usual definitions: all lie between neighbours."""
    ways = ("lower", "higher", "weibull", "linear", "hazen")
    values = [np.quantile(times, share, method=way) for way in ways]
    return min(values) * (1 - 1e-9) <= got <= max(values) * (1 + 1e-9)


@exercise("Right: two of every four inputs, for each output by itself.")
def two_of_four(function: Callable) -> Iterator[str]:
    """Check W (inputs, outputs) -> mask of the two largest |w| of every four inputs."""
    rng = np.random.default_rng(15)
    for shape in ((8, 4), (12, 8), (4, 1)):
        W = rng.normal(size=shape)
        yield from compare(
            as_mask(call(function, W), shape), _top_two(np.abs(W)),
            "not the two largest |w| of every four stay.",
            ("True means that a weight stays: yours is the wrong way round.", ~_top_two(np.abs(W))),
            ("the sign counts for nothing: rank |w|.", _top_two(W)),
            ("go along the inputs, the first axis: W[0:4, j]. Yours goes along the outputs.",
             _top_two(np.abs(W).T).T if shape[1] % 4 == 0 else None),
            ("half of each column stays, but not two of *every four*.",
             np.abs(W).argsort(0).argsort(0) >= shape[0] // 2),
            ("half of all weights stay, but not two of *every four*.",
             np.abs(W) > np.median(np.abs(W))),
            ("fours begin at 0, 4, 8, …: they do not overlap.",
             np.roll(_top_two(np.abs(np.roll(W, -2, 0))), 2, 0)),
            ("argsort lists positions, not ranks: apply it twice.",
             (np.abs(W).reshape(-1, 4, shape[1]).argsort(1) >= 2).reshape(shape)),
            ("these are the first two of every four; the two with the largest |w| were asked.",
             np.arange(shape[0])[:, None] % 4 < np.full(shape, 2)),
        )  # fmt: skip
    tied = as_array(call(function, np.ones((4, 2))), (4, 2)).astype(bool)
    if (tied.sum(axis=0) != 2).any():
        yield "of four equal weights two stay, too: rank them, a threshold cannot tell them apart."


def _top_two(scores: np.ndarray) -> np.ndarray:
    return masking.n_of_m({"": scores}, 2, 4)[""]


@exercise("Right: what counts is the time, not the order of the widths.")
def widest(function: Callable) -> Iterator[str]:
    """Check ({filters: ms}, budget) -> the largest number of filters within the budget, or 0."""
    widths = (8, 10, 12, 16, 20, 24, 28, 32, 40, 44)
    times = (18, 21, 31, 29, 44, 43, 52, 48, 60, 59)
    stairs = {width: ms / 10 for width, ms in zip(widths, times, strict=True)}
    mixed = {width: stairs[width] for width in (24, 8, 44, 16, 40, 32, 10, 12, 28, 20)}
    for table, budget in ((stairs, 3.0), (stairs, 4.5), (mixed, 4.3), (mixed, 9.0)):
        got, fits = number(call(function, table, budget)), [n for n in table if table[n] <= budget]
        right = max(fits)
        slow = next((i for i, n in enumerate(table) if table[n] > budget), 0)
        yield from compare(
            got, right,
            f"for a budget of {budget:g} ms, {got:g} came and {right} was expected: {table}.",
            ("this is the fastest; the *widest* that fits was asked.", min(table, key=table.get)),
            ("it is the number of filters that was asked, not their time.", table[right]),
            ("this is the widest of all; it takes longer than the budget.", max(table)),
            ("a layer that takes exactly the budget is within it.",
             max(n for n in table if table[n] < budget)),
            ("do not stop at the first width that is too slow: a wider one may be faster.",
             list(table)[slow - 1] if slow else np.nan,
             max((n for n in table if all(table[m] <= budget for m in table if m <= n)),
                 default=np.nan)),
            ("this is the last entry that fits; the table need not be sorted.", fits[-1]),
            ("this is the one that uses most of the budget; a wider one may take less.",
             max(fits, key=table.get)),
        )  # fmt: skip
    try:
        got = number(call(function, stairs, 1.0))
    except (ValueError, Unsolved) as error:
        raise Mistake("where no width is fast enough, return 0: max takes a default.") from error
    if got != 0:
        yield f"where no width is fast enough, 0 was expected, and {got:g} came."


@exercise("Right: a quarter of the bytes, off by a step at most.")
def quantized(function: Callable) -> Iterator[str]:
    """Check a function x -> (q, scale, zero) with whole q in int8 and x ≈ scale · (q - zero)."""
    rng = np.random.default_rng(12)
    ends = ((-1.0, 3.0), (0.0, 6.0), (2.0, 5.0), (-4.0, -1.0), (-0.3, 0.1), (-1.5, 253.5))
    for low, high in ends:
        x = rng.permutation(np.append(rng.uniform(low, high, 200), [low, high]))
        answer = call(function, x)
        if not isinstance(answer, tuple | list) or len(answer) != 3:
            yield "return three things: the whole numbers q, the scale and the zero point."
        q, scale, zero = as_array(answer[0], x.shape), number(answer[1]), number(answer[2])
        yield from _wrong_whole_numbers(q, scale, zero, x)
        yield from _wrong_scale(q.astype(float), scale, zero, x)


def _wrong_whole_numbers(q: np.ndarray, scale: float, zero: float, x: np.ndarray) -> Iterator[str]:
    if not np.isfinite(q).all() or scale <= 0:
        yield "the scale must be positive: the length of one step, (high - low) / 255."
    if q.dtype.kind == "f" and np.any(q != np.round(q)):
        if np.abs(q - x).max() < scale:
            yield "these are the numbers that q stands for. Return q itself, whole numbers."
        yield "int8 holds whole numbers: round."
    if zero != round(zero):
        yield "the zero point is itself an int8: round it, or 0 would stand between two steps."
    if q.min() >= 0 and q.max() > 127:
        yield "these go from 0 to 255. int8 goes from -128 to 127."
    if q.min() < -128 or q.max() > 127:
        yield f"q goes from {q.min():g} to {q.max():g}; int8 holds -128 to 127: clip."


def _wrong_scale(q: np.ndarray, scale: float, zero: float, x: np.ndarray) -> Iterator[str]:
    low, high = min(x.min(), 0.0), max(x.max(), 0.0)
    step = (high - low) / 255
    error = np.abs(scale * (q - zero) - x).max()
    if not -128 <= zero <= 127:
        yield (
            f"the zero point is {zero:g}: 0 has no number of its own. Let the range hold 0, "
            "low = min(x.min(), 0) and high = max(x.max(), 0)."
        )
    if np.abs(scale * (q + zero) - x).max() <= 0.51 * scale < error:
        yield "the sign of the zero point is turned: x ≈ scale · (q - zero)."
    if error > 2 * scale:
        yield (
            f"scale · (q - zero) is off by {error:.3g}, many steps of {scale:.3g}. The lowest "
            "number should come to -128, and none may run over (clip before astype)."
        )
    if scale > 1.02 * step:
        yield (
            f"a step of {scale:.4g} is longer than it needs to be ({step:.4g}): use all 256 "
            "numbers, from low at -128 to high at 127."
        )
    if error > 1.01 * scale:  # both ends and the zero point are rounded
        yield f"off by {error / scale:.2f} steps; rounding to the nearest is off by half of one."
    if np.mean(np.abs(scale * (q - zero) - x)) > 0.4 * scale:
        yield (
            "on average you are off by too much: round x / scale to the nearest (do not cut off), "
            "and then add the zero point."
        )
