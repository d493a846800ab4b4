"""Rounds of pruning and retraining: what one does, whether it stays, and when there is no other."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from course_utils.arrays import checked_number
from course_utils.backend import keras
from course_utils.masking import Masks, sparsity
from course_utils.pruning.attaching import attach, held_masks
from course_utils.pruning.layers import read
from course_utils.structure.shrinking import shrink
from course_utils.tables import as_html, as_text

# Keras counts in float32: 0.895 arrives as 0.89499998, which is not less.
SLACK = 1e-6

Retrain = Callable[[keras.Model], object]
Accuracy = Callable[[keras.Model], float]


@dataclass(frozen=True)
class Round:
    """One attempt: the step, the sparsity and accuracy that it led to, and whether it stayed."""

    step: float
    sparsity: float
    accuracy: float
    accepted: bool

    def cells(self, number: int) -> tuple[str, ...]:
        """Return the row as text."""
        shares = (f"{share:.2%}" for share in (self.step, self.sparsity, self.accuracy))
        return (f"{number}", *shares, "goes on" if self.accepted else "taken back")


@dataclass(frozen=True)
class Adapted:
    """How far adaptive pruning went; prints as a table of its rounds.

    `baseline` and `accuracy` are those before and after, `tolerance` what might be lost, `sparsity`
    where it ended; of channels that is the share of all parameters that went.
    """

    baseline: float
    tolerance: float
    accuracy: float
    sparsity: float
    rounds: tuple[Round, ...]

    def table(self) -> list[tuple[str, ...]]:
        """Return headings and rows as text."""
        head = ("round", "step", "sparsity", "accuracy", "then")
        return [head, *(one.cells(number) for number, one in enumerate(self.rounds, 1))]

    def summary(self) -> list[str]:
        """Return the line below the table."""
        return [
            f"sparsity {self.sparsity:.2%}, accuracy {self.accuracy:.2%}; {self.baseline:.2%} "
            f"before, {100 * self.tolerance:.2f} points less allowed"
        ]

    def __str__(self) -> str:
        return as_text(self.table(), self.summary(), words=("then",))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return as_html(self.table(), self.summary())


@dataclass(frozen=True)
class Limits:
    """When a round is accepted, and when there is no further one."""

    baseline: float
    tolerance: float
    step: float
    smallest: float
    most: int

    def __post_init__(self) -> None:
        checked_number(self.tolerance, "tolerance", 0, np.inf)
        checked_number(self.step, "step", 0, 1)
        if checked_number(self.smallest, "smallest", 0, 1) == 0:
            raise ValueError("smallest must be more than 0, or it would never end.")

    def adapted(self, network: "Masked | Shrunk") -> Adapted:
        """Go on for as long as there is something to try."""
        step, rounds = self.step, []
        reached = (network.sparsity, self.baseline)
        while step >= self.smallest and len(rounds) < self.most:
            tried = network.attempt(step)
            if tried is None:
                break
            accepted = tried[1] >= self.baseline - self.tolerance - SLACK  # not for NaN
            network.settle(accepted)
            rounds.append(Round(step, *tried, accepted))
            reached, step = (tried, step) if accepted else (reached, step / 2)
        return Adapted(self.baseline, self.tolerance, reached[1], reached[0], tuple(rounds))


class Masked:
    """A model whose masks lose more and more weights; a round can be taken back."""

    def __init__(
        self,
        model: keras.Model,
        retrain: Retrain,
        accuracy: Accuracy,
        names: list[str],
        further: Callable[[Masks, float], Masks],
    ) -> None:
        self.model, self.names = model, names
        self.retrain, self.accuracy, self.further = retrain, accuracy, further
        self.state = _State(model)

    @property
    def masks(self) -> Masks:
        """The masks of the last accepted round."""
        return {name: self.state.masks[name] for name in self.names}

    @property
    def sparsity(self) -> float:
        """That of the last accepted round."""
        return sparsity(self.masks)

    def attempt(self, step: float) -> tuple[float, float] | None:
        """Return sparsity and accuracy of one round more; None where nothing more can go."""
        masks = self.further(self.masks, step)
        if sparsity(masks) == self.sparsity:
            return None
        try:
            attach(self.model, masks)
            self.retrain(self.model)
            return sparsity(masks), float(self.accuracy(self.model))
        except BaseException:
            self.state.restore()
            raise

    def settle(self, accepted: bool) -> None:
        """Take the round as the state to go on from, or take it back."""
        if accepted:
            self.state = _State(self.model)
        else:
            self.state.restore()


class Shrunk:
    """A model that is made anew with fewer and fewer channels; the one before is kept."""

    sparsity = 0.0  # at the start

    def __init__(
        self, model: keras.Model, retrain: Retrain, accuracy: Accuracy, further: Callable
    ) -> None:
        self.now = self.candidate = model
        self.whole = model.count_params()
        self.retrain, self.accuracy, self.further = retrain, accuracy, further

    def attempt(self, step: float) -> tuple[float, float] | None:
        """Return sparsity and accuracy of one round more; None where nothing more can go."""
        channels, masks = self.further(self.now, step)
        if all(mask.all() for mask in masks.values()):
            return None
        self.candidate, _ = shrink(channels, masks)
        self.retrain(self.candidate)
        gone = 1 - self.candidate.count_params() / self.whole
        return gone, float(self.accuracy(self.candidate))

    def settle(self, accepted: bool) -> None:
        """Go on from the smaller model, or from the one before it."""
        self.now = self.candidate if accepted else self.now


class _State:
    """All variables of a model and its optimizer, and its masks, to come back to."""

    def __init__(self, model: keras.Model) -> None:
        optimizer = model.optimizer if model.compiled else None
        if optimizer is not None and not optimizer.built:
            optimizer.build(model.trainable_variables)  # or there is no state to come back to
        variables = [*model.variables, *(optimizer.variables if optimizer is not None else ())]
        self.model, self.masks = model, held_masks(model)
        self._values = [(variable, read(variable)) for variable in variables]

    def restore(self) -> None:
        """Put everything back."""
        attach(self.model, self.masks)
        for variable, value in self._values:
            variable.assign(value)
