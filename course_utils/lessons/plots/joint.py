"""Pictures of joint compression: a codebook, what each stage saves."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_utils.lessons.plots.series import stacked
from course_utils.lessons.plots.style import GREY, RED


def codebook(kept: np.ndarray, values: Sequence[float], ax: Axes | None = None) -> Axes:
    """Draw the weights that are left, grey, and the values that they will share, as red lines."""
    ax = ax or plt.subplots()[1]
    ax.hist(np.ravel(kept), bins=80, color=GREY, alpha=0.5)
    for value in values:
        ax.axvline(value, color=RED, linewidth=1.2)
    ax.set(xlabel="weight w", ylabel="number of weights")
    ax.set_title(f"{len(values)} shared values")
    return ax


def stages(
    parts: Mapping[str, Mapping[str, float]], notes: Mapping[str, str], ax: Axes | None = None
) -> Axes:
    """Draw one stacked bar a stage, {"shared": {"gaps": bytes, …}}, in kilobytes, with a note.

    Parts have the order of the first stage; a note, such as the error, stands behind its bar.
    """
    ax = ax or plt.subplots(figsize=(8, 0.6 + 0.5 * len(parts)))[1]
    kilo = {s: {kind: size / 1000 for kind, size in part.items()} for s, part in parts.items()}
    left = stacked(kilo, "{:.1f}", ax)
    for place, stage in enumerate(parts):
        text = f" {left[place]:.1f} kB{notes.get(stage, '')}"
        ax.text(left[place], place, text, va="center", color=GREY, fontsize=11)
    ax.set(xlabel="kilobytes", xlim=(0, 1.45 * max(left)))
    ax.legend(loc="lower right")
    return ax
