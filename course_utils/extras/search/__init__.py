"""How far does each layer bear pruning, and what follows from it: scan, plan, go as far as it goes.

A scan puts masks on one layer after the other and measures what is lost; what comes before the
layer is not computed again. A plan makes of it what to prune in each layer for a budget. Adaptive
pruning asks nobody: it goes on for as long as the validation accuracy allows.

    scan(model, x, y, ways, *, measure=right_answers, batch_size=500, memory=2**28) -> Scan
    sensitivity(model, x, y, levels, criterion=criteria.magnitude, *, granularity="weight",
                include=None, exclude=None, **options of scan) -> Scan, by kernel
    channel_sensitivity(model or channels, x, y, levels, criterion=structure.filter_norms, *,
                **options of scan) -> Scan, by group of channels
    plan(scan, model or channels, budget, of="parameters", *, objective="max") -> Plan
    plan_latency(scan, model or channels, seconds, x, *, repeats=50) -> Plan
    adaptive(model, retrain, accuracy, tolerance, step=0.2, *, smallest=0.02, most=50, …) -> Adapted
    adaptive_channels(the same, …) -> (smaller model, Adapted)

A Scan has `baseline`, `results` {layer: {level: accuracy}}, `losses`, `kept_bytes`, `macs` and
`macs_of_loop`, and prints as a table; `plots.sensitivity(scan.results, scan.baseline)` draws it. A
Plan has `sparsity` {layer: share}, as `masking.make_masks` and `structure.choose` take it:

    levels = (0.5, 0.7, 0.8, 0.9, 0.95)
    scan = search.sensitivity(model, data.x_val, data.y_val, levels)
    plan = search.plan(scan, model, 0.1, of="parameters")  # a tenth of them; 43_000 is a number
    scores = criteria.magnitude(pruning.weights(model))
    pruning.attach(model, masking.make_masks(scores, plan.sparsity))

    channels = structure.channel_groups(model)
    scan = search.channel_sensitivity(channels, data.x_val, data.y_val, levels)
    plan = search.plan(scan, channels, 0.5, of="macs")
    masks = structure.choose(structure.filter_norms(channels), plan.sparsity)
    small, report = structure.shrink(channels, masks, verify=True)

    def retrain(model): model.fit(data.x_train, data.y_train, epochs=1, verbose=0)
    def accuracy(model): return model.evaluate(data.x_val, data.y_val, verbose=0)[1]
    found = search.adaptive(model, retrain, accuracy, tolerance=0.005)  # half a point
"""

from course_utils.extras.search.adapting import adaptive, adaptive_channels
from course_utils.extras.search.planning import Plan, plan, plan_latency
from course_utils.extras.search.rounds import Adapted, Round
from course_utils.extras.search.scanning import Scan, right_answers, scan
from course_utils.extras.search.sensitivity import channel_sensitivity, sensitivity

__all__ = [
    "Adapted",
    "Plan",
    "Round",
    "Scan",
    "adaptive",
    "adaptive_channels",
    "channel_sensitivity",
    "plan",
    "plan_latency",
    "right_answers",
    "scan",
    "sensitivity",
]
