"""Networks in the manner of keras.io's examples: series, graphs, sound and films."""

import keras
import numpy as np
from examples import example, layer
from keras import layers as L
from keras import ops


@layer
class GraphConvolution(L.Layer):
    """Mix the nodes by a fixed adjacency, then transform each."""

    def __init__(self, units, nodes, **options):
        super().__init__(**options)
        self.units, self.nodes = units, nodes
        self.dense = L.Dense(units, activation="relu")
        self.adjacency = np.float32(np.eye(nodes) + np.eye(nodes, k=1)) / 2

    def call(self, x):
        return self.dense(ops.matmul(ops.convert_to_tensor(self.adjacency), x))

    def get_config(self):
        return {**super().get_config(), "units": self.units, "nodes": self.nodes}


@example
def timeseries_classification_fcn() -> keras.Model:
    x = inputs = keras.Input((40, 1))
    for _ in range(3):
        x = L.ReLU()(L.BatchNormalization()(L.Conv1D(32, 3, padding="same")(x)))
    return keras.Model(inputs, L.Dense(2, activation="softmax")(L.GlobalAveragePooling1D()(x)))


@example
def timeseries_transformer() -> keras.Model:
    x = inputs = keras.Input((24, 1))
    for _ in range(2):
        y = L.Dropout(0.25)(L.MultiHeadAttention(2, key_dim=16, dropout=0.25)(x, x))
        after = L.LayerNormalization(epsilon=1e-6)(y) + x
        y = L.Dropout(0.25)(L.Conv1D(8, kernel_size=1, activation="relu")(after))
        x = L.LayerNormalization(epsilon=1e-6)(L.Conv1D(x.shape[-1], 1)(y)) + after
    x = L.GlobalAveragePooling1D(data_format="channels_last")(x)
    x = L.Dropout(0.4)(L.Dense(32, activation="relu")(x))
    return keras.Model(inputs, L.Dense(2, activation="softmax")(x))


@example
def timeseries_anomaly_autoencoder() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((48, 1)),
            L.Conv1D(32, 7, padding="same", strides=2, activation="relu"),
            L.Dropout(rate=0.2),
            L.Conv1D(16, 7, padding="same", strides=2, activation="relu"),
            L.Conv1DTranspose(16, 7, padding="same", strides=2, activation="relu"),
            L.Dropout(rate=0.2),
            L.Conv1DTranspose(32, 7, padding="same", strides=2, activation="relu"),
            L.Conv1DTranspose(1, 7, padding="same"),
        ]
    )


@example
def weather_forecast_lstm() -> keras.Model:
    inputs = keras.Input((24, 7))
    return keras.Model(inputs, L.Dense(1)(L.LSTM(32)(inputs)))


@example
def traffic_graph_and_lstm() -> keras.Model:
    inputs = keras.Input((12, 6, 1))
    x = GraphConvolution(16, 6)(inputs)
    x = ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (-1, 12, 16))
    x = L.Dense(9)(L.LSTM(24, activation="relu")(x))
    return keras.Model(inputs, ops.transpose(ops.reshape(x, (-1, 6, 9)), (0, 2, 1)))


@example
def graph_convolution_by_ops() -> keras.Model:
    nodes, edges = keras.Input((6, 8)), keras.Input((6, 6))
    x = ops.relu(ops.matmul(edges, L.Dense(24)(nodes)))
    x = ops.relu(ops.einsum("bij,bjk->bik", edges, L.Dense(24)(x)))
    return keras.Model([nodes, edges], L.Dense(3)(ops.mean(x, axis=1)))


@example
def graph_attention() -> keras.Model:
    nodes, edges = keras.Input((6, 8)), keras.Input((6, 6))
    x, found = nodes, []
    for _ in range(2):
        y = L.Dense(12, use_bias=False)(x)
        scores = L.LeakyReLU(0.2)(L.Dense(1)(y) + ops.transpose(L.Dense(1)(y), (0, 2, 1)))
        scores = ops.where(edges > 0, scores, -1e9)
        found.append(ops.matmul(ops.softmax(scores, axis=-1), y))
    x = ops.elu(ops.concatenate(found, axis=-1))
    return keras.Model([nodes, edges], L.Dense(4)(x))


@example
def message_passing_gru() -> keras.Model:
    atoms, bonds = keras.Input((5, 10)), keras.Input((5, 5))
    x = L.Dense(16)(atoms)
    for _ in range(2):
        messages = ops.matmul(bonds, L.Dense(16)(x))
        x = L.GRU(16, return_sequences=True)(L.Concatenate()([messages, x]))
    x = L.GlobalAveragePooling1D()(x)
    return keras.Model([atoms, bonds], L.Dense(1, activation="sigmoid")(L.Dense(24, "relu")(x)))


@example
def wavenet() -> keras.Model:
    inputs = keras.Input((64, 1))
    x, skips = L.Conv1D(16, 2, padding="causal")(inputs), []
    for rate in (1, 2, 4, 8):
        kept = L.Conv1D(24, 2, padding="causal", dilation_rate=rate, activation="tanh")(x)
        gate = L.Conv1D(24, 2, padding="causal", dilation_rate=rate, activation="sigmoid")(x)
        y = L.Multiply()([kept, gate])
        skips.append(L.Conv1D(16, 1)(y))
        x = L.Add()([x, L.Conv1D(16, 1)(y)])
    x = L.ReLU()(L.Conv1D(32, 1)(L.ReLU()(L.Add()(skips))))
    return keras.Model(inputs, L.Conv1D(16, 1, activation="softmax")(x))


@example
def melgan_generator() -> keras.Model:
    inputs = keras.Input((None, 20))
    x = L.Conv1D(48, 7, padding="same")(inputs)
    for filters, factor in ((32, 4), (24, 2)):
        x = L.Conv1DTranspose(filters, factor * 2, factor, padding="same")(L.LeakyReLU()(x))
        for rate in (1, 3):
            y = L.Conv1D(filters, 3, dilation_rate=rate, padding="same")(L.LeakyReLU()(x))
            x = L.Add()([x, L.Conv1D(filters, 3, padding="same")(L.LeakyReLU()(y))])
    return keras.Model(inputs, L.Conv1D(1, 7, padding="same", activation="tanh")(x))


@example
def speaker_recognition() -> keras.Model:
    def block(x, filters: int, count=2):
        short = L.Conv1D(filters, 1, padding="same")(x)
        for _ in range(count - 1):
            x = L.Activation("relu")(L.Conv1D(filters, 3, padding="same")(x))
        x = L.Add()([L.Conv1D(filters, 3, padding="same")(x), short])
        return L.MaxPool1D(pool_size=2, strides=2)(L.Activation("relu")(x))

    inputs = keras.Input((64, 1))
    x = L.AveragePooling1D(3, 3)(block(block(inputs, 16), 24, 3))
    x = L.Dense(32, activation="relu")(L.Dense(48, activation="relu")(L.Flatten()(x)))
    return keras.Model(inputs, L.Dense(5, activation="softmax", name="output")(x))


@example
def speech_commands() -> keras.Model:
    x = inputs = keras.Input((32, 20))
    x = L.Reshape((32, 20, 1))(L.Normalization(mean=0.5, variance=2.0, axis=None)(x))
    x = L.Conv2D(32, 3, activation="relu")(
        L.Conv2D(16, 3, activation="relu")(L.Resizing(16, 16)(x))
    )
    x = L.Dropout(0.5)(L.Flatten()(L.Dropout(0.25)(L.MaxPooling2D()(x))))
    return keras.Model(inputs, L.Dense(8)(x))


@example
def deep_speech_ctc() -> keras.Model:
    inputs = keras.Input((None, 33))
    x = L.Reshape((-1, 33, 1))(inputs)
    x = L.Conv2D(8, (11, 11), strides=(2, 2), padding="same", use_bias=False)(x)
    x = L.ReLU()(L.BatchNormalization()(x))
    x = L.Conv2D(8, (11, 5), strides=(1, 2), padding="same", use_bias=False)(x)
    x = L.ReLU()(L.BatchNormalization()(x))
    x = L.Reshape((-1, x.shape[-2] * x.shape[-1]))(x)
    x = L.Bidirectional(L.GRU(16, return_sequences=True, reset_after=True), "concat")(x)
    x = L.Dropout(0.5)(L.ReLU()(L.Dense(32)(x)))
    return keras.Model(inputs, L.Dense(12, activation="softmax")(x))


@example
def conv_lstm_next_frame() -> keras.Model:
    x = inputs = keras.Input((4, 8, 8, 1))
    for size in (5, 3):
        x = L.ConvLSTM2D(12, size, padding="same", return_sequences=True, activation="relu")(x)
        x = L.BatchNormalization()(x)
    return keras.Model(inputs, L.Conv3D(1, 3, activation="sigmoid", padding="same")(x))


@example
def video_cnn_and_rnn() -> keras.Model:
    frames, mask = keras.Input((4, 12, 12, 3)), keras.Input((4,), dtype="bool")
    cnn = keras.Sequential(
        [keras.Input((12, 12, 3)), L.Conv2D(16, 3, activation="relu"), L.GlobalAveragePooling2D()]
    )
    x = L.GRU(16, return_sequences=True)(L.TimeDistributed(cnn)(frames), mask=mask)
    x = L.Dense(8, activation="relu")(L.Dropout(0.4)(L.GRU(8)(x)))
    return keras.Model([frames, mask], L.Dense(5, activation="softmax")(x))


@example
def video_vision_transformer() -> keras.Model:
    inputs = keras.Input((4, 8, 8, 1))
    x = L.Reshape((-1, 32))(L.Conv3D(32, (2, 4, 4), strides=(2, 4, 4))(inputs))
    x = x + L.Embedding(8, 32)(ops.arange(8))
    y = L.LayerNormalization(epsilon=1e-6)(x)
    x = L.Add()([L.MultiHeadAttention(num_heads=4, key_dim=8, dropout=0.1)(y, y), x])
    y = L.LayerNormalization(epsilon=1e-6)(x)
    ffn = [L.Dense(64, activation=ops.gelu), L.Dense(32, activation=ops.gelu)]
    x = L.Add()([keras.Sequential(ffn)(y), x])
    x = L.GlobalAvgPool1D()(L.LayerNormalization(epsilon=1e-6)(x))
    return keras.Model(inputs, L.Dense(5, activation="softmax")(x))


@example
def ct_scan_3d() -> keras.Model:
    x = inputs = keras.Input((16, 16, 8, 1))
    for filters in (8, 16):
        x = L.MaxPool3D(pool_size=2)(L.Conv3D(filters, 3, activation="relu", padding="same")(x))
        x = L.BatchNormalization()(x)
    x = L.Dropout(0.3)(L.Dense(32, activation="relu")(L.GlobalAveragePooling3D()(x)))
    return keras.Model(inputs, L.Dense(1, activation="sigmoid")(x))
