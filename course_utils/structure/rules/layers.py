"""What each kind of layer with weights does with channels; one row of the table at the end each.

A rule gets a `Call`, says which entries of which variables belong to which ids, how the layer's
config follows, and returns what flows out.
"""

import numpy as np

from course_utils.backend import keras
from course_utils.structure.calls import Call, Kept, channel_axis, fixed, layer_axes
from course_utils.structure.ids import Flow

_L = keras.layers


def dense(call: Call) -> Flow:
    """Multiply along the last axis; channels on another axis pass by."""
    layer, x, last = call.layer, call.x, len(call.x.shape) - 1
    others = [axis for axis in x.varying if axis != last]
    if not others:
        call.slice(layer.kernel, 0, call.vector(x, last), "reads")
        return _made(call, layer.units, "units", layer.kernel, -1)
    why = f"{call.label} works on tensors whose channels lie on another axis"
    call.ids.fix(call.make(layer.units), why)
    call.activated(x.ids, layer.activation)
    call.factors.append((layer.kernel, x.vector(others[0])))
    return Flow(call.shapes[0], x.ids, False)


def convolution(call: Call) -> Flow:
    """Read all channels, make filters; of a grouped convolution whole groups go."""
    layer, axis = call.layer, channel_axis(call.layer, call.x)
    read = call.vector(call.x, axis)
    if layer.groups == 1:
        call.slice(layer.kernel, -2, read, "reads")
        return _made(call, layer.filters, "filters", layer.kernel, -1, axis)
    flow = _made(call, layer.filters, "filters", layer.kernel, -1, axis)
    groups = read.reshape(layer.groups, -1)
    made = call.makers[-1].ids.reshape(layer.groups, -1)
    why = f"{call.label} is grouped, and reads what cannot go"
    call.ids.tie(groups, groups[:, :1], why)
    call.ids.tie(made, groups[:, :1], why)
    call.count("groups", groups[:, 0])
    return flow


def transposed(call: Call) -> Flow:
    """A convolution whose kernel has outputs before inputs."""
    axis = channel_axis(call.layer, call.x)
    call.slice(call.layer.kernel, -1, call.vector(call.x, axis), "reads")
    return _made(call, call.layer.filters, "filters", call.layer.kernel, -2, axis)


def depthwise(call: Call) -> Flow:
    """Compute some channels from each one; they go with it."""
    layer, axis = call.layer, channel_axis(call.layer, call.x)
    read = call.vector(call.x, axis)
    made = np.repeat(read, layer.depth_multiplier)
    call.slice(layer.kernel, -2, read, "follows")
    if layer.use_bias:
        call.slice(layer.bias, 0, made, "shifts")
    return call.out(axis, made, call.activated(made, layer.activation))


def separable(call: Call) -> Flow:
    """A depthwise convolution, then one of 1x1."""
    layer, axis = call.layer, channel_axis(call.layer, call.x)
    read = call.vector(call.x, axis)
    call.slice(layer.depthwise_kernel, -2, read, "follows")
    call.slice(layer.pointwise_kernel, -2, np.repeat(read, layer.depth_multiplier), "reads")
    return _made(call, layer.filters, "filters", layer.pointwise_kernel, -1, axis)


def einsum(call: Call) -> Flow:
    """Multiply by an equation: it reads what it sums over, and makes the first axis that is new."""
    layer, x = call.layer, call.x
    inputs, kernel, outputs = _letters(layer.equation, len(x.shape) + 1)
    letters = [inputs[axis + 1] for axis in x.varying]  # one, or none
    if any(one not in kernel or one in outputs for one in letters):
        call.fix(x, "keeps an axis of channels in its equation")
        return fixed(call.shapes[0])
    for place, one in enumerate(kernel):
        if one in (letters or inputs) and one not in outputs:
            call.slice(layer.kernel, place, call.vector(x, inputs.index(one) - 1), "reads")
    new = [one for one in outputs if one in kernel and one not in inputs]
    return _einsum_made(call, kernel, outputs, new[0]) if new else fixed(call.shapes[0])


def embedding(call: Call) -> Flow:
    """Look rows up; their entries are channels."""
    call.fix(call.x, "takes them for numbers of rows")
    made = call.make(call.layer.output_dim)
    call.count("output_dim", made)
    call.slice(call.layer.embeddings, 1, made, "makes")
    return call.out(-1, made)


def batch_norm(call: Call) -> Flow:
    """Scale and shift each channel by itself."""
    layer, x = call.layer, call.x
    axis = layer_axes(layer.axis, x)[0]
    if set(x.varying) - {axis}:
        return Flow(x.shape, x.ids, False)  # shifted by what lies on its own axis
    ids = call.vector(x, axis)
    for name, role in (
        ("gamma", "scales"), ("beta", "shifts"),
        ("moving_mean", "keeps"), ("moving_variance", "keeps"),
    ):  # fmt: skip
        if getattr(layer, name, None) is not None:
            call.slice(getattr(layer, name), 0, ids, role)
    return Flow(x.shape, x.ids, bool(layer.scale))


def mixing_norm(call: Call) -> Flow:
    """Normalize over channels: if some go, the mean and the variance of the others change."""
    layer, x = call.layer, call.x
    axes = layer_axes(layer.axis, x)
    if not set(axes) & set(x.varying):
        return Flow(x.shape, x.ids, False)
    if not call.inexact:
        return call.fix(x, "normalizes over the channels, so that all depend on each")
    axis = next(a for a in x.varying if a in axes)
    names = {"gamma": "scales", "beta": "shifts", "scale": "scales"}
    for name, role in names.items():
        variable = getattr(layer, name, None)
        if isinstance(variable, keras.Variable):
            call.slice(variable, sorted(axes).index(axis), call.vector(x, axis), role)
    return x


def group_norm(call: Call) -> Flow:
    """Normalize within groups of channels: whole groups go."""
    layer, x = call.layer, call.x
    axis = layer_axes(layer.axis, x)[0]
    ids = call.vector(x, axis)
    groups = ids.reshape(layer.groups, -1)
    call.ids.tie(groups, groups[:, :1], f"{call.label} has groups with channels that cannot go")
    call.count("groups", groups[:, 0])
    for name, role in (("gamma", "scales"), ("beta", "shifts")):
        if getattr(layer, name) is not None:
            call.slice(getattr(layer, name), 0, ids, role)
    return Flow(x.shape, x.ids, bool(layer.scale))


def unit_norm(call: Call) -> Flow:
    """Divide by the norm over channels, to which a zero adds nothing."""
    x = call.x
    if set(layer_axes(call.layer.axis, x)) & set(x.varying) and not x.silent:
        return call.fix(x, "divides by a norm, in which a removed channel would not be 0")
    return x


def adapted_norm(call: Call) -> Flow:
    """Normalization by statistics of the data, by channel or over all."""
    layer, x = call.layer, call.x
    axes = layer_axes(layer.axis, x) if layer.axis not in (None, ()) else []
    if set(axes) & set(x.varying):
        return call.fix(x, "normalizes each of them by a statistic of the data")
    return Flow(x.shape, x.ids, False)


def prelu(call: Call) -> Flow:
    """One slope for each channel, or for each entry of the tensor."""
    x, alpha = call.x, call.layer.alpha
    for axis in x.varying:
        if alpha.shape[axis] > 1:
            call.slice(alpha, axis, call.vector(x, axis), "keeps")
    return x


def layer_scale(call: Call) -> Flow:
    """Multiply each channel by a weight (a layer inside Keras's ConvNeXt)."""
    ids = call.vector(call.x, len(call.x.shape) - 1)
    call.slice(call.layer.gamma, 0, ids, "scales")
    call.count("projection_dim", ids)
    return call.x


def recurrent(call: Call) -> list[Flow]:
    """LSTM, GRU, simple RNN: a unit has its column in every gate, and its row in the recurrence."""
    made = _recurrent_made(call, [call.layer])
    return call.outs(-1, made, _silent(call, [call.layer], made))


def bidirectional(call: Call) -> list[Flow]:
    """Two recurrent layers; unit 3 of one goes with unit 3 of the other."""
    both = [call.layer.forward_layer, call.layer.backward_layer]
    if not all(isinstance(one, _RECURRENT) for one in both) or both[0].units != both[1].units:
        return unknown(call)
    made = _recurrent_made(call, both, "layer", "backward_layer")
    silent = _silent(call, both, made)
    whole = np.concatenate([made, made]) if call.layer.merge_mode == "concat" else made
    ways = 2 if call.layer.merge_mode is None else 1
    # What comes after the outputs are the states of either direction.
    return [
        call.out(-1, whole if index < ways else made, silent, index)
        for index in range(len(call.shapes))
    ]


def attention(call: Call) -> list[Flow]:
    """Multi-head attention: whole heads go; inputs are read, outputs are made."""
    layer = call.layer
    given = {**dict(zip(_ATTENDED, call.arguments, strict=False)), **call.options}
    given = {name: flow for name, flow in given.items() if isinstance(flow, Flow)}
    masks = [flow for name, flow in given.items() if name.endswith("mask")]
    plain = layer.output_dense.kernel.shape[2:] == (call.shapes[0][-1],)
    gated = layer.get_config().get("use_gate", False)
    scored = len(call.shapes) > 1 and len(call.x.shape) > 2  # Keras tells their shape wrongly
    if gated or scored or not plain or any(f.free or len(f.shape) > 2 for f in masks):
        return unknown(call)
    heads, made = call.make(layer.num_heads, "/heads"), call.make(call.shapes[0][-1])
    for name in ("query", "value", "key"):
        flow = given.get(name, given["value"])
        _attention_input(call, getattr(layer, f"{name}_dense"), flow, heads)
    call.slice(layer.output_dense.kernel, 0, heads, "reads")
    call.slice(layer.output_dense.kernel, 2, made, "makes")
    if layer.output_dense.bias is not None:
        call.slice(layer.output_dense.bias, 0, made, "shifts")
    call.count("num_heads", heads)
    call.edits.append(lambda config, kept: config.update(output_shape=[int(kept(made).sum())]))
    call.factors.append((layer, heads))
    # The scores, if returned, have one map a head, which does not become 0.
    return [call.out(-1, made), *(call.out(0, heads, False, n) for n in range(1, len(call.shapes)))]


def unknown(call: Call) -> list[Flow]:
    """Take nothing from what a layer reads whose use of it is not known."""
    for flow in call.flows:
        call.fix(flow, "is of a kind whose use of channels is not known")
    return [Flow(shape, np.zeros([1] * len(shape), int), False) for shape in call.shapes]


def _made(
    call: Call, count: int, key: str, kernel: keras.Variable, at: int, axis: int = -1
) -> Flow:
    """Make channels along an axis of a kernel, with a bias and an activation if there are."""
    layer, made = call.layer, call.make(count)
    call.count(key, made)
    call.slice(kernel, at, made, "makes")
    if layer.use_bias:
        call.slice(layer.bias, 0, made, "shifts")
    return call.out(axis, made, call.activated(made, layer.activation))


def _recurrent_made(call: Call, layers: list[keras.Layer], *inside: str) -> np.ndarray:
    units = layers[0].units
    made, read = call.make(units), call.vector(call.x, 1)
    for layer in layers:
        cell = layer.cell
        gates = np.tile(made, cell.kernel.shape[1] // units)
        call.slice(cell.kernel, 0, read, "reads")
        call.slice(cell.kernel, 1, gates, "makes")
        call.slice(cell.recurrent_kernel, 0, made, "reads")
        call.slice(cell.recurrent_kernel, 1, gates, "makes")
        if cell.use_bias:
            call.slice(cell.bias, -1, gates, "shifts")
        if layer.stateful:
            call.ids.fix(made, f"{call.label} is stateful: its states have a fixed size")
    for state in _states(call):
        call.ids.tie(state.ids.reshape(-1), made, f"{call.label} starts from a state that is given")

    def edit(config: dict, kept: Kept) -> None:
        for name in inside:
            config[name].pop("build_config", None)  # it holds the shape of the old input
        for part in [config[name]["config"] for name in inside] or [config]:
            part["units"] = int(kept(made).sum())

    call.edits.append(edit)
    return made


def _states(call: Call) -> list[Flow]:
    """Return the states that a recurrent layer is given; its mask is none, and cannot go."""
    names = ("sequence", "initial_state", "mask")
    given = {**dict(zip(names, call.arguments, strict=False)), **call.options}
    if isinstance(given.get("mask"), Flow):
        call.fix(given["mask"], "takes them for a mask")
    return [flow for flow in keras.tree.flatten(given.get("initial_state")) if flow is not None]


def _silent(call: Call, layers: list[keras.Layer], made: np.ndarray) -> bool:
    gates = [getattr(one, "recurrent_activation", one.activation) for one in layers]
    zero_stays = [call.activated(made, one.activation, *gates) for one in layers]
    return all(zero_stays) and all(state.silent for state in _states(call))


def _attention_input(call: Call, inner: keras.Layer, flow: Flow, heads: np.ndarray) -> None:
    call.slice(inner.kernel, 0, call.vector(flow, len(flow.shape) - 1), "reads")
    call.slice(inner.kernel, 1, heads, "makes")
    if inner.bias is not None:
        call.slice(inner.bias, 0, heads, "shifts")


def _letters(equation: str, rank: int) -> tuple[str, str, str]:
    """Return the equation's three parts, with letters that it lacks in place of the dots."""
    inputs, rest = equation.split(",")
    kernel, outputs = rest.split("->")
    free = [letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if letter not in equation]
    dots = "".join(free[: rank - len(inputs.replace("...", ""))])
    return inputs.replace("...", dots), kernel, outputs.replace("...", dots)


def _einsum_made(call: Call, kernel: str, outputs: str, letter: str) -> Flow:
    layer, place = call.layer, outputs.index(letter)
    made = call.make(layer.kernel.shape[kernel.index(letter)])
    call.slice(layer.kernel, kernel.index(letter), made, "makes")
    bias = layer.bias_axes or ""
    if letter in bias:  # its axes begin with the first that has one; it is 1 long on the others
        first = min(outputs.index(one) for one in bias)
        call.slice(layer.bias, place - first, made, "shifts")
    elif bias:
        call.ids.fix(made, f"{call.label} adds one bias to several of them")

    def edit(config: dict, kept: Kept) -> None:
        shape = config["output_shape"]  # without the batch, nor what the dots stand for
        sizes = list(shape) if isinstance(shape, list | tuple) else [shape]
        ends = layer.equation.endswith("...")
        sizes[place - 1 if ends else place - len(outputs)] = int(kept(made).sum())
        config["output_shape"] = sizes

    call.edits.append(edit)
    return call.out(place - 1, made, call.activated(made, layer.activation))


_MASKS = ("query_mask", "value_mask", "key_mask", "attention_mask")
_ATTENDED = ("query", "value", "key", *_MASKS)  # in the order of MultiHeadAttention.call
_RECURRENT = (_L.LSTM, _L.GRU, _L.SimpleRNN)

# The first row that fits holds; subclasses of the user's own do not count as the layer.
RULES = {
    _L.Dense: dense,
    _L.Conv1D: convolution,
    _L.Conv2D: convolution,
    _L.Conv3D: convolution,
    _L.Conv1DTranspose: transposed,
    _L.Conv2DTranspose: transposed,
    _L.Conv3DTranspose: transposed,
    _L.DepthwiseConv1D: depthwise,
    _L.DepthwiseConv2D: depthwise,
    _L.SeparableConv1D: separable,
    _L.SeparableConv2D: separable,
    _L.EinsumDense: einsum,
    _L.Embedding: embedding,
    _L.BatchNormalization: batch_norm,
    _L.LayerNormalization: mixing_norm,
    _L.RMSNormalization: mixing_norm,
    _L.GroupNormalization: group_norm,
    _L.UnitNormalization: unit_norm,
    _L.Normalization: adapted_norm,
    _L.PReLU: prelu,
    _L.LSTM: recurrent,
    _L.GRU: recurrent,
    _L.SimpleRNN: recurrent,
    _L.Bidirectional: bidirectional,
    _L.MultiHeadAttention: attention,
}
# Layers of Keras's own applications that it does not export.
NAMED_RULES = {"keras.src.applications.convnext.LayerScale": layer_scale}
