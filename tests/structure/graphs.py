"""Random Functional networks: layer after layer by chance, and what fits is joined.

Tensors have the shapes (channels), (6, channels) and (4, 4, channels), but for photos, which
have any size; a step takes one that was
made before, or two, and makes another. What nobody read in the end flows into a dense layer.
"""

from collections.abc import Sequence

import blocks
import numpy as np
import spellings
from hypothesis import strategies as st

from course_utils.backend import keras

L, ops = keras.layers, keras.ops

FUNCTIONS = (
    "relu", "tanh", "sigmoid", "softplus", "gelu", "elu", "linear", "sparse_plus", "leaky_relu",
)  # fmt: skip


class Pick:
    """Choices by chance; the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def __call__(self, options: Sequence):
        """One of some."""
        return options[self._rng.integers(len(options))]

    def between(self, low: int, high: int) -> int:
        """A number; both ends count."""
        return int(self._rng.integers(low, high + 1))

    def coin(self) -> bool:
        """Heads or tails."""
        return self.between(0, 1) == 1


def _options(pick: Pick) -> dict:
    return {"activation": pick(FUNCTIONS), "use_bias": pick.coin()}


# ------------------------------------------------------------------------- steps of one tensor


def _dense(pick: Pick, x):
    return L.Dense(pick.between(2, 6), **_options(pick))(x)


def _normalized(pick: Pick, x):
    kind = pick(["batch", "batch", "group", "unit", "layer", "first axis"])
    if kind == "group":
        even = x.shape[-1] % 2 == 0 and pick.coin()
        return L.GroupNormalization(groups=x.shape[-1] // 2 if even else -1)(x)
    if kind == "unit":
        return L.UnitNormalization(axis=pick([1, -1]))(x)
    if kind == "layer":
        return L.LayerNormalization(axis=pick([1, -1]))(x)
    flags = {"scale": pick.coin(), "center": pick.coin()}
    return L.BatchNormalization(axis=1 if kind == "first axis" else -1, **flags)(x)


def _activated(pick: Pick, x):
    kind = pick(["function", "prelu", "shared prelu", "operation", "numbers"])
    if kind == "function":
        return L.Activation(pick(FUNCTIONS))(x)
    if kind == "prelu":
        return L.PReLU()(x)
    if kind == "shared prelu":
        return L.PReLU(shared_axes=list(range(1, len(x.shape) - 1)) or None)(x)
    if kind == "operation":
        return pick([ops.square, ops.tanh, ops.cos, ops.abs, ops.relu])(x)
    number = pick([0.5, 1, 2, -1])
    of_numbers = [
        lambda x: x * number + 1,
        lambda x: number - x,
        lambda x: number / (1 + x * x),
        lambda x: ops.maximum(x, number),
        lambda x: ops.clip(x, -number, abs(number)),
        lambda x: x**2 / 2,
    ]
    return pick(of_numbers)(x)


def _split(pick: Pick, x):
    """Two parts of the channels, in another order, one of them perhaps twice."""
    channels = x.shape[-1]
    if channels < 3:
        return x
    at = pick.between(1, channels - 1)
    if pick.coin():
        first, last = x[..., :at], x[..., at:]
    else:
        first, last = ops.split(x, [at], axis=-1)
    return ops.concatenate([last, first, *([last] if pick.coin() else [])], axis=-1)


def _heads(pick: Pick, x):
    """Channels to heads and back, perhaps in another order, or through a dense layer."""
    *places, channels = x.shape[1:]
    if channels % 2:
        return x
    kind = pick(["shuffle", "back", "dense"])
    y = L.Reshape((*places, 2, channels // 2))(x)
    if kind == "shuffle":
        y = L.Permute((*range(1, len(places) + 1), len(places) + 2, len(places) + 1))(y)
    if kind == "dense":
        y = L.Dense(3)(y)
    return ops.reshape(y, (-1, *places, y.shape[-1] * y.shape[-2]))


def _shared(pick: Pick, x):
    """A layer on a tensor, and on what another layer made of it."""
    shared = L.Dense(pick.between(2, 6), **_options(pick))
    other = L.Dense(x.shape[-1], **_options(pick))(x)
    parts = [shared(x), shared(other)]
    return pick([L.Add(), L.Concatenate(), L.Maximum()])(parts)


def _nested(pick: Pick, x):
    """A model of its own, perhaps called on its own output."""
    inner = keras.Input(x.shape[1:])
    y = L.Dense(x.shape[-1], **_options(pick))(L.Dense(pick.between(2, 6), **_options(pick))(inner))
    y = L.Add()([inner, y]) if pick.coin() else y
    model = keras.Model(inner, y)
    return model(model(x)) if pick.coin() else model(x)


def _residual(pick: Pick, x):
    y = L.Dense(x.shape[-1], **_options(pick))(L.Dense(pick.between(2, 6), **_options(pick))(x))
    return pick([L.Add(), L.Subtract(), L.Multiply(), L.Average()])([x, y])


def _dropped(pick: Pick, x):
    return L.Dropout(0.5)(L.Rescaling(pick([0.5, 2.0]))(x))


ANY = [
    *(_dense, _normalized, _activated, _split, _heads, _shared, _nested, _residual, _dropped),
    *(spellings.functions, spellings.channels, spellings.heads, blocks.block),
]


def _convolved(pick: Pick, x):
    same = {"padding": "same"}
    kind = pick(["plain", "depthwise", "separable", "transposed", "grouped"])
    if kind == "depthwise":
        layer = L.DepthwiseConv2D(2, depth_multiplier=pick.between(1, 2), **same)
        return layer(x) if x.shape[-1] < 9 else x
    if kind == "separable":
        return L.SeparableConv2D(pick.between(2, 6), 2, **same, **_options(pick))(x)
    if kind == "transposed":
        return L.Conv2DTranspose(pick.between(2, 6), 2, **same, **_options(pick))(x)
    groups = 2 if kind == "grouped" and x.shape[-1] % 2 == 0 else 1
    size, rate = pick.between(1, 3), pick.between(1, 2)
    return L.Conv2D(
        groups * pick.between(2, 6),
        size,
        groups=groups,
        dilation_rate=rate,
        **same,
        **_options(pick),
    )(x)


def _placed(pick: Pick, x):
    """Something that moves or pools places, and keeps the size."""
    kinds = [
        lambda x: L.MaxPooling2D(2, 1, padding="same")(x),
        lambda x: L.AveragePooling2D(3, 1, padding="same")(x),
        lambda x: L.UpSampling2D()(L.MaxPooling2D()(x)),
        lambda x: L.Cropping2D(1)(L.ZeroPadding2D(1)(x)),
        lambda x: ops.pad(x, ((0, 0), (1, 0), (0, 0), (0, 0)))[:, :-1],
        lambda x: ops.transpose(x, (0, 2, 1, 3)),
        lambda x: L.Softmax(axis=1)(x),
    ]
    return pick(kinds)(x)


def _excited(pick: Pick, x):
    """A factor for each channel, or one for each place."""
    if pick.coin():
        return x * L.Conv2D(1, 1, activation="sigmoid")(x)
    if pick.coin():
        y = ops.mean(x, axis=(1, 2), keepdims=True)
    else:
        y = L.Reshape((1, 1, x.shape[-1]))(L.GlobalMaxPooling2D()(x))
    y = L.Dense(x.shape[-1], "sigmoid")(L.Dense(3, "relu")(y))
    return L.Multiply()([x, y])


def _image_to_less(pick: Pick, x):
    kinds = [
        lambda x: L.Flatten()(x),
        lambda x: L.GlobalAveragePooling2D()(x),
        lambda x: ops.max(x, axis=(1, 2)),
        lambda x: L.Dense(6)(L.Permute((2, 1))(L.Reshape((16, x.shape[-1]))(x))),
        lambda x: L.Reshape((6, x.shape[-1]))(L.Conv2D(x.shape[-1], (3, 2))(x)),
        lambda x: x[:, 1, 2],
    ]
    y = pick(kinds)(x)
    return L.Permute((2, 1))(y) if len(y.shape) == 3 and y.shape[1] != 6 else y


def _recurrent(pick: Pick, x):
    kind = pick([L.LSTM, L.GRU, L.SimpleRNN])
    layer = kind(pick.between(2, 6), return_sequences=pick.coin(), use_bias=pick.coin())
    if pick.coin():
        merge = pick(["concat", "sum", "mul", "ave"])
        return L.Bidirectional(layer, merge_mode=merge)(x)
    return layer(x)


def _encoded(pick: Pick, x):
    units = pick.between(2, 6)
    _, *states = L.LSTM(units, return_state=True)(x)
    return L.LSTM(units, return_sequences=True)(x, initial_state=states)


def _attended(pick: Pick, x):
    options = {"num_heads": pick.between(1, 3), "key_dim": 2, "use_bias": pick.coin()}
    memory = L.Dense(pick.between(2, 6))(x) if pick.coin() else x
    y = L.MultiHeadAttention(**options)(x, memory, use_causal_mask=pick.coin())
    return x + y if pick.coin() else y


def _stepped(pick: Pick, x):
    kinds = [
        lambda x: L.Conv1D(pick.between(2, 6), 2, padding="causal", **_options(pick))(x),
        lambda x: L.DepthwiseConv1D(2, padding="same")(x),
        lambda x: L.TimeDistributed(L.Dense(pick.between(2, 6), **_options(pick)))(x),
        lambda x: L.Permute((2, 1))(L.Dense(6, "relu")(L.Permute((2, 1))(x))),
        lambda x: L.EinsumDense("abc,cd->abd", (6, pick.between(2, 6)), bias_axes="d")(x),
        lambda x: ops.softmax(x, axis=1),
        lambda x: L.AveragePooling1D(2, 1, padding="same")(x),
    ]
    return pick(kinds)(x)


def _steps_to_less(pick: Pick, x):
    kinds = [
        lambda x: L.Flatten()(x),
        lambda x: L.GlobalMaxPooling1D()(x),
        lambda x: ops.sum(x, axis=1),
        lambda x: x[:, -1],
    ]
    return pick(kinds)(x)


def _vector_to_more(pick: Pick, x):
    if x.shape[-1] > 12:
        return x
    if pick.coin():
        return L.RepeatVector(6)(x)
    width = pick.between(2, 6)
    return L.Reshape((6, width))(L.Dense(6 * width, **_options(pick))(x))


BY_RANK = {
    2: [*ANY, _vector_to_more, spellings.decoded],
    3: [*ANY, _recurrent, _encoded, _attended, _stepped, _steps_to_less, spellings.steps],
    4: [*ANY, _convolved, _convolved, _placed, _excited, _image_to_less, spellings.image],
}


# ------------------------------------------------------------------------- steps of two tensors


def _joined(pick: Pick, x, y):
    """Side by side, or entry by entry, where a dense layer makes the widths equal."""
    if pick.coin() and x.shape[-1] + y.shape[-1] < 20:
        return L.Concatenate()([x, y])
    if x.shape[-1] != y.shape[-1]:
        y = L.Dense(x.shape[-1], **_options(pick))(y)
    kinds = [L.Add(), L.Multiply(), L.Maximum(), ops.subtract, ops.add, ops.multiply]
    if len(x.shape) > 2:
        kinds.append(lambda x, y: L.Concatenate(axis=1)([x, y])[:, : x.shape[1]])
    kind = pick(kinds)
    return kind([x, y]) if isinstance(kind, L.Layer) else kind(x, y)


def graph(seed: int, steps: int) -> keras.Model:
    """A Functional model with one to three inputs and one or two outputs."""
    pick = Pick(seed)
    inputs = _inputs(pick)
    pool = [_prepared(pick, x) for x in inputs]
    unread = {id(x): x for x in pool}
    for _ in range(steps):
        x = pick([*unread.values()] if pick.between(0, 3) else pool)
        read, made = [x], None
        if pick.between(0, 3) == 0:
            read.append(pick([y for y in pool if y.shape[:-1] == x.shape[:-1]]))
            made = _joined(pick, *read)
        else:
            made = pick(BY_RANK[len(x.shape)])(pick, x)
        for one in read:
            unread.pop(id(one), None)
        unread[id(made)] = made
        pool.append(made)
    flat = [L.Flatten()(x) if len(x.shape) > 2 else x for x in unread.values()]
    x = L.Concatenate()(flat) if len(flat) > 1 else flat[0]
    outputs = [L.Dense(2, name="head")(x)]
    if pick.between(0, 4) == 0:
        outputs.append(L.Identity(name="also")(pick(pool)))
    if pick.coin():
        outputs = dict(zip(("head", "also"), outputs, strict=False))
    return keras.Model(inputs, outputs)


def _inputs(pick: Pick) -> list[keras.KerasTensor]:
    shapes = {"image": (4, 4, 2), "steps": (6, 3), "vector": (5,), "tokens": (6,)}
    shapes["photo"] = (None, None, 2)
    names = {
        pick(["image", "image", "photo", "steps", "tokens", "vector"])
        for _ in range(pick.between(1, 3))
    }
    return [
        keras.Input(shapes[name], dtype="int32" if name == "tokens" else None, name=name)
        for name in sorted(names)
    ]


def _prepared(pick: Pick, x):
    y = blocks.prepared(pick, x)
    if x.dtype == "int32":
        return L.Embedding(7, pick.between(2, 6), mask_zero=pick.coin())(y)
    return blocks.of_any_size(pick, y) if None in x.shape[1:] else y


# A failing network is made smaller by fewer steps: they are the first of the same.
GRAPHS = st.builds(graph, st.integers(0, 2**32 - 1), st.integers(1, 10))
