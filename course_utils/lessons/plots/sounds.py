"""Pictures of sounds and words: vowels by their formants, spectra, spectrograms, heads, records."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from course_utils.lessons.plots.comparing import label_ends
from course_utils.lessons.plots.style import COLOURS, GREY, LIGHT, ORANGE


def formant_chart(
    series: Mapping[str, np.ndarray], words: Sequence[str], ax: Axes | None = None
) -> Axes:
    """Draw vowels by their first two formants in Hz, {"men": (n, 2)}, each with its word.

    As phoneticians do: F2 to the left, F1 down, so that the tongue is where the point is. A line
    joins the points of each word, which is written at the last.
    """
    ax = ax or plt.subplots(figsize=(7.5, 4.6))[1]
    F1, F2 = np.array(list(series.values()), float).transpose(2, 0, 1)
    ax.plot(F2, F1, color=LIGHT, linewidth=1, zorder=0)
    for index, name in enumerate(series):
        marks = {"marker": "osD^vP"[index % 6], "color": COLOURS[index % 6]}
        ax.plot(F2[index], F1[index], **marks, linestyle="", label=name, markersize=6)
    for word, x, y in zip(words, F2[-1], F1[-1], strict=True):
        at = {"textcoords": "offset points", "ha": "right", "va": "center"}
        ax.annotate(word, (x, y), (-7, 0), color=GREY, fontsize=11, **at)
    ax.margins(x=0.12)
    ax.set(xlabel="second formant, F2 (Hz)", ylabel="first formant, F1 (Hz)")
    ax.invert_xaxis()
    ax.invert_yaxis()
    ax.legend()
    return ax


def spectra(series: Mapping[str, np.ndarray], highest: float, lines: Sequence[float]) -> Figure:
    """Draw spectra side by side in decibels, each (n,) from 0 to `highest` Hz, with `lines`."""
    fig, axes = plt.subplots(1, len(series), figsize=(3.1 * len(series), 2.8), squeeze=False)
    for index, (ax, (name, magnitudes)) in enumerate(zip(axes[0], series.items(), strict=True)):
        values = np.abs(magnitudes)
        decibels = 20 * np.log10(np.maximum(values / values.max(), 1e-4))
        ax.plot(np.linspace(0, highest / 1000, len(values)), decibels, linewidth=1)
        for at in lines:
            ax.axvline(at / 1000, color=ORANGE, linewidth=1, linestyle="--")
        ax.set(title=name, xlabel="kHz", ylim=(-75, 5))
        if index == 0:
            ax.set_ylabel("loudness (dB)")
    return fig


def spectrograms(pictures: Mapping[str, np.ndarray], ticks: Mapping[str, float]) -> Figure:
    """Draw spectrograms (frames, bands) under their names; `ticks`: which band is which pitch."""
    columns = min(5, len(pictures))
    rows = -(-len(pictures) // columns)
    size = (1.9 * columns + 0.4, 1.9 * rows)
    fig, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
    low = min(picture.min() for picture in pictures.values())
    high = max(picture.max() for picture in pictures.values())
    for ax in axes.flat[len(pictures) :]:
        ax.set_visible(False)
    for index, (ax, (name, picture)) in enumerate(zip(axes.flat, pictures.items(), strict=False)):
        ax.imshow(picture.T, origin="lower", aspect="auto", cmap="magma", vmin=low, vmax=high)
        ax.set_title(name, fontsize=11)
        ax.set_xticks([])
        first = index % columns == 0
        ax.set_yticks(list(ticks.values()), list(ticks) if first else [])
        ax.tick_params(labelsize=9)
    return fig


def heads(scores: np.ndarray, places: Sequence[str]) -> Figure:
    """Draw what each head looks at, scores (heads, n, n), for the last places, by what is there.

    Row by row: how much of a place's attention goes to which place.
    """
    n = len(places)
    fig, axes = plt.subplots(1, len(scores), figsize=(2.9 * len(scores), 3.1), squeeze=False)
    for index, (ax, seen) in enumerate(zip(axes[0], scores[:, -n:, -n:], strict=True)):
        ax.imshow(seen, cmap="Blues", vmin=0)
        ax.set(xticks=range(n), yticks=range(n), xticklabels=places, yticklabels=places)
        ax.tick_params(length=0, labelsize=9)
        ax.set_title(f"head {index}")
    return fig


def by_share(
    panels: Mapping[str, tuple[Sequence[float], Mapping[str, np.ndarray]]],
    label: str,
    floors: Mapping[str, float] | None = None,
    title: str = "",
) -> Figure:
    """Draw one panel a network, (shares, {"chance": (seeds, shares)}), over the share removed.

    Shares stand at equal distances. A dot for each seed, a line through the means; what is called
    chance is a control, and grey. `floors`: what each panel has to beat, as a dotted line.
    """
    rows = len(panels) // 4 + 1  # on a page four in a row could not be read
    size, shape = (1 + 3.3 * len(panels) / rows, 3.3 * rows), (rows, len(panels) // rows)
    fig, axes = plt.subplots(*shape, figsize=size, squeeze=False, sharey=floors is None)
    for ax, (name, (shares, series)) in zip(axes.flat, panels.items(), strict=True):
        for index, (word, runs) in enumerate(series.items()):
            look = {"color": GREY if word == "chance" else COLOURS[index % 6]}
            ax.plot(np.mean(runs, axis=0), label=word, **look)
            ax.plot(np.transpose(runs), ".", alpha=0.6, **look)
        if floors:
            ax.axhline(floors[name], color=GREY, linewidth=1, linestyle=":")
        ax.set(title=name, xlabel="share removed")
        ax.set_xticks(range(len(shares)), [f"{share:.0%}" for share in shares])
        ax.yaxis.set_major_formatter(PercentFormatter(1))
        label_ends(ax)
    fig.supylabel(label, fontsize=12)
    fig.suptitle(title, fontsize=12)
    return fig
