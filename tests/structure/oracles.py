"""What a smaller network is compared with: the full one with gates, written without the package.

A test writes its network once, as a function of a gate. An open gate is the identity. A gate with
masks multiplies a tensor by 0 and 1, after the last nonlinearity, where the test says that the
channels of a group lie. So nothing of what the package believes about slices of variables goes
into this oracle.
"""

import contextlib
from collections.abc import Callable, Iterator

import numpy as np
from sizes import full_run

from course_utils.backend import keras
from course_utils.structure import channel_groups, shrink, zeroed
from course_utils.structure.channels import Channels

Masks = dict[str, np.ndarray]

SAME = 2e-5  # float32, small networks: sums in another order


class Hold(keras.layers.Layer):
    """Multiply by a constant that spreads over the other axes, and keep the mask of the steps."""

    def __init__(self, factor: np.ndarray, **options: object) -> None:
        super().__init__(**options)
        self.factor, self.supports_masking = factor, True

    def call(self, x):
        return x * keras.ops.cast(self.factor, x.dtype)


class Gate:
    """Lets channels pass, or only those of the masks; remembers which groups it was asked for."""

    def __init__(self, masks: Masks | None = None) -> None:
        self.masks, self.names = masks, {}

    def of(self, name: str, count: int) -> np.ndarray:
        """The mask of a group, as numbers; of an open gate ones."""
        self.names[name] = count
        return np.ones(count) if self.masks is None else self.masks[name].astype(float)

    def __call__(self, name: str, x, axis: int = -1, *, each: int = 1, tile: int = 1):
        """Gate an axis: every channel of the group `each` times in a row, and all of it `tile`."""
        size = x.shape[axis]
        factor = np.tile(np.repeat(self.of(name, size // each // tile), each), tile)
        shape = [1] * len(x.shape)
        shape[axis] = size
        return x if self.masks is None else Hold(factor.reshape(shape))(x)


Build = Callable[[Gate], keras.Model]


def randomized(model: keras.Model, seed: int = 0) -> keras.Model:
    """Give all weights random values, scales and variances positive ones; nothing is 0 or 1."""
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        shape, name = variable.shape, variable.path.rsplit("/", 1)[-1]
        if "seed" in variable.path or not keras.backend.is_float_dtype(variable.dtype):
            continue
        if name in ("mean", "variance"):
            continue  # of an adapted layer, which computes with what it made of them
        if name in ("gamma", "scale", "moving_variance"):
            value = rng.uniform(0.5, 1.5, shape)
        elif len(shape) < 2:
            value = rng.normal(0, 0.4, shape)
        else:
            value = rng.normal(0, 1.5 / np.sqrt(np.prod(shape[:-1])), shape)
        variable.assign(value)
    return model


def same_weights(new: keras.Model, old: keras.Model) -> keras.Model:
    """Copy weights from layer to layer of the same name, also within models in models."""
    for layer in new.layers:
        if isinstance(layer, keras.Model):
            same_weights(layer, old.get_layer(layer.name))
        elif layer.weights:
            values = old.get_layer(layer.name).get_weights()
            layer.set_weights(
                [W.reshape(v.shape) for W, v in zip(values, layer.weights, strict=True)]
            )
    return new


def inputs_for(model: keras.Model, seed: int = 0, count: int = 3) -> object:
    """Random inputs of the shapes that the model declares; unknown lengths are 6."""
    rng = np.random.default_rng(seed)

    def one(tensor):
        shape = (count, *(n or 6 for n in tensor.shape[1:]))
        if keras.backend.is_float_dtype(tensor.dtype):
            return rng.normal(size=shape).astype(tensor.dtype)
        return rng.integers(0, 5, shape).astype(tensor.dtype)

    sequential = isinstance(model, keras.Sequential)
    return keras.tree.map_structure(one, model.inputs[0] if sequential else model.input)


def outputs_of(model: keras.Model, x: object) -> list[np.ndarray]:
    """All outputs of a model in inference."""
    return [np.asarray(made) for made in keras.tree.flatten(model(x, training=False))]


def apart(one: keras.Model, other: keras.Model, x: object) -> float:
    """The largest difference of outputs, as a share of the largest output; NaN if there is one."""
    return distance(outputs_of(one, x), outputs_of(other, x))


def distance(one: list[np.ndarray], other: list[np.ndarray]) -> float:
    """The same of outputs that are computed already."""
    found = [0.0]
    for a, b in zip(one, other, strict=True):
        assert a.shape == b.shape
        found.append(np.abs(a.astype(float) - b).max() / (np.abs(a).max() or 1.0))
    return float(np.max(found))


def random_masks(channels: Channels, share: float = 0.5, seed: int = 0) -> Masks:
    """Take about that share from every group, at least one channel, and leave at least one."""
    rng = np.random.default_rng(seed)
    masks = {}
    for name, group in channels.groups.items():
        gone = min(max(round(share * len(group)), 1), len(group) - 1)
        masks[name] = np.ones(len(group), bool)
        masks[name][rng.choice(len(group), gone, replace=False)] = False
    return masks


@contextlib.contextmanager
def zeros_in(channels: Channels, masks: Masks) -> Iterator[keras.Model]:
    """The full model itself with the removed channels at zero, for as long as the block runs."""
    kept, before = channels.kept(masks), {}
    for one in (one for one in channels.slices if one.role != "keeps"):
        value = np.array(one.variable)
        before.setdefault(id(one.variable), (one.variable, value))
        shape = [1] * value.ndim
        shape[one.axis] = -1
        one.variable.assign(np.where(kept(one.ids).reshape(shape), value, 0))
    yield channels.model
    for variable, value in before.values():
        variable.assign(value)


def check_zeroed(channels: Channels, masks: Masks, x: object, limit: float = SAME) -> keras.Model:
    """The package's own oracle: zeroed = small, and neither is the original; returns the small."""
    small, _ = shrink(channels, masks=masks)
    full = zeroed(channels, masks)
    assert apart(full, small, x) <= limit
    if any(not mask.all() for mask in masks.values()):
        assert apart(channels.model, full, x) > 1e-3
    return small


def check(build: Build, share: float = 0.5, limit: float = SAME) -> keras.Model:
    """Compare what is left with the gated and the zeroed network; return the small one.

    The groups from which channels can go must be those that the network's gates name.
    """
    gate = Gate()
    model = randomized(build(gate))
    x = inputs_for(model)
    channels = channel_groups(model)
    assert {n: len(g) for n, g in channels.groups.items()} == gate.names, channels
    for seed in (0, 1) if full_run() else (0,):
        masks = random_masks(channels, share, seed)
        small = check_zeroed(channels, masks, x, limit)
        gated = same_weights(build(Gate(masks)), model)
        assert apart(gated, small, x) <= limit
        assert small.count_params() < model.count_params()
    return small


def reasons(model: keras.Model, **options: object) -> dict[str, str]:
    """Why nothing can go, by group."""
    left = channel_groups(model, **options).left
    return {name: group.reason for name, group in left.items()}
