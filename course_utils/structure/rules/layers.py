"""What layers with kernels do with channels; one row of the table at the end each.

A rule gets a `Call`, says which entries of which variables belong to which ids, how the
layer's config follows, and returns what flows out.
"""

import functools
from collections.abc import Callable

import numpy as np

from course_utils.backend import keras
from course_utils.structure.calls import Call, Flows, Kept, channel_axis, fixed, left
from course_utils.structure.ids import Flow
from course_utils.structure.rules.products import letters

_L = keras.layers


def dense(call: Call) -> Flow:
    """Multiply along the last axis; channels on another axis pass by."""
    layer, x, last = call.layer, call.x, len(call.x.shape) - 1
    if last in x.varying or not x.varying:
        call.slice(layer.kernel, 0, call.vector(x, last), "reads")
        return _made(call, "units", layer.kernel, -1)
    why = f"{call.label} works on tensors whose channels lie on another axis"
    call.ids.fix(call.make(layer.units), why)
    call.activated(x.ids, layer.activation)
    call.factors.append((layer.kernel, x.ids))
    return call.passed(silent=False)


def convolution(call: Call) -> Flow:
    """Read all channels, make filters; of a grouped convolution whole groups go."""
    layer, axis = call.layer, channel_axis(call.layer, call.x)
    read = call.vector(call.x, axis)
    if layer.groups == 1:
        call.slice(layer.kernel, -2, read, "reads")
        return _made(call, "filters", layer.kernel, -1, axis)
    flow = _made(call, "filters", layer.kernel, -1, axis)
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
    return _made(call, "filters", call.layer.kernel, -2, axis)


def depthwise(call: Call) -> Flow:
    """Compute some channels from each one; they go with it."""
    layer, axis = call.layer, channel_axis(call.layer, call.x)
    read = call.vector(call.x, axis)
    made = np.repeat(read, layer.depth_multiplier)
    call.slice(layer.kernel, -2, read, "follows")
    call.slice(layer.bias, 0, made, "shifts")
    return call.out(axis, made, call.activated(made, layer.activation))


def separable(call: Call) -> Flow:
    """A depthwise convolution, then one of 1x1."""
    layer, axis = call.layer, channel_axis(call.layer, call.x)
    read = call.vector(call.x, axis)
    call.slice(layer.depthwise_kernel, -2, read, "follows")
    call.slice(layer.pointwise_kernel, -2, np.repeat(read, layer.depth_multiplier), "reads")
    return _made(call, "filters", layer.pointwise_kernel, -1, axis)


def einsum(call: Call) -> Flows:
    """Multiply by an equation: it reads what it sums over, and makes the first axis that is new."""
    layer, x = call.layer, call.x
    ranks = (len(x.shape) + 1, len(layer.kernel.shape))
    (inputs, kernel), outputs = letters(layer.equation, ranks)
    varying = [inputs[axis + 1] for axis in x.varying]
    read = [one for one in varying if one in kernel and one not in outputs]
    if x.varying and not read:
        return _einsum_beside(call, varying, kernel, outputs)
    for place, one in enumerate(kernel):
        if one in (read[:1] or inputs) and one not in outputs:
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


def reversible(call: Call) -> Flow:
    """Look rows up, as an embedding; called in reverse it multiplies by all rows."""
    if _is_reverse(call):
        call.fix(call.x, "multiplies by rows before it looks any up")
        return fixed(call.shapes[0])
    flow = embedding(call)
    if not call.layer.tie_weights:
        call.slice(call.layer.reverse_embeddings, 0, call.makers[-1].ids, "reads")
    return flow


def reversible_again(call: Call, first: Call) -> list[Flow] | None:
    """In reverse: the entries of a row multiply as many channels, which go with them."""
    if not _is_reverse(call) or _is_reverse(first):
        return None
    made, read = first.makers[-1].ids, call.vector(call.x, len(call.x.shape) - 1)
    call.ids.tie(made, read, f"{call.label} multiplies what cannot go")
    return [fixed(call.shapes[0])]


def _is_reverse(call: Call) -> bool:
    return bool([*call.arguments, call.options.get("reverse", False)][1])


def prelu(call: Call) -> Flow:
    """One slope for each channel, or for each entry of the tensor."""
    x, alpha = call.x, call.layer.alpha
    axes = [axis for axis in x.varying if alpha.shape[axis] > 1]
    if not axes:
        return x
    ids = call.vector(x, axes[-1])
    call.slice(alpha, axes[-1], ids, "keeps")
    return call.out(axes[-1], ids, x.silent)


def _made(call: Call, key: str, kernel: keras.Variable, at: int, axis: int = -1) -> Flow:
    """Make channels along an axis of a kernel, with a bias and an activation if there are.

    `key` is the entry of the config that counts them, and an attribute.
    """
    layer, made = call.layer, call.make(getattr(call.layer, key))
    call.count(key, made)
    call.slice(kernel, at, made, "makes")
    call.slice(layer.bias, 0, made, "shifts")
    return call.out(axis, made, call.activated(made, layer.activation))


def _einsum_beside(call: Call, varying: list[str], kernel: str, outputs: str) -> Flows:
    """Let channels pass that lie on axes which the kernel has nothing to do with."""
    if any(one in kernel or one not in outputs for one in varying):
        return call.refuse("keeps an axis of channels in its equation")
    x, ranks = call.x, [1] * len(call.shapes[0])
    order = sorted(range(len(varying)), key=lambda n: outputs.index(varying[n]))
    ids = x.ids.reshape([x.ids.shape[axis] for axis in x.varying]).transpose(order)
    for n in order:
        ranks[outputs.index(varying[n]) - 1] = x.ids.shape[x.varying[n]]
    call.factors.append((call.layer.kernel, x.ids))
    for letter, axis in zip(varying, x.varying, strict=True):
        length = x.ids.shape[axis]
        _follows(call, letter, functools.partial(left, ids=x.ids, axis=axis, length=length))
    silent = x.silent and not call.layer.bias_axes
    zero_stays = call.activated(x.ids, call.layer.activation)
    why = f"{call.label} works on tensors whose channels lie on another axis"
    new = next((n for n in kernel if n in outputs), "")
    if new:
        call.ids.fix(call.make(call.layer.kernel.shape[kernel.index(new)]), why)
    return Flow(call.shapes[0], ids.reshape(ranks), silent and zero_stays)


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

    _follows(call, letter, lambda kept: int(kept(made).sum()))
    return call.out(place - 1, made, call.activated(made, layer.activation))


def _follows(call: Call, letter: str, size: Callable[[Kept], int]) -> None:
    """Let the length of an axis in the config follow, if it says one: not of the batch, or dots."""
    named = call.layer.equation.split("->")[1].replace("...", "")

    def edit(config: dict, kept: Kept) -> None:
        shape = config["output_shape"]
        sizes = list(shape) if isinstance(shape, list | tuple) else [shape]
        if letter in named[-len(sizes) :]:
            sizes[named.index(letter) - len(named)] = size(kept)
        config["output_shape"] = sizes

    call.edits.append(edit)


# Subclasses of the user's own do not count as the layer.
RULES = {
    _L.Dense: dense,
    **dict.fromkeys((_L.Conv1D, _L.Conv2D, _L.Conv3D), convolution),
    **dict.fromkeys((_L.Conv1DTranspose, _L.Conv2DTranspose, _L.Conv3DTranspose), transposed),
    **dict.fromkeys((_L.DepthwiseConv1D, _L.DepthwiseConv2D), depthwise),
    **dict.fromkeys((_L.SeparableConv1D, _L.SeparableConv2D), separable),
    _L.EinsumDense: einsum,
    _L.Embedding: embedding,
    _L.ReversibleEmbedding: reversible,
    _L.PReLU: prelu,
}
# Layers that do something else when they are called again.
AGAIN = {_L.ReversibleEmbedding: reversible_again}
