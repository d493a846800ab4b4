"""When zeros return: their share after single steps of a training."""

from collections.abc import Iterable

from course_utils import masking, pruning
from course_utils.pruning.steps import StepCallback, checked_steps


class ZeroCounter(StepCallback):
    """Record the sparsity of the prunable kernels after single optimizer steps.

    `sparsity` maps a step to the share of zeros; step 0 is the state before training. Steps are
    counted over all calls of `fit` with this callback. With `steps_per_execution` > 1 Keras
    reports only the end of each group of steps, and that step is recorded.
    """

    def __init__(self, steps: Iterable[int]) -> None:
        super().__init__()
        self.sparsity: dict[int, float] = {}
        self.steps = 0  # done so far, over all calls of `fit`
        self._wanted = checked_steps(steps)

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Record the state before the first step."""
        self._start = self.steps_made - self.steps  # a new optimizer counts from 0 again
        self._record()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Record the state after this step, if it was asked for."""
        super().on_train_batch_end(batch, logs)
        self._record()

    def _record(self) -> None:
        self.steps = self.steps_made - self._start
        if self._wanted and self.steps >= self._wanted[0]:
            self._wanted = [step for step in self._wanted if step > self.steps]
            self.sparsity[self.steps] = masking.sparsity(pruning.weights(self.model))
