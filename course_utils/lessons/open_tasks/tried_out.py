"""Tasks whose answer is a function, tried on LeNet-300-100 from seeds that nobody has seen."""

from collections.abc import Callable
from functools import cache, wraps

import numpy as np

from course_utils import criteria, masking, models, pruning, regrowth, schedules
from course_utils.arrays import Arrays
from course_utils.backend import keras
from course_utils.lessons.checks.verdict import Mistake, as_array, call, number
from course_utils.lessons.open_tasks.handed_in import right
from course_utils.lessons.open_tasks.task import Measure, digits, open_task
from course_utils.lessons.progress import quick_mode

EPOCHS, BATCH, TRIES, ROUNDING = 2, 128, 30, 1e-9


def unseen(seed: int) -> range:
    """Return the seeds of the networks that a judge tries; the learner's own has seed 0."""
    return range(101 + 10 * seed, 102 + 10 * seed if quick_mode() else 104 + 10 * seed)


def on_unseen(one: Measure) -> Measure:
    """Make a measure of one network's: the mean of what comes of each unseen network."""

    @wraps(one)
    def measure(function: Callable, seed: int) -> float:
        return float(np.mean([one(function, stranger) for stranger in unseen(seed)]))

    return measure


def length() -> int:
    """Return the optimizer steps of two epochs."""
    return EPOCHS * -(-len(digits().x_train) // BATCH)


def fitted(model: keras.Model, seed: int, *callbacks: keras.callbacks.Callback) -> keras.Model:
    """Train a network for two epochs, and return it."""
    keras.utils.set_random_seed(seed)
    model.fit(digits().x_train, digits().y_train, BATCH, EPOCHS, verbose=0, callbacks=callbacks)
    return model


@cache
def trained(seed: int = 0) -> keras.Model:
    """Return a dense network from a seed; it is not to be changed."""
    return fitted(models.lenet300(seed), seed)


@cache
def probe() -> keras.Model:
    """Return one network for all cuts: making many takes longer than cutting them."""
    return models.lenet300()


def dense(seed: int = 0) -> Arrays:
    """Return the weights of the trained network of a seed, by layer."""
    return pruning.weights(trained(seed))


def by_layer(said: object, weights: Arrays, what: str) -> Arrays:
    """Return the weights; raises Mistake unless an answer has something for each of them."""
    if not isinstance(said, dict) or {*said} != {*weights}:
        raise Mistake(f"a dictionary with {what} for each of {', '.join(weights)} was expected.")
    return weights


def cut(seed: int, said: object) -> keras.Model:
    """Return a trained network after the cut that a learner asks for: a share of each layer."""
    weights = by_layer(said, dense(seed), "a share")
    shares = {name: number(share) for name, share in said.items()}
    return masked(seed, masking.make_masks(criteria.magnitude(weights), shares))


def masked(seed: int, masks: Arrays) -> keras.Model:
    """Return a trained network with masks, and nothing trained after them; good until the next."""
    model = probe()
    model.set_weights(trained(seed).get_weights())
    for name, kernel in pruning.kernels(model).items():
        kernel.assign(kernel * masks[name])
    return model


def tested(model: keras.Model, least: float) -> float:
    """Return the accuracy on the test images; raises Mistake for too few zeros."""
    if (found := masking.sparsity(pruning.weights(model))) < least - 5e-4:
        raise Mistake(f"{found:.2%} of the weights are zero, and {least:.0%} are asked for.")
    return right(model, digits().x_test, digits().y_test)


@open_task("06_how_much", dense)
@on_unseen
def how_much(function: Callable, seed: int) -> float:
    """Best mean accuracy of three unseen networks, right after a cut of 95 % by size."""
    return tested(cut(seed, call(function, dense(seed))), 0.95)


@cache
def measured(seed: int = 0) -> tuple[Arrays, ...]:
    """Return weights, and the mean, mean size and mean square of the gradients of 500 images."""
    some = digits().x_train[:500], digits().y_train[:500]
    ways = ("mean", "size", "square")
    return dense(seed), *(pruning.gradients(trained(seed), *some, reduce=way) for way in ways)


@open_task("07_which_weights", measured)
@on_unseen
def which_weights(function: Callable, seed: int) -> float:
    """Best mean accuracy of three unseen networks, right after the lowest 90 % of scores went."""
    said = call(function, *measured(seed))
    weights = by_layer(said, dense(seed), "scores")
    scores = {name: as_array(said[name], W.shape) for name, W in weights.items()}
    return tested(masked(seed, masking.make_masks(scores, 0.9)), 0.9)


@open_task("08_while_training", length)
@on_unseen
def while_training(function: Callable, seed: int) -> float:
    """Best mean accuracy of three networks that end two epochs with 98 % zeros."""
    steps = length()
    plan = [call(function, step, steps) for step in range(steps)]
    if not all(isinstance(said, tuple | list | np.ndarray) and len(said) == 2 for said in plan):
        raise Mistake("a pair was expected at every step: sparsity, learning rate.")
    zeros, rates = ([number(said[place]) for said in plan] for place in (0, 1))
    rises = np.all(np.diff(zeros, prepend=0) > -ROUNDING)  # not NaN either
    if not (rises and 0.98 - ROUNDING < zeros[-1] <= 1 and 0 <= min(rates) <= max(rates) < np.inf):
        raise Mistake("the sparsity never falls and ends between 0.98 and 1; no rate is below 0.")
    zeros, model = np.maximum.accumulate(zeros), models.lenet300(seed)

    def follow(batch: int, logs: object = None) -> None:
        model.optimizer.learning_rate.assign(rates[int(model.optimizer.iterations)])

    pruner = pruning.PruneOnSchedule(lambda step: zeros[min(step, steps - 1)], min_kept=500)
    callbacks = (pruner, keras.callbacks.LambdaCallback(on_train_batch_begin=follow))
    return tested(fitted(model, seed, *callbacks), 0.98)


@open_task("09_regrowth", length)
@on_unseen
def weights_that_come_back(function: Callable, seed: int) -> float:
    """Best mean accuracy of three networks that have 98 % zeros from the first step on."""
    model = models.lenet300(seed)
    scores = criteria.random(pruning.weights(model), seed)
    pruning.attach(model, masking.make_masks(scores, 0.98, "erk"))
    fresh = pruning.fresh_gradients(model, digits().x_train, digits().y_train, seed=seed)
    rule = call(function, length(), fresh)
    if not isinstance(rule, regrowth.Regrowth) or rule.surgery:
        raise Mistake("a Regrowth was expected, such as sparse_evolution and rigl make.")
    held = pruning.PruneOnSchedule(schedules.constant(0.98), scope="erk", regrow=rule)
    return tested(fitted(model, seed, held), 0.98)


def trial(seed: int = 0) -> tuple[Callable[[dict[str, float]], float], dict[str, int]]:
    """Return loss(shares) on 1,000 training images after a cut by size, and the layers' sizes."""
    made, x, y = [], digits().x_train[:1000], digits().y_train[:1000]

    def loss(shares: dict[str, float]) -> float:
        made.append(shares)
        if len(made) > TRIES and seed:
            raise Mistake(f"`loss` may be called {TRIES} times.")
        chances = np.asarray(cut(seed, shares)(x))[range(len(y)), y]
        return float(-np.log(chances + 1e-9).mean())

    return loss, {name: W.size for name, W in dense(seed).items()}


@open_task("16_automatic_pruning", trial)
@on_unseen
def automatic_pruning(function: Callable, seed: int) -> float:
    """Best mean accuracy of three unseen networks after a cut of 97 % that a program chose."""
    return tested(cut(seed, call(function, *trial(seed))), 0.97)
