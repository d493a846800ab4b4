"""What a model would cost without some of its channels, before it is made."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from course_utils.backend import keras
from course_utils.masking import Masks
from course_utils.measuring.macs import work_of
from course_utils.pruning.kernels import candidates
from course_utils.pruning.layers import walk
from course_utils.structure.calls import Kept
from course_utils.structure.channels import Channels, as_channels, slices_by_variable


@dataclass(frozen=True, eq=False)
class Costs:
    """Three functions from masks to a cost of the smaller model: they count, and make nothing."""

    channels: Channels
    _macs: dict[int, int]  # of kernels and of layers, by id()
    _ids: dict[int, list[np.ndarray]]  # along the axes of each variable
    _factors: dict[int, list[np.ndarray]]  # how often a kernel, or a layer's product, is used

    def macs(self, masks: Masks) -> int:
        """Return the multiply-accumulates for one example."""
        kept = self.channels.kept(masks)
        sizes, uses = _shares(self._ids, kept), _shares(self._factors, kept)
        return round(sum(macs * sizes[one] * uses[one] for one, macs in self._macs.items()))

    def parameters(self, masks: Masks) -> int:
        """Return the number of weights, those that are not trained included."""
        return sum(self._sizes(masks).values())

    def bytes(self, masks: Masks) -> int:
        """Return the bytes of all weights, in the types in which they are stored."""
        sizes = self._sizes(masks)
        widths = {id(v): np.dtype(_stored(v.dtype)).itemsize for v in self.channels.model.weights}
        return sum(size * widths[one] for one, size in sizes.items())

    def _sizes(self, masks: Masks) -> dict[int, int]:
        share = _shares(self._ids, self.channels.kept(masks))
        return {
            id(v): round(int(np.prod(v.shape)) * share[id(v)]) for v in self.channels.model.weights
        }


def costs(model: keras.Model | Channels, inputs: object = None) -> Costs:
    """Return the costs of a model as functions of masks: `.macs`, `.parameters`, `.bytes`.

    `inputs`, a batch, is needed where the model leaves the size of its inputs open.

    >>> from course_utils import models
    >>> price = costs(models.lenet5())
    >>> price.macs({}), price.macs({"conv2": np.arange(50) < 25})
    (2293000, 1293000)
    """
    channels = as_channels(model)
    work = work_of(channels.model, inputs)
    named = {found.name: id(found.variable) for found in candidates(channels.model) if found.stored}
    layers = {prefix.rstrip("/"): id(owners[-1]) for prefix, owners in walk(channels.model)}
    macs: dict[int, int] = defaultdict(int)
    for names, counts in ((named, work.by_kernel), (layers, work.by_layer)):
        for name, count in counts.items():
            macs[names[name]] += count
    ids = {one: [s.ids for s in some] for one, some in slices_by_variable(channels).items()}
    factors: dict[int, list[np.ndarray]] = defaultdict(list)
    for what, vector in channels.factors:
        factors[id(what)].append(vector)
    return Costs(channels, dict(macs), ids, dict(factors))


def _shares(vectors: dict[int, list[np.ndarray]], kept: Kept) -> dict[int, float]:
    """Return which share of each is left; of what is not named, all."""
    shares: dict[int, float] = defaultdict(lambda: 1.0)
    for one, every in vectors.items():
        for ids in every:
            shares[one] *= float(kept(ids).mean())
    return shares


def _stored(dtype: str) -> str:
    return "float16" if dtype == "bfloat16" else dtype  # of the same width; NumPy lacks it
