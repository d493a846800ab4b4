"""A batch, given or made up, for functions that have to watch a model compute."""

import numpy as np

from course_utils.backend import inputs_by_name, keras, model_of, operations_on, states_kept
from course_utils.pruning.examples import count, fixed_batch, inputs_of, tensors
from course_utils.pruning.layers import walk

# What open sizes become: sides of images and lengths of sequences, tried until one computes.
_SIZES = ((32, 8), (64, 16), (128, 64), (224, 256), (256, 1024), (384, 16_000))


def probe(
    model: keras.Model,
    inputs: object = None,
    *,
    rng: np.random.Generator | None = None,
    examples: int = 1,
) -> object:
    """Return a batch for a model, in the form in which it takes its inputs.

    The first `examples` of `inputs`, where given: arrays or a dataset. Otherwise zeros of what the
    model declares, or with `rng` random values: normal ones, pixels of 0 to 255, token ids within
    the embedding's range, masks that leave the first place. Sizes that a model leaves open are
    tried from small to large until it computes. A model that takes batches of one size only gets
    a whole one. Nothing of the model changes.

    Raises ValueError where the model declares no inputs, and where no size computes.

    >>> tokens = keras.Input((None,), dtype="int32")
    >>> probe(keras.Model(tokens, keras.layers.Embedding(50, 2)(tokens))).shape
    (1, 8)
    """
    model = model_of(model)
    fixed = fixed_batch(model)
    size = fixed or examples
    if inputs is not None:
        given = inputs_of(inputs, model, "inputs")
        if fixed and count(given) < fixed:
            raise ValueError(
                f"the model takes batches of {fixed} only: give at least {fixed} examples, not "
                f"{count(given)}."
            )
        return keras.tree.map_structure(lambda array: array[:size], given)
    if not getattr(model, "inputs", None):
        raise ValueError(
            f"model {model.name!r} does not declare the shapes of its inputs, as a Sequential or "
            "Functional model with a keras.Input does: give a batch of them, inputs=x[:1]."
        )
    if not left_open(model):
        return _batch(model, size, _SIZES[0], rng)
    failure = None
    for sizes in _SIZES:
        batch = _batch(model, size, sizes, rng)
        try:
            with states_kept(model):
                model(tensors(batch), training=False)
        except Exception as error:  # whatever its layers say to a size that is too small
            failure = failure or error
        else:
            return batch
    shapes = ", ".join(str(tuple(tensor.shape)) for tensor in model.inputs)
    raise ValueError(
        f"the model takes inputs of any size, {shapes}, but none of the sizes tried works, sides "
        f"{[a for a, _ in _SIZES]} and lengths {[b for _, b in _SIZES]}: give a batch of the size "
        "you mean, inputs=x[:1]."
    ) from failure


def left_open(model: keras.Model) -> bool:
    """Tell whether a model leaves more than the batch of an input open.

    >>> left_open(keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(2, 3)]))
    True
    """
    return any(None in tensor.shape[1:] for tensor in getattr(model, "inputs", None) or ())


def _batch(
    model: keras.Model, size: int, sizes: tuple[int, int], rng: np.random.Generator | None
) -> object:
    # A Functional model keeps its inputs in the form in which it takes them: a list, a dictionary.
    structure = model.inputs[0] if isinstance(model, keras.Sequential) else model.input
    values = [
        _values(name, tensor, (size, *_closed(tensor.shape[1:], sizes)), _bound(model, tensor), rng)
        for name, tensor in inputs_by_name(model).items()
    ]
    return keras.tree.pack_sequence_as(structure, values)


def _closed(shape: tuple[int | None, ...], sizes: tuple[int, int]) -> list[int]:
    """Return a shape whose open axes are filled with the sides of an image, or a length."""
    many = sum(n is None for n in shape) > 1
    # The first of three is time: a film.
    film = many and len(shape) > 3 and shape[0] is None
    side, length = (sizes[0], min(sizes[1], 64)) if film else sizes  # 16,000 fill the memory
    return [
        n if n is not None else side if many and (axis or not film) else length
        for axis, n in enumerate(shape)
    ]


def _bound(model: keras.Model, tensor: keras.KerasTensor) -> int:
    """Return how many token ids the layers that read an input know; 2 if none of them says."""
    readers = operations_on(tensor)
    wraps = [one for one in readers if isinstance(one, keras.Layer)]
    inside = [*readers, *(owners[-1] for one in wraps for _, owners in walk(one))]
    everywhere = [owners[-1] for _, owners in walk(model)]
    for layers in (inside, everywhere):
        sizes = [one.input_dim for one in layers if isinstance(one, keras.layers.Embedding)]
        coders = [one for one in layers if isinstance(one, keras.layers.CategoryEncoding)]
        if known := [n for n in (*sizes, *(one.num_tokens for one in coders)) if n]:
            return min(known)
    return 2


def _values(
    name: str,
    tensor: keras.KerasTensor,
    shape: tuple[int, ...],
    bound: int,
    rng: np.random.Generator | None,
) -> np.ndarray:
    kind = keras.backend.standardize_dtype(tensor.dtype)
    if kind == "string":
        return np.full(shape, "a", object) if rng is None else rng.choice([*"abc"], shape)
    if keras.backend.is_float_dtype(kind):
        array = np.zeros(shape) if rng is None else rng.normal(size=shape)
        return keras.ops.convert_to_numpy(keras.ops.cast(array, kind))
    if kind == "bool" or "mask" in name:  # of zeros, softmax would be NaN
        array = np.ones(shape) if rng is None else rng.integers(0, 2, shape)
        array[:, :1] = 1
        return array.astype(kind)
    high = 256 if kind == "uint8" else bound
    return (np.zeros(shape) if rng is None else rng.integers(0, high, shape)).astype(kind)
