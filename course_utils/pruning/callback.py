"""Prune while the model trains: an ordinary Keras callback that follows a schedule."""

import math
import warnings
from collections.abc import Callable

import numpy as np

from course_utils import criteria, regrowth, schedules
from course_utils.arrays import Arrays, Weights, can_take, checked_dict, checked_number, whole
from course_utils.backend import build_optimizer
from course_utils.masking import GRANULARITIES, SCOPES, Masks, exclude, make_masks, sparsity
from course_utils.masking.collapse import warn
from course_utils.pruning.attaching import held_masks, hold, regrown, remembered, restore
from course_utils.pruning.kernels import kernels, layouts, weights
from course_utils.pruning.selectors import Selectors, as_list
from course_utils.pruning.steps import StepCallback
from course_utils.schedules import Schedule

# So many zeros an initializer draws by chance, in the coarsest type, bfloat16: not worth a warning.
_BY_CHANCE = 0.01


class PruneOnSchedule(StepCallback):
    """Bring the masks, before each step, to the sparsity that the schedule asks for.

    `schedule` gives the sparsity of all chosen kernels together for the number of optimizer steps
    made so far (`optimizer.iterations`, as for learning rates; compile anew to count from 0). Where
    a train step of your own leaves `model.optimizer` alone, as a GAN's does, every batch is a step,
    over all calls of `fit` with this callback.
    Masks change only where its value changes. `criterion` is called with the weights as they are;
    one that needs more takes it from around it: `lambda w: criteria.taylor(w,
    pruning.gradients(model, x, y, reduce="size"))`. `scope`, `granularity` and `min_kept` are those
    of `masking.make_masks`. What is pruned stays so, unless `regrow` (see `regrowth`) says else.
    `include` and `exclude` choose kernels as in `pruning.kernels`.

    Put it first in the list of callbacks, so that the others find "sparsity" in the logs: the
    progress bar, History, CSVLogger, TensorBoard. Between two steps nothing changes, so that every
    checkpoint is as sparse as its logs say. A training that goes on from a saved model, or under
    BackupAndRestore, reads the masks back off the zeros. So does one that goes on from weights
    alone, whose steps start at 0: it is never less sparse than what came in, waits until the
    schedule asks for more, and warns, since an initializer's zeros look the same. (A kernel of
    nothing but zeros is not taken for pruned.) `EarlyStopping(restore_best_weights=True)`
    may bring back an epoch that was less sparse, which is cut: start it after the schedule's end.

    In a training loop of your own: `set_model(model)` once, `update(step)` before each step.

    >>> from course_utils import models, schedules
    >>> model = models.article_cnn()
    >>> pruner = PruneOnSchedule(schedules.one_shot(0.5, at=1))
    >>> x, y = np.ones((64, 28, 28, 1)), np.zeros(64)
    >>> _ = model.fit(x, y, batch_size=32, verbose=0, callbacks=[pruner])
    >>> pruner.history
    {0: 0.0, 1: 0.5}
    """

    def __init__(
        self,
        schedule: Schedule,
        criterion: Callable[[Arrays], Arrays] = criteria.magnitude,
        scope: str = "global",
        granularity: str = "weight",
        regrow: regrowth.Regrowth | None = None,
        *,
        min_kept: int = 1,
        include: Selectors = None,
        exclude: Selectors = None,
    ) -> None:
        super().__init__()
        criteria.refuse_unfit(criterion)
        if not can_take(schedule, 1) or schedule in vars(schedules).values():
            raise TypeError(
                f"schedule must be a function from step to sparsity, not {schedule!r}. "
                "For a fixed sparsity write schedules.constant(0.8)."
            )
        if scope not in SCOPES or granularity not in GRANULARITIES:
            raise ValueError(
                f"scope must be one of {SCOPES} and granularity one of {GRANULARITIES}, "
                f"not {scope!r} and {granularity!r}."
            )
        if regrow is not None and not isinstance(regrow, regrowth.Regrowth):
            raise TypeError(
                "regrow must be a regrowth.Regrowth, such as regrowth.surgery() or "
                f"regrowth.sparse_evolution(fraction=0.3), not {regrow!r}."
            )
        if regrow is not None and granularity != "weight":
            raise ValueError("regrow moves single weights: it needs granularity 'weight'.")
        self.schedule, self.criterion, self.regrow = schedule, criterion, regrow
        min_kept = whole(min_kept, "min_kept")
        self.ranking = {"scope": scope, "granularity": granularity, "min_kept": min_kept}
        self.include, self.exclude = as_list(include), as_list(exclude)
        self.masks: Masks = {}
        self.requested = 0.0  # what the schedule asked for last
        self.history: dict[int, float] = {}  # sparsity of the masks, by the step it began at
        self._started = self._warned = False
        self._seen = math.inf  # the step at which regrowth was last looked at

    @property
    def sparsity(self) -> float:
        """The share of zeros in the masks that are held now."""
        return next(reversed(self.history.values()), 0.0)

    def update(self, step: int) -> None:
        """Bring the masks to what the schedule asks for at `step`, the number of steps made."""
        wanted = checked_number(self.schedule(step), "the schedule's sparsity", 0, 1)
        if not self._started:
            self._start(step, wanted)
        moves = self.regrow is not None and self.regrow.due(step, self._seen)
        self._seen = step
        if wanted != self.requested or moves:
            self._hold(self._next_masks(wanted, step, moves), step)
            self.requested = wanted

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Look at the model anew: it may have been trained, loaded or rewound since."""
        self._started = False
        if last := getattr(self.model, "history", None):  # Keras's own callback, after all others
            last.on_train_end = lambda logs=None: (vars(last).pop("on_train_end"), self._zero())
        build_optimizer(self.model)  # or the first step takes twice as long

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Prune, if it is time; what other callbacks see at the end of the batch is settled."""
        super().on_train_batch_begin(batch, logs)
        self.update(self.steps_made)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Add the sparsity to the logs."""
        super().on_train_batch_end(batch, logs)
        self.on_epoch_end(batch, logs)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Add the sparsity to the logs."""
        if logs is not None:
            logs["sparsity"] = self.sparsity

    def on_train_end(self, logs: dict | None = None) -> None:
        """Follow the schedule to its last step, and zero what was written past the masks."""
        seen, self._seen = self._seen, self.steps_made  # nothing grows that no step would train
        self.update(self.steps_made)
        self._seen = seen
        self._zero()

    def _start(self, step: int, wanted: float) -> None:
        names, held = kernels(self.model, self.include, self.exclude), held_masks(self.model)
        masks = {name: held[name] for name in names if name in held}
        if len(masks) < len(names):
            masks = self._masks_off_zeros(step, wanted, masks)
        self._started, self._seen = True, min(self._seen, step)
        # Of another model, or before compiling anew, the same steps were others.
        self.history = {before: share for before, share in self.history.items() if before < step}
        self.requested = 0.0  # what is pruned already stays; the schedule is asked anew
        self._hold(masks, step)

    def _masks_off_zeros(self, step: int, wanted: float, held: Masks) -> Masks:
        """Return masks where there are none yet off the zeros: the training may be going on."""
        masks = {name: W != 0 for name, W in self._weights().items()} | held
        if step > 0 and self.schedule(step - 1) > 0:
            if sparsity(masks) == 0 and wanted != self.schedule(0):
                raise ValueError(
                    f"the optimizer has made {step} steps, and the schedule asks for "
                    f"{wanted:.1%} sparsity by now, but nothing is pruned yet. To prune a trained "
                    "model gradually, compile it anew, so that steps count from 0, or give a "
                    f"schedule that begins later: lambda step: schedule(max(step - {step}, 0))."
                )
            return masks
        masks = {n: mask if mask.any() or n in held else ~mask for n, mask in masks.items()}
        zeros = {n: sparsity(m) for n, m in masks.items() if n not in held and not m.all()}
        if zeros and sparsity({name: masks[name] for name in zeros}) > max(_BY_CHANCE, wanted):
            found = ", ".join(f"{name} {share:.1%}" for name, share in zeros.items())
            warnings.warn(
                f"at step {step}, where the schedule has pruned nothing yet, weights are 0 already "
                f"({found}). They are taken for pruned, and held, and no more are pruned "
                "until the schedule asks for more. If they are to train (an initializer's zeros), "
                "attach masks of ones first: pruning.attach(model, {name: numpy.ones_like(W)}).",
                stacklevel=2,
            )
        return masks

    def _next_masks(self, wanted: float, step: int, moves: bool) -> Masks:
        arrays = self._weights()
        scores = criteria.scored(self.criterion, arrays)
        masks, rule = self.masks, self.regrow
        if rule is not None and rule.surgery and not rule.over(step):
            more = rule.hysteresis - 1  # what is in place counts more, so that no weight flickers
            scores = {n: S + np.where(masks[n], more * np.abs(S), 0) for n, S in scores.items()}
            return make_masks(scores, wanted, layouts=layouts(self.model), **self.ranking)
        if wanted > self.requested:
            scores_left = exclude(scores, masks)
            ranked = make_masks(scores_left, wanted, layouts=layouts(self.model), **self.ranking)
            masks = {name: ranked[name] & mask for name, mask in masks.items()}
        elif wanted < self.requested:
            if wanted > 0:
                raise ValueError(
                    f"the schedule falls from {self.requested:.1%} to {wanted:.1%} at step {step}, "
                    "and nothing says which weights come back. Let it fall to 0, where all do, or "
                    "give regrow=regrowth.surgery()."
                )
            masks = {name: np.ones_like(mask) for name, mask in masks.items()}
        if moves:
            grown = checked_dict(rule.grow(arrays, step), "what regrow grows by")
            share = regrowth.cosine(rule.fraction, step, rule.end) if rule.end else rule.fraction
            masks = regrowth.swap(masks, scores, {n: grown[n] for n in masks if n in grown}, share)
        return masks

    def _hold(self, masks: Masks, step: int) -> None:
        fallen = hold(self.model, masks, remember=self.regrow is not None and self.regrow.surgery)
        if fallen and not self._warned:  # once is enough: the report names all
            warn(fallen, f"at step {step}, ")
            self._warned = True
        self.masks = masks
        self.history[step] = sparsity(masks)

    def _zero(self) -> None:
        before = sum(regrown(self.model).values())
        restore(self.model)
        if back := before - sum(regrown(self.model).values()):
            warnings.warn(
                f"{back:,} pruned weights, back by set_weights or EarlyStopping, are 0 again: "
                "evaluate anew, and let EarlyStopping start after the schedule's end.",
                stacklevel=2,
            )

    def _weights(self) -> Weights:
        now = weights(self.model, self.include, self.exclude)
        whole = remembered(self.model) if self._started else {}
        return {name: whole.get(name, W) for name, W in now.items()}
