"""Networks in the manner of keras.io's examples: points, tables, recommendations, decisions."""

import keras
import numpy as np
from examples import WORDS, example, layer
from keras import layers as L
from keras import ops


@layer
class TransformRegularizer(keras.regularizers.Regularizer):
    """Keep a matrix near an orthogonal one."""

    def __init__(self, size, strength=0.001):
        self.size, self.strength = size, strength

    def __call__(self, x):
        x = ops.reshape(x, (-1, self.size, self.size))
        square = ops.tensordot(x, x, axes=(2, 2))
        return ops.sum(self.strength * ops.square(ops.mean(square) - 1.0))

    def get_config(self):
        return {"size": self.size, "strength": self.strength}


@example
def point_net() -> keras.Model:
    def conv(x, filters: int):
        return L.Activation("relu")(
            L.BatchNormalization(momentum=0.0)(L.Conv1D(filters, 1, padding="valid")(x))
        )

    def transform(inputs, size: int):
        x = L.GlobalMaxPooling1D()(conv(conv(inputs, 16), 32))
        x = L.Dense(16, activation="relu")(x)
        bias = keras.initializers.Constant(np.eye(size).flatten())
        features = L.Dense(
            size * size,
            kernel_initializer="zeros",
            bias_initializer=bias,
            activity_regularizer=TransformRegularizer(size),
        )(x)
        return L.Dot(axes=(2, 1))([inputs, L.Reshape((size, size))(features)])

    inputs = keras.Input((32, 3))
    x = conv(conv(transform(inputs, 3), 16), 16)
    x = L.GlobalMaxPooling1D()(conv(conv(transform(x, 16), 16), 32))
    x = L.Dropout(0.3)(L.Dense(24, activation="relu")(x))
    return keras.Model(inputs, L.Dense(5, activation="softmax")(x))


@example
def point_cloud_segmentation() -> keras.Model:
    x = inputs = keras.Input((32, 3))
    levels = []
    for filters in (16, 24, 32):
        x = L.ReLU()(L.BatchNormalization()(L.Conv1D(filters, 1)(x)))
        levels.append(x)
    top = ops.tile(L.MaxPool1D(pool_size=32)(x), [1, 32, 1])
    x = L.ReLU()(L.Conv1D(32, 1)(L.Concatenate()([*levels, top])))
    return keras.Model(inputs, L.Conv1D(4, 1, activation="softmax")(x))


@example
def nerf() -> keras.Model:
    x = inputs = keras.Input((20, 21))
    for place in range(4):
        x = L.Dense(32, activation="relu")(x)
        if place % 2 == 0 and place > 0:
            x = L.concatenate([x, inputs], axis=-1)
    return keras.Model(inputs, L.Dense(4)(x))


@example
def structured_data() -> keras.Model:
    ages, kinds = keras.Input((1,), name="age"), keras.Input((1,), name="kind", dtype="string")
    levels = keras.Input((1,), name="level", dtype="int64")
    scaled = L.Normalization(mean=3.0, variance=4.0)(ages)
    coded = L.StringLookup(vocabulary=WORDS, output_mode="one_hot")(kinds)
    counted = L.IntegerLookup(vocabulary=[1, 2, 3], output_mode="one_hot")(levels)
    x = L.Dense(32, activation="relu")(L.Concatenate()([scaled, coded, counted]))
    x = L.Dense(1, activation="sigmoid")(L.Dropout(0.5)(x))
    return keras.Model({"age": ages, "kind": kinds, "level": levels}, x)


@example
def wide_and_deep() -> keras.Model:
    numbers, kinds = keras.Input((4,)), keras.Input((), dtype="string")
    embedded = L.Embedding(4, 8)(L.StringLookup(vocabulary=WORDS)(kinds))
    deep = L.Concatenate()([numbers, embedded])
    for _ in range(2):
        deep = L.Dropout(0.1)(L.ReLU()(L.BatchNormalization()(L.Dense(24)(deep))))
    wide = L.BatchNormalization()(L.Concatenate()([numbers, embedded]))
    merged = L.concatenate([wide, deep])
    return keras.Model([numbers, kinds], L.Dense(3, activation="softmax")(merged))


@example
def gated_residual_variable_selection() -> keras.Model:
    def gated(x, units: int):
        y = L.Dense(units)(L.Dense(units, activation="elu")(x))
        y = L.Dropout(0.1)(y)
        y = L.Dense(units)(y) * L.Dense(units, activation="sigmoid")(y)
        short = x if x.shape[-1] == units else L.Dense(units)(x)
        return L.LayerNormalization()(short + y)

    inputs = [keras.Input((1,), name=f"x{number}") for number in range(3)]
    features = [L.Dense(16)(one) for one in inputs]
    weights = L.Dense(3, activation="softmax")(gated(L.Concatenate()(features), 16))
    found = ops.stack([gated(one, 16) for one in features], axis=1)
    x = ops.squeeze(ops.matmul(ops.expand_dims(weights, 1), found), axis=1)
    return keras.Model(inputs, L.Dense(1, activation="sigmoid")(x))


@example
def tab_transformer() -> keras.Model:
    numbers, kinds = keras.Input((4,)), keras.Input((3,), dtype="int32")
    x = L.Embedding(5, 16)(kinds) + L.Embedding(3, 16)(ops.arange(3))
    y = L.MultiHeadAttention(num_heads=4, key_dim=16, dropout=0.1)(x, x)
    x = L.LayerNormalization(epsilon=1e-6)(L.Add()([y, x]))
    y = L.Dense(16)(L.Dropout(0.1)(L.Dense(32, activation="gelu")(x)))
    x = L.Flatten()(L.LayerNormalization(epsilon=1e-6)(L.Add()([y, x])))
    x = L.concatenate([x, L.LayerNormalization(epsilon=1e-6)(numbers)])
    for units in (32, 16):
        x = L.Dropout(0.2)(
            L.Dense(units, activation=keras.activations.selu)(L.BatchNormalization()(x))
        )
    return keras.Model([numbers, kinds], L.Dense(1, activation="sigmoid")(x))


@example
def collaborative_filtering() -> keras.Model:
    users, films = keras.Input((), dtype="int32"), keras.Input((), dtype="int32")
    regular = keras.regularizers.l2(1e-6)
    pairs = [
        (L.Embedding(20, 16, embeddings_regularizer=regular)(one), L.Embedding(20, 1)(one))
        for one in (users, films)
    ]
    (user, user_bias), (film, film_bias) = pairs
    dot = ops.sum(user * film, axis=-1, keepdims=True)
    return keras.Model([users, films], ops.sigmoid(dot + user_bias + film_bias))


@example
def ranking_towers() -> keras.Model:
    user, film = keras.Input((), dtype="int32"), keras.Input((), dtype="int32")
    x = L.Concatenate()([L.Embedding(20, 16)(user), L.Embedding(20, 16)(film)])
    x = L.Dense(16, activation="relu")(L.Dense(32, activation="relu")(x))
    return keras.Model([user, film], L.Dense(1)(x))


@example
def behaviour_sequence_transformer() -> keras.Model:
    films, ratings = keras.Input((6,), dtype="int32"), keras.Input((6,))
    x = L.Embedding(30, 24)(films) + L.Embedding(6, 24)(ops.arange(6))
    x = x * ops.expand_dims(ratings, -1)
    y = L.Dropout(0.1)(L.MultiHeadAttention(num_heads=3, key_dim=24, dropout=0.1)(x, x))
    x = L.LayerNormalization()(L.Add()([x, y]))
    y = L.Dropout(0.1)(L.Dense(24)(L.LeakyReLU()(x)))
    x = L.Flatten()(L.LayerNormalization()(L.Add()([x, y])))
    for units in (32, 16):
        x = L.Dropout(0.1)(L.LeakyReLU()(L.BatchNormalization()(L.Dense(units)(x))))
    return keras.Model([films, ratings], L.Dense(1)(x))


@example
def deep_and_cross() -> keras.Model:
    numbers, kinds = keras.Input((4,)), keras.Input((2,), dtype="int32")
    start = L.Concatenate()([numbers, L.Flatten()(L.Embedding(6, 8)(kinds))])
    cross = start
    for _ in range(2):
        cross = start * L.Dense(start.shape[-1])(cross) + cross
    deep = L.Dense(24, activation="relu")(L.Dense(32, activation="relu")(start))
    return keras.Model([numbers, kinds], L.Dense(1)(L.Concatenate()([cross, deep])))


@example
def actor_critic() -> keras.Model:
    inputs = keras.Input((4,))
    common = L.Dense(64, activation="relu")(inputs)
    return keras.Model(inputs, [L.Dense(2, activation="softmax")(common), L.Dense(1)(common)])


@example
def deep_q_breakout() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((4, 40, 40)),
            L.Lambda(
                lambda tensor: keras.ops.transpose(tensor, [0, 2, 3, 1]), output_shape=(40, 40, 4)
            ),
            L.Conv2D(16, 8, strides=4, activation="relu"),
            L.Conv2D(24, 4, strides=2, activation="relu"),
            L.Flatten(),
            L.Dense(32, activation="relu"),
            L.Dense(4, activation="linear"),
        ]
    )


@example
def distillation_student() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            L.Conv2D(16, (3, 3), strides=(2, 2), padding="same"),
            L.LeakyReLU(negative_slope=0.2),
            L.MaxPooling2D(pool_size=(2, 2), strides=(1, 1), padding="same"),
            L.Conv2D(32, (3, 3), strides=(2, 2), padding="same"),
            L.Flatten(),
            L.Dense(10),
        ],
        name="student",
    )


@example
def multiple_instance_attention() -> keras.Model:
    inputs = [keras.Input((16,)) for _ in range(3)]
    shared = keras.Sequential([keras.Input((16,)), L.Dense(32, "relu"), L.Dense(16, "relu")])
    found = [shared(one) for one in inputs]
    gates = [L.Dense(24, "tanh")(one) * L.Dense(24, "sigmoid")(one) for one in found]
    scorer = L.Dense(1)
    weights = ops.softmax(ops.stack([scorer(gate) for gate in gates], axis=0), axis=0)
    pooled = [weights[place] * one for place, one in enumerate(found)]
    return keras.Model(inputs, L.Dense(2, activation="softmax")(L.concatenate(pooled)))
