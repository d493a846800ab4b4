"""What criteria look at besides the weights: gradients of the loss, and its curvature."""

from collections.abc import Callable

import numpy as np

from course_utils.arrays import Weights, whole
from course_utils.backend import compile_settings, keras, model_of, states_kept, tf
from course_utils.pruning.examples import count, fixed_batch, labelled, steps, tensors
from course_utils.pruning.kernels import Variables, kernels
from course_utils.pruning.layers import dtype_of, read
from course_utils.pruning.losses import checked_labels
from course_utils.pruning.selectors import Selectors
from course_utils.pruning.steps import has_its_own_step

_REDUCED = {"mean": lambda g: g, "size": tf.abs, "square": tf.square}


def gradients(
    model: keras.Model,
    x: object,
    y: object = None,
    *,
    reduce: str = "mean",
    batch_size: int = 128,
    include: Selectors = None,
    exclude: Selectors = None,
) -> Weights:
    """Return the gradients of the loss with respect to the kernels, under their names.

    The loss is the one that `model` is compiled with, its penalties included, averaged over all
    examples; the model computes as in inference (no dropout, BatchNorm with its running
    statistics). Pruned weights have gradients, too. `reduce` says what is averaged: "mean" the
    gradient itself, "size" |g| of single examples (for `criteria.taylor`), "square" g² of single
    examples, which is the diagonal of the empirical Fisher information. The last two take a step
    for every example: a few hundred examples are usually enough.

    `x` and `y` are arrays, or nests of them as the model takes them; or `x` alone, a dataset of
    (x, y) or (x, y, weights) in batches. Raises ValueError for a model that is not compiled, and
    TypeError or ValueError for data that it cannot learn from: none, NaN, of other lengths or
    shapes, classes that it has not.

    >>> from course_utils.models import article_cnn
    >>> g = gradients(article_cnn(), np.ones((4, 28, 28, 1)), np.zeros(4))
    >>> g["output/kernel"].shape
    (64, 10)
    """
    model = model_of(model)
    return gradients_of(
        model, data_for(model, x, y), reduce, batch_size, include=include, exclude=exclude
    )


def curvature(
    model: keras.Model,
    x: object,
    y: object = None,
    *,
    samples: int = 10,
    seed: int = 0,
    batch_size: int = 128,
    include: Selectors = None,
    exclude: Selectors = None,
) -> Weights:
    """Return Hutchinson's estimate of the Hessian's diagonal with respect to the kernels.

    The mean of v · Hv over `samples` vectors v of random signs (Bekas et al. 2007, An estimator
    for the diagonal of a matrix). The loss is that of `gradients`. It is noisy: the noise of an
    entry comes from the other entries of its row, and falls with the root of `samples`. Data as
    for `gradients`; a dataset is read once.

    >>> from course_utils.models import article_cnn
    >>> h = curvature(article_cnn(), np.ones((4, 28, 28, 1)), np.zeros(4), samples=1)
    >>> h["output/kernel"].shape
    (64, 10)
    """
    samples = whole(samples, "samples", least=1)
    model, variables = model_of(model), kernels(model, include, exclude)
    parts = data_for(model, x, y)
    random = tf.random.Generator.from_seed(whole(seed, "seed"))

    def measure(x: object, y: object, weights: object = None) -> list[tf.Tensor]:
        bits = [random.uniform(v.shape, 0, 2, "int32") for v in variables.values()]
        signs = [tf.cast(2 * b - 1, v.dtype) for b, v in zip(bits, variables.values(), strict=True)]
        values = [v.value for v in variables.values()]
        with tf.GradientTape() as tape:
            tape.watch(values)
            pairs = zip(_gradients(model, variables, x, y, weights), signs, strict=True)
            along = tf.add_n([tf.reduce_sum(g * v) for g, v in pairs])
        products = tape.gradient(along, values, unconnected_gradients="zero")
        return [v * tf.convert_to_tensor(p) for v, p in zip(signs, products, strict=True)]

    runs = [_averaged(model, variables, measure, parts, batch_size) for _ in range(samples)]
    return {name: np.mean([run[name] for run in runs], axis=0) for name in variables}


def fresh_gradients(
    model: keras.Model,
    x: object,
    y: object = None,
    examples: int = 256,
    seed: int = 0,
    **choice: Selectors,
) -> Callable[[], Weights]:
    """Return a function that measures gradients on some examples, others at every call.

    What `regrowth.rigl` asks for: `rigl(pruning.fresh_gradients(model, x_train, y_train))`.
    `choice` goes to `gradients`: include, exclude. Data as there, looked at once, now.

    >>> from course_utils.models import article_cnn
    >>> draw = fresh_gradients(article_cnn(), np.ones((4, 28, 28, 1)), np.zeros(4), examples=2)
    >>> draw()["conv/kernel"].shape
    (3, 3, 1, 32)
    """
    rng, model = np.random.default_rng(whole(seed, "seed")), model_of(model)
    parts = data_for(model, x, y)
    size = min(whole(examples, "examples", least=1), count(parts))
    kernels(model, **choice)  # which refuses what names nothing
    steps(model, keras.tree.map_structure(lambda a: a[:size], parts))  # and what is no batch

    def measure() -> Weights:
        some = np.sort(rng.choice(count(parts), size, replace=False))
        return gradients_of(model, keras.tree.map_structure(lambda a: a[some], parts), **choice)

    return measure


def data_for(model: keras.Model, x: object, y: object) -> tuple:
    """Return checked inputs and labels, and weights where a dataset has them.

    >>> from course_utils.models import article_cnn
    >>> [part.shape for part in data_for(article_cnn(), np.ones((4, 28, 28, 1)), [0, 1, 2, 3])]
    [(4, 28, 28, 1), (4,)]
    """
    if not model.compiled:
        raise ValueError(
            f"model {model.name!r} is not compiled, so it has no loss whose gradients could be "
            "taken: call model.compile(optimizer, loss) first."
        )
    own = has_its_own_step(model) and type(model).compute_loss is keras.Model.compute_loss
    if own and compile_settings(model)["loss"] is None:
        why = "has a train step of its own and no compiled loss, so what it minimizes is not known"
        raise ValueError(f"model {model.name!r} {why}: compile(optimizer, loss) with one.")
    parts = labelled(x, y, model)
    checked_labels(model, parts[1])
    return parts


def gradients_of(
    model: keras.Model,
    parts: tuple,
    reduce: str = "mean",
    batch_size: int = 128,
    **choice: Selectors,
) -> Weights:
    """Return what `gradients` returns, of data that are checked.

    >>> from course_utils.models import article_cnn
    >>> gradients_of(article_cnn(), (np.ones((4, 28, 28, 1)), np.zeros(4)))["output/kernel"].shape
    (64, 10)
    """
    if reduce not in list(_REDUCED):  # a list: for unhashable values, too
        raise ValueError(f"reduce must be one of {sorted(_REDUCED)}, not {reduce!r}.")
    if reduce != "mean" and (fixed_batch(model) or 1) > 1:
        raise ValueError(
            f"the model takes batches of {fixed_batch(model)} only, so the gradients of single "
            f"examples, which reduce={reduce!r} averages, cannot be taken: give reduce='mean'."
        )

    def mean(x: object, y: object, weights: object = None) -> list[tf.Tensor]:
        return _gradients(model, variables, x, y, weights)

    def single(*part: object) -> list[tf.Tensor]:
        """Loop over all examples inside one step, which takes half the time of a step for each."""

        def add(i: tf.Tensor, totals: list[tf.Tensor]) -> tuple:
            one = keras.tree.map_structure(lambda array: array[i][None], part)
            found = [_REDUCED[reduce](tf.cast(g, "float64")) for g in mean(*one)]
            return i + 1, [total + g for total, g in zip(totals, found, strict=True)]

        rows = count(part)
        zeros = [tf.zeros(v.shape, "float64") for v in variables.values()]
        _, totals = tf.while_loop(lambda i, _: i < rows, add, (0, zeros))
        return [total / rows for total in totals]

    variables = kernels(model, **choice)
    if reduce == "mean":
        return _averaged(model, variables, mean, parts, batch_size)
    rows = count(parts)
    if rows > 10:  # tracing costs about as much as ten examples
        first = tensors(next(steps(model, parts, rows)))
        single = tf.function(single).get_concrete_function(*first)
    return _averaged(model, variables, single, parts, rows)


def _gradients(
    model: keras.Model, variables: Variables, x: object, y: object, weights: object
) -> list[tf.Tensor]:
    values = [variable.value for variable in variables.values()]
    with tf.GradientTape() as tape:
        tape.watch(values)  # those of frozen layers, too
        made = model(x, training=False)
        loss = model.compute_loss(x, y, made, sample_weight=weights, training=False)
    found = tape.gradient(loss, values, unconnected_gradients="zero")
    return [tf.convert_to_tensor(g) for g in found]  # an embedding's come as slices


def _averaged(
    model: keras.Model, variables: Variables, measure: Callable, parts: tuple, batch_size: int
) -> Weights:
    """Average what `measure` returns for each batch, weighted by the examples in it."""
    rows = count(parts)
    # Tracing costs about as much as ten steps.
    many = rows > 10 * whole(batch_size, "batch_size", least=1)
    step = tf.function(measure, reduce_retracing=True) if many else measure
    totals = {name: np.zeros(v.shape, np.float64) for name, v in variables.items()}
    metrics = {id(variable): read(variable) for variable in model.metrics_variables}
    try:
        with states_kept(model):
            for part in steps(model, parts, batch_size):
                for name, value in zip(totals, step(*tensors(part)), strict=True):
                    totals[name] += count(part) / rows * value.numpy()
    finally:  # of several outputs, each one's loss is a metric, which has seen this
        for variable in model.metrics_variables:
            variable.assign(metrics.get(id(variable), np.zeros(variable.shape)))
    return {name: total.astype(dtype_of(variables[name])) for name, total in totals.items()}
