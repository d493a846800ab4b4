"""What a model costs when some share of each kernel, or of each group of channels, goes."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from course_utils.backend import keras
from course_utils.costs import dense_bytes, sparse_bytes
from course_utils.extras.search.allocation import Shares
from course_utils.measuring.macs import work_of
from course_utils.pruning.kernels import kernels
from course_utils.pruning.layers import read
from course_utils.structure.channels import Channels, channel_groups
from course_utils.structure.choosing import Masks
from course_utils.structure.costing import costs

UNITS = ("parameters", "macs", "bytes")


@dataclass(frozen=True)
class Budgeting:
    """Two functions of shares: what would be left to pay, and which shares really go.

    Only whole weights and whole channels go, and of a group of channels one stays.
    """

    cost: Callable[[Shares], float]
    settled: Callable[[Shares], Shares]
    channels: Channels | None = None


def budgeting(
    names: Mapping[str, object], model: keras.Model | Channels, of: str, inputs: object = None
) -> Budgeting:
    """Return what a model costs in a unit, as a function of shares of what a scan named.

    >>> from course_utils.models import lenet5
    >>> priced = budgeting({"fc1/kernel": 0}, lenet5(), "parameters")
    >>> priced.cost({}), priced.cost({"fc1/kernel": 0.5})
    (431080, 231080)
    """
    if of not in UNITS:
        raise ValueError(f"of must be one of {UNITS}, not {of!r}; for time see plan_latency.")
    channels = channels_of(names, model)
    if channels is None:
        sizes = {name: int(np.prod(v.shape)) for name, v in kernels_of(names, model).items()}
        ways = {"parameters": _parameters, "macs": _macs, "bytes": _bytes}
        cost = ways[of](model, sizes, inputs)
        return Budgeting(cost, lambda shares: {n: _whole(s, sizes[n]) for n, s in shares.items()})
    price = getattr(costs(channels, inputs), of)
    return Budgeting(
        lambda shares: price(first_channels(channels, shares)),
        lambda shares: {n: _but_one(s, len(channels.groups[n])) for n, s in shares.items()},
        channels,
    )


def channels_of(names: Mapping[str, object], model: keras.Model | Channels) -> Channels | None:
    """Return the channels that a scan was of; None where it was of kernels.

    >>> from course_utils.models import lenet5
    >>> channels_of({"fc1/kernel": 0}, lenet5()) is None
    True
    """
    if not isinstance(model, Channels) and set(names) <= set(kernels(model)):
        return None
    channels = model if isinstance(model, Channels) else channel_groups(model)
    unknown = sorted(set(names) - set(channels.groups))
    if unknown:
        raise ValueError(
            f"the scan names {unknown}, which are neither kernels nor groups of channels of this "
            f"model; its groups are {sorted(channels.groups)}."
        )
    return channels


def first_channels(channels: Channels, shares: Shares) -> Masks:
    """Return masks that take a share of the channels, the first ones: what they cost is the same.

    >>> from course_utils.models import lenet5
    >>> first_channels(channel_groups(lenet5()), {"conv1": 0.25})["conv1"].sum()
    np.int64(15)
    """
    sizes = {name: len(channels.groups[name]) for name in shares}
    return {n: np.arange(sizes[n]) >= _gone(share, sizes[n]) for n, share in shares.items()}


def kernels_of(names: Mapping[str, object], model: keras.Model) -> dict[str, keras.Variable]:
    """Return the variables of the kernels named.

    >>> from course_utils.models import lenet5
    >>> list(kernels_of({"fc1/kernel": 0}, lenet5()))
    ['fc1/kernel']
    """
    return {name: variable for name, variable in kernels(model).items() if name in names}


def _parameters(model: keras.Model, sizes: Mapping[str, int], _: object) -> Callable:
    whole = model.count_params()
    return lambda shares: whole - sum(_zeros(s, sizes[n]) for n, s in shares.items())


def _macs(model: keras.Model, sizes: Mapping[str, int], inputs: object) -> Callable:
    work = work_of(model, inputs)
    uses = {name: work.by_kernel[name] // size for name, size in sizes.items()}
    return lambda shares: work.macs - sum(uses[n] * _zeros(s, sizes[n]) for n, s in shares.items())


def _bytes(model: keras.Model, sizes: Mapping[str, int], _: object) -> Callable:
    widths = {name: 8 * read(v).itemsize for name, v in kernels_of(sizes, model).items()}
    dense = {name: dense_bytes(size, widths[name]) for name, size in sizes.items()}
    whole = sum(read(variable).nbytes for variable in model.weights)

    def saved(name: str, share: float) -> int:
        stored = sparse_bytes(sizes[name], _whole(share, sizes[name]), widths[name])
        return max(dense[name] - stored, 0)  # whichever is smaller

    return lambda shares: whole - sum(saved(name, share) for name, share in shares.items())


def _zeros(share: float, size: int) -> int:
    return round(share * size)  # as make_masks counts


def _whole(share: float, size: int) -> float:
    return _zeros(share, size) / size


def _gone(share: float, size: int) -> int:
    return min(math.floor(share * size + 0.5), size - 1)  # as structure.choose counts


def _but_one(share: float, size: int) -> float:
    return _gone(share, size) / size
