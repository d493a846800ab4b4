"""What reads a line: two small networks over groups of characters, recurrent and Transformer."""

from course_utils.backend import keras
from course_utils.lessons.tasks import text
from course_utils.models import compiled

layers, ops = keras.layers, keras.ops

WIDTH = 32  # of what a network knows of each place


def text_gru(units: int = 48, seed: int = 0) -> keras.Model:
    """Build a network that looks at groups of five characters, and reads those one by one.

    >>> text_gru().output_shape
    (None, 2)
    """
    keras.utils.set_random_seed(seed)
    ids, x = _groups()
    return _compiled(ids, layers.GRU(units, name="gru")(x), "text_gru")


def text_transformer(heads: int = 4, seed: int = 0) -> keras.Model:
    """Build a small Transformer over groups of five characters: one block, then the mean.

    Attention, then a dense part for each place, each added to what flows past it. Source: Vaswani
    et al. 2017 (arXiv 1706.03762); here the normalization comes before each part, and what a
    place adds is learned.

    >>> text_transformer().output_shape
    (None, 2)
    """
    keras.utils.set_random_seed(seed)
    ids, x = _groups()
    places = ops.cumsum(ops.ones_like(ids[:, ::2]), axis=1) - 1
    x = layers.Add(name="placed")(
        [x, layers.Embedding(text.LENGTH // 2, WIDTH, name="places")(places)]
    )
    seen = layers.LayerNormalization(name="norm1")(x)
    attention = layers.MultiHeadAttention(heads, WIDTH // heads, name="attention")
    x = layers.Add(name="add1")([x, attention(seen, seen)])
    hidden = layers.Dense(4 * WIDTH, activation="relu", name="forward")(
        layers.LayerNormalization(name="norm2")(x)
    )
    x = layers.Add(name="add2")([x, layers.Dense(WIDTH, name="back")(hidden)])
    x = layers.GlobalAveragePooling1D(name="mean")(layers.LayerNormalization(name="norm3")(x))
    return _compiled(ids, x, "text_transformer")


def _groups() -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Return an input of ids, and what stands at every second place: (text.LENGTH / 2, WIDTH)."""
    ids = keras.Input((text.LENGTH,), dtype="int32", name="ids")
    x = layers.Embedding(text.CHARACTERS, 16, name="characters")(ids)
    x = layers.Conv1D(WIDTH, 5, padding="same", activation="relu", name="conv")(x)
    return ids, layers.MaxPooling1D(2, name="pool")(x)


def _compiled(ids: keras.KerasTensor, x: keras.KerasTensor, name: str) -> keras.Model:
    output = layers.Dense(len(text.KINDS), activation="softmax", name="output")(x)
    return compiled(keras.Model(ids, output, name=name), keras.optimizers.Adam(0.003))
