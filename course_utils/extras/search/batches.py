"""Examples in batches of one size, and as many of these at once as memory allows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from course_utils.backend import keras


class Batches:
    """Inputs and labels of a model in batches of equal size.

    All of one size, so that nothing is compiled twice: the last one reaches back into the batch
    before it, and what it has of that is not counted again.
    """

    def __init__(self, model: keras.Model, x: object, y: object, size: int) -> None:
        self.count = len(keras.tree.flatten(x)[0])
        if not isinstance(size, int | np.integer) or isinstance(size, bool) or size < 1:
            raise ValueError(f"batch_size must be a whole number of at least 1, not {size!r}.")
        lengths = {len(array) for array in keras.tree.flatten((x, y))}
        if lengths != {self.count} or not self.count:
            raise ValueError(f"x and y must hold the same number of examples, not {lengths}.")
        self.x, self.y, self.size = x, y, min(size, self.count)
        self.largest = 0  # examples in the largest chunk so far
        # Brings arrays to the tensors that the model takes, as the model itself does.
        sequential = isinstance(model, keras.Sequential)
        self.entrance = keras.Model(model.inputs[0] if sequential else model.input, model.inputs)

    def first(self) -> list[object]:
        """Return the model's inputs of the first example."""
        return self._tensors(slice(0, 1))

    def chunks(self, most: int) -> Iterator["Chunk"]:
        """Yield chunks of at most so many examples, but of one batch at least."""
        starts = range(0, self.count, self.size)
        each = max(most // self.size, 1)
        for first in range(0, len(starts), each):
            some = starts[first : first + each]
            self.largest = max(self.largest, len(some) * self.size)
            yield Chunk(self, [(min(start, self.count - self.size), start) for start in some])

    def part(self, data: object, rows: slice) -> object:
        """Return some rows of every array."""
        return keras.tree.map_structure(lambda array: array[rows], data)

    def _tensors(self, rows: slice) -> list[object]:
        return keras.tree.flatten(self.entrance(self.part(self.x, rows)))


@dataclass(frozen=True)
class Chunk:
    """Some batches: where each starts, and from where on its examples count."""

    batches: Batches
    starts: list[tuple[int, int]]

    def inputs(self) -> list[list[object]]:
        """Return the model's inputs, batch by batch."""
        size = self.batches.size
        return [self.batches._tensors(slice(start, start + size)) for start, _ in self.starts]

    def total(self, measure: Callable, outputs: Iterator[object]) -> float:
        """Return the sum of what is measured over all examples that count."""
        total = 0.0
        for (start, counts), made in zip(self.starts, outputs, strict=True):
            labels = self.batches.part(self.batches.y, slice(start, start + self.batches.size))
            found = np.asarray(measure(made, labels))
            if found.shape != (self.batches.size,):
                raise ValueError(
                    "measure must return one number for each example, an array of shape "
                    f"({self.batches.size},), not {found.shape}."
                )
            total += float(found[counts - start :].sum())
        return total
