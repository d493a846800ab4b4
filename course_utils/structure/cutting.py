"""Where something goes from a model: which layers change, and what is left of an array."""

from collections import defaultdict

import numpy as np

from course_utils.backend import keras
from course_utils.structure.calls import Kept, Slice
from course_utils.structure.channels import Channels
from course_utils.structure.symbolic import has_graph


class Cuts:
    """Where something goes: which layers change, and what is left of an array."""

    def __init__(self, channels: Channels, kept: Kept) -> None:
        self.calls, self.kept = channels.walk.calls, kept
        self.flows, self.looks = channels.walk.inputs, channels.walk.looks
        self._slices: dict[int, list[Slice]] = defaultdict(list)
        for one in channels.slices:
            if not kept(one.ids).all():
                self._slices[id(one.variable)].append(one)
        self._known: dict[int, bool] = {}

    def left(self, variable: keras.Variable, array: np.ndarray) -> np.ndarray:
        """Return what is left of a variable's value, or of an array of the same shape."""
        for one in self._slices.get(id(variable), ()):
            array = np.compress(self.kept(one.ids), array, axis=one.axis)
        return array

    def cut_sizes(self, variable: keras.Variable) -> set[int]:
        """Return how long the axes are along which something of a variable goes."""
        return {variable.shape[one.axis] for one in self._slices.get(id(variable), ())}

    def changes(self, layer: keras.Operation) -> bool:
        """Tell whether a layer, or a model in the model, becomes another."""
        if id(layer) not in self._known:
            self._known[id(layer)] = self._changes(layer)
        return self._known[id(layer)]

    def is_opened(self, layer: keras.Operation) -> bool:
        """Tell whether a layer of layers is looked into, so that a model can be in its place."""
        return id(layer) in self.looks and id(layer) not in self.calls

    def narrows(self, layer: keras.Operation) -> bool:
        """Tell whether less flows through a layer."""
        call = self.calls.get(id(layer))
        flows = [*call.flows, *call.outputs] if call else []
        return not all(self.kept(flow.ids).all() for flow in flows)

    def _changes(self, layer: keras.Operation) -> bool:
        if self.is_opened(layer):
            return self.changes(self.looks[id(layer)].model)
        if has_graph(layer) and id(layer) not in self.calls:
            flows = self.flows.get(id(layer), [])
            inside = layer.operations if hasattr(layer, "operations") else layer.layers
            narrower = not all(self.kept(flow.ids).all() for flow in flows)
            return narrower or any(map(self.changes, inside))
        call = self.calls.get(id(layer))
        if call is None:
            return False
        cut = any(self.cut_sizes(one.variable) for one in call.slices)
        return cut or (bool(call.edits) and self.narrows(layer))
