"""Which vowel was said? Sounds of many speakers, their spectrograms, and two small networks.

No speaker of one split is in another.
"""

from dataclasses import dataclass

import numpy as np

from course_utils.arrays import checked_seed
from course_utils.backend import keras
from course_utils.tasks import vowels

layers = keras.layers

SAMPLES = 3000  # of each sound: 0.3 s
WINDOW, STEP, BANDS = 256, 128, 32  # of a spectrogram: 25.6 ms, 12.8 ms, bands of the mel scale
LOWEST = 100.0  # Hz, where the lowest band begins
BATCH = 500  # sounds that are made, or looked at, at once


@dataclass(frozen=True)
class Spread:
    """Say how speech varies, as sd of factors around 1, and how loud the noise may be.

    `size` and `pitch` belong to a speaker, `way` to each formant each time it is said. `noise` is
    the range of the noise's loudness beside the vowel's, in decibels.
    """

    size: float = 0.06
    pitch: float = 0.12
    way: float = 0.04
    noise: tuple[float, float] = (-25.0, -5.0)


@dataclass(frozen=True, repr=False, eq=False)
class Sounds:
    """Hold vowels: waves float32 (n, SAMPLES), and for each its vowel, voice and speaker, int64.

    `vowel` and `voice` are numbers in `vowels.VOWELS` and `vowels.VOICES`; `formants` (n, 4), Hz.
    """

    waves: np.ndarray
    vowel: np.ndarray
    voice: np.ndarray
    speaker: np.ndarray
    formants: np.ndarray

    def __len__(self) -> int:
        return len(self.waves)

    def __repr__(self) -> str:
        """Show how many, of how many speakers."""
        return f"{len(self):,} vowels of {len(np.unique(self.speaker)):,} speakers"


def load_vowels(
    speakers: tuple[int, int, int], spread: Spread | None = None, seed: int = 0
) -> tuple[Sounds, Sounds, Sounds]:
    """Return training, validation and test vowels, of so many speakers each, all different.

    Each speaker says each of the ten vowels twice.

    >>> load_vowels((3, 1, 1))
    (60 vowels of 3 speakers, 20 vowels of 1 speakers, 20 vowels of 1 speakers)
    """
    seeds = np.random.SeedSequence(checked_seed(seed)).generate_state(3)
    first = np.cumsum([0, *speakers])
    return tuple(
        make_vowels(range(start, start + count), spread, int(own))
        for start, count, own in zip(first, speakers, seeds, strict=False)
    )


def make_vowels(speakers: range, spread: Spread | None = None, seed: int = 0) -> Sounds:
    """Let each speaker say each vowel twice; a third are men, a third women, a third children.

    Formants and pitch are the published means times the speaker's size, times a little chance;
    the pitch falls or rises, each vowel lasts 0.12 to 0.28 s and begins anywhere, and noise lies
    over all of it.

    >>> make_vowels(range(2)).waves.shape
    (40, 3000)
    """
    spread, rng = spread or Spread(), np.random.default_rng(seed)
    who = np.repeat(np.arange(len(speakers)), 2 * len(vowels.VOWELS))
    voice = np.asarray(speakers)[who] % len(vowels.VOICES)
    vowel = np.tile(np.arange(len(vowels.VOWELS)), 2 * len(speakers))
    size = np.exp(rng.normal(0, spread.size, len(speakers)))[who]
    pitch = np.exp(rng.normal(0, spread.pitch, len(speakers)))[who]
    resonances = vowels.formants(voice, vowel) * size[:, None]
    resonances *= np.exp(rng.normal(0, spread.way, resonances.shape))
    pitch = pitch * vowels.FREQUENCIES[voice, 0, vowel]
    waves = np.concatenate(
        [
            _said(pitch[part : part + BATCH], resonances[part : part + BATCH], spread, rng)
            for part in range(0, len(who), BATCH)
        ]
    )
    ids = np.asarray(speakers, np.int64)[who]
    return Sounds(waves, vowel.astype(np.int64), voice.astype(np.int64), ids, resonances)


def log_mel(waves: np.ndarray) -> np.ndarray:
    """Return spectrograms, float32 (n, frames, BANDS), of sounds (n, samples).

    Loudness in each band of the mel scale, on a logarithmic scale: in units of 20 dB around the
    mean of its sound.

    >>> log_mel(np.ones((2, SAMPLES), np.float32)).shape
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
        [
            layers.Reshape((-1, BANDS, 1), name="image"),
            layers.Conv2D(16, 3, activation="relu", name="conv1"),
            layers.MaxPooling2D(2, name="pool1"),
            layers.Conv2D(32, 3, activation="relu", name="conv2"),
            layers.MaxPooling2D(2, name="pool2"),
            layers.Flatten(name="flatten"),
            layers.Dense(64, activation="relu", name="dense"),
        ],
        "vowel_cnn",
    )


def vowel_gru(units: int = 64, seed: int = 0) -> keras.Sequential:
    """Build a recurrent network that hears a spectrogram frame after frame.

    >>> vowel_gru().output_shape
    (None, 10)
    """
    keras.utils.set_random_seed(seed)
    return _compiled([layers.GRU(units, name="gru")], "vowel_gru")


def _compiled(hidden: list[keras.Layer], name: str) -> keras.Sequential:
    sound = keras.Input((-(-SAMPLES // STEP), BANDS), name="spectrogram")
    output = layers.Dense(len(vowels.VOWELS), activation="softmax", name="output")
    model = keras.Sequential([sound, *hidden, output], name=name)
    model.compile(
        keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def _said(
    pitch: np.ndarray, resonances: np.ndarray, spread: Spread, rng: np.random.Generator
) -> np.ndarray:
    """Return sounds of a mean pitch (n,), each with its melody, length, beginning and noise."""
    time = np.arange(SAMPLES) / vowels.RATE
    tune = 1 + rng.normal(0, 0.08, (len(pitch), 1)) * (2 * time / time[-1] - 1)
    sounds = vowels.synthesize(pitch[:, None] * tune, resonances)
    lasts = rng.uniform(0.12, 0.28, (len(pitch), 1))
    begins = rng.uniform(0, time[-1] - lasts)
    inside = np.minimum(time - begins, begins + lasts - time)
    sounds *= np.clip(inside / 0.02, 0, 1)  # 20 ms to rise, and to fall
    loud = 10 ** (rng.uniform(*spread.noise, (len(pitch), 1)) / 20)
    return (sounds + loud * rng.normal(size=sounds.shape)).astype(np.float32)
