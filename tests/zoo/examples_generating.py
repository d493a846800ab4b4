"""Networks in the manner of keras.io's examples: what makes, mends or compresses pictures."""

import keras
from examples import example, layer
from keras import layers as L
from keras import ops


@layer
class Sampling(L.Layer):
    """Draw z from the mean and the logarithm of the variance."""

    def __init__(self, **options):
        super().__init__(**options)
        self.seeds = keras.random.SeedGenerator(1337)

    def call(self, inputs):
        mean, spread = inputs
        noise = keras.random.normal(shape=ops.shape(mean), seed=self.seeds)
        return mean + ops.exp(0.5 * spread) * noise


@layer
class VectorQuantizer(L.Layer):
    """Replace each vector by the nearest one of a book."""

    def __init__(self, count, size, **options):
        super().__init__(**options)
        self.count, self.size = count, size
        self.book = self.add_weight(shape=(size, count), initializer="random_uniform", name="book")

    def call(self, x):
        flat = ops.reshape(x, [-1, self.size])
        near = ops.sum(flat**2, axis=1, keepdims=True) + ops.sum(self.book**2, axis=0)
        nearest = ops.argmin(near - 2 * ops.matmul(flat, self.book), axis=1)
        found = ops.matmul(ops.one_hot(nearest, self.count), ops.transpose(self.book))
        found = ops.reshape(found, ops.shape(x))
        return x + ops.stop_gradient(found - x)

    def get_config(self):
        return {**super().get_config(), "count": self.count, "size": self.size}


@layer
class AdaIN(L.Layer):
    """Scale and shift normalized channels by what a style says."""

    def build(self, shapes):
        self.scale = L.Dense(shapes[0][-1])
        self.shift = L.Dense(shapes[0][-1])
        self.scale.build(shapes[1])
        self.shift.build(shapes[1])

    def call(self, inputs):
        x, style = inputs
        mean, variance = ops.moments(x, axes=[1, 2], keepdims=True)
        scale, shift = self.scale(style)[:, None, None, :], self.shift(style)[:, None, None, :]
        return scale * (x - mean) / ops.sqrt(variance + 1e-5) + shift


@layer
class ReflectionPadding2D(L.Layer):
    """Pad by what lies inside the border."""

    def call(self, x):
        return ops.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="reflect")


@example
def vae_encoder() -> keras.Model:
    inputs = keras.Input((28, 28, 1))
    x = L.Conv2D(32, 3, activation="relu", strides=2, padding="same")(inputs)
    x = L.Conv2D(64, 3, activation="relu", strides=2, padding="same")(x)
    x = L.Dense(16, activation="relu")(L.Flatten()(x))
    mean, spread = L.Dense(2, name="z_mean")(x), L.Dense(2, name="z_log_var")(x)
    return keras.Model(inputs, [mean, spread, Sampling()([mean, spread])], name="encoder")


@example
def vae_decoder() -> keras.Model:
    latent = keras.Input((2,))
    x = L.Reshape((7, 7, 64))(L.Dense(7 * 7 * 64, activation="relu")(latent))
    x = L.Conv2DTranspose(64, 3, activation="relu", strides=2, padding="same")(x)
    x = L.Conv2DTranspose(32, 3, activation="relu", strides=2, padding="same")(x)
    outputs = L.Conv2DTranspose(1, 3, activation="sigmoid", padding="same")(x)
    return keras.Model(latent, outputs, name="decoder")


@example
def vae_whole() -> keras.Model:
    x = inputs = keras.Input((16, 16, 1))
    x = L.Flatten()(L.Conv2D(16, 3, activation="relu", strides=2, padding="same")(x))
    mean, spread = L.Dense(8)(x), L.Dense(8)(x)
    x = L.Dense(8 * 8 * 16, activation="relu")(Sampling()([mean, spread]))
    x = L.Conv2DTranspose(16, 3, 2, activation="relu", padding="same")(L.Reshape((8, 8, 16))(x))
    return keras.Model(inputs, L.Conv2D(1, 3, activation="sigmoid", padding="same")(x))


@example
def vq_vae() -> keras.Model:
    x = inputs = keras.Input((16, 16, 1))
    x = L.Conv2D(32, 3, activation="relu", strides=2, padding="same")(x)
    x = L.Conv2D(64, 3, activation="relu", strides=2, padding="same")(x)
    x = VectorQuantizer(16, 8)(L.Conv2D(8, 1, padding="same")(x))
    x = L.Conv2DTranspose(64, 3, activation="relu", strides=2, padding="same")(x)
    x = L.Conv2DTranspose(32, 3, activation="relu", strides=2, padding="same")(x)
    return keras.Model(inputs, L.Conv2DTranspose(1, 3, padding="same")(x))


@example
def dcgan_generator() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((32,)),
            L.Dense(8 * 8 * 32),
            L.Reshape((8, 8, 32)),
            L.Conv2DTranspose(32, 4, strides=2, padding="same"),
            L.LeakyReLU(negative_slope=0.2),
            L.Conv2DTranspose(64, 4, strides=2, padding="same"),
            L.LeakyReLU(negative_slope=0.2),
            L.Conv2D(3, 5, padding="same", activation="sigmoid"),
        ],
        name="generator",
    )


@example
def dcgan_discriminator() -> keras.Model:
    layers = [keras.Input((32, 32, 3))]
    for filters in (32, 48, 48):
        layers += [L.Conv2D(filters, 4, strides=2, padding="same"), L.LeakyReLU(0.2)]
    return keras.Sequential([*layers, L.Flatten(), L.Dropout(0.2), L.Dense(1, "sigmoid")])


@example
def conditional_gan_generator() -> keras.Model:
    noise, label = keras.Input((16,)), keras.Input((10,))
    x = L.Dense(7 * 7 * 26)(L.Concatenate()([noise, label]))
    x = L.Reshape((7, 7, 26))(L.LeakyReLU(0.2)(x))
    for _ in range(2):
        x = L.LeakyReLU(0.2)(L.Conv2DTranspose(32, 4, strides=2, padding="same")(x))
    x = L.Conv2D(1, 7, padding="same", activation="sigmoid")(x)
    return keras.Model([noise, label], x)


@example
def wgan_gp_generator() -> keras.Model:
    inputs = keras.Input((32,))
    x = L.Dense(4 * 4 * 64, use_bias=False)(inputs)
    x = L.Reshape((4, 4, 64))(L.LeakyReLU(0.2)(L.BatchNormalization()(x)))
    for filters in (48, 32):
        x = L.Conv2D(filters, 3, padding="same", use_bias=False)(L.UpSampling2D(2)(x))
        x = L.LeakyReLU(0.2)(L.BatchNormalization()(x))
    x = L.Conv2D(1, 3, padding="same", use_bias=False)(L.UpSampling2D(2)(x))
    x = L.Activation("tanh")(L.BatchNormalization()(x))
    return keras.Model(inputs, L.Cropping2D((2, 2))(x))


@example
def pixel_shuffle_super_resolution() -> keras.Model:
    def to_space(x, factor: int):
        height, width, depth = x.shape[1:]
        x = ops.reshape(x, (-1, height, width, factor, factor, depth // factor**2))
        x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
        return ops.reshape(x, (-1, height * factor, width * factor, depth // factor**2))

    options = {"activation": "relu", "kernel_initializer": "orthogonal", "padding": "same"}
    inputs = keras.Input((16, 16, 1))
    x = L.Conv2D(32, 5, **options)(inputs)
    x = L.Conv2D(24, 3, **options)(L.Conv2D(32, 3, **options)(x))
    x = to_space(L.Conv2D(16, 3, **options)(x), 2)
    return keras.Model(inputs, L.Conv2D(1, 3, padding="same")(x))


@example
def super_resolution_edsr() -> keras.Model:
    inputs = keras.Input((16, 16, 3))
    x = before = L.Conv2D(32, 3, padding="same")(L.Rescaling(scale=1.0 / 255)(inputs))
    for _ in range(3):
        y = L.Conv2D(32, 3, padding="same", activation="relu")(x)
        x = L.Add()([x, L.Conv2D(32, 3, padding="same")(y)])
    x = L.Add()([before, L.Conv2D(32, 3, padding="same")(x)])
    x = L.Conv2D(32 * 4, 3, padding="same")(x)
    x = L.Conv2D(32, 3, padding="same")(L.UpSampling2D(2, interpolation="bilinear")(x))
    return keras.Model(inputs, L.Rescaling(scale=255)(L.Conv2D(3, 3, padding="same")(x)))


@example
def convolutional_autoencoder() -> keras.Model:
    x = inputs = keras.Input((28, 28, 1))
    for _ in range(2):
        x = L.Conv2D(32, 3, activation="relu", padding="same")(x)
        x = L.MaxPooling2D((2, 2), padding="same")(x)
    for _ in range(2):
        x = L.Conv2DTranspose(32, 3, strides=2, activation="relu", padding="same")(x)
    return keras.Model(inputs, L.Conv2D(1, 3, activation="sigmoid", padding="same")(x))


@example
def low_light_enhancement() -> keras.Model:
    inputs = keras.Input((None, None, 3))
    one = L.Conv2D(16, 3, activation="relu", padding="same")(inputs)
    two = L.Conv2D(16, 3, activation="relu", padding="same")(one)
    three = L.Conv2D(16, 3, activation="relu", padding="same")(two)
    x = L.Conv2D(16, 3, activation="relu", padding="same")(L.Concatenate(axis=-1)([two, three]))
    x = L.Conv2D(24, 3, activation="tanh", padding="same")(L.Concatenate(axis=-1)([one, x]))
    image = ops.clip(inputs, 0, 1)
    for start in range(0, 24, 3):
        curve = x[:, :, :, start : start + 3]
        image = image + curve * (ops.square(image) - image)
    return keras.Model(inputs, image)


@example
def ddpm_unet() -> keras.Model:
    image, step = keras.Input((16, 16, 3)), keras.Input((), dtype="int64")
    angles = ops.cast(step, "float32")[:, None] * ops.cast([[1.0, 0.1, 0.01, 0.001]], "float32")
    time = ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)
    time = L.Dense(16)(L.Dense(16, activation="silu")(time))

    def block(x, filters: int):
        short = x if x.shape[-1] == filters else L.Conv2D(filters, 1)(x)
        shift = L.Dense(filters)(ops.silu(time))[:, None, None, :]
        x = ops.silu(L.GroupNormalization(groups=4)(x))
        x = L.Add()([L.Conv2D(filters, 3, padding="same")(x), shift])
        x = ops.silu(L.GroupNormalization(groups=4)(x))
        return L.Add()([L.Conv2D(filters, 3, padding="same")(x), short])

    x = block(L.Conv2D(16, 3, padding="same")(image), 16)
    y = block(L.Conv2D(24, 3, strides=2, padding="same")(x), 24)
    y = L.UpSampling2D(2, interpolation="nearest")(block(y, 24))
    x = block(L.Concatenate(axis=-1)([L.Conv2D(16, 3, padding="same")(y), x]), 16)
    x = ops.silu(L.GroupNormalization(groups=4)(x))
    return keras.Model([image, step], L.Conv2D(3, 3, padding="same")(x))


@example
def neural_style_adain() -> keras.Model:
    content, style = keras.Input((16, 16, 3)), keras.Input((8,))
    x = L.Conv2D(24, 3, padding="same", activation="relu")(content)
    x = AdaIN()([x, L.Dense(16, activation="relu")(style)])
    x = L.Conv2D(16, 3, padding="same", activation="relu")(L.UpSampling2D(2)(x))
    return keras.Model([content, style], L.Conv2D(3, 3, padding="same")(x))


@example
def cyclegan_generator() -> keras.Model:
    inputs = keras.Input((16, 16, 3))
    x = L.Conv2D(16, 3, use_bias=False)(ReflectionPadding2D()(inputs))
    x = L.Activation("relu")(L.GroupNormalization(groups=-1)(x))
    x = L.Conv2D(32, 3, strides=2, padding="same", use_bias=False)(x)
    x = L.Activation("relu")(L.GroupNormalization(groups=-1)(x))
    for _ in range(2):
        y = L.Conv2D(32, 3, use_bias=False)(ReflectionPadding2D()(x))
        y = L.Activation("relu")(L.GroupNormalization(groups=-1)(y))
        y = L.Conv2D(32, 3, use_bias=False)(ReflectionPadding2D()(y))
        x = L.add([x, L.GroupNormalization(groups=-1)(y)])
    x = L.Conv2DTranspose(16, 3, strides=2, padding="same", use_bias=False)(x)
    x = L.Activation("relu")(L.GroupNormalization(groups=-1)(x))
    x = L.Conv2D(3, 3, activation="tanh")(ReflectionPadding2D()(x))
    return keras.Model(inputs, x)
