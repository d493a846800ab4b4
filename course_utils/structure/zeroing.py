"""The oracle: the full network with channels at zero computes what the small one does."""

import contextlib
from collections.abc import Iterator, Sequence

import numpy as np

from course_utils.backend import keras, model_of, operation_of, operations_on
from course_utils.masking import Masks
from course_utils.pruning.examples import inputs_of, tensors
from course_utils.pruning.layers import walk
from course_utils.pruning.probing import probe
from course_utils.structure.channels import Channels, as_channels
from course_utils.structure.rebuilding import rebuilt
from course_utils.structure.walking import has_graph

# Exact in real numbers; float32 sums in another order differ by rounding.
TOLERANCE = {"float32": 1e-4, "float64": 1e-9}
_REPORT = "This is a mistake of course_utils.structure: please report it, with the model."
Zeros = Sequence[tuple[keras.Variable, object]]


def zeroed(model: keras.Model | Channels, masks: Masks) -> keras.Model:
    """Return a copy of the full model in which the removed channels are zero, and are read as zero.

    Kernels that make them, biases, the scale and shift of normalizations, and the kernels that
    read them get zeros there; nothing is removed.

    >>> from course_utils import models
    >>> full = zeroed(models.lenet5(), {"conv1": np.arange(20) < 5})
    >>> float(abs(full.get_layer("conv1").kernel.numpy()[..., 5:]).max())
    0.0
    """
    channels = as_channels(model)
    stays = weight_masks(channels, masks)
    copy, pairs = rebuilt(channels, channels.kept({}))
    for old, new in pairs:
        if id(old) in stays:
            new.assign(_with_zeros(new, stays[id(old)]))
    return copy


def weight_masks(model: keras.Model | Channels, masks: Masks) -> dict[int, np.ndarray]:
    """Return which entries of variables stay, by id() of the variable; what stays whole has none.

    The masks have length 1 along the axes that no channel is on, so they broadcast.

    >>> from course_utils import models
    >>> model = models.lenet5()
    >>> found = weight_masks(model, {"conv1": np.arange(20) < 5})
    >>> [found[id(v)].shape for v in model.weights if id(v) in found]
    [(1, 1, 1, 20), (20,), (1, 1, 20, 1)]
    """
    channels = as_channels(model)
    kept = channels.kept(masks)
    stays: dict[int, np.ndarray] = {}
    for one in channels.slices:
        mask = kept(one.ids)
        # Statistics stay: what they normalize is zero then, and so is what shifts it.
        if one.role != "keeps" and not mask.all():
            shape = [1] * len(one.variable.shape)
            shape[one.axis] = -1
            stays[id(one.variable)] = stays.get(id(one.variable), True) & mask.reshape(shape)
    return stays


def difference(one: keras.Model | Channels, other: keras.Model | Channels, inputs: object) -> float:
    """Return the largest difference of two models' outputs, as a share of the largest output.

    Outputs that are no numbers, such as text, differ by 0 or by infinity.

    >>> from course_utils import models
    >>> model = models.lenet5()
    >>> difference(model, model, np.ones((1, 28, 28, 1)))
    0.0
    """
    one, other = model_of(one), model_of(other)
    both = [tensors(inputs_of(inputs, model, "inputs", alike=False)) for model in (one, other)]
    return _apart(_outputs(one, both[0]), _outputs(other, both[1]))


def verified(
    channels: Channels, masks: Masks, small: keras.Model, inputs: object | None = None
) -> float:
    """Return how far a smaller model is from the full one with zeros in it, on random inputs.

    The full one is the model that was given, its graph as it is: zeros stand in the place of its
    weights while it computes, and nothing of it is changed. Raises RuntimeError for a difference
    that is more than rounding, ValueError where they need not be equal, or cannot be compared.
    """
    if channels.inexact:
        raise ValueError(
            "with inexact=True what is left is normalized over fewer channels, and computes "
            "something else; there is nothing to verify. Leave verify out."
        )
    full, shared = channels.model, {id(v) for v in channels.model.variables}
    if any(id(v) in shared for v in small.variables):
        raise RuntimeError(f"the smaller model has weights of the larger one. {_REPORT}")
    inputs = tensors(probe(full, inputs, rng=np.random.default_rng(0), examples=2))
    stays = weight_masks(channels, masks)
    zeros = [(v, _with_zeros(v, stays[id(v)])) for v in full.variables if id(v) in stays]
    layers = (full, *(owners[-1] for _, owners in walk(full)))
    limit = max(TOLERANCE.get(layer.compute_dtype, 2e-2) for layer in layers)
    with _without_saturation(full, small):
        expected, made = _outputs(full, inputs, zeros), _outputs(small, inputs)
        apart = _apart(expected, made)
        again = expected if apart <= limit else _outputs(full, inputs, zeros)
    if not all(np.isfinite(y).all() for y in expected if y.dtype.kind == "f"):
        raise ValueError(
            "the network's outputs on these inputs are not finite, so there is nothing to compare: "
            "give a batch of its own data, verify=True, inputs=x[:2]."
        )
    if apart <= limit:
        return apart
    names = ", ".join(call.label for call in channels.walk.wholes)
    if not _apart(expected, again) <= limit:
        raise ValueError(
            "the network draws random numbers without a seed of its own, so that its outputs "
            "differ each time and there is nothing to compare: "
            f"{f'`exclude` the layers of {names}' if names else 'leave verify out'}."
        )
    why = (
        f"{names}, made anew from the config, computes something else: a number there does more "
        "than count channels, or it does not tell all. `exclude` its layers."
    )
    raise RuntimeError(
        f"the smaller model differs from the zeroed one by {apart:.1e}, more than {limit:.0e}. "
        f"{why if names else _REPORT}"
    )


def _with_zeros(variable: keras.Variable, stays: np.ndarray) -> keras.KerasTensor:
    return keras.ops.where(stays, variable.value, keras.ops.zeros_like(variable.value))


def _outputs(model: keras.Model, inputs: object, zeros: Zeros = ()) -> list[np.ndarray]:
    """Return all outputs; states that the model keeps, such as those of a recurrent layer, stay."""
    with keras.StatelessScope(state_mapping=zeros):
        made = keras.tree.flatten(model(inputs, training=False))
    arrays = (keras.ops.convert_to_numpy(y) for y in made if y is not None)
    return [a.astype(np.float64) if a.dtype.kind not in "OSU" else a for a in arrays]


def _apart(one: list[np.ndarray], other: list[np.ndarray]) -> float:
    """Return the largest difference of outputs; NaN where there is one."""
    found = [0.0 if len(one) == len(other) else np.inf]
    for a, b in zip(one, other, strict=False):
        if a.shape != b.shape or a.dtype.kind != "f":
            found.append(0.0 if np.array_equal(a, b) else np.inf)
        elif a.size:
            found.append(np.abs(a - b).max() / (np.abs(a).max() or 1.0))
    return float(np.max(found))


@contextlib.contextmanager
def _without_saturation(*models: keras.Model) -> Iterator[None]:
    """Take softmax and sigmoid off the outputs for a while: near 0 and 1 they hide differences."""
    flat = (keras.activations.softmax, keras.activations.sigmoid)
    # Where a block was, stands what is inside it: off layers that all of the models end in.
    last = [[((type(one), one.name), one) for one in _last(model)] for model in models]
    alike = set.intersection(*({key for key, _ in some} for some in last))
    ends = [one for some in last for key, one in some if key in alike]
    found = [(one, one.activation) for one in ends if getattr(one, "activation", None) in flat]
    try:
        for layer, _ in found:
            layer.activation = keras.activations.linear
        yield
    finally:
        for layer, activation in found:
            layer.activation = activation


def _last(model: keras.Model) -> list[keras.Layer]:
    """Return the layers that make outputs which none reads, also inside a model that does."""
    own = {id(one) for one in getattr(model, "operations", ())}
    made_by = [operation_of(y) for y in model.outputs if own.isdisjoint(map(id, operations_on(y)))]
    return [one for made in made_by for one in (_last(made) if has_graph(made) else [made])]
