"""How far does each layer bear pruning, and what follows from it: scan, plan, go as far as it goes.

A scan puts masks on one layer after the other and measures what is lost. A plan makes of it what to
prune in each layer for a budget. Adaptive pruning asks nobody: it goes on for as long as the
validation accuracy allows.

A Scan has `baseline`, `results` {layer: {level: accuracy}} and `losses`, and prints as a table;
`plots.sensitivity(scan.results, scan.baseline)` draws it. A Plan has `sparsity` {layer: share}, as
`masking.make_masks` and `structure.choose` take it:

    levels = (0.5, 0.7, 0.8, 0.9, 0.95)
    scan = search.sensitivity(model, data.x_val, data.y_val, levels)
    plan = search.plan(scan, model, 0.1)  # a tenth of the parameters; 43_000 is a number of them
    scores = criteria.magnitude(pruning.weights(model))
    pruning.attach(model, masking.make_masks(scores, plan.sparsity))

    channels = structure.channel_groups(model)
    scan = search.channel_sensitivity(channels, data.x_val, data.y_val, levels)
    plan = search.plan(scan, channels, 0.5, of="macs")
    masks = structure.choose(structure.filter_norms(channels), plan.sparsity)
    small, report = structure.shrink(channels, masks=masks, verify=True)

    def retrain(model): model.fit(data.x_train, data.y_train, epochs=1, verbose=0)
    def accuracy(model): return model.evaluate(data.x_val, data.y_val, verbose=0)[1]
    found = search.adaptive(model, retrain, accuracy, tolerance=0.005)  # half a point
"""

from course_utils.extras.search.adapting import Adapted, Round, adaptive
from course_utils.extras.search.answers import right_answers
from course_utils.extras.search.planning import Plan, plan
from course_utils.extras.search.scanning import Scan, scan
from course_utils.extras.search.sensitivity import channel_sensitivity, sensitivity

__all__ = [
    "Adapted",
    "Plan",
    "Round",
    "Scan",
    "adaptive",
    "channel_sensitivity",
    "plan",
    "right_answers",
    "scan",
    "sensitivity",
]
