"""Where to take the weights from: scopes, LAMP and a plan from single cuts; notebook 06 plots it.

python benchmarks/scopes_compared.py --seeds 5

For each seed: LeNet-300-100, four epochs on 20,000 images of MNIST, pruned by size in each way at
each sparsity, measured on 5,000 validation images before any retraining; at two of the sparsities
also after one more pass with the mask held. Then a plan: for each layer the highest sparsity that
costs less than one point when that layer alone is pruned, and the other ways with as many zeros.
Writes course_utils/lessons/results/scopes_compared.csv, one row for each seed, budget and way; a
row without retraining has nothing in `val` and `test`. Seeds that the file holds already are not
run again. On two cores a seed takes half a minute.
"""

import by_seed
import how_much

from course_utils import criteria, masking, models, pruning
from course_utils.lessons import recorded
from course_utils.lessons.data import Dataset

RESULTS = recorded.RESULTS / "scopes_compared.csv"
FIELDS = ("seed", "budget", "way", "sparsity", "val_before", "val", "test")
LEVELS, RETRAINED = (0.5, 0.75, 0.9, 0.95, 0.97, 0.98, 0.99), (0.95, 0.98, "plan")
STEPS, ALONE = (0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99), 0.01


def main() -> None:
    """Run the seeds that are missing, and append the rows of each as soon as they are there."""
    by_seed.run(
        __doc__, 5, RESULTS, FIELDS, lambda data, seed: one_seed(data.head(how_much.IMAGES), seed)
    )


def one_seed(data: Dataset, seed: int, epochs: int = how_much.EPOCHS) -> list[dict]:
    """Train the dense network, then prune it in every way at every budget."""
    network = OneNetwork(data, seed, epochs)
    rows = []
    for budget in (*LEVELS, "plan"):
        masks = ways(network.weights, plan(network) if budget == "plan" else budget)
        for way, mask in masks.items():
            first, val, test = network.under(mask), "", ""
            if budget in RETRAINED:
                val, test = network.retrained()
            values = (seed, budget, way, round(masking.sparsity(mask), 6), first, val, test)
            rows.append(dict(zip(FIELDS, values, strict=True)))
            print(rows[-1], flush=True)
    return rows


class OneNetwork:
    """A dense network that is pruned and retrained again and again; its steps are traced once."""

    def __init__(self, data: Dataset, seed: int, epochs: int) -> None:
        self.model, self.data, self.seed = models.lenet300(seed=seed), data, seed
        whole = {name: W == W for name, W in pruning.weights(self.model).items()}
        pruning.attach(self.model, whole)
        self.model.optimizer.build(self.model.trainable_variables)
        self.fresh = [variable.numpy() for variable in self.model.optimizer.variables]
        self.fit(epochs)
        self.dense, self.weights = self.model.get_weights(), pruning.weights(self.model)

    def fit(self, epochs: int) -> None:
        """Train with an optimizer that remembers nothing."""
        for variable, value in zip(self.model.optimizer.variables, self.fresh, strict=True):
            variable.assign(value)
        x, y = self.data.x_train, self.data.y_train
        self.model.fit(x, y, batch_size=how_much.BATCH, epochs=epochs, verbose=0)

    def under(self, masks: dict) -> float:
        """Return the validation accuracy of the dense weights under masks."""
        self.model.set_weights(self.dense)
        pruning.attach(self.model, masks)
        x, y = (part[: how_much.VALIDATION] for part in (self.data.x_val, self.data.y_val))
        return round(self.model.evaluate(x, y, batch_size=1000, verbose=0)[1], 6)

    def retrained(self) -> tuple[float, float]:
        """Return validation and test accuracy after one pass more with the masks held."""
        self.fit(1)
        assert not any(pruning.regrown(self.model).values())
        row = how_much.measured(self.model, self.data, self.seed, "", 0.0)
        return row["val_accuracy"], row["test_accuracy"]


def ways(weights: dict, budget: float | dict) -> dict:
    """Return the masks of each way: `budget` is a sparsity, or a plan of one for each layer."""
    scores, planned = criteria.magnitude(weights), {}
    if isinstance(budget, dict):
        planned = {"plan": masking.make_masks(scores, budget)}
        budget = masking.sparsity(planned["plan"])
    by_scope = {scope: masking.make_masks(scores, budget, scope) for scope in masking.SCOPES}
    return {**by_scope, "lamp": masking.make_masks(criteria.lamp(weights), budget), **planned}


def plan(network: OneNetwork) -> dict:
    """Return for each layer the highest sparsity that costs less than ALONE by itself."""
    scores, chosen = criteria.magnitude(network.weights), {}
    whole = dict.fromkeys(scores, 0.0)
    least = network.under(masking.make_masks(scores, whole)) - ALONE
    for name in scores:
        cuts = {s: network.under(masking.make_masks(scores, whole | {name: s})) for s in STEPS}
        chosen[name] = max((s for s, value in cuts.items() if value > least), default=0.0)
    return chosen


if __name__ == "__main__":
    main()
