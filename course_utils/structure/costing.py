"""What a model would cost without some of its channels, before it is made."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from course_utils.backend import keras
from course_utils.masking import Masks
from course_utils.measuring.macs import work_of
from course_utils.pruning.kernels import used
from course_utils.pruning.layers import walk
from course_utils.structure.channels import Channels, as_channels


@dataclass(frozen=True, eq=False)
class Costs:
    """Two functions from masks to a cost of the smaller model: they count, and make nothing."""

    channels: Channels
    _macs: Counter[int]  # of kernels and of layers, by id()

    def macs(self, masks: Masks) -> int:
        """Return the multiply-accumulates for one example."""
        left = self._left(masks, self.channels.factors)
        return round(sum(macs * left[one] for one, macs in self._macs.items()))

    def parameters(self, masks: Masks) -> int:
        """Return the number of weights, those that are not trained included."""
        left = self._left(masks)
        return sum(round(math.prod(v.shape) * left[id(v)]) for v in self.channels.model.weights)

    def _left(self, masks: Masks, factors: Iterable[tuple] = ()) -> dict[int, float]:
        """Return which share of each variable is left, by id(); of what has no channels, all.

        `factors` say how often a kernel, or a layer's product, is used: these fall, too.
        """
        kept = self.channels.kept(masks)
        left: dict[int, float] = defaultdict(lambda: 1.0)
        sizes = ((one.variable, one.ids) for one in self.channels.slices)
        for what, ids in (*sizes, *factors):
            left[id(what)] *= float(kept(ids).mean())
        return left


def costs(model: keras.Model | Channels, inputs: object = None) -> Costs:
    """Return the costs of a model as functions of masks: `.macs` and `.parameters`.

    `inputs`, a batch, is needed where the model leaves the size of its inputs open.

    >>> from course_utils import models
    >>> price = costs(models.lenet5())
    >>> price.macs({}), price.macs({"conv2": 25 * [True] + 25 * [False]})
    (2293000, 1293000)
    """
    channels = as_channels(model)
    work = work_of(channels.model, inputs)
    named = {one.name: id(one.kept) for one in used(channels.model)}
    layers = {prefix.rstrip("/"): id(owners[-1]) for prefix, owners in walk(channels.model)}
    macs: Counter[int] = Counter()
    for names, counts in ((named, work.by_kernel), (layers, work.by_layer)):
        for name, count in counts.items():
            macs[names.get(name, 0)] += count  # 0: of what stays as it is
    return Costs(channels, macs)
