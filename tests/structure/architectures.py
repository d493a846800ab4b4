"""Whole networks, by name: those of keras.applications, and others that are written here."""

from collections.abc import Callable

import numpy as np

from course_utils.backend import keras

L, ops, applications = keras.layers, keras.ops, keras.applications


def randomized(model: keras.Model, seed: int = 0) -> keras.Model:
    """Give what starts as 0 or 1 random values: statistics, scales, shifts, biases."""
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        name = variable.path.rsplit("/", 1)[-1]
        # LayerScale's has no name: Keras calls it variable, variable_1, …
        if name in ("gamma", "scale", "moving_variance") or name.startswith("variable"):
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
        elif name in ("beta", "bias", "moving_mean"):
            variable.assign(rng.normal(0, 0.3, variable.shape))
    return model


def application(name: str, size: int = 32) -> Callable[[], keras.Model]:
    """A network of keras.applications that gives logits of ten classes."""
    options = {"weights": None, "classes": 10, "classifier_activation": None}
    return lambda: getattr(applications, name)(input_shape=(size, size, 3), **options)


def u_net() -> keras.Model:
    def block(x, filters: int):
        for _ in range(2):
            x = L.Conv2D(filters, 3, padding="same", use_bias=False)(x)
            x = L.ReLU()(L.BatchNormalization()(x))
        return x

    x = inputs = keras.Input((32, 32, 3))
    skips = []
    for filters in (8, 16, 32):
        x = block(x, filters)
        skips.append(x)
        x = L.MaxPooling2D()(x)
    x = block(x, 64)
    for filters, skip in zip((32, 16, 8), reversed(skips), strict=True):
        x = L.Conv2DTranspose(filters, 2, strides=2)(x)
        x = block(L.Concatenate()([x, skip]), filters)
    return keras.Model(inputs, L.Conv2D(2, 1)(x))


def siamese() -> keras.Model:
    def tower():
        x = inputs = keras.Input((28, 28, 1))
        for filters in (16, 32):
            x = L.Conv2D(filters, 3, activation="relu", padding="same")(x)
            x = L.MaxPooling2D()(L.BatchNormalization()(x))
        x = L.Dense(32, activation="tanh")(L.Flatten()(x))
        return keras.Model(inputs, x, name="tower")

    left, right, shared = keras.Input((28, 28, 1)), keras.Input((28, 28, 1)), tower()
    a, b = shared(left), shared(right)
    x = L.Concatenate()([ops.square(a - b), a * b])
    return keras.Model([left, right], L.Dense(1)(L.Dense(16, activation="relu")(x)))


def detector() -> keras.Model:
    """Two heads on two scales, each of which is shared by both; boxes and classes."""
    x = inputs = keras.Input((48, 48, 3))
    for filters in (8, 16, 24):
        x = L.SeparableConv2D(filters, 3, padding="same", strides=2)(x)
        x = L.LeakyReLU(0.1)(L.BatchNormalization()(x))
    deep = L.Conv2D(32, 3, padding="same", strides=2, activation="swish")(x)
    up = L.UpSampling2D()(L.Conv2D(24, 1)(deep))
    scales = [L.Concatenate()([x, up]), L.Conv2D(48, 1)(deep)]
    made = {}
    for name, count in (("boxes", 4), ("classes", 5)):
        tower = L.Conv2D(20, 3, padding="same", activation="relu", name=f"{name}_tower")
        head = L.Conv2D(2 * count, 3, padding="same", name=f"{name}_head")
        parts = [L.Reshape((-1, count))(head(tower(scale))) for scale in scales]
        made[name] = L.Concatenate(axis=1, name=name)(parts)
    return keras.Model(inputs, made)


def vision_transformer() -> keras.Model:
    """Normalizes over channels, so that its residual stream stays; heads and hidden units go."""
    x = inputs = keras.Input((24, 24, 3))
    x = L.Reshape((16, 24))(L.Conv2D(24, 6, strides=6)(x))
    x = x + L.Embedding(16, 24)(ops.arange(16))
    for _ in range(2):
        y = L.LayerNormalization()(x)
        x = L.Add()([x, L.MultiHeadAttention(4, 6)(y, y)])
        y = L.Dense(48, activation="gelu")(L.LayerNormalization()(x))
        x = L.Add()([x, L.Dense(24)(y)])
    return keras.Model(inputs, L.Dense(10)(L.LayerNormalization()(x)[:, 0]))


def mixer() -> keras.Model:
    """MLP-Mixer with BatchNormalization: tokens are mixed on the other axis."""
    x = inputs = keras.Input((24, 24, 3))
    x = L.Reshape((16, 32))(L.Conv2D(32, 6, strides=6)(x))
    for _ in range(2):
        y = L.Permute((2, 1))(L.BatchNormalization()(x))
        y = L.Dense(16)(L.Dense(24, activation="gelu")(y))
        x = L.Add()([x, L.Permute((2, 1))(y)])
        y = L.Dense(64, activation="gelu")(L.BatchNormalization()(x))
        x = L.Add()([x, L.Dense(32)(y)])
    return keras.Model(inputs, L.Dense(10)(L.GlobalAveragePooling1D()(x)))


def shuffle_net() -> keras.Model:
    """Half of the channels pass, half are convolved, and both are shuffled."""

    def convolved(x, filters: int):
        return L.ReLU()(L.BatchNormalization()(L.Conv2D(filters, 1, use_bias=False)(x)))

    def shuffled(x):
        _, height, width, channels = x.shape
        x = ops.reshape(x, (-1, height, width, 2, channels // 2))
        return ops.reshape(ops.transpose(x, (0, 1, 2, 4, 3)), (-1, height, width, channels))

    x = inputs = keras.Input((32, 32, 3))
    x = L.Conv2D(24, 3, strides=2, padding="same", activation="relu")(x)
    for _ in range(3):
        left, right = ops.split(x, 2, axis=-1)
        right = L.BatchNormalization()(L.DepthwiseConv2D(3, padding="same")(convolved(right, 12)))
        x = shuffled(L.Concatenate()([left, convolved(right, 12)]))
    x = L.Conv2D(48, 1, activation="relu")(x)
    return keras.Model(inputs, L.Dense(10)(L.GlobalAveragePooling2D()(x)))


def resnext() -> keras.Model:
    """Grouped convolutions, squeeze and excitation, group normalization."""
    x = inputs = keras.Input((32, 32, 3))
    x = L.Conv2D(32, 3, strides=2, padding="same")(x)
    for _ in range(3):
        y = L.ReLU()(L.GroupNormalization(8)(L.Conv2D(32, 1)(x)))
        y = L.ReLU()(L.BatchNormalization()(L.Conv2D(32, 3, padding="same", groups=8)(y)))
        y = L.Conv2D(32, 1)(y)
        s = L.Dense(8, activation="relu")(L.GlobalAveragePooling2D(keepdims=True)(y))
        y = L.Multiply()([y, L.Dense(32, activation="sigmoid")(s)])
        x = L.PReLU(shared_axes=[1, 2])(L.Add()([x, y]))
    return keras.Model(inputs, L.Dense(10)(L.GlobalMaxPooling2D()(x)))


def text_gru() -> keras.Model:
    x = inputs = keras.Input((12,), dtype="int32")
    x = L.SpatialDropout1D(0.2)(L.Embedding(50, 16, mask_zero=True)(x))
    x = L.Bidirectional(L.GRU(12, return_sequences=True))(x)
    x = L.GRU(20)(L.Dense(24, activation="relu")(x))
    return keras.Model(inputs, L.Dense(10)(x))


def translator() -> keras.Model:
    """Encoder and decoder of LSTMs, with attention between them."""
    source, target = (keras.Input((9,), dtype="int32", name=n) for n in ("source", "target"))
    memory, *states = L.LSTM(16, return_sequences=True, return_state=True)(
        L.Embedding(30, 12)(source)
    )
    x = L.LSTM(16, return_sequences=True)(L.Embedding(30, 12)(target), initial_state=states)
    x = L.Concatenate()([x, L.MultiHeadAttention(4, 5)(x, memory)])
    return keras.Model([source, target], L.Dense(10)(L.Dense(24, activation="tanh")(x)))


def transformer_encoder() -> keras.Model:
    """Without normalization over channels, so that the residual stream can go, too."""
    x = inputs = keras.Input((12,), dtype="int32")
    x = L.Embedding(50, 24)(x)
    for _ in range(2):
        x = L.BatchNormalization()(x + L.MultiHeadAttention(4, 6)(x, x, use_causal_mask=True))
        y = L.Dense(48, activation="gelu")(x)
        x = L.BatchNormalization()(x + L.Dense(24)(y))
    return keras.Model(inputs, L.Dense(10)(L.GlobalAveragePooling1D()(x)))


def wave_net() -> keras.Model:
    """Dilated causal convolutions with gates, sums of skips."""
    x = inputs = keras.Input((40, 2))
    x, skips = L.Conv1D(16, 1)(x), []
    for power in range(4):
        options = {"padding": "causal", "dilation_rate": 2**power}
        a, b = (L.Conv1D(20, 2, activation=f, **options)(x) for f in ("tanh", "sigmoid"))
        y = a * b
        skips.append(L.Conv1D(24, 1)(y))
        x = x + L.Conv1D(16, 1)(y)
    x = ops.relu(L.Add()(skips))
    return keras.Model(inputs, L.Conv1D(10, 1)(L.Conv1D(16, 1, activation="relu")(x)))


def volumes() -> keras.Model:
    x = inputs = keras.Input((12, 12, 12, 1))
    for filters in (8, 16):
        x = L.Conv3D(filters, 3, padding="same", activation="elu")(x)
        x = L.MaxPooling3D()(L.BatchNormalization()(x))
    x = L.Conv3DTranspose(12, 2, strides=2, activation="relu")(x)
    return keras.Model(inputs, L.Dense(10)(L.Flatten()(L.AveragePooling3D(2)(x))))


def autoencoder() -> keras.Model:
    x = inputs = keras.Input((28, 28, 1))
    for filters in (8, 16):
        x = L.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(x)
    x = L.Dense(12)(L.Flatten()(x))
    x = L.Reshape((7, 7, 16))(L.Dense(7 * 7 * 16, activation="relu")(x))
    for filters in (16, 8):
        x = L.Conv2DTranspose(filters, 3, strides=2, padding="same", activation="relu")(x)
    return keras.Model(inputs, L.Conv2D(1, 3, padding="same")(x))


def wide_and_deep() -> keras.Model:
    """Numbers and categories, crossed by a factorization machine."""
    numbers = keras.Input((6,), name="numbers")
    kinds = keras.Input((4,), dtype="int32", name="kinds")
    x = L.Embedding(20, 8)(kinds)
    crossed = ops.square(ops.sum(x, axis=1)) - ops.sum(ops.square(x), axis=1)
    deep = L.Concatenate()([L.BatchNormalization()(numbers), L.Flatten()(x), crossed])
    for units in (32, 16):
        deep = L.Dropout(0.2)(L.Dense(units, activation="relu")(deep))
    return keras.Model({"numbers": numbers, "kinds": kinds}, L.Dense(1)(deep) + L.Dense(1)(numbers))


NAMED = {
    **{name: application(name) for name in (
        "VGG16", "ResNet50", "ResNet50V2", "MobileNet", "MobileNetV2", "MobileNetV3Small",
        "DenseNet121", "EfficientNetV2B0", "ConvNeXtTiny", "NASNetMobile",
    )},
    "InceptionV3": application("InceptionV3", 75),
    "Xception": application("Xception", 71),
    "U-Net": u_net,
    "siamese": siamese,
    "detector": detector,
}  # fmt: skip
OTHERS = {
    "EfficientNetB0": application("EfficientNetB0"),
    "MobileNetV3Large": application("MobileNetV3Large"),
    "InceptionResNetV2": application("InceptionResNetV2", 75),
    "vision transformer": vision_transformer,
    "MLP-Mixer": mixer,
    "ShuffleNet": shuffle_net,
    "ResNeXt": resnext,
    "text GRU": text_gru,
    "translator": translator,
    "transformer encoder": transformer_encoder,
    "WaveNet": wave_net,
    "volumes": volumes,
    "autoencoder": autoencoder,
    "wide and deep": wide_and_deep,
}
