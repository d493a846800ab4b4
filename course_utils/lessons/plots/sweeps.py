"""Pictures of many trials: the best among them, rounds that stay or go, and what things took."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, FuncFormatter, NullLocator, PercentFormatter

from course_utils.lessons.plots.choices import by_compression
from course_utils.lessons.plots.style import GREY, LIGHT, line


def best_so_far(
    values: Mapping[str, Sequence[float]],
    ax: Axes | None = None,
    colours: Mapping[str, str] | None = None,
) -> Axes:
    """Draw, trial by trial, every value as a mark and the best up to there as stairs, a name each.

    The largest is the best. NaN is left out, as is a trial that failed. `colours` may give names
    their own colours.
    """
    ax = ax or plt.subplots()[1]
    for index, (name, found) in enumerate(values.items()):
        look, at = line(index), np.arange(1, len(found) + 1)
        look["color"] = (colours or {}).get(name, look["color"])
        ax.plot(at, found, "osD^vP"[index % 6], color=look["color"], alpha=0.4, markersize=4)
        stairs = np.fmax.accumulate(np.asarray(found, float))
        ax.step(at, stairs, where="post", label=name, **look)
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.set_xlabel("trials")
    ax.legend()
    return ax


def rounds(
    points: Sequence[tuple[float, float, bool]], band: tuple[float, float], ax: Axes | None = None
) -> Axes:
    """Draw rounds (sparsity, accuracy, whether it stayed), and the band (lowest, dense) promised.

    Those that stayed are joined from left to right; those taken back are crosses.
    """
    ax = ax or plt.subplots()[1]
    ax.axhspan(*band, color=LIGHT, linewidth=0, label="tolerance, below the dense network")
    ways = (True, "o-", "goes on", "black"), (False, "x", "taken back", GREY)
    for stays, look, label, colour in ways:
        if kept := [(s, a) for s, a, accepted in points if accepted == stays]:
            ax.plot(*zip(*kept, strict=True), look, color=colour, label=label, markersize=7)
    ax.set_ylabel("validation accuracy")
    end = 1 - (1 - max(s for s, _, _ in points)) / 1.2
    by_compression([s for s in (0.2, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995) if s <= end], ax)
    ax.set_xlim(0, end)
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
    ax.legend(loc="lower left")
    return ax


def durations(seconds: Mapping[str, float], ax: Axes | None = None) -> Axes:
    """Draw how long things took on a logarithmic scale, one row each, from the first on top."""
    ax = ax or plt.subplots(figsize=(7, 0.6 + 0.4 * len(seconds)))[1]
    low, written = 10.0 ** np.floor(np.log10(min(seconds.values()))), EngFormatter("s", places=1)
    ax.barh(list(seconds), list(seconds.values()), color=GREY, height=0.6)
    for row, value in enumerate(seconds.values()):
        ax.annotate(written(value), (value, row), (4, 0), textcoords="offset points", va="center")
    ax.set(xscale="log", xlim=(low, 4 * max(seconds.values())), xlabel="seconds")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.invert_yaxis()
    return ax
