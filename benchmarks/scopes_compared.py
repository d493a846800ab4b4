"""Where to take the weights from: scopes, LAMP and a plan from single cuts; notebook 06 plots it.

python benchmarks/scopes_compared.py --seeds 5

For each seed: LeNet-5 as in how_much.py (four epochs on 20,000 images of MNIST), pruned by size in
each way at each sparsity, measured on 5,000 validation images before any retraining. Then a plan:
for each layer the highest sparsity that costs less than one point when that layer alone is pruned,
and the other ways with as many zeros, all of them retrained for one pass with the mask held. Writes
course_utils/lessons/results/scopes_compared.csv, one row for each seed, budget and way; a row
without retraining has nothing in `val` and `test`. Seeds that the file holds already are not run
again. On two cores a seed takes about a minute.
"""

import by_seed
import how_much

from course_utils import criteria, masking, models, pruning
from course_utils.lessons import recorded
from course_utils.lessons.data import Dataset

RESULTS = recorded.RESULTS / "scopes_compared.csv"
FIELDS = ("seed", "budget", "way", "sparsity", "val_before", "val", "test")
LEVELS = (0.5, 0.75, 0.9, 0.95, 0.97, 0.98, 0.99)
STEPS, ALONE = (0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99), 0.01


def main() -> None:
    """Run the seeds that are missing, and append the rows of each as soon as they are there."""
    by_seed.run(
        __doc__, 5, RESULTS, FIELDS, lambda data, seed: one_seed(data.head(how_much.IMAGES), seed)
    )


def one_seed(data: Dataset, seed: int, epochs: int = how_much.EPOCHS) -> list[dict]:
    """Train the dense network, then prune it in every way at every budget."""
    model = models.lenet5(seed=seed)
    model.fit(data.x_train, data.y_train, batch_size=how_much.BATCH, epochs=epochs, verbose=0)
    dense, probe = model.get_weights(), models.lenet5(seed=seed)
    weights = pruning.weights(model)
    layers = plan(
        weights, lambda masks: before(probe, dense, masks, data), before(probe, dense, {}, data)
    )
    rows = []
    for budget in (*LEVELS, "plan"):
        masks = ways(weights, layers if budget == "plan" else budget)
        for way, mask in masks.items():
            val = test = ""
            first = before(probe, dense, mask, data)
            if budget == "plan":
                val, test = after(dense, mask, data, seed)
            values = (seed, budget, way, round(masking.sparsity(mask), 6), first, val, test)
            rows.append(dict(zip(FIELDS, values, strict=True)))
            print(rows[-1], flush=True)
    return rows


def ways(weights: dict, budget: float | dict) -> dict:
    """Return the masks of each way: `budget` is a sparsity, or a plan of one for each layer."""
    scores, planned = criteria.magnitude(weights), {}
    if isinstance(budget, dict):
        planned = {"plan": masking.make_masks(scores, budget)}
        budget = masking.sparsity(planned["plan"])
    by_scope = {scope: masking.make_masks(scores, budget, scope) for scope in masking.SCOPES}
    return {**by_scope, "lamp": masking.make_masks(criteria.lamp(weights), budget), **planned}


def plan(weights: dict, accuracy, dense: float) -> dict:
    """Return for each layer the highest sparsity that costs less than ALONE by itself."""
    scores, whole = criteria.magnitude(weights), dict.fromkeys(weights, 0.0)
    chosen = {}
    for name in weights:
        cuts = {s: accuracy(masking.make_masks(scores, whole | {name: s})) for s in STEPS}
        chosen[name] = max((s for s, value in cuts.items() if value > dense - ALONE), default=0.0)
    return chosen


def before(model, dense: list, masks: dict, data: Dataset) -> float:
    """Return the validation accuracy of the dense weights under masks."""
    model.set_weights(dense)
    pruning.attach(model, masks)
    x, y = data.x_val[: how_much.VALIDATION], data.y_val[: how_much.VALIDATION]
    return round(model.evaluate(x, y, batch_size=1000, verbose=0)[1], 6)


def after(dense: list, masks: dict, data: Dataset, seed: int) -> tuple[float, float]:
    """Return validation and test accuracy after one pass with the masks held."""
    model = models.lenet5(seed=seed)
    model.set_weights(dense)
    pruning.attach(model, masks)
    model.fit(data.x_train, data.y_train, batch_size=how_much.BATCH, verbose=0)
    assert not any(pruning.regrown(model).values())
    row = how_much.measured(model, data, seed, "", 0.0)
    return row["val_accuracy"], row["test_accuracy"]


if __name__ == "__main__":
    main()
