"""What lesson 13 shows of times: a busy neighbour, and what chance alone does to a comparison."""

import threading
import time
from collections.abc import Callable, Sequence

import numpy as np

from course_utils.extras.speed import Latencies


def timed(call: Callable[[], object]) -> float:
    """Return the seconds that one call takes.

    >>> 0 < timed(lambda: sum(range(1000))) < 10
    True
    """
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def disturbed(call: Callable[[], object], names: Sequence[str]) -> np.ndarray:
    """Time `call` once for each name; after a third of them a thread begins to multiply matrices.

    >>> disturbed(lambda: None, ["A", "B", "A"]).shape
    (3,)
    """
    stop, seconds, big = threading.Event(), [], np.ones((1000, 1000), "float32")

    def work() -> None:
        while not stop.is_set():
            big @ big

    neighbour = threading.Thread(target=work)
    for number in range(len(names)):
        if number == len(names) // 3:
            neighbour.start()
        seconds.append(timed(call))
    stop.set()
    neighbour.join()
    return np.array(seconds)


def against(found: Latencies, name: str, base: str) -> str:
    """Say how the time of `name` compares with that of `base`, timed twice ("base, again").

    They count as told apart where their quartiles do not overlap, and where they differ by more
    than twice as much as `base` from itself.
    """
    one, other, again = found[name], found[base], found[f"{base}, again"]
    ratio, chance = one.median / other.median, abs(again.median / other.median - 1)
    apart = one.low > other.high or one.high < other.low
    word = "told apart" if apart and abs(ratio - 1) > 2 * chance else "not told apart"
    return (
        f"{name}: {ratio:.0%} of the time of {base}, {word} ({base} timed twice: {chance:.1%} "
        f"apart; {other.threads} thread(s))"
    )
