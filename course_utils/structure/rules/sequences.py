"""What recurrent layers do with channels: whole units go, and filters of convolutional ones."""

import numpy as np

from course_utils.backend import keras
from course_utils.structure.calls import Call, Flows, Kept, channel_axis
from course_utils.structure.ids import Flow

_L = keras.layers
_CELLS = (_L.LSTMCell, _L.GRUCell, _L.SimpleRNNCell)


def recurrent(call: Call) -> Flows:
    """LSTM, GRU, simple RNN, or cells: a unit has its column in every gate, and its row."""
    cells = _cells(call.layer)
    if not all(type(cell) in _CELLS for cell in cells):
        return call.refuse("has a cell whose use of channels is not known")
    read, given, states = call.vector(call.x, 1), _given_states(call), []
    for number, cell in enumerate(cells):
        made = call.make(cell.units, f"/{number}" if len(cells) > 1 else "")
        count = 2 if isinstance(cell, _L.LSTMCell) else 1
        own, given = given[:count], given[count:]
        silent = _computed(call, cell, cell.units, read, made, own)
        states += [(made, silent)] * count
        read = made

    units = [maker.ids for maker in call.makers[-len(cells) :]]

    def edit(config: dict, kept: Kept) -> None:
        for part, ids in zip(_cell_configs(config), units, strict=True):
            part["units"] = int(kept(ids).sum())

    call.edits.append(edit)
    made = [states[-1], *states]  # the output, and states if they are returned
    return [call.out(-1, *made[index], index) for index in range(len(call.shapes))]


def bidirectional(call: Call) -> Flows:
    """Two recurrent layers; unit 3 of one goes with unit 3 of the other."""
    layers = [call.layer.forward_layer, call.layer.backward_layer]
    cells = [cell for layer in layers for cell in _cells(layer)]
    alike = len(cells) == 2 and all(type(cell) in _CELLS for cell in cells)
    if not alike or cells[0].units != cells[1].units:
        return call.refuse("holds layers whose units cannot go in pairs")
    made, read, given = call.make(cells[0].units), call.vector(call.x, 1), _given_states(call)
    zero_stays = [_computed(call, cell, cell.units, read, made, given) for cell in cells]
    silent = all(zero_stays)

    def edit(config: dict, kept: Kept) -> None:
        for side in ("layer", "backward_layer"):
            config[side].pop("build_config", None)  # it holds the shape of the old input
            for part in _cell_configs(config[side]["config"]):
                part["units"] = int(kept(made).sum())

    call.edits.append(edit)
    whole = np.concatenate([made, made]) if call.layer.merge_mode == "concat" else made
    ways = 2 if call.layer.merge_mode is None else 1
    # What comes after the outputs are the states of either direction.
    return [
        call.out(-1, whole if index < ways else made, silent, index)
        for index in range(len(call.shapes))
    ]


def convolutional(call: Call) -> Flows:
    """ConvLSTM: a filter has its part in every gate."""
    cell, first = call.layer.cell, call.layer.data_format == "channels_first"
    read = call.vector(call.x, 1 if first else channel_axis(call.layer, call.x))
    made, given = call.make(cell.filters), _given_states(call)
    silent = _computed(call, cell, cell.filters, read, made, given)
    call.count("filters", made)
    # Without the axis of time, if it is there, the axis of channels is the first one, or the last.
    axes = [(len(shape) - cell.rank - 1) if first else -1 for shape in call.shapes]
    return [call.out(axis, made, silent, index) for index, axis in enumerate(axes)]


def _computed(
    call: Call,
    cell: keras.Layer,
    units: int,
    read: np.ndarray,
    made: np.ndarray,
    states: list[Flow],
) -> bool:
    """Say what a cell's weights do with what it reads and makes; tell whether 0 stays 0."""
    gates = np.tile(made, cell.kernel.shape[-1] // units)
    call.slice(cell.kernel, -2, read, "reads")
    call.slice(cell.kernel, -1, gates, "makes")
    call.slice(cell.recurrent_kernel, -2, made, "reads")
    call.slice(cell.recurrent_kernel, -1, gates, "makes")
    call.slice(cell.bias, -1, gates, "shifts")
    if call.layer.stateful:
        call.ids.fix(made, f"{call.label} is stateful: its states have a fixed size")
    for state in states:
        if len(state.varying) > 1:
            call.fix(state, "starts from a state that is laid over several axes")
        call.ids.tie(state.ids.reshape(-1), made, f"{call.label} starts from a state that is given")
    inner = getattr(cell, "recurrent_activation", cell.activation)
    zero_stays = call.activated(made, cell.activation, inner)
    return zero_stays and all(state.silent for state in states)


def _cells(layer: keras.Layer) -> list[keras.Layer]:
    cell = getattr(layer, "cell", None)
    return [*cell.cells] if isinstance(cell, _L.StackedRNNCells) else [cell]


def _cell_configs(config: dict) -> list[dict]:
    """Return the parts of a recurrent layer's config that count units, one a cell."""
    if "cell" not in config:
        return [config]
    cells = config["cell"]["config"].get("cells", [config["cell"]])
    for one in (config["cell"], *cells):
        one.pop("build_config", None)  # it holds the shape of the old input
    return [one["config"] for one in cells]


def _given_states(call: Call) -> list[Flow]:
    """Return the states that a recurrent layer is given; its mask is none, and cannot go."""
    names = ("sequence", "initial_state", "mask")
    given = {**dict(zip(names, call.arguments, strict=False)), **call.options}
    if isinstance(given.get("mask"), Flow):
        call.fix(given["mask"], "takes them for a mask")
    return [flow for flow in keras.tree.flatten(given.get("initial_state")) if flow is not None]


RULES = {
    **dict.fromkeys((_L.LSTM, _L.GRU, _L.SimpleRNN, _L.RNN), recurrent),
    **dict.fromkeys((_L.ConvLSTM1D, _L.ConvLSTM2D, _L.ConvLSTM3D), convolutional),
    _L.Bidirectional: bidirectional,
}
