"""How much does each channel matter?  model, or its channels -> {group: scores}

What scores lowest goes first. A channel's score is summed over all layers that make it (or, for
`taylor`, that read it), since all of them lose it together.
"""

from collections.abc import Callable, Iterator

import numpy as np

from course_utils.arrays import Scores, checked_number, whole
from course_utils.backend import keras
from course_utils.masking import checked_scores
from course_utils.pruning import kernels
from course_utils.pruning.derivatives import data_for, gradients_of
from course_utils.pruning.examples import steps
from course_utils.pruning.layers import read, seen
from course_utils.structure.calls import Slice
from course_utils.structure.channels import Channels, as_channels

# Weights: a channel by itself is read slowly, and all at once fall out of the cache.
_AT_ONCE = 2**18


def filter_norms(model: keras.Model | Channels, order: float = 2) -> Scores:
    """Score every channel by the norm of the filters that make it, L1 or L2, or any order from 0.

    Raises ValueError for an order that is negative or NaN, TypeError for what is no number.
    Source: Li et al. 2017 (arXiv 1608.08710), there L1.

    >>> from course_utils import models
    >>> filter_norms(models.lenet5())["conv1"].shape
    (20,)
    """
    order = checked_number(order, "order", 0, np.inf)
    return _summed(as_channels(model), "makes", lambda rows: np.linalg.norm(rows, order, axis=1))


def norm_scales(model: keras.Model | Channels) -> Scores:
    """Score every channel by the size of its scale in BatchNormalization, |γ|.

    Groups that no scale belongs to have no score. It means something after training with
    `slimming`. Source: Liu et al. 2017, network slimming (arXiv 1708.06519).

    >>> from course_utils import models
    >>> norm_scales(models.lenet5())
    {}
    """
    return _summed(as_channels(model), "scales", lambda rows: np.abs(rows).sum(axis=1))


def taylor(
    model: keras.Model | Channels, x: object, y: object = None, batch_size: int = 128
) -> Scores:
    """Score every channel by the change in the loss, to first order, if it read as 0, squared.

    (Σ g · w)² over all weights that read the channel, averaged over batches: that sum is the
    derivative of a batch's mean loss with respect to a gate on the channel. With batch_size=1 the
    average is over single examples, as in `criteria.taylor`. Loss and data are those of
    `pruning.gradients`, so the model must be compiled, and a dataset may stand for `x` and `y`.
    Raises what that raises. Source: Molchanov et al. 2019 (arXiv 1906.10771), whose code averages
    over batches, too, there with the gate behind the layer that makes the channel.

    >>> from course_utils import models
    >>> taylor(models.lenet5(), np.ones((4, 28, 28, 1)), np.zeros(4))["fc1"].shape
    (500,)
    """
    channels = as_channels(model)
    variables = kernels(channels.model)
    weights = {name: read(variable) for name, variable in variables.items()}
    total: Scores = {}
    parts = [*steps(channels.model, data_for(channels.model, x, y), batch_size)]
    for part in parts:
        g = gradients_of(channels.model, part)
        products = {id(variables[name]): g[name] * W for name, W in weights.items()}
        change = _summed(channels, "reads", lambda rows: rows.sum(axis=1), products)
        for name, values in change.items():
            total[name] = total.get(name, 0) + values**2
    return {name: values / len(parts) for name, values in total.items()}


def random(model: keras.Model | Channels, seed: int = 0) -> Scores:
    """Score every channel by chance: the control that any criterion has to beat.

    >>> from course_utils import models
    >>> random(models.lenet5())["conv1"].shape
    (20,)
    """
    rng = np.random.default_rng(whole(seed, "seed"))
    return {name: rng.random(len(group)) for name, group in as_channels(model).groups.items()}


def relative(scores: Scores) -> Scores:
    """Return scores divided by the mean of their group, so that groups can be ranked together.

    Filters of a wide layer have larger norms than those of a narrow one, and matter no more.
    Raises TypeError or ValueError for what is no dictionary of finite scores.

    >>> relative({"a": np.array([1.0, 3.0])})["a"].tolist()
    [0.5, 1.5]
    """
    found = checked_scores(scores)
    return {name: values / (np.abs(values).mean() or 1.0) for name, values in found.items()}


def _summed(
    channels: Channels,
    role: str,
    measure: Callable[[np.ndarray], np.ndarray],
    values: dict[int, np.ndarray] | None = None,
) -> Scores:
    """Measure what variables with that role hold of each channel; sum by channel."""
    groups, total = channels.groups, np.zeros(len(channels.roots))
    scored, known = np.zeros((2, len(total)), bool)
    scored[[one for group in groups.values() for one in group.channels]] = True
    for one in channels.slices:
        if one.role == role and (values is None or id(one.variable) in values):
            value = seen(one.variable) if values is None else values[id(one.variable)]
            for some, rows in _by_channel(one, value, scored):
                total[some] += measure(rows)
                known[some] = True
    return {name: total[g.channels] for name, g in groups.items() if known[g.channels].all()}


def _by_channel(
    one: Slice, value: np.ndarray, scored: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield some channels of a slice, and all weights of each in a row, in double precision."""
    found, first, counts = np.unique(np.sort(one.ids), return_index=True, return_counts=True)
    order = np.argsort(one.ids, kind="stable")
    for count in np.unique(counts):
        alike = np.flatnonzero((counts == count) & scored[found])
        length = count * (value.size // len(order))
        for some in np.array_split(alike, max(1, len(alike) * length // _AT_ONCE)):
            block = value.take(order[np.add.outer(first[some], np.arange(count)).ravel()], one.axis)
            rows = np.moveaxis(block, one.axis, 0).astype(np.float64, "C")
            yield found[some], rows.reshape(len(some), length)
