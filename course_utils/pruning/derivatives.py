"""What criteria look at besides the weights: gradients, curvature, the norms of inputs."""

import contextlib
import math
from collections.abc import Callable, Iterator

import numpy as np

from course_utils.arrays import whole
from course_utils.backend import batches, keras
from course_utils.backend import tensorflow as tf
from course_utils.pruning.hooks import watched
from course_utils.pruning.kernels import Kernel, chosen, kernels
from course_utils.pruning.layers import dtype_of, read
from course_utils.pruning.selectors import Selectors

# Layers whose kernel multiplies just what the layer is called on.
_READS_ITS_INPUT = (
    keras.layers.Dense,
    *(getattr(keras.layers, f"Conv{n}D{kind}") for n in (1, 2, 3) for kind in ("", "Transpose")),
    *(
        getattr(keras.layers, f"{kind}Conv{n}D")
        for n in (1, 2)
        for kind in ("Depthwise", "Separable")
    ),
)
_REDUCED = {"mean": lambda g: g, "size": tf.abs, "square": tf.square}


def gradients(
    model: keras.Model,
    x: object,
    y: object,
    *,
    reduce: str = "mean",
    batch_size: int = 128,
    include: Selectors = None,
    exclude: Selectors = None,
) -> dict[str, np.ndarray]:
    """Return the gradients of the loss with respect to the kernels, under their names.

    The loss is the one that `model` is compiled with, its penalties included, averaged over all
    examples; the model computes as in inference (no dropout, BatchNorm with its running
    statistics). Pruned weights have gradients, too. `reduce` says what is averaged: "mean" the
    gradient itself, "size" |g| of single examples, "square" g² of single examples, which is the
    diagonal of the empirical Fisher information. The last two take a step for every example.

    >>> from course_utils.models import article_cnn
    >>> g = gradients(article_cnn(), np.ones((4, 28, 28, 1)), np.zeros(4))
    >>> g["output/kernel"].shape
    (64, 10)
    """
    if reduce not in _REDUCED:
        raise ValueError(f"reduce must be one of {sorted(_REDUCED)}, not {reduce!r}.")
    variables = kernels(model, include, exclude)
    loss = _loss_of(model)

    def measure(x: object, y: object) -> list[tf.Tensor]:
        return [_REDUCED[reduce](g) for g in _gradients(loss, list(variables.values()), x, y)]

    with _metrics_kept(model):
        return _averaged(measure, variables, x, y, batch_size if reduce == "mean" else 1)


def curvature(
    model: keras.Model,
    x: object,
    y: object,
    *,
    samples: int = 10,
    seed: int = 0,
    batch_size: int = 128,
    include: Selectors = None,
    exclude: Selectors = None,
) -> dict[str, np.ndarray]:
    """Return Hutchinson's estimate of the Hessian's diagonal with respect to the kernels.

    The mean of v · Hv over `samples` vectors v of random signs (Bekas et al. 2007, An estimator
    for the diagonal of a matrix). The loss is that of `gradients`. It is noisy: the noise of an
    entry comes from the other entries of its row, and falls with the root of `samples`.

    >>> from course_utils.models import article_cnn
    >>> h = curvature(article_cnn(), np.ones((4, 28, 28, 1)), np.zeros(4), samples=1)
    >>> h["output/kernel"].shape
    (64, 10)
    """
    samples = whole(samples, "samples", least=1)
    variables = kernels(model, include, exclude)
    loss, inner = _loss_of(model), list(variables.values())
    random = tf.random.Generator.from_seed(whole(seed, "seed"))

    def measure(x: object, y: object) -> list[tf.Tensor]:
        signs = [_signs(random, v) for v in inner]
        values = [v.value for v in inner]
        with tf.GradientTape() as tape:
            tape.watch(values)
            pairs = zip(_gradients(loss, inner, x, y), signs, strict=True)
            along = tf.add_n([tf.reduce_sum(g * v) for g, v in pairs])
        products = tape.gradient(along, values, unconnected_gradients="zero")
        return [v * tf.convert_to_tensor(p) for v, p in zip(signs, products, strict=True)]

    with _metrics_kept(model):
        runs = [_averaged(measure, variables, x, y, batch_size) for _ in range(samples)]
    return {name: np.mean([run[name] for run in runs], axis=0) for name in variables}


def input_norms(
    model: keras.Model,
    x: object,
    *,
    batch_size: int = 128,
    include: Selectors = None,
    exclude: Selectors = None,
) -> dict[str, np.ndarray]:
    """Return the norm of every input that a kernel multiplies, over all examples and positions.

    The array of a kernel has its axes, with length 1 along all but its inputs, so that it
    broadcasts; of a convolution there is one norm an input channel. What criterion `wanda` needs.
    A layer that the model does not call has none: 0. Raises ValueError for kernels whose inputs
    no layer hands over: recurrent and embedding ones.

    >>> from course_utils.models import article_cnn
    >>> norms = input_norms(article_cnn(), np.ones((4, 28, 28, 1)))
    >>> {name: N.shape for name, N in norms.items()}["dense/kernel"]
    (5408, 1)
    """
    taken = chosen(model, include, exclude)
    for f in taken:
        _refuse_unknown_inputs(f)
    found = {id(f.owners[-1]): f for f in taken}
    squares = {f.name: np.zeros(_input_shape(f), np.float32) for f in taken}

    def see(path: str, layer: keras.Layer, inputs: tuple, outputs: object) -> None:
        if id(layer) in found:
            f = found[id(layer)]
            squares[f.name] = squares[f.name] + _input_squares(f, inputs[0])

    with watched(model, see):
        for part in batches(x, batch_size):
            model(part, training=False)
    return {name: np.sqrt(total) for name, total in squares.items()}


def fresh_gradients(
    model: keras.Model,
    x: object,
    y: object,
    examples: int = 256,
    seed: int = 0,
    *,
    include: Selectors = None,
    exclude: Selectors = None,
) -> Callable[[], dict[str, np.ndarray]]:
    """Return a function that measures gradients on some examples, others at every call.

    What `regrowth.rigl` asks for: `rigl(pruning.fresh_gradients(model, x_train, y_train))`.

    >>> from course_utils.models import article_cnn
    >>> draw = fresh_gradients(article_cnn(), np.ones((4, 28, 28, 1)), np.zeros(4), examples=2)
    >>> draw()["conv/kernel"].shape
    (3, 3, 1, 32)
    """
    rng = np.random.default_rng(whole(seed, "seed"))
    count = _length(x)
    size = min(whole(examples, "examples", least=1), count)

    def measure() -> dict[str, np.ndarray]:
        some = np.sort(rng.choice(count, size, replace=False))
        xs, ys = (keras.tree.map_structure(lambda array: array[some], data) for data in (x, y))
        return gradients(model, xs, ys, include=include, exclude=exclude)

    return measure


def _loss_of(model: keras.Model) -> Callable[[object, object], tf.Tensor]:
    if not model.compiled:
        raise ValueError(
            f"model {model.name!r} is not compiled, so it has no loss whose gradients could be "
            "taken: call model.compile(optimizer, loss) first."
        )

    def loss(x: object, y: object) -> tf.Tensor:
        return model.compute_loss(x, y, model(x, training=False), training=False)

    return loss


@contextlib.contextmanager
def _metrics_kept(model: keras.Model) -> Iterator[None]:
    """Put metrics back to what they were: of several outputs, each one's loss is among them."""
    before = {id(variable): read(variable) for variable in model.metrics_variables}
    try:
        yield
    finally:
        for variable in model.metrics_variables:
            variable.assign(before.get(id(variable), np.zeros(variable.shape)))


def _gradients(
    loss: Callable, variables: list[keras.Variable], x: object, y: object
) -> list[tf.Tensor]:
    values = [variable.value for variable in variables]
    with tf.GradientTape() as tape:
        tape.watch(values)  # those of frozen layers, too
        value = loss(x, y)
    found = tape.gradient(value, values, unconnected_gradients="zero")
    return [tf.convert_to_tensor(g) for g in found]  # an embedding's come as slices


def _averaged(
    measure: Callable,
    variables: dict[str, keras.Variable],
    x: object,
    y: object,
    batch_size: int,
) -> dict[str, np.ndarray]:
    """Average what `measure` returns for each batch, weighted by the examples in it."""
    count = _length(x)
    # Tracing costs about as much as ten steps.
    step = tf.function(measure, reduce_retracing=True) if count > 10 * batch_size else measure
    totals = [np.zeros(v.shape, np.float64) for v in variables.values()]
    for part in batches((x, y), batch_size):
        xs, ys = keras.tree.map_structure(tf.convert_to_tensor, part)
        for total, value in zip(totals, step(xs, ys), strict=True):
            total += _length(xs) / count * value.numpy()
    return {
        name: total.astype(dtype_of(v))
        for (name, v), total in zip(variables.items(), totals, strict=True)
    }


def _length(data: object) -> int:
    return len(keras.tree.flatten(data)[0])


def _signs(random: tf.random.Generator, variable: keras.Variable) -> tf.Tensor:
    bits = random.uniform(variable.shape, 0, 2, "int32")
    return tf.cast(2 * bits - 1, variable.dtype)


def _refuse_unknown_inputs(found: Kernel) -> None:
    layer = found.owners[-1]
    known = isinstance(layer, _READS_ITS_INPUT) and found.attribute != "pointwise_kernel"
    if isinstance(layer, keras.layers.EinsumDense):
        inputs, kernel = layer.equation.split("->")[0].split(",")
        summed = [letter for letter, kind in zip(kernel, found.layout, strict=True) if kind == "i"]
        known = inputs.endswith("".join(summed)) and "c" not in found.layout
    if not known:
        raise ValueError(
            f"the inputs of {found.name} are not known: they arise inside the layer, or stand in "
            f"another order. Leave it out, exclude={found.name!r}, or choose another criterion."
        )


def _input_squares(found: Kernel, inputs: object) -> np.ndarray:
    """Sum the squares of a layer's inputs, by input, in the shape that fits its kernel."""
    squares = tf.square(tf.cast(inputs, "float32"))
    shape = _input_shape(found)
    kept = sum(letter in _inputs_of(found) for letter in found.layout)
    first = 1 if getattr(found.owners[-1], "data_format", "") == "channels_first" else None
    last = list(range(squares.ndim - kept, squares.ndim)) if first is None else [first]
    total = tf.reduce_sum(squares, [a for a in range(squares.ndim) if a not in last]).numpy()
    groups = math.prod(total.shape) // math.prod(shape)  # a grouped convolution shares its kernel
    return total.reshape(groups, *shape).sum(axis=0)


def _input_shape(found: Kernel) -> tuple[int, ...]:
    """Return the shape that has the kernel's inputs, and length 1 along all else."""
    sizes = zip(found.layout, found.variable.shape, strict=True)
    return tuple(n if letter in _inputs_of(found) else 1 for letter, n in sizes)


def _inputs_of(found: Kernel) -> str:
    return "c" if "c" in found.layout else "i"
