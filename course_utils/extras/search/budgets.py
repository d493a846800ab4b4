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
Priced = tuple[Cost, Settled]


def budgeting(
    names: Mapping[str, object], model: keras.Model | Channels, of: str, inputs: object = None
) -> Priced:
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
    if not isinstance(model, Channels) and set(names) <= set(kernels(model)):
        return _of_kernels(names, model, of, inputs)
    return _of_channels(names, model, of, inputs)


def _of_kernels(names: Mapping, model: keras.Model, of: str, inputs: object) -> Priced:
    sizes = {name: int(np.prod(v.shape)) for name, v in kernels(model).items() if name in names}
    whole, uses = model.count_params(), dict.fromkeys(sizes, 1)
    if of == "macs":
        work = work_of(model, inputs)
        whole, uses = work.macs, {n: work.by_kernel[n] // size for n, size in sizes.items()}

    def zeros(shares: Shares) -> dict[str, int]:
        return {name: count(share, sizes[name]) for name, share in shares.items()}

    return (
        lambda shares: whole - sum(uses[name] * n for name, n in zeros(shares).items()),
        lambda shares: {name: n / sizes[name] for name, n in zeros(shares).items()},
    )


def _of_channels(names: Mapping, model: keras.Model | Channels, of: str, inputs: object) -> Priced:
    channels = as_channels(model)
    sizes = {name: len(group) for name, group in channels.groups.items()}
    unknown = sorted(set(names) - set(sizes))
    if unknown:
        raise ValueError(
            f"the scan names {unknown}, neither kernels nor groups of channels: {sorted(sizes)}."
        )
    price = getattr(costs(channels, inputs), of)

    def gone(shares: Shares) -> dict[str, int]:
        return {n: min(count(s, sizes[n]), sizes[n] - 1) for n, s in shares.items()}

    return (
        # The first channels go: which ones makes no difference to what is left to pay.
        lambda shares: price({n: np.arange(sizes[n]) >= k for n, k in gone(shares).items()}),
        lambda shares: {name: n / sizes[name] for name, n in gone(shares).items()},
    )
