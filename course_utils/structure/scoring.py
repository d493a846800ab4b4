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

_AT_ONCE = 2**20  # numbers in double precision


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


def geometric_median(model: keras.Model | Channels) -> Scores:
    """Score every channel by the distances of its filter from all others of its layer.

    The one nearest to the others is the one that they can replace. Source: He et al. 2019 (arXiv
    1811.00250).

    >>> from course_utils import models
    >>> geometric_median(models.lenet5())["conv2"].shape
    (50,)
    """
    return _summed(as_channels(model), "makes", _distances, at_once=True)


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
    at_once: bool = False,
) -> Scores:
    """Measure the rows of each variable with that role, one row a channel; sum by channel."""
    total = np.zeros(1 + max((int(g.channels.max()) for g in channels.groups.values()), default=0))
    known = np.zeros(len(total), bool)
    for one in channels.slices:
        if one.role == role and (values is None or id(one.variable) in values):
            value = seen(one.variable) if values is None else values[id(one.variable)]
            for found, rows in _rows(one, value, at_once):
                inside = found < len(total)
                np.add.at(total, found[inside], measure(rows)[inside])
                known[found[inside]] = True
    return {
        name: total[group.channels]
        for name, group in channels.groups.items()
        if known[group.channels].all()
    }


def _rows(one: Slice, value: np.ndarray, at_once: bool) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield channels of a slice, and for each of them all its weights in one row.

    Some at a time, as in double precision a large layer would take twice its memory.
    """
    found, counts = np.unique(one.ids, return_counts=True)
    order = np.argsort(one.ids, kind="stable")
    starts = np.cumsum(counts) - counts
    rows = np.moveaxis(value, one.axis, 0)
    # Each as often, such as the gates of a recurrent unit: these lie side by side.
    alike = (counts == counts[0]).all()
    some = len(found) if at_once or not alike else max(1, _AT_ONCE * len(found) // value.size)
    for first in range(0, len(found), some):
        part = order[first * counts[0] : (first + some) * counts[0]] if alike else order
        weights = rows[part].astype(np.float64, "C").reshape(len(part), -1)
        if alike:
            weights = weights.reshape(len(part) // counts[0], -1)
        else:
            weights = np.sqrt(np.add.reduceat(weights**2, starts, axis=0))
        yield found[first : first + some], weights


def _distances(rows: np.ndarray) -> np.ndarray:
    squares = (rows**2).sum(axis=1)
    apart = squares[:, None] + squares[None] - 2 * rows @ rows.T
    return np.sqrt(np.maximum(apart, 0)).sum(axis=1)
