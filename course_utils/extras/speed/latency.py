"""How long things take: warmed up, taken in turns, with median, spread and threads.

One after the other, whatever else the machine does meanwhile would hit some and spare others. So
in every round each is called once, in a new random order, and what disturbs hits all alike. The
median is not moved by a few slow calls, and the quartiles show how far to trust it.
"""

import contextlib
import gc
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from course_utils.arrays import can_take, whole
from course_utils.backend import keras
from course_utils.tables import Printed

_HEADINGS = ("what", "median ms", "quartiles ms", "relative", "calls", "threads")


@dataclass(frozen=True)
class TimedCall:
    """Something to time: a function without arguments, and the threads that it computes with."""

    run: Callable[[], object]
    threads: int | None = None  # None: not known
    # What holds those threads while it is timed; entered and left outside the time taken.
    holding: Callable[[], contextlib.AbstractContextManager] = contextlib.nullcontext

    def __call__(self) -> object:
        """Do it once."""
        with self.holding():
            return self.run()


@dataclass(frozen=True)
class Timing:
    """One thing's times, in seconds: median and quartiles of so many calls."""

    name: str
    median: float
    low: float
    high: float
    calls: int
    threads: int | None


@dataclass(frozen=True)
class Latencies(Printed):
    """What `latency` measured; prints as a table in a terminal and in a notebook."""

    rows: tuple[Timing, ...]

    def __getitem__(self, name: str) -> Timing:
        """Return the row of one name."""
        return self._row(name)

    def table(self) -> list[tuple[str, ...]]:
        """Return headings and rows as text; relative to the first row."""
        first, table = self.rows[0].median, [_HEADINGS]
        for row in self.rows:
            quartiles = f"{row.low * 1e3:.3g} to {row.high * 1e3:.3g}"
            relative = f"{row.median / first:.2f}" if first else "-"
            threads = "not known" if row.threads is None else str(row.threads)
            cells = (f"{row.median * 1e3:.3g}", quartiles, relative, f"{row.calls}", threads)
            table.append((str(row.name), *cells))
        return table

    def summary(self) -> list[str]:
        """Return the line below the table."""
        return ["taken in turns after a warm-up; quartiles: half of all calls lie between them"]


def latency(
    calls: Mapping[str, Callable[[], object]], repeats: int = 50, warmup: int = 5, seed: int = 0
) -> Latencies:
    """Return how long each of the `calls` takes, measured in turns in one process.

    `calls` are functions without arguments by name, or what `keras_call`, `litert_call`,
    `csr_call` and `dense_call` make, which know their threads. Each is called `warmup` times
    first (memory, caches, compilation), then once in each of `repeats` rounds, in an order that
    is drawn anew for every round. Raises ValueError for counts below 1 and where nothing is to be
    timed; what a call raises, goes through.

    >>> [row.name for row in latency({"sort": lambda: sorted(range(99))}, repeats=3).rows]
    ['sort']
    """
    if not isinstance(calls, Mapping):
        raise TypeError(
            f"calls must be functions by name, {{'name': function}}, not {type(calls).__name__}."
        )
    if not calls:
        raise ValueError("there is nothing to time: give {'name': function}.")
    for name, call in calls.items():
        if isinstance(call, keras.Layer) or not can_take(call, 0):
            way = f"not {call!r}: keras_call(model, x) is one"
            raise TypeError(f"{name!r} must be a function without arguments, {way}.")
    calls = {n: one if isinstance(one, TimedCall) else TimedCall(one) for n, one in calls.items()}
    repeats, warmup = whole(repeats, "repeats", least=1), whole(warmup, "warmup", least=1)
    order = np.random.default_rng(whole(seed, "seed"))
    for call in calls.values():
        for _ in range(warmup):
            call()
    times: dict[str, list[float]] = {name: [] for name in calls}
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()  # or it would run in the midst of a call
    try:
        for _ in range(repeats):
            for name in order.permutation(list(calls)):
                with calls[name].holding():
                    start = time.perf_counter_ns()
                    calls[name].run()
                    times[name].append((time.perf_counter_ns() - start) / 1e9)
    finally:
        if collecting:
            gc.enable()
    rows = []
    for name, call in calls.items():
        low, median, high = (float(q) for q in np.quantile(times[name], [0.25, 0.5, 0.75]))
        rows.append(Timing(name, median, low, high, repeats, call.threads))
    return Latencies(tuple(rows))


def cores() -> int:
    """Return how many processors this process may use.

    >>> cores() >= 1
    True
    """
    allowed = getattr(os, "sched_getaffinity", None)  # Linux only
    return len(allowed(0)) if allowed else os.cpu_count() or 1
