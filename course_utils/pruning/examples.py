"""The one entrance for data: arrays, nests of them, tf.data and PyDataset become checked arrays.

Everything that reads data calls these first, so that nothing has changed yet when the data cannot
be used. A dataset is read once, as a whole, so that two measurements see the same examples.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from course_utils.arrays import whole
from course_utils.backend import inputs_by_name, keras, tf

_NUMBERS = (bool, int, float, str, bytes, np.generic)
_LONGEST = 100_000  # batches of a dataset that does not tell how many it has
_SAME = "all inputs and labels must hold the same number of examples, at least one"
_ARRAYS = "give arrays, a tf.data.Dataset or a keras.utils.PyDataset"


def inputs_of(
    x: object, model: keras.Model | None = None, name: str = "x", *, alike: bool = True
) -> object:
    """Return inputs as arrays, in the form in which they come: one, a list, a dictionary.

    Of a dataset of (x, y) or (x, y, weights) the inputs alone. Types stay what they are. Raises
    TypeError for what holds no data, ValueError for none, for NaN or infinity, for shapes that the
    model does not take, and for different lengths, unless `alike` is False (nodes, edges).

    >>> inputs_of({"a": [[1, 2]]})
    {'a': array([[1, 2]])}
    """
    parts = _read(x, name) if _is_dataset(x) else (_arrays(x, name),)
    return _fitting(model, parts, name, alike)[0]


def labelled(x: object, y: object = None, model: keras.Model | None = None) -> tuple:
    """Return (inputs, labels), or (inputs, labels, weights) of a dataset that has weights, too.

    A dataset holds its labels itself: leave `y` out, or None. Raises what `inputs_of` raises, and
    ValueError where labels are missing or given twice.

    >>> x, y = labelled(np.ones((2, 3)), [0, 1])
    >>> y
    array([0, 1])
    """
    if not _is_dataset(x):
        x = _arrays(x, "x")
        if y is None:
            raise ValueError("the labels are missing: give arrays x and y of the same length.")
        return _fitting(model, (x, _arrays(y, "y")), "x")
    if y is not None:
        raise ValueError("a dataset holds its labels itself: give y=None, or arrays x and y.")
    parts = _read(x, "x")
    if len(parts) < 2:
        raise ValueError("the dataset holds no labels: its elements must be (x, y), in batches.")
    return _fitting(model, parts, "x")


def steps(model: keras.Model, parts: tuple, batch_size: int = 128) -> Iterator[tuple]:
    """Yield the same rows of all parts, in the batches that the model takes.

    A model that is built for batches of one size gets those. Raises ValueError, before the first,
    where the examples do not make up whole ones.

    >>> model = keras.Sequential([keras.Input((1,), batch_size=2), keras.layers.Dense(1)])
    >>> [x.shape for x, in steps(model, (np.ones((4, 1)),))]
    [(2, 1), (2, 1)]
    """
    size, fixed, rows = whole(batch_size, "batch_size", least=1), fixed_batch(model), count(parts)
    if fixed and rows % fixed:
        raise ValueError(
            f"the model takes batches of {fixed} only, and {rows} examples do not make up whole "
            f"ones: give {rows - rows % fixed or fixed} examples."
        )
    return batches(parts, fixed or size)


def batches(data: object, batch_size: int = 128) -> Iterator[object]:
    """Yield the same rows of every array in `data`: an array, or a nest of them, such as (x, y).

    Each part has the form of `data`; the last one may be smaller. Raises what `count` raises.

    >>> x, y = np.ones((5, 2)), np.arange(5)
    >>> [(xs.shape, ys.tolist()) for xs, ys in batches((x, y), batch_size=3)]
    [((3, 2), [0, 1, 2]), ((2, 2), [3, 4])]
    """
    size = whole(batch_size, "batch_size", least=1)
    for start in range(0, count(data), size):
        yield keras.tree.map_structure(lambda array, s=start: array[s : s + size], data)


def tensors(data: object) -> object:
    """Return arrays as tensors of the same types: text, too, which Keras takes as tensors only.

    >>> tensors(np.array(["a"])).dtype
    tf.string
    """
    return keras.tree.map_structure(tf.convert_to_tensor, data)


def count(data: object) -> int:
    """Return how many examples there are.

    Raises ValueError where arrays differ in length, or are empty.

    >>> count((np.ones((3, 2)), np.ones(3)))
    3
    """
    lengths = [len(array) for array in keras.tree.flatten(data)]
    if len(set(lengths)) != 1 or not lengths[0]:
        raise ValueError(f"{_SAME}, not {lengths}.")
    return lengths[0]


def fixed_batch(model: keras.Model) -> int | None:
    """Return the only size of batches that a model takes, None where it takes any.

    >>> fixed_batch(keras.Sequential([keras.Input((3,), batch_size=4), keras.layers.ReLU()]))
    4
    """
    known = [tensor.shape[0] for tensor in getattr(model, "inputs", None) or ()]
    return next((size for size in known if size), None)


def _is_dataset(x: object) -> bool:
    return isinstance(x, tf.data.Dataset | keras.utils.PyDataset)


def _read(data: object, name: str) -> tuple:
    """Return (x,), (x, y) or (x, y, weights) of all batches of a dataset, joined in order."""
    if isinstance(data, tf.data.Dataset):
        length, batch = int(data.cardinality()), iter(data)
    else:
        length, batch = data.num_batches, (data[i] for i in range(data.num_batches or 0))
    if length in (None, tf.data.INFINITE_CARDINALITY):
        raise ValueError(f"the dataset {name} never ends: give data.take(10), or some as arrays.")
    found, taken = [], 0
    for index, one in enumerate(batch):
        x, y, weights = keras.utils.unpack_x_y_sample_weight(one)
        parts = (x,) if y is None else (x, y) if weights is None else (x, y, weights)
        found.append(tuple(_arrays(p, f"batch {index} of {name}", 0) for p in parts))
        lengths = {array.shape[:1] for array in keras.tree.flatten(found[-1])}
        if len(lengths) > 1 or () in lengths:
            raise ValueError(f"the dataset {name} is not in batches: give data.batch(128).")
        taken += sum(array.nbytes for array in keras.tree.flatten(found[-1]))
        if length == tf.data.UNKNOWN_CARDINALITY and (taken > 1 << 32 or index == _LONGEST):
            raise ValueError(
                f"the dataset {name} may never end, or is too large: give data.take(10), or arrays."
            )
    if not found:
        raise ValueError(f"{_SAME}: the dataset {name} is empty.")
    try:
        return keras.tree.map_structure(lambda *arrays: np.concatenate(arrays), *found)
    except ValueError as error:
        raise ValueError(
            f"the batches of {name} differ in shape, so they do not form an array: pad all to one "
            "length, or give arrays."
        ) from error


def _arrays(nest: object, name: str, least: int = 1) -> object:
    """Return a nest of arrays as it is, after checking each; rows of numbers are an array."""
    if isinstance(nest, Mapping) and nest:
        return {key: _arrays(one, f"{name}[{key!r}]", least) for key, one in nest.items()}
    first = nest
    while isinstance(first, list | tuple) and first:
        first = first[0]
    if isinstance(nest, list | tuple) and nest and not isinstance(first, _NUMBERS):
        found = [_arrays(one, f"{name}[{index}]", least) for index, one in enumerate(nest)]
        return tuple(found) if isinstance(nest, tuple) else found
    return _array(nest, name, least)


def _array(value: object, name: str, least: int) -> np.ndarray:
    if isinstance(value, Iterator):
        raise TypeError(
            f"{name} is a {type(value).__name__}, which can be read only once and may never end: "
            "give arrays, such as those of x, y = next(data), or a tf.data.Dataset."
        )
    if isinstance(value, tf.RaggedTensor | tf.SparseTensor) or np.ma.is_masked(value):
        raise TypeError(f"{name} is a {type(value).__name__}: give arrays, to_tensor(), filled().")
    symbolic = isinstance(value, keras.KerasTensor | tf.data.Dataset | type)
    if symbolic or not (hasattr(value, "__array__") or isinstance(value, (list, tuple, *_NUMBERS))):
        raise TypeError(f"{name} must hold data, not {type(value).__name__}: {_ARRAYS}.")
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} is not an array: its rows differ in length. Pad them.") from error
    if array.ndim < least:
        raise TypeError(f"{name} must hold examples, not the single value {value!r}: {_ARRAYS}.")
    text = array.dtype.kind in "SUO" and all(isinstance(one, str | bytes) for one in array.flat)
    numbers = array.dtype.kind in "biuf" and array.dtype.itemsize <= 8  # no long doubles
    if not text and not numbers and array.dtype.name != "bfloat16":
        raise TypeError(f"{name} must hold numbers or text, not {array.dtype}.")
    if not text and array.dtype.kind not in "biu":
        finite = np.isfinite(array)
        if not finite.all():
            raise ValueError(
                f"{name} must be finite, but {array.size - int(finite.sum()):,} of "
                f"{array.size:,} values are NaN or infinite: leave those examples out."
            )
    return array


def _fitting(model: keras.Model | None, parts: tuple, name: str, alike: bool = True) -> tuple:
    """Return parts of the same length, whose inputs have the shapes that a model declares."""
    for one in [parts] if alike else keras.tree.flatten(parts):
        count(one)  # which refuses none, and different lengths
    wanted, given = inputs_by_name(model) if model is not None else {}, parts[0]
    if not wanted:
        return parts
    if isinstance(given, Mapping):
        if missing := sorted({*wanted} - {*given}):
            raise ValueError(f"{name} lacks the inputs {missing}; it has {sorted(given)}.")
        pairs = [(key, given[key], tensor) for key, tensor in wanted.items()]
    else:
        arrays = keras.tree.flatten(given)
        if len(arrays) != len(wanted):
            raise ValueError(
                f"the model takes {len(wanted)} inputs, {', '.join(wanted)}, and {name} holds "
                f"{len(arrays)} arrays: give one for each."
            )
        pairs = [*zip(wanted, arrays, wanted.values(), strict=True)]
    for key, array, tensor in pairs:
        text, wanted_text = array.dtype.kind in "SUO", tensor.dtype == "string"
        if text != wanted_text:
            kinds = [("numbers", "text")[one] for one in (text, wanted_text)]
            raise TypeError(
                f"{name} holds {kinds[0]}, and input {key!r} of the model takes {kinds[1]}."
            )
        if not takes(tensor.shape[1:], array.shape[1:]):
            raise ValueError(
                f"{name} has examples of shape {array.shape[1:]}, and input {key!r} of the model "
                f"takes {tuple(tensor.shape[1:])}."
            )
        kind = tf.as_dtype(tensor.dtype)
        ends = array.dtype.kind in "iuf" and array.size and (kind.is_integer or kind.is_floating)
        if ends and not kind.min <= array.min() <= array.max() <= kind.max:
            raise ValueError(f"{name} goes beyond {kind.name}, the type of input {key!r}.")
    return parts


def takes(shape: tuple, given: tuple) -> bool:
    """Tell whether Keras takes examples of a shape: a last axis of length 1 may come or go.

    >>> takes((28, 28, 1), (28, 28)), takes((None, 3), (7, 3)), takes((28,), (3,))
    (True, True, False)
    """
    if len(given) == len(shape) + 1 and given[-1] == 1:
        given = given[:-1]
    elif len(given) == len(shape) - 1 and shape[-1] == 1:
        shape = shape[:-1]
    return len(shape) == len(given) and all(
        n in (None, m) for n, m in zip(shape, given, strict=True)
    )
