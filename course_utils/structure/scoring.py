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


def filter_norms(model: keras.Model | Channels, order: float = 2) -> Scores:
    """Score every channel by the norm of the filters that make it, L1 or L2, or any order from 0.

    Raises ValueError for an order that is negative or NaN, TypeError for what is no number.
    Source: Li et al. 2017 (arXiv 1608.08710), there L1.

    >>> from course_utils import models
    >>> filter_norms(models.lenet5())["conv1"].shape
    (20,)
    """
    order = checked_number(order, "order", 0, np.inf)
    return _summed(as_channels(model), "makes", lambda row: np.linalg.norm(row, order, axis=0))


def norm_scales(model: keras.Model | Channels) -> Scores:
    """Score every channel by the size of its scale in BatchNormalization, |γ|.

    Groups that no scale belongs to have no score. It means something after training with
    `slimming`. Source: Liu et al. 2017, network slimming (arXiv 1708.06519).

    >>> from course_utils import models
    >>> norm_scales(models.lenet5())
    {}
    """
    return _summed(as_channels(model), "scales", lambda row: np.abs(row).sum())


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
        change = _summed(channels, "reads", np.sum, products)
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
    measure: Callable[[np.ndarray], float],
    values: dict[int, np.ndarray] | None = None,
) -> Scores:
    """Measure what variables with that role hold of each channel; sum by channel."""
    groups = channels.groups.items()
    total: dict[int, float] = {}
    scored = {int(one) for _, group in groups for one in group.channels}
    for one in channels.slices:
        if one.role == role and (values is None or id(one.variable) in values):
            value = seen(one.variable) if values is None else values[id(one.variable)]
            for channel, weights in _by_channel(one, value):
                if channel in scored:
                    total[channel] = total.get(channel, 0) + measure(weights)
    return {
        name: np.array([total[one] for one in group.channels.tolist()])
        for name, group in groups
        if total.keys() >= {*group.channels.tolist()}
    }


def _by_channel(one: Slice, value: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the channels of a slice, and all weights of each in a row, in double precision."""
    found, counts = np.unique(one.ids, return_counts=True)
    places = np.split(np.argsort(one.ids, kind="stable"), np.cumsum(counts)[:-1])
    rows = np.moveaxis(value, one.axis, 0)
    for channel, place in zip(found.tolist(), places, strict=True):
        yield channel, rows[place].astype(np.float64, "C").reshape(-1)
