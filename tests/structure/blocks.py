"""Steps of random networks whose layers hold layers, and inputs that are prepared by statistics."""

import numpy as np

from course_utils.backend import keras

L, ops = keras.layers, keras.ops

registered = keras.saving.register_keras_serializable("tests")


@registered
class Block(L.Layer):
    """A residual block: two dense layers, a normalization between them."""

    def __init__(self, wide: int, width: int, **options: object) -> None:
        super().__init__(**options)
        self.wide, self.width = wide, width
        self.up, self.down = L.Dense(wide, name="up"), L.Dense(width, name="down")
        self.norm, self.drop = L.BatchNormalization(name="norm"), L.Dropout(0.5, name="drop")

    def call(self, x, training=None):
        y = self.norm(self.up(x), training=training)
        return x + self.drop(self.down(ops.relu(y)), training=training)

    def get_config(self):
        return {**super().get_config(), "wide": self.wide, "width": self.width}


@registered
class Pair(Block):
    """A block of blocks, one of which it calls twice."""

    def __init__(self, wide: int, width: int, **options: object) -> None:
        super().__init__(wide, width, **options)
        self.inner = Block(wide, width, name="inner")

    def call(self, x, training=None):
        y = self.inner(self.inner(x, training=training), training=training)
        return super().call(y, training=training)


@registered
class Counting(Block):
    """A block that needs the size of the batch as a number, and so is made anew as a whole."""

    def call(self, x, training=None):
        zeros = ops.zeros((ops.shape(x)[0], *[1] * (len(x.shape) - 1)))
        return super().call(x, training=training) + zeros


@registered
class Scaled(Block):
    """A block with a weight of its own: nothing inside it is looked into."""

    def build(self, shape: tuple) -> None:
        self.gain = self.add_weight(shape=(self.width,), name="gain")

    def call(self, x, training=None):
        return super().call(x, training=training) * self.gain


def block(pick, x):
    """One of them, perhaps on what it made."""
    kind = pick([Block, Block, Pair, Counting, Scaled])
    layer = kind(pick.between(2, 6), x.shape[-1])
    return layer(layer(x)) if pick.coin() else layer(x)


def prepared(pick, x):
    """What a network does with its input first: statistics that no variable holds alone."""
    if x.dtype == "int32":
        layer = L.IntegerLookup(vocabulary=[0, 1, 2, 3, 4])
        return layer(x) if pick.coin() else x
    if pick.coin():
        return x
    layer = L.Normalization(axis=-1)
    layer.adapt(np.random.default_rng(0).normal(2, 3, (9, *[n or 4 for n in x.shape[1:]])))
    return layer(x)


def of_any_size(pick, x):
    """From an image of any size to a vector."""
    y = L.Conv2D(pick.between(2, 6), 2, activation="relu")(x)
    y = L.MaxPooling2D(2)(y) if pick.coin() else y
    return pick([L.GlobalAveragePooling2D, L.GlobalMaxPooling2D])()(y)
