"""Pruning for Keras 3, small enough to be read in a lesson.

    import course_utils as cu

    masks = cu.prune(model, 0.8)              # 80 % of the weights are zero, through any training
    small, report = cu.shrink(model, 0.5)     # half of the channels are gone: an ordinary model
    print(cu.report(model))                   # what each layer holds, costs and lacks

One dictionary runs through everything, weights -> scores -> masks, under the same names, and each
word is a plain function or value that you can replace:

    weights      {"conv/kernel": array}    the prunable kernels of a model
    scores       {"conv/kernel": array}    how much each weight matters, by some criterion
    masks        {"conv/kernel": array}    True where a weight stays, False where it is pruned
    sparsity     0.9                       the share of all prunable weights that is zero
    criterion    weights -> scores         such as criteria.magnitude
    scope        "global", "layer", "erk"  what is ranked together
    granularity  "weight", "filter", ...   what goes together
    schedule     step -> sparsity          such as schedules.polynomial(0.9, begin=0, end=1000)

On this page; `help(cu.prune)` tells more:

    prune(model, sparsity, criterion, scope, granularity)     prune once, hold, return the masks
    PruneOnSchedule(schedule, criterion, scope, granularity)  a callback that prunes during fit
    attach(model, masks), detach(model), held_masks(model)    hold masks of your own, let them go
    shrink(model, sparsity)                                   a smaller model without some channels
    report(model)                                             sparsity, parameters, MACs by layer

Four floors; imports run down only. A file is named after what it holds:

    core       with NumPy alone: arrays (checks of arguments, how a share is counted), tables,
               operators, criteria, masking (scores -> masks), schedules, regrowth, costs
               with Keras: models, backend; pruning (examples, losses, probing: data, labels and
               batches come in; layers, kernels: what can be pruned; attaching: masks on and off;
               mask_constraint: zero after every step; steps, callback; derivatives; tickets;
               hooks: every layer's call, watched); measuring (report, macs, zeros)
    structure  channels that belong together (walking, opening; rules/: each kind of layer), which
               stay (scoring, choosing), the model without the rest (rebuilding, resizing, copying;
               keeping: what would be lost is refused or named); zeroing: the oracle of all this
    extras     search, sweeping, clustering, regularizing, speed; export: every file that a model
               becomes; sparsefile: the format of one of them, and its bytes
    lessons    checks (how_much for notebook 06_how_much, ...), plots, tasks, data, scoreboard,
               open_tasks (by the answer: a network handed_in, cases told_apart), results
"""

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for editors and type checkers; at run time each is imported on first use
    from course_utils.measuring import report as report
    from course_utils.pruning import PruneOnSchedule as PruneOnSchedule
    from course_utils.pruning import attach as attach
    from course_utils.pruning import detach as detach
    from course_utils.pruning import held_masks as held_masks
    from course_utils.pruning import prune as prune
    from course_utils.structure import shrink as shrink

__version__ = "0.1.0"

# Where names that are not modules come from. No __all__: help() would repeat each at full length.
_ROOMS = {
    "pruning": ("PruneOnSchedule", "attach", "detach", "held_masks", "prune"),
    "measuring": ("report",),
    "structure": ("shrink",),
}
_HOMES = {name: room for room, names in _ROOMS.items() for name in names}


def _rooms(package: str, path: list[str], homes: dict[str, str]) -> tuple[Callable, Callable]:
    """Return a package's `__dir__` and `__getattr__` (PEP 562): parts are imported on demand."""

    def names() -> list[str]:
        return sorted([*homes, *(module.name for module in iter_modules(path))])

    def get(name: str) -> Any:  # noqa: ANN401 (any of the names above)
        if name in homes:
            return getattr(import_module(f"{package}.{homes[name]}"), name)
        if name in names():
            return import_module(f"{package}.{name}")
        raise AttributeError(
            f"module {package!r} has no attribute {name!r}; it has {', '.join(names())}."
        )

    return names, get


__dir__, __getattr__ = _rooms(__name__, __path__, _HOMES)
