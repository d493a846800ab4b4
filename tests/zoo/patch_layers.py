"""Layers of their own kinds, as keras.io's examples write them: what is done with patches."""

import keras
from examples import layer
from keras import layers as L
from keras import ops


@layer
class Patches(L.Layer):
    """Cut pictures into squares."""

    def __init__(self, size, **options):
        super().__init__(**options)
        self.size = size

    def call(self, images):
        batch, height, width, channels = ops.shape(images)
        found = ops.image.extract_patches(images, size=self.size)
        count = (height // self.size) * (width // self.size)
        return ops.reshape(found, (batch, count, self.size * self.size * channels))

    def get_config(self):
        return {**super().get_config(), "size": self.size}


@layer
class PatchEncoder(L.Layer):
    """Project patches, and add where they were."""

    def __init__(self, count, width, **options):
        super().__init__(**options)
        self.count, self.width = count, width
        self.projection = L.Dense(width)
        self.position = L.Embedding(input_dim=count, output_dim=width)

    def build(self, shape):
        self.projection.build(shape)
        self.position.build(None)

    def call(self, patches):
        places = ops.expand_dims(ops.arange(0, self.count, step=1), axis=0)
        return self.projection(patches) + self.position(places)

    def get_config(self):
        return {**super().get_config(), "count": self.count, "width": self.width}


@layer
class ClassToken(L.Layer):
    """Put a learnt token before all others."""

    def build(self, shape):
        self.token = self.add_weight(shape=(1, 1, shape[-1]), name="token")

    def call(self, x):
        tokens = ops.broadcast_to(self.token, (ops.shape(x)[0], 1, x.shape[-1]))
        return ops.concatenate([tokens, x], axis=1)


@layer
class StochasticDepth(L.Layer):
    """Leave a branch out now and then, in training."""

    def __init__(self, rate, **options):
        super().__init__(**options)
        self.rate, self.seeds = rate, keras.random.SeedGenerator(1)

    def call(self, x, training=None):
        if not training:
            return x
        kept, shape = 1 - self.rate, (ops.shape(x)[0], *[1] * (len(x.shape) - 1))
        return x / kept * ops.floor(kept + keras.random.uniform(shape, 0, 1, seed=self.seeds))

    def get_config(self):
        return {**super().get_config(), "rate": self.rate}


@layer
class MixerLayer(L.Layer):
    """Mix over patches, then over channels."""

    def __init__(self, patches, width, **options):
        super().__init__(**options)
        self.patches, self.width = patches, width
        self.over_patches = keras.Sequential([L.Dense(patches, "gelu"), L.Dense(patches)])
        self.over_channels = keras.Sequential([L.Dense(2 * width, "gelu"), L.Dense(width)])
        self.before, self.between = L.LayerNormalization(), L.LayerNormalization()

    def call(self, x):
        y = ops.transpose(self.before(x), (0, 2, 1))
        x = x + ops.transpose(self.over_patches(y), (0, 2, 1))
        return x + self.over_channels(self.between(x))

    def get_config(self):
        return {**super().get_config(), "patches": self.patches, "width": self.width}


@layer
class FNetLayer(L.Layer):
    """Mix by the Fourier transform."""

    def __init__(self, width, **options):
        super().__init__(**options)
        self.width = width
        self.ffn = keras.Sequential([L.Dense(width, "gelu"), L.Dropout(0.1), L.Dense(width)])
        self.before, self.after = L.LayerNormalization(), L.LayerNormalization()

    def call(self, x):
        real = ops.fft2((x, ops.zeros_like(x)))[0]
        x = self.before(x + real)
        return self.after(x + self.ffn(x))

    def get_config(self):
        return {**super().get_config(), "width": self.width}


@layer
class GatedMLP(L.Layer):
    """Gate half of the channels by the other half, mixed over places."""

    def __init__(self, patches, width, **options):
        super().__init__(**options)
        self.patches, self.width = patches, width
        self.up, self.down = L.Dense(2 * width, "gelu"), L.Dense(width)
        self.across = L.Dense(patches, bias_initializer="ones")
        self.before, self.inner = L.LayerNormalization(), L.LayerNormalization()

    def call(self, x):
        u, v = ops.split(self.up(self.before(x)), 2, axis=2)
        v = self.across(ops.transpose(self.inner(v), (0, 2, 1)))
        return x + self.down(u * ops.transpose(v, (0, 2, 1)))

    def get_config(self):
        return {**super().get_config(), "patches": self.patches, "width": self.width}


@layer
class WindowAttention(L.Layer):
    """Attend within windows, with one Dense for queries, keys and values."""

    def __init__(self, width, window, heads, **options):
        super().__init__(**options)
        self.width, self.window, self.heads = width, window, heads
        self.qkv, self.out = L.Dense(3 * width), L.Dense(width)

    def build(self, shape):
        area = self.window**2
        self.bias = self.add_weight(shape=(self.heads, area, area), name="bias")
        self.qkv.build(shape)
        self.out.build(shape)

    def call(self, x):
        area, size = x.shape[1], self.width // self.heads
        qkv = ops.reshape(self.qkv(x), (-1, area, 3, self.heads, size))
        q, k, v = ops.unstack(ops.transpose(qkv, (2, 0, 3, 1, 4)), axis=0)
        scores = ops.matmul(q * size**-0.5, ops.transpose(k, (0, 1, 3, 2))) + self.bias
        mixed = ops.transpose(ops.matmul(ops.softmax(scores, -1), v), (0, 2, 1, 3))
        return self.out(ops.reshape(mixed, (-1, area, self.width)))

    def get_config(self):
        own = {"width": self.width, "window": self.window, "heads": self.heads}
        return {**super().get_config(), **own}


@layer
class SwinBlock(L.Layer):
    """Attend in windows, that are shifted in every second block; then a small network."""

    def __init__(self, width, side, window=4, shift=0, heads=2, **options):
        super().__init__(**options)
        self.own = {"width": width, "side": side, "window": window, "shift": shift, "heads": heads}
        self.attention = WindowAttention(width, window, heads)
        self.before, self.between = L.LayerNormalization(), L.LayerNormalization()
        self.mlp = keras.Sequential([L.Dense(2 * width, "gelu"), L.Dropout(0.1), L.Dense(width)])

    def call(self, x):
        width, side, window, shift = (self.own[k] for k in ("width", "side", "window", "shift"))
        y, n = ops.reshape(self.before(x), (-1, side, side, width)), side // window
        y = ops.roll(y, shift=(-shift, -shift), axis=(1, 2)) if shift else y
        y = ops.transpose(ops.reshape(y, (-1, n, window, n, window, width)), (0, 1, 3, 2, 4, 5))
        y = self.attention(ops.reshape(y, (-1, window * window, width)))
        y = ops.transpose(ops.reshape(y, (-1, n, n, window, window, width)), (0, 1, 3, 2, 4, 5))
        y = ops.reshape(y, (-1, side, side, width))
        y = ops.roll(y, shift=(shift, shift), axis=(1, 2)) if shift else y
        x = x + ops.reshape(y, (-1, side * side, width))
        return x + self.mlp(self.between(x))

    def get_config(self):
        return {**super().get_config(), **self.own}
