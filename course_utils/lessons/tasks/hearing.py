"""What hears a vowel: spectrograms, and two small networks, a CNN and a recurrent one."""

import numpy as np

from course_utils.backend import keras
from course_utils.lessons.tasks import speech, vowels
from course_utils.models import compiled

layers = keras.layers

WINDOW, STEP, BANDS = 256, 128, 32  # of a spectrogram: 25.6 ms, 12.8 ms, bands of the mel scale
LOWEST = 100.0  # Hz, where the lowest band begins
BATCH = 500  # sounds that are looked at at once


def log_mel(waves: np.ndarray) -> np.ndarray:
    """Return spectrograms, float32 (n, frames, BANDS), of sounds (n, samples).

    Loudness in each band of the mel scale, on a logarithmic scale: in units of 20 dB around the
    mean of its sound.

    >>> log_mel(np.ones((2, speech.SAMPLES), np.float32)).shape
    (2, 24, 32)
    """
    layer = layers.MelSpectrogram(
        fft_length=WINDOW, sequence_stride=STEP, sampling_rate=vowels.RATE, num_mel_bins=BANDS,
        min_freq=LOWEST,
    )  # fmt: skip
    parts = [np.asarray(layer(waves[i : i + BATCH])) for i in range(0, len(waves), BATCH)]
    decibels = np.concatenate(parts).transpose(0, 2, 1)
    return ((decibels - decibels.mean(axis=(1, 2), keepdims=True)) / 20).astype(np.float32)


def band_of(pitch: float) -> float:
    """Return which band of `log_mel` a pitch in Hz lies in, from 0 to BANDS - 1, between two.

    >>> round(band_of(LOWEST), 2), round(band_of(vowels.RATE / 2), 2)
    (-1.0, 32.0)
    """
    low, here, high = (np.log1p(f / 700) for f in (LOWEST, pitch, vowels.RATE / 2))  # mel
    return float((BANDS + 1) * (here - low) / (high - low) - 1)


def vowel_cnn(seed: int = 0) -> keras.Sequential:
    """Build a CNN that looks at a spectrogram as at an image.

    >>> vowel_cnn().output_shape
    (None, 10)
    """
    keras.utils.set_random_seed(seed)
    return _compiled(
        "vowel_cnn",
        layers.Reshape((-1, BANDS, 1), name="image"),
        layers.Conv2D(16, 3, activation="relu", name="conv1"),
        layers.MaxPooling2D(2, name="pool1"),
        layers.Conv2D(32, 3, activation="relu", name="conv2"),
        layers.MaxPooling2D(2, name="pool2"),
        layers.Flatten(name="flatten"),
        layers.Dense(64, activation="relu", name="dense"),
    )


def vowel_gru(units: int = 64, seed: int = 0) -> keras.Sequential:
    """Build a recurrent network that hears a spectrogram frame after frame.

    >>> vowel_gru().output_shape
    (None, 10)
    """
    keras.utils.set_random_seed(seed)
    return _compiled("vowel_gru", layers.GRU(units, name="gru"))


def _compiled(name: str, *hidden: keras.Layer) -> keras.Sequential:
    sound = keras.Input((-(-speech.SAMPLES // STEP), BANDS), name="spectrogram")
    output = layers.Dense(len(vowels.VOWELS), activation="softmax", name="output")
    model = keras.Sequential([sound, *hidden, output], name=name)
    return compiled(model, keras.optimizers.Adam(0.003))
