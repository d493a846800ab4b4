"""Pictures of images: digits in rows, the maps that a convolution makes of one."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure


def images(x: np.ndarray, titles: Sequence[object], ax: Axes | None = None) -> Axes:
    """Draw a row of grey images (n, height, width, 1) with a title above each."""
    x = np.asarray(x)[..., 0]
    ax = ax or plt.subplots(figsize=(7, 7 / len(x) + 0.4))[1]
    ax.imshow(_joined(x), cmap="gray_r")
    width = x.shape[2] + 2
    ax.set_xticks([width * (index + 0.5) for index in range(len(x))], [str(t) for t in titles])
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    return ax


def digit_rows(rows: Mapping[str, np.ndarray], ax: Axes | None = None) -> Axes:
    """Draw rows of grey images, {name: (n, height, width, 1)} in [0, 1], one name a row."""
    count, lines = max(map(len, rows.values())), [_joined(x[..., 0]) for x in rows.values()]
    ax = ax or plt.subplots(figsize=(0.62 * count + 1.4, 0.62 * len(rows)))[1]
    height, width = len(lines[0]), max(line.shape[1] for line in lines)
    canvas = np.concatenate([np.pad(x, ((0, 0), (0, width - x.shape[1]))) for x in lines])
    ax.imshow(canvas, cmap="gray_r", vmin=0, vmax=1)
    ax.set_yticks([height * (place + 0.5) for place in range(len(rows))], list(rows))
    ax.tick_params(length=0)
    ax.set_xticks([])
    ax.spines[:].set_visible(False)
    return ax


def feature_maps(maps: np.ndarray, titles: Sequence[object], columns: int = 8) -> Figure:
    """Draw maps (height, width, n), each with a title; orange is positive, purple negative.

    All share one scale, from minus to plus the largest size among them.
    """
    count = maps.shape[2]
    columns = min(columns, count)
    rows = -(-count // columns)
    size = (9.0, rows * (9.0 / columns + 0.3))
    fig, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
    limit = np.abs(maps).max() or 1.0
    for ax in axes.flat:
        ax.axis("off")
    for ax, index in zip(axes.flat, range(count), strict=False):
        ax.imshow(maps[:, :, index], cmap="PuOr_r", vmin=-limit, vmax=limit)
        ax.set_title(str(titles[index]), fontsize=10)
    return fig


def _joined(images: np.ndarray) -> np.ndarray:
    return np.concatenate([np.pad(image, 1) for image in images], axis=1)
