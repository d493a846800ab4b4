"""What a model costs when some share of each kernel, or of each group of channels, goes."""

from collections.abc import Callable, Mapping

import numpy as np

from course_utils.arrays import count
from course_utils.backend import keras
from course_utils.extras.search.allocation import Cost, Shares
from course_utils.measuring.macs import work_of
from course_utils.pruning.kernels import kernels
from course_utils.structure.channels import Channels, as_channels
from course_utils.structure.costing import costs

UNITS = ("parameters", "macs")
Settled = Callable[[Shares], Shares]  # to whole weights, or whole channels of which one stays
Priced = tuple[dict[str, int], Callable[[dict[str, int]], float]]  # sizes; how many go -> cost


def budgeting(
    names: Mapping[str, object], model: keras.Model | Channels, of: str, inputs: object = None
) -> tuple[Cost, Settled]:
    """Return two functions of shares: what would be left to pay, and which shares really go.

    The names, those of a scan, are all kernels or all groups of channels. Raises ValueError where
    they are neither, and for an unknown unit.

    >>> from course_utils.models import lenet5
    >>> cost, settled = budgeting({"fc1/kernel": 0}, lenet5(), "parameters")
    >>> cost({}), cost({"fc1/kernel": 0.5})
    (431080, 231080)
    """
    if of not in UNITS:
        raise ValueError(f"of must be one of {', '.join(UNITS)}, not {of!r}.")
    of_kernels = not isinstance(model, Channels) and set(names) <= set(kernels(model))
    sizes, price = (_of_kernels if of_kernels else _of_channels)(names, model, of, inputs)
    most = {name: size - (not of_kernels) for name, size in sizes.items()}  # one channel stays

    def gone(shares: Shares) -> dict[str, int]:
        return {name: min(count(share, sizes[name]), most[name]) for name, share in shares.items()}

    return (
        lambda shares: price(gone(shares)),
        lambda shares: {name: n / sizes[name] for name, n in gone(shares).items()},
    )


def _of_kernels(names: Mapping, model: keras.Model, of: str, inputs: object) -> Priced:
    sizes = {name: int(np.prod(v.shape)) for name, v in kernels(model).items() if name in names}
    whole, uses = model.count_params(), dict.fromkeys(sizes, 1)
    if of == "macs":
        work = work_of(model, inputs)
        whole, uses = work.macs, {n: work.by_kernel[n] // size for n, size in sizes.items()}
    return sizes, lambda gone: whole - sum(uses[name] * n for name, n in gone.items())


def _of_channels(names: Mapping, model: keras.Model | Channels, of: str, inputs: object) -> Priced:
    channels = as_channels(model)
    sizes = {name: len(group) for name, group in channels.groups.items()}
    unknown = sorted(set(names) - set(sizes))
    if unknown:
        raise ValueError(
            f"the scan names {unknown}, which are neither kernels nor groups of channels of this "
            f"model; its groups are {sorted(sizes)}."
        )
    price = getattr(costs(channels, inputs), of)
    # The first channels go: which ones makes no difference to what is left to pay.
    return sizes, lambda gone: price({a: np.arange(sizes[a]) >= n for a, n in gone.items()})
