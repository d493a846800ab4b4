"""What recurrent layers and attention do with channels: whole units and whole heads go."""

import numpy as np

from course_utils.backend import keras
from course_utils.structure.calls import Call, Kept
from course_utils.structure.ids import Flow

_L = keras.layers
_RECURRENT = (_L.LSTM, _L.GRU, _L.SimpleRNN)
_MASKS = ("query_mask", "value_mask", "key_mask", "attention_mask")
_ATTENDED = ("query", "value", "key", *_MASKS)  # in the order of MultiHeadAttention.call


def recurrent(call: Call) -> list[Flow]:
    """LSTM, GRU, simple RNN: a unit has its column in every gate, and its row in the recurrence."""
    made = _recurrent_made(call, [call.layer])
    silent = _silent(call, [call.layer], made)
    return [call.out(-1, made, silent, index) for index in range(len(call.shapes))]


def bidirectional(call: Call) -> list[Flow]:
    """Two recurrent layers; unit 3 of one goes with unit 3 of the other."""
    both = [call.layer.forward_layer, call.layer.backward_layer]
    if not all(isinstance(one, _RECURRENT) for one in both) or both[0].units != both[1].units:
        return call.refuse()
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
        return call.refuse()
    heads, made = call.make(layer.num_heads, "/heads"), call.make(call.shapes[0][-1])
    for name in ("query", "value", "key"):
        flow, inner = given.get(name, given["value"]), getattr(layer, f"{name}_dense")
        call.slice(inner.kernel, 0, call.vector(flow, len(flow.shape) - 1), "reads")
        call.slice(inner.kernel, 1, heads, "makes")
        call.slice(inner.bias, 0, heads, "shifts")
    call.slice(layer.output_dense.kernel, 0, heads, "reads")
    call.slice(layer.output_dense.kernel, 2, made, "makes")
    call.slice(layer.output_dense.bias, 0, made, "shifts")
    call.count("num_heads", heads)
    call.edits.append(lambda config, kept: config.update(output_shape=[int(kept(made).sum())]))
    call.factors.append((layer, heads))
    # The scores, if returned, have one map a head, which does not become 0.
    return [call.out(-1, made), *(call.out(0, heads, False, n) for n in range(1, len(call.shapes)))]


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


RULES = {
    **dict.fromkeys(_RECURRENT, recurrent),
    _L.Bidirectional: bidirectional,
    _L.MultiHeadAttention: attention,
}
