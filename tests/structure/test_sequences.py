"""Recurrent layers and attention: units and heads go, and what is left computes the same.

A unit that is gated must be 0 wherever it is read, also in its own recurrence. So here a gated
layer is a Keras RNN over a cell whose outputs and states are multiplied by the mask.
"""

import numpy as np
import pytest
from oracles import SAME, Gate, apart, check, inputs_for, random_masks, randomized, reasons
from sizes import few
from test_layers import network

from course_utils.backend import keras
from course_utils.structure import channel_groups, shrink, zeroed

L, ops = keras.layers, keras.ops


def gated(kind: type, mask: np.ndarray) -> type:
    """A cell of which some units are 0."""

    class Cell(kind):
        def call(self, x, states, training=False):
            out, new = super().call(x, states, training)
            new = new if isinstance(new, list | tuple) else [new]
            factor = mask.astype("float32")
            return out * factor, [new[0] * factor, *new[1:]]

    return Cell


CELLS = {L.LSTM: L.LSTMCell, L.GRU: L.GRUCell, L.SimpleRNN: L.SimpleRNNCell}


def recurrent(gate: Gate, name: str, kind: type, units: int, at: str = "", **options: object):
    """A recurrent layer, or with a mask one over a gated cell; its weights are in that order."""
    of_rnn = {
        key: options.pop(key)
        for key in ("return_sequences", "return_state", "go_backwards")
        if key in options
    }
    mask = gate.of(at or name, units)
    if gate.masks is None:
        return kind(units, name=name, **of_rnn, **options)
    options.pop("implementation", None)
    return L.RNN(gated(CELLS[kind], mask)(units, **options), name=name, **of_rnn)


def lstm(gate: Gate):
    def body(x):
        x = recurrent(gate, "a", L.LSTM, 6, return_sequences=True)(x)
        x = recurrent(gate, "b", L.LSTM, 5, use_bias=False, go_backwards=True)(x)
        return gate("c", L.Dense(4, "relu", name="c")(x))

    return network((5, 3), body)


def gru_stacked(gate: Gate):
    def body(x):
        x = gate("e", L.Embedding(5, 4, mask_zero=True, name="e")(x))
        x = recurrent(gate, "a", L.GRU, 6, return_sequences=True, reset_after=False)(x)
        x = recurrent(gate, "b", L.GRU, 6, return_sequences=True)(x)
        return recurrent(gate, "c", L.GRU, 5, activation="sigmoid")(x)

    return network((5,), body, dtype="int32")


def simple_rnn(gate: Gate):
    def body(x):
        x = recurrent(gate, "a", L.SimpleRNN, 6, return_sequences=True, activation="relu")(x)
        return recurrent(gate, "b", L.SimpleRNN, 5, activation="softplus", use_bias=False)(x)

    return network((5, 3), body)


def residual_recurrence(gate: Gate):
    """Units added to what they read."""

    def body(x):
        x = gate("d", L.Dense(6, "relu", name="d")(x))
        for name in "ab":
            layer = recurrent(gate, name, L.LSTM, 6, at="d", return_sequences=True)
            x = L.Add()([x, layer(x)])
        return x

    return network((4, 3), body)


def encoder_decoder(gate: Gate):
    """The states of the first are those that the second begins with."""
    source, target = keras.Input((5, 3), name="source"), keras.Input((4, 2), name="target")
    encoder = recurrent(gate, "a", L.LSTM, 6, return_state=True)
    _, *states = encoder(source)
    decoder = recurrent(gate, "b", L.LSTM, 6, at="a", return_sequences=True, return_state=True)
    x, last, _ = decoder(target, initial_state=states)
    x = L.Add()([x, L.RepeatVector(4)(last)])
    return keras.Model([source, target], L.Dense(3, name="head")(x))


def caption(gate: Gate):
    """An image's features are the first state."""
    image, words = keras.Input((7,), name="image"), keras.Input((4,), dtype="int32", name="words")
    state = gate("s", L.Dense(6, "softplus", name="s")(image))
    x = gate("e", L.Embedding(5, 4, name="e")(words))
    x = recurrent(gate, "g", L.GRU, 6, at="s", return_sequences=True)(x, initial_state=state)
    return keras.Model([image, words], L.Dense(3, name="head")(x))


def time_distributed(gate: Gate):
    def body(x):
        inner = L.Conv2D(5, 2, activation="relu")
        x = gate("a/c", L.TimeDistributed(renamed(inner, "c"), name="a")(x))
        x = L.TimeDistributed(L.BatchNormalization(), name="n")(x)
        x = L.TimeDistributed(L.GlobalAveragePooling2D())(gate("a/c", x))
        x = gate("b/d", L.TimeDistributed(L.Dense(4, "tanh", name="d"), name="b")(x))
        return recurrent(gate, "r", L.GRU, 5)(x)

    return network((3, 4, 4, 2), body)


def renamed(layer: keras.Layer, name: str) -> keras.Layer:
    layer.name = name
    return layer


def attention_to_itself(gate: Gate):
    """Inputs go with the residual; heads are compared in the test of NumPy below."""

    def body(x):
        x = gate("d", L.Dense(6, "relu", name="d")(x))
        y = L.MultiHeadAttention(2, 3, name="mha")(x, x)
        gate.names["mha/heads"] = 2
        return gate("d", L.Add()([x, y]))

    return network((4, 5), body)


CASES = [lstm, gru_stacked, simple_rnn, residual_recurrence, encoder_decoder, caption,
         time_distributed]  # fmt: skip


@pytest.mark.parametrize("build", CASES, ids=lambda build: build.__name__)
def test_what_is_left_computes_the_same(build):
    check(build)


MERGED = {
    "concat": lambda a, b: ops.concatenate([a, b], axis=-1), "sum": ops.add, "mul": ops.multiply,
    "ave": lambda a, b: (a + b) / 2, None: lambda a, b: ops.concatenate([a, b], axis=-1),
}  # fmt: skip


def both_ways(kind: type, merge: str | None, **options: object) -> keras.Model:
    x = keras.Input((5, 3))
    layer = L.Bidirectional(kind(6, **options), merge_mode=merge, name="a")
    made = layer(x)
    if "return_state" in options:
        both, *states = made
        made = [states[2], both, states[0]]
    made = L.Concatenate()(made) if isinstance(made, list | tuple) else made
    return keras.Model(x, L.Dense(2, name="head")(made))


def by_hand(model: keras.Model, kind: type, mask: np.ndarray, x: np.ndarray, **options: object):
    """What flows out of the two directions, each an RNN over gated cells."""
    weights = model.get_layer("a").get_weights()
    made = []
    for start, backwards in ((0, False), (len(weights) // 2, True)):
        cell = gated(CELLS[kind], mask)(6)
        layer = L.RNN(cell, go_backwards=backwards, **options)
        layer.build(x.shape)
        layer.set_weights(weights[start : start + len(weights) // 2])
        made.append(layer(x))
    return made


BOTH_WAYS = {
    f"{merge}-{kind.__name__}": (kind, merge)
    for kind in (L.LSTM, L.GRU, L.SimpleRNN)
    for merge in MERGED
}


@pytest.mark.parametrize(
    ("kind", "merge"), few(BOTH_WAYS, "concat-LSTM", "sum-GRU", "mul-SimpleRNN", "None-GRU")
)
def test_bidirectional(kind, merge):
    """Forward and backward units of the same number go together, in every merge mode."""
    model = randomized(both_ways(kind, merge, return_sequences=True))
    channels = channel_groups(model)
    assert {name: len(group) for name, group in channels.groups.items()} == {"a": 6}
    masks, x = random_masks(channels), inputs_for(model)
    small, _ = shrink(channels, masks=masks)
    ahead, back = by_hand(model, kind, masks["a"], x, return_sequences=True)
    made = MERGED[merge](ahead, ops.flip(back, axis=1))
    assert np.abs(model.get_layer("head")(made) - small(x)).max() < 1e-5
    assert apart(zeroed(channels, masks), small, x) <= SAME
    assert small.get_layer("a").backward_layer.units == masks["a"].sum()


def test_states_of_both_directions():
    model = randomized(both_ways(L.LSTM, "concat", return_state=True))
    channels = channel_groups(model)
    masks, x = random_masks(channels), inputs_for(model)
    small, _ = shrink(channels, masks=masks)
    ahead, back = by_hand(model, L.LSTM, masks["a"], x, return_state=True)
    made = ops.concatenate([back[1], ahead[0], back[0], ahead[1]], axis=-1)
    assert np.abs(model.get_layer("head")(made) - small(x)).max() < 1e-5


def test_directions_of_different_sizes_stay():
    x = keras.Input((5, 3))
    layer = L.Bidirectional(L.LSTM(4), backward_layer=L.LSTM(6, go_backwards=True), name="a")
    hidden = L.Dense(4, name="d")(x)
    model = randomized(keras.Model(x, L.Dense(2, name="head")(layer(hidden))))
    assert "cannot go in pairs" in reasons(model)["d"]
    assert not channel_groups(model).groups


# ---------------------------------------------------------------------------------------- attention


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def attended(weights: list, query, value, heads, causal: bool = False) -> np.ndarray:
    """Equation of multi-head attention by hand, over some heads only; key and value are one."""
    q, bq, k, bk, v, bv, o, bo = weights
    total = np.zeros((*query.shape[:2], o.shape[-1])) + bo
    for h in np.flatnonzero(heads):
        project = [(x @ W[:, h] + b[h]) for x, W, b in
                   ((query, q, bq), (value, k, bk), (value, v, bv))]  # fmt: skip
        scores = project[0] @ project[1].transpose(0, 2, 1) / np.sqrt(q.shape[-1])
        if causal:
            scores = np.where(np.tri(*scores.shape[1:], dtype=bool), scores, -np.inf)
        total += softmax(scores) @ project[2] @ o[h]
    return total


def transformer(causal: bool) -> keras.Model:
    x, context = keras.Input((4, 5), name="x"), keras.Input((3, 7), name="context")
    hidden = L.Dense(6, "relu", name="d")(x)
    mha = L.MultiHeadAttention(4, 3, value_dim=2, name="self")
    y = L.Add()([hidden, mha(hidden, hidden, use_causal_mask=causal)])
    memory = L.Dense(8, "relu", name="m")(context)
    y = L.MultiHeadAttention(3, 2, output_shape=5, name="cross")(y, memory)
    return keras.Model([x, context], L.Dense(2, name="head")(y))


@pytest.mark.parametrize("causal", [False, True])
def test_heads_and_what_they_read_and_make(causal):
    model = randomized(transformer(causal))
    channels = channel_groups(model)
    groups = {name: len(group) for name, group in channels.groups.items()}
    assert groups == {"d": 6, "self/heads": 4, "m": 8, "cross/heads": 3, "cross": 5}
    masks = random_masks(channels)
    small, _ = shrink(channels, masks=masks)
    x, context = inputs_for(model)
    W = {layer.name: layer.get_weights() for layer in model.layers}
    hidden = np.maximum(x @ W["d"][0] + W["d"][1], 0) * masks["d"]
    y = hidden + attended(W["self"], hidden, hidden, masks["self/heads"], causal)
    memory = np.maximum(context @ W["m"][0] + W["m"][1], 0) * masks["m"]
    y = attended(W["cross"], y * masks["d"], memory, masks["cross/heads"]) * masks["cross"]
    expected = y @ W["head"][0] + W["head"][1]
    assert np.abs(small([x, context]).numpy() - expected).max() < 1e-4 * np.abs(expected).max()
    assert small.get_layer("self").num_heads == masks["self/heads"].sum()


def attending(*, several: bool = False, **options: object):
    """A model that attends to itself, with a mask or scores; gates where heads do not matter."""

    def build(gate: Gate):
        inputs = keras.Input((3, 4, 5) if several else (4, 5))
        x = gate("d", L.Dense(6, "relu", name="d")(inputs))
        layer = L.MultiHeadAttention(4, 3, name="mha", **options.get("layer", {}))
        x, scores = layer(x, x, return_attention_scores=True, **options.get("call", {}))
        return keras.Model(inputs, [L.Dense(2, name="head")(x), L.Flatten()(scores)])

    return build


def test_scores_have_one_map_a_head():
    """Read by a convolution over heads they follow; as an output they stay."""
    x = keras.Input((4, 5))
    y, scores = L.MultiHeadAttention(4, 3, name="mha")(x, x, return_attention_scores=True)
    maps = L.Conv2D(3, 2, name="c")(L.Permute((2, 3, 1))(scores))
    outputs = [L.Dense(2, name="head")(y), L.Dense(2, name="other")(L.Flatten()(maps))]
    model = randomized(keras.Model(x, outputs))
    channels = channel_groups(model)
    assert {n: len(g) for n, g in channels.groups.items()} == {"mha/heads": 4, "mha": 5, "c": 3}
    masks = random_masks(channels)
    small, _ = shrink(channels, masks=masks)
    W = model.get_layer("c").get_weights()
    kernel = W[0] * masks["mha/heads"][:, None] * masks["c"]
    inputs = inputs_for(model)
    maps = keras.Model(x, scores)(inputs).numpy().transpose(0, 2, 3, 1)
    made = (ops.conv(maps, kernel).numpy() + W[1]) * masks["c"]
    W = model.get_layer("other").get_weights()
    expected = made.reshape(3, -1) @ W[0] + W[1]
    assert np.abs(small(inputs)[1].numpy() - expected).max() < 1e-5
    left = reasons(randomized(attending()(Gate())))
    assert left["mha/heads"] == "an output of the model"


@pytest.mark.parametrize("axes", [None, (1,), (2,), (1, 2)])
def test_attention_over_several_axes(axes):
    x = keras.Input((3, 4, 5))
    hidden = L.Dense(6, "relu", name="d")(x)
    layer = L.MultiHeadAttention(4, 3, attention_axes=axes, name="mha")
    model = randomized(keras.Model(x, L.Dense(2, name="head")(layer(hidden, hidden))))
    channels = channel_groups(model)
    assert set(channels.groups) == {"d", "mha/heads", "mha"}
    masks = random_masks(channels)
    small, _ = shrink(channels, masks=masks)
    assert apart(zeroed(channels, masks), small, inputs_for(model)) <= SAME
    layer = L.MultiHeadAttention(4, 3, attention_axes=axes, name="scored")
    y, scores = layer(hidden, hidden, return_attention_scores=True)
    left = reasons(keras.Model(x, [L.Dense(2, name="head")(y), scores]))
    assert "scored/heads" not in left
    assert "not known" in left["d"]


def test_masks_of_attention():
    """A mask is no key: it is read as it is, whoever makes it."""
    x, mask = keras.Input((4, 5), name="x"), keras.Input((4, 4), dtype="bool", name="mask")
    hidden = L.Dense(6, "relu", name="d")(x)
    y = L.MultiHeadAttention(4, 3, name="mha")(hidden, hidden, attention_mask=mask)
    model = randomized(keras.Model([x, mask], L.Dense(2, name="head")(y)))
    channels = channel_groups(model)
    assert set(channels.groups) == {"d", "mha/heads", "mha"}
    masks = random_masks(channels)
    small, _ = shrink(channels, masks=masks)
    data = [inputs_for(model)[0], np.tri(4, dtype=bool)[None].repeat(3, 0)]
    W = {layer.name: layer.get_weights() for layer in model.layers}
    hidden = np.maximum(data[0] @ W["d"][0] + W["d"][1], 0) * masks["d"]
    y = attended(W["mha"], hidden, hidden, masks["mha/heads"], causal=True) * masks["mha"]
    expected = y @ W["head"][0] + W["head"][1]
    assert np.abs(small(data).numpy() - expected).max() < 1e-4 * np.abs(expected).max()


def test_a_mask_for_every_head_keeps_the_heads():
    x, mask = keras.Input((4, 5)), keras.Input((4, 4, 4), dtype="bool")
    y = L.MultiHeadAttention(4, 3, name="mha")(x, x, attention_mask=mask)
    model = keras.Model([x, mask], L.Dense(2, name="head")(y))
    assert not channel_groups(model).groups


def test_a_unit_by_hand():
    """An LSTM of three units without the second: its columns in four gates, and its row."""
    x = keras.Input((4, 2))
    model = randomized(keras.Model(x, L.Dense(1, name="head")(L.LSTM(3, name="a")(x))))
    small, _ = shrink(model, masks={"a": np.array([True, False, True])})
    columns = [0, 2, 3, 5, 6, 8, 9, 11]
    kernel, recurrent_kernel, bias = model.get_layer("a").get_weights()
    left = small.get_layer("a").get_weights()
    np.testing.assert_array_equal(left[0], kernel[:, columns])
    np.testing.assert_array_equal(left[1], recurrent_kernel[[0, 2]][:, columns])
    np.testing.assert_array_equal(left[2], bias[columns])


def test_stateful_layers_and_cells_of_ones_own_stay():
    x = keras.Input(batch_shape=(3, 4, 2))
    y = L.LSTM(4, stateful=True, return_sequences=True, name="a")(x)
    hidden = L.Dense(5, name="d")(y)
    y = L.RNN([L.GRUCell(3), gated(L.LSTMCell, np.ones(4))(4)])(hidden)
    left = reasons(keras.Model(x, L.Dense(1, name="head")(y)))
    assert "stateful" in left["a"]
    assert "not known" in left["d"]
