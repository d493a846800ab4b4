"""What goes into and out of every layer of a model, watched while it computes."""

import contextlib
import math
from collections.abc import Callable, Iterator

import numpy as np

from course_utils.arrays import Weights
from course_utils.backend import keras, model_of, states_kept, tf, wrapped_calls
from course_utils.pruning.examples import inputs_of, steps, tensors
from course_utils.pruning.kernels import Kernel, chosen
from course_utils.pruning.layers import walk
from course_utils.pruning.selectors import Selectors

# Layers whose kernel multiplies exactly what the layer is called on.
_READS_ITS_INPUT = (
    keras.layers.Dense,
    *(getattr(keras.layers, f"Conv{n}D{kind}") for n in (1, 2, 3) for kind in ("", "Transpose")),
    *(getattr(keras.layers, f"{k}Conv{n}D") for n in (1, 2) for k in ("Depthwise", "Separable")),
)

# (the layer's path, the layer, its arguments, its outputs), for every single call
See = Callable[[str, keras.Layer, tuple, object], None]


@contextlib.contextmanager
def watched(model: keras.Model, see: See) -> Iterator[None]:
    """Call `see` for every call of every layer inside `model` while the block runs.

    So a shared layer is seen as often as it is used, and layers inside nested and subclassed
    models are seen as well. Layers are as before afterwards, also after an error.
    """
    inside = {id(owners[-1]): (prefix, owners[-1]) for prefix, owners in reversed([*walk(model)])}

    def wrap(layer: keras.Layer, call: Callable) -> Callable:
        path = inside[id(layer)][0].rstrip("/")  # the first, where a layer stands in several places

        def seen(*args: object, **options: object) -> object:
            outputs = call(*args, **options)
            see(path, layer, (*args, *options.values()), outputs)
            return outputs

        return seen

    with wrapped_calls((layer for _, layer in inside.values()), wrap):
        yield


def input_norms(
    model: keras.Model,
    x: object,
    *,
    batch_size: int = 128,
    include: Selectors = None,
    exclude: Selectors = None,
) -> Weights:
    """Return the norm of every input that a kernel multiplies, over all examples and positions.

    The array of a kernel has its axes, with length 1 along all but its inputs, so that it
    broadcasts; of a convolution there is one norm an input channel. What criterion `wanda` needs.
    A layer that the model does not call has none: 0. `x`: arrays or a dataset. Raises ValueError
    for kernels whose inputs no layer hands over, recurrent and embedding ones, and what
    `examples.inputs_of` raises.

    >>> from course_utils.models import article_cnn
    >>> norms = input_norms(article_cnn(), np.ones((4, 28, 28, 1)))
    >>> {name: N.shape for name, N in norms.items()}["dense/kernel"]
    (5408, 1)
    """
    model, taken = model_of(model), chosen(model, include, exclude)
    for f in taken:
        layer = f.owners[-1]
        known = isinstance(layer, _READS_ITS_INPUT) and f.attribute != "pointwise_kernel"
        if isinstance(layer, keras.layers.EinsumDense):
            reads, kernel = layer.equation.split("->")[0].split(",")
            summed = [letter for letter, kind in zip(kernel, f.layout, strict=True) if kind == "i"]
            known = reads.endswith("".join(summed)) and "c" not in f.layout
        if not known:
            raise ValueError(
                f"the inputs of {f.name} are not known: they arise inside the layer, or stand in "
                f"another order. Leave it out, exclude={f.name!r}, or choose another criterion."
            )
    x = inputs_of(x, model)
    found = {id(f.owners[-1]): f for f in taken}
    squares = {f.name: np.zeros(_input_shape(f), np.float32) for f in taken}

    def see(path: str, layer: keras.Layer, inputs: tuple, outputs: object) -> None:
        if (f := found.get(id(layer))) is not None:
            squares[f.name] = squares[f.name] + _input_squares(f, inputs[0])

    with states_kept(model), watched(model, see):
        for (part,) in steps(model, (x,), batch_size):
            model(tensors(part), training=False)
    return {name: np.sqrt(total) for name, total in squares.items()}


def _input_squares(found: Kernel, inputs: object) -> np.ndarray:
    """Sum the squares of a layer's inputs, by input, in the shape that fits its kernel."""
    squares = tf.square(tf.cast(inputs, "float32"))
    shape = _input_shape(found)
    kept = found.layout.count("c" if "c" in found.layout else "i")
    first = 1 if getattr(found.owners[-1], "data_format", "") == "channels_first" else None
    last = list(range(squares.ndim - kept, squares.ndim)) if first is None else [first]
    total = tf.reduce_sum(squares, [a for a in range(squares.ndim) if a not in last]).numpy()
    groups = math.prod(total.shape) // math.prod(shape)  # a grouped convolution shares its kernel
    return total.reshape(groups, *shape).sum(axis=0)


def _input_shape(found: Kernel) -> tuple[int, ...]:
    """Return the shape that has the kernel's inputs, and length 1 along all else."""
    inputs = "c" if "c" in found.layout else "i"
    sizes = zip(found.layout, found.variable.shape, strict=True)
    return tuple(n if letter == inputs else 1 for letter, n in sizes)
