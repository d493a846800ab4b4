"""Fit the kernels that read removed channels anew, so that they compute nearly what they did."""

import numpy as np

from course_utils.arrays import whole
from course_utils.backend import keras, states_kept
from course_utils.masking import Masks
from course_utils.pruning.examples import count, inputs_of, steps, tensors
from course_utils.pruning.hooks import watched
from course_utils.pruning.layers import read, walk
from course_utils.structure.channels import Channels, as_channels
from course_utils.structure.shrinking import shrink

_ROWS = 10_000  # places and examples that a fit looks at; more hardly change it
_AT_ONCE = 50_000  # of them in memory, before some are chosen
_FITTED = (keras.layers.Dense, keras.layers.Conv2D)


def reconstruct(
    model: keras.Model | Channels, masks: Masks, x: object, seed: int = 0
) -> tuple[keras.Model, dict[str, tuple[float, float]]]:
    """Return the smaller model of `shrink`, fitted to what it computed before, and the errors.

    Each layer that lost inputs is fitted by least squares, one after the other, from the input on:
    its kernel and bias change so that the outputs before the activation come closest to those of
    the full model on `x`, given what the smaller model now hands to the layer. The errors {layer:
    (before, after)} are shares of the outputs' own variance. Dense and Conv2D layers that are
    called once are fitted; the others stay as `shrink` makes them, and so do those that have a
    constraint, such as a mask that is held, which a fit would break. The model given stays.
    `x`: arrays, or a dataset whose labels are not looked at. Raises TypeError or ValueError for
    data that the model cannot take, for NaN, for values too large to fit, and what `shrink` raises.
    Source: He et al. 2017 (arXiv 1707.06168) and Luo et al. 2017, ThiNet (arXiv 1707.06342).

    >>> from course_utils import models
    >>> from course_utils.structure import choose, filter_norms
    >>> model, rng = models.lenet5(), np.random.default_rng(0)
    >>> masks = choose(filter_norms(model), 0.5, "layer")
    >>> small, errors = reconstruct(model, masks, rng.random((64, 28, 28, 1)))
    >>> all(after <= before for before, after in errors.values())
    True
    """
    rng = np.random.default_rng(whole(seed, "seed"))
    channels = as_channels(model)
    x = inputs_of(x, channels.model)
    small, _ = shrink(channels, masks=masks)
    old_layers, new_layers = _by_path(channels.model), _by_path(small)
    targets = _inputs(channels.model, x, _losers(channels, masks, old_layers))
    errors = {}
    for path, given in targets.items():
        old, new = old_layers[path], new_layers[path]
        (now,) = _inputs(small, x, [path]).values()
        places = len(_rows(old, given[:1]))
        rows = len(given) * places
        some = np.sort(rng.choice(rows, min(_ROWS, rows), replace=False))
        outputs = _chosen(old, given, some, places) @ _matrix(old) + _bias(old)
        kept = outputs[:, _kept_outputs(channels, masks, old)]
        errors[path] = _fit(new, _chosen(new, now, some, places), kept)
    return small, errors


def _losers(channels: Channels, masks: Masks, layers: dict[str, keras.Layer]) -> list[str]:
    """Return the layers to fit: those that read something that is gone."""
    kept = channels.kept(masks)
    paths = [
        one.layer
        for one in channels.slices
        if one.role == "reads" and not kept(one.ids).all() and one.layer in layers
    ]
    plain = [p for p in dict.fromkeys(paths) if type(layers[p]) in _FITTED]
    free = [p for p in plain if not any(v.constraint for v in layers[p].variables)]
    return [p for p in free if getattr(layers[p], "groups", 1) == 1]


def _by_path(model: keras.Model) -> dict[str, keras.Layer]:
    return {prefix.rstrip("/"): owners[-1] for prefix, owners in walk(model)}


def _inputs(model: keras.Model, x: object, paths: list[str]) -> dict[str, np.ndarray]:
    """Return what goes into the layers, in the order of their calls; those called once only."""
    found: dict[str, list[np.ndarray]] = {}

    def see(path: str, layer: keras.Layer, inputs: tuple, outputs: object) -> None:
        if path in paths:
            found.setdefault(path, []).append(np.asarray(inputs[0]))

    parts = [*steps(model, (x,), count(x))]  # one batch, where the model takes any
    with states_kept(model), watched(model, see):
        for (part,) in parts:
            model(tensors(part), training=False)
    once = {path: arrays for path, arrays in found.items() if len(arrays) == len(parts)}
    return {path: np.concatenate(arrays) for path, arrays in once.items()}


def _chosen(layer: keras.Layer, inputs: np.ndarray, some: np.ndarray, places: int) -> np.ndarray:
    """Return the chosen rows, given in order; all rows of all examples may not fit into memory."""
    step = max(1, _AT_ONCE // places)  # examples
    starts = np.arange(0, len(inputs), step)
    parts = zip(starts, np.split(some, np.searchsorted(some, starts[1:] * places)), strict=True)
    return np.concatenate(
        [_rows(layer, inputs[i : i + step])[rows - i * places] for i, rows in parts]
    )


def _rows(layer: keras.Layer, inputs: np.ndarray) -> np.ndarray:
    """Return what the kernel multiplies, one row for each example and place."""
    if isinstance(layer, keras.layers.Conv2D):
        inputs = keras.ops.image.extract_patches(
            inputs, layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding,
            data_format=layer.data_format,
        )  # fmt: skip
        if layer.data_format == "channels_first":
            inputs = keras.ops.moveaxis(inputs, 1, -1)
    array = keras.ops.convert_to_numpy(inputs)
    return array.reshape(-1, array.shape[-1]).astype(np.float64)


def _matrix(layer: keras.Layer) -> np.ndarray:
    kernel = read(layer.kernel)
    return kernel.reshape(-1, kernel.shape[-1]).astype(np.float64)


def _bias(layer: keras.Layer) -> np.ndarray | float:
    return read(layer.bias).astype(np.float64) if layer.use_bias else 0.0


def _kept_outputs(channels: Channels, masks: Masks, layer: keras.Layer) -> np.ndarray:
    last = len(layer.kernel.shape) - 1
    made = [one for one in channels.slices if one.variable is layer.kernel and one.axis == last]
    return channels.kept(masks)(made[0].ids) if made else np.ones(layer.kernel.shape[-1], bool)


def _fit(layer: keras.Layer, X: np.ndarray, Y: np.ndarray) -> tuple[float, float]:
    """Change kernel and bias so that X · W + b comes closest to Y; return the errors."""
    _refuse_infinite(layer, X, Y)
    W, b = _matrix(layer), _bias(layer)
    if layer.use_bias:  # the bias is the weight of an input that is always 1
        X, W = np.hstack([X, np.ones((len(X), 1))]), np.vstack([W, b])
    rest = Y - X @ W
    gram = X.T @ X
    # The smallest change among equally good ones: weights of inputs that are always 0 stay.
    ridge = 1e-6 * np.trace(gram) / len(gram) + 1e-12
    W = W + np.linalg.solve(gram + ridge * np.eye(len(gram)), X.T @ rest)
    with np.errstate(over="ignore"):
        _refuse_infinite(layer, W.astype(layer.kernel.dtype))
    if layer.use_bias:
        layer.bias.assign(W[-1])
        W = W[:-1]
    layer.kernel.assign(W.reshape(layer.kernel.shape))
    spread = ((Y - Y.mean(axis=0)) ** 2).mean() or 1.0
    now = Y - X[:, : len(W)] @ W - _bias(layer)
    return float((rest**2).mean() / spread), float((now**2).mean() / spread)


def _refuse_infinite(layer: keras.Layer, *arrays: np.ndarray) -> None:
    if not all(np.isfinite(array).all() for array in arrays):
        raise ValueError(
            f"layer {layer.name!r} cannot be fitted: what it reads of these data, or makes of "
            f"them, is too large for {layer.kernel.dtype}. Scale x as in training."
        )
