"""Pictures of many trials: all of them with the best among them, and what each step took."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator, PercentFormatter

from course_utils.plots.style import BLUE, GREEN, GREY, line

Points = Sequence[tuple[float, float]]


def best_so_far(values: Mapping[str, Sequence[float]], ax: Axes | None = None) -> Axes:
    """Draw, trial by trial, every value as a dot and the best up to there as stairs, a name each.

    The largest is the best. NaN is left out, as is a trial that failed.
    """
    ax = ax or plt.subplots()[1]
    for index, (name, found) in enumerate(values.items()):
        look, at = line(index), np.arange(1, len(found) + 1)
        ax.plot(at, found, "o", color=look["color"], alpha=0.35, markersize=4)
        stairs = np.fmax.accumulate(np.asarray(found, float))
        ax.step(at, stairs, where="post", label=name, **look)
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.set_xlabel("trials")
    ax.legend()
    return ax


def front(points: Points, best: Points, ax: Axes | None = None) -> Axes:
    """Draw trials (x, y) as dots, and those that none of the others beats as a line of rings."""
    ax = ax or plt.subplots()[1]
    ax.plot(*zip(*points, strict=True), "o", color=GREY, alpha=0.5, label="trials")
    ordered = sorted(best)
    ring = {"marker": "o", "markersize": 11, "fillstyle": "none", "markeredgewidth": 2}
    ax.plot(*zip(*ordered, strict=True), color=GREEN, linewidth=1, label="none is better", **ring)
    ax.legend()
    return ax


def durations(seconds: Mapping[str, float], ax: Axes | None = None) -> Axes:
    """Draw how long things took on a logarithmic scale, one row each, from the first on top."""
    ax = ax or plt.subplots(figsize=(7, 0.6 + 0.4 * len(seconds)))[1]
    low = 10.0 ** np.floor(np.log10(min(seconds.values())))
    ax.barh(list(seconds), list(seconds.values()), color=BLUE, height=0.6)
    for row, value in enumerate(seconds.values()):
        ax.annotate(_short(value), (value, row), (4, 0), textcoords="offset points", va="center")
    ax.set(xscale="log", xlim=(low, 4 * max(seconds.values())), xlabel="seconds")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.invert_yaxis()
    return ax


def _short(seconds: float) -> str:
    """Write seconds as far as they can be believed.

    >>> _short(0.0123), _short(1.234), _short(83.1)
    ('12 ms', '1.2 s', '83 s')
    """
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
