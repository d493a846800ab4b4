"""Does a function that nobody described act on each entry, or channel, alone?  It is tried."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from inspect import signature

import numpy as np

from course_utils.backend import keras, layers_inside
from course_utils.pruning.layers import of_keras
from course_utils.structure.reaching import reached, read_by_name
from course_utils.structure.symbolic import SOME_LENGTH, output_spec


@dataclass(frozen=True)
class Tried:
    """What trying a function showed: `why` it is not known to act on each entry alone, or "".

    `at_zero` is what it makes of 0, NaN where that is not known.
    """

    why: str = ""
    at_zero: float = np.nan

    @property
    def zero_stays(self) -> bool:
        """Whether 0 stays 0."""
        return self.at_zero == 0


def tried(function: Callable, rank: int = 2) -> Tried:
    """Try a function on a few small tensors of that many axes.

    Each entry must become what it becomes whatever the others are, wherever it stands, and
    whatever the size of the tensor. A function that reads weights, or fails, is not known.

    >>> tried(keras.ops.tanh)
    Tried(why='', at_zero=0.0)
    >>> tried(keras.ops.softmax).why
    'depends on more than the number in its place'
    """
    try:
        return _known(function, rank)
    except TypeError:  # not hashable
        return _tried(function, rank)


def tried_layer(
    layer: keras.Operation, shape: tuple, axes: tuple, along: bool, *args: object, **options: object
) -> Tried:
    """Try what an operation, or a layer without weights but single numbers, does to its argument.

    It has that shape, without the batch, and may be longer on the axes. `along`: not to each entry,
    but to what lies at each place of the one axis, as pooling does.

    >>> tried_layer(keras.layers.LeakyReLU(), (None, 2), (1,), False)
    Tried(why='', at_zero=0.0)
    """
    if isinstance(layer, keras.Layer):
        weights = any(len(v.shape) for v in layer.weights)  # without seeds
        if not layer.built or weights or isinstance(layer, keras.Model):
            return Tried("is of a kind whose use of channels is not known")
    call = lambda x, one=layer, **told: one.call(x, *args, **options, **told)  # noqa: E731
    # By 7, so that a layer which takes only even sizes, say, does not fit.
    x = keras.KerasTensor((None, *(n + 7 if a in axes else n for a, n in enumerate(shape))))
    sizes = [2, *(n or SOME_LENGTH for n in shape)]
    some = np.random.default_rng(0).normal(size=sizes).astype("float32")
    where = (some, [axis - len(shape) for axis in axes], along)
    holds, inside = [layer, args, options], isinstance(layer, keras.Layer) and layers_inside(layer)
    told = {"training": True} if "training" in signature(layer.call).parameters else {}
    # Called by another one, as the layers inside hear from that whether they train.
    train = partial(keras.layers.Lambda(partial(call, **told), dtype="float32"), training=True)
    result = _tried(call, len(x.shape), holds, where)
    if result.why:
        return result
    if told or inside:
        why = _tried(train, len(x.shape), holds, where).why
        if why not in ("", _BY_CHANCE):
            return Tried(f"in training, {why}")
    try:
        made = output_spec(layer, x, *args, **options).shape
        single = (None, *(1 if a in axes else n for a, n in enumerate(shape)))
        twins = [partial(call, one=one) for one in _built_for(layer, x.shape, single)]
        with keras.StatelessScope(collect_losses=True) as scope:
            same = all(_same(_of(call, some), _of(twin, some)) for twin in twins)
            if told or inside:
                _of(train, some)
    except Exception as error:
        return Tried(f"cannot be made for another size: {type(error).__name__}")
    if scope.losses:
        return Tried("adds a loss of what it sees")
    if any(made[axis - len(shape)] != x.shape[axis + 1] for axis in axes):
        return Tried("tells the shape of its output by numbers of its own")
    specs = keras.tree.flatten(getattr(layer, "input_spec", None))
    if any(getattr(spec, "axes", None) or getattr(spec, "shape", None) for spec in specs):
        return Tried("declares a size of its input")
    return result if same else Tried("takes numbers from the size that it is built for")


def _built_for(layer: keras.Operation, *shapes: tuple) -> list[keras.Layer]:
    if all(of_keras(kind) for kind in type(layer).__mro__ if "build" in vars(kind)):
        return [layer]
    twins = [type(layer).from_config(layer.get_config()) for _ in shapes]
    for twin, shape in zip(twins, shapes, strict=True):
        twin.build(shape)
        twin.set_weights(layer.get_weights())
    return twins


_BY_CHANCE = "gives another result each time"
_SCALES = 0.5, 10.0, 1000.0


def _tried(
    function: Callable, rank: int, holds: object = None, where: tuple | None = None
) -> Tried:
    if isinstance(function, keras.Layer) and not function.built:
        return Tried("is a layer that is not built")
    name = _weights_in(function if holds is None else holds)
    if name:
        return Tried(f"reads {name}, a weight that is not its own")
    rng = np.random.default_rng(0)
    some, axes, along = where or (np.zeros((1,) * (rank - 1) + (4,)), (), False)
    try:
        with keras.StatelessScope():  # what it counts or draws stays as it is
            mixing = "" if along else _mixing(function, rank, rng)
            for axis in axes:  # with the sizes that it has: it may do otherwise on small tensors
                mixing = mixing or _mixing_along(function, some, axis)
            return Tried(mixing, _at_zero(function, some))
    except Exception as error:
        return Tried(f"could not be tried ({type(error).__name__}: {first_line(error, 80)})")


_known = lru_cache(maxsize=128)(_tried)


def _mixing(function: Callable, rank: int, rng: np.random.Generator) -> str:
    small = (*(3, 2, 2, 2, 2)[: rank - 1], 4)
    for scale in _SCALES:
        x = rng.normal(0, scale, small).astype("float32")
        x.flat[0] = 0
        y = _of(function, x)
        if y.shape != x.shape:
            return "makes a tensor of another shape"
        if not _same(y, _of(function, x)):
            return _BY_CHANCE
        for stays in (rng.random(small) < 0.5, np.arange(x.size).reshape(small) == 1):
            others = rng.normal(0, 3 * scale, small).astype("float32")
            if not _same(_of(function, np.where(stays, x, others))[stays], y[stays]):
                return "depends on more than the number in its place"
        order = rng.permutation(x.size)
        moved = _of(function, x.reshape(-1)[order].reshape(small)).reshape(-1)
        if not _same(moved, y.reshape(-1)[order]):
            return "treats numbers by where they stand"
        for axis in range(1, rank):
            large = np.pad(x, [(0, 125 * (one == axis)) for one in range(rank)])
            if not _same(_of(function, large)[tuple(map(slice, small))], y):
                return "depends on the size of the tensor"
    return ""


def _mixing_along(function: Callable, some: np.ndarray, axis: int) -> str:
    rng, length = np.random.default_rng(0), some.shape[axis]
    picks = [rng.integers(0, length, count) for count in (length + 7, length // 2, 1)]
    for x in (scale * some for scale in _SCALES):
        y, again, *others = (_of(function, x.take(p, axis)) for p in [*2 * [range(length)], *picks])
        if not _same(y, again):
            return _BY_CHANCE
        most = np.abs(x).max()  # what is added up is added in another order
        pairs = zip(others, (y.take(pick, axis) for pick in picks), strict=True)
        if not all(_same(*pair, most) for pair in pairs):
            return "depends on more than what lies at one place of the axis"
    return ""


def _at_zero(function: Callable, like: np.ndarray) -> float:
    return float(np.abs(_of(function, (0 * like).astype("float32"))).max())


def _of(function: Callable, x: np.ndarray) -> np.ndarray:
    made = keras.ops.convert_to_numpy(function(keras.ops.convert_to_tensor(x)))
    return np.asarray(made, np.float64)


def _same(one: np.ndarray, other: np.ndarray, size: float = 1) -> bool:
    size = np.abs(one[np.isfinite(one)]).max(initial=max(size, 1))
    return np.allclose(one, other, rtol=1e-5, atol=1e-6 * size, equal_nan=True)


def _weights_in(value: object) -> str:
    """Return the name of a weight that something reaches, such as what it closes over, or "".

    A single number is none, nor a seed: it does the same to every channel.
    """
    found = [*reached(value), *(one for _, one in read_by_name(value))]
    variables = (v for one in found for v in getattr(one, "variables", [one]) if len(v.shape))
    names = (getattr(v, "path", v.name) for v in variables if v.name != "seed_generator_state")
    return next(names, "")


def first_line(error: Exception, longest: int = 120) -> str:
    """Return how the words of an error begin: Keras puts more after, and some before, in bold.

    >>> first_line(ValueError("In A.call().\\n\\n\\x1b[1mno such size\\x1b[0m\\nArguments ..."))
    'no such size'
    """
    words = str(error).split("Error encountered:")[-1]  # of the layer inside
    said = words.partition("\x1b[1m")[2] or words
    return said.strip().split("\n")[0].removesuffix("\x1b[0m")[:longest]
