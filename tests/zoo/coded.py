"""A second oracle: what the package says of slices, groups and graphs does not go into it.

Every weight of a network is given its number as its value. What a smaller network holds then says
which weights it kept, and of what variable. The values that belong there are written back into the
original network at these places, zeros everywhere else, and its own graph is run: it must compute
what the smaller one does.
"""

from collections.abc import Callable

import keras
import numpy as np

DIGIT = 2**24  # whole numbers up to here are exact in float32
SCALE = 2**24  # they are divided by it: large weights round too much for `shrink` to verify

Arrays = list[np.ndarray]
Sizes = dict[str, int | tuple[int, ...]]


class DisagreementError(Exception):
    """What a smaller network holds is not a part of the original."""


def weights_of(model: keras.Model) -> list[keras.Variable]:
    """The variables that hold floating numbers, each once."""
    unique = {id(one): one for one in model.variables}
    return [one for one in unique.values() if keras.backend.is_float_dtype(one.dtype)]


def values(model: keras.Model) -> Arrays:
    return [np.array(one, "float64") for one in weights_of(model)]


def assign(model: keras.Model, arrays: Arrays) -> None:
    for variable, array in zip(weights_of(model), arrays, strict=True):
        variable.assign(array)


def codes(model: keras.Model, smaller: Callable[[], keras.Model]) -> Arrays:
    """The numbers of the weights that a smaller network keeps, by its variables.

    `smaller` makes that network of the model; the model has its own weights again afterwards.
    """
    before, found, digits = values(model), [], []
    start, total = 0, sum(array.size for array in before)
    for array in before:
        found.append(np.arange(start, start + array.size).reshape(array.shape))
        start += array.size
    try:
        base = 1
        while base <= total:
            assign(model, [code // base % DIGIT / SCALE for code in found])
            digits.append([base * (array * SCALE).astype("int64") for array in values(smaller())])
            base *= DIGIT
    finally:
        assign(model, before)
    return [sum(parts) for parts in zip(*digits, strict=True)]


def embedded(model: keras.Model, kept: Arrays, small: Arrays) -> Arrays:
    """The weights of the original that are zero but where the smaller network holds them.

    Raises DisagreementError where a variable is made of several, or one came apart in two.
    """
    originals = values(model)
    ends = np.cumsum([array.size for array in originals])
    flat, owners = np.zeros(ends[-1]), {}
    for place, (numbers, array) in enumerate(zip(kept, small, strict=True)):
        of = np.unique(np.searchsorted(ends, numbers.reshape(-1), side="right"))
        if len(of) > 1 or np.unique(numbers).size < numbers.size:
            raise DisagreementError(f"variable {place} holds weights of several, or some twice")
        for one in of.tolist():
            if one in owners:
                raise DisagreementError(f"{weights_of(model)[one].path} came apart in two")
            owners[one] = place
        flat[numbers.reshape(-1)] = array.reshape(-1)
    parts = np.split(flat, ends[:-1])
    return [part.reshape(array.shape) for part, array in zip(parts, originals, strict=True)]


def outputs(model: keras.Model, x: object) -> Arrays:
    """All floating outputs in inference; whatever is drawn is drawn from the same seeds."""
    for variable in model.variables:
        if not keras.backend.is_float_dtype(variable.dtype) and "seed" in variable.path:
            variable.assign(np.ones(variable.shape, variable.dtype))
    made = [np.asarray(y) for y in keras.tree.flatten(model(x, training=False))]
    return [y.astype("float64") for y in made if y.dtype.kind not in "biuSO"]


def apart(one: Arrays, other: Arrays) -> float:
    """The largest difference, as a share of the largest output; infinite where shapes differ."""
    pairs = [*zip(one, other, strict=True)]
    if any(a.shape != b.shape for a, b in pairs):
        return np.inf
    found = [np.abs(a - b).max() / (np.abs(a).max() or 1.0) for a, b in pairs if a.size]
    return float(np.max(found))  # NaN, if there is one


def randomized(model: keras.Model, seed: int = 0) -> keras.Model:
    """Give weights random values so that a mistake shows: nothing is 0, 1 or tiny."""
    rng = np.random.default_rng(seed)
    for variable in weights_of(model):
        shape, name = variable.shape, variable.path.rsplit("/", 1)[-1]
        if name in ("gamma", "scale", "moving_variance", "variance"):
            value = rng.uniform(0.5, 1.5, shape)
        elif len(shape) < 2:
            value = rng.normal(0, 0.2, shape)
        else:
            depthwise = len(shape) == 4 and shape[-1] == 1
            summed = np.prod(shape[:-2] if depthwise else shape[:-1])
            value = rng.normal(0, 1.2 / np.sqrt(summed), shape)
        variable.assign(value)
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.Normalization) and layer.input_mean is None:
            layer.finalize_state()  # as adapted to data
    return model


def inputs_for(model: keras.Model, sizes: Sizes, batch: int = 2) -> object:
    """Random inputs in the structure that the model takes.

    `sizes` gives the shape of inputs by name, without the batch; under "length" and "side" what
    takes the place of open sizes, in pictures and elsewhere.
    """
    rng = np.random.default_rng(1)

    def like(tensor: keras.KerasTensor) -> np.ndarray:
        free = sizes["side" if len(tensor.shape) >= 4 else "length"]
        open_shape = sizes.get(tensor.name, tensor.shape[1:])
        first = tensor.shape[0] if tensor.shape and tensor.shape[0] else batch
        shape = [first, *(free if size is None else size for size in open_shape)]
        if tensor.dtype == "string":
            return rng.choice(["a", "b", "c"], shape)
        if "padding_mask" in tensor.name or tensor.dtype == "bool":
            mask = np.ones(shape, tensor.dtype)
            mask[..., -1:] = 0
            return mask
        if tensor.name == "boxes":  # corners, as shares of a picture
            return rng.uniform(0.2, 0.8, shape).astype(tensor.dtype)
        if keras.backend.is_float_dtype(tensor.dtype):
            return rng.normal(size=shape).astype(tensor.dtype)
        if tensor.name == "num_steps":
            return np.ones(shape, tensor.dtype)
        few = 2 if "segment" in tensor.name or "label" in tensor.name else 4
        return rng.integers(0, few, shape).astype(tensor.dtype)

    sequential = isinstance(model, keras.Sequential)
    return tensors(keras.tree.map_structure(like, model.inputs[0] if sequential else model.input))


def tensors(x: object) -> object:
    """Arrays as they are, or all as tensors where one holds strings: Keras takes no mixture."""
    if not any(np.asarray(one).dtype.kind == "U" for one in keras.tree.flatten(x)):
        return x
    return keras.tree.map_structure(keras.ops.convert_to_tensor, x)
