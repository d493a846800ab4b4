"""Networks in the manner of keras.io's examples: words, sentences, and numbers as text."""

import keras
from examples import example, layer
from keras import layers as L
from keras import ops


@layer
class TokenAndPosition(L.Layer):
    """The embedding of a token and that of its place, added."""

    def __init__(self, length, words, width, **options):
        super().__init__(**options)
        self.length, self.words, self.width = length, words, width
        self.tokens = L.Embedding(words, width)
        self.places = L.Embedding(length, width)

    def call(self, x):
        return self.tokens(x) + self.places(ops.arange(0, ops.shape(x)[-1], 1))

    def get_config(self):
        own = {"length": self.length, "words": self.words, "width": self.width}
        return {**super().get_config(), **own}


@layer
class TransformerBlock(L.Layer):
    """Attention and a small network, each with what came in added, then normalized."""

    def __init__(self, width, heads, inner, rate=0.1, causal=False, **options):
        super().__init__(**options)
        self.own = {"width": width, "heads": heads, "inner": inner, "rate": rate, "causal": causal}
        self.attention = L.MultiHeadAttention(heads, width // heads)
        self.ffn = keras.Sequential([L.Dense(inner, activation="relu"), L.Dense(width)])
        self.norms = [L.LayerNormalization(epsilon=1e-6) for _ in range(2)]
        self.drops = [L.Dropout(rate) for _ in range(2)]

    def call(self, x):
        y = self.attention(x, x, use_causal_mask=self.own["causal"])
        x = self.norms[0](x + self.drops[0](y))
        return self.norms[1](x + self.drops[1](self.ffn(x)))

    def get_config(self):
        return {**super().get_config(), **self.own}


@layer
class DecoderBlock(L.Layer):
    """Attend to what was said, then to what was read; masks as in keras.io's translation."""

    def __init__(self, width, heads, inner, **options):
        super().__init__(**options)
        self.own = {"width": width, "heads": heads, "inner": inner}
        self.said, self.read = (L.MultiHeadAttention(heads, width) for _ in range(2))
        self.ffn = keras.Sequential([L.Dense(inner, activation="relu"), L.Dense(width)])
        self.norms = [L.LayerNormalization() for _ in range(3)]
        self.supports_masking = True

    def call(self, inputs, mask=None):
        x, encoded = inputs
        length = ops.shape(x)[1]
        causal = ops.arange(length)[:, None] >= ops.arange(length)
        y = self.said(query=x, value=x, key=x, attention_mask=causal[None])
        x = self.norms[0](x + y)
        x = self.norms[1](x + self.read(query=x, value=encoded, key=encoded))
        return self.norms[2](x + self.ffn(x))

    def get_config(self):
        return {**super().get_config(), **self.own}


@example
def text_classification_conv1d() -> keras.Model:
    inputs = keras.Input((None,), dtype="int64")
    x = L.Dropout(0.5)(L.Embedding(50, 32)(inputs))
    x = L.Conv1D(32, 7, padding="valid", activation="relu", strides=3)(x)
    x = L.Conv1D(32, 7, padding="same", activation="relu", strides=3)(x)
    x = L.Dropout(0.5)(L.Dense(32, activation="relu")(L.GlobalMaxPooling1D()(x)))
    return keras.Model(inputs, L.Dense(1, activation="sigmoid", name="predictions")(x))


@example
def text_vectorized_inside() -> keras.Model:
    words = L.TextVectorization(vocabulary=["a", "b", "c"], output_sequence_length=8)
    inputs = keras.Input((1,), dtype="string")
    x = L.Conv1D(24, 3, activation="relu")(L.Embedding(8, 16)(words(inputs)))
    return keras.Model(inputs, L.Dense(2)(L.GlobalMaxPooling1D()(x)))


@example
def bidirectional_lstm_imdb() -> keras.Model:
    inputs = keras.Input((None,), dtype="int32")
    x = L.Bidirectional(L.LSTM(24, return_sequences=True))(L.Embedding(50, 32)(inputs))
    x = L.Bidirectional(L.LSTM(24))(x)
    return keras.Model(inputs, L.Dense(1, activation="sigmoid")(x))


@example
def text_classification_with_transformer() -> keras.Model:
    inputs = keras.Input((12,))
    x = TransformerBlock(32, 2, 32)(TokenAndPosition(12, 50, 32)(inputs))
    x = L.Dropout(0.1)(L.GlobalAveragePooling1D()(x))
    x = L.Dropout(0.1)(L.Dense(20, activation="relu")(x))
    return keras.Model(inputs, L.Dense(2, activation="softmax")(x))


@example
def miniature_gpt() -> keras.Model:
    inputs = keras.Input((12,), dtype="int32")
    x = TransformerBlock(32, 2, 64, causal=True)(TokenAndPosition(12, 50, 32)(inputs))
    return keras.Model(inputs, [L.Dense(50)(x), x])


@example
def translation_with_transformer() -> keras.Model:
    read = keras.Input((None,), dtype="int64", name="read")
    said = keras.Input((None,), dtype="int64", name="said")
    encoded = TransformerBlock(32, 2, 48)(TokenAndPosition(16, 40, 32)(read))
    x = DecoderBlock(32, 2, 48)([TokenAndPosition(16, 40, 32)(said), encoded])
    return keras.Model({"read": read, "said": said}, L.Dense(40, activation="softmax")(x))


@example
def seq2seq_characters_lstm() -> keras.Model:
    read, said = keras.Input((None, 20)), keras.Input((None, 18))
    _, *states = L.LSTM(24, return_state=True)(read)
    x, _, _ = L.LSTM(24, return_sequences=True, return_state=True)(said, initial_state=states)
    return keras.Model([read, said], L.Dense(18, activation="softmax")(x))


@example
def seq2seq_gru_with_attention() -> keras.Model:
    read, said = keras.Input((9,), dtype="int32"), keras.Input((7,), dtype="int32")
    known = L.Bidirectional(L.GRU(24, return_sequences=True), "sum")(L.Embedding(40, 16)(read))
    x = L.GRU(24, return_sequences=True)(L.Embedding(30, 16)(said))
    x = L.LayerNormalization()(L.Add()([x, L.Attention()([x, known])]))
    return keras.Model([read, said], L.Dense(30)(x))


@example
def addition_rnn() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((7, 12)),
            L.LSTM(32),
            L.RepeatVector(4),
            L.LSTM(32, return_sequences=True),
            L.Dense(12, activation="softmax"),
        ]
    )


@example
def character_generation_lstm() -> keras.Model:
    return keras.Sequential([keras.Input((10, 30)), L.LSTM(32), L.Dense(30, "softmax")])


@example
def named_entities() -> keras.Model:
    inputs = keras.Input((10,), dtype="int32")
    x = TransformerBlock(32, 4, 32)(TokenAndPosition(10, 60, 32)(inputs))
    x = L.Dropout(0.1)(L.Dense(16, activation="relu")(L.Dropout(0.1)(x)))
    return keras.Model(inputs, L.Dense(5, activation="softmax")(x))


@example
def masked_language_model() -> keras.Model:
    inputs = keras.Input((10,), dtype="int64")
    x = L.Embedding(40, 32, name="words")(inputs)
    x = x + L.Embedding(10, 32)(ops.arange(10))
    y = L.MultiHeadAttention(num_heads=4, key_dim=8)(x, x, x)
    x = L.LayerNormalization(epsilon=1e-6)(x + L.Dropout(0.1)(y))
    ffn = keras.Sequential([L.Dense(32, activation="relu"), L.Dense(32)], name="ffn")
    x = L.LayerNormalization(epsilon=1e-6)(x + ffn(x))
    return keras.Model(inputs, L.Dense(40, name="mlm_cls", activation="softmax")(x))


@example
def tied_language_model() -> keras.Model:
    inputs = keras.Input((10,), dtype="int32")
    words = L.ReversibleEmbedding(40, 24) if hasattr(L, "ReversibleEmbedding") else None
    x = (words or L.Embedding(40, 24))(inputs)
    x = L.Dense(24)(L.GRU(32, return_sequences=True)(x))
    return keras.Model(inputs, words(x, reverse=True) if words else L.Dense(40)(x))


@example
def switch_of_experts() -> keras.Model:
    inputs = keras.Input((10,), dtype="int32")
    x = L.Embedding(40, 24)(inputs)
    gate = L.Softmax()(L.Dense(3)(x))
    found = [L.Dense(24)(L.Dense(32, activation="relu")(x)) for _ in range(3)]
    stacked = ops.stack(found, axis=-1)
    x = L.LayerNormalization()(x + ops.sum(stacked * ops.expand_dims(gate, -2), axis=-1))
    return keras.Model(inputs, L.Dense(2)(L.GlobalAveragePooling1D()(x)))


@example
def question_answering_memory() -> keras.Model:
    story, question = keras.Input((12,), dtype="int32"), keras.Input((4,), dtype="int32")
    said, asked = L.Embedding(30, 24)(story), L.Embedding(30, 24)(question)
    match = L.Activation("softmax")(L.Dot(axes=(2, 2))([said, asked]))
    answer = L.Permute((2, 1))(L.Add()([match, L.Embedding(30, 4)(story)]))
    x = L.LSTM(24)(L.Concatenate()([answer, asked]))
    return keras.Model([story, question], L.Dense(30, activation="softmax")(L.Dropout(0.3)(x)))


@example
def double_encoder_similarity() -> keras.Model:
    def head(x):
        projected = L.Dense(16)(x)
        y = L.Dropout(0.1)(L.Dense(16)(ops.gelu(projected)))
        return ops.normalize(L.LayerNormalization()(L.Add()([projected, y])), axis=-1)

    picture, words = keras.Input((16, 16, 3)), keras.Input((6,), dtype="int32")
    x = L.GlobalAveragePooling2D()(L.Conv2D(24, 3, strides=2, activation="relu")(picture))
    y = L.GlobalMaxPooling1D()(L.Embedding(30, 24)(words))
    return keras.Model([words, picture], ops.matmul(head(y), ops.transpose(head(x))))
