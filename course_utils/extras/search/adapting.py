"""Prune and retrain, on and on, for as long as the validation accuracy allows; then stop."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from course_utils import criteria, masking
from course_utils.arrays import Arrays, can_take, checked_number, whole
from course_utils.backend import build_optimizer, keras, model_of
from course_utils.pruning.attaching import attach, held_masks, hold
from course_utils.pruning.kernels import kernels, layouts
from course_utils.pruning.layers import read
from course_utils.pruning.selectors import Selectors
from course_utils.tables import Printed

# Keras counts in float32: 0.895 arrives as 0.89499998, which is not less.
SLACK = 1e-6


@dataclass(frozen=True)
class Round:
    """One attempt: the step, the sparsity and accuracy that it led to, and whether it stayed."""

    step: float
    sparsity: float
    accuracy: float
    accepted: bool


@dataclass(frozen=True)
class Adapted(Printed, words=("then",)):
    """How far adaptive pruning went; prints as a table of its rounds.

    `baseline` and `accuracy` are those before and after, `tolerance` what might be lost, `sparsity`
    where it ended.
    """

    baseline: float
    tolerance: float
    accuracy: float
    sparsity: float
    rounds: tuple[Round, ...]

    def table(self) -> list[tuple[str, ...]]:
        """Return headings and rows as text."""
        rows = [("round", "step", "sparsity", "accuracy", "then")]
        for number, one in enumerate(self.rounds, 1):
            shares = (f"{share:.2%}" for share in (one.step, one.sparsity, one.accuracy))
            rows.append((f"{number}", *shares, "goes on" if one.accepted else "taken back"))
        return rows

    def summary(self) -> list[str]:
        """Return the line below the table."""
        return [
            f"sparsity {self.sparsity:.2%}, accuracy {self.accuracy:.2%}; {self.baseline:.2%} "
            f"before, {100 * self.tolerance:.2f} points less allowed"
        ]


def adaptive(
    model: keras.Model,
    retrain: Callable[[keras.Model], object],
    accuracy: Callable[[keras.Model], float],
    tolerance: float,
    step: float = 0.2,
    *,
    min_step: float = 0.02,
    max_rounds: int = 50,
    criterion: Callable[[Arrays], Arrays] = criteria.magnitude,
    scope: str = "global",
    granularity: str = "weight",
    include: Selectors = None,
    exclude: Selectors = None,
) -> Adapted:
    """Prune `model` as far as the accuracy stays within the tolerance; return what happened.

    Each round takes the share `step` of the weights that are left, calls `retrain(model)`, and
    asks `accuracy(model)`, a number on validation data, the higher the better. If that is not
    below the first one by more than `tolerance` (in the same unit: 0.005 is half a point of
    accuracy), the next round goes on from there. If it is, the round is taken back, weights,
    optimizer and masks, and the step is halved. It ends when the step is less than `min_step`,
    nothing more can go, or after `max_rounds`. `criterion`, `scope`, `granularity`, `include` and
    `exclude` are those of `pruning.PruneOnSchedule`; what is pruned already stays so.

    The model is left at the last accepted round with its masks attached (all True if there was
    none), also where `retrain` or `accuracy` raises an error. The accuracy is that of the data
    it was chosen on, so it flatters: report another. A `retrain` that compiles the model anew
    starts with a new optimizer each time. Raises TypeError or ValueError, before anything is
    pruned, for settings outside their range and where `accuracy` returns no number, or NaN.
    Source of the cycle: Han et al. 2015 (arXiv 1506.02626).

    >>> from course_utils.models import article_cnn
    >>> found = adaptive(article_cnn(), lambda model: None, lambda model: 1.0, 0.01, max_rounds=2)
    >>> [round(one.sparsity, 2) for one in found.rounds]
    [0.2, 0.36]
    """
    checked_number(tolerance, "tolerance", 0, np.inf)
    checked_number(step, "step", 0, 1)
    if not 0 < checked_number(min_step, "min_step", 0, 1) <= step:
        raise ValueError("min_step must be more than 0, or it would never end, and at most step.")
    max_rounds, model = whole(max_rounds, "max_rounds", least=1), model_of(model)
    criteria.refuse_unfit(criterion)
    for name, function in {"retrain": retrain, "accuracy": accuracy}.items():
        if not can_take(function, 1):
            raise TypeError(f"{name} must be a function, not {function!r}: it gets the model.")
    chosen, axes = kernels(model, include, exclude), layouts(model)
    baseline, held = _number(accuracy(model)), held_masks(model)
    if not math.isfinite(baseline):
        raise ValueError(f"accuracy(model) is {baseline} before anything is pruned: it diverged.")
    attach(model, {n: held.get(n, np.ones((1,) * len(v.shape))) for n, v in chosen.items()})
    masks = {name: held_masks(model)[name] for name in chosen}
    reached, restore, rounds = (masking.sparsity(masks), baseline), _kept(model), []
    while step >= min_step and len(rounds) < max_rounds:
        arrays = {name: read(variable) for name, variable in chosen.items()}
        scores = masking.exclude(criteria.scored(criterion, arrays), masks)
        wanted = 1 - (1 - reached[0]) * (1 - step)
        ranked = masking.make_masks(scores, wanted, scope, granularity, layouts=axes)
        further = {name: ranked[name] & mask for name, mask in masks.items()}
        if masking.sparsity(further) == reached[0]:
            break  # nothing more can go
        try:
            attach(model, further)
            retrain(model)
            hold(model, further)  # whatever was written past the masks
            tried = (masking.sparsity(further), _number(accuracy(model)))
        except BaseException:
            restore()
            raise
        accepted = tried[1] >= baseline - tolerance - SLACK  # not for NaN
        rounds.append(Round(step, *tried, accepted))
        if accepted:
            masks, reached, restore = further, tried, _kept(model)
        else:
            restore()
            step /= 2
    return Adapted(baseline, tolerance, reached[1], reached[0], tuple(rounds))


def _number(accuracy: object) -> float:
    """Return what `accuracy` returned as a number; NaN is one, which no round is accepted for."""
    if np.ndim(accuracy) or np.asarray(accuracy).dtype.kind not in "biuf":
        raise TypeError(
            f"accuracy(model) must return one number, not {accuracy!r}: of "
            "model.evaluate(x, y, verbose=0) take the entry of the accuracy, [1]."
        )
    return float(accuracy)


def _kept(model: keras.Model) -> Callable[[], None]:
    """Return what puts a model back as it is now: its variables, its optimizer's, its masks."""
    build_optimizer(model)  # or there is no state of it to come back to
    optimizer, masks = getattr(model, "optimizer", None), held_masks(model)
    variables = [*model.variables, *(optimizer.variables if optimizer is not None else ())]
    values = [(variable, read(variable)) for variable in variables]

    def restore() -> None:
        attach(model, masks)
        for variable, value in values:
            variable.assign(value)

    return restore
