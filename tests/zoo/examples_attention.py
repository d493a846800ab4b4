"""Networks in the manner of keras.io's examples: pictures cut into patches."""

import keras
from examples import example
from keras import layers as L
from keras import ops
from patch_layers import (
    ClassToken,
    FNetLayer,
    GatedMLP,
    MixerLayer,
    PatchEncoder,
    Patches,
    StochasticDepth,
    SwinBlock,
)


def mlp(x, units, rate=0.1):
    for count in units:
        x = L.Dropout(rate)(L.Dense(count, activation=keras.activations.gelu)(x))
    return x


def encoder(x, width: int, heads: int):
    y = L.LayerNormalization(epsilon=1e-6)(x)
    x = L.Add()([L.MultiHeadAttention(heads, key_dim=width // heads, dropout=0.1)(y, y), x])
    return L.Add()([mlp(L.LayerNormalization(epsilon=1e-6)(x), [2 * width, width]), x])


@example
def vision_transformer() -> keras.Model:
    inputs = keras.Input((24, 24, 3))
    x = PatchEncoder(16, 32)(Patches(6)(inputs))
    for _ in range(2):
        x = encoder(x, 32, 4)
    x = L.Dropout(0.5)(L.Flatten()(L.LayerNormalization(epsilon=1e-6)(x)))
    return keras.Model(inputs, L.Dense(10)(mlp(x, [64, 32], 0.5)))


@example
def vision_transformer_with_class_token() -> keras.Model:
    inputs = keras.Input((16, 16, 3))
    x = L.Reshape((16, 32))(L.Conv2D(32, 4, strides=4)(inputs))
    x = encoder(ClassToken()(x), 32, 4)
    return keras.Model(inputs, L.Dense(10)(L.LayerNormalization()(x)[:, 0]))


@example
def compact_convolutional_transformer() -> keras.Model:
    x = inputs = keras.Input((32, 32, 3))
    for filters in (16, 32):
        x = L.Conv2D(filters, 3, padding="same", activation="relu", use_bias=False)(x)
        x = L.MaxPooling2D(3, 2, "same")(L.ZeroPadding2D(1)(x))
    x = L.Reshape((-1, 32))(x)
    for _ in range(2):
        y = L.LayerNormalization(epsilon=1e-5)(x)
        y = L.MultiHeadAttention(2, key_dim=32, dropout=0.1)(y, y)
        x = L.Add()([StochasticDepth(0.1)(y), x])
        y = mlp(L.LayerNormalization(epsilon=1e-5)(x), [32, 32])
        x = L.Add()([StochasticDepth(0.1)(y), x])
    x = L.LayerNormalization(epsilon=1e-5)(x)
    weights = ops.transpose(ops.softmax(L.Dense(1)(x), axis=1), (0, 2, 1))
    pooled = ops.squeeze(ops.matmul(weights, x), -2)
    return keras.Model(inputs, L.Dense(10)(pooled))


@example
def mlp_mixer() -> keras.Model:
    inputs = keras.Input((24, 24, 3))
    x = L.Dense(32)(Patches(6)(inputs))
    for _ in range(2):
        x = MixerLayer(16, 32)(x)
    return keras.Model(inputs, L.Dense(10)(L.GlobalAveragePooling1D()(x)))


@example
def fnet_of_patches() -> keras.Model:
    inputs = keras.Input((24, 24, 3))
    x = FNetLayer(32)(L.Dense(32)(Patches(6)(inputs)))
    return keras.Model(inputs, L.Dense(10)(L.GlobalAveragePooling1D()(FNetLayer(32)(x))))


@example
def gated_mlp() -> keras.Model:
    inputs = keras.Input((24, 24, 3))
    x = GatedMLP(16, 32)(L.Dense(32)(Patches(6)(inputs)))
    return keras.Model(inputs, L.Dense(10)(L.GlobalAveragePooling1D()(GatedMLP(16, 32)(x))))


@example
def conv_mixer() -> keras.Model:
    def activated(x):
        return L.BatchNormalization()(L.Activation("gelu")(x))

    inputs = keras.Input((32, 32, 3))
    x = activated(L.Conv2D(48, 4, strides=4)(L.Rescaling(scale=1.0 / 255)(inputs)))
    for _ in range(3):
        x = L.Add()([activated(L.DepthwiseConv2D(5, padding="same")(x)), x])
        x = activated(L.Conv2D(48, 1)(x))
    return keras.Model(inputs, L.Dense(10, "softmax")(L.GlobalAvgPool2D()(x)))


@example
def swin_transformer() -> keras.Model:
    inputs = keras.Input((32, 32, 3))
    x = PatchEncoder(64, 32)(Patches(4)(inputs))
    x = SwinBlock(32, 8, shift=2)(SwinBlock(32, 8)(x))
    x = ops.reshape(x, (-1, 4, 2, 4, 2, 32))
    x = ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, 16, 4 * 32))
    x = L.Dense(64, use_bias=False)(x)
    return keras.Model(inputs, L.Dense(10, "softmax")(L.GlobalAveragePooling1D()(x)))


@example
def external_attention() -> keras.Model:
    def attend(x, width=32, heads=2, size=32):
        y = ops.reshape(L.Dense(width * heads)(x), (-1, 16, heads, width))
        y = L.Activation("softmax")(L.Dense(size)(ops.transpose(y, axes=[0, 2, 1, 3])))
        y = L.Dropout(0.2)(L.Normalization(axis=-1, mean=0.0, variance=1.0)(y))
        y = ops.transpose(L.Dense(width * heads // heads)(y), axes=[0, 2, 1, 3])
        return L.Dense(width)(ops.reshape(y, [-1, 16, width * heads]))

    inputs = keras.Input((24, 24, 3))
    x = PatchEncoder(16, 32)(Patches(6)(inputs))
    for _ in range(2):
        x = L.add([attend(L.LayerNormalization(epsilon=1e-5)(x)), x])
        x = L.add([mlp(L.LayerNormalization(epsilon=1e-5)(x), [32, 32]), x])
    return keras.Model(inputs, L.Dense(10, "softmax")(L.GlobalAveragePooling1D()(x)))


@example
def perceiver() -> keras.Model:
    inputs = keras.Input((24, 24, 3))
    data = PatchEncoder(16, 32)(Patches(6)(inputs))
    x = keras.ops.broadcast_to(ops.zeros((1, 8, 32)), (1, 8, 32))
    x = L.Embedding(8, 32)(ops.zeros_like(data[:, :8, 0], dtype="int32") + ops.arange(8)) + x
    for _ in range(2):
        query, key = L.Dense(32)(L.LayerNormalization()(x)), L.Dense(32)(data)
        y = L.Attention(use_scale=True, dropout=0.1)([query, L.Dense(32)(data), key])
        x = L.Add()([mlp(L.LayerNormalization()(L.Add()([y, x])), [64, 32]), y])
        x = encoder(x, 32, 4)
    return keras.Model(inputs, L.Dense(10)(L.GlobalAveragePooling1D()(L.LayerNormalization()(x))))


@example
def mobile_vit() -> keras.Model:
    def conv(x, filters=16, size=3, strides=2):
        return L.Conv2D(filters, size, strides=strides, activation=ops.nn.silu, padding="same")(x)

    def residual(x, expanded: int, out: int, strides=1):
        y = ops.nn.swish(L.BatchNormalization()(L.Conv2D(expanded, 1, use_bias=False)(x)))
        y = L.DepthwiseConv2D(3, strides=strides, padding="same", use_bias=False)(y)
        y = L.Conv2D(out, 1, use_bias=False)(ops.nn.swish(L.BatchNormalization()(y)))
        y = L.BatchNormalization()(y)
        return L.Add()([y, x]) if x.shape[-1] == out and strides == 1 else y

    inputs = keras.Input((32, 32, 3))
    x = conv(L.Rescaling(scale=1.0 / 255)(inputs))
    x = residual(residual(x, 32, 24, strides=2), 48, 24)
    local = conv(conv(x, strides=1), filters=24, size=1, strides=1)
    flat = L.Reshape((4, 16, 24))(local)
    for _ in range(2):
        y = L.LayerNormalization(epsilon=1e-6)(flat)
        flat = L.Add()([L.MultiHeadAttention(2, key_dim=12, dropout=0.1)(y, y), flat])
        y = L.LayerNormalization(epsilon=1e-6)(flat)
        for units in (48, 24):
            y = L.Dropout(0.1)(L.Dense(units, activation=ops.nn.swish)(y))
        flat = L.Add()([y, flat])
    x = L.Concatenate(axis=-1)([x, conv(L.Reshape((8, 8, 24))(flat), 24, 1, 1)])
    x = L.GlobalAvgPool2D()(conv(x, 24, strides=1))
    return keras.Model(inputs, L.Dense(5, activation="softmax")(x))


@example
def masked_autoencoder() -> keras.Model:
    inputs = keras.Input((24, 24, 3))
    x = encoder(PatchEncoder(16, 32)(Patches(6)(inputs)), 32, 4)
    x = L.Dense(24)(L.LayerNormalization(epsilon=1e-6)(x))
    x = L.LayerNormalization(epsilon=1e-6)(encoder(x, 24, 4))
    x = L.Dense(24 * 24 * 3, activation="sigmoid")(L.Flatten()(x))
    return keras.Model(inputs, L.Reshape((24, 24, 3))(x))


@example
def learnable_resizer() -> keras.Model:
    inputs = keras.Input((None, None, 3))
    x = L.Conv2D(16, 7, padding="same")(inputs)
    x = L.LeakyReLU(0.2)(x)
    x = L.BatchNormalization()(L.LeakyReLU(0.2)(L.Conv2D(16, 1, padding="same")(x)))
    x = ops.image.resize(x, (16, 16), interpolation="bilinear")
    y = L.LeakyReLU(0.2)(L.BatchNormalization()(L.Conv2D(16, 3, padding="same")(x)))
    x = L.Add()([L.BatchNormalization()(L.Conv2D(16, 3, padding="same")(y)), x])
    x = L.Conv2D(3, 7, padding="same")(x)
    return keras.Model(inputs, L.Add()([x, ops.image.resize(inputs, (16, 16))]))


@example
def involution() -> keras.Model:
    def involve(x, channels: int, size=3, reduce=2):
        y = L.Conv2D(channels // reduce, 1)(x)
        y = L.Conv2D(size * size, 1)(L.ReLU()(L.BatchNormalization()(y)))
        height, width = x.shape[1:3]
        kernel = L.Reshape((height, width, size * size, 1))(y)
        patches = ops.image.extract_patches(x, (size, size), strides=1, padding="same")
        patches = L.Reshape((height, width, size * size, x.shape[-1]))(patches)
        return ops.sum(kernel * patches, axis=3)

    inputs = keras.Input((16, 16, 3))
    x = L.MaxPooling2D()(L.ReLU()(involve(inputs, 4)))
    x = L.ReLU()(involve(L.Conv2D(16, 3, padding="same")(x), 16))
    return keras.Model(inputs, L.Dense(10)(L.Dense(32, activation="relu")(L.Flatten()(x))))
